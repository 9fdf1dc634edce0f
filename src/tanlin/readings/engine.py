"""The engine: one portable SQL text asked of pinned files and frames.

Rules for the SQL: floats as ``1e0``, time arithmetic on integer epoch seconds, a total order in every
window, no dialect functions outside an adapter. Any engine must then answer with equal keys and values
within 1e-9.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

import pyarrow as pa

from tanlin.kernel.errors import BadInput, Text, Where

_SPARK = re.compile(r"spark://.+|sc://.+|k8s://.+|yarn|local(-cluster)?(\[.+\])?")


@dataclass(frozen=True)
class Source:
    """A table as a list of Parquet files, laid out ``<partition>=<value>/``; no files is an empty table.

    ``where`` is an SQL predicate that every reader of the source gets.
    """

    schema: pa.Schema
    files: tuple[str, ...] = ()
    where: str = ""


@dataclass(frozen=True)
class Chunked:
    """The rows of an SQL text, to be worked on in chunks.

    ``keys`` are columns of the answer, its total order; the first is ``meter_id``, and a chunk is a run of
    meters. ``chunks``: meter_id (int64, ascending) and chunk (int64, from 0).
    """

    sql: str
    keys: tuple[str, ...]
    chunks: pa.Table


class Engine(Protocol):
    """What a room asks an engine for. Time zone of every session is UTC."""

    def query(
        self, sql: str, tables: Mapping[str, Source], frames: Mapping[str, pa.Table] | None = None
    ) -> pa.Table:
        """The whole answer. Exact integers come as int64 and decimals as float64."""
        ...

    def stream(
        self,
        sql: str,
        tables: Mapping[str, Source],
        frames: Mapping[str, pa.Table | pa.RecordBatchReader] | None = None,
        rows: int = 131_072,
    ) -> pa.RecordBatchReader:
        """The answer in bounded memory, ``rows`` at a time."""
        ...

    def map(
        self,
        fn: Callable[[pa.Table], pa.Table],
        rows: Chunked,
        tables: Mapping[str, Source],
        frames: Mapping[str, pa.Table] | None = None,
    ) -> list[pa.Table]:
        """``fn`` of the rows of each chunk, in key order and without the keys; answers in order of chunks."""
        ...


@lru_cache(maxsize=1)
def default_engine() -> Engine:
    """The engine named by ``TANLIN_ENGINE``: ``duckdb`` (default), or Spark by a master URL or ``sc://`` address.

    Raises BadInput for another name. Spark is started at the first question.
    """
    name = os.environ.get("TANLIN_ENGINE") or "duckdb"
    if name == "duckdb":
        from tanlin.readings.adapters.duckdb import DuckDBEngine

        return DuckDBEngine()
    if _SPARK.fullmatch(name):
        from tanlin.readings.adapters.spark import SparkEngine

        return SparkEngine(name)
    raise BadInput(
        "readings.unknown_engine",
        Text(f"没有名为 {name} 的分析引擎。", f"There is no engine {name}."),
        remedy=Text(
            "请把 TANLIN_ENGINE 设为 duckdb、spark://主机:端口 或 sc://主机:端口。",
            "Set TANLIN_ENGINE to duckdb, spark://host:port or sc://host:port.",
        ),
        where=Where(value=name),
    )
