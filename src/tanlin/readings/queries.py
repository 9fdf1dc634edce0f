"""Reads of the store. They take meter ids, not users: the room that owns the meters proves the right first.

At the end: which batches count (the watermark, and what was undone or never finished).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from django.db.models import Count, Max, Min, Q

from tanlin.kernel.errors import Conflict, Text
from tanlin.kernel.paths import home
from tanlin.readings import refresh as refreshing
from tanlin.readings.days import daily
from tanlin.readings.digest import digests as digest_of
from tanlin.readings.effective import derive
from tanlin.readings.engine import Source
from tanlin.readings.models import Batch, State
from tanlin.readings.refresh import Versions
from tanlin.readings.schema import DIGESTS, READINGS
from tanlin.readings.snapshot import Snapshot
from tanlin.readings.store import Store

__all__ = ["AsOf", "as_of", "batches", "digests", "latest", "snapshot", "status", "touched", "watermark"]

_IDS = pa.schema([("meter_id", pa.int64())])


class AsOf(NamedTuple):
    """Effective rows as they were (view ``current``; ``days`` where zones were given), and their digests."""

    snapshot: Snapshot
    digests: pa.Table


def snapshot(batch: int | None = None) -> Snapshot:
    """What readers see now, pinned. With ``batch``, raises Conflict unless that batch is inside."""
    state = State.objects.filter(pk=1).first()
    seen = state.watermark if state else 0
    if batch is not None and batch > seen:
        raise Conflict(
            "readings.not_refreshed",
            Text(f"第 {batch} 批读数尚未整理。", f"Batch {batch} is not refreshed yet."),
            remedy=Text("请运行 tanlin work --once。", "Run tanlin work --once."),
        )
    if state is None:
        return Snapshot()
    place = store()
    return Snapshot(_sources(place.root, versions(state), live(seen)), batch=seen, engine=place.engine)


@lru_cache(maxsize=4)
def _sources(root: Path, pinned: Versions, counting: str) -> Mapping[str, Source]:
    """The files of pinned versions; they never change, and opening four tables is most of a small read."""
    place = Store(root)
    return {
        "current": place.source("current", pinned.current),
        "days": place.source("days", pinned.days),
        "digests": place.source("digests", pinned.digests),
        "log": place.source("log", pinned.log, where=counting),
    }


def digests(meter_ids: Iterable[int], first_month: str, last_month: str) -> pa.Table:
    """Meter-month digests (schema DIGESTS, key order) of UTC months "YYYY-MM", both ends included."""
    state = State.objects.filter(pk=1).first()
    if state is None:
        return DIGESTS.empty_table()
    place = store()
    months = [m for m in place.months("digests", state.digests) if first_month <= m <= last_month]
    sql = """SELECT d.* FROM d JOIN ids i ON d.meter_id = i.meter_id
        ORDER BY d.meter_id, d.channel, d.month"""
    source = place.source("digests", state.digests, months)
    return place.engine.query(sql, {"d": source}, {"ids": _ids(meter_ids)}).cast(DIGESTS)


def latest(meter_ids: Iterable[int]) -> pa.Table:
    """The reading that ends last of each (meter, channel), of those that count (schema READINGS).

    Months are searched backwards, more at a time, until every meter, and every channel that ever had an
    interval, has one.
    """
    place, upto = store(), watermark()
    found = [READINGS.empty_table()]
    if upto == 0:
        return found[0]
    meters = set(meter_ids)
    channels = _keys(digests(meters, "0000", "9999"))
    meters -= {meter for meter, _ in channels}
    done: set[tuple[int, str]] = set()
    months, width = place.months("log")[::-1], 2
    while months and (meters or channels):
        wanted = meters | {meter for meter, _ in channels}
        source = place.source("log", months=months[:width], where=live(upto))
        part = place.engine.query(_LATEST, {"log": source}, {"ids": _ids(wanted)}).cast(READINGS)
        keys = _keys(part)
        found.append(part.filter(pa.array([key not in done for key in keys], pa.bool_())))
        done.update(keys)
        meters -= {meter for meter, _ in keys}
        channels = [key for key in channels if key not in done]
        months, width = months[width:], width * 2
    return pa.concat_tables(found).sort_by([("meter_id", "ascending"), ("channel", "ascending")])


_LATEST = f"""
    WITH newest AS (
        SELECT l.*, ROW_NUMBER() OVER (
            PARTITION BY l.meter_id, l.channel, l.start, l.seconds ORDER BY l.batch DESC) AS n
        FROM log l JOIN ids i ON l.meter_id = i.meter_id),
    ordered AS (
        SELECT newest.*, ROW_NUMBER() OVER (
            PARTITION BY meter_id, channel ORDER BY start + seconds DESC, seconds, start) AS last_first
        FROM newest WHERE n = 1 AND quality <> 'rejected')
    SELECT {", ".join(READINGS.names)} FROM ordered WHERE last_first = 1"""


def as_of(
    batch: int,
    meter_ids: Iterable[int],
    devices: pa.Table | None,
    first_es: int,
    last_es: int,
    zones: pa.Table | None = None,
) -> AsOf:
    """The effective rows of meters at watermark ``batch``, in whole UTC months that hold [first_es, last_es).

    Derived by the same function as ``current``, so equal readings give equal digests. Raises Conflict for
    a batch above the watermark.
    """
    if batch > watermark():
        raise Conflict(
            "readings.no_such_watermark",
            Text(f"第 {batch} 批读数尚未提交。", f"Batch {batch} is not committed."),
        )
    place = store()
    if batch == 0:
        return AsOf(Snapshot(), DIGESTS.empty_table())
    log = place.version("log")
    span = np.arange(
        np.datetime64(first_es, "s").astype("datetime64[M]"),
        np.datetime64(max(last_es - 1, first_es), "s").astype("datetime64[M]") + 1,
    )
    months = span.astype(str).tolist()
    touched = place.engine.query(
        "SELECT DISTINCT l.meter_id, l.channel, l.month FROM log l JOIN ids i ON l.meter_id = i.meter_id",
        {"log": place.source("log", log)},
        {"ids": _ids(meter_ids)},
    )
    pairs = refreshing.scope(place, log, touched)
    inside = touched.filter(pc.is_in(touched["month"], pa.array(months)))
    order = "r.meter_id, r.channel, r.start, r.seconds, r.batch"
    source = place.source("log", log, where=live(batch))
    rows = [
        derive(refreshing.select(place, source, part, inside, order), devices).rows
        for part in refreshing.chunks(pairs)
    ]
    current = pa.concat_tables(rows) if rows else derive(source.schema.empty_table()).rows
    current = current.filter(pc.is_in(current["month"], pa.array(months)))
    tables = {"current": current}
    if zones is not None:
        tables["days"] = daily(current, zones)
    return AsOf(Snapshot(tables=tables, batch=batch, engine=place.engine), digest_of(current))


def touched(after: int) -> pa.Table:
    """What batches after a watermark brought, undid or brought back, up to what readers see.

    Columns meter_id, channel, day (epoch s of a UTC midnight) and until (where the last interval that starts on
    that day ends), in key order.
    """
    state = State.objects.filter(pk=1).first()
    news = Batch.objects.filter(
        number__gt=after, number__lte=state.watermark if state else 0, state=Batch.Status.COMMITTED
    )
    roots = {batch.number: batch for batch in map(root, news)}
    if state is None or not roots:
        return pa.schema([*DIGESTS][:2]).append(_DAY_OF).append(_UNTIL).empty_table()
    place = store()
    low = min(batch.first_start or 0 for batch in roots.values())
    high = max(batch.last_end or 0 for batch in roots.values())
    first, last = (str(np.datetime64(int(edge), "s").astype("datetime64[M]")) for edge in (low, high))
    months = [month for month in place.months("log", state.log) if first <= month <= last]
    sql = f"""SELECT meter_id, channel, start - start % 86400 AS day, MAX(start + seconds) AS until FROM log
        WHERE batch IN ({", ".join(map(str, sorted(roots)))})
        GROUP BY meter_id, channel, start - start % 86400 ORDER BY meter_id, channel, day"""
    return place.engine.query(sql, {"log": place.source("log", state.log, months)})


_DAY_OF, _UNTIL = pa.field("day", pa.int64()), pa.field("until", pa.int64())


def batches(source_prefix: str = "") -> list[Batch]:
    """The batches whose source begins with a text, newest first."""
    return list(Batch.objects.filter(source__startswith=source_prefix).order_by("-number"))


def status() -> dict[str, Any]:
    """Counts for people and monitoring: batches by state, watermarks, rows, months."""
    state = State.objects.filter(pk=1).first()
    counts = Batch.objects.values_list("state").annotate(n=Count("id")).order_by("state")
    found: dict[str, Any] = {
        "batches": dict(counts),
        "watermark": watermark(),
        "refreshed": state.watermark if state else 0,
        "refreshed_at": state.refreshed_at.isoformat() if state and state.refreshed_at else None,
        "last_committed_at": None,
        "rows": 0,
        "meters": 0,
        "first_month": None,
        "last_month": None,
    }
    last = Batch.objects.aggregate(at=Max("committed_at"))["at"]
    found["last_committed_at"] = last.isoformat() if last else None
    if state is not None:
        sql = """SELECT COUNT(*) AS rows, COUNT(DISTINCT meter_id) AS meters,
            MIN(month) AS first_month, MAX(month) AS last_month FROM current"""
        found |= snapshot().query(sql).to_pylist()[0]
    return found


def _keys(table: pa.Table) -> list[tuple[int, str]]:
    return list(zip(table["meter_id"].to_pylist(), table["channel"].to_pylist(), strict=True))


def _ids(meter_ids: Iterable[int]) -> pa.Table:
    return pa.table({"meter_id": pa.array(sorted(set(meter_ids)), pa.int64())}, schema=_IDS)


def store() -> Store:
    """The tables of this installation."""
    return Store(home() / "readings")


def watermark() -> int:
    """The highest N with every batch up to N committed or void; 0 before the first."""
    found = Batch.objects.aggregate(
        first_open=Min("number", filter=Q(state=Batch.Status.OPEN)), last=Max("number")
    )
    return (found["first_open"] or (found["last"] or 0) + 1) - 1


def dead(number: int) -> set[int]:
    """The batches up to ``number`` whose rows do not count at that watermark.

    A batch is dead when it is void or when a batch that is itself not dead undoes it, so an undoing can be
    undone.
    """
    upto = Batch.objects.filter(number__lte=number)
    found = set(upto.filter(state=Batch.Status.VOID).values_list("number", flat=True))
    undoings = upto.filter(state=Batch.Status.COMMITTED, voids__isnull=False).order_by("-number")
    for undoing, target in undoings.values_list("number", "voids_id"):
        if undoing not in found:
            found.add(target)
    return found


def live(number: int) -> str:
    """SQL predicate of the log rows that count at watermark ``number``."""
    gone = ", ".join(str(batch) for batch in sorted(dead(number)))
    return f"batch <= {number}" + (f" AND batch NOT IN ({gone})" if gone else "")


def root(batch: Batch) -> Batch:
    """The batch with the rows that ``batch`` brought, undid or brought back."""
    while batch.voids is not None:
        batch = batch.voids
    return batch


def versions(state: State) -> Versions:
    """The table versions that readers see."""
    return Versions(state.log, state.current, state.days, state.digests)
