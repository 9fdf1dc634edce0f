"""The account of a place and year, simple or professional."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from tanlin.carbon import queries
from tanlin.carbon.queries.views import views_of
from tanlin.carbon.views.overview import asked_year
from tanlin.community import queries as community

VIEW = "carbon_view"
EXPERT = "expert"
KEEP_SECONDS = 365 * 86400


@login_required
@require_safe
def account(request: HttpRequest, slug: str) -> HttpResponse:
    """The account from published figures only. ``?view=expert`` or ``plain`` is kept in a cookie."""
    area = community.area(request.user, slug)
    years = queries.years(area, "carbon.basic")
    year = asked_year(request, years, timezone.localdate().year)
    expert = is_expert(request)
    page, figures = queries.account_of(area, year, expert)
    held = community.rights_at(request.user, area)
    context = {
        "place": area,
        "page": page,
        "figures": figures,
        "expert": expert,
        "year": year,
        "years": years,
        "asked": "year" in request.GET,
        "exports": _exports(slug, year) if page else [],
        "links": _links(slug, held),
        "compute_url": reverse("carbon:derive", args=[slug]) if "derive" in held else None,
        "receipts": {key.removeprefix("carbon."): one.receipt for key, one in figures.items()},
    }
    if page and expert:
        context |= views_of(area, years, year)
    return keep_view(request, render(request, "carbon/account.html", context))


def is_expert(request: HttpRequest) -> bool:
    """Whether the professional view is asked for, now or by the last choice."""
    return (request.GET.get("view") or request.COOKIES.get(VIEW)) == EXPERT


def keep_view(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """Remember a choice made by the address."""
    chosen = request.GET.get("view")
    if chosen in (EXPERT, "plain"):
        response.set_cookie(
            VIEW, chosen, max_age=KEEP_SECONDS, httponly=True, samesite="Lax", secure=request.is_secure()
        )
    return response


def _links(slug: str, held: frozenset[str]) -> dict[str, str]:
    """Where gaps are filled, as far as the user may."""
    wanted = {
        "meters": ("meter:meters", "view"),
        "activities": ("carbon:activities", "view"),
        "instruments": ("carbon:instruments", "view"),
        "boundary": ("carbon:boundary", "view"),
        "import": ("meter:imports", "import"),
    }
    return {name: reverse(to, args=[slug]) for name, (to, right) in wanted.items() if right in held}


def _exports(slug: str, year: int) -> list[tuple[str, str]]:
    """(words, address) of the files of an account."""
    named = (
        (_("Workbook in GPC layout (XLSX)"), "carbon:account_xlsx"),
        (_("Lines (CSV)"), "carbon:account_csv"),
        (_("Lines (JSON)"), "carbon:account_json"),
        (_("Public institutions' statistics (XLSX)"), "carbon:public_export"),
    )
    return [(words, reverse(name, args=[slug, year])) for words, name in named]
