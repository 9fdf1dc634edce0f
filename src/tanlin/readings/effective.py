"""From the log to the effective intervals: what was really used, each second counted once.

The newest batch of each (meter, channel, start, seconds) stands; rejected rows fall out; registers are
differenced (``registers.py``); where intervals overlap, the shorter stand where they fill the longer,
else the longer, and estimates give way (``overlap.py``). The result depends neither on the order of the rows nor on how
meters are divided over calls.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from tanlin.readings.labels import Labels, encode, quality_labels
from tanlin.readings.overlap import once
from tanlin.readings.registers import PROBLEMS, difference
from tanlin.readings.schema import CURRENT, DEVICES, LOG, conform, month_text

__all__ = ["PROBLEMS", "Effective", "derive", "log_rows"]


class Effective(NamedTuple):
    """``rows`` (schema CURRENT, key order) and ``problems`` (schema PROBLEMS): register steps left as gaps."""

    rows: pa.Table
    problems: pa.Table


class Rows(NamedTuple):
    """Columns as arrays of one length, in the order (pair, start, seconds); a pair is a (meter, channel)."""

    pair: np.ndarray
    start: np.ndarray
    seconds: np.ndarray
    value: np.ndarray
    quality: np.ndarray
    batch: np.ndarray

    def take(self, index: np.ndarray) -> Rows:
        return Rows(*(column[index] for column in self))


def log_rows(readings: pa.Table) -> pa.Table:
    """Readings as rows of the log: batch 0 unless given, month from start. Raises BadInput."""
    rows = conform(readings, pa.schema([f for f in LOG if f.name != "month"]), {"batch": 0})
    return rows.append_column("month", month_text(rows["start"].to_numpy()))


def derive(log: pa.Table, devices: pa.Table | None = None) -> Effective:
    """Effective rows of the unvoided log rows of whole (meter, channel) histories.

    Args:
        log: columns of schema LOG (month not needed), any order.
        devices: schema DEVICES; none means that no register ever rolled over or was exchanged.
    """
    if log.num_rows == 0:
        return Effective(CURRENT.empty_table(), PROBLEMS.empty_table())
    channel_codes, channels = encode(log["channel"])
    quality_codes, qualities = quality_labels(log["quality"])
    meter = log["meter_id"].to_numpy()
    order = _newest(log, meter, channel_codes, quality_codes)
    meter, channel = meter[order], channel_codes[order]
    pair = np.concatenate([[0], np.cumsum((np.diff(meter) != 0) | (np.diff(channel) != 0))])
    first = np.flatnonzero(np.diff(pair, prepend=-1))
    start, seconds, value, batch = (
        log[name].to_numpy()[order] for name in ("start", "seconds", "value", "batch")
    )
    rows = Rows(pair, start, seconds, value, quality_codes[order], batch)
    if "rejected" in qualities.texts:
        rows = rows.take(np.flatnonzero(rows.quality != qualities.texts.index("rejected")))
    keys = pa.table({"meter_id": meter[first], "channel": channels.take(channel[first])})
    rows, problems = _without_registers(rows, keys, qualities, devices)
    estimates = np.array([text.startswith("estimated") for text in qualities.texts], bool)
    rows = rows.take(once(rows.pair, rows.start, rows.seconds, rows.batch, estimates[rows.quality]))
    return Effective(_table(rows, keys, qualities), problems)


def _newest(log: pa.Table, meter: np.ndarray, channel: np.ndarray, quality: np.ndarray) -> np.ndarray:
    """Index of the newest row of each key, in key order; equal batches resolved by quality, then value."""
    start, seconds = log["start"].to_numpy(), log["seconds"].to_numpy()
    key, batch = [meter, channel, start, seconds], log["batch"].to_numpy()
    order = np.arange(len(meter))
    if not _increasing((*key, batch)):
        order = np.lexsort((log["value"].to_numpy(), -quality, batch, *reversed(key)))
        key = [column[order] for column in key]
    last = np.zeros(len(order), bool)
    last[-1] = True
    for column in key:
        last[:-1] |= np.diff(column) != 0
    return order[last]


def _increasing(key: Sequence[np.ndarray]) -> bool:
    """Whether rows already lie in strict key order, as they do when the store has sorted them."""
    settled = np.zeros(len(key[0]) - 1, bool)
    for column in key:
        step = np.diff(column)
        if (~settled & (step < 0)).any():
            return False
        settled |= step > 0
    return bool(settled.all())


def _without_registers(
    rows: Rows, keys: pa.Table, qualities: Labels, devices: pa.Table | None
) -> tuple[Rows, pa.Table]:
    """Register readings replaced by the intervals between them."""
    is_register = rows.seconds == 0
    if not is_register.any():
        return rows, PROBLEMS.empty_table()
    registers = rows.take(np.flatnonzero(is_register))
    devices = conform(devices, DEVICES) if devices is not None else DEVICES.empty_table()
    made, problems = difference(
        registers.pair,
        registers.start,
        registers.value,
        registers.quality,
        registers.batch,
        keys,
        devices,
        qualities,
    )
    direct = rows.take(np.flatnonzero(~is_register))
    both = Rows(*(np.concatenate(columns) for columns in zip(direct, made, strict=True)))
    was_direct = np.arange(len(both.pair)) < len(direct.pair)
    order = np.lexsort((was_direct, both.batch, both.seconds, both.start, both.pair))
    both = both.take(order)
    same = (np.diff(both.pair) == 0) & (np.diff(both.start) == 0) & (np.diff(both.seconds) == 0)
    return both.take(np.flatnonzero(np.concatenate([~same, [True]])[: len(both.pair)])), problems


def _table(rows: Rows, keys: pa.Table, qualities: Labels) -> pa.Table:
    by_row = keys.take(pa.array(rows.pair))
    return pa.table(
        [
            by_row["meter_id"],
            by_row["channel"],
            pa.array(rows.start),
            pa.array(rows.seconds.astype(np.int32)),
            pa.array(rows.value + 0.0),  # one zero: -0.0 would change a digest
            qualities.take(rows.quality),
            month_text(rows.start),
        ],
        schema=CURRENT,
    )
