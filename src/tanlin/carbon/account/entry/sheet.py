"""Sheets of activity data (CSV, XLSX) as rows in the units of their streams, with what is wrong told cell by cell."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

from tanlin.carbon.account.entry.amounts import canonical
from tanlin.carbon.account.entry.cells import (
    amount_of,
    day_of,
    note_of,
    percent_of,
    plain,
    refuse_future,
    source_of,
    stream_of,
)
from tanlin.kernel.errors import BadInput, Text, Where
from tanlin.meter import Sheet
from tanlin.meter import read as read_table

T = TypeVar("T")
MAX_ROWS = 5_000
#: The header is looked for in the first rows only.
_HEAD = 20
#: Column → its title in a template, then other words for it.
COLUMNS: dict[str, tuple[Text, tuple[str, ...]]] = {
    "stream": (Text("项目", "stream"), ("活动项目", "活动", "activity")),
    "place": (Text("区域", "place"), ("地点", "area")),
    "first_day": (Text("起", "first_day"), ("开始", "开始日期", "起始日期", "from")),
    "last_day": (Text("止", "last_day"), ("结束", "结束日期", "截止日期", "to")),
    "amount": (Text("数量", "amount"), ("用量", "quantity")),
    "unit": (Text("单位", "unit"), ("计量单位",)),
    "source": (Text("来源", "source"), ("数据来源",)),
    "uncertainty_pct": (Text("不确定度", "uncertainty_pct"), ("不确定度(%)", "不确定度%", "uncertainty")),
    "note": (Text("备注", "note"), ("说明", "remark")),
}
OPTIONAL = ("place", "uncertainty_pct", "note")


@dataclass(frozen=True)
class SheetRow:
    """One row, its amount in the stream's unit; ``place`` is the text of its cell, ``where`` the row in the file."""

    where: Where
    place: str
    stream: str
    first_day: date
    last_day: date
    amount: float
    stated: str
    source: str
    uncertainty_pct: float | None
    note: str


@dataclass(frozen=True)
class Parsed:
    """The good rows of a file, every bad cell, and what was not read at all."""

    rows: tuple[SheetRow, ...]
    problems: tuple[BadInput, ...]
    remarks: tuple[Text, ...] = ()


def read_sheet(path: Path, today: date) -> Parsed:
    """Read every visible sheet that has the header. ``today``: rows that end later are bad.

    Raises BadInput for a file that is no table, has no header or a repeated one, merged cells below it, or too many
    rows.
    """
    sheets = read_table(path)
    found = [(sheet, header) for sheet in sheets if (header := _header(sheet))]
    if not found:
        raise _missing(sheets)
    rows: list[SheetRow] = []
    problems: list[BadInput] = []
    for sheet, (at, columns) in found:
        _refuse_merged(sheet, at, columns)
        titles = _titles(sheet, at, columns)
        for where, cells in _cells(sheet, at, columns):
            row, wrong = _row(where, cells, titles, today)
            problems += wrong
            if row is not None:
                rows.append(row)
    good, twice = _without_repeats(rows)
    if not rows and not problems:
        raise _refusal(
            "carbon.sheet_empty",
            Text("表头下面没有数据。", "No row follows the header."),
            Text("请填写后再上传。", "Fill the sheet in, then upload it."),
            Where(path.name),
        )
    return Parsed(tuple(good), (*problems, *twice), tuple(_remarks(sheets, [sheet for sheet, _ in found])))


# The header ------------------------------------------------------------------------------------------------


@lru_cache(maxsize=1)
def _words() -> dict[str, str]:
    return {
        plain(word): name for name, (title, more) in COLUMNS.items() for word in (title.zh, title.en, *more)
    }


def _header(sheet: Sheet) -> tuple[int, dict[str, int]] | None:
    """(row, column → index) of the first row that names stream and amount; None where no row does."""
    for at, cells in enumerate(sheet.head[:_HEAD], 1):
        named = [(_words()[plain(cell)], i) for i, cell in enumerate(cells) if plain(cell) in _words()]
        columns = dict(named)
        if {"stream", "amount"} <= set(columns):
            _refuse_header(sheet, at, columns, [name for name, _ in named])
            return at, columns
    return None


def _titles(sheet: Sheet, at: int, columns: Mapping[str, int]) -> dict[str, str]:
    """Column → its title in the file."""
    return {name: sheet.head[at - 1][index].strip()[:40] for name, index in columns.items()}


def _refuse_header(sheet: Sheet, at: int, columns: Mapping[str, int], named: list[str]) -> None:
    lacking = [COLUMNS[name][0] for name in COLUMNS if name not in columns and name not in OPTIONAL]
    if lacking:
        zh, en = "、".join(t.zh for t in lacking), ", ".join(t.en for t in lacking)
        raise _refusal(
            "carbon.sheet_columns",
            Text(f"缺少列：{zh}。", f"Columns are missing: {en}."),
            Text("请使用模板，或补上这些列。", "Use the template, or add these columns."),
            sheet.where(at),
        )
    if len(named) > len(columns):
        name = next(name for name in named if named.count(name) > 1)
        raise _refusal(
            "carbon.sheet_twice",
            Text("同一列出现两次。", "The same column stands twice."),
            Text("请删去或改名其中一列。", "Remove or rename one of them."),
            sheet.where(at, _titles(sheet, at, columns)[name]),
        )


