"""Apache Spark: the same SQL text and functions on a cluster, over the same files.

Tables are read by file list, so no connector is needed on the cluster; it must see the store's folder at the
same path. Python functions run in the executors, which get this package as one archive and need only Python,
pyarrow and numpy themselves.
"""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pyarrow as pa

from tanlin.readings.adapters import cluster
from tanlin.readings.adapters.shape import checked, partition_columns, plain
from tanlin.readings.engine import Chunked, Source

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

#: What every question needs, whatever the cluster's defaults are.
_SQL = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.ansi.enabled": "true",
    "spark.sql.caseSensitive": "false",
    "spark.sql.execution.arrow.maxRecordsPerBatch": "131072",
    "spark.sql.sources.parallelPartitionDiscovery.threshold": "10000",  # the files are known: no job to list them
}
_CHUNKS = "tanlin_chunks"
#: Most tasks of one map; further chunks share them.
_MOST_TASKS = 512
_GLOB = re.compile(r"([*?\[\]{}\\])")


class SparkEngine:
    """One Spark application a process, started at the first question; every question gets a session of its own.

    Args:
        master: a master URL (``spark://``, ``local-cluster[…]``, ``local[…]``, ``yarn``, ``k8s://``) or the
            address ``sc://`` of a Spark Connect server.

    Every method raises Refused where Spark or Java is not installed or the master cannot be reached.
    """

    def __init__(self, master: str) -> None:
        self._master = master
        self._lock = threading.Lock()
        self._base: SparkSession | None = None
        self._is_shipped = False

    def query(
        self, sql: str, tables: Mapping[str, Source], frames: Mapping[str, pa.Table] | None = None
    ) -> pa.Table:
        """The whole answer as a table."""
        with self._session(sql, tables, frames or {}) as session:
            return _answer(session.sql(sql))

    def stream(
        self,
        sql: str,
        tables: Mapping[str, Source],
        frames: Mapping[str, pa.Table | pa.RecordBatchReader] | None = None,
        rows: int = 131_072,
    ) -> pa.RecordBatchReader:
        """The answer in batches, one partition of it in memory at once; given readers are read to the end."""
        batches = self._batches(sql, tables, frames or {}, rows)
        head = next(batches)  # an empty batch, for the schema
        return pa.RecordBatchReader.from_batches(head.schema, batches)

    def map(
        self,
        fn: Callable[[pa.Table], pa.Table],
        rows: Chunked,
        tables: Mapping[str, Source],
        frames: Mapping[str, pa.Table] | None = None,
    ) -> list[pa.Table]:
        """Chunks are divided over the executors; one chunk must fit into the memory of one of them."""
        sql = f"""SELECT r.*, c.chunk AS tanlin_chunk FROM ({rows.sql}) AS r
            JOIN {_CHUNKS} c ON r.{rows.keys[0]} = c.meter_id"""
        tasks = min(len(rows.chunks["chunk"].unique()), _MOST_TASKS)
        with self._session(sql, tables, {**(frames or {}), _CHUNKS: rows.chunks}) as session:
            self._ship(session)
            spread = session.sql(sql).repartition(tasks, "tanlin_chunk").groupBy("tanlin_chunk")
            done = _answer(spread.applyInArrow(_applied(fn, rows.keys), "chunk bigint, answer binary"))
        answers = done.sort_by("chunk")["answer"]
        return [pa.ipc.open_stream(answer.as_buffer()).read_all() for answer in answers]

    def close(self) -> None:
        """End the application; a later question starts another."""
        with self._lock:
            if self._base is not None:
                self._base.stop()
            self._base, self._is_shipped = None, False

    @property
    def session(self) -> SparkSession:
        """The session that the others come from."""
        with self._lock:
            if self._base is None:
                self._base = cluster.start(self._master)
            return self._base

    def _batches(
        self,
        sql: str,
        tables: Mapping[str, Source],
        frames: Mapping[str, pa.Table | pa.RecordBatchReader],
        rows: int,
    ) -> Iterator[pa.RecordBatch]:
        with self._session(sql, tables, frames) as session:
            self._ship(session)
            session.conf.set("spark.sql.execution.arrow.maxRecordsPerBatch", str(rows))
            frame = session.sql(sql)
            schema = plain(_schema(frame))
            yield pa.RecordBatch.from_pylist([], schema=schema)
            for row in frame.mapInArrow(_packed, "batch binary").toLocalIterator():
                yield from (batch.cast(schema) for batch in pa.ipc.open_stream(row.batch))

    @contextmanager
    def _session(
        self,
        sql: str,
        tables: Mapping[str, Source],
        frames: Mapping[str, pa.Table | pa.RecordBatchReader],
    ) -> Iterator[SparkSession]:
        """A session with the named views; those that the SQL does not mention are left out."""
        session = self.session.newSession()
        try:
            for key, value in _SQL.items():
                session.conf.set(key, value)
            for name, table in {**tables, **frames}.items():
                if not re.search(rf"\b{checked(name)}\b", sql):
                    continue
                opened = _opened(session, table) if isinstance(table, Source) else _framed(session, table)
                opened.createOrReplaceTempView(name)
            yield session
        finally:
            if self._is_remote:
                session.stop()

    def _ship(self, session: SparkSession) -> None:
        """Send this package to the executors: once an application, with Connect once a session."""
        with self._lock:
            if self._is_remote or not self._is_shipped:
                session.addArtifacts(str(cluster.archive()), pyfile=True)
                self._is_shipped = True

    @property
    def _is_remote(self) -> bool:
        return self._master.startswith("sc://")


