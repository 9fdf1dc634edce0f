"""From the inbox into the log: one batch per tree of places, then exactly the rows flushed leave the inbox.

A process that dies in between flushes the same rows again, and ``append`` finds that they are no news.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from django.db import connection

from tanlin.community import queries as community
from tanlin.kernel.errors import BadInput
from tanlin.kernel.units import factor_to_canonical
from tanlin.meter.gateways import AHEAD_SECONDS, CHANNELS, LAST_START, MOST_VALUE
from tanlin.meter.models import Gateway, GatewayPoint
from tanlin.meter.queries.gateways import Mapped, inbox, mapped, meters_numbered
from tanlin.meter.services.values import add_readings
from tanlin.readings import locked

#: Rows of one batch.
MOST_ROWS = 50_000
#: Source of the batches, for people.
SOURCE = "gateways"


@dataclass(frozen=True)
class Flushed:
    """Rows taken from the inbox, those that were news in the log, those held, and the batches."""

    rows: int = 0
    new: int = 0
    held: int = 0
    batches: int = 0

    def __add__(self, other: Flushed) -> Flushed:
        return Flushed(
            self.rows + other.rows, self.new + other.new, self.held + other.held, self.batches + other.batches
        )


class _Meaning(NamedTuple):
    """What one (source, point, unit, channel) means; ``reason`` is set where it means nothing."""

    meter: int = 0
    channel: str = "import"
    factor: float = 1.0
    root: int = 0
    reason: str = ""


def flush_all() -> Flushed:
    """Flush until nothing waits that was there at the beginning."""
    total, left = Flushed(), inbox().depth(10 * MOST_ROWS)
    while left > 0:
        done = flush()
        if not done.rows:
            break
        total, left = total + done, left - done.rows
    return total


def flush(most: int = MOST_ROWS) -> Flushed:
    """Take the oldest waiting rows into the log, or hold them with the reason.

    One flush at a time: of two, the one with the older rows might append last, and an old value would count.
    Raises what ``readings.services.append`` raises; the rows then wait on.
    """
    with locked("flush", connection):
        return _flush(most)


def _flush(most: int) -> Flushed:
    rows = inbox().waiting(most)
    if not rows.num_rows:
        return Flushed()
    codes, meanings = _meanings(rows)
    reasons = np.array([m.reason for m in meanings])[codes]
    reasons = np.where((reasons == "") & ~_in_time(rows), "time", reasons)
    values = rows["value"].to_numpy() * np.array([m.factor for m in meanings])[codes]
    reasons = np.where((reasons == "") & ~(np.abs(values) < MOST_VALUE), "not_finite", reasons)
    good = np.flatnonzero(reasons == "")
    new = batches = 0
    for root, table in _by_root(rows, good, codes, meanings, values):
        area = community.area_by_id(community.SYSTEM, root)
        batch = add_readings(table, source=SOURCE, actor=community.SYSTEM, area=area)
        new, batches = new + (batch.rows if batch else 0), batches + bool(batch)
    ids = rows["id"].to_numpy()
    held = {str(reason): ids[reasons == reason].tolist() for reason in np.unique(reasons) if reason}
    inbox().settle(ids[good].tolist(), held, _newest(rows, good))
    return Flushed(rows.num_rows, new, rows.num_rows - len(good), batches)


def _meanings(rows: pa.Table) -> tuple[np.ndarray, list[_Meaning]]:
    """Code of every row, and the meaning of each code."""
    names = ["source", "point", "unit", "channel"]
    keys = rows.select(names).group_by(names).aggregate([]).to_pylist()
    number = {tuple(key.values()): n for n, key in enumerate(keys)}
    columns = zip(*(rows[name].to_pylist() for name in names), strict=True)
    codes = np.fromiter((number[key] for key in columns), np.int64, rows.num_rows)
    sources = {key["source"] for key in keys}
    known = mapped(sources)
    missing = {(key["source"], key["point"]) for key in keys} - known.keys()
    if missing and _map_by_number(missing):
        known = mapped(sources)
    return codes, [_meaning(key, known.get((key["source"], key["point"]))) for key in keys]


def _map_by_number(missing: set[tuple[int, str]]) -> int:
    """Points that bear the number of exactly one meter of their place are that meter; how many were found."""
    fresh = []
    for gateway in Gateway.objects.filter(pk__in={source for source, _ in missing}).select_related("area"):
        names = sorted(point for source, point in missing if source == gateway.pk)
        for name, (meter, channel) in meters_numbered(gateway, names).items():
            fresh.append(GatewayPoint(gateway=gateway, name=name, meter_id=meter, channel=channel))
    GatewayPoint.objects.bulk_create(fresh, ignore_conflicts=True)
    return len(fresh)


def _meaning(key: dict[str, Any], point: Mapped | None) -> _Meaning:
    if point is None:
        return _Meaning(reason="unmapped")
    if key["channel"] not in CHANNELS:
        return _Meaning(reason="channel")
    try:
        factor = factor_to_canonical(key["unit"] or point.unit, point.carrier) * point.scale
    except BadInput:
        return _Meaning(reason="unit")
    return _Meaning(point.meter, key["channel"] or point.channel, factor, point.root)


def _in_time(rows: pa.Table) -> np.ndarray:
    start = rows["start"].to_numpy()
    return (start >= 0) & (start < min(LAST_START, int(time.time()) + AHEAD_SECONDS))


def _by_root(
    rows: pa.Table, good: np.ndarray, codes: np.ndarray, meanings: list[_Meaning], values: np.ndarray
) -> list[tuple[int, pa.Table]]:
    """(root area, readings) without doubles: of rows with one key the newest arrival counts."""
    if not len(good):
        return []
    code = codes[good]
    meter = np.array([m.meter for m in meanings], np.int64)[code]
    root = np.array([m.root for m in meanings], np.int64)[code]
    channel = np.array([CHANNELS.index(m.channel) for m in meanings], np.int64)[code]
    start, seconds = (rows[name].to_numpy()[good] for name in ("start", "seconds"))
    order = np.lexsort((rows["id"].to_numpy()[good], seconds, start, channel, meter))
    key = np.stack([meter, channel, start, seconds])[:, order]
    last = np.append((key[:, 1:] != key[:, :-1]).any(axis=0), True)
    keep = order[last]
    table = pa.table(
        {
            "meter_id": meter[keep],
            "channel": pc.take(pa.array(CHANNELS), pa.array(channel[keep])),
            "start": start[keep],
            "seconds": seconds[keep].astype(np.int32),
            "value": values[good][keep],
            "quality": pa.repeat("measured", len(keep)),
        }
    )
    return [(int(one), table.filter(pa.array(root[keep] == one))) for one in np.unique(root[keep])]


def _newest(rows: pa.Table, good: np.ndarray) -> list[tuple[Any, ...]]:
    """The newest reading of every point flushed: (source, point, start, seconds, value, arrival)."""
    some = rows.take(pa.array(good)).sort_by([("start", "ascending"), ("id", "ascending")])
    columns = [some[name].to_pylist() for name in ("source", "point", "start", "seconds", "value", "arrival")]
    return list({row[:2]: row for row in zip(*columns, strict=True)}.values())
