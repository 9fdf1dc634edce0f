"""Local clock time to UTC, and the length of intervals, for whole columns."""

from __future__ import annotations

import numpy as np

from tanlin.kernel.period import DAY, utc_offsets

#: Verdicts on a local time.
FINE, MISSING, TWICE = 0, 1, 2
#: Readings start before this second, as the log has it, and a bill is at most so long, as the inventory has it.
LAST, LONGEST = 7_258_118_400, 732 * DAY


def to_utc(local: np.ndarray, tz: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Local seconds → (earlier UTC seconds, later UTC seconds, verdict int8), all of the input's length.

    Earlier and later differ only where clocks go back (TWICE); where they go forward the verdict is MISSING.
    """
    if local.size == 0:
        return local, local, np.zeros(0, np.int8)
    ends = np.array([local.min() - 2 * DAY, local.max() + 2 * DAY])
    probes = np.arange(ends[0], ends[1] + DAY, DAY)
    offsets = np.unique(utc_offsets(tz, probes))
    if len(offsets) == 1:
        utc = local - offsets[0]
        return utc, utc, np.zeros(local.size, np.int8)
    count = np.zeros(local.size, np.int8)
    early = np.full(local.size, np.iinfo(np.int64).max)
    late = np.full(local.size, np.iinfo(np.int64).min)
    for offset in offsets:
        guess = local - offset
        fits = utc_offsets(tz, guess) == offset
        count += fits
        early = np.where(fits, np.minimum(early, guess), early)
        late = np.where(fits, np.maximum(late, guess), late)
    verdict = np.select([count == 0, count > 1], [MISSING, TWICE], FINE)
    nothing = count == 0
    return (
        np.where(nothing, 0, early),
        np.where(nothing, 0, late),
        verdict.astype(np.int8),
    )


def midnights(local_days: np.ndarray, tz: str) -> np.ndarray:
    """UTC seconds at which the local days (days since 1970) begin; where midnight is skipped, what follows it."""
    local = local_days.astype(np.int64) * DAY
    early, _, verdict = to_utc(local, tz)
    skipped = verdict == MISSING
    if skipped.any():
        early[skipped] = local[skipped] - utc_offsets(tz, local[skipped] - DAY)
    return early


def month_ends(local_days: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """First day of the month of each day, and of the next month (days since 1970)."""
    month = local_days.astype("datetime64[D]").astype("datetime64[M]")
    first = month.astype("datetime64[D]").astype(np.int64)
    return first, (month + 1).astype("datetime64[D]").astype(np.int64)


def steps(group: np.ndarray, t: np.ndarray) -> np.ndarray:
    """The most frequent positive step of ``t`` (seconds) within each row's group; 0 where there is none.

    The shorter step wins a tie. A group without a step takes that of the whole column.
    """
    if t.size == 0:
        return np.zeros(0, np.int64)
    order = np.lexsort((t, group))
    g, s = group[order], t[order]
    jump = np.diff(s)
    inner = (np.diff(g) == 0) & (jump > 0)
    size = int(group.max()) + 1
    result = np.zeros(size, np.int64)
    if inner.any():
        span = int(jump[inner].max()) + 1
        pair, count = np.unique(g[1:][inner] * span + jump[inner], return_counts=True)
        owner, step = pair // span, pair % span
        best = np.lexsort((step, -count, owner))
        first = np.unique(owner[best], return_index=True)[1]
        result[owner[best][first]] = step[best][first]
        kinds, total = np.unique(step, return_inverse=True)
        overall = kinds[np.argmax(np.bincount(total, weights=count))]
        result[result == 0] = overall
    return np.asarray(result[group])


def folds(twice: np.ndarray, group: np.ndarray, local: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of entries at times that occur twice: those of the second occurrence, and those that cannot be told.

    ``twice`` are positions in ``group`` and ``local``. A meter that lists the time twice means both, in the order
    in which its times run.
    """
    g, t = group[twice], local[twice]
    order = np.lexsort((twice, t, g))
    g, t = g[order], t[order]
    fresh = np.r_[True, (g[1:] != g[:-1]) | (t[1:] != t[:-1])]
    run = np.cumsum(fresh) - 1
    length = np.bincount(run)[run]
    place = np.arange(len(run)) - np.flatnonzero(fresh)[run]
    groups, first = np.unique(group, return_index=True)
    last = len(group) - 1 - np.unique(group[::-1], return_index=True)[1]
    falling = (local[last] < local[first])[np.searchsorted(groups, g)]
    second = (length == 2) & (place == np.where(falling, 0, 1))
    at = twice[order]
    return at[second], at[length != 2]
