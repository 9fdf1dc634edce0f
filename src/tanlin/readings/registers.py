"""Register readings differenced into intervals, through rollover and exchange of the device.

Two consecutive readings of one device bound an interval that used the difference. At an exchange the old
device's ``final`` and the new device's ``initial`` stand in as readings of the moment, so that nothing is
lost or invented; without them the time between stays a gap. A step back is a rollover only where the device
row states its digits, the earlier reading lies in the top tenth of the range, and the difference across
zero is at most half the range and at most ten times the device's fastest other rate; any other step back
is a gap and a problem, because one of the two readings must be wrong.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pyarrow as pa

from tanlin.readings.labels import Labels

#: Steps that made no interval: from ``start`` to ``end`` (epoch s) the register went from ``before`` to ``after``.
PROBLEMS = pa.schema(
    [
        ("meter_id", pa.int64()),
        ("channel", pa.string()),
        ("start", pa.int64()),
        ("end", pa.int64()),
        ("code", pa.string()),
        ("before", pa.float64()),
        ("after", pa.float64()),
    ]
)
NEAR_ZERO = 0.9  # a register about to roll over shows at least this share of its range
LARGEST_STEP = 0.5  # share of the range that one difference across zero may be
FASTEST = 10.0  # times the device's fastest other rate
_OPEN = 2**62
_MAX_SECONDS = 2**31 - 1


class Points(NamedTuple):
    """Readings and stated ends; ``device`` is 2k + 1 for device row k, even where no device row holds."""

    pair: np.ndarray
    device: np.ndarray
    time: np.ndarray
    value: np.ndarray
    quality: np.ndarray
    batch: np.ndarray
    read: np.ndarray  # 1 for a reading, 0 for an end that a device row states


class Devices(NamedTuple):
    """Device rows of the pairs at hand, in the order (pair, from)."""

    pair: np.ndarray
    start: np.ndarray
    end: np.ndarray
    digits: np.ndarray
    initial: np.ndarray
    final: np.ndarray


def difference(
    pair: np.ndarray,
    time: np.ndarray,
    value: np.ndarray,
    quality: np.ndarray,
    batch: np.ndarray,
    keys: pa.Table,
    devices: pa.Table,
    qualities: Labels,
) -> tuple[tuple[np.ndarray, ...], pa.Table]:
    """Intervals (pair, start, seconds, value, quality, batch) between readings, and the problems.

    The arrays have one length, in the order (pair, time), times unique within a pair; ``keys`` holds
    meter_id and channel of each pair. Quality and batch of an interval are the worse and the newer end's.
    """
    held = _devices(devices, keys, np.unique(pair))
    points = _points(held, pair, time, value, quality, batch, qualities.texts.index("measured"))
    follows = (np.diff(points.pair) == 0) & (np.diff(points.device) == 0)
    a = np.flatnonzero(follows)
    b = a + 1
    span = points.time[b] - points.time[a]
    step = points.value[b] - points.value[a]
    across = _across_zero(held, points, a, step, span)
    used = np.where(across > 0, across, step)
    good = (used >= 0) & (span <= _MAX_SECONDS)
    made = (
        points.pair[a],
        points.time[a],
        span,
        used,
        np.maximum(points.quality[a], points.quality[b]),
        np.maximum(points.batch[a], points.batch[b]),
    )
    bad = np.flatnonzero(~good)
    owner = keys.take(pa.array(points.pair[a][bad]))
    problems = pa.table(
        [
            owner["meter_id"],
            owner["channel"],
            pa.array(points.time[a][bad]),
            pa.array(points.time[b][bad]),
            pa.array(
                np.where(used[bad] < 0, "register_step_back", "interval_too_long").tolist(), pa.string()
            ),
            pa.array(points.value[a][bad]),
            pa.array(points.value[b][bad]),
        ],
        schema=PROBLEMS,
    )
    return tuple(column[good] for column in made), problems


def _devices(devices: pa.Table, keys: pa.Table, wanted: np.ndarray) -> Devices:
    places = {(keys["meter_id"][int(i)].as_py(), keys["channel"][int(i)].as_py()): int(i) for i in wanted}
    owners = zip(devices["meter_id"].to_pylist(), devices["channel"].to_pylist(), strict=True)
    pair = np.array([places.get(owner, -1) for owner in owners], np.int64)
    start = devices["from_es"].fill_null(-_OPEN).to_numpy()
    kept = np.flatnonzero(pair >= 0)
    order = kept[np.lexsort((start[kept], pair[kept]))]
    return Devices(
        pair[order],
        start[order],
        devices["to_es"].fill_null(_OPEN).to_numpy()[order],
        *(
            devices[name].cast(pa.float64()).fill_null(float("nan")).to_numpy()[order]
            for name in ("digits", "initial", "final")
        ),
    )


def _points(
    held: Devices,
    pair: np.ndarray,
    time: np.ndarray,
    value: np.ndarray,
    quality: np.ndarray,
    batch: np.ndarray,
    measured: int,
) -> Points:
    """Readings with their device, and the stated ends of each device; a stated end replaces a reading."""
    device = _device_of(held, pair, time)
    first = np.flatnonzero(~np.isnan(held.initial) & (held.start > -_OPEN))
    last = np.flatnonzero(~np.isnan(held.final) & (held.end < _OPEN))
    stated = np.concatenate([first, last])
    points = Points(
        np.concatenate([held.pair[stated], pair]),
        np.concatenate([2 * stated + 1, device]),
        np.concatenate([held.start[first], held.end[last], time]),
        np.concatenate([held.initial[first], held.final[last], value]),
        np.concatenate([np.full(len(stated), measured, quality.dtype), quality]),
        np.concatenate([np.full(len(stated), -1), batch]),
        np.concatenate([np.zeros(len(stated), np.int8), np.ones(len(pair), np.int8)]),
    )
    order = np.lexsort((points.read, points.time, points.device, points.pair))
    points = Points(*(column[order] for column in points))
    again = (np.diff(points.pair) == 0) & (np.diff(points.device) == 0) & (np.diff(points.time) == 0)
    kept = np.concatenate([[True], ~again])[: len(points.pair)]
    return Points(*(column[kept] for column in points))


def _device_of(held: Devices, pair: np.ndarray, time: np.ndarray) -> np.ndarray:
    """2k + 1 inside device row k, 2k + 2 in the hole after it, -1 before the first."""
    n = len(held.pair)
    if n == 0:
        return np.full(len(pair), -1)
    is_reading = np.repeat([0, 1], [n, len(pair)])
    order = np.lexsort((is_reading, np.concatenate([held.start, time]), np.concatenate([held.pair, pair])))
    ordinal = np.where(is_reading[order] == 0, order, -1)
    latest = np.empty(len(order), np.int64)
    latest[order] = np.maximum.accumulate(ordinal)
    k = latest[n:]
    mine = (k >= 0) & (held.pair[k] == pair)
    return np.where(mine, 2 * k + 1 + (time >= held.end[k]), -1)


def _across_zero(
    held: Devices, points: Points, a: np.ndarray, step: np.ndarray, span: np.ndarray
) -> np.ndarray:
    """The difference across zero of each step that is a plausible rollover, else 0."""
    device = points.device[a]
    across = np.zeros(len(a))
    back = np.flatnonzero((step < 0) & (device % 2 == 1) & (device >= 0))
    if len(back) == 0:
        return across
    full = 10.0 ** held.digits[(device[back] - 1) // 2]
    used = step[back] + full
    rate = np.where(step > 0, step / span, 0.0)
    edges = np.flatnonzero(np.diff(device, prepend=-2) | np.diff(points.pair[a], prepend=-1))
    fastest = np.maximum.reduceat(rate, edges)[np.searchsorted(edges, back, side="right") - 1]
    plausible = (
        (points.value[a][back] >= NEAR_ZERO * full)
        & (used <= LARGEST_STEP * full)
        & (used > 0)
        & ((fastest == 0) | (used / span[back] <= FASTEST * fastest))
    )  # comparisons with an unknown range (NaN) are false
    across[back[plausible]] = used[plausible]
    return across
