"""One year against another: why the total changed, and what it is with frozen and with each year's factors.

Like is compared with like: rows of a place, reference and stream that are known in both years, over the months
that each of them has in both. What is unknown in either year is left out of both, with its reason.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from tanlin.carbon.account.decompose import EFFECTS, lmdi
from tanlin.carbon.account.spread import difference

ADDED = ("basic", "basic_plus")
#: What one row of a comparison is; months, gases and factors are summed within it.
KEY = ("ref", "stream", "unit", "place")
CHANGE = pa.schema(
    [
        ("ref", pa.string()),
        ("stream", pa.string()),
        ("unit", pa.string()),
        ("place", pa.string()),
        ("activity_before", pa.float64()),
        ("activity_after", pa.float64()),
        ("before", pa.float64()),  # tCO2e
        ("after", pa.float64()),
        ("frozen", pa.float64()),  # activity after × factor before; null where there was no factor before
        ("activity", pa.float64()),  # effects, tCO2e: they sum to after − before
        ("structure", pa.float64()),
        ("factor", pa.float64()),
        ("months", pa.int8()),  # how many both years have
        ("reason", pa.string()),  # why the row is compared in neither year
    ]
)


@dataclass(frozen=True)
class Comparison:
    """``rows``: schema CHANGE, compared rows first. ``months``: of 1..12, in which anything is compared.

    ``before``, ``after``, ``frozen`` and ``effects`` are sums of the compared rows, None when there is none;
    ``frozen`` is None as soon as one row has no factor to freeze. ``difference``: with its interval, what both
    years share cancelled (see ``spread.difference``).
    """

    rows: pa.Table
    months: tuple[int, ...]
    before: float | None
    after: float | None
    frozen: float | None
    effects: dict[str, float] | None
    difference: dict[str, Any]


@dataclass
class _Sum:
    """A key's year: activity by gas (gases repeat the activity they come from), and tonnes."""

    activity: dict[str, float]
    tonnes: float = 0.0

    @property
    def amount(self) -> float:
        return max(self.activity.values(), key=abs, default=0.0)


def compare(before: pa.Table, after: pa.Table, months: Collection[int] | None = None) -> Comparison:
    """Compare two years of lines (schema LINES).

    Args:
        months: those that count, 1..12, for a year that is not over; all by default.
    """
    was, now = (_added(table) for table in (before, after))
    shared, why = _alike(was, now, set(_YEAR if months is None else months))
    was, now = ([r for r in rows if _in(r, shared)] for rows in (was, now))
    rows = _paired(was, now, shared, why)
    good = [row for row in rows if row["reason"] is None]
    _decompose(good)
    kept = {_key(row) for row in good}
    sides = [
        pa.Table.from_pylist([r for r in side if _key(r) in kept], table.schema)
        for side, table in ((was, before), (now, after))
    ]
    frozen = [row["frozen"] for row in good]
    return Comparison(
        pa.Table.from_pylist(good + [row for row in rows if row["reason"] is not None], CHANGE),
        tuple(sorted(set().union(*(shared[key] for key in kept)))),
        sum(row["before"] for row in good) if good else None,
        sum(row["after"] for row in good) if good else None,
        sum(frozen) if good and None not in frozen else None,
        {name: sum(row[name] for row in good) for name in EFFECTS} if good else None,
        difference(*sides),
    )


def _added(table: pa.Table) -> list[dict[str, Any]]:
    return [row for row in table.to_pylist() if row["level"] in ADDED]


