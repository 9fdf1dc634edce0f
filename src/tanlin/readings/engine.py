"""The engine: one portable SQL text asked of pinned files and frames.

Rules for the SQL: floats as ``1e0``, time arithmetic on integer epoch seconds, a total order in every
window, no dialect functions outside an adapter. Any engine must then answer with equal keys and values
within 1e-9.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

import pyarrow as pa

from tanlin.kernel.errors import BadInput, Text, Where


@dataclass(frozen=True)
class Source:
    """A table as a list of Parquet files, laid out ``<partition>=<value>/``; no files is an empty table.

    ``where`` is an SQL predicate that every reader of the source gets.
    """

    schema: pa.Schema
    files: tuple[str, ...] = ()
    where: str = ""


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


@lru_cache(maxsize=1)
def default_engine() -> Engine:
    """The engine named by ``TANLIN_ENGINE``: ``duckdb`` (default). Raises BadInput for another name."""
    name = os.environ.get("TANLIN_ENGINE", "duckdb")
    if name != "duckdb":
        raise BadInput(
            "readings.unknown_engine",
            Text(f"未安装分析引擎 {name}。", f"Engine {name} is not installed."),
            remedy=Text("请把 TANLIN_ENGINE 设为 duckdb。", "Set TANLIN_ENGINE=duckdb."),
            where=Where(value=name),
        )
    from tanlin.readings.adapters.duckdb import DuckDBEngine

    return DuckDBEngine()
