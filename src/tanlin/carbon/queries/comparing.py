"""Reads for the page of comparisons: published accounts of several years, and places of one level."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tanlin.carbon.account.boundary import ATTRIBUTES
from tanlin.carbon.account.change import KEY, read_change
from tanlin.carbon.account.compare import Comparison
from tanlin.carbon.account.shown.compare import Places, Target, places_shown, target_shown
from tanlin.carbon.account.shown.pictures import YearValue
from tanlin.carbon.queries.targets import base_year, points
from tanlin.community import queries as community
from tanlin.kernel.errors import Text
from tanlin.kernel.figure import Figure
from tanlin.record import queries as record

MOST_YEARS, MOST_PLACES = 6, 20
WIDER = ("city", "district", "street")
PER_PERSON, ACCOUNT = "carbon.target.per_person", "carbon.account"
_OF_PLACE = ("carbon.basic", "carbon.per_person", "carbon.boundary")


def changes(area: Any, years: Sequence[int]) -> dict[int, Figure]:
    """The figure ``carbon.change`` of the newest years: each against the year before."""
    found = {year: record.figure(area, KEY, str(year)) for year in years[:MOST_YEARS]}
    return {year: figure for year, figure in found.items() if figure is not None and figure.table}


def compared(held: Mapping[int, Figure]) -> dict[int, Comparison]:
    """What the figures state."""
    return {year: read_change(figure.table or []) for year, figure in held.items()}


def waits(area: Any, year: int) -> bool:
    """Whether a comparison, or an account it stands on, waits to be derived again: that of a year marks its own only."""
    before, now = str(year - 1), str(year)
    held = record.figures(area, before, tables=False) | record.figures(area, now, tables=False)
    stands_on = ((KEY, now), (ACCOUNT, before), (ACCOUNT, now))
    return any(held[one].stale for one in stands_on if one in held)


def target(area: Any, years: Sequence[int], year: int) -> Target | None:
    """The target per person against the published years, and the base year; None where neither is stated."""
    stated, base = points(area, PER_PERSON), base_year(area)
    if not stated and base is None:
        return None
    held = {each: record.figure(area, "carbon.per_person", str(each)) for each in years[:MOST_YEARS]}
    values = [YearValue(each, f.value, f.low, f.high, f.provisional) for each, f in sorted(held.items()) if f]
    return target_shown(stated, year, values, base)


def places(user: Any, area: Any, year: int) -> Places:
    """The place and the others of its level that the user may see, by name; of a wider area its communities."""
    seen = community.areas(user).exclude(pk=area.pk).order_by("name")
    if area.level in WIDER:
        same = seen.filter(level="community", path__startswith=area.path)
    else:
        same = seen.filter(level=area.level)
    every = [area, *same[: MOST_PLACES - 1]]
    held = record.figures_of(every, _OF_PLACE, str(year))
    rows = []
    for each in every:
        figures = {key: held[each.pk, key] for key in _OF_PLACE if (each.pk, key) in held}
        if each.pk == area.pk or figures:
            rows.append((each.slug, Text(each.name, each.name_en or each.name), figures))
    return places_shown(rows, ATTRIBUTES)
