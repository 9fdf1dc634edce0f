"""Readings that contradict each other in the log: one time, two values; or parts that do not make the whole."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tanlin.meter.vee.dense import encode
from tanlin.meter.vee.series import Row

_KEY = ("meter_id", "channel", "start", "seconds")


def duplicates(log: pa.Table, share: dict[tuple[int, str], float]) -> Iterator[Row]:
    """Contradictions among the live log rows of whole meters (schema LOG, months not needed).

    Only what was measured is compared, and not where a person or a method has spoken last. ``share`` is the
    relative tolerance of each (meter, channel).
    """
    if not log.num_rows:
        return
    order = [(name, "ascending") for name in (*_KEY, "batch")]
    rows = log.sort_by(order)
    meter, start, seconds = (rows[name].to_numpy() for name in ("meter_id", "start", "seconds"))
    channel, names = encode(rows["channel"])
    value = rows["value"].to_numpy()
    measured = pc.equal(rows["quality"], "measured").to_numpy()
    pair_edge = np.ones(len(meter), bool)
    pair_edge[1:] = (np.diff(meter) != 0) | (np.diff(channel) != 0)
    edge = pair_edge.copy()
    edge[1:] |= (np.diff(start) != 0) | (np.diff(seconds) != 0)
    first = np.flatnonzero(edge)
    newest = np.append(first[1:], len(meter)) - 1
    pairs = list(zip(meter[first].tolist(), names.take(channel[first]).to_pylist(), strict=True))
    tolerance = np.array([share.get(pair, np.nan) for pair in pairs])
    low = np.minimum.reduceat(np.where(measured, value, np.inf), first)
    high = np.maximum.reduceat(np.where(measured, value, -np.inf), first)
    twice = measured[newest] & (high - low > tolerance * np.maximum(np.abs(low), np.abs(high)))
    at = np.flatnonzero(twice)
    ends = start[newest] + np.maximum(seconds[newest], 1)
    number = np.cumsum(pair_edge)[newest]
    cut = np.flatnonzero((np.diff(number[at]) != 0) | (start[newest][at[1:]] != ends[at[:-1]])) + 1
    for group in np.split(at, cut) if len(at) else []:  # a file that restates a day contradicts it once
        detail = {"values": [float(low[group].sum()), float(high[group].sum())], "count": len(group)}
        size, expected = float((high - low)[group].sum()), float(value[newest[group]].sum())
        first_start, last_end = int(start[newest[group[0]]]), int(ends[group[-1]])
        yield *pairs[group[0]], "duplicate", first_start, last_end, size, expected, detail
    keys = newest[measured[newest]]
    number = np.cumsum(pair_edge)[keys]
    yield from _wholes(number, start[keys], seconds[keys].astype(np.int64), value[keys], tolerance[measured[newest]],
                       [pairs[k] for k in np.flatnonzero(measured[newest])])  # fmt: skip


def _wholes(
    pair: np.ndarray,
    start: np.ndarray,
    seconds: np.ndarray,
    value: np.ndarray,
    tolerance: np.ndarray,
    names: list[tuple[int, str]],
) -> Iterator[Row]:
    """Longer intervals whose parts fill them and add up to something else; arrays in the order (pair, start, seconds)."""
    keep = seconds > 0
    pair, start, seconds, value, tolerance = (a[keep] for a in (pair, start, seconds, value, tolerance))
    names = [name for name, kept in zip(names, keep.tolist(), strict=True) if kept]
    end = start + seconds
    inside = np.flatnonzero((np.diff(pair) == 0) & (start[1:] < end[:-1]))
    for one in np.unique(pair[inside]).tolist():
        low, high = np.searchsorted(pair, [one, one + 1])
        s, n, v = start[low:high], seconds[low:high], value[low:high]
        lengths, counts = np.unique(n, return_counts=True)
        commonest = lengths[counts.argmax()]
        at = np.flatnonzero(n == commonest)
        covered = np.concatenate([[0], np.cumsum(n[at])])
        total = np.concatenate([[0.0], np.cumsum(v[at])])
        for k in np.flatnonzero(n > commonest).tolist():
            a, b = np.searchsorted(s[at], [s[k], s[k] + n[k]])
            whole, parts = float(v[k]), float(total[b] - total[a])
            if covered[b] - covered[a] != n[k] or abs(whole - parts) <= tolerance[low + k] * max(
                abs(whole), abs(parts)
            ):
                continue
            detail = {"values": [parts, whole]}
            size = abs(whole - parts)
            yield *names[low + k], "duplicate", int(s[k]), int(s[k] + n[k]), size, parts, detail
