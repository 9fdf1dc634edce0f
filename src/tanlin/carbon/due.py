"""Which figures wait to be derived: the stale ones, and places with readings that have none yet."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from tanlin.carbon.services import Kit
from tanlin.community import queries as community
from tanlin.kernel.period import Period, local_fields
from tanlin.meter import queries as meter
from tanlin.record import queries as record

KEY = "carbon.inventory"

SEEN_SQL = """
SELECT meter_id, MIN(start) AS low, MAX(start + seconds) AS high FROM current GROUP BY meter_id ORDER BY meter_id
"""


def stale() -> set[tuple[int, str]]:
    """(area id, period) of the carbon figures marked stale."""
    return {(area, period) for area, key, period in record.stale(100_000) if key.startswith("carbon.")}


def missing(kit: Kit, within: Any | None = None) -> set[tuple[int, str]]:
    """(area id, year) of places of building level and above with readings and no inventory.

    ``within``: only this area and those below it. Homes and units are derived on request.
    """
    have = record.places_with(KEY)
    areas = community.areas(community.SYSTEM).exclude(level__in=("unit", "home"))
    if within is not None:
        areas = areas.filter(path__startswith=within.path)
    levels = set(areas.values_list("pk", flat=True))
    wanted = years_by_area(kit)
    return {(area, str(year)) for area, years in wanted.items() if area in levels for year in years} - have


def years_by_area(kit: Kit) -> dict[int, set[int]]:
    """Area id → local years in which any meter placed below it has readings."""
    seen = kit.snapshot.query(SEEN_SQL)
    zones = dict(zip(*(column.to_pylist() for column in meter.zones_frame().columns), strict=True))
    years: dict[int, tuple[int, int]] = {}
    for tz in sorted(set(zones.values())):
        mine = np.array([zones.get(m) == tz for m in seen["meter_id"].to_pylist()], bool)
        part = seen.filter(mine)
        low = local_fields(tz, part["low"].to_numpy())["month"] // 100
        high = local_fields(tz, part["high"].to_numpy() - 1)["month"] // 100
        years.update(
            zip(part["meter_id"].to_pylist(), zip(low.tolist(), high.tolist(), strict=True), strict=True)
        )
    out: dict[int, set[int]] = {}
    for meter_id, path in meter.paths().items():
        if meter_id not in years:
            continue
        low_year, high_year = years[meter_id]
        for part in path.strip("/").split("/"):
            out.setdefault(int(part), set()).update(range(low_year, high_year + 1))
    return out


def ordered(pairs: Iterable[tuple[int, str]]) -> list[tuple[Any, Period]]:
    """Areas and periods, larger areas and newer periods first: what most people look at comes first."""
    pairs = set(pairs)
    areas = {area.pk: area for area in community.areas(community.SYSTEM)}
    known = [(areas[area], Period(period)) for area, period in pairs if area in areas]
    return sorted(known, key=lambda pair: (pair[0].depth, -pair[1].year, pair[0].path, pair[1].label))
