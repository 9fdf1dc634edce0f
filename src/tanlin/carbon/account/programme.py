"""Electricity and heat by a local programme's own factors, shown apart from the inventory and never inside it.

A programme's default holds inside the programme only: Shanghai's emission trading counts purchased electricity at
0.42 kgCO2/kWh and heat at 60 kgCO2/GJ since 2022-02-11 (沪环气〔2022〕34号), whatever the grid factor of the year is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import pyarrow as pa

from tanlin.carbon.factors import FactorBook, Resolved, Unknown, region_chain
from tanlin.carbon.ledgers import PROGRAMME
from tanlin.carbon.ledgers import require as require_ledger
from tanlin.kernel.errors import Refused, Text, Where


@dataclass(frozen=True)
class Programme:
    """A programme, where it holds, and its kind of factor for bought electricity and heat."""

    id: str
    name: Text
    region: str
    kinds: Mapping[str, str]


PROGRAMMES = {
    "shanghai_ets": Programme(
        "shanghai_ets",
        Text("上海碳市场与碳普惠", "Shanghai emission trading and carbon inclusion"),
        "CN-SH",
        {"electricity": "grid_local_program", "heat": "heat_local_program"},
    )
}


@dataclass(frozen=True)
class ProgrammeTotal:
    """Tonnes of the same electricity and heat by a programme and by the inventory.

    None where a factor or an amount is not known. ``unknown``: lines that keep a total from being stated.
    """

    programme: str
    tonnes: float | None
    inventory: float | None
    unknown: int
    facts: list[Resolved]

    @property
    def difference(self) -> float | None:
        """Tonnes by which the inventory is above the programme."""
        if self.tonnes is None or self.inventory is None:
            return None
        return self.inventory - self.tonnes

    @property
    def ratio(self) -> float | None:
        """Inventory ÷ programme."""
        if not self.tonnes or self.inventory is None:
            return None
        return self.inventory / self.tonnes


def programme_total(
    lines: pa.Table, book: FactorBook, region: str, programme: str = "shanghai_ets"
) -> ProgrammeTotal:
    """Bought electricity and heat of an account's lines (schema LINES) by the factors of a programme.

    Raises Refused where the programme does not hold in the region.
    """
    rule = PROGRAMMES[programme]
    if rule.region not in region_chain(region):
        raise Refused(
            "carbon.programme_elsewhere",
            Text("该方案不适用于此地区。", "The programme does not hold in this region."),
            where=Where(value=f"{programme} {region}"),
        )
    rows = [
        row
        for row in lines.to_pylist()
        if row["scope"] == 2 and row["level"] in ("basic", "basic_plus") and _bought(row) in rule.kinds
    ]
    tonnes, unknown, facts = 0.0, 0, {}
    for row in rows:
        require_ledger(rule.kinds[_bought(row)], PROGRAMME)
        year, month = divmod(row["month"], 100)
        factor = book.resolve(rule.kinds[_bought(row)], rule.region, date(year, month or 1, 1))
        if isinstance(factor, Unknown) or row["activity"] is None or row["tco2e"] is None:
            unknown += 1
            continue
        facts[factor.fact_id] = factor
        tonnes += row["activity"] * factor.value / 1000.0
    known = bool(rows) and not unknown
    return ProgrammeTotal(
        programme,
        tonnes if known else None,
        sum(row["tco2e"] for row in rows) if known else None,
        unknown,
        [facts[name] for name in sorted(facts)],
    )


def _bought(row: Mapping[str, Any]) -> str:
    """``electricity``, ``heat`` or another carrier; streams of the uses of a carrier begin with its name."""
    if row["unit"] == "kWh":
        return "electricity"
    return str(row["stream"]).replace("_", ".").partition(".")[0]
