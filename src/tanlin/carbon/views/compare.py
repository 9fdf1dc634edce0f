"""Years and places side by side, from published accounts."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from tanlin.carbon.account.shown.compare import EFFECTS, decline_picture, years_shown
from tanlin.carbon.queries import comparing
from tanlin.carbon.queries import years as years_of
from tanlin.carbon.views.overview import asked_year
from tanlin.community import queries as community


@login_required
@require_safe
def compare(request: HttpRequest, slug: str) -> HttpResponse:
    """A year against the year before, all years, and the place beside others of its level; nothing is computed here."""
    area = community.area(request.user, slug)
    years = years_of(area, "carbon.basic")
    year = asked_year(request, years, timezone.localdate().year)
    held = comparing.changes(area, years)
    made = comparing.compared(held)
    context = {
        "place": area,
        "year": year,
        "years": years,
        "changed": years_shown(year - 1, year, made[year]) if year in made else None,
        "decline": decline_picture(made),
        "receipt": held[year].receipt if year in held else None,
        "stale": year in held and comparing.waits(area, year),
        "target": comparing.target(area, years, year),
        "effects": EFFECTS.values(),
        "beside": comparing.places(request.user, area, year) if years else None,
    }
    return render(request, "carbon/compare.html", context)
