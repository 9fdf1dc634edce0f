"""DuckDB, embedded: the engine that needs no server. The only place of the room with a dialect."""

from __future__ import annotations

import atexit
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

import duckdb
import pyarrow as pa

from tanlin.readings.adapters.shape import checked, partition_columns, plain
from tanlin.readings.engine import Chunked, Source

#: Rows up to which a given frame is copied, so that it has statistics.
_SMALL = 1_000_000


class DuckDBEngine:
    """One in-memory database a process; every question gets a connection of its own.

    Args:
        memory: limit of the whole process's engine, default ``TANLIN_MEMORY`` or 2GB; beyond it work
            spills to ``temp`` (default a private folder). threads: default ``TANLIN_THREADS`` or all cores.
    """

    def __init__(
        self, memory: str | None = None, threads: int | None = None, temp: Path | None = None
    ) -> None:
        self._config: dict[str, str | bool | int | float | list[str]] = {
            "memory_limit": memory or os.environ.get("TANLIN_MEMORY", "2GB"),
            "threads": threads or int(os.environ.get("TANLIN_THREADS") or os.cpu_count() or 1),
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "preserve_insertion_order": "false",
            "default_null_order": "nulls_first_on_asc_last_on_desc",  # as Spark does
        }
        self._temp = temp
        self._base: duckdb.DuckDBPyConnection | None = None
        self._pid = 0

    def query(
        self, sql: str, tables: Mapping[str, Source], frames: Mapping[str, pa.Table] | None = None
    ) -> pa.Table:
        """The whole answer as a table."""
        with self._session(_named(sql, tables), frames or {}) as connection:
            answer = connection.sql(sql).to_arrow_table()
            return answer.cast(plain(answer.schema))

    def stream(
        self,
        sql: str,
        tables: Mapping[str, Source],
        frames: Mapping[str, pa.Table | pa.RecordBatchReader] | None = None,
        rows: int = 131_072,
    ) -> pa.RecordBatchReader:
        """The answer in batches; the connection lives as long as the reader."""
        return self._session(_named(sql, tables), frames or {}).sql(sql).to_arrow_reader(rows)

    def map(
        self,
        fn: Callable[[pa.Table], pa.Table],
        rows: Chunked,
        tables: Mapping[str, Source],
        frames: Mapping[str, pa.Table] | None = None,
    ) -> list[pa.Table]:
        """One chunk after the other; a range of meters lets DuckDB skip row groups."""
        numbers = rows.chunks.group_by("chunk").aggregate([("meter_id", "min"), ("meter_id", "max")])
        answers = []
        for chunk in numbers.sort_by("chunk").to_pylist():
            low, high = chunk["meter_id_min"], chunk["meter_id_max"]
            sql = f"""SELECT * FROM ({rows.sql}) AS r WHERE {rows.keys[0]} BETWEEN {low} AND {high}
                ORDER BY {", ".join(rows.keys)}"""
            answers.append(fn(self.query(sql, tables, frames).drop_columns(list(rows.keys))))
        return answers

    def _session(
        self,
        tables: Mapping[str, Source],
        frames: Mapping[str, pa.Table | pa.RecordBatchReader],
    ) -> duckdb.DuckDBPyConnection:
        connection = self._database().cursor()
        connection.execute("SET TimeZone = 'UTC'")
        for name, source in tables.items():
            _open(connection, checked(name), source)
        for name, frame in frames.items():
            _give(connection, checked(name), frame)
        return connection

    def _database(self) -> duckdb.DuckDBPyConnection:
        # The database's threads do not survive a fork, so a forked worker opens its own.
        if self._base is None or self._pid != os.getpid():
            config = {**self._config, "temp_directory": str(self._temp or _private_folder())}
            self._base, self._pid = duckdb.connect(":memory:", config=config), os.getpid()
            self._base.execute("SET GLOBAL parquet_metadata_cache = true")  # files of the store never change
        return self._base


def _named(sql: str, tables: Mapping[str, Source]) -> dict[str, Source]:
    """The tables that a question names: opening the others would cost more than a small question itself."""
    words = {word.lower() for word in re.findall(r"\w+", sql)}
    return {name: source for name, source in tables.items() if name.lower() in words}


def _give(connection: duckdb.DuckDBPyConnection, name: str, frame: pa.Table | pa.RecordBatchReader) -> None:
    """A small frame becomes a table, whose ranges the planner knows: dense integer keys then join by position."""
    if isinstance(frame, pa.Table) and 0 < frame.num_rows <= _SMALL:
        connection.register(f"{name}_given", frame)
        connection.execute(f'CREATE TEMP TABLE "{name}" AS FROM "{name}_given"')
        connection.unregister(f"{name}_given")
    else:
        connection.register(name, frame)


def _private_folder() -> str:
    """A folder only this user can read, for what does not fit in memory; gone when the process ends."""
    folder = tempfile.mkdtemp(prefix="tanlin-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def _open(connection: duckdb.DuckDBPyConnection, name: str, source: Source) -> None:
    if not source.files:
        connection.register(name, source.schema.empty_table())
        return
    files = ", ".join(_quoted(file) for file in source.files)
    columns = ", ".join(source.schema.names)
    partitions = _partitions(source)
    hive = f", hive_partitioning = {bool(partitions)}"
    hive += f", hive_types = {{{partitions}}}" if partitions else ""
    connection.execute(
        f"CREATE TEMP VIEW {name} AS SELECT {columns} FROM read_parquet([{files}]{hive})"
        + (f" WHERE {source.where}" if source.where else "")
    )


def _partitions(source: Source) -> str:
    """Directory columns read as text, else "202501" would turn into a number."""
    names = [name for name in partition_columns(source.files[0]) if name in source.schema.names]
    return ", ".join(f"'{name}': 'VARCHAR'" for name in names)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
