"""The Overview of a place and the request to derive its figures."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_noop
from django.views.decorators.http import require_POST, require_safe

from tanlin.carbon import queries
from tanlin.community import queries as community
from tanlin.kernel.period import Period
from tanlin.kernel.ports import enqueue

# Kinds of jobs of this room, for its catalogue.
JOBS = (gettext_noop("carbon.derive"), gettext_noop("carbon.derive_due"))


@login_required
@require_safe
def overview(request: HttpRequest, slug: str) -> HttpResponse:
    """The state of a place in a year, from published figures only: nothing is computed here."""
    area = community.area(request.user, slug)
    years = queries.years(area)
    today = timezone.localdate()
    year = asked_year(request, years, today.year)
    view, figures = queries.overview_of(area, year, today)
    inventory = figures.get("carbon.inventory")
    context = {
        "place": area,
        "view": view,
        "year": year,
        "years": years,
        "period": year if years or "year" in request.GET else "",
        "links": _links(request, area),
        "compute_url": reverse("carbon:derive", args=[slug])
        if community.may(request.user, area, "derive")
        else None,
        "receipt": inventory.receipt if inventory else None,
        "days_receipt": figures["carbon.days"].receipt if "carbon.days" in figures else None,
    }
    return render(request, "carbon/overview.html", context)


def asked_year(request: HttpRequest, years: list[int], this_year: int) -> int:
    """The year of the address, else the newest one with figures, else this year."""
    asked = request.GET.get("year", "")
    if asked.isdecimal() and len(asked) == 4:
        return int(asked)
    return years[0] if years else this_year


def _links(request: HttpRequest, area: Any) -> dict[str, str]:
    held = community.rights_at(request.user, area)
    links = {
        "factors": reverse("carbon:factors", args=[area.slug]),
        "meters": reverse("meter:meters", args=[area.slug]),
    }
    return links | ({"import": reverse("meter:imports", args=[area.slug])} if "import" in held else {})


@login_required
@require_POST
def derive(request: HttpRequest, slug: str) -> HttpResponse:
    """Queue the derivation of a year of a place, or of every year with readings, and show the job."""
    area = community.area(request.user, slug, "derive")
    period = request.POST.get("period", "")
    label = Period.parse(period).label if period else ""
    job = enqueue("carbon.derive", {"slug": slug, "period": label}, actor=request.user, area=area)
    return redirect("record:job", job.pk)
