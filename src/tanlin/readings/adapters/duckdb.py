"""DuckDB, embedded: the engine that needs no server. The only place of the room with a dialect."""

from __future__ import annotations

import atexit
import os
import re
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

import duckdb
import pyarrow as pa

from tanlin.readings.engine import Source

#: UTC month "YYYY-MM" of the column ``start`` (epoch seconds).
MONTH_OF_START = "strftime(make_timestamp(start * 1000000::BIGINT), '%Y-%m')"

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


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
        }
        self._temp = temp
        self._base: duckdb.DuckDBPyConnection | None = None
        self._pid = 0

    def query(
        self, sql: str, tables: Mapping[str, Source], frames: Mapping[str, pa.Table] | None = None
    ) -> pa.Table:
        """The whole answer as a table."""
        with self._session(tables, frames or {}) as connection:
            return _plain(connection.sql(sql).to_arrow_table())

    def stream(
        self,
        sql: str,
        tables: Mapping[str, Source],
        frames: Mapping[str, pa.Table | pa.RecordBatchReader] | None = None,
        rows: int = 131_072,
    ) -> pa.RecordBatchReader:
        """The answer in batches; the connection lives as long as the reader."""
        return self._session(tables, frames or {}).sql(sql).to_arrow_reader(rows)

    def _session(
        self,
        tables: Mapping[str, Source],
        frames: Mapping[str, pa.Table | pa.RecordBatchReader],
    ) -> duckdb.DuckDBPyConnection:
        connection = self._database().cursor()
        connection.execute("SET TimeZone = 'UTC'")
        for name, source in tables.items():
            _open(connection, _checked(name), source)
        for name, frame in frames.items():
            connection.register(_checked(name), frame)
        return connection

    def _database(self) -> duckdb.DuckDBPyConnection:
        # The database's threads do not survive a fork, so a forked worker opens its own.
        if self._base is None or self._pid != os.getpid():
            config = {**self._config, "temp_directory": str(self._temp or _private_folder())}
            self._base, self._pid = duckdb.connect(":memory:", config=config), os.getpid()
        return self._base


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
    names = re.findall(r"([A-Za-z_]\w*)=[^/]*(?=/)", source.files[0])
    return ", ".join(f"'{name}': 'VARCHAR'" for name in names if name in source.schema.names)


def _plain(table: pa.Table) -> pa.Table:
    """Sums of integers leave DuckDB as decimals: give back int64, and float64 for true decimals."""
    for i, field in enumerate(table.schema):
        if pa.types.is_decimal(field.type):
            wanted = pa.int64() if field.type.scale == 0 else pa.float64()
            table = table.set_column(i, field.name, table[field.name].cast(wanted))
    return table


def _checked(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise ValueError(f"not a table name: {name!r}")
    return name


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
