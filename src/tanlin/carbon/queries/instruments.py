"""Reads of certificates and contracts. The caller holds an area whose right has been proved."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet

from tanlin.carbon.models import Instrument
from tanlin.community import queries as community
from tanlin.kernel.errors import NotFound
from tanlin.record import queries as record


def instruments(area: Any) -> QuerySet[Instrument]:
    """What was entered at an area and below it, newest days first, undone ones too."""
    return (
        Instrument.objects.filter(area__in=community.subtree(area))
        .select_related("area", "entered_by")
        .order_by("-last_day", "registry", "number", "-pk")
    )


def instrument(user: Any, area: Any, pk: int, right: str = "view") -> Instrument:
    """One of the area or below it, with the right proved where it is held. Raises NotFound or Forbidden."""
    found = instruments(area).filter(pk=pk).first()
    if found is None:
        raise NotFound()
    community.require(user, found.area, right)
    return found


def covered(area: Any) -> dict[int, list[dict[str, Any]]]:
    """Instrument id → what the published accounts of the area say of it, a row a year, oldest first.

    Each has ``year``, ``used_kwh``, ``excess_kwh`` and ``reason``.
    """
    out: dict[int, list[dict[str, Any]]] = {}
    for key, period in sorted(record.figures(area, tables=False)):
        if key != "carbon.market_parts":
            continue
        figure = record.figure(area, key, period)
        for row in (figure.table or []) if figure else []:
            if row["row"] == "instrument":
                out.setdefault(row["id"], []).append(row | {"year": int(period)})
    return out
