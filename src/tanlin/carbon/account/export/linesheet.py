"""The sheet of lines: each line's tonnes as a formula of its activity, the factor and the potential of its gas."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

from tanlin.carbon.account.entry.cells import SOURCES
from tanlin.carbon.account.export.xlsx import Formula, Head, Sheet, quoted
from tanlin.carbon.reasons import reason_text
from tanlin.kernel.errors import Text

NAMES: dict[str, Text] = {
    "summary": Text("汇总", "Summary"),
    "table": Text("清单表", "Table"),
    "lines": Text("明细", "Lines"),
    "factors": Text("因子", "Factors"),
    "boundary": Text("边界", "Boundary"),
    "uncertainty": Text("不确定度", "Uncertainty"),
    "receipts": Text("溯源单", "Receipts"),
}
LEVELS: dict[str, Text] = {
    "basic": Text("BASIC", "BASIC"),
    "basic_plus": Text("BASIC+", "BASIC+"),
    "territorial": Text("仅地域排放", "territorial only"),
    "memo": Text("备忘", "memo"),
}
#: Gases whose potential is one by definition.
PLAIN = ("CO2", "CO2e")
#: Gases with a column of their own in any table; others follow in the order of their names.
GASES = ("CO2", "CH4", "N2O")

_HEAD = (
    Head(Text("参考编号", "GPC ref. no.")),
    Head(Text("报告层级", "Level")),
    Head(Text("范围", "Scope")),
    Head(Text("区域", "Place")),
    Head(Text("月份", "Month"), "0"),
    Head(Text("项目", "Stream")),
    Head(Text("数据来源", "Source")),
    Head(Text("活动数据", "Activity"), "#,##0.###"),
    Head(Text("单位", "Unit")),
    Head(Text("气体", "Gas")),
    Head(Text("因子编号", "Factor id")),
    Head(Text("因子值", "Factor"), "0.########"),
    Head(Text("单位换算（至吨/活动单位）", "Conversion (to tonnes a unit of activity)"), "0.000000E+00"),
    Head(Text("GWP", "GWP"), "0.####"),
    Head(Text("排放量 tCO₂e", "tCO₂e"), "0.000000"),
    Head(Text("公布值 tCO₂e", "tCO₂e as published"), "0.000000"),
    Head(Text("不确定度（95 %）", "Uncertainty (95 %)"), '0.0"%"'),
    Head(Text("数据完整率", "Coverage"), "0.0%"),
    Head(Text("估算占比", "Estimated"), "0.0%"),
    Head(Text("暂用因子", "Provisional")),
    Head(Text("来源已核对", "Source verified")),
    Head(Text("注释代码", "Notation key")),
    Head(Text("说明", "Explanation")),
)


@dataclass(frozen=True)
class Used:
    """Cells that lines point at, each (cell, value): facts by id, potentials by gas; ``warming``: facts that are one."""

    facts: Mapping[str, tuple[str, float]]
    potentials: Mapping[str, tuple[str, float]]
    warming: frozenset[str]

    def product(self, names: Sequence[str]) -> tuple[Formula | float, float] | None:
        """Facts multiplied: as a formula and its value; None where one is not in the book, 1 of none."""
        if any(name not in self.facts for name in names):
            return None
        cells = [self.facts[name] for name in names]
        return (Formula("*".join(cell for cell, _ in cells)) if cells else 1.0), prod(v for _, v in cells)

    def potential(self, gas: str) -> tuple[Formula | float, float]:
        """The potential of a gas as a formula and its value; one where the factor does not part gases."""
        cell, value = self.potentials.get(gas, ("", 1.0))
        return (Formula(cell) if cell else 1.0), value


@dataclass(frozen=True)
class Lines:
    """Absolute ranges of the sheet that other sheets add, and what it holds.

    ``gases`` in the order of their columns; ``scopes`` by reference; ``known``: references and gases with tonnes.
    """

    ref: str
    level: str
    gas: str
    tonnes: str
    gases: tuple[str, ...]
    scopes: Mapping[str, int]
    known: frozenset[tuple[str, str]]


def shown(ref: str) -> str:
    """A reference as the sheets write it: formulas match on it, so it is never empty."""
    return ref or "–"


def gases_of(rows: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """The gases of a table of lines in the order of its columns, CO2e last."""
    found = {row["gas"] for row in rows if row["tco2e"] is not None}
    return (*GASES, *sorted(found - {*GASES, "CO2e"}), "CO2e")


def write(sheet: Sheet, rows: Sequence[Mapping[str, Any]], used: Used) -> Lines:
    """Write the lines below a heading."""
    first = sheet.head(_HEAD) + 1
    for row in rows:
        level = LEVELS.get(row["level"])
        sheet.write(
            [
                shown(row["ref"]),
                level or row["level"],
                row["scope"],
                row["place"],
                row["month"],
                row["stream"],
                SOURCES.get(row["source"], row["source"]),
                row["activity"],
                row["unit"],
                row["gas"],
                row["factor_id"],
                *_product(row, used, sheet.row + 1),
                row["tco2e"],
                half_range(row),
                row["coverage"],
                row["estimated"],
                row["provisional"],
                row["verified"],
                row["key"],
                reason_text(row["reason"]) if row["reason"] else None,
            ]
        )
    name, last = quoted(sheet.name), max(sheet.row, first)
    ref, level_at, gas, tonnes = (f"{name}!${c}${first}:${c}${last}" for c in "ABJO")
    scopes = {row["ref"]: row["scope"] for row in rows}
    known = frozenset((row["ref"], row["gas"]) for row in rows if row["tco2e"] is not None)
    return Lines(ref, level_at, gas, tonnes, gases_of(rows), scopes, known)


def _product(row: Mapping[str, Any], used: Used, at: int) -> list[Any]:
    """Factor, conversion, potential and tonnes of a line; the tonnes alone where the parts are not all known.

    The factor of a line may be a product of facts, one of which may be the potential of its gas.
    """
    tonnes, activity = row["tco2e"], row["activity"]
    if tonnes is None:
        return [None, None, None, None]
    names = (row["factor_id"] or "").split("+")
    warming = [name for name in names if name in used.warming]
    factor = used.product([name for name in names if name not in used.warming])
    potential = used.product(warming) if warming else used.potential(row["gas"])
    weight = (activity or 0.0) * factor[1] * potential[1] if factor and potential else 0.0
    if not weight or not factor or not potential:
        return [None, None, None, tonnes]
    return [factor[0], tonnes / weight, potential[0], Formula(f"H{at}*L{at}*M{at}*N{at}")]


def half_range(row: Mapping[str, Any]) -> float | None:
    """95 % half-range of a line in percent: its causes are independent of one another."""
    if row["causes"] is None or row["tco2e"] is None:
        return None
    return float(sum(cause["pct"] ** 2 for cause in row["causes"]) ** 0.5)
