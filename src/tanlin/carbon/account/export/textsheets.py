"""Sheets of a workbook beside its lines: factors and potentials, the boundary, causes of error, receipts."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import pyarrow as pa

from tanlin.carbon.account.boundary import ATTRIBUTES
from tanlin.carbon.account.export.linesheet import PLAIN, Used
from tanlin.carbon.account.export.xlsx import Formula, Head, Sheet, quoted
from tanlin.carbon.account.lines import LINES
from tanlin.carbon.account.spread import contributors
from tanlin.carbon.factors import Fact
from tanlin.kernel.errors import Text
from tanlin.kernel.figure import Figure

_FACTORS = (
    Head(Text("因子编号", "Factor id")),
    Head(Text("名称", "Name")),
    Head(Text("地区", "Region")),
    Head(Text("数值", "Value"), "0.########"),
    Head(Text("单位", "Unit")),
    Head(Text("气体", "Gas")),
    Head(Text("有效期起", "Valid from")),
    Head(Text("有效期止", "Valid to")),
    Head(Text("发布日期", "Published")),
    Head(Text("不确定度（95 %）", "Uncertainty (95 %)"), '0.0"%"'),
    Head(Text("来源", "Source")),
    Head(Text("出处", "Reference")),
    Head(Text("来源已核对", "Source verified")),
)
_POTENTIALS = (
    Head(Text("气体", "Gas")),
    Head(Text("全球增温潜势（GWP100）", "GWP100"), "0.####"),
)
_BOUNDARY = (
    Head(Text("项目", "Item")),
    Head(Text("内容", "Value")),
    Head(Text("自", "Since")),
    Head(Text("来源", "Source")),
)
_CAUSES = (
    Head(Text("误差来源", "Cause of error")),
    Head(Text("明细条数", "Lines"), "0"),
    Head(Text("最大不确定度", "Largest half-range"), '0.0"%"'),
    Head(Text("合计半宽 tCO₂e", "Half-range of the total, tCO₂e"), "0.000000"),
    Head(Text("方差占比", "Share of the variance"), "0.0%"),
)
_RECEIPTS = (
    Head(Text("指标", "Figure")),
    Head(Text("标识", "Key")),
    Head(Text("数值", "Value"), "0.######"),
    Head(Text("单位", "Unit")),
    Head(Text("下限（95 %）", "Low (95 %)"), "0.######"),
    Head(Text("上限（95 %）", "High (95 %)"), "0.######"),
    Head(Text("暂用因子", "Provisional")),
    Head(Text("待更新", "Being updated")),
    Head(Text("溯源单", "Receipt")),
)
#: Total → its title and the levels whose lines it adds.
_TOTALS = (
    ("carbon.basic", Text("BASIC 的误差来源", "What makes BASIC uncertain"), ("basic",)),
    ("carbon.basic_plus", Text("BASIC+ 的误差来源", "What makes BASIC+ uncertain"), ("basic", "basic_plus")),
)


def write_factors(sheet: Sheet, rows: Sequence[Mapping[str, Any]], facts: Sequence[Fact]) -> Used:
    """Factors that lines name, as pinned, and the potential of each gas; where lines find them."""
    named = {name for row in rows for name in (row["factor_id"] or "").split("+")}
    warming = frozenset(fact.fact_id for fact in facts if fact.kind == "gwp")
    sheet.head(_FACTORS, repeat=False)
    cells: dict[str, tuple[str, float]] = {}
    for fact in sorted(facts, key=lambda fact: (fact.fact_id not in named, fact.fact_id)):
        at = sheet.write(
            [
                fact.fact_id,
                fact.name,
                fact.region,
                fact.value,
                fact.unit,
                fact.gas,
                *(day.isoformat() if day else None for day in (fact.valid_from, fact.valid_to)),
                fact.published.isoformat() if fact.published else None,
                fact.uncertainty_pct,
                fact.source,
                fact.source_ref,
                fact.verified,
            ]
        )
        cells[fact.fact_id] = (f"{quoted(sheet.name)}!$D${at}", fact.value)
    sheet.gap()
    sheet.head(_POTENTIALS, repeat=False)
    potentials: dict[str, tuple[str, float]] = {}
    for gas, value in potentials_of(rows, warming).items():
        at = sheet.write([gas, value])
        potentials[gas] = (f"{quoted(sheet.name)}!$B${at}", value)
    return Used(cells, potentials, warming)


def potentials_of(rows: Sequence[Mapping[str, Any]], warming: Collection[str]) -> dict[str, float]:
    """GWP100 by gas, from the heaviest line of each; one where a gas is CO2 or not parted.

    ``warming``: facts that are a potential; a line whose factor holds one needs none by gas.
    """
    heaviest: dict[str, Mapping[str, Any]] = {}
    for row in rows:
        if any(name in warming for name in (row["factor_id"] or "").split("+")):
            continue
        if row["mass_t"] and row["tco2e"] is not None and row["gas"] not in PLAIN:
            known = heaviest.get(row["gas"])
            if known is None or abs(row["mass_t"]) > abs(known["mass_t"]):
                heaviest[row["gas"]] = row
    found = {gas: float(f"{row['tco2e'] / row['mass_t']:.7g}") for gas, row in sorted(heaviest.items())}
    return dict.fromkeys(PLAIN, 1.0) | found


_MADE_UP = Text("演示数据", "demonstration data")


def write_boundary(
    sheet: Sheet, rows: Sequence[Mapping[str, Any]], gwp: str, region: str
) -> Mapping[str, str]:
    """What the account is the account of; attribute → the cell of its value, for those that are stated."""
    sheet.head(_BOUNDARY, repeat=False)
    sheet.write([Text("排放因子所用地区", "Region of the factors"), region])
    sheet.write([Text("GWP 版本", "Set of GWP"), gwp.upper()])
    sheet.write([Text("电力排放", "Electricity"), Text("基于位置", "location-based")])
    stated: dict[str, str] = {}
    for row in rows:
        name = ATTRIBUTES.get(row["key"], Text(row["key"], row["key"]))
        missing = Text("未填写", "not stated")
        value = missing if row["value"] is None else row["value"]
        source = _MADE_UP if row["source"] == "demonstration" else row["source"]
        at = sheet.write([name, value, row["since"], source])
        if row["value"] is not None:
            stated[row["key"]] = f"{quoted(sheet.name)}!$B${at}"
    return stated


def write_uncertainty(sheet: Sheet, rows: Sequence[Mapping[str, Any]], figures: Mapping[str, Figure]) -> None:
    """Causes of error of BASIC and of BASIC+; what rests on one cause adds, causes add in quadrature."""
    table = pa.Table.from_pylist(list(rows), LINES)
    for key, title, levels in _TOTALS:
        sheet.say(title, bold=True)
        part = table.filter(pa.array([level in levels for level in table["level"].to_pylist()], pa.bool_()))
        causes = contributors(part).to_pylist()
        sheet.head(_CAUSES, repeat=False)
        first, last = sheet.row + 1, sheet.row + len(causes)
        for cause in causes:
            share = Formula(f"D{sheet.row + 1}^2/SUMSQ(D${first}:D${last})") if cause["share"] else None
            sheet.write([cause["cause"], cause["lines"], cause["pct"], cause["half_t"], share])
        half = _half_range(figures.get(key))
        whole = Formula(f"SQRT(SUMSQ(D{first}:D{last}))") if causes and half is not None else None
        sheet.write(
            [Text("合计半宽（平方和开方）", "Half-range, in quadrature"), None, None, whole], bold=True
        )
        note = (
            Text("有明细未注明不确定度，区间未知", "a line states no error: unknown")
            if half is None
            else None
        )
        sheet.write([Text("公布的半宽", "Half-range as published"), None, None, half, note])
        sheet.gap()


def _half_range(figure: Figure | None) -> float | None:
    if figure is None or figure.low is None or figure.high is None:
        return None
    return (figure.high - figure.low) / 2


def write_receipts(sheet: Sheet, figures: Mapping[str, Figure], labels: Mapping[str, Text]) -> None:
    """Every published figure with the hash of its receipt, which replays it."""
    sheet.head(_RECEIPTS)
    for key, figure in sorted(figures.items()):
        sheet.write(
            [
                labels.get(key, Text(key, key)),
                key,
                figure.value,
                figure.unit,
                figure.low,
                figure.high,
                figure.provisional,
                figure.stale,
                figure.receipt,
            ]
        )
