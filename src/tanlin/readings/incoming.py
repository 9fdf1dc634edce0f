"""Readings on their way in: staged on disk, checked, stripped of what is no news, put in order."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from tanlin.kernel.errors import BadInput, Text, Where
from tanlin.readings.engine import Engine, Source
from tanlin.readings.schema import LAST_START, LOG, READINGS, conform, month_text
from tanlin.readings.store import Store

_KEY = ("meter_id", "channel", "start", "seconds")
_COLUMNS = ", ".join(READINGS.names)
_STAGED = READINGS.append(LOG.field("month"))


@dataclass(frozen=True)
class Incoming:
    """Checked readings in a staging file; ``months`` are their UTC months, ``first`` and ``last`` their starts.

    ``repeated`` says that some row is there more than once.
    """

    engine: Engine
    source: Source
    months: list[str]
    first: int
    last: int
    repeated: bool

    def news(self, log: Source) -> pa.RecordBatchReader | None:
        """The rows that differ from what counts in ``log``, by month and key; None if there is none.

        A measured value that comes again is no news either where a person or a method has spoken since: sent
        twice, it must not undo an edit.
        """
        match = " AND ".join(f"g.{column} = {{0}}.{column}" for column in _KEY)
        partition = ", ".join(_KEY)
        sql = f"""
            WITH known AS (
                SELECT {_COLUMNS}, ROW_NUMBER() OVER (PARTITION BY {partition} ORDER BY batch DESC) AS n,
                    ROW_NUMBER() OVER (PARTITION BY {partition}, quality ORDER BY batch DESC) AS of_quality
                FROM (SELECT {", ".join(f"o.{name}" for name in LOG.names)} FROM log o
                    JOIN given g ON {match.format("o")}
                    WHERE o.start BETWEEN {self.first} AND {self.last}) AS met),
            fresh AS (
                SELECT {"DISTINCT" if self.repeated else ""} {", ".join(f"g.{name}" for name in _STAGED.names)}
                FROM given g LEFT JOIN known o ON {match.format("o")} AND o.n = 1
                LEFT JOIN known w ON {match.format("w")} AND w.of_quality = 1 AND w.quality = 'measured'
                WHERE o.n IS NULL OR ((o.value <> g.value OR o.quality <> g.quality)
                    AND NOT (g.quality = 'measured' AND w.n IS NOT NULL AND w.value = g.value)))
            SELECT {", ".join(_STAGED.names)} FROM fresh ORDER BY month, {partition}"""
        reader = self.engine.stream(sql, {"given": self.source, "log": log})
        first = next((batch for batch in reader if batch.num_rows), None)
        if first is None:
            return None

        def batches() -> Iterator[pa.RecordBatch]:
            yield first
            yield from reader

        return pa.RecordBatchReader.from_batches(reader.schema, batches())

    def as_batch(self, fresh: pa.RecordBatchReader, number: int) -> pa.RecordBatchReader:
        """The same rows as rows of the log."""

        def batches() -> Iterator[pa.RecordBatch]:
            for batch in fresh:
                whole = batch.append_column("batch", pa.repeat(pa.scalar(number, pa.int64()), batch.num_rows))
                yield whole.select(LOG.names).cast(LOG)

        return pa.RecordBatchReader.from_batches(LOG, batches())


@contextmanager
def incoming(store: Store, rows: pa.Table | pa.RecordBatchReader) -> Iterator[Incoming]:
    """Stage and check readings (schema READINGS). Raises BadInput; nothing is stored then."""
    with store.staging() as folder:
        file = folder / "incoming.parquet"
        _stage(rows, file)
        source = Source(_STAGED, (str(file),))
        _check_cells(store.engine, source)
        repeated = _check_keys(store.engine, source)
        sql = "SELECT month, MIN(start) AS first, MAX(start) AS last FROM given GROUP BY month ORDER BY month"
        months = store.engine.query(sql, {"given": source}).to_pydict()
        first, last = min(months["first"], default=0), max(months["last"], default=0)
        yield Incoming(store.engine, source, months["month"], first, last, repeated)


def _stage(rows: pa.Table | pa.RecordBatchReader, file: Path) -> None:
    batches = rows.to_batches() if isinstance(rows, pa.Table) else rows
    conform(rows.schema.empty_table(), READINGS)  # an empty table is checked too
    # Least and greatest leave NaN out, and an engine that trusts them would not find it.
    measured = [name for name in _STAGED.names if name != "value"]
    with pq.ParquetWriter(file, _STAGED, compression="zstd", write_statistics=measured) as writer:
        for batch in batches:
            table = conform(pa.Table.from_batches([batch]), READINGS)
            start = table["start"].fill_null(0).to_numpy()  # a missing start is refused later
            writer.write_table(table.append_column(_STAGED.field("month"), month_text(start)))


_BAD_CELLS = {
    "meter_id": ("meter_id IS NULL", "为空", "is empty"),
    "channel": ("channel IS NULL", "为空", "is empty"),
    "start": (
        f"start IS NULL OR start < 0 OR start >= {LAST_START}",
        "须在 1970 年至 2199 年之间",
        "must be from 1970 to 2199",
    ),
    "seconds": ("seconds IS NULL OR seconds < 0", "须为 0 或正整数", "must be 0 or positive"),
    "value": ("value IS NULL OR NOT ABS(value) < 1e300", "不是有限的数", "is not a finite number"),
    "quality": (
        """quality IS NULL OR (
            quality NOT IN ('measured', 'edited', 'rejected') AND quality NOT LIKE 'estimated:_%')""",
        "须为 measured、edited、rejected 或 estimated:方法",
        "must be measured, edited, rejected or estimated:METHOD",
    ),
}


def _check_cells(engine: Engine, source: Source) -> None:
    for column, (bad, zh, en) in _BAD_CELLS.items():
        found = engine.query(f"SELECT {_COLUMNS} FROM given WHERE {bad} LIMIT 1", {"given": source})
        if found.num_rows:
            row = found.to_pylist()[0]
            raise BadInput(
                "readings.bad_cell",
                Text(
                    f"计量点 {row['meter_id']}（时间 {row['start']}）的 {column} {zh}。",
                    f"{column} of meter {row['meter_id']} at {row['start']} {en}.",
                ),
                where=Where(column=column, value=str(row[column])),
            )


def _check_keys(engine: Engine, source: Source) -> bool:
    """Whether a key is there more than once. Raises BadInput where its rows are not equal."""
    key = ", ".join(_KEY)
    sql = f"SELECT {key} FROM given GROUP BY {key} HAVING COUNT(*) > 1 LIMIT 1"
    if not engine.query(sql, {"given": source}).num_rows:
        return False
    sql = f"""SELECT {key}, MIN(value) AS low, MAX(value) AS high FROM given GROUP BY {key}
        HAVING MIN(value) <> MAX(value) OR MIN(quality) <> MAX(quality) LIMIT 1"""
    found = engine.query(sql, {"given": source}).to_pylist()
    if found:
        row = found[0]
        raise BadInput(
            "readings.two_values",
            Text(
                f"计量点 {row['meter_id']} 在同一时间（{row['start']}）有两个不同的读数。",
                f"Meter {row['meter_id']} has two different readings at one time ({row['start']}).",
            ),
            remedy=Text("每个时间只保留一个读数。", "Keep one reading for each time."),
            where=Where(value=f"{row['low']} / {row['high']}"),
        )
    return True
