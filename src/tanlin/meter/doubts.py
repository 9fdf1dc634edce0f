"""What a guess leaves open: settled from the cells where they leave one reading, else put to the user."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from tanlin.kernel.errors import Text
from tanlin.kernel.period import DAY
from tanlin.meter import cells, words
from tanlin.meter.headers import Found, time_header
from tanlin.meter.measures import meter_number, numbers_of

if TYPE_CHECKING:
    from tanlin.meter.mapping import Mapping, Question
    from tanlin.meter.sheets import Sheet

#: How much of a date the mapping must give, by what the headers leave open.
_DIGITS = {"Y": 4, "M": 7, "D": 10}
_RANGE = re.compile(r"(?<=:\d\d)\s*[-~～至]")
_DATED = ("time", "month", "period", "from", "to")
_ASK = {
    "values": Text("哪一列是要导入的用量？", "Which column is the consumption to import?"),
    "carrier": Text("这是哪一种能源？", "Which carrier is this?"),
    "unit": Text("数值的单位是什么？", "What is the unit of the values?"),
    "date_format": Text("日期是怎样写的？", "How are the dates written?"),
    "step": Text("每条读数覆盖多长时间？", "How long does each reading last?"),
    "period": Text("这是哪一年或哪个月的数据？", "Which year or month is this?"),
    "end": Text("结束日期当天是否计入？", "Is the end date itself part of the period?"),
}


def settle(sheet: Sheet, mapping: Mapping, found: Found, rivals: tuple[str, ...] = ()) -> Mapping:
    """The mapping with date order, stamp, step and end settled or asked; ``rivals`` are equal value columns."""
    asked: list[Question] = []
    if rivals:
        _ask(asked, "values", *rivals)
    mapping = _dates(sheet, mapping, found, asked)
    mapping = _carrier_and_unit(mapping, asked)
    mapping = _stamp(sheet, mapping, found)
    mapping = _steps(sheet, mapping, found, asked)
    mapping = _ends(sheet, mapping, found, asked)
    return replace(mapping, questions=tuple(asked))


def _ask(asked: list[Question], field: str, *options: str) -> None:
    from tanlin.meter.mapping import Question

    asked.append(Question(field, _ASK[field], options))


def _because(mapping: Mapping, zh: str, en: str) -> tuple[Text, ...]:
    return (*mapping.why, Text(zh, en))


def sample(sheet: Sheet, found: Found, name: str | None) -> list[str]:
    """The cells of a column in the head and in the last row, without blanks and totals."""
    if not name:
        return []
    index = found.names.index(name)
    rows = [*sheet.head[found.row :], sheet.tail]
    texts = (r[index].strip() for r in rows if index < len(r))
    return [t for t in texts if t and not words.is_total(t)]


def _dates(sheet: Sheet, mapping: Mapping, found: Found, asked: list[Question]) -> Mapping:
    """Day or month first is told by the whole column, or not at all."""
    names = [mapping.columns[r] for r in _DATED if r in mapping.columns]
    if cells.orders(t for n in names for t in sample(sheet, found, n)) is None:
        return mapping
    indexes = [found.names.index(n) for n in names]
    left: set[cells.Order] = set(cells.ORDERS)
    for block in sheet.blocks(found.row):
        for index in indexes:
            if index >= len(block.columns):
                continue
            fits = cells.orders(cells.texts(block.columns[index]).unique().to_pylist())
            left &= fits if fits is not None else left
    if len(left) == 1:
        order = left.pop()
        why = _because(
            mapping,
            f"整列只有一种读法，日期按 {order} 读取。",
            f"Only one reading fits the whole column: dates are read as {order}.",
        )
        return replace(mapping, date_format=order, why=why)
    _ask(asked, "date_format", *(o for o in cells.ORDERS if o in left or not left))
    return mapping


def _carrier_and_unit(mapping: Mapping, asked: list[Question]) -> Mapping:
    if mapping.carrier is None:
        _ask(asked, "carrier", *words.CARRIERS)
    heads = [words.header(v) for v in mapping.values]
    told = mapping.layout != "wide_time" and all(h.unit for h in heads)
    if mapping.unit is None and not told and "unit" not in mapping.columns:
        _ask(asked, "unit", *words.units_for(mapping.carrier))
    return mapping


def _local(sheet: Sheet, mapping: Mapping, found: Found) -> list[tuple[str, int, int]]:
    """(number, local seconds, precision) of the sample, in file order."""
    from tanlin.meter.times import joined

    index = {n: i for i, n in enumerate(found.names) if n}
    time = index.get(mapping.columns.get("time", ""))
    if time is None:
        return []
    hour = index.get(mapping.columns.get("hour", ""))
    numbers = [index[c] for r, c in mapping.columns.items() if r.startswith("number") or r == "stream"]
    result = []
    for row in [*sheet.head[found.row :], sheet.tail]:
        if time >= len(row):
            continue
        text = row[time]
        if hour is not None and hour < len(row):
            text = joined(text, row[hour])
        moment = cells.moment(text, mapping.date_format or "ymd")
        if moment:
            name = " ".join(meter_number(row[i]) for i in numbers if i < len(row))
            result.append((name, moment[0], moment[1]))
    return result


def _stamp(sheet: Sheet, mapping: Mapping, found: Found) -> Mapping:
    """A day that runs 01:00 … 24:00 is stamped at the end; one that runs 00:00 … 23:00 at the start."""
    if mapping.kind != "interval":
        return mapping
    if mapping.layout == "wide_time":
        spans = [s for s in map(time_header, mapping.values) if s]
        hours = [s.value * (3600 if s.kind == "int" else 1) for s in spans if s.kind in ("hour", "int")]
        ranged = any(":" in v and ("-" in v or "~" in v) for v in mapping.values)
        ends = bool(hours) and not ranged and max(hours) == DAY and min(hours) > 0
        clear = bool(hours)
    else:
        moments = _local(sheet, mapping, found)
        times = [m[1] % DAY for m in moments]
        if not times or not any(times):
            return mapping
        step = _common_step(moments)
        written = any(
            _RANGE.split(t)[0].endswith("24:00")
            for t in sample(sheet, found, mapping.columns.get("hour") or mapping.columns["time"])
        )
        ends = times[0] > 0 and (written or (step == times[0] and times[-1] == 0))
        clear = ends or (times[0] == 0 and times[-1] == DAY - step)
    stamp: Literal["start", "end"] = "end" if ends else "start"
    zh = "结束" if ends else "开始"
    why = _because(
        mapping,
        f"时间看作每段的{zh}{'' if clear else '（没有明确依据，请核对）'}。",
        f"Times are taken as the {stamp} of each interval{'' if clear else ' (no clear sign, please check)'}.",
    )
    trust = {**mapping.confidence, "stamp": 0.95 if clear else 0.5}
    return replace(mapping, stamp=stamp, why=why, confidence=trust)


def _common_step(moments: list[tuple[str, int, int]]) -> int:
    """The most frequent positive step within a meter; 0 where there is none."""
    last: dict[str, int] = {}
    jumps = []
    for name, seconds, _ in moments[:-1]:
        if name in last and seconds != last[name]:
            jumps.append(abs(seconds - last[name]))
        last[name] = seconds
    if not jumps:
        return 0
    kinds, counts = np.unique(jumps, return_counts=True)
    return int(kinds[np.argmax(counts)])


def _steps(sheet: Sheet, mapping: Mapping, found: Found, asked: list[Question]) -> Mapping:
    """Months are bills; a date alone leaves the length open unless dates repeat within a meter."""
    if mapping.kind == "register":
        return mapping
    if mapping.layout == "wide_time":
        return _wide_steps(mapping, found, asked)
    if "time" not in mapping.columns:
        if not {"month", "period", "from"} & set(mapping.columns) and (
            not mapping.period or len(mapping.period) != 7
        ):
            _ask(asked, "period")
        return mapping
    if {"month", "period", "from"} & set(mapping.columns):
        return mapping
    moments = _local(sheet, mapping, found)
    if moments and all(m[2] == cells.TO_MONTH for m in moments):
        columns = dict(mapping.columns)
        columns["month"] = columns.pop("time")
        return replace(mapping, kind="bill", columns=columns)
    step = _common_step(moments)
    firsts = {m[1] // DAY for m in moments}
    if step >= 27 * DAY:
        ends = np.array(sorted(firsts)).astype("datetime64[D]")
        months = ends.astype("datetime64[M]")
        first_of = (ends == months.astype("datetime64[D]")).all()
        last_of = (ends + 1 == (months + 1).astype("datetime64[D]")).all()
        if first_of or last_of:
            return replace(mapping, kind="bill", step="month")
        _ask(asked, "step", "month", "day")
    elif step == 0 and moments:
        if mapping.subject == "waste_stream":
            return replace(mapping, step="day")
        _ask(asked, "step", "day", "month", "3600")
    return mapping


def _wide_steps(mapping: Mapping, found: Found, asked: list[Question]) -> Mapping:
    """Headers without a year, or without a month, need the title's or a date column."""
    measures, step = numbers_of(mapping, found.names)
    cuts = {m.span.cut for m in measures if m.span and m.span.fixed is None}
    dated = "time" in mapping.columns or "month" in mapping.columns
    needed = 0 if dated else max((_DIGITS[c] for c in cuts), default=0)
    if len(mapping.period or "") < needed:
        _ask(asked, "period")
    return replace(mapping, kind="bill") if step == "month" else mapping


