"""The mapping of a sheet as a person settles it: one role a column, and the few choices that no column shows."""

from __future__ import annotations

from collections.abc import Mapping as Dict
from dataclasses import dataclass, replace
from typing import Any

from tanlin.kernel.errors import Text
from tanlin.meter.headers import names_at
from tanlin.meter.mapping import Mapping
from tanlin.meter.sheets import Sheet
from tanlin.meter.staging import Plan

#: Columns shown at most; the others keep the meaning they were guessed to have.
SHOWN = 40
UNANSWERED = "?"
ROLES: dict[str, Text] = {
    "": Text("不导入", "left out"),
    "number": Text("表号", "meter number"),
    "value": Text("数值", "value"),
    "time": Text("时间", "time"),
    "hour": Text("时刻", "time of day"),
    "month": Text("月份", "month"),
    "period": Text("起止日期", "period"),
    "from": Text("开始日期", "start"),
    "to": Text("结束日期", "end"),
    "previous": Text("上期示数", "previous register reading"),
    "current": Text("本期示数", "present register reading"),
    "register": Text("示数", "register reading"),
    "multiplier": Text("倍率", "multiplier"),
    "unit": Text("单位", "unit"),
    "carrier": Text("能源品种", "carrier"),
    "channel": Text("方向", "direction"),
    "stream": Text("垃圾类别", "waste stream"),
    "name": Text("名称或地址", "name or address"),
}
_CARRIERS = {
    "electricity": Text("电", "electricity"),
    "gas": Text("燃气", "gas"),
    "heat": Text("热", "heat"),
    "water": Text("水", "water"),
    "cooling": Text("冷", "cooling"),
    "waste": Text("垃圾", "waste"),
    "fuel": Text("燃油", "fuel"),
}
_BY_FILE = Text("按文件内容", "as the file says")
#: Choices of a mapping: field → (title, option → words).
CHOICES: dict[str, tuple[Text, dict[str, Text]]] = {
    "carrier": (Text("能源品种", "Carrier"), {"": Text("按列或登记", "by column or registry"), **_CARRIERS}),
    "unit": (Text("数值的单位", "Unit of the values"), {"": _BY_FILE}),
    "kind": (
        Text("类型", "Kind"),
        {
            "interval": Text("分时用量", "interval readings"),
            "register": Text("示数（表底）", "register readings"),
            "bill": Text("账单（月度或周期）", "bills"),
        },
    ),
    "channel": (
        Text("方向", "Channel"),
        {
            "import": Text("用（正向）", "import"),
            "export": Text("上网（反向）", "export"),
            "generation": Text("发电", "generation"),
        },
    ),
    "stamp": (
        Text("时间标在每段的", "A time marks of its interval"),
        {"start": Text("开始", "the start"), "end": Text("结束", "the end")},
    ),
    "date_format": (
        Text("日期的写法", "How dates are written"),
        {
            "": _BY_FILE,
            "ymd": Text("年-月-日", "year-month-day"),
            "dmy": Text("日-月-年", "day-month-year"),
            "mdy": Text("月-日-年", "month-day-year"),
        },
    ),
    "step": (
        Text("每条读数覆盖", "Each reading lasts"),
        {
            "": _BY_FILE,
            "900": Text("15 分钟", "15 minutes"),
            "1800": Text("30 分钟", "30 minutes"),
            "3600": Text("1 小时", "1 hour"),
            "day": Text("1 天", "1 day"),
            "month": Text("1 个月", "1 month"),
        },
    ),
    "end": (
        Text("结束日期当天", "The end date itself"),
        {
            "": _BY_FILE,
            "inclusive": Text("计入", "belongs to the period"),
            "exclusive": Text("不计入", "does not belong to it"),
        },
    ),
    "layout": (
        Text("表格形式", "Layout"),
        {
            "long": Text("一行一条读数", "one reading a row"),
            "wide_time": Text("一列一个时间", "one time a column"),
            "wide_meters": Text("一列一块表", "one meter a column"),
        },
    ),
}
UNITS = ("kWh", "MWh", "万千瓦时", "m3", "万立方米", "GJ", "MJ", "kg", "t", "L")
#: Choices that are always shown; the others only where they matter.
MAIN = ("carrier", "unit", "kind", "channel")
FREE = {"period": Text("年或月（如 2025-06）", "Year or month (2025-06)"), "tz": Text("时区", "Time zone")}


