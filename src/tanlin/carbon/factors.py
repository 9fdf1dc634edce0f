"""Emission factors as dated facts, and the one rule by which a factor is chosen.

Sources and evidence levels are in ``data/factors.csv``; ``verified`` is false where a value was not read in
a copy of its source.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from tanlin.carbon.ledgers import require
from tanlin.carbon.reasons import reason_text
from tanlin.kernel.errors import BadInput, Text, Where

#: How a mass of gas per unit of activity is written: unit of activity → (canonical unit, how many of it).
_PER = {"kWh": ("kWh", 1.0), "Nm3": ("m3", 1.0), "m3": ("m3", 1.0), "kg": ("kg", 1.0), "GJ": ("GJ", 1.0)}
_MASS_KG = {"kg": 1.0, "t": 1000.0}
_NO_NAME = Text("", "")
_ALL_GASES = "CO2e"
_GASES = (_ALL_GASES, "CO2", "CH4", "N2O")


@dataclass(frozen=True)
class Fact:
    """A dated fact. ``published`` is its vintage; ``uncertainty_pct`` a 95 % half-range; dates inclusive."""

    fact_id: str
    kind: str
    region: str
    value: float
    unit: str
    product: str = ""
    gas: str = ""
    valid_from: date | None = None
    valid_to: date | None = None
    published: date | None = None
    uncertainty_pct: float | None = None
    source: str = ""
    source_ref: str = ""
    verified: bool = False
    name: Text = _NO_NAME

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready, dates as ISO text; :func:`fact_of` reads it back."""
        return {
            key: value.isoformat() if isinstance(value, date) else value
            for key, value in self.__dict__.items()
            if key != "name"
        } | {"name_zh": self.name.zh, "name_en": self.name.en}


@dataclass(frozen=True)
class Resolved:
    """A chosen factor. ``provisional``: the period is later than the newest notice, which is used instead."""

    fact: Fact
    provisional: bool = False

    fact_id = property(lambda self: self.fact.fact_id)
    vintage = property(lambda self: self.fact.published)
    value = property(lambda self: self.fact.value)
    unit = property(lambda self: self.fact.unit)
    gas = property(lambda self: self.fact.gas)
    uncertainty_pct = property(lambda self: self.fact.uncertainty_pct)
    verified = property(lambda self: self.fact.verified)

    def as_input(self) -> dict[str, Any]:
        """The shape of a receipt's input."""
        vintage = self.fact.published or self.fact.valid_from
        return {
            "fact": self.fact.fact_id,
            "vintage": vintage.isoformat() if vintage else None,
            "value": self.fact.value,
            "unit": self.fact.unit,
            "verified": self.fact.verified,
            "provisional": self.provisional,
        }


@dataclass(frozen=True)
class Unknown:
    """A value that cannot be known, and why: never zero, never an exception. ``facts`` were found unfit."""

    code: str
    facts: tuple[Resolved, ...] = field(default=(), compare=False)

    @property
    def reason(self) -> Text:
        return reason_text(self.code)


@dataclass(frozen=True)
class Emission:
    """tCO2e per canonical unit of activity, with every fact it rests on.

    ``pct`` is the 95 % half-range of the whole in percent, None where a part states none.
    """

    value: float
    pct: float | None
    facts: tuple[Resolved, ...]
    factor_id: str

    @property
    def provisional(self) -> bool:
        return any(fact.provisional for fact in self.facts)

    @property
    def verified(self) -> bool:
        return all(fact.verified for fact in self.facts)


def data_rows(name: str) -> list[dict[str, str]]:
    """Rows of a shipped CSV file of this room."""
    text = files("tanlin.carbon").joinpath("data", name).read_text("utf-8")
    return list(csv.DictReader(text.splitlines()))


@lru_cache(maxsize=1)
def _parents() -> dict[str, str]:
    return {row["region"]: row["parent"] for row in data_rows("regions.csv")}


@lru_cache(maxsize=1024)
def region_chain(region: str) -> tuple[str, ...]:
    """A region and what holds it: CN-GD-SZ, CN-GD, CN-GRID-SC, CN, GLOBAL. Unknown codes lose their last part."""
    parents, chain = _parents(), []
    while region:
        chain.append(region)
        region = parents[region] if region in parents else region.rpartition("-")[0] or "GLOBAL"
    return tuple(chain)


@lru_cache(maxsize=1)
def carriers() -> dict[str, dict[str, str]]:
    """Carrier → its scope, kind of factor, default product and the source of the scope."""
    return {row["carrier"]: row for row in data_rows("carriers.csv")}