def _missing(sheets: list[Sheet]) -> BadInput:
    return _refusal(
        "carbon.sheet_header",
        Text("没有找到表头。", "No header was found."),
        Text(
            "请下载模板填写；至少要有列：项目、起、止、数量、单位、来源。",
            "Fill in the template; needed columns: stream, first_day, last_day, amount, unit, source.",
        ),
        Where(sheets[0].file, sheets[0].name or None),
    )


def _refuse_merged(sheet: Sheet, at: int, columns: Mapping[str, int]) -> None:
    named = _titles(sheet, at, columns)
    titles = {index + 1: named[name] for name, index in columns.items()}
    for top, left, bottom, right in sheet.merges:
        hit = [titles[c] for c in range(left, min(right, max(titles)) + 1) if c in titles]
        if bottom > at and hit:
            raise _refusal(
                "carbon.sheet_merged",
                Text(
                    "数据区有合并单元格，无法判断数据属于哪一行。",
                    "Merged cells hide which row a value is of.",
                ),
                Text("请取消合并，每行填满后再上传。", "Unmerge them, fill every row and upload again."),
                sheet.where(top, hit[0]),
            )


def _remarks(sheets: list[Sheet], read: list[Sheet]) -> Iterator[Text]:
    hidden = "、".join(sheets[0].hidden)
    if hidden:
        yield Text(f"隐藏的工作表没有读取：{hidden}。", f"Hidden sheets were not read: {hidden}.")
    others = "、".join(sheet.name for sheet in sheets if sheet not in read)
    if others:
        yield Text(
            f"没有表头的工作表没有读取：{others}。", f"Sheets without the header were not read: {others}."
        )


# The rows --------------------------------------------------------------------------------------------------


def _cells(sheet: Sheet, at: int, columns: Mapping[str, int]) -> Iterator[tuple[Where, dict[str, str]]]:
    """Where and the trimmed cells of every row below the header that holds anything in the known columns."""
    count = 0
    for block in sheet.blocks(after=at, size=MAX_ROWS + 1):
        lists = {
            name: block.columns[i].to_pylist() if i < len(block.columns) else [""] * len(block.rows)
            for name, i in columns.items()
        }
        for i, row in enumerate(block.rows.tolist()):
            cells = {name: str(cells[i] or "").strip() for name, cells in lists.items()}
            if not any(cells.values()):
                continue
            count += 1
            if count > MAX_ROWS:
                raise _refusal(
                    "carbon.sheet_rows",
                    Text(f"超过 {MAX_ROWS} 行。", f"There are more than {MAX_ROWS} rows."),
                    Text("请拆成几个文件。", "Split the file."),
                    sheet.where(row),
                )
            yield sheet.where(row), cells


def _row(
    where: Where, cells: Mapping[str, str], titles: Mapping[str, str], today: date
) -> tuple[SheetRow | None, list[BadInput]]:
    """A row, or None and what is wrong with each of its cells."""
    wrong: list[BadInput] = []

    def read(name: str, parse: Callable[[str], T]) -> T | None:
        try:
            return parse(cells.get(name, ""))
        except BadInput as error:
            wrong.append(_at(error, where, titles, name, cells.get(name, "")))
            return None

    stream = read("stream", stream_of)
    amount = read("amount", amount_of)
    first = read("first_day", lambda text: day_of(text, end=False))
    last = read("last_day", lambda text: day_of(text, end=True))
    source = read("source", source_of)
    pct = read("uncertainty_pct", percent_of)
    note = read("note", note_of)
    if stream is None or amount is None or first is None or last is None or wrong:
        return None, wrong
    value = read("unit", lambda unit: canonical(amount, unit, stream, first, last))
    read("last_day", lambda _: refuse_future(last, today))
    if value is None or source is None or wrong:
        return None, wrong
    stated = f"{cells['amount']} {cells['unit']}"
    place = cells.get("place", "")
    return SheetRow(where, place, stream.key, first, last, value, stated, source, pct, note or ""), []


def _at(error: BadInput, where: Where, titles: Mapping[str, str], name: str, value: str) -> BadInput:
    """The problem with its place in the file; some are found in the unit's turn and belong to other columns."""
    name = {"carbon.days_cross": "last_day", "carbon.days_long": "last_day"}.get(error.code, name)
    name = "amount" if error.code.startswith("carbon.amount_") else name
    shown = error.where.value if error.where and error.where.value else value
    place = Where(where.file, where.sheet, where.row, titles.get(name, name), shown[:40] or None)
    return BadInput(error.code, error.text, remedy=error.remedy, where=place)


def _without_repeats(rows: list[SheetRow]) -> tuple[list[SheetRow], list[BadInput]]:
    seen: dict[Any, SheetRow] = {}
    good, twice = [], []
    for row in rows:
        key = (row.place, row.stream, row.first_day, row.last_day, row.amount, row.note)
        first = seen.setdefault(key, row)
        if first is row:
            good.append(row)
            continue
        text = Text(f"与第 {first.where.row} 行完全相同。", f"The same as row {first.where.row}.")
        remedy = Text(
            "请删去重复行；确属两笔的，请在备注中区分。", "Remove it; two true amounts differ in their notes."
        )
        twice.append(BadInput("carbon.row_twice", text, remedy=remedy, where=row.where))
    return good, twice


def _refusal(code: str, text: Text, remedy: Text, where: Where) -> BadInput:
    return BadInput(code, text, remedy=remedy, where=where)
