"""Digests of effective rows: what a receipt pins readings by.

A row is packed little-endian, without padding, as meter_id i8, channel u8, start i8, seconds i4, value f8,
quality u8, where a text is the first eight bytes of its SHA-256. A meter-month digest is SHA-256 over the
packed rows of one meter, channel and UTC month of start, in order of start; a set digest is SHA-256 over
the sorted meter-month digests, so that nothing is hashed twice.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tanlin.readings.labels import encode
from tanlin.readings.schema import CURRENT, DIGESTS

_ROW = np.dtype(
    [
        ("meter_id", "<i8"),
        ("channel", "<u8"),
        ("start", "<i8"),
        ("seconds", "<i4"),
        ("value", "<f8"),
        ("quality", "<u8"),
    ]
)
_PREFIX = "sha256:"


def digests(rows: pa.Table) -> pa.Table:
    """Meter-month digests (schema DIGESTS) of effective rows (schema CURRENT) in key order."""
    if rows.num_rows == 0:
        return DIGESTS.empty_table()
    channel, channels = encode(rows["channel"])
    quality, qualities = encode(rows["quality"])
    packed = np.empty(rows.num_rows, _ROW)
    for name in ("meter_id", "start", "seconds", "value"):
        packed[name] = rows[name].to_numpy()
    packed["value"] += 0.0  # one zero
    packed["channel"] = _hashed(channels.texts)[channel]
    packed["quality"] = _hashed(qualities.texts)[quality]
    month, _ = encode(rows["month"])
    edge = (np.diff(packed["meter_id"]) != 0) | (np.diff(channel) != 0) | (np.diff(month) != 0)
    first = np.concatenate([[0], np.flatnonzero(edge) + 1])
    last = np.append(first[1:], rows.num_rows)
    view = packed.view(np.uint8).data
    size = _ROW.itemsize
    hashes = [
        _PREFIX + hashlib.sha256(view[a * size : b * size]).hexdigest()
        for a, b in zip(first.tolist(), last.tolist(), strict=True)
    ]
    keys = rows.select(["meter_id", "channel", "month"]).take(pa.array(first))
    return pa.table([*keys.columns, pa.array(last - first), pa.array(hashes, pa.string())], schema=DIGESTS)


def digested(
    batches: Iterable[pa.RecordBatch], meters: pa.Array, found: list[pa.Table]
) -> Iterator[pa.RecordBatch]:
    """Pass effective rows on, in key order, and add the digests of the given meters to ``found``."""
    rest = CURRENT.empty_table()
    for batch in batches:
        yield batch
        rows = pa.Table.from_batches([batch], CURRENT)
        rows = pa.concat_tables([rest, rows.filter(pc.is_in(rows["meter_id"], meters))])
        last = rows.num_rows - _last_meter(rows)  # the next batch may hold more of it
        found.append(digests(rows.slice(0, last)))
        rest = rows.slice(last)
    found.append(digests(rest))


def _last_meter(rows: pa.Table) -> int:
    """How many rows at the end are of one meter."""
    meter = rows["meter_id"].to_numpy()
    return len(meter) - int(np.searchsorted(meter, meter[-1])) if len(meter) else 0


def set_digest(meter_months: pa.Table | Iterable[str]) -> str:
    """``sha256:<hex>`` of a set of meter-month digests, given as a DIGESTS table or as texts."""
    texts = meter_months["digest"].to_pylist() if isinstance(meter_months, pa.Table) else meter_months
    whole = hashlib.sha256()
    for text in sorted(texts):
        whole.update(bytes.fromhex(text.removeprefix(_PREFIX)))
    return _PREFIX + whole.hexdigest()


def _hashed(texts: list[str]) -> np.ndarray:
    return np.array([int.from_bytes(hashlib.sha256(t.encode()).digest()[:8], "little") for t in texts], "u8")
