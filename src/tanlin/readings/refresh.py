"""Derive anew what new or undone batches touched, and rewrite only where something changed.

A (meter, channel) whose rows all lie inside one clock hour is derived UTC day by UTC day; any other (registers,
days, bills) over its full history, because one row may change its neighbours. Old and new effective rows
are compared; months, meter-days and digests are rewritten only where they differ. The tables move to new
versions that nobody reads until the caller publishes them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tanlin.readings.compare import altered_days, difference
from tanlin.readings.days import LONGEST, daily, touched_days
from tanlin.readings.digest import digested
from tanlin.readings.effective import derive
from tanlin.readings.engine import Source
from tanlin.readings.registers import PROBLEMS
from tanlin.readings.schema import CURRENT, DAYS, DIGESTS, LAST_START, PARTITION, month_text
from tanlin.readings.store import Store

#: Log rows derived at once.
ROWS_AT_ONCE = 2_000_000
DAYS_AT_ONCE = 80_000
_PAIR = [("meter_id", pa.int64()), ("channel", pa.string())]
_MONTH = pa.schema([*_PAIR, ("month", pa.string())])
_TOUCHED = _MONTH.append(pa.field("day", pa.int64()))
_SCOPE = pa.schema([*_PAIR, ("long", pa.int64()), ("n", pa.int64())])
_DAY = pa.schema([*_PAIR, ("day", pa.int32()), ("local_month", pa.string())])
_TEXTS = ["channel", "quality", "month"]
_OF_DAYS = "c.meter_id, c.channel, c.start, c.seconds, c.value, c.quality"
_UTC_DAY = "{0}.start - {0}.start % 86400"
_INSIDE_AN_HOUR = "seconds > 0 AND start % 3600 + seconds <= 3600"


@dataclass(frozen=True)
class Versions:
    """Delta versions that belong together."""

    log: int
    current: int
    days: int
    digests: int


@dataclass(frozen=True)
class Changes:
    """What a refresh found different.

    ``days``: meter_id, channel, day, local_month. ``months``: meter_id, channel, month (UTC).
    ``rows``: effective rows added, removed or altered. ``problems``: schema PROBLEMS, of what was derived.
    """

    days: pa.Table
    months: pa.Table
    rows: int
    problems: pa.Table


def touched(store: Store, log: int, batches: Iterable[int]) -> pa.Table:
    """The (meter_id, channel, month, day) that these batches hold rows of; day is a UTC midnight in epoch s."""
    numbers = ", ".join(str(number) for number in sorted(batches)) or "-1"
    day = _UTC_DAY.format("log")
    sql = f"SELECT DISTINCT meter_id, channel, month, {day} AS day FROM log WHERE batch IN ({numbers})"
    return store.engine.query(sql, {"log": store.source("log", log)}).cast(_TOUCHED)


def scope(store: Store, log: int, touched: pa.Table, meters: Iterable[int] = ()) -> pa.Table:
    """The pairs to derive, with ``long`` = 1 for full history, and ``n`` rows of the log to derive them from.

    ``meters`` are derived over their full history whatever their rows are.
    """
    whole = pa.table({"meter_id": pa.array(sorted(set(meters)), pa.int64())})
    by_day = "day" in touched.column_names
    first, last = ("MIN(day)", "MAX(day) + 86399") if by_day else ("0", str(LAST_START))
    sql = f"""
        WITH pairs AS (
            SELECT meter_id, channel, {first} AS first, {last} AS last FROM touched GROUP BY meter_id, channel),
        counted AS (
            SELECT l.meter_id AS meter_id, l.channel AS channel, COUNT(*) AS n,
                SUM(CASE WHEN l.start BETWEEN p.first AND p.last THEN 1 ELSE 0 END) AS near,
                CAST(MAX(CASE WHEN {_INSIDE_AN_HOUR} AND w.meter_id IS NULL THEN 0 ELSE 1 END) AS BIGINT) AS long
            FROM log l
            LEFT JOIN pairs p ON l.meter_id = p.meter_id AND l.channel = p.channel
            LEFT JOIN whole w ON l.meter_id = w.meter_id
            WHERE p.meter_id IS NOT NULL OR w.meter_id IS NOT NULL
            GROUP BY l.meter_id, l.channel)
        SELECT meter_id, channel, long, CASE WHEN long = 1 THEN n ELSE near END AS n
        FROM counted ORDER BY meter_id, channel"""
    frames = {"touched": touched, "whole": whole}
    if not touched.num_rows and not whole.num_rows:
        return _SCOPE.empty_table()
    least, most = _bounds(pa.chunked_array([*touched["meter_id"].chunks, *whole["meter_id"].chunks]))
    source = store.source("log", log, where=f"meter_id BETWEEN {least} AND {most}")
    return store.engine.query(sql, {"log": source}, frames).cast(_SCOPE)


def chunks(pairs: pa.Table, rows: int = ROWS_AT_ONCE) -> Iterator[pa.Table]:
    """The pairs in runs of about ``rows`` rows to derive from."""
    if pairs.num_rows:
        number = np.cumsum(pairs["n"].to_numpy()) // rows
        edges = [0, *(np.flatnonzero(np.diff(number)) + 1).tolist(), pairs.num_rows]
        for a, b in pairwise(edges):
            yield pairs.slice(a, b - a)


def select(store: Store, source: Source, pairs: pa.Table, touched: pa.Table, order: str) -> pa.Table:
    """Rows of the source, without month, in the scope of these pairs: full history where long, else touched days.

    Where ``touched`` names no days, whole months.
    """
    short = store.engine.query(
        "SELECT DISTINCT t.* FROM touched t "
        "JOIN pairs p ON t.meter_id = p.meter_id AND t.channel = p.channel WHERE p.long = 0",
        {},
        {"touched": touched, "pairs": pairs},
    )
    low, high = _bounds(pairs["meter_id"])
    inside = f"meter_id BETWEEN {low} AND {high}"  # lets the engine skip row groups
    if not pairs["long"].to_numpy().any():
        months = set(pc.unique(short["month"]).to_pylist())
        source = Source(source.schema, _within(source.files, months), source.where)
        if "day" in short.column_names and short.num_rows:
            first, last = _bounds(short["day"])
            inside += f" AND start BETWEEN {first} AND {last + 86_399}"
    columns = ", ".join(f"r.{name}" for name in source.schema.names if name != "month")  # it costs to sort
    sql = f"""
        SELECT {columns} FROM r
        JOIN pairs p ON r.meter_id = p.meter_id AND r.channel = p.channel
        LEFT JOIN short s ON {_near("r", "s", short)}
        WHERE p.long = 1 OR s.month IS NOT NULL
        ORDER BY {order}"""
    where = f"({source.where}) AND {inside}" if source.where else inside
    narrowed = Source(source.schema, source.files, where)
    return store.engine.query(sql, {"r": narrowed}, {"pairs": pairs, "short": short})


def _near(rows: str, touched: str, shape: pa.Table) -> str:
    """Join of rows with the touched days of their pair, or months where there are no days."""
    by_day = "day" in shape.column_names
    when = f"{_UTC_DAY.format(rows)} = {touched}.day" if by_day else f"{rows}.month = {touched}.month"
    return f"{rows}.meter_id = {touched}.meter_id AND {rows}.channel = {touched}.channel AND {when}"


def refresh(
    store: Store,
    pinned: Versions,
    live: str,
    touched: pa.Table,
    devices: pa.Table | None,
    zones: pa.Table,
    meters: Iterable[int] = (),
) -> tuple[Versions, Changes]:
    """Bring ``current``, ``days`` and ``digests`` from the pinned versions up to the log.

    Args:
        pinned: what readers see; ``log`` is the version to derive from. live: predicate of the log rows
            that count. touched: see ``touched``. meters: also those, over their full history, because
            their devices or zone changed.
    """
    for name in ("current", "days", "digests"):
        store.rewind(name, getattr(pinned, name))
    meters = sorted(set(meters))
    log = store.source("log", pinned.log, where=live)
    current = store.source("current", pinned.current)
    altered: list[pa.Table] = [_TOUCHED.empty_table()]
    days: list[pa.Table] = [_DAY.empty_table()]
    problems: list[pa.Table] = [PROBLEMS.empty_table()]
    rows = 0
    with store.staging() as folder:
        for number, pairs in enumerate(chunks(scope(store, pinned.log, touched, meters))):
            order = "r.meter_id, r.channel, r.start, r.seconds"
            new = derive(select(store, log, pairs, touched, order + ", r.batch"), devices)
            old = select(store, current, pairs, touched, order)
            problems.append(new.problems)
            keys, in_days, of_days = _altered(new.rows, old, zones, folder / f"{number:06}.parquet")
            rows += keys
            altered.append(in_days)
            days.append(of_days)
            del new, old  # or the next chunk would stand in memory beside them
        gone = pa.concat_tables(altered)
        in_months = gone.group_by(_MONTH.names).aggregate([]).cast(_MONTH)
        changes = Changes(pa.concat_tables(days), in_months, rows, pa.concat_tables(problems))
        return _write(store, pinned, changes, gone, folder, zones, meters)


def _altered(new: pa.Table, old: pa.Table, zones: pa.Table, file: Path) -> tuple[int, pa.Table, pa.Table]:
    """How many keys differ, on which UTC days (_TOUCHED) and local days (_DAY); new rows of the former in ``file``."""
    old = old.append_column("month", month_text(old["start"].to_numpy()))
    found = difference(new, old, "start")
    if found.keys == 0:
        return 0, _TOUCHED.empty_table(), _DAY.empty_table()
    in_days, kept = altered_days(found, new, old)
    rows = new if kept.all() else new.filter(pa.array(kept))
    pq.write_table(rows, file, use_dictionary=_TEXTS)
    names = ["meter_id", "channel", "start", "seconds"]
    differs = found.rows(new.select(names), old.select(names))
    short = differs.filter(
        pc.less_equal(differs["seconds"], LONGEST)
    )  # a longer one says nothing about a day
    return found.keys, in_days.cast(_TOUCHED), touched_days(short, zones).cast(_DAY)


def _write(
    store: Store,
    pinned: Versions,
    changes: Changes,
    gone: pa.Table,
    folder: Path,
    zones: pa.Table,
    meters: list[int],
) -> tuple[Versions, Changes]:
    current, hashed, days = pinned.current, pinned.digests, pinned.days
    months = sorted(set(changes.months["month"].to_pylist()))
    if months:
        fresh = Source(CURRENT, tuple(str(path) for path in sorted(folder.iterdir())))
        hashes = [DIGESTS.empty_table()]
        passing = partial(digested, meters=changes.months["meter_id"].unique(), found=hashes)
        current = _replace(store, "current", current, months, gone, fresh, passing)
        made = pa.concat_tables(hashes)
        old = pa.concat_tables([changes.months, made.select(_MONTH.names)])
        hashed = _replace(store, "digests", hashed, months, old, made)
    moved = _moved_days(store, current, days, zones, meters)
    changed = pa.concat_tables([changes.days, moved]).group_by(_DAY.names).aggregate([]).cast(_DAY)
    changed = changed.sort_by([(name, "ascending") for name in ("meter_id", "channel", "day")])
    if changed.num_rows:
        path = folder / "days"
        path.mkdir()
        for number, part in enumerate(_days_of(store, current, changed, zones)):
            pq.write_table(part, path / f"{number:06}.parquet")
        fresh = Source(DAYS, tuple(str(file) for file in sorted(path.iterdir())))
        in_months = sorted(set(changed["local_month"].to_pylist()))
        days = _replace(store, "days", days, in_months, changed, fresh)
    versions = Versions(pinned.log, current, days, hashed)
    return versions, Changes(changed, changes.months, changes.rows, changes.problems)


def _replace(
    store: Store,
    name: str,
    version: int,
    months: list[str],
    gone: pa.Table,
    fresh: Source | pa.Table,
    passing: Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]] = iter,
) -> int:
    """Rewrite months: what was there without the ``gone`` keys, and ``fresh``. A month is sorted at once.

    The rows of each month go through ``passing`` in key order.
    """
    schema, key, order = _SHAPES[name]
    partition = PARTITION[name]
    columns = [column for column in schema.names if column != partition]
    olds, names = ", ".join(f"old.{column}" for column in columns), ", ".join(columns)
    match = " AND ".join(f"{column.format('old')} = gone.{name}" for name, column in key.items())
    tables, frames = ({"fresh": fresh}, {}) if isinstance(fresh, Source) else ({}, {"fresh": fresh})

    # Opened before the write: delta-rs cannot open a table while it pulls rows for another.
    before = [(month, store.source(name, version, [month])) for month in months]

    def batches() -> Iterator[pa.RecordBatch]:
        for month, old in before:
            # An outer join is several times cheaper here than NOT EXISTS, and a sort without the month too.
            sql = f"""
                SELECT {names} FROM (
                    SELECT {olds} FROM old LEFT JOIN gone ON {match} WHERE gone.meter_id IS NULL
                    UNION ALL
                    SELECT {names} FROM fresh WHERE {partition} = '{month}') AS both_parts
                ORDER BY {order}"""
            rows = store.engine.stream(sql, {"old": old, **tables}, {"gone": gone, **frames})
            yield from passing(_in_partition(batch, month, schema) for batch in rows)

    return store.replace(name, months, pa.RecordBatchReader.from_batches(schema, batches()))


def _in_partition(batch: pa.RecordBatch, month: str, schema: pa.Schema) -> pa.RecordBatch:
    whole = pa.repeat(pa.scalar(month, pa.string()), batch.num_rows)
    columns = [whole if name not in batch.schema.names else batch[name] for name in schema.names]
    return pa.RecordBatch.from_arrays(columns, schema.names).cast(schema)


_KEY = {"meter_id": "{}.meter_id", "channel": "{}.channel"}
_SHAPES = {
    "current": (CURRENT, {**_KEY, "day": _UTC_DAY}, "meter_id, channel, start"),
    "digests": (DIGESTS, {**_KEY, "month": "{}.month"}, "meter_id, channel"),
    "days": (DAYS, {**_KEY, "day": "{}.day"}, "meter_id, channel, day"),
}


def _days_of(store: Store, current: int, wanted: pa.Table, zones: pa.Table) -> Iterator[pa.Table]:
    """The meter-days ``wanted`` (in key order), from the effective rows of their months."""
    for first in range(0, wanted.num_rows, DAYS_AT_ONCE):
        part = wanted.slice(first, DAYS_AT_ONCE)
        # A row of 25 h that touches a local day starts less than two UTC dates before it, in any zone.
        date = _date(part["day"].to_numpy())
        low, high = date - 2, date + 2
        spans = part.select(["meter_id", "channel"])
        for name, edge in (("low", low), ("high", high)):
            spans = spans.append_column(name, pa.array(edge.astype("datetime64[s]").astype(np.int64)))
        spans = spans.group_by(["meter_id", "channel"]).aggregate([("low", "min"), ("high", "max")])
        months = np.unique(np.concatenate([low, high - 1]).astype("datetime64[M]")).astype(str)
        source = store.source("current", current, months.tolist())
        least, most = _bounds(part["meter_id"])
        sql = f"""
            SELECT {_OF_DAYS} FROM current c JOIN spans s ON c.meter_id = s.meter_id AND c.channel = s.channel
            WHERE c.start >= s.low_min AND c.start < s.high_max
              AND c.seconds <= {LONGEST} AND c.meter_id BETWEEN {least} AND {most}
            ORDER BY c.meter_id, c.channel, c.start"""
        sums = daily(store.engine.query(sql, {"current": source}, {"spans": spans}), zones)
        sql = """SELECT d.* FROM d JOIN wanted w
            ON d.meter_id = w.meter_id AND d.channel = w.channel AND d.day = w.day
            ORDER BY d.meter_id, d.channel, d.day"""
        yield store.engine.query(sql, {}, {"d": sums, "wanted": part}).cast(DAYS)


def _date(day: np.ndarray) -> np.ndarray:
    """yyyymmdd (n) as datetime64[D] (n)."""
    month = (day // 10000 - 1970).astype("datetime64[Y]").astype("datetime64[M]") + (day // 100 % 100 - 1)
    return month.astype("datetime64[D]") + (day % 100 - 1)


def _moved_days(store: Store, current: int, days: int, zones: pa.Table, meters: list[int]) -> pa.Table:
    """Meter-days of ``meters`` whose sums are not what stands in ``days``: their zone may have changed."""
    if not meters:
        return _DAY.empty_table()
    whole = pa.table({"meter_id": pa.array(meters, pa.int64())})
    sql = "SELECT r.* FROM r JOIN whole w ON r.meter_id = w.meter_id ORDER BY r.meter_id, r.channel, r.{}"
    rows = store.engine.query(sql.format("start"), {"r": store.source("current", current)}, {"whole": whole})
    old = store.engine.query(sql.format("day"), {"r": store.source("days", days)}, {"whole": whole})
    new = daily(rows, zones)
    found = difference(new, old, "day").rows(new, old)
    return found.select(_DAY.names).group_by(_DAY.names).aggregate([]).cast(_DAY)


def _within(files: Iterable[str], months: set[str]) -> tuple[str, ...]:
    return tuple(file for file in files if file.rsplit("/", 2)[-2].removeprefix("month=") in months)


def _bounds(column: pa.ChunkedArray) -> tuple[int, int]:
    found = pc.min_max(column).as_py()
    return found["min"], found["max"]
