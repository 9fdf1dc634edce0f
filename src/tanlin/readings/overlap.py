"""Overlapping intervals count once: the shorter where they fill the longer, else the longer.

Levels of one length (quarter hours, hours, days, bills) are settled from the shortest up. Within a level
the newer batch wins, then the earlier start. An interval of the next level falls out where the intervals
standing so far cover it whole; else it stands, and those it touches fall out. The intervals of a level are
settled together until nothing changes, so the answer is unique and no order of rows can alter it.

An estimate only fills gaps. A measured interval gives way to shorter ones where those that are no estimates cover at
least half of it: the day that arrives late stands against the hours estimated for it, the bill does not stand
against a month of hours of which one was estimated.
"""

from __future__ import annotations

from bisect import bisect_right, insort

import numpy as np


def once(
    pair: np.ndarray,
    start: np.ndarray,
    seconds: np.ndarray,
    batch: np.ndarray,
    estimated: np.ndarray | None = None,
) -> np.ndarray:
    """Index (ascending) of the intervals that stand; no two of one pair overlap.

    Args:
        pair, start, seconds, batch: one length, in the order (pair, start, seconds), seconds > 0.
        estimated: whether each is an estimate; None: none is.
    """
    everything = np.arange(len(pair))
    end = start + seconds
    if len(pair) < 2 or not ((np.diff(pair) == 0) & (start[1:] < end[:-1])).any():
        return everything  # neighbours in order do not touch, so nothing does
    cluster = _clusters(pair, start, end)
    crowded = np.bincount(cluster)[cluster] > 1
    some = everything[crowded]
    line = _on_one_line(cluster[some], start[some], end[some])
    soft = np.zeros(len(some), bool) if estimated is None else estimated[some]
    stands = _settle(cluster[some], line, seconds[some].astype(np.int64), batch[some], soft)
    return np.sort(np.concatenate([everything[~crowded], some[stands]]))


def _clusters(pair: np.ndarray, start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """Number of the group of touching intervals that each belongs to."""
    low = int(start.min())
    width = int(end.max()) - low + 1
    reach = np.maximum.accumulate(pair * width + (end - low))
    new = np.concatenate([[True], pair[1:] * width + (start[1:] - low) >= reach[:-1]])
    return np.cumsum(new) - 1


def _on_one_line(cluster: np.ndarray, start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """Starts moved so that the groups lie behind one another on a single line without touching."""
    first = np.flatnonzero(np.diff(cluster, prepend=-1))
    span = np.maximum.reduceat(end, first) - start[first] + 1
    shift = np.concatenate([[0], np.cumsum(span)[:-1]]) - start[first]
    return start + np.repeat(shift, np.diff(np.append(first, len(cluster))))


def _settle(
    cluster: np.ndarray, start: np.ndarray, seconds: np.ndarray, batch: np.ndarray, soft: np.ndarray
) -> np.ndarray:
    level = _levels(cluster, seconds)
    standing = np.zeros(0, np.int64)
    for number in range(int(level.max()) + 1):
        here = _one_level(np.flatnonzero(level == number), start, seconds, batch)
        standing = _merge(standing, here, start, seconds, soft)
    return standing


def _levels(cluster: np.ndarray, seconds: np.ndarray) -> np.ndarray:
    """Rank of each interval's length among the lengths of its group, 0 for the shortest."""
    order = np.lexsort((seconds, cluster))
    new_group = np.diff(cluster[order], prepend=-1) != 0
    longer = (np.diff(seconds[order], prepend=-1) != 0) & ~new_group
    steps = np.cumsum(longer)
    base = np.maximum.accumulate(np.where(new_group, steps, 0))
    level = np.empty(len(order), np.int64)
    level[order] = steps - base
    return level


def _one_level(index: np.ndarray, start: np.ndarray, seconds: np.ndarray, batch: np.ndarray) -> np.ndarray:
    """Of intervals of one length a group, those that stand: the newer batch first, then the earlier start."""
    index = index[np.argsort(start[index], kind="stable")]
    touches = start[index][1:] < (start + seconds)[index][:-1]
    if not touches.any():
        return index
    run = np.concatenate([[0], np.cumsum(~touches)])
    crowded = np.bincount(run)[run] > 1
    some, of_run = index[crowded], run[crowded]
    order = np.lexsort((start[some], -batch[some], of_run))
    chosen: list[int] = []
    taken: list[int] = []  # starts that stand in the present run; its intervals have one length
    present = -1
    for i, number in zip(some[order].tolist(), of_run[order].tolist(), strict=True):
        if number != present:
            taken, present = [], number
        at, length = int(start[i]), int(seconds[i])
        place = bisect_right(taken, at)
        if (place and taken[place - 1] + length > at) or (place < len(taken) and taken[place] < at + length):
            continue
        insort(taken, at)
        chosen.append(i)
    kept = np.concatenate([index[~crowded], np.array(chosen, np.int64)])
    return kept[np.argsort(start[kept])]


def _merge(
    standing: np.ndarray, level: np.ndarray, start: np.ndarray, seconds: np.ndarray, soft: np.ndarray
) -> np.ndarray:
    """Settle one level against the shorter intervals standing (both in order of start)."""
    end = start + seconds
    stays = np.zeros(len(level), bool)
    while True:
        covered = _covered(start[standing], end[standing], start[level], end[level])
        hard = standing[~soft[standing]]
        measured = _covered(start[hard], end[hard], start[level], end[level])
        new = ~stays & ((covered < seconds[level]) | (~soft[level] & (2 * measured < seconds[level])))
        if not new.any():
            break
        stays |= new
        longer = level[stays]
        standing = standing[_covered(start[longer], end[longer], start[standing], end[standing]) == 0]
    both = np.concatenate([standing, level[stays]])
    return both[np.argsort(start[both])]


def _covered(start: np.ndarray, end: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Seconds of each [low, high) covered by the disjoint intervals [start, end), in order of start."""
    if len(start) == 0:
        return np.zeros(len(low), np.int64)
    before = np.concatenate([[0], np.cumsum(end - start)])

    def until(x: np.ndarray) -> np.ndarray:
        k = np.searchsorted(start, x, side="right")
        last = np.maximum(k - 1, 0)
        return np.where(k > 0, before[last] + np.minimum(x, end[last]) - start[last], 0)

    return until(high) - until(low)
