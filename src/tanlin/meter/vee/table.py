"""The shape of what the checks find."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, Final

import pyarrow as pa

from tanlin.kernel.errors import Text

#: Kinds of exception and their words, in the order in which people are shown them.
KINDS: Final = {
    "gap": Text("缺失", "gap"),
    "negative": Text("负值", "negative value"),
    "range": Text("超出量程", "out of range"),
    "spike": Text("突变", "spike"),
    "stuck": Text("读数不变", "stuck value"),
    "duplicate": Text("重复读数不一致", "contradicting duplicate"),
    "step_back": Text("表底倒退", "register step back"),
    "clock_shift": Text("时钟偏移", "clock shift"),
    "zone_slip": Text("时区错位", "time-zone slip"),
    "sum": Text("总分表不平", "main and sub-meters disagree"),
}

#: One exception a row: [start, end) in epoch seconds; ``size`` is its severity and ``expected`` what would have
#: been usual over the stretch, both in the canonical unit before the multiplier; ``detail`` is JSON.
EXCEPTIONS: Final = pa.schema(
    [
        ("meter_id", pa.int64()),
        ("channel", pa.string()),
        ("kind", pa.string()),
        ("start", pa.int64()),
        ("end", pa.int64()),
        ("size", pa.float64()),
        ("expected", pa.float64()),
        ("detail", pa.string()),
    ]
)
ORDER: Final = [(name, "ascending") for name in ("meter_id", "channel", "start", "kind", "end")]


def made(rows: Iterable[tuple[Any, ...]]) -> pa.Table:
    """Rows in the order of the schema → the table; the last item is a dict for ``detail``."""
    columns = list(zip(*rows, strict=True)) or [()] * len(EXCEPTIONS)
    columns[-1] = tuple(json.dumps(item, sort_keys=True) for item in columns[-1])
    return pa.table(
        [pa.array(column, field.type) for column, field in zip(columns, EXCEPTIONS, strict=True)],
        schema=EXCEPTIONS,
    )
