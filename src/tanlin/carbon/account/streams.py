"""Streams of activity that no meter gives, and what one unit of each emits, gas by gas.

Factors come from a :class:`~tanlin.carbon.factors.FactorBook`; the streams from ``data/streams.csv``. Method: activity
× factor × GWP100 of one set (GPC 1.1 ch. 5; IPCC 2006 vol. 1-5, tier 1). Sinks are negative and stand alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import NamedTuple

from tanlin.carbon.factors import FactorBook, Resolved, Unknown, data_rows, gas_of
from tanlin.kernel.errors import Text

#: Half-ranges of amounts by their source where none is stated, percent; the stream's own default bounds them.
SOURCE_PCT = {"meter": 3.0, "bill": 2.0, "document": 10.0}
#: From here on a normal error would reach below zero too often (IPCC 2006 vol. 1 ch. 3: σ/mean of 0.3).
LOGNORMAL_FROM = 60.0
_MASS_T = {"kg": 1e-3, "t": 1.0}
_PER = {"t": ("kg", 1000.0), "Nm3": ("m3", 1.0)}
_WHOLE = {"water": {"t": ("m3", 1.0)}}  # a tonne of water is a cubic metre
#: A set of GWP is chosen for a version of the account, whatever the year it counts.
_ANY_DAY = date.max


@dataclass(frozen=True)
class Stream:
    """One row of ``data/streams.csv``.

    ``unit`` is canonical; one that ends in ``.yr`` counts a stock over time (m2, ha, tree, kg held). ``carrier``: that
    of the meters that would count the same. ``borrow``: a region of the country whose factor stands in where
    none is known; ``source`` says so.
    """

    key: str
    ref: str
    scope: int
    level: str
    kind: str
    product: str
    unit: str
    carrier: str
    traces: str
    borrow: str
    default_pct: float
    name: Text
    source: str

    @property
    def stock(self) -> str:
        """The unit of the stock, "" for streams that flow."""
        return self.unit.removesuffix(".yr") if self.unit.endswith(".yr") else ""

    def pct(self, source: str, stated: float | None = None) -> float:
        """95 % half-range of an amount in percent: the stated one, else the project's default for its source."""
        return stated if stated is not None else min(self.default_pct, SOURCE_PCT.get(source, 100.0))


class Cause(NamedTuple):
    """A cause of error and the 95 % half-range it gives, in percent; ``normal`` or ``lognormal``."""

    cause: str
    pct: float
    shape: str


class GasEmission(NamedTuple):
    """One gas per unit of a stream: tonnes of the gas, tCO2e, every fact used, and the causes of its error.

    ``causes`` is None where a fact states no uncertainty; GWP and definitions have none by convention.
    """

    gas: str
    tonnes: float
    tco2e: float
    facts: tuple[Resolved, ...]
    causes: tuple[Cause, ...] | None
    factor_id: str


@lru_cache(maxsize=1)
def streams() -> dict[str, Stream]:
    """Every stream by its key, in the order of the file."""
    return {row["stream"]: _stream(row) for row in data_rows("streams.csv")}


def _stream(row: dict[str, str]) -> Stream:
    same = ("ref", "level", "kind", "product", "unit", "carrier", "traces", "borrow", "source")
    return Stream(
        key=row["stream"],
        scope=int(row["scope"]),
        default_pct=float(row["default_pct"]),
        name=Text(row["name_zh"], row["name_en"]),
        **{name: row[name] for name in same},
    )


def shape_of(pct: float) -> str:
    """The shape of an error of that 95 % half-range."""
    return "lognormal" if pct >= LOGNORMAL_FROM else "normal"


def cause_of(fact: Resolved) -> Cause | None:
    """The cause a fact is; None where it states no uncertainty."""
    pct = fact.uncertainty_pct
    return None if pct is None else Cause(fact.fact_id, pct, shape_of(pct))


def activity_emissions(
    book: FactorBook, stream: str, region: str, day: date, gwp: str = "ar5"
) -> list[GasEmission] | Unknown:
    """What one canonical unit of a stream emits, a row a gas, or why it is unknown. Raises KeyError for no stream.

    ``day`` chooses the factors, ``gwp`` the one set of potentials (ar5, ar6) of the account's version.
    """
    one = streams()[stream]
    found = _KINDS[one.kind](book, one, region, day)
    if isinstance(found, Unknown):
        return found
    out = []
    for gas, per_unit, facts in found:
        made = _in_co2e(book, gas, per_unit, facts, gwp)
        if isinstance(made, Unknown):
            return made
        out.append(made)
    return out


#: Gas (or key of a refrigerant), tonnes of it per unit, and the facts multiplied.
_Raw = tuple[str, float, tuple[Resolved, ...]]


