"""Between the record's dated facts and this room's books of factors and tariffs: plain data both ways."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from tanlin.carbon.claims import bounds
from tanlin.carbon.factors import Fact, FactorBook, read_facts
from tanlin.carbon.rules import RULE, gwp_rule
from tanlin.carbon.shapes import read_shapes
from tanlin.carbon.tariffs import TariffBook, read_tariffs
from tanlin.record import FactRow

TARIFF = "tariff"
#: Published day of facts whose source states none.
UNDATED = date(1970, 1, 1)
#: Kinds of dated facts that belong to other rooms or carry no factor.
_NOT_FACTORS = frozenset({TARIFF, "published_figure"})


@dataclass(frozen=True)
class Books:
    """Factors and tariffs made of one set of stored rows, which ``rows`` keeps by fact id."""

    factors: FactorBook
    tariffs: TariffBook
    rows: Mapping[str, FactRow]

    def gwp_rule(self, region: str, on: date) -> FactRow | None:
        """The rule by which gases are weighed, see :func:`tanlin.carbon.rules.gwp_rule`."""
        return gwp_rule(self.rows.values(), region, on)


def books(rows: Iterable[FactRow]) -> Books:
    """Books of the newest rows (one a fact id)."""
    by_id = {row.fact_id: row for row in rows}
    factors = [vars(row) for row in by_id.values() if row.kind not in _NOT_FACTORS and not is_rule(row)]
    tariffs = [row.value for row in by_id.values() if row.kind == TARIFF]
    return Books(FactorBook(factors), TariffBook(tariffs), by_id)


def is_rule(row: FactRow) -> bool:
    """Whether a fact states a rule instead of a number."""
    return row.kind.startswith(RULE)


def shipped_rows() -> list[FactRow]:
    """Every fact the product carries, as rows of the record."""
    factors = [row_of(fact) for fact in (*read_facts(), *bounds())]
    return factors + [tariff_row(record) for record in read_tariffs()] + read_shapes()


def row_of(fact: Fact) -> FactRow:
    """The stored form of a factor: value, product and names together are its JSON value."""
    value = {"value": fact.value, "product": fact.product, "name_zh": fact.name.zh, "name_en": fact.name.en}
    same = ("fact_id", "kind", "region", "valid_from", "valid_to", "unit", "gas", "uncertainty_pct")
    told = ("source", "source_ref", "verified")
    return FactRow(
        published=fact.published or UNDATED,
        value=value,
        **{name: getattr(fact, name) for name in same + told},
    )


def tariff_row(record: Mapping[str, Any]) -> FactRow:
    """The stored form of a tariff record, under the id that inventories cite."""
    first, last = record.get("valid_from"), record.get("valid_to")
    published = record.get("published") or first
    return FactRow(
        fact_id=tariff_fact_id(record),
        kind=TARIFF,
        region=record.get("region", ""),
        published=date.fromisoformat(published) if published else UNDATED,
        valid_from=date.fromisoformat(first) if first else None,
        valid_to=date.fromisoformat(last) if last else None,
        value=dict(record),
        unit=f"{record.get('currency', '')}/{record.get('unit', '')}".strip("/"),
        source=str(record.get("source") or ""),
        verified=bool(record.get("verified", False)),
    )


def tariff_fact_id(record: Mapping[str, Any]) -> str:
    """``tariff.<id>[.<valid from>]``."""
    since = record.get("valid_from")
    return f"tariff.{record['tariff_id']}" + (f".{since}" if since else "")
