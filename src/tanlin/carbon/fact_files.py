"""Facts out of an uploaded file: a notice of factors as CSV, tariff records as JSON. Every fault has row and column. Pure."""

from __future__ import annotations

import csv
import io
import json
import math
import re
from collections.abc import Iterator
from datetime import date
from typing import Any

from tanlin.carbon.factors import fact_of
from tanlin.carbon.shown import KINDS
from tanlin.carbon.stored import row_of, tariff_row
from tanlin.carbon.tariff_check import check_tariff
from tanlin.kernel.errors import BadInput, Text, Where
from tanlin.record import FactRow

COLUMNS = ("fact_id", "kind", "region", "valid_from", "published", "value", "unit", "source")
_ID = re.compile(r"[a-z0-9_.\-]{1,160}")
_REGION = re.compile(r"[A-Z][A-Z0-9\-]{0,19}")
_DAYS = ("valid_from", "valid_to", "published")
_MISSING = Text("缺少此项。", "This is missing.")
_DAY = Text("日期须写成 2025-01-31。", "A day is written as 2025-01-31.")


def facts_in(name: str, data: bytes) -> list[FactRow]:
    """Rows of the record out of a file: ``.json`` holds tariffs, any other name factors as CSV.

    Nothing is taken as verified: that someone read the source is said later. Raises BadInput with row and column.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _bad(name, Text("文件不是 UTF-8 编码。", "The file is not in UTF-8.")) from error
    rows = _tariffs(name, text) if name.lower().endswith(".json") else _factors(name, text)
    if not rows:
        raise _bad(name, Text("文件中没有数据。", "The file holds no rows."))
    return rows


def _bad(
    file: str, text: Text, row: int | None = None, column: str | None = None, value: Any = None
) -> BadInput:
    told = None if value in (None, "") else str(value)[:80]
    remedy = Text(
        "请改正后重新上传；整个文件都未保存。", "Mend it and upload again; nothing of the file was stored."
    )
    where = Where(file=file, row=row, column=column, value=told)
    return BadInput("carbon.bad_fact_file", text, remedy=remedy, where=where)


def _factors(name: str, text: str) -> list[FactRow]:
    reader = csv.DictReader(io.StringIO(text, newline=""))
    absent = [column for column in COLUMNS if column not in (reader.fieldnames or ())]
    if absent:
        raise _bad(name, Text("缺少列。", "A column is missing."), 1, absent[0])
    found: dict[str, FactRow] = {}
    for number, row in enumerate(reader, start=2):
        if None in row:
            many = Text("这一行的单元格多于列数。", "This row has more cells than there are columns.")
            raise _bad(name, many, number, None, row["fact_id"])
        for column, fault in _faults(row):
            raise _bad(name, fault, number, column, row.get(column))
        if row["fact_id"] in found:
            text_twice = Text("编号在文件中出现两次。", "The id is in the file twice.")
            raise _bad(name, text_twice, number, "fact_id", row["fact_id"])
        found[row["fact_id"]] = row_of(fact_of(row | {"verified": ""}))
    return list(found.values())


def _faults(row: dict[str, str]) -> Iterator[tuple[str, Text]]:
    for column in COLUMNS:
        if not (row[column] or "").strip():
            yield column, _MISSING
    if not _ID.fullmatch(row["fact_id"]):
        text = Text(
            "编号只能含小写字母、数字、点、横线。", "An id holds small letters, digits, dots and dashes."
        )
        yield "fact_id", text
    if row["kind"] not in KINDS:
        yield "kind", Text("没有这种因子。", "There is no such kind of factor.")
    if not _REGION.fullmatch(row["region"]):
        yield "region", Text("地区代码形如 CN-GD-SZ。", "A region is written as CN-GD-SZ.")
    for column in ("value", "uncertainty_pct"):
        if row.get(column) and not _finite(row[column]):
            yield column, Text("须为数字。", "A number is needed.")
    if "/" not in row["unit"]:
        yield "unit", Text("单位形如 kgCO2/kWh。", "A unit is written as kgCO2/kWh.")
    yield from _bad_days(row)


def _bad_days(row: dict[str, str]) -> Iterator[tuple[str, Text]]:
    days = {}
    for column in _DAYS:
        if row.get(column):
            try:
                days[column] = date.fromisoformat(row[column])
            except ValueError:
                yield column, _DAY
    if days.get("valid_to", date.max) < days["valid_from"]:
        yield "valid_to", Text("有效期的结束早于开始。", "The validity ends before it begins.")


def _finite(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def _tariffs(name: str, text: str) -> list[FactRow]:
    try:
        content = json.loads(text)
    except json.JSONDecodeError as error:
        raise _bad(name, Text("不是有效的 JSON。", "This is no valid JSON."), error.lineno) from error
    records = content.get("tariffs", [content]) if isinstance(content, dict) else content
    if not isinstance(records, list):
        raise _bad(name, Text("须为价格方案或其列表。", "A tariff or a list of tariffs is needed."))
    return [_tariff(name, number, record) for number, record in enumerate(records, start=1)]


def _tariff(name: str, number: int, record: Any) -> FactRow:
    try:
        check_tariff(record)
    except BadInput as error:
        where = error.where or Where()
        raise _bad(name, error.text, number, where.column, where.value) from error
    return tariff_row(record | {"verified": False})