def _ends(sheet: Sheet, mapping: Mapping, found: Found, asked: list[Question]) -> Mapping:
    """Whether end dates count is told by whole months or by the next bill's start."""
    if mapping.kind == "register" or not {"period", "to"} & set(mapping.columns):
        return mapping
    from tanlin.meter.times import pair

    if "period" in mapping.columns:
        pairs = [pair(t) for t in sample(sheet, found, mapping.columns["period"])]
    else:
        froms = sample(sheet, found, mapping.columns["from"])
        pairs = list(zip(froms, sample(sheet, found, mapping.columns["to"]), strict=False))
    votes: set[Literal["inclusive", "exclusive"]] = set()
    days = []
    for first, last in (p for p in pairs if p):
        start = cells.moment(first, mapping.date_format)
        stop = cells.moment(last, mapping.date_format)
        if start and stop and start[0] < stop[0]:
            days.append((start[0] // DAY, stop[0] // DAY))
            if stop[1] == cells.SECOND:
                votes.add("exclusive")
    starts = {a for a, _ in days}
    for a, b in days:
        month = np.datetime64(a, "D").astype("datetime64[M]")
        whole = np.datetime64(a, "D") == month.astype("datetime64[D]")
        if whole and np.datetime64(b + 1, "D") == (month + 1).astype("datetime64[D]"):
            votes.add("inclusive")
        elif b in starts and b + 1 not in starts:
            votes.add("exclusive")
        elif b + 1 in starts and b not in starts:
            votes.add("inclusive")
    if len(votes) == 1:
        end = votes.pop()
        zh = "计入" if end == "inclusive" else "不计入"
        why = _because(mapping, f"结束日期当天{zh}。", f"End dates are taken as {end}.")
        return replace(mapping, end=end, why=why)
    _ask(asked, "end", "inclusive", "exclusive")
    return mapping
