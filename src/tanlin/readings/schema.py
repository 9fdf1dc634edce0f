"""The shapes of the tables, and the one check that rows have them."""

from __future__ import annotations

from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tanlin.kernel.errors import BadInput, Text, Where

#: Starts the calendar can carry: 1970 up to 2200.
LAST_START: Final = 7_258_118_400
_DAY = 86400
_KEY = [("meter_id", pa.int64()), ("channel", pa.string())]
_READING = [
    *_KEY,
    ("start", pa.int64()),
    ("seconds", pa.int32()),
    ("value", pa.float64()),
    ("quality", pa.string()),
]
_MONTH = ("month", pa.string())

#: What a caller appends: start in epoch seconds, seconds = 0 for a register reading, value in canonical unit.
READINGS: Final = pa.schema(_READING)
#: The append-only log; month is the UTC month of start, "YYYY-MM", and the partition.
LOG: Final = pa.schema([*_READING, ("batch", pa.int64()), _MONTH])
#: Effective intervals: no overlap within a (meter, channel), registers already differenced.
CURRENT: Final = pa.schema([*_READING, _MONTH])
#: Local meter-days; day yyyymmdd, month yyyymm; ``local_month`` "YYYY-MM" is the partition.
DAYS: Final = pa.schema(
    [
        *_KEY,
        ("day", pa.int32()),
        ("value", pa.float64()),
        ("seconds", pa.int32()),
        ("estimated", pa.float64()),
        ("month", pa.int32()),
        ("local_month", pa.string()),
    ]
)
#: SHA-256 of the effective rows of a meter, channel and UTC month.
DIGESTS: Final = pa.schema([*_KEY, _MONTH, ("rows", pa.int64()), ("digest", pa.string())])
#: Dated devices: readings in [from_es, to_es) are theirs; null from_es or to_es is open.
DEVICES: Final = pa.schema(
    [
        *_KEY,
        ("from_es", pa.int64()),
        ("to_es", pa.int64()),
        ("digits", pa.int32()),
        ("initial", pa.float64()),
        ("final", pa.float64()),
    ]
)
#: The time zone of each meter's place.
ZONES: Final = pa.schema([("meter_id", pa.int64()), ("tz", pa.string())])

PARTITION: Final = {"log": "month", "current": "month", "days": "local_month", "digests": "month"}
SCHEMAS: Final = {"log": LOG, "current": CURRENT, "days": DAYS, "digests": DIGESTS}


def conform(table: pa.Table, schema: pa.Schema, defaults: dict[str, object] | None = None) -> pa.Table:
    """The table with exactly the columns and types of the schema; extra columns are left out.

    A missing column takes its value from ``defaults``. Raises BadInput for a missing column or a type
    that cannot be cast without loss.
    """
    columns = []
    for field in schema:
        if field.name in table.column_names:
            try:
                columns.append(table[field.name].cast(field.type))
            except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
                raise BadInput(
                    "readings.bad_type",
                    Text(
                        f"列 {field.name} 应为 {field.type}：{error}",
                        f"Column {field.name} must be {field.type}: {error}",
                    ),
                    where=Where(column=field.name),
                ) from error
        elif defaults is not None and field.name in defaults:
            columns.append(pa.repeat(pa.scalar(defaults[field.name], field.type), table.num_rows))
        else:
            raise missing_column(field.name)
    return pa.table(columns, schema=schema)


def missing_column(name: str) -> BadInput:
    """The error for a table without a required column."""
    return BadInput(
        "readings.missing_column",
        Text(f"缺少列 {name}。", f"Column {name} is missing."),
        remedy=Text(
            "需要的列：" + "、".join(READINGS.names) + "。",
            "Columns needed: " + ", ".join(READINGS.names) + ".",
        ),
        where=Where(column=name),
    )


def month_text(start: np.ndarray) -> pa.Array:
    """UTC month "YYYY-MM" of epoch seconds (int64, n) as a string array (n)."""
    day = pa.array(np.asarray(start) // _DAY).dictionary_encode()  # a calendar for every row takes long
    months = day.dictionary.to_numpy().astype("datetime64[D]").astype("datetime64[M]")
    return pc.take(pa.array(months.astype(str).tolist(), pa.string()), day.indices)
