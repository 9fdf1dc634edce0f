"""Health of all meters of a place at once, without making an object of each: a place has thousands of homes."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple

from django.db.models import QuerySet

from tanlin.meter.health import Health, health
from tanlin.meter.models import LatestReading, MeterRow
from tanlin.meter.queries.values import Listed, listed, standstill

if TYPE_CHECKING:
    from tanlin.community.queries import Area

DEAD: frozenset[Health] = frozenset({"dead", "never"})
_CHUNK = 500  # SQLite binds a limited number of variables


class State(NamedTuple):
    """``row``: primary key of the row; ``latest``: epoch seconds at which its newest reading ends, or None."""

    row: int
    latest: int | None
    health: Health


def states(area: Area, rows: QuerySet[MeterRow]) -> list[State]:
    """The health of rows below a place, in their order; the clock is that of ``listed``."""
    below = LatestReading.objects.filter(meter__rows__place__path__startswith=area.path)
    ends = {
        (meter, channel): start + seconds
        for meter, channel, start, seconds in below.values_list("meter_id", "channel", "start", "seconds")
    }
    now = (standstill(area) if area.is_demo else None) or int(time.time())
    return [
        State(pk, ends.get((meter, channel)), health(kind, ends.get((meter, channel)), now))
        for pk, meter, channel, kind in rows.values_list("pk", "meter_id", "channel", "kind")
    ]


def silent(area: Area, rows: QuerySet[MeterRow]) -> list[Listed]:
    """The rows that have fallen silent, longest first; those never read come last."""
    found = [state for state in states(area, rows) if state.health in DEAD]
    found.sort(key=lambda state: (state.latest is None, state.latest or 0))
    return listed_by(area, [state.row for state in found])


def listed_by(area: Area, keys: list[int]) -> list[Listed]:
    """The rows of these primary keys as ``listed`` gives them, in the order of the keys."""
    rows: dict[int, MeterRow] = {}
    for first in range(0, len(keys), _CHUNK):
        found = MeterRow.objects.filter(pk__in=keys[first : first + _CHUNK])
        rows |= {row.pk: row for row in found.select_related("meter", "place", "parent")}
    return listed(area, [rows[key] for key in keys])