def _key(row: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(row[name] for name in KEY)


def _alike(
    was: list[dict[str, Any]], now: list[dict[str, Any]], counted: set[int]
) -> tuple[dict[tuple[str, ...], set[int]], dict[tuple[str, ...], str]]:
    """Months 1..12 in which each key is known in both years, read alike, and counts; and why there are none.

    A key of one year only keeps its months: whether the other year has none of it is told by its notation key.
    """
    sides = [_known(rows) for rows in (was, now)]
    shared: dict[tuple[str, ...], set[int]] = {}
    why: dict[tuple[str, ...], str] = {}
    for key in sides[0].keys() | sides[1].keys():
        pair = [side[key] for side in sides if key in side]
        yearly = any(0 in one.coverage for one in pair)
        both = (
            set.intersection(*(_YEAR if 0 in one.coverage else set(one.coverage) for one in pair)) & counted
        )
        if not yearly and len(pair) == 2:
            both = {m for m in both if abs(pair[0].coverage[m] - pair[1].coverage[m]) <= MOST_UNLIKE}
        # an amount of the whole year has no parts that could be compared
        shared[key] = both if not yearly or both == _YEAR else set()
        if not shared[key]:
            why[key] = next((one.reason for one in pair if not one.coverage), "compare.months")
    return shared, why


@dataclass
class _Known:
    """Month → share of it that was read, of a key's months that are known (0: the whole year); else why."""

    coverage: dict[int, float]
    reason: str = ""


def _known(rows: list[dict[str, Any]]) -> dict[tuple[str, ...], _Known]:
    out: dict[tuple[str, ...], _Known] = {}
    lost: set[tuple[tuple[str, ...], int]] = set()
    for row in rows:
        if row["key"] == "NO":
            continue
        key, month = _key(row), row["month"] % 100
        one = out.setdefault(key, _Known({}))
        if row["tco2e"] is None or row["activity"] is None:
            one.reason = one.reason or row["reason"] or row["key"] or "readings.none"
            lost.add((key, month))
            continue
        read = 1.0 if row["coverage"] is None else row["coverage"]
        one.coverage[month] = min(one.coverage.get(month, 1.0), read)
    for key, month in lost:
        out[key].coverage.pop(month, None)
    return out


#: Months of which unlike shares were read are not compared: what was not read would look like a change.
MOST_UNLIKE = 0.05
_YEAR = set(range(1, 13))


def _in(row: Mapping[str, Any], shared: Mapping[tuple[str, ...], set[int]]) -> bool:
    if row["key"] == "NO":
        return True
    months = shared[_key(row)]
    return row["month"] % 100 in months or (row["month"] % 100 == 0 and months == _YEAR)


def _sums(rows: list[dict[str, Any]]) -> dict[tuple[str, ...], _Sum]:
    out: dict[tuple[str, ...], _Sum] = {}
    for row in rows:
        one = out.setdefault(_key(row), _Sum({}))
        one.activity[row["gas"]] = one.activity.get(row["gas"], 0.0) + row["activity"]
        one.tonnes += row["tco2e"]
    return out


def _paired(
    was: list[dict[str, Any]],
    now: list[dict[str, Any]],
    shared: Mapping[tuple[str, ...], set[int]],
    why: Mapping[tuple[str, ...], str],
) -> list[dict[str, Any]]:
    """One row a key of either year, in order, with its sums or the reason why it cannot be compared."""
    sides = [_sums([row for row in rows if row["key"] != "NO"]) for rows in (was, now)]
    absent = [{row["ref"] for row in rows if row["key"] == "NO"} for rows in (was, now)]
    out = []
    for key in sorted(shared):
        if key in why:
            out.append(_row(key, 0) | {"reason": why[key]})
            continue
        pair = [
            side.get(key) or (_Sum({}) if key[0] in none else None)
            for side, none in zip(sides, absent, strict=True)
        ]
        out.append(_row(key, len(shared[key])) | _pair(pair[0], pair[1]))
    return out


def _row(key: tuple[str, ...], months: int) -> dict[str, Any]:
    return dict.fromkeys(CHANGE.names) | dict(zip(KEY, key, strict=True)) | {"months": months}


def _pair(was: _Sum | None, now: _Sum | None) -> dict[str, Any]:
    row: dict[str, Any] = {"frozen": None, "activity_before": None, "activity_after": None}
    for name, side in (("before", was), ("after", now)):
        if side is not None:
            row |= {f"activity_{name}": side.amount, name: side.tonnes}
    row["reason"] = _why_not(was, now)
    if row["reason"] is None and row["activity_before"]:
        row["frozen"] = row["activity_after"] * row["before"] / row["activity_before"]
    elif row["reason"] is None and not row["activity_after"]:
        row["frozen"] = 0.0
    return row


def _why_not(was: _Sum | None, now: _Sum | None) -> str | None:
    if was is None or now is None:
        return "compare.one_year"
    negative = min(was.amount, now.amount) < 0 or was.tonnes * now.tonnes < 0
    return "compare.sign" if negative or _rootless(was) or _rootless(now) else None


def _rootless(side: _Sum) -> bool:
    return side.amount == 0 and side.tonnes != 0


def _decompose(rows: list[dict[str, Any]]) -> None:
    """Write the effects into rows that are known in both years."""
    if not rows:
        return
    code: dict[tuple[str, str], int] = {}
    group = np.array([code.setdefault((row["stream"], row["unit"]), len(code)) for row in rows], np.int64)

    def column(name: str) -> np.ndarray:
        return np.array([row[name] for row in rows], float)

    found = lmdi(
        group,
        (column("activity_before"), column("activity_after")),
        (column("before"), column("after")),
    )
    for row, effects in zip(rows, found.tolist(), strict=True):
        row |= dict(zip(EFFECTS, effects, strict=True))