def _opened(session: SparkSession, source: Source) -> DataFrame:
    from pyspark.sql.pandas.types import from_arrow_schema

    if not source.files:
        return session.createDataFrame(source.schema.empty_table())
    files = [_GLOB.sub(r"\\\1", file) for file in source.files]
    schema = from_arrow_schema(source.schema)  # given, so that partition columns stay text
    frame = session.read.schema(schema).option("basePath", _root(source.files[0])).parquet(*files)
    frame = frame.select(*source.schema.names)
    return frame.where(source.where) if source.where else frame


def _root(file: str) -> str:
    """The folder of the table that a data file belongs to."""
    folder = os.path.dirname(file)
    for _ in partition_columns(file):
        if "=" in os.path.basename(folder):
            folder = os.path.dirname(folder)
    return folder


def _framed(session: SparkSession, frame: pa.Table | pa.RecordBatchReader) -> DataFrame:
    table = frame if isinstance(frame, pa.Table) else frame.read_all()
    fields = [
        field.with_type(field.type.value_type) if pa.types.is_dictionary(field.type) else field
        for field in table.schema
    ]
    # Spark 4.3 loses the rows that follow two empty chunks.
    return session.createDataFrame(table.cast(pa.schema(fields)).combine_chunks())


def _schema(frame: DataFrame) -> pa.Schema:
    from pyspark.sql.pandas.types import to_arrow_schema

    return to_arrow_schema(frame.schema)


def _answer(frame: DataFrame) -> pa.Table:
    table = frame.toArrow()
    return table.cast(plain(table.schema))


def _packed(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """In an executor: each batch as one binary cell, which the driver can fetch partition by partition."""
    for batch in batches:
        yield pa.RecordBatch.from_pydict({"batch": pa.array([_bytes(pa.Table.from_batches([batch]))])})


def _applied(
    fn: Callable[[pa.Table], pa.Table], keys: tuple[str, ...]
) -> Callable[[tuple[pa.Scalar, ...], pa.Table], pa.Table]:
    def apply(chunk: tuple[pa.Scalar, ...], rows: pa.Table) -> pa.Table:
        """In an executor: the answer of ``fn`` as one binary cell, so that its types need no declaration."""
        ordered = rows.sort_by([(key, "ascending") for key in keys])
        ordered = ordered.drop_columns([*keys, "tanlin_chunk"])
        answer = _bytes(fn(ordered.cast(plain(ordered.schema))))
        return pa.table({"chunk": pa.array([chunk[0].as_py()], pa.int64()), "answer": pa.array([answer])})

    return apply


def _bytes(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue())
