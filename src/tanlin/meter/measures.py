"""The value columns of a sheet: whose values they hold, in which unit, and for which time."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tanlin.kernel.period import DAY
from tanlin.meter import cells, words
from tanlin.meter.headers import Span, time_header

if TYPE_CHECKING:
    from tanlin.meter.mapping import Mapping

_TEXT_FORMULA = re.compile(r'="([^"]*)"')
_LOST = re.compile(r"\d(\.\d+)?[eE]\+\d+")


@dataclass(frozen=True)
class Offset:
    """The time of a column relative to the row's day: ``months`` first, then ``days`` and ``seconds``.

    ``fixed`` replaces the row's own time; ``cut`` (Y, M, D) is the period whose start counts.
    """

    fixed: int | None = None
    cut: str = "D"
    months: int = 0
    days: int = 0
    seconds: int = 0

    def at(self, base: np.ndarray) -> np.ndarray:
        """Local seconds for rows whose own times are ``base``."""
        if self.fixed is not None:
            return np.full(len(base), self.fixed, np.int64)
        day = (base // DAY).astype("datetime64[D]")
        if self.cut != "D":
            month = day.astype(f"datetime64[{self.cut}]").astype("datetime64[M]")
            day = (month + self.months).astype("datetime64[D]")
        return (day.astype(np.int64) + self.days) * DAY + self.seconds


@dataclass(frozen=True)
class Measure:
    """A value column; None where the row, the mapping or the registry says it."""

    index: int
    name: str
    number: str | None = None
    carrier: str | None = None
    unit: str | None = None
    channel: str | None = None
    span: Offset | None = None
    before: bool = False


def meter_number(text: str) -> str:
    """A meter number as written, without full-width forms and the marks that keep spreadsheets off it."""
    text = cells.plain(text)
    found = _TEXT_FORMULA.fullmatch(text)
    return (found[1] if found else text.lstrip("'")).strip()


def is_lost(number: str) -> bool:
    """Did a spreadsheet round the number (1.23457E+21)?"""
    return bool(_LOST.fullmatch(number))


def column_number(head: words.Header) -> str:
    """The meter a column header names: the header without unit and without words such as 用电量."""
    parts = [p for p in head.base.split(" ") if not words.header(p).is_value]
    return meter_number(" ".join(parts) or head.base or head.text)


def numbers_of(mapping: Mapping, names: list[str]) -> tuple[list[Measure], int | str | None]:
    """The value columns of a sheet, and the length of their values where the headers say it."""
    taken = {*mapping.columns.values(), *mapping.ignore}
    if mapping.layout == "wide_time":
        return spans_of(mapping, names, taken)
    chosen = [
        (i, n)
        for i, n in enumerate(names)
        if n and (n in mapping.values if mapping.layout == "long" else n not in taken)
    ]
    several = len(chosen) > 1
    result = []
    for i, name in chosen:
        head = words.header(name)
        own = column_number(head) if mapping.layout == "wide_meters" else None
        if mapping.layout == "long" and several and head.carrier == "waste":
            own = column_number(head)
        if mapping.number and mapping.layout == "wide_meters" and not several:
            own = None
        result.append(
            Measure(
                i,
                name,
                own,
                head.carrier,
                head.unit and words.unit_word(head.unit),
                head.channel if several else None,
            )
        )
    previous = mapping.columns.get("previous")
    dated = {"from", "period", "month"} & set(mapping.columns) or (
        mapping.period and "time" not in mapping.columns
    )
    if mapping.kind == "register" and previous and dated:
        unit = result[0].unit
        result.append(
            Measure(names.index(previous), previous, None, result[0].carrier, unit, None, before=True)
        )
    return result, None


def spans_of(mapping: Mapping, names: list[str], taken: set[str]) -> tuple[list[Measure], int | str | None]:
    """Columns that stand for hours, days or months."""
    found = [(i, n, s) for i, n in enumerate(names) if n not in taken and (s := time_header(n))]
    kinds = {s.kind for _, _, s in found}
    days = [s.value for _, _, s in found if s.kind == "day"]
    firsts = [np.datetime64(d, "D").astype("datetime64[M]") for d in days]
    monthly = len(set(firsts)) > 1 and all(
        np.datetime64(d, "D") == f.astype("datetime64[D]") for d, f in zip(days, firsts, strict=True)
    )
    step = _span_step(found, kinds, monthly)
    early = mapping.stamp == "end" and isinstance(step, int)
    result = []
    for i, name, span in found:
        offset = _offset(span, len(found))
        if offset is None:
            continue
        unit = words.unit_of(cells.plain(name).split(" ")[0])[0]
        if early and isinstance(step, int):
            offset = _earlier(offset, step)
        result.append(Measure(i, name, None, None, unit and words.unit_word(unit), None, offset))
    return result, step


def _earlier(offset: Offset, step: int) -> Offset:
    if offset.fixed is not None:
        return Offset(fixed=offset.fixed - step)
    return Offset(None, offset.cut, offset.months, offset.days, offset.seconds - step)


def _span_step(found: list[tuple[int, str, Span]], kinds: set[str], monthly: bool) -> int | str | None:
    if monthly or kinds & {"month", "month_of"}:
        return "month"
    if kinds & {"day", "month_day", "day_of"} or (kinds == {"int"} and len(found) > 25):
        return "day"
    scale = 3600 if kinds == {"int"} else 1
    at = np.diff(sorted(s.value * scale for _, _, s in found))
    at = at[at > 0]
    if not at.size:
        return None
    steps, counts = np.unique(at, return_counts=True)
    return int(steps[np.argmax(counts)])


def _offset(span: Span, width: int) -> Offset | None:
    """The offset of a column; None where the header is no time."""
    value = span.value
    match span.kind:
        case "month":
            month = np.datetime64(f"{value // 12:04d}-{value % 12 + 1:02d}", "M")
            return Offset(fixed=int(month.astype("datetime64[D]").astype(np.int64)) * DAY)
        case "day":
            return Offset(fixed=value * DAY)
        case "moment":
            return Offset(fixed=value)
        case "hour":
            return Offset(seconds=value)
        case "int" if width <= 25:
            return Offset(seconds=value * 3600)
        case "month_of":
            return Offset(cut="Y", months=value - 1)
        case "month_day":
            return Offset(cut="Y", months=value // 100 - 1, days=value % 100 - 1)
        case "day_of" | "int":
            return Offset(cut="M", days=value - 1)
    return None
