"""A snapshot: the readings as they were at one moment, pinned by file lists, so that it never changes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from tanlin.readings.engine import Chunked, Engine, Source, default_engine
from tanlin.readings.schema import CURRENT, DAYS, DIGESTS, LOG, conform

_EMPTY = {
    "current": Source(CURRENT),
    "log": Source(LOG),
    "days": Source(DAYS),
    "digests": Source(DIGESTS),
}


@dataclass(frozen=True)
class Snapshot:
    """Views ``current``, ``log``, ``days`` and ``digests`` over pinned files or given tables.

    ``batch`` is the watermark: every batch up to it, and none after it, is inside (0 for given tables).
    """

    sources: Mapping[str, Source] = field(default_factory=lambda: _EMPTY)
    tables: Mapping[str, pa.Table] = field(default_factory=dict)
    batch: int = 0
    engine: Engine = field(default_factory=default_engine)

    @classmethod
    def from_table(
        cls, rows: pa.Table, devices: pa.Table | None = None, zones: pa.Table | None = None
    ) -> Snapshot:
        """A snapshot of readings that are in no store; see ``schema.READINGS`` for the columns.

        ``days`` is filled when ``zones`` (meter_id, tz) is given. Raises BadInput for a missing column.
        """
        from tanlin.readings.days import daily
        from tanlin.readings.effective import derive, log_rows

        log = log_rows(rows)
        current = derive(log, devices).rows
        tables = {"log": log, "current": current}
        if zones is not None:
            tables["days"] = daily(current, zones)
        return cls(tables=tables)

    @classmethod
    def from_files(
        cls,
        files: Sequence[str | Path],
        devices: pa.Table | None = None,
        zones: pa.Table | None = None,
    ) -> Snapshot:
        """Like ``from_table``, from Parquet files with the columns of ``schema.READINGS``."""
        tables = [conform(pq.read_table(file), _file_schema(file), {"batch": 0}) for file in files]
        rows = pa.concat_tables(tables) if tables else LOG.empty_table()
        return cls.from_table(rows, devices, zones)

    def query(self, sql: str, **frames: pa.Table) -> pa.Table:
        """Ask the views, and the given frames by their names, one SQL text in the portable subset."""
        return self.engine.query(sql, self._sources(), {**self.tables, **frames})

    def map_batches(
        self,
        fn: Callable[[pa.Table], pa.Table],
        columns: Sequence[str],
        meters: int = 512,
        where: str = "",
        view: str = "current",
        **frames: pa.Table,
    ) -> pa.Table:
        """Apply ``fn`` to ``columns`` of whole meters, at most ``meters`` at once, and join the results.

        ``fn`` sees rows in key order and, where there is no meter at all, one empty table. A distributed
        engine runs it on several machines at once, so it may depend on nothing but its argument. ``where``
        is a predicate on the view; it may use the frames.
        """
        keep = f"({where})" if where else "1 = 1"
        ids = self.query(f"SELECT DISTINCT meter_id FROM {view} WHERE {keep} ORDER BY meter_id", **frames)
        if not ids.num_rows:
            return fn(self.query(f"SELECT {', '.join(columns)} FROM {view} WHERE 1 = 0", **frames))
        order = ("meter_id", "channel", "day" if view == "days" else "start")
        keys = tuple(f"key_{name}" for name in order)
        picked = [*columns, *(f"{name} AS {key}" for name, key in zip(order, keys, strict=True))]
        sql = f"SELECT {', '.join(picked)} FROM {view} WHERE {keep}"
        chunks = ids.append_column("chunk", pa.array(np.arange(ids.num_rows) // meters))
        return pa.concat_tables(
            self.engine.map(fn, Chunked(sql, keys, chunks), self._sources(), {**self.tables, **frames})
        )

    def _sources(self) -> dict[str, Source]:
        return {name: source for name, source in self.sources.items() if name not in self.tables}


def _file_schema(file: str | Path) -> pa.Schema:
    """The readings' columns, and the batch where the file has one."""
    from tanlin.readings.schema import READINGS

    has_batch = "batch" in pq.read_schema(file).names
    return READINGS.append(pa.field("batch", pa.int64())) if has_batch else READINGS
