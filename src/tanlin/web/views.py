"""The door of a place."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext_noop
from django.views.decorators.http import require_GET

from tanlin.community import queries
from tanlin.web.assembly import navigation

# Verbs of the operation log that community writes: its catalogue has pages only, the site reads the log.
VERBS = (
    gettext_noop("community.area_created"),
    gettext_noop("community.area_moved"),
    gettext_noop("community.areas_created"),
    gettext_noop("community.attribute_set"),
    gettext_noop("community.grid_joined"),
    gettext_noop("community.organisation_created"),
    gettext_noop("community.role_granted"),
    gettext_noop("community.role_revoked"),
    gettext_noop("community.tree_removed"),
    gettext_noop("community.user_created"),
    gettext_noop("community.user_deactivated"),
    gettext_noop("community.user_restored"),
)


@require_GET
def place(request: HttpRequest, slug: str) -> HttpResponse:
    """Remembers the place for pages of the site and goes to its first page in the order of the loop."""
    area = queries.area(request.user, slug)
    request.session["place"] = area.slug
    held = queries.rights_at(request.user, area)
    return redirect(navigation(request, area.slug, held, frozenset())[0].url)