def _day(value: Any) -> date | None:
    if value in (None, ""):
        return None
    return value if isinstance(value, date) else date.fromisoformat(str(value)[:10])


def fact_of(row: Mapping[str, Any]) -> Fact:
    """A fact from a flat row (CSV) or a stored one whose ``value`` is JSON with ``value``, ``product``, names.

    Raises KeyError or ValueError for a row that is not a factor.
    """
    value = row["value"]
    if isinstance(value, str) and value.lstrip().startswith("{"):
        value = json.loads(value)
    inner = dict(value) if isinstance(value, Mapping) else {"value": value}
    flat = {**row, **inner}
    pct = flat.get("uncertainty_pct")
    return Fact(
        fact_id=str(flat["fact_id"]),
        kind=str(flat["kind"]),
        region=str(flat["region"] or "GLOBAL"),
        value=float(inner["value"]),
        unit=str(flat["unit"]),
        product=str(flat.get("product") or ""),
        gas=str(flat.get("gas") or ""),
        valid_from=_day(flat.get("valid_from")),
        valid_to=_day(flat.get("valid_to")),
        published=_day(flat.get("published")),
        uncertainty_pct=None if pct in (None, "") else float(pct),
        source=str(flat.get("source") or ""),
        source_ref=str(flat.get("source_ref") or ""),
        verified=str(flat.get("verified", "")).lower() in ("true", "1"),
        name=Text(str(flat.get("name_zh") or ""), str(flat.get("name_en") or "")),
    )


def read_facts(path: Path | None = None) -> list[Fact]:
    """Facts of a CSV file with the columns of ``data/factors.csv``; the shipped ones by default.

    Raises BadInput with file, row, column and value.
    """
    if path is None:
        return [fact_of(row) for row in data_rows("factors.csv")]
    try:
        with path.open(encoding="utf-8-sig", newline="") as handle:
            rows = list(csv.DictReader(handle))
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(
            "carbon.facts_unreadable",
            Text("因子文件无法读取。", "The factor file cannot be read."),
            remedy=Text("请提供 UTF-8 编码的 CSV 文件。", "Give a CSV file in UTF-8."),
            where=Where(file=str(path)),
        ) from error
    facts = []
    for number, row in enumerate(rows, start=2):
        try:
            facts.append(fact_of(row))
        except (KeyError, TypeError, ValueError) as error:
            column = str(error.args[0]) if isinstance(error, KeyError) else "value"
            raise BadInput(
                "carbon.bad_fact",
                Text("这一行因子无法使用。", "This row of factors cannot be used."),
                remedy=Text(
                    "需要列 fact_id、kind、region、value、unit，日期写成 2025-01-31。",
                    "Needed: fact_id, kind, region, value, unit; dates as 2025-01-31.",
                ),
                where=Where(file=str(path), row=number, column=column, value=str(row.get(column, ""))),
            ) from error
    return facts


class FactorBook:
    """All known facts and the rule of choice."""

    def __init__(self, facts: Iterable[Fact | Mapping[str, Any]] | None = None) -> None:
        """The shipped facts by default; otherwise Fact objects or rows of dated facts (see :func:`fact_of`)."""
        rows = read_facts() if facts is None else facts
        self.facts = [row if isinstance(row, Fact) else fact_of(row) for row in rows]
        self._index: dict[tuple[str, str, str], list[Fact]] = {}
        for fact in self.facts:
            self._index.setdefault((fact.kind, fact.product, fact.region), []).append(fact)
        self._memo: dict[tuple[Any, ...], Resolved | Unknown] = {}

    def resolve(self, kind: str, region: str, on: date | int, product: str = "") -> Resolved | Unknown:
        """The fact of one kind and product for a region on a day (a year means its first day).

        Nearest region first; there the newest vintage that covers the day. A day later than the newest notice
        takes that notice, provisional. Kinds never stand in for one another. Unknown with its reason else.
        """
        day = date(on, 1, 1) if isinstance(on, int) else on
        key = (kind, product, region, day)
        if key not in self._memo:
            self._memo[key] = self._choose(kind, product, region, day)
        return self._memo[key]

    def _choose(self, kind: str, product: str, region: str, day: date) -> Resolved | Unknown:
        later: list[Fact] = []
        for area in region_chain(region):
            known = self._index.get((kind, product, area), [])
            begun = [f for f in known if f.valid_from is None or f.valid_from <= day]
            if begun:
                return _newest(begun, day)
            later = later or known
        if not later:
            return Unknown("factor.none")
        first = min(later, key=lambda fact: (fact.valid_from, fact.fact_id))
        return Unknown("factor.before_first", (Resolved(first),))

    def of_gases(self, kind: str, region: str, day: date, product: str) -> list[Resolved] | Unknown:
        """As :meth:`resolve`, one fact a gas: composting has a methane and a nitrous-oxide factor.

        A fact in CO2e holds every gas: it stands alone, or falls out where single gases are newer.
        """
        first = self.resolve(kind, region, day, product)
        if isinstance(first, Unknown):
            return first
        if gas_of(first.unit) == _ALL_GASES:
            return [first]
        same = self._index[kind, product, first.fact.region]
        begun = [f for f in same if f.valid_from is None or f.valid_from <= day]
        gases = sorted({gas_of(f.unit) for f in begun} - {_ALL_GASES})
        return [_newest([f for f in begun if gas_of(f.unit) == gas], day) for gas in gases]


