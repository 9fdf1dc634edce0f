"""Public institutions' energy and resource consumption (公共机构能源资源消费状况) of a place and year, as a printable sheet.

Items and units follow the form of the 公共机构能源资源消费统计调查制度 (国家机关事务管理局) as reprinted in public copies; the
revision of 2025-11 was read in its notice only. Amounts are those of meters whose use is public. What is not known
stays empty and says why. Standard coal is on the heat basis (当量值, GB/T 2589-2020).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from tanlin.carbon.account.export.xlsx import DEMONSTRATION, Formula, Head, Sheet, saved, workbook
from tanlin.carbon.factors import FactorBook, Resolved
from tanlin.carbon.reasons import reason_text
from tanlin.kernel.errors import Text
from tanlin.kernel.words import percent

#: Attributes of the area that state what the institutions are: people who use energy there, and their floor.
PERSONS, FLOOR = "public.persons", "public.floor_area_m2"
_COMPLETE = 0.9995


@dataclass(frozen=True)
class Item:
    """An item of the form: carrier and products of the meters that make it, its unit, and how many canonical units that is."""

    name: Text
    carrier: str
    products: tuple[str, ...]
    unit: Text
    scale: float = 1.0
    density: str = ""


ITEMS = (
    Item(Text("电", "Electricity"), "electricity", (), Text("千瓦时", "kWh")),
    Item(Text("水", "Water"), "water", (), Text("立方米", "m³")),
    Item(Text("煤炭", "Coal"), "fuel", ("raw_coal",), Text("吨", "t"), 1000.0),
    Item(Text("天然气", "Natural gas"), "gas", ("natural_gas",), Text("立方米", "m³")),
    Item(Text("汽油", "Petrol"), "fuel", ("gasoline",), Text("升", "L"), density="gasoline.density"),
    Item(Text("柴油", "Diesel"), "fuel", ("diesel",), Text("升", "L"), density="diesel.density"),
    Item(Text("热力", "Heat"), "heat", (), Text("吉焦", "GJ")),
)
OTHER = Text("其他能源", "Other energy")
_NO_ENERGY = ("water", "waste")


@dataclass(frozen=True)
class Line:
    """A line of the form; None is not known and ``note`` says why."""

    name: Text
    unit: Text
    amount: float | None
    cost: float | None
    note: Text


@dataclass(frozen=True)
class Form:
    """The form of a place and year. ``tce``: comprehensive energy; persons and floor of the institutions."""

    place: Text
    year: int
    lines: tuple[Line, ...]
    tce: Line
    persons: float | None
    floor_m2: float | None
    demonstration: bool = False


def form(
    place: Text,
    year: int,
    rows: Sequence[Mapping[str, Any]],
    book: FactorBook,
    region: str,
    stated: Mapping[str, float | None],
    demonstration: bool = False,
) -> Form:
    """The form from the rows of an inventory. ``stated``: attribute → value; None is not stated."""
    mine = [row for row in rows if (row.get("use") or "") == "public" and row["channel"] in ("import", "")]
    named = [(item, _of(mine, item)) for item in ITEMS]
    taken = {id(row) for _, found in named for row in found}
    rest = [row for row in mine if row["carrier"] not in _NO_ENERGY and id(row) not in taken]
    energy = [row for row in mine if row["carrier"] not in _NO_ENERGY]
    lines = [_line(item, found, book, region, year) for item, found in named]
    lines.append(_coal(OTHER, rest))
    return Form(
        place,
        year,
        tuple(lines),
        _coal(Text("综合能耗（当量值）", "Comprehensive energy use (heat basis)"), energy),
        stated.get(PERSONS),
        stated.get(FLOOR),
        demonstration,
    )


def _of(rows: Sequence[Mapping[str, Any]], item: Item) -> list[Mapping[str, Any]]:
    return [
        row
        for row in rows
        if row["carrier"] == item.carrier and (not item.products or row["product"] in item.products)
    ]


def _line(item: Item, rows: list[Mapping[str, Any]], book: FactorBook, region: str, year: int) -> Line:
    amount, note = _sum(rows, "value")
    scale = item.scale
    if item.density and amount is not None:
        known = book.resolve("fuel_param", region, date(year, 1, 1), item.density)
        if not isinstance(known, Resolved):
            none = Text("缺少密度，不能由质量换算为升。", "No density is known, so no litres.")
            return Line(item.name, item.unit, None, None, none)
        scale = known.value
        note = Text(f"{note.zh}按密度 {scale:g} kg/L 换算。", f"{note.en} By {scale:g} kg/L.".strip())
    return Line(item.name, item.unit, None if amount is None else amount / scale, _sum(rows, "cost")[0], note)


def _coal(name: Text, rows: list[Mapping[str, Any]]) -> Line:
    amount, note = _sum(rows, "tce")
    return Line(name, Text("吨标准煤", "tce"), amount, _sum(rows, "cost")[0], note)


def _sum(rows: list[Mapping[str, Any]], column: str) -> tuple[float | None, Text]:
    """The sum of a column and what to say of it; None where there is no meter, no reading or a row that is not known.

    Months that nobody read are told by the coverage.
    """
    if not rows:
        return None, Text("没有用途为“公共”的表计。", "No meter has the use “public”.")
    read = [row for row in rows if row["value"] is not None]
    unknown = [row for row in read or rows if row[column] is None]
    if unknown:
        return None, _why(unknown)
    expected = sum(row["seconds_expected"] for row in rows)
    present = sum(min(row["seconds_present"], row["seconds_expected"]) for row in rows)
    covered = present / expected if expected else 1.0
    note = Text("", "")
    if covered < _COMPLETE:
        note = Text(f"数据完整率 {percent(covered, 1)}。", f"Coverage {percent(covered, 1)}.")
    return float(sum(row[column] for row in read)), note


def _why(rows: list[Mapping[str, Any]]) -> Text:
    codes = sorted({code for row in rows for code in (row["reason"] or "readings.none").split(";")})
    return reason_text(";".join(codes))


# ---- the sheet ------------------------------------------------------------------------------------------------------
_HEAD = (
    Head(Text("指标名称", "Item")),
    Head(Text("计量单位", "Unit")),
    Head(Text("消费量", "Amount"), "#,##0.00"),
    Head(Text("费用（元）", "Cost (CNY)"), "#,##0.00"),
    Head(Text("说明", "Note")),
)
_SHEET = Text("消费状况", "Consumption")
_TITLE = Text("公共机构能源资源消费状况", "Energy and resource consumption of public institutions")
_UNITS = Text("计量单位：见各行；金额单位：元", "Units: see each line; money in CNY")
_PERSONS = (Text("用能人数", "People using energy"), Text("人", "persons"))
_FLOOR = (Text("建筑面积", "Floor area"), Text("平方米", "m²"))
_ENERGY_EACH = (Text("人均综合能耗", "Energy per person"), Text("千克标准煤/人", "kgce/person"))
_ENERGY_M2 = (Text("单位建筑面积能耗", "Energy per floor area"), Text("千克标准煤/平方米", "kgce/m²"))
_WATER_EACH = (Text("人均用水量", "Water per person"), Text("立方米/人", "m³/person"))
_WATER = 1  # position of water in ITEMS
_MISSING = Text("缺少所需数据，不能计算。", "Data it needs are missing.")
_SIGNED = Text(
    "单位负责人：__________  审核人：__________  填报人：__________  报出日期：____年__月__日",
    "Head of unit: __________  Reviewed by: __________  Filled in by: __________  Date: __________",
)
_LAYOUT = Text(
    "表式参照国家机关事务管理局《公共机构能源资源消费统计调查制度》的公开转载本编排，报送时以现行表式为准。"
    "只含用途为“公共”的表计。空格表示数据未知，不是零。",
    "Laid out after public reprints of the survey system of the National Government Offices Administration; report on "
    "the form in force. Holds the meters whose use is public. An empty cell is not known, not zero.",
)


def _not_stated(attribute: str) -> Text:
    return Text(f"未填写（区域属性 {attribute}）。", f"Not stated (attribute {attribute} of the area).")


def sheet(made: Form, lang: str) -> bytes:
    """The form as an XLSX file on one A4 page; values per person and per square metre are formulas."""
    book = workbook()
    out = Sheet(book, _SHEET.pick(lang), lang, landscape=False, boxed=True)
    out.say(_TITLE, bold=True, size=16, merge=len(_HEAD))
    if made.demonstration:
        out.say(DEMONSTRATION, bold=True, merge=len(_HEAD))
    out.say(Text(f"填报区域：{made.place.zh}", f"Area: {made.place.en}"))
    out.say(Text(f"报告期：{made.year} 年 1—12 月", f"Period: January to December {made.year}"))
    out.say(_UNITS)
    out.head(_HEAD)
    at = {line.name: _write(out, line) for line in (*made.lines, made.tce)}
    persons, floor = Line(*_PERSONS, made.persons, None, _unstated(made.persons, PERSONS)), _floor(made)
    below = {line: _write(out, line) for line in (persons, floor)}
    water = made.lines[_WATER]
    for name, unit, top, by, scale in (
        (*_ENERGY_EACH, made.tce, persons, "*1000"),
        (*_ENERGY_M2, made.tce, floor, "*1000"),
        (*_WATER_EACH, water, persons, ""),
    ):
        known = top.amount is not None and bool(by.amount)
        formula = Formula(f"C{at[top.name]}{scale}/C{below[by]}") if known else None
        out.write([name, unit, formula, None, None if known else _MISSING])
    out.gap()
    out.say(_SIGNED)
    out.say(_LAYOUT, size=10, merge=len(_HEAD), high=3)
    out.fit()
    return saved(book)


def _floor(made: Form) -> Line:
    return Line(*_FLOOR, made.floor_m2, None, _unstated(made.floor_m2, FLOOR))


def _write(out: Sheet, line: Line) -> int:
    return out.write([line.name, line.unit, line.amount, line.cost, line.note])


def _unstated(value: float | None, attribute: str) -> Text:
    return Text("", "") if value is not None else _not_stated(attribute)
