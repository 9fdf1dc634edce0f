"""Checks of one series by itself: negative, range, gap, stuck, spike.

The spike test is Hampel's (median and MAD, F. R. Hampel, JASA 69, 1974) twice over: against the same hour of
the week in the weeks around, and against the hours next to it. A value must fail both.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from tanlin.kernel.period import HOUR
from tanlin.meter.vee.dense import WEEK, Columns, Dense, median, runs

Row = tuple[Any, ...]
#: Weeks judged together, and the weeks before and after them that say what is usual.
BLOCK, MARGIN = 4, 2
#: Fewer weeks say nothing.
LEAST_WEEKS = 4
#: Hours on each side that a spike must stand out from.
NEAR = 3
#: So many slots of a window may be faulty and not pass for the meter's own bursts.
RARE = 4
MAD = 1.4826
#: A run of equal values is told from chance at this expected number a history.
CHANCE = 0.01


def negative(rows: Columns, floor: np.ndarray) -> Iterator[Row]:
    """Readings below the floor of their pair (pairs)."""
    low = floor[rows.pair]
    for i in np.flatnonzero((rows.value < low) & rows.judged).tolist():
        yield _one(rows, i, i, "negative", low[i] - rows.value[i], None, {"value": float(rows.value[i])})


def above_range(rows: Columns, rated: np.ndarray) -> Iterator[Row]:
    """Readings above what the pair can carry in an hour (pairs)."""
    with np.errstate(invalid="ignore"):
        most = rated[rows.pair] * rows.seconds / HOUR
        bad = np.flatnonzero((rows.value > most) & rows.judged)
    for i in bad.tolist():
        detail = {"value": float(rows.value[i]), "most": float(most[i])}
        yield _one(rows, i, i, "range", rows.value[i] - most[i], None, detail)


def gaps(
    rows: Columns, step: np.ndarray, hours: np.ndarray, late: np.ndarray, until: np.ndarray
) -> Iterator[Row]:
    """Time without readings between two of them, and after the last one up to ``until`` (pairs, epoch s).

    Between bills or daily values only whole missing ones count as late.
    """
    end = rows.start + rows.seconds
    rate = _rate(rows)
    inner = np.flatnonzero(
        (np.diff(rows.pair) == 0) & (rows.start[1:] - end[:-1] >= hours[rows.pair[1:]] * HOUR)
    )
    for i in inner.tolist():
        pair = int(rows.pair[i])
        yield _gap(rows, pair, int(end[i]), int(rows.start[i + 1]), rate[pair], {})
    last = np.flatnonzero(np.diff(rows.pair, append=-1) != 0)
    silent = np.maximum(late * HOUR, 1.5 * step)
    for pair, i in enumerate(last.tolist()):
        if until[pair] - end[i] >= silent[pair]:
            yield _gap(rows, pair, int(end[i]), int(until[pair]), rate[pair], {"open": True})


def _rate(rows: Columns) -> np.ndarray:
    """Mean quantity a second of each pair (pairs)."""
    seconds = np.bincount(rows.pair, rows.seconds)
    return np.bincount(rows.pair, rows.value) / np.maximum(seconds, 1)


def _gap(rows: Columns, pair: int, start: int, end: int, rate: float, detail: dict[str, Any]) -> Row:
    missing = max(rate * (end - start), 0.0)
    return int(rows.meter_id[pair]), rows.channel[pair], "gap", start, end, missing, missing, detail


def stuck(grid: Dense, rows: Columns, hours: np.ndarray) -> Iterator[Row]:
    """Runs of one non-zero value, at least so long (pairs), and longer than the meter's own chance explains.

    With p the share of neighbours that are equal, over the meter and over the other times it showed this
    value, a run of L steps is expected N p^L times.
    """
    value = grid.value
    equal = (value[:, 1:] == value[:, :-1]) & (value[:, 1:] != 0)
    row, first, end = runs(equal)
    length = end - first + 1  # values, not steps
    long = length >= np.maximum(hours[grid.pair] * HOUR / grid.step, 3)[row]
    count = np.maximum((~np.isnan(value)).sum(axis=1), 2)
    p = np.bincount(row[~long], (end - first)[~long], len(grid.pair)) / count
    for k in np.flatnonzero(long).tolist():
        r, steps = row[k], end[k] - first[k]
        a, b = grid.row[r, first[k]], grid.row[r, end[k]]
        often = max(p[r], _again(value[r], equal[r], first[k], end[k]))
        if count[r] * often**steps < CHANCE and rows.judged[a] and rows.judged[b]:
            detail = {"value": float(rows.value[a]), "count": int(length[k])}
            yield _one(rows, a, b, "stuck", abs(float(rows.value[a] * length[k])), None, detail)


def _again(value: np.ndarray, equal: np.ndarray, first: int, end: int) -> float:
    """How often the value of the run [first, end] was followed by itself elsewhere (slots)."""
    same = value == value[first]
    same[first : end + 1] = False
    return float((same[:-1] & equal).sum() + 0.2) / float(same.sum() + 1)


def spikes(
    grid: Dense,
    rows: Columns,
    deviations: np.ndarray,
    share: np.ndarray,
    tail: np.ndarray,
    hours: np.ndarray,
    rated: np.ndarray,
) -> Iterator[Row]:
    """Values far above the same hour of the weeks around and above their neighbours (arguments by pair).

    Homes draw in bursts, so a spike must also be ``tail`` times what the meter's own bursts reach.
    """
    usual, scale, level, burst = _usual(grid)
    above = grid.value - usual
    k, s, t = (a[grid.pair][:, None] for a in (deviations, share, tail))
    with np.errstate(invalid="ignore"):
        far = (above > k * scale) & (above > s * level) & (above > t * burst)
    far &= grid.value <= rated[grid.pair][:, None] * grid.step / HOUR  # what is out of range is told as that
    far &= _stands_out(grid, far, s * level)
    longest = np.maximum(hours[grid.pair] * HOUR / grid.step, 1)
    row, first, end = runs(far)
    for i in np.flatnonzero(end - first <= longest[row]).tolist():
        r, cells = row[i], slice(first[i], end[i])
        a, b = grid.row[r, first[i]], grid.row[r, end[i] - 1]
        if not rows.judged[a]:
            continue
        detail = {
            "value": float(grid.value[r, cells].max()),
            "deviations": _times(above[r, cells], scale[r, cells]),
        }
        yield _one(rows, a, b, "spike", float(above[r, cells].sum()), float(usual[r, cells].sum()), detail)


def _times(above: np.ndarray, scale: np.ndarray) -> float | None:
    """How many deviations; None where the usual never varies."""
    return round(float((above / scale).max()), 1) if (scale > 0).all() else None


def _usual(grid: Dense) -> tuple[np.ndarray, ...]:
    """Median of the same slot of the weeks around, robust deviation of that time of day, level, bursts: (pairs, slots)."""
    pairs, slots = grid.value.shape
    week, day = WEEK // grid.step, WEEK // grid.step // 7
    cube = grid.value.reshape(pairs, slots // week, week)
    usual, scale, level, burst = (np.full(cube.shape, np.nan) for _ in range(4))
    for begin in range(0, cube.shape[1], BLOCK):
        low = max(0, min(begin - MARGIN, cube.shape[1] - BLOCK - 2 * MARGIN))
        part = cube[:, low : low + BLOCK + 2 * MARGIN]
        middle, count = median(part.swapaxes(1, 2))
        middle = np.where(count >= min(LEAST_WEEKS, cube.shape[1]), middle, np.nan)
        off = np.abs(part - middle[:, None]).reshape(pairs, -1, 7, day)
        spread, _ = median(off.transpose(0, 3, 1, 2).reshape(pairs, day, -1))
        here = slice(begin, begin + BLOCK)
        usual[:, here] = middle[:, None]
        scale[:, here] = MAD * np.tile(spread, 7)[:, None]
        with np.errstate(invalid="ignore", divide="ignore"):
            known = ~np.isnan(middle)
            mean = np.where(known, np.abs(middle), 0).sum(axis=1) / known.sum(axis=1)
        level[:, here] = mean[:, None, None]
        burst[:, here] = _burst(off.reshape(pairs, -1))[:, None, None]
    return tuple(out.reshape(pairs, slots) for out in (usual, scale, level, burst))


def _burst(off: np.ndarray) -> np.ndarray:
    """How far the meter strays in one of a hundred slots: (pairs, slots) → (pairs); a fault is rarer than that."""
    rank = max(off.shape[1] // 100, RARE)
    return np.partition(np.nan_to_num(off, nan=0.0), -rank, axis=1)[:, -rank]


def _stands_out(grid: Dense, far: np.ndarray, least: np.ndarray) -> np.ndarray:
    """Of the suspects, those that exceed the median of the neighbours by ``least`` too. Shape as ``far``."""
    out = np.zeros(far.shape, bool)
    row, slot = np.nonzero(far)
    near = max(NEAR * HOUR // grid.step, NEAR)
    window = slot[:, None] + np.arange(-near, near + 1)
    inside = (window >= 0) & (window < far.shape[1])
    around = np.where(inside, grid.value[row[:, None], window.clip(0, far.shape[1] - 1)], np.nan)
    middle, _ = median(around)
    out[row, slot] = grid.value[row, slot] - middle > least[row, slot]
    return out


def _one(
    rows: Columns,
    first: int,
    last: int,
    kind: str,
    size: float,
    expected: float | None,
    detail: dict[str, Any],
) -> Row:
    """An exception from row ``first`` to row ``last`` of one pair."""
    pair = rows.pair[first]
    start, end = int(rows.start[first]), int(rows.start[last] + rows.seconds[last])
    return int(rows.meter_id[pair]), rows.channel[pair], kind, start, end, float(size), expected, detail
