"""Tonnes parted by gas: how much of a line is CO2, CH4 or N2O, by the facts its factor is made of."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from tanlin.carbon.account.asked import AskedBook
from tanlin.carbon.factors import Fact, Resolved, Unknown, gas_of

#: Kilograms of the masses that factors are written in.
_KG = {"kg": 1.0, "t": 1000.0, "g": 0.001}
_AS_STATED = {"CO2": 1.0, "CO2e": 1.0}


class Part(NamedTuple):
    """A gas of a factor: its share of the line's tCO2e, its GWP100 (None for CO2e) and the facts it rests on."""

    gas: str
    share: float
    potential: float | None
    fact: Fact
    gwp: Fact | None


def parts_of(book: AskedBook, factor_id: str, gwp: str, provisional: bool = False) -> list[Part]:
    """The gases of a factor such as ``waste.compost.ch4+waste.compost.n2o``; shares sum to 1.

    The parts state mass per the same unit of activity, so their CO2e weigh as mass × GWP100 (one set, ``gwp``).
    Raises KeyError where the book lacks a fact of the factor or its potential.
    """
    found = []
    for name in factor_id.split("+"):
        fact = book.fact(name, provisional)
        mass, _, per = fact.unit.partition("/")
        gas = gas_of(fact.unit)
        scale = _KG[mass.removesuffix(gas)] / _KG.get(per, 1.0)
        potential = None if gas in _AS_STATED else _potential(book, gas, gwp)
        warming = fact.value * scale * (potential.value if potential else _AS_STATED[gas])
        found.append((gas, warming, fact, potential))
    whole = sum(warming for _, warming, _, _ in found)
    return [
        Part(
            gas,
            warming / whole if whole else 1.0 / len(found),
            None if gas == "CO2e" else potential.value if potential else 1.0,
            fact,
            potential.fact if potential else None,
        )
        for gas, warming, fact, potential in found
    ]


def _potential(book: AskedBook, gas: str, gwp: str) -> Resolved:
    found = book.resolve("gwp", "GLOBAL", date.max, f"{gwp}.{gas.lower()}")
    if isinstance(found, Unknown):
        raise KeyError(f"{gwp}.{gas.lower()}")
    return found
