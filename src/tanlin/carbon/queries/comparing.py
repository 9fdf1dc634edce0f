"""Reads for the page of comparisons: published accounts of several years, and places of one level."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from tanlin.carbon.account.boundary import ATTRIBUTES
from tanlin.carbon.account.compare import compare, series
from tanlin.carbon.account.compared import Place, Years, decline_picture, places_shown, years_shown
from tanlin.carbon.account.lines import LINES
from tanlin.carbon.pictures import Picture
from tanlin.community import queries as community
from tanlin.kernel.errors import Text
from tanlin.kernel.figure import Figure
from tanlin.record import queries as record

MOST_YEARS, MOST_PLACES = 6, 20
_OF_PLACE = ("carbon.basic", "carbon.per_person", "carbon.boundary")


def accounts(area: Any, years: Sequence[int]) -> dict[int, Figure]:
    """The published lines of the newest years."""
    found = {year: record.figure(area, "carbon.account", str(year)) for year in years[:MOST_YEARS]}
    return {year: figure for year, figure in found.items() if figure is not None}


def changed(held: Mapping[int, Figure], base: int, year: int) -> Years | None:
    """Two published years against each other; None unless both are there and differ."""
    if base == year or base not in held or year not in held:
        return None
    return years_shown(base, year, compare(_lines(held[base]), _lines(held[year])))


def decline(held: Mapping[int, Figure], base: int) -> Picture | None:
    """All published years against a base year, with their own and with frozen factors."""
    if len(held) < 2 or base not in held:
        return None
    return decline_picture(series({year: _lines(one) for year, one in held.items()}, base), base)


def _lines(figure: Figure) -> pa.Table:
    return pa.Table.from_pylist(figure.table or [], LINES)


def places(user: Any, area: Any, year: int) -> list[Place]:
    """The place and the others of its level that the user may see, by name."""
    same = community.areas(user).filter(level=area.level).exclude(pk=area.pk).order_by("name")
    rows = []
    for each in [area, *same[: MOST_PLACES - 1]]:
        found = {key: record.figure(each, key, str(year)) for key in _OF_PLACE}
        figures = {key: figure for key, figure in found.items() if figure is not None}
        if each.pk == area.pk or figures:
            rows.append((each.slug, Text(each.name, each.name_en or each.name), figures))
    return places_shown(rows, ATTRIBUTES)
