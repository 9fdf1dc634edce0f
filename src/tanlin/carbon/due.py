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
SELECT meter_id, month, MIN(start) AS low, MAX(start + seconds) AS high FROM current
GROUP BY meter_id, month ORDER BY meter_id, month
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
    meters = seen["meter_id"].to_numpy()
    zone = np.array([zones.get(m, "") for m in meters.tolist()])
    years: set[tuple[int, int]] = set()
    for tz in sorted(set(zone.tolist()) - {""}):
        part = zone == tz
        edges = [
            local_fields(tz, seen[name].to_numpy()[part] - back)["month"] // 100 for name, back in _EDGES
        ]
        for length in range(int((edges[1] - edges[0]).max()) + 1):  # a bill may cross a year
            year = np.minimum(edges[0] + length, edges[1])
            years |= set(map(tuple, np.unique(np.stack([meters[part], year], 1), axis=0).tolist()))
    paths = meter.paths()
    out: dict[int, set[int]] = {}
    for meter_id, year in years:
        for part in paths[meter_id].strip("/").split("/"):
            out.setdefault(int(part), set()).add(year)
    return out


_EDGES = (("low", 0), ("high", 1))


def ordered(pairs: Iterable[tuple[int, str]]) -> list[tuple[Any, Period]]:
    """Areas and periods, larger areas and newer periods first: what most people look at comes first."""
    pairs = set(pairs)
    areas = {area.pk: area for area in community.areas(community.SYSTEM)}
    known = [(areas[area], Period(period)) for area, period in pairs if area in areas]
    return sorted(known, key=lambda pair: (pair[0].depth, -pair[1].year, pair[0].path, pair[1].label))