@dataclass(frozen=True)
class Column:
    """One column: its header, a cell as example and the role it has now."""

    field: str
    name: str
    example: str
    role: str


@dataclass(frozen=True)
class Choice:
    """One select. ``ask`` is the question where only the user can tell."""

    field: str
    title: Text
    options: list[tuple[str, Text]]
    value: str
    ask: Text | None


def columns(plan: Plan, sheet: Sheet) -> list[Column]:
    """The columns of a sheet, those that mean something first; at most ``SHOWN``."""
    mapping = plan.mapping
    if mapping is None:
        return []
    roles = {name: role for role, name in mapping.columns.items()}
    body = sheet.head[mapping.header_row :]
    found = []
    for index, name in enumerate(names_at(sheet, mapping.header_row, mapping.header_rows)):
        if not name:
            continue
        example = next((row[index] for row in body if index < len(row) and row[index]), "")
        role = roles.get(name) or ("value" if name in mapping.values else "")
        found.append(Column(f"col{index}", name, example[:40], role))
    if len(found) <= SHOWN:
        return found
    plain = [c for c in found if c.role != "value"]
    return [*plain, *(c for c in found if c.role == "value")][:SHOWN]


def choices(mapping: Mapping) -> tuple[list[Choice], list[Choice]]:
    """The selects to show at once (open questions among them), and those behind a fold."""
    asked = {q.field: q for q in mapping.questions}
    first: list[Choice] = []
    more: list[Choice] = []
    for field, (title, words) in CHOICES.items():
        value = getattr(mapping, field)
        text = "" if value is None else str(value)
        options = dict(words)
        if field == "unit":
            options |= {u: Text(u, u) for u in UNITS}
        if text not in options:
            options[text] = Text(text, text)
        question = asked.get(field)
        if question is not None:
            given = {o: options.get(o, Text(o, o)) for o in question.options}
            options = {UNANSWERED: Text("请选择", "please choose"), **given}
            text = UNANSWERED
        choice = Choice(field, title, list(options.items()), text, question.text if question else None)
        (first if question or field in MAIN else more).append(choice)
    first.sort(key=lambda c: c.ask is None)
    return first, more


def settle(plan: Plan, sheet: Sheet, data: Dict[str, str]) -> Plan:
    """The plan as the form says; fields the form does not hold stay as they are."""
    if plan.mapping is None:
        return plan
    mapping = _columns(plan.mapping, sheet, data)
    answers: dict[str, Any] = {}
    for field in (*CHOICES, *FREE, "number"):
        if field not in data or data[field] == UNANSWERED:
            continue
        text = data[field].strip()
        open_question = any(q.field == field for q in mapping.questions)
        if text or not (open_question and field in FREE):
            answers[field] = _value(field, text, mapping)
    return replace(plan, use="use" in data, mapping=mapping.answer(**answers))


def _value(field: str, text: str, mapping: Mapping) -> Any:
    if field == "step":
        return int(text) if text.isdigit() else text or None
    if field == "carrier":
        return text
    if field in ("kind", "channel", "stamp", "layout", "tz"):
        return text or getattr(mapping, field)
    return text or None


def _columns(mapping: Mapping, sheet: Sheet, data: Dict[str, str]) -> Mapping:
    names = names_at(sheet, mapping.header_row, mapping.header_rows)
    roles = {name: role for role, name in mapping.columns.items()}
    kept, values, ignore = {}, [], []
    for index, name in enumerate(names):
        if not name:
            continue
        now = roles.get(name) or ("value" if name in mapping.values else "")
        role = data.get(f"col{index}", now)
        if role == "value":
            values.append(name)
        elif role in ROLES and role and role not in kept:
            kept[role] = name
        else:
            ignore.append(name)
    # the value of a register sheet may be one of its register columns itself
    both = [name for name in mapping.values if name in kept.values()]
    return replace(mapping, columns=kept, values=tuple(values + both), ignore=tuple(ignore))
