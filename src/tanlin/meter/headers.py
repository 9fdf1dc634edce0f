"""Where the header of a sheet is (one row or two, below titles, with merged cells), and headers that are times."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import NamedTuple

from tanlin.kernel.period import DAY
from tanlin.meter import cells, words
from tanlin.meter.problems import refusal
from tanlin.meter.sheets import Sheet

_DEPTH = 40
_CHINESE = {c: i + 1 for i, c in enumerate("一二三四五六七八九十")} | {
    "十一": 11,
    "十二": 12,
}
_MONTH_OF = re.compile(r"(\d{1,2}|[一二三四五六七八九十]{1,2})月份?")
_MONTH_DAY = re.compile(r"(\d{1,2})[月/](\d{1,2})[日号]?")
_DAY_OF = re.compile(r"(\d{1,2})[日号]")
_HOUR = re.compile(r"[hH](\d{1,2})")


class Found(NamedTuple):
    """The header: its first and last row (1-based) and the column names ("" where blank)."""

    first: int
    row: int
    names: list[str]


class Span(NamedTuple):
    """The time a column header stands for; ``kind`` says what ``value`` counts.

    month: months since year 0; month_of, day_of, int: the bare number; day: days since 1970;
    month_day: month × 100 + day; hour: seconds after midnight; moment: local seconds since 1970.
    """

    kind: str
    value: int


def time_header(name: str) -> Span | None:
    """The time a header names, in one of its rows; None for other headers and for money beside it."""
    text = cells.plain(name)
    whole = _span(text)
    if whole or " " not in text:
        return whole
    parts = text.split(" ")
    if any(words.header(p).role in ("other", "total", "part") for p in parts):
        return None
    return next((s for s in map(_span, parts) if s), None)


def _span(t: str) -> Span | None:
    if t.isdigit() and len(t) <= 2:
        return Span("int", int(t))
    if found := _MONTH_OF.fullmatch(t):
        month = _CHINESE.get(found[1]) or (int(found[1]) if found[1].isdigit() else 0)
        return Span("month_of", month) if 1 <= month <= 12 else None
    if found := _DAY_OF.fullmatch(t):
        return Span("day_of", int(found[1])) if 1 <= int(found[1]) <= 31 else None
    if found := _HOUR.fullmatch(t):
        return Span("hour", int(found[1]) * 3600) if int(found[1]) <= 24 else None
    start = re.split(r"\s*[-~～至]\s*", t)[0] if ":" in t else t
    if (second := cells.clock(start)) is not None:
        return Span("hour", second)
    if found := _MONTH_DAY.fullmatch(t):
        month, day = int(found[1]), int(found[2])
        fits = 1 <= month <= 12 and 1 <= day <= 31
        return Span("month_day", month * 100 + day) if fits else None
    if re.fullmatch(r"\d{5}(\.\d+)?|\d+\.\d+", t):  # a number, not a heading
        return None
    moment = cells.moment(t)
    if moment is None:
        return None
    seconds, precision, _ = moment
    if precision == cells.TO_MONTH:
        year, month = (int(p) for p in re.findall(r"\d{4}|\d{1,2}", t)[:2])
        return Span("month", year * 12 + month - 1)
    if precision == cells.TO_DAY:
        return Span("day", seconds // DAY)
    return Span("moment", seconds)


def _data_like(cell: str) -> bool:
    """A number, or a date with a day: what a header row does not hold."""
    text = cells.plain(cell)
    if isinstance(cells.number(text), float):
        return True
    moment = cells.moment(text, "ymd")
    return moment is not None and moment[1] != cells.TO_MONTH


def times(names: list[str] | tuple[str, ...]) -> int:
    """How many headers are times; 0 below three. Bare integers count only as a run over a day or a month."""
    spans = [s for s in map(time_header, names) if s]
    bare = [s.value for s in spans if s.kind == "int"]
    if len(bare) < 24 or bare != list(range(bare[0], bare[0] + len(bare))):
        spans = [s for s in spans if s.kind != "int"]
    count = len(set(spans))
    return count if count >= 3 else 0


def _score(names: list[str]) -> float:
    """How much a row reads like a header."""
    filled = [n for n in names if n]
    if len(filled) < 2:
        return 0.0
    heads = [words.header(p) for n in set(filled) for p in {n, n.split(" ")[0]}]
    known = {h.role for h in heads} - {None, "other", "part", "total"}
    values = sum(words.header(n).is_value for n in set(filled))
    spans = times(filled)
    bare = sum(_data_like(n) for n in filled) if not spans else 0
    if not known and not spans:
        return 0.0
    repeated = len(filled) > len(set(filled))
    score = 2.0 * len(known) + 0.5 * values + 0.5 * min(spans, 40) + 0.01 * len(filled)
    return score - bare - repeated


def _row(sheet: Sheet, row: int, width: int) -> list[str]:
    """One row with the text of cells merged sideways or downwards repeated, trimmed, of full width."""
    line = [c.strip() for c in sheet.head[row - 1]] + [""] * width
    for top, left, bottom, right in sheet.merges:
        if top <= row <= bottom and top <= len(sheet.head):
            source = sheet.head[top - 1]
            text = source[left - 1].strip() if left <= len(source) else ""
            for column in range(left, min(right, width) + 1):
                line[column - 1] = text
    return [re.sub(r"\s+", " ", c) for c in line[:width]]


def _double(upper: list[str], lower: list[str]) -> list[str]:
    """Two header rows as one; a blank cell of the upper row belongs to the group on its left."""
    names, group = [], ""
    for top, bottom in zip(upper, lower, strict=True):
        group = top or (group if bottom else "")
        if not group or not bottom or group == bottom:
            names.append(bottom or top)
        else:
            names.append(f"{group} {bottom}")
    return names


def find_header(sheet: Sheet) -> Found:
    """Find the header. Raises BadInput where no row reads like one."""
    width = max(map(len, sheet.head))
    if sheet.kind == "parquet":
        return Found(1, 1, list(sheet.head[0]))
    best, result = 1.9, None
    for row in range(1, min(len(sheet.head), _DEPTH) + 1):
        upper = _row(sheet, row, width)
        single = _score(upper)
        if single > best:
            best, result = single, Found(row, row, upper)
        if row == len(sheet.head) or sum(map(bool, upper)) < 2:
            continue
        lower = _row(sheet, row + 1, width)
        if not any(lower) or any(map(_is_data, sheet.head[row - 1 : row + 1])):
            continue
        names = _double(upper, lower)
        both = _score(names) + 0.1
        if both > best and _extends(upper, lower):
            best, result = both, Found(row, row + 1, names)
    if result is None:
        raise refusal("meter.no_header", sheet.where(1))
    return result


def _extends(upper: list[str], lower: list[str]) -> bool:
    """Is the lower row a second header row: does it split groups of the upper one or name their units?"""
    repeated = any(a and a == b for a, b in pairwise(upper))
    gaps = any(not a and b for a, b in zip(upper, lower, strict=True))
    units = any(words.unit_of(cells.plain(c).strip("()"))[1] == "" for c in lower if c)
    return repeated or gaps or units


def _is_data(row: tuple[str, ...]) -> bool:
    """Does the row hold numbers or dates that are not headings?"""
    filled = [c for c in row if c.strip()]
    return any(map(_data_like, filled)) and not times(filled)


def names_at(sheet: Sheet, row: int, rows: int = 1) -> list[str]:
    """The column names of the header that ends at ``row``. Raises BadInput where names repeat."""
    width = max(map(len, sheet.head))
    if row < 1 or row > len(sheet.head):
        raise refusal("meter.no_header", sheet.where(row))
    if sheet.kind == "parquet":
        names = list(sheet.head[0])
    else:
        names = _row(sheet, row, width)
        if rows == 2:
            names = _double(_row(sheet, row - 1, width), names)
    refuse_twice(sheet, row, names)
    return names


def refuse_twice(sheet: Sheet, row: int, names: list[str]) -> None:
    """Raise BadInput naming the columns that share a name."""
    twice = sorted({n for n in names if n and names.count(n) > 1})
    if twice:
        where = sheet.where(row, twice[0])
        raise refusal("meter.duplicate_columns", where, names="、".join(twice))
