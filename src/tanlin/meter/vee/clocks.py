"""Clock shifts and time-zone slips: the daily profile moves along the day and stays moved.

At the end of every week the median profile of the fortnight before is moved by up to eight hours either way
and compared with the one after (normalised circular cross-correlation). The onset is the day that best parts
the days which fit the old place of the profile from those which fit the new one.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from tanlin.kernel.period import DAY, HOUR
from tanlin.meter.vee.dense import Columns, Dense, median
from tanlin.meter.vee.series import Row

SIDE = 14  # days of a profile
REACH = 8 * HOUR
#: Share of the evidence of the days on each side that must agree with the shift.
AGREE = 0.9


class _Shift(NamedTuple):
    row: int
    day: int
    lag: int  # slots; positive: the readings come later than before
    gain: float
    fit: float


def shifts(grid: Dense, rows: Columns, gain: np.ndarray, fit: np.ndarray) -> Iterator[Row]:
    """Moves of the daily profile that last (``gain`` and ``fit`` by pair); each ends where it is undone.

    The lag is in seconds in ``detail``: positive where readings are booked too late. A whole number of hours is
    a time-zone slip, else a clock shift.
    """
    slot = max(grid.step, HOUR // 2)
    if grid.step > HOUR:
        return
    days = _days(grid, slot)
    by_row: dict[int, list[_Shift]] = {}
    for one in _found(days, gain[grid.pair], fit[grid.pair], slot):
        by_row.setdefault(one.row, []).append(one)
    for moves in by_row.values():
        away = 0
        for number, one in enumerate(moves):
            away += one.lag
            if away == 0:
                continue  # the clock was set right again
            end = moves[number + 1].day if number + 1 < len(moves) else days.shape[1]
            yield _exception(grid, rows, days, one, away, end, slot)


def _days(grid: Dense, slot: int) -> np.ndarray:
    """(pairs, days, slots of a day); a slot with a missing part is missing."""
    pairs = len(grid.pair)
    per = slot // grid.step
    value = grid.value.reshape(pairs, -1, per).sum(axis=2) if per > 1 else grid.value
    return value.reshape(pairs, -1, DAY // slot)


def _found(days: np.ndarray, gain: np.ndarray, fit: np.ndarray, slot: int) -> Iterator[_Shift]:
    """Shifts in the order (row, day)."""
    edges = np.arange(SIDE, days.shape[1] - SIDE // 2, 7)
    if not len(edges):
        return
    before = np.stack([_profile(days[:, e - SIDE : e]) for e in edges], axis=1)
    after = np.stack([_profile(days[:, e : e + SIDE]) for e in edges], axis=1)
    lags = np.arange(-REACH // slot, REACH // slot + 1)
    like = np.stack([(np.roll(before, lag, axis=-1) * after).sum(axis=-1) for lag in lags], axis=-1)
    like = np.nan_to_num(like, nan=-1.0)
    best = like.argmax(axis=-1)
    top = like.max(axis=-1)
    more = top - like[..., len(lags) // 2]
    good = (top >= fit[:, None]) & (more >= gain[:, None])
    for row in np.flatnonzero(good.any(axis=1)).tolist():
        last = -SIDE
        for at in _peaks(good[row], more[row]):
            lag = int(lags[best[row, at]])
            day = _onset(days[row], before[row, at], lag, int(edges[at]))
            if day is not None and day - last >= SIDE // 2:
                last = day
                yield _Shift(row, day, lag, float(more[row, at]), float(top[row, at]))


def _profile(part: np.ndarray) -> np.ndarray:
    """Median day (pairs, slots) of (pairs, days, slots), centred and of length one; NaN where days lack."""
    middle, count = median(part.swapaxes(1, 2))
    middle = np.where((count >= SIDE // 2 - 1).all(axis=1, keepdims=True), middle, np.nan)
    return _unit(middle)


def _unit(profile: np.ndarray) -> np.ndarray:
    centred = profile - profile.mean(axis=-1, keepdims=True)
    length = np.sqrt((centred**2).sum(axis=-1, keepdims=True))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(length > 1e-9 * np.abs(profile).sum(axis=-1, keepdims=True), centred / length, np.nan)


def _peaks(good: np.ndarray, more: np.ndarray) -> list[int]:
    """The strongest boundary of each run of suspicious ones."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], good.astype(np.int8), [0]])))
    return [int(a + more[a:b].argmax()) for a, b in edges.reshape(-1, 2)]


def _onset(days: np.ndarray, before: np.ndarray, lag: int, edge: int) -> int | None:
    """First day that fits the moved profile better, None where the days around do not agree."""
    low, high = max(0, edge - SIDE), min(len(days), edge + SIDE)
    # Days count by how much they vary: a quiet weekend says little about the clock.
    part = days[low:high] - days[low:high].mean(axis=1, keepdims=True)
    score = (part * (np.roll(before, lag) - before)).sum(axis=1)
    known = ~np.isnan(score)
    score = np.where(known, score, 0.0)
    split = int(np.argmin(np.concatenate([[0.0], np.cumsum(score)])))
    old, new = -score[:split], score[split:]
    if min(known[:split].sum(), known[split:].sum()) < SIDE // 4:
        return None
    agree = min(side.clip(min=0).sum() / max(np.abs(side).sum(), 1e-12) for side in (old, new))
    return low + split if agree >= AGREE else None


def _exception(
    grid: Dense, rows: Columns, days: np.ndarray, one: _Shift, away: int, end: int, slot: int
) -> Row:
    """From the first reading of the day of the onset to the last before ``end``."""
    per_day = DAY // grid.step
    cells = grid.row[one.row, one.day * per_day : end * per_day]
    there = cells[cells >= 0]
    first, last = int(there[0]), int(there[-1])
    middle, _ = median(days[one.row, one.day : end].T)
    moved = float(np.nansum(np.abs(middle - np.roll(middle, -away))) / 2) * (end - one.day)
    pair = rows.pair[first]
    lag = away * slot
    detail = {"lag": lag, "gain": round(one.gain, 3), "fit": round(one.fit, 3)}
    kind = "clock_shift" if lag % HOUR else "zone_slip"
    stop = int(rows.start[last] + rows.seconds[last])
    return (
        int(rows.meter_id[pair]),
        rows.channel[pair],
        kind,
        int(rows.start[first]),
        stop,
        moved,
        None,
        detail,
    )