def _in_co2e(
    book: FactorBook, gas: str, per_unit: float, facts: tuple[Resolved, ...], gwp: str
) -> GasEmission | Unknown:
    name, potential, used = gas, 1.0, facts
    if gas not in ("CO2", "CO2e"):
        found = book.resolve("gwp", "GLOBAL", _ANY_DAY, f"{gwp}.{gas.lower()}")
        if isinstance(found, Unknown):
            return Unknown("factor.no_gwp", facts)
        potential, used = found.value, (*facts, found)
        name = gas if gas in ("CH4", "N2O") else "HCFC" if gas.startswith("hcfc") else "HFC"
    causes = [cause_of(fact) for fact in facts]
    known = None if None in causes else tuple(cause for cause in causes if cause is not None)
    identity = "+".join(fact.fact_id for fact in facts) or used[0].fact_id
    return GasEmission(name, per_unit, per_unit * potential, used, known, identity)


def _by_factor(book: FactorBook, one: Stream, region: str, day: date) -> list[_Raw] | Unknown:
    """Kinds whose factor is a mass of gas per unit."""
    found = book.of_gases(one.kind, region, day, one.product)
    if isinstance(found, Unknown) and one.borrow[:2] == region[:2]:  # never from another country
        found = book.of_gases(one.kind, one.borrow, day, one.product)
    if isinstance(found, Unknown):
        return found
    out: list[_Raw] = []
    for fact in found:
        per_unit = _tonnes_per(fact, one)
        if per_unit is None:
            return Unknown("factor.unit", tuple(found))
        out.append((gas_of(fact.unit), per_unit, (fact,)))
    return out


def _tonnes_per(fact: Resolved, one: Stream) -> float | None:
    mass, _, per = fact.unit.partition("/")
    per = per.strip("()")
    unit, amount = _WHOLE.get(one.kind, _PER).get(per, (per, 1.0))
    tonnes = _MASS_T.get(mass.removesuffix(gas_of(fact.unit)))
    return None if tonnes is None or unit != one.unit else fact.value * tonnes / amount


def _fuel(book: FactorBook, one: Stream, region: str, day: date) -> list[_Raw] | Unknown:
    """Carbon dioxide by the fuel's factor; methane and nitrous oxide of stationary burning by heat content."""
    found = _by_factor(book, one, region, day)
    if isinstance(found, Unknown) or not one.traces:
        return found
    heat = book.resolve("fuel_param", region, day, f"{one.product}.ncv")
    if isinstance(heat, Unknown) or heat.unit != "GJ/t":
        return Unknown("energy.none")
    for gas in ("CH4", "N2O"):
        trace = book.resolve("fuel_energy", region, day, f"{one.traces}.{gas.lower()}_res")
        if isinstance(trace, Unknown):
            return trace
        found.append((gas, trace.value * heat.value * 1e-9, (trace, heat)))  # kg/TJ × GJ/t, per kg of fuel
    return found


def _waste(book: FactorBook, one: Stream, region: str, day: date) -> list[_Raw] | Unknown:
    found = _by_factor(book, one, region, day)
    if not isinstance(found, Unknown):
        return found
    net = book.resolve("waste_lca", region, day, one.product)
    return found if isinstance(net, Unknown) else Unknown("factor.net_only", (net,))


def _travel(book: FactorBook, one: Stream, region: str, day: date) -> list[_Raw] | Unknown:
    """A factor per kilometre where one is known; else electricity per kilometre × the grid's factor."""
    found = _by_factor(book, one, region, day)
    power = book.resolve("transport_param", region, day, one.product)
    if not isinstance(found, Unknown) or isinstance(power, Unknown):
        return found
    grid = book.resolve("grid_location", region, day)
    if isinstance(grid, Unknown):
        return grid
    if power.unit != f"kWh/{one.unit}" or not grid.unit.endswith("/kWh"):
        return Unknown("factor.unit", (power, grid))
    gas, mass = gas_of(grid.unit), grid.unit.partition("/")[0]
    return [(gas, power.value * grid.value * _MASS_T[mass.removesuffix(gas)], (power, grid))]


def _sewage(book: FactorBook, one: Stream, region: str, day: date) -> list[_Raw] | Unknown:
    """Methane per COD removed × COD removed per volume."""
    load = book.resolve("wastewater_param", region, day, one.product)
    methane = book.resolve(one.kind, region, day, one.product)
    for part in (load, methane):
        if isinstance(part, Unknown):
            return part
    assert isinstance(load, Resolved) and isinstance(methane, Resolved)
    if (load.unit, methane.unit) != ("kgCOD/m3", "kgCH4/kgCOD"):
        return Unknown("factor.unit", (load, methane))
    return [("CH4", load.value * methane.value * 1e-3, (methane, load))]


def _leak(book: FactorBook, one: Stream, region: str, day: date) -> list[_Raw] | Unknown:
    """What was refilled leaked; of what is held, the share that leaks a year."""
    gas, _, equipment = one.product.partition(".")
    if not equipment:
        return [(gas, 1e-3, ())]
    rate = book.resolve("refrigerant_param", region, day, equipment)
    if isinstance(rate, Unknown):
        return rate
    return [(gas, 1e-3 * rate.value, (rate,))]


_KINDS: dict[str, Callable[[FactorBook, Stream, str, date], list[_Raw] | Unknown]] = {
    "fuel": _fuel,
    "heat": _by_factor,
    "water": _by_factor,
    "waste": _waste,
    "wastewater": _sewage,
    "transport": _travel,
    "sink": _by_factor,
    "refrigerant": _leak,
}
