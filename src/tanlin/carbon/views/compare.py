"""Years and places side by side, from published accounts."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from tanlin.carbon.account.compared import EFFECTS
from tanlin.carbon.queries import comparing
from tanlin.carbon.queries import years as years_of
from tanlin.carbon.views.overview import asked_year
from tanlin.community import queries as community


@login_required
@require_safe
def compare(request: HttpRequest, slug: str) -> HttpResponse:
    """``?year=`` against ``?base=`` (the year before it by default), and the place beside others of its level."""
    area = community.area(request.user, slug)
    years = years_of(area, "carbon.basic")
    year = asked_year(request, years, timezone.localdate().year)
    earlier = [each for each in years if each < year]
    asked = request.GET.get("base", "")
    base = int(asked) if asked.isdecimal() and int(asked) in years else next(iter(earlier), year)
    held = comparing.accounts(area, years) if years else {}
    context = {
        "place": area,
        "year": year,
        "years": years,
        "base": base,
        "changed": comparing.changed(held, base, year),
        "decline": comparing.decline(held, base),
        "receipts": {
            name: held[of].receipt for name, of in (("before", base), ("after", year)) if of in held
        },
        "effects": EFFECTS.values(),
        "places": comparing.places(request.user, area, year) if years else [],
    }
    return render(request, "carbon/compare.html", context)
