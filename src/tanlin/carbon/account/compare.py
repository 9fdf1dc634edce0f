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
    """A key's year: activity by gas (gases repeat the activity they come from), tonnes, and why it is unknown."""

    activity: dict[str, float]
    tonnes: float = 0.0
    reason: str = ""

    @property
    def amount(self) -> float:
        return max(self.activity.values(), key=abs, default=0.0)


def compare(before: pa.Table, after: pa.Table, months: Collection[int] | None = None) -> Comparison:
    """Compare two years of lines (schema LINES).

    Args:
        months: those that count, 1..12, for a year that is not over; all by default.
    """
    was, now = (_added(table) for table in (before, after))
    shared = _shared(was, now, set(months or range(1, 13)))
    was, now = ([r for r in rows if _in(r, shared)] for rows in (was, now))
    rows = _paired(was, now, shared)
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


def _shared(
    was: list[dict[str, Any]], now: list[dict[str, Any]], counted: set[int]
) -> dict[tuple[str, ...], set[int]]:
    """Months 1..12 of each key that both years have and that count; those of one year where it is in one only."""
    sides: list[dict[tuple[str, ...], set[int]]] = []
    for rows in (was, now):
        months: dict[tuple[str, ...], set[int]] = {}
        for row in rows:
            months.setdefault(_key(row), set()).add(row["month"] % 100)
        sides.append(months)
    out = {}
    for key in sides[0].keys() | sides[1].keys():
        pair = [side[key] for side in sides if key in side]
        yearly = any(0 in one for one in pair)
        both = set.intersection(*(_YEAR if 0 in one else one for one in pair)) & counted
        # an amount of the whole year has no parts that could be compared
        out[key] = both if not yearly or both == _YEAR else set()
    return out


_YEAR = set(range(1, 13))


def _in(row: Mapping[str, Any], shared: Mapping[tuple[str, ...], set[int]]) -> bool:
    months = shared[_key(row)]
    return row["month"] % 100 in months or (row["month"] % 100 == 0 and months == _YEAR)


def _sums(rows: list[dict[str, Any]]) -> dict[tuple[str, ...], _Sum]:
    out: dict[tuple[str, ...], _Sum] = {}
    for row in rows:
        if row["key"] == "NO":
            continue
        one = out.setdefault(_key(row), _Sum({}))
        if row["tco2e"] is None or row["activity"] is None:
            one.reason = one.reason or row["reason"] or row["key"] or "readings.none"
            continue
        one.activity[row["gas"]] = one.activity.get(row["gas"], 0.0) + row["activity"]
        one.tonnes += row["tco2e"]
    return out


def _paired(
    was: list[dict[str, Any]], now: list[dict[str, Any]], shared: Mapping[tuple[str, ...], set[int]]
) -> list[dict[str, Any]]:
    """One row a key of either year, in order, with its sums or the reason why it cannot be compared."""
    sides = [_sums(was), _sums(now)]
    absent = [{row["ref"] for row in rows if row["key"] == "NO"} for rows in (was, now)]
    out = []
    for key in sorted(shared):
        if not shared[key]:
            out.append(_row(key, 0) | {"reason": "compare.months"})
            continue
        if all(key not in side for side in sides):
            continue  # it occurs in neither year
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
        if side is not None and not side.reason:
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
    if was.reason or now.reason:
        return was.reason or now.reason
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


def series(years: Mapping[int, pa.Table], base: int) -> list[dict[str, Any]]:
    """Totals of years against a base year, each over what it shares with the base year.

    One row a year: ``year``, ``base`` (tCO2e of the base year), ``moving`` (with that year's factors), ``frozen``
    (with those of the base year), ``moving_pct`` and ``frozen_pct`` (change in percent), ``left_out`` rows. None
    where nothing can be compared.
    """
    out = []
    for year in sorted(years):
        made = compare(years[base], years[year])
        out.append(
            {
                "year": year,
                "base": made.before,
                "moving": made.after,
                "frozen": made.frozen,
                "moving_pct": _pct(made.after, made.before),
                "frozen_pct": _pct(made.frozen, made.before),
                "left_out": sum(reason is not None for reason in made.rows["reason"].to_pylist()),
            }
        )
    return out


def _pct(value: float | None, base: float | None) -> float | None:
    return None if value is None or not base else (value - base) / abs(base) * 100