def gas_of(unit: str) -> str:
    """The gas that a unit such as ``kgCO2/kWh`` counts; the column ``gas`` may be left empty."""
    mass = unit.partition("/")[0]
    return next((gas for gas in _GASES if mass.endswith(gas)), "")


def _vintage(fact: Fact) -> tuple[date, date, str]:
    return (fact.published or date.min, fact.valid_from or date.min, fact.fact_id)


def _newest(begun: list[Fact], day: date) -> Resolved:
    """The newest vintage covering the day, else the newest of those that ended last, provisional."""
    covering = [f for f in begun if f.valid_to is None or f.valid_to >= day]
    last = max((f.valid_to for f in begun if f.valid_to), default=None)
    pool = covering or [f for f in begun if f.valid_to == last]
    return Resolved(max(pool, key=_vintage), provisional=not covering)


def emission_per_unit(
    book: FactorBook, carrier: str, product: str, region: str, on: date, gwp: str = "ar5"
) -> Emission | Unknown:
    """tCO2e per canonical unit of a carrier (kWh, m3, GJ, kg), or Unknown.

    Factors per kWh of gas are brought to m3 by the calorific value; gases other than CO2 by one set of GWP100.
    Raises Refused where the carrier's kind of factor is not one of inventories.
    """
    rule = carriers().get(carrier)
    if rule is None:
        return Unknown("factor.none")
    require(rule["kind"])
    product = product or rule["product"]
    if not product and rule["kind"] in ("fuel", "waste"):
        return Unknown("factor.no_product")
    chosen = book.of_gases(rule["kind"], region, on, product if rule["kind"] in ("fuel", "waste") else "")
    if isinstance(chosen, Unknown):
        return chosen
    value, square, facts, stated = 0.0, 0.0, [], True
    for part in chosen:
        one = _to_tonnes(book, part, carrier, product, region, on, gwp)
        if isinstance(one, Unknown):
            return Unknown(one.code, (*chosen, *one.facts))
        amount, used = one
        value += amount
        facts += [part, *used]
        stated = stated and part.uncertainty_pct is not None
        square += (amount * (part.uncertainty_pct or 0.0)) ** 2
    pct = round(square**0.5 / abs(value) if value else 0.0, 9) if stated else None
    return Emission(value, pct, tuple(facts), "+".join(part.fact_id for part in chosen))


def _to_tonnes(
    book: FactorBook, part: Resolved, carrier: str, product: str, region: str, on: date, gwp: str
) -> tuple[float, list[Resolved]] | Unknown:
    from tanlin.carbon.energy import gas_kwh_per_m3
    from tanlin.kernel.units import CANONICAL

    mass, _, per = part.unit.partition("/")
    gas = gas_of(part.unit)
    kilograms = _MASS_KG.get(mass.removesuffix(gas))
    if per == "t":  # one tonne of water is one cubic metre; waste and fuel are weighed in kilograms
        unit, amount = ("m3", 1.0) if carrier == "water" else ("kg", 1000.0)
    else:
        unit, amount = _PER.get(per, ("", 1.0))
    if not gas or kilograms is None or not unit:
        return Unknown("factor.unit")
    used: list[Resolved] = []
    scale = kilograms / 1000.0 / amount
    if carrier == "gas" and unit == "kWh":
        heat = gas_kwh_per_m3(book, region, on, product)
        if isinstance(heat, Unknown):
            return heat
        used.append(heat[1])
        scale, unit = scale * heat[0], "m3"
    if unit != CANONICAL[carrier]:
        return Unknown("factor.unit")
    if gas not in ("CO2", "CO2e"):
        potential = book.resolve("gwp", "GLOBAL", on, f"{gwp}.{gas.lower()}")
        if isinstance(potential, Unknown):
            return Unknown("factor.no_gwp")
        used.append(potential)
        scale *= potential.value
    return part.value * scale, used
