"""The published figures of the real cases, each with its source. They are entered, not measured."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from tanlin.demo.published import UNIT_WORDS
from tanlin.kernel.errors import Text
from tanlin.record import queries as record

KIND = "published_figure"


@login_required
@require_safe
def published(request: HttpRequest) -> HttpResponse:
    """What was published about the real cases, by place; the demonstration's mark does not apply to it."""
    rows = [_shown(fact) for fact in record.facts(KIND)]
    places = sorted({row["place"] for row in rows})
    chosen = request.GET.get("place", "")
    shown = [row for row in rows if not chosen or row["place"].zh == chosen]
    context = {"rows": shown, "places": places, "chosen": chosen, "place": None, "demo": False}
    return render(request, "demo/published.html", context)


def _shown(fact: Any) -> dict[str, Any]:
    """A fact as the table prints it: the number as it was published, never rounded or scaled."""
    value = fact.value
    return {
        "place": Text(value["place"], value["place_en"]),
        "item": Text(value["item"], value["item_en"]),
        "number": f"{value['value']:,.12g}".replace("-", "−"),
        "unit": UNIT_WORDS.get(fact.unit, fact.unit),
        "year": value["year"],
        "source": Text(fact.source, value["source_en"]),
        "link": fact.source_ref,
    }
