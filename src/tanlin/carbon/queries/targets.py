"""Targets and the base year of a place, as stated in its dated attributes, against its published figures."""

from __future__ import annotations

from typing import Any

from tanlin.carbon.account.base_year import (
    DEFAULT_PCT,
    FIXED,
    THRESHOLD,
    YEAR,
    Recalculation,
    recalculation,
    triggers_of,
)
from tanlin.carbon.account.targets import Point, points_of
from tanlin.community import queries as community
from tanlin.kernel.errors import NotFound
from tanlin.record import queries as record

TOTAL = "carbon.basic"


def points(area: Any, name: str = "carbon.target.per_person") -> list[Point]:
    """The stated points of a target path; empty without a target."""
    rows = area.attributes.filter(key=name).order_by("valid_from").values("value", "valid_from", "source")
    return points_of(rows)


def base_year(area: Any) -> tuple[int, Recalculation] | None:
    """The base year and whether it is to be recalculated; None where the area states none."""
    held = {one.key: one.value for one in area.attributes.filter(key__startswith=YEAR, valid_to=None)}
    if YEAR not in held:
        return None
    year, threshold = int(held[YEAR]), float(held.get(THRESHOLD, DEFAULT_PCT))
    today, fixed = record.figure(area, TOTAL, str(year)), _fixed(area, year, str(held.get(FIXED, "")))
    if fixed is None:
        return year, recalculation(None, today.value if today else None, (), threshold)
    if today is None or today.receipt is None:
        return year, recalculation(fixed["result"]["value"], None, (), threshold)
    now = record.receipt(community.SYSTEM, today.receipt).body
    found = triggers_of(_stack(fixed), _stack(now))
    return year, recalculation(fixed["result"]["value"], today.value, found, threshold)


def _fixed(area: Any, year: int, digest: str) -> dict[str, Any] | None:
    """Body of the receipt by which the total of the base year was fixed; None where there is no such receipt."""
    try:
        body = record.receipt(community.SYSTEM, digest).body
    except NotFound:
        return None
    stated = (body["figure"], body["place"], body["period"])
    return dict(body) if stated == (TOTAL, area.slug, str(year)) else None


def _stack(body: dict[str, Any]) -> list[dict[str, Any]]:
    """A receipt and those it names, as far as they are kept."""
    out = [body]
    for item in body["inputs"]:
        if "receipt" in item:
            out.append(record.receipt(community.SYSTEM, item["receipt"]).body)
    return out
