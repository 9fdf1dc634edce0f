"""Login, the list of places, and the page of people and organisations of a place."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.views import LoginView
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language, gettext_noop
from django.views.decorators.http import require_GET, require_POST

from tanlin.community import queries
from tanlin.community.forms import FIGURES, VERBS, LoginForm, Verb
from tanlin.kernel.errors import BadInput, Conflict
from tanlin.kernel.manifest import figures_on

CHILDREN_SHOWN = 200
#: Verbs as the operation log prints them.
SPOKEN = (
    gettext_noop("community.password_set"),
    gettext_noop("community.entry_given"),
    gettext_noop("community.person_added"),
    gettext_noop("community.person_edited"),
    gettext_noop("community.person_revealed"),
    gettext_noop("community.person_exported"),
    gettext_noop("community.person_erased"),
    gettext_noop("community.persons_merged"),
    gettext_noop("community.household_joined"),
    gettext_noop("community.household_left"),
    gettext_noop("community.consent_given"),
    gettext_noop("community.consent_withdrawn"),
    gettext_noop("community.retention_applied"),
    gettext_noop("community.notice_published"),
    gettext_noop("community.retain"),
)
WIDE_LEVELS = ("city", "district", "street")


class Login(LoginView):
    """Login of staff; five failures pause it."""

    template_name = "community/login.html"
    authentication_form = LoginForm
    redirect_authenticated_user = True


@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """The readable places as a tree; straight to the place of someone who has one community only.

    Who comes from outside the office reads no place: the own roles stand there instead.
    """
    tree = queries.area_tree(request.user)
    if len(tree) == 1 and tree[0].area.level not in WIDE_LEVELS:
        return redirect("place", slug=tree[0].area.slug)
    held = [] if tree else list(queries.active_grants(request.user).select_related("area"))
    return render(request, "community/home.html", {"tree": tree, "held": held})


def page(
    request: HttpRequest, slug: str, sent: dict[str, Verb], status: int = 200, once: Any = None
) -> HttpResponse:
    """The page of a place; ``sent`` holds a form that came back with faults, by its verb.

    ``once``: a sentence and a text that no other page will show.
    """
    place = queries.area(request.user, slug)
    manages = queries.may(request.user, place, "users")
    children = queries.areas(request.user).filter(parent=place).order_by("slug")
    labels = dict(FIGURES)
    return render(
        request,
        "community/people.html",
        {
            "place": place,
            "level": queries.level_label(place),
            "ancestors": queries.areas(request.user).filter(pk__in=place.ancestor_ids[:-1]).order_by("path"),
            "children": children[:CHILDREN_SHOWN],
            "children_total": children.count(),
            "organisations": queries.organisations(request.user, slug),
            "attributes": [
                (labels.get(row.key, row.key), row)
                for row in queries.attributes(request.user, slug)
                # bookkeeping of the demonstration, and what another room has a page for
                if row.key in labels or not (row.key.startswith("demo.") or figures_on(row.key))
            ],
            "grants": queries.grants_with_reach(request.user, slug),
            "manages": manages,
            "forms": {
                verb: sent.get(verb) or form(auto_id=f"{verb}-%s", label_suffix="")
                for verb, form in VERBS.items()
            }
            if manages
            else {},
            "once": once,
            "faulty": next(iter(sent), None),
        },
        status=status,
    )


@require_GET
def people(request: HttpRequest, slug: str) -> HttpResponse:
    """Who is who at the place: right ``view``."""
    return page(request, slug, {})


@require_POST
def act(request: HttpRequest, slug: str, verb: str) -> HttpResponse:
    """Run one verb at the place: right ``users``. Faults come back on the page with status 422."""
    place = queries.area(request.user, slug, "users")
    form = VERBS[verb](request.POST, auto_id=f"{verb}-%s", label_suffix="")
    if form.is_valid():
        try:
            shown = form.run(request.user, place)
        except (BadInput, Conflict) as error:
            form.add_error(None, error.message(get_language()))
        else:
            if shown:
                answer = page(request, slug, {}, once=(form.done, shown))
                answer["Cache-Control"] = "no-store"
                return answer
            messages.success(request, str(form.done))
            return redirect("community:people", slug=slug)
    return page(request, slug, {verb: form}, status=422)
