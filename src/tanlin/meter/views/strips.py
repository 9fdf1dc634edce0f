"""The small picture of an exception: the readings of the days around it, what is suspected, what stands in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from tanlin.kernel.period import DAY, zone
from tanlin.meter.models import Exceptional
from tanlin.meter.queries.quality import AROUND, LONGEST, Point

WIDTH, HEIGHT = 640.0, 72.0


@dataclass(frozen=True)
class Strip:
    """Coordinates in a box of 640 × 72: polylines, the suspected stretch, day marks; ``highest`` in the unit."""

    measured: list[str]
    put_in: list[str]
    left: float
    wide: float
    days: list[tuple[float, str]]
    highest: float | None
    base: float


def strip(one: Exceptional, points: Sequence[Point], tz: str) -> Strip:
    """The picture of one exception from the intervals around it."""
    first = one.start - AROUND
    last = min(one.end, one.start + LONGEST) + AROUND
    scale = WIDTH / (last - first)
    rates = [3600 * p.value / max(p.seconds, 1) for p in points]
    top, low = max([*rates, 0.0]) or 1.0, min([*rates, 0.0])
    height = (HEIGHT - 4) / (top - low)

    def lines(wanted: bool) -> list[str]:
        """Unbroken runs of measured points (or of the others) as steps."""
        out: list[list[str]] = []
        end = None
        for point, rate in zip(points, rates, strict=True):
            if (point.quality == "measured") is not wanted:
                end = None
                continue
            if point.start != end:
                out.append([])
            end = point.start + point.seconds
            y = 2 + (top - rate) * height
            out[-1] += [
                f"{(point.start - first) * scale:.1f},{y:.1f}",
                f"{(end - first) * scale:.1f},{y:.1f}",
            ]
        return [" ".join(run) for run in out]

    left = AROUND * scale
    wide = max((min(one.end, last - AROUND) - one.start) * scale, 3.0)
    highest = max((p.value for p in points), default=None)
    return Strip(
        lines(True), lines(False), left, wide, _midnights(first, last, scale, tz), highest, 2 + top * height
    )


def _midnights(first: int, last: int, scale: float, tz: str) -> list[tuple[float, str]]:
    """Local midnights, at most about eight, as (x, month-day)."""
    every = max(1, round((last - first) / DAY / 7)) * DAY
    offset = datetime.fromtimestamp(first, zone(tz)).utcoffset()
    local = first + (int(offset.total_seconds()) if offset else 0)
    begin = first + (-local) % DAY
    return [
        ((second - first) * scale, datetime.fromtimestamp(second, zone(tz)).strftime("%m-%d"))
        for second in range(begin, last, every)
    ]
