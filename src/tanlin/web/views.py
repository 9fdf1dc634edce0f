"""The door of a place."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_GET

from tanlin.community import queries
from tanlin.web.assembly import navigation


@require_GET
def place(request: HttpRequest, slug: str) -> HttpResponse:
    """Remembers the place for pages of the site and goes to its first page in the order of the loop."""
    area = queries.area(request.user, slug)
    request.session["place"] = area.slug
    held = queries.rights_at(request.user, area)
    return redirect(navigation(request, area.slug, held, frozenset())[0].url)
