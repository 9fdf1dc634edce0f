"""What every adapter does to tables and names, so that all engines take and give the same."""

from __future__ import annotations

import re

import pyarrow as pa

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_PARTITION = re.compile(r"([A-Za-z_]\w*)=[^/]*(?=/)")


def plain(schema: pa.Schema) -> pa.Schema:
    """The schema of an answer: sums of integers are int64, true decimals float64, every column may be null."""
    return pa.schema([pa.field(field.name, _plain(field.type)) for field in schema])


def checked(name: str) -> str:
    """A name that may stand in SQL text. Raises ValueError."""
    if not _NAME.fullmatch(name):
        raise ValueError(f"not a table name: {name!r}")
    return name


def partition_columns(file: str) -> list[str]:
    """The columns that the folders of a data file name."""
    return _PARTITION.findall(file)


def _plain(kind: pa.DataType) -> pa.DataType:
    if not pa.types.is_decimal(kind):
        return kind
    return pa.int64() if kind.scale == 0 else pa.float64()
