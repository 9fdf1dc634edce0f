"""Readings of one step as matrices: rows are (meter, channel), columns are slots of local time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tanlin.kernel.period import DAY, utc_offsets

WEEK = 7 * DAY


class Columns(NamedTuple):
    """Effective rows as arrays of one length (n), in the order (pair, start); a pair is a (meter, channel)."""

    pair: np.ndarray
    start: np.ndarray
    seconds: np.ndarray
    value: np.ndarray
    judged: np.ndarray  # False for what a person or a method put in: it is context, not under suspicion
    meter_id: np.ndarray  # (pairs)
    channel: list[str]  # (pairs)


class Dense(NamedTuple):
    """``value`` float64 (pairs, slots), NaN where nothing stands; ``row`` is the row of each cell, or -1.

    ``pair`` (pairs) are the numbers of the pairs; slots are ``step`` seconds long and fill whole weeks.
    """

    step: int
    pair: np.ndarray
    value: np.ndarray
    row: np.ndarray


class Names(NamedTuple):
    """The text of each code."""

    texts: pa.Array

    def take(self, codes: np.ndarray) -> pa.Array:
        return self.texts.take(pa.array(codes))


def encode(column: pa.ChunkedArray) -> tuple[np.ndarray, Names]:
    """Codes (n) of a text column, and the text of each."""
    one = pc.cast(column, pa.string()).combine_chunks()
    one = one.chunk(0) if isinstance(one, pa.ChunkedArray) else one
    codes = one.dictionary_encode()
    return codes.indices.to_numpy(zero_copy_only=False), Names(codes.dictionary)


def columns(current: pa.Table) -> Columns:
    """Rows of schema CURRENT in key order → arrays."""
    meter = current["meter_id"].to_numpy()
    code, names = encode(current["channel"])
    edge = np.ones(len(meter), bool)
    edge[1:] = (np.diff(meter) != 0) | (np.diff(code) != 0)
    return Columns(
        np.cumsum(edge) - 1,
        current["start"].to_numpy(),
        current["seconds"].to_numpy().astype(np.int64),
        current["value"].to_numpy(),
        pc.equal(current["quality"], "measured").to_numpy(),
        meter[edge],
        names.take(code[edge]).to_pylist(),
    )


def steps(rows: Columns) -> np.ndarray:
    """The commonest length of each pair's rows, int64 (pairs)."""
    if len(rows.seconds) and (rows.seconds == rows.seconds[0]).all():
        return np.full(len(rows.meter_id), rows.seconds[0])
    key, count = np.unique(rows.pair * (1 << 32) + rows.seconds, return_counts=True)
    pair, seconds = key >> 32, key & 0xFFFFFFFF
    out = np.zeros(len(rows.meter_id), np.int64)
    order = np.lexsort((-seconds, count))
    out[pair[order]] = seconds[order]
    return out


def dense(rows: Columns, step: np.ndarray, tz: str) -> Iterator[Dense]:
    """One matrix for each step that divides a day; other pairs (bills, registers read by hand) are left out."""
    for length in np.unique(step).tolist():
        if not 0 < length <= DAY or DAY % length:
            continue
        at = np.flatnonzero((rows.seconds == length) & (step[rows.pair] == length))
        local = rows.start[at] + utc_offsets(tz, rows.start[at])
        first = int(local.min()) // WEEK * WEEK
        slots = ((int(local.max()) - first) // WEEK + 1) * (WEEK // length)
        place = np.cumsum(np.diff(rows.pair[at], prepend=-1) != 0) - 1  # pairs lie in order
        pairs = rows.pair[at][np.diff(place, prepend=-1) != 0]
        value = np.full((len(pairs), slots), np.nan)
        row = np.full((len(pairs), slots), -1, np.int32)
        slot = (local - first) // length
        value[place, slot] = rows.value[at]
        row[place, slot] = at
        yield Dense(length, pairs, value, row)


def median(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Median along the last axis without NaN, and how many there were; NaN where there is none."""
    ordered = np.sort(values, axis=-1)
    count = (~np.isnan(ordered)).sum(axis=-1)
    low = np.take_along_axis(ordered, np.maximum((count - 1) // 2, 0)[..., None], -1)[..., 0]
    high = np.take_along_axis(ordered, np.minimum(count // 2, ordered.shape[-1] - 1)[..., None], -1)[..., 0]
    return np.where(count > 0, (low + high) / 2, np.nan), count


def runs(mask: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Stretches of True of a matrix (rows, columns): row, first column, end column (exclusive)."""
    padded = np.zeros((mask.shape[0], mask.shape[1] + 2), np.int8)
    padded[:, 1:-1] = mask
    step = np.diff(padded, axis=1)
    row, first = np.nonzero(step == 1)
    _, end = np.nonzero(step == -1)
    return row, first, end
