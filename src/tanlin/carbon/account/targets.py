"""A target path and where a measured year lies against it, with its interval.

A path is stated as points, a value from a year on; between two of them it is straight, before the first there is
none, after the last it stays. Points are dated attributes of the area: ``carbon.target.per_person`` (tCO2e per
person) or ``carbon.target.total`` (tCO2e), each with its source.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from tanlin.kernel.errors import BadInput, Text, Where

#: Attribute → the figure it is set for.
ATTRIBUTES = {"carbon.target.per_person": "carbon.per_person", "carbon.target.total": "carbon.basic"}
Verdict = Literal["on_path", "above", "unclear", "unknown", "no_path"]
VERDICTS: dict[str, Text] = {
    "on_path": Text("在目标路径之内", "on the path"),
    "above": Text("高于目标路径", "above the path"),
    "unclear": Text("在误差范围内，尚不能判断", "cannot be told within the uncertainty"),
    "unknown": Text("暂无数据，无法判断", "unknown: there is no figure"),
    "no_path": Text("该年没有目标", "no target for this year"),
}


@dataclass(frozen=True)
class Point:
    """A stated value of a year, with its source."""

    year: int
    value: float
    source: str = ""


@dataclass(frozen=True)
class Position:
    """A year against the path: ``gap`` = measured − target, None where either is unknown."""

    verdict: Verdict
    target: float | None
    gap: float | None

    @property
    def text(self) -> Text:
        return VERDICTS[self.verdict]


def points_of(rows: Iterable[Mapping[str, Any]]) -> list[Point]:
    """The points of a path from dated attributes (value, valid_from, source), one a year, the last stated counts.

    Raises BadInput for a value that is no number of at least 0.
    """
    points: dict[int, Point] = {}
    for row in sorted(rows, key=lambda row: str(row["valid_from"])):
        since, value = row["valid_from"], row["value"]
        year = since.year if isinstance(since, date) else int(str(since)[:4])
        try:
            number = float(value)
        except (TypeError, ValueError):
            number = -1.0
        if not 0 <= number < float("inf"):
            raise BadInput(
                "carbon.bad_target",
                Text("目标须为不小于 0 的数。", "A target must be a number of at least 0."),
                where=Where(value=str(value)[:60]),
            )
        points[year] = Point(year, number, row.get("source") or "")
    return [points[year] for year in sorted(points)]


def target_of(points: list[Point], year: int) -> float | None:
    """The path in a year: straight between stated points, constant after the last, None before the first."""
    before = [point for point in points if point.year <= year]
    after = [point for point in points if point.year > year]
    if not before:
        return None
    if not after:
        return before[-1].value
    low, high = before[-1], after[0]
    return low.value + (high.value - low.value) * (year - low.year) / (high.year - low.year)


def path_of(points: list[Point], last: int) -> dict[int, float]:
    """The path by year, from its first point to ``last`` or its last point, whichever is later."""
    if not points:
        return {}
    years = range(points[0].year, max(last, points[-1].year) + 1)
    return {year: value for year in years if (value := target_of(points, year)) is not None}


def position(
    points: list[Point], year: int, value: float | None, low: float | None = None, high: float | None = None
) -> Position:
    """Where a measured year lies. With an interval, only what lies wholly on one side of the path is told."""
    target = target_of(points, year)
    if target is None:
        return Position("no_path", None, None)
    if value is None:
        return Position("unknown", target, None)
    if low is None or high is None:
        return Position("unclear", target, value - target)
    verdict: Verdict = "on_path" if high <= target else "above" if low > target else "unclear"
    return Position(verdict, target, value - target)
