"""Sums of an account's lines with their 95 % interval, correlated by cause: nothing is drawn here.

What rests on one cause errs together, so its parts add, signed, before squaring; causes are independent of each
other and add in quadrature: IPCC 2006 vol. 1 ch. 3, approach 1, with the correlation kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

#: Why a known sum has no interval: a code of ``reasons.py``.
NO_ERROR = "spread.none"
#: Notation keys that leave nothing out: not occurring, and included elsewhere.
_COMPLETE = pa.array(["NO", "IE"])

#: What a cause is, by what its id begins with; any other is ``fact``, a dated fact of that id.
KINDS = ("meter", "survey", "activity")

CONTRIBUTORS = pa.schema(
    [
        ("cause", pa.string()),
        ("kind", pa.string()),  # one of KINDS, or fact
        ("shape", pa.string()),  # lognormal where any line says so
        ("pct", pa.float64()),  # largest half-range of a line, percent of its tonnes
        ("half_t", pa.float64()),  # tonnes: by so much the total may err from this cause alone
        ("share", pa.float64()),  # of the variance, 0..1; null where a line states no error
        ("lines", pa.int64()),
    ]
)


@dataclass(frozen=True)
class Causes:
    """Every cause of every known line that is not zero, coded; arrays of equal length but ``names``.

    ``line``: row of the lines; ``cause``: index into ``names``; ``pct``: signed 95 % half-range in percent;
    ``tonnes``: the same in tonnes; ``lognormal``: the shape. ``silent`` (lines): known tonnes without a stated error.
    """

    names: list[str]
    line: np.ndarray
    cause: np.ndarray
    pct: np.ndarray
    tonnes: np.ndarray
    lognormal: np.ndarray
    silent: np.ndarray


def tonnes_of(lines: pa.Table) -> np.ndarray:
    """tCO2e, float64 (lines); NaN where unknown."""
    return np.asarray(lines["tco2e"].to_numpy(), np.float64)


def causes_of(lines: pa.Table) -> Causes:
    """The causes of lines (schema ``account/lines.py``) as arrays."""
    lists = lines["causes"].combine_chunks()
    line = pc.list_parent_indices(lists).to_numpy()
    flat = pc.list_flatten(lists)
    coded = pc.struct_field(flat, "cause").dictionary_encode()
    pct = pc.struct_field(flat, "pct").to_numpy(zero_copy_only=False).astype(np.float64)
    skewed = pc.equal(pc.struct_field(flat, "shape"), "lognormal").fill_null(False)
    amount = tonnes_of(lines)
    live = np.nan_to_num(amount) != 0.0
    vague = np.isnan(pct) | ~np.asarray(coded.indices.is_valid())
    silent = np.asarray(lists.is_null())
    silent[line[vague]] = True
    keep = live[line] & ~vague
    at, pct = line[keep], pct[keep]
    return Causes(
        coded.dictionary.to_pylist(),
        at,
        coded.indices.fill_null(0).to_numpy()[keep].astype(np.int64),
        pct,
        amount[at] * pct / 100,
        np.asarray(skewed)[keep],
        silent & live,
    )


def quadrature(group: np.ndarray, cause: np.ndarray, tonnes: np.ndarray, groups: int) -> np.ndarray:
    """Half-range of each group, float64 (groups): signed sums within a cause, then the root of their squares.

    ``group`` and ``cause`` are codes, int64 (n); ``tonnes`` half-ranges, float64 (n), in any one unit.
    """
    width = int(cause.max(initial=0)) + 1
    pairs, at = np.unique(group * width + cause, return_inverse=True)
    within = np.bincount(at, weights=tonnes, minlength=len(pairs))
    return np.sqrt(np.bincount(pairs // width, weights=within**2, minlength=groups))


def spread(lines: pa.Table, by: Sequence[str] = ()) -> list[dict[str, Any]]:
    """Sums of lines by columns, in order of first appearance; without columns one row, even of no lines.

    Each has the columns and ``value`` (tCO2e; None when nothing is known), ``low`` and ``high`` (None, with
    ``reason``, when a cause of a line states no error) and ``unknown``, reason → lines left out. The caller
    chooses the lines that add up: territorial and memo lines are not set aside here.
    """
    group, keys = _groups(lines, by)
    amount, causes = tonnes_of(lines), causes_of(lines)
    known = ~np.isnan(amount)
    count = len(keys)
    value = np.bincount(group, weights=np.nan_to_num(amount), minlength=count)
    half = quadrature(group[causes.line], causes.cause, causes.tonnes, count)
    have = np.bincount(group, weights=known, minlength=count) > 0
    silent = np.bincount(group, weights=causes.silent, minlength=count) > 0
    left_out = _left_out(lines, group, count)
    return [
        key | _interval(have[i], silent[i], float(value[i]), float(half[i])) | {"unknown": left_out[i]}
        for i, key in enumerate(keys)
    ]


def whole(lines: pa.Table) -> dict[str, Any]:
    """All lines as one sum: value, low, high, reason, unknown; see :func:`spread`."""
    return spread(lines)[0]


def difference(before: pa.Table, after: pa.Table) -> dict[str, Any]:
    """What ``after`` has more than ``before``, as :func:`whole`: None unless both are known.

    Causes they share cancel: two years under the same factor fact differ with more certainty than each is known.
    """
    sides = [whole(before), whole(after)]
    both = whole(pa.concat_tables([opposite(before), after]))
    if any(side["value"] is None for side in sides):
        return both | {"value": None, "low": None, "high": None, "reason": None}
    return both


def opposite(lines: pa.Table) -> pa.Table:
    """The lines with their tonnes negated; causes keep their percent and so change sides with them."""
    at = lines.schema.get_field_index("tco2e")
    return lines.set_column(at, lines.schema.field(at), pc.negate(lines["tco2e"]))


def contributors(lines: pa.Table) -> pa.Table:
    """Causes of the error of the sum of lines, largest first (CONTRIBUTORS): the rows of a tornado chart."""
    found = causes_of(lines)
    size = len(found.names)
    half = np.abs(np.bincount(found.cause, weights=found.tonnes, minlength=size))
    variance = float(np.sum(half**2))
    stated = variance > 0 and not found.silent.any()
    pct = np.zeros(size)
    np.maximum.at(pct, found.cause, np.abs(found.pct))
    skewed = np.bincount(found.cause, weights=found.lognormal, minlength=size) > 0
    count = np.bincount(found.cause, minlength=size)
    columns = {
        "cause": found.names,
        "kind": [kind_of(name) for name in found.names],
        "shape": np.where(skewed, "lognormal", "normal").tolist(),
        "pct": pct,
        "half_t": half,
        "share": half**2 / variance if stated else [None] * size,
        "lines": count,
    }
    table = pa.table(columns, schema=CONTRIBUTORS).filter(pa.array(count > 0))
    return table.sort_by([("half_t", "descending"), ("cause", "ascending")])


def kind_of(cause: str) -> str:
    """One of KINDS, or ``fact``."""
    head = cause.partition(":")[0]
    return head if head in KINDS else "fact"


def _interval(have: bool, silent: bool, value: float, half: float) -> dict[str, Any]:
    if not have:
        return {"value": None, "low": None, "high": None, "reason": None}
    if silent:
        return {"value": value, "low": None, "high": None, "reason": NO_ERROR}
    return {"value": value, "low": value - half, "high": value + half, "reason": None}


def _groups(lines: pa.Table, by: Sequence[str]) -> tuple[np.ndarray, list[dict[str, Any]]]:
    """Number of each line's group, int64 (lines), and the columns of each group, by first appearance."""
    if not by:
        return np.zeros(lines.num_rows, np.int64), [{}]
    key = np.zeros(lines.num_rows, np.int64)
    for name in by:
        codes = lines[name].combine_chunks().dictionary_encode("encode").indices.to_numpy()
        key = np.unique(key * (int(codes.max(initial=0)) + 1) + codes, return_inverse=True)[1]
    _, first, group = np.unique(key, return_index=True, return_inverse=True)
    order = np.argsort(first)
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order))
    return rank[group], lines.select(list(by)).take(pa.array(first[order])).to_pylist()


def _left_out(lines: pa.Table, group: np.ndarray, count: int) -> list[dict[str, int]]:
    """Reason → lines without an amount, of each group."""
    out: list[dict[str, int]] = [{} for _ in range(count)]
    why = pc.coalesce(lines["reason"], lines["key"])
    complete = pc.is_in(lines["key"].fill_null(""), value_set=_COMPLETE)
    gaps = pc.and_not(lines["tco2e"].is_null(), complete)
    table = pa.table({"group": group, "why": why}).filter(gaps).group_by(["group", "why"])
    for row in table.aggregate([([], "count_all")]).sort_by("why").to_pylist():
        out[row["group"]][row["why"] or "factor.none"] = row["count_all"]
    return out
