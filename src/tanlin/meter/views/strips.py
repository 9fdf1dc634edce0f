"""The small picture of an exception: the readings of the days around it, what is suspected, what stands in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from tanlin.kernel.period import DAY, zone
from tanlin.meter.models import Exceptional
from tanlin.meter.queries.quality import AROUND, LONGEST, Point

WIDTH, HEIGHT = 640.0, 72.0
#: Days marked, about.
MARKS = 7


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
    """The picture of one exception from the intervals around it; it begins at a local midnight."""
    first, every, count = _days(one, tz)
    last = first + count * every
    points = [p for p in points if p.start < last and p.start + max(p.seconds, 1) > first]
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

    left = (one.start - first) * scale
    wide = max((min(one.end, last) - one.start) * scale, 3.0)
    days = [(k * every * scale, _label(first + k * every, tz)) for k in range(count)]
    highest = max((p.value for p in points), default=None)
    return Strip(lines(True), lines(False), left, wide, days, highest, 2 + top * height)


def _days(one: Exceptional, tz: str) -> tuple[int, int, int]:
    """Epoch second of the first local midnight, seconds from mark to mark (whole days), and how many."""
    wanted = one.start - AROUND
    offset = datetime.fromtimestamp(wanted, zone(tz)).utcoffset()
    first = wanted - (wanted + (int(offset.total_seconds()) if offset else 0)) % DAY
    span = min(one.end, one.start + LONGEST) + AROUND - first
    every = max(1, round(span / DAY / MARKS)) * DAY
    return first, every, -(-span // every)


def _label(second: int, tz: str) -> str:
    return datetime.fromtimestamp(second, zone(tz)).strftime("%m-%d")
