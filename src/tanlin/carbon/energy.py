"""Energy content and standard coal (tce) per canonical unit of a carrier, by the heat-content basis (当量值).

Method: GB/T 2589-2020; where it gives no coefficient, energy content ÷ 29.3076 MJ per kg of standard coal.
The equivalent basis (等价值), which counts the coal burnt to make electricity, is another kind and never mixed.
"""

from __future__ import annotations

from datetime import date

from tanlin.carbon.factors import FactorBook, Resolved, Unknown

KWH_PER_GJ = 1000 / 3.6
_MJ = {"GJ/10^4 Nm3": 0.1, "MJ/m3": 1.0, "GJ/t": 1.0, "MJ/kg": 1.0}
_TCE_PER = {"kWh": 1.0, "m3": 1.0, "kg": 1.0, "GJ": 1.0, "t": 1.0}


def _heat_value(book: FactorBook, region: str, on: date, product: str) -> tuple[float, Resolved] | Unknown:
    """MJ per m3 or kg of a fuel: the net value where known, else the gross one."""
    for basis in ("ncv", "gcv"):
        fact = book.resolve("fuel_param", region, on, f"{product}.{basis}")
        if isinstance(fact, Resolved) and fact.unit in _MJ:
            return fact.value * _MJ[fact.unit], fact
    return Unknown("factor.none")


def gas_kwh_per_m3(
    book: FactorBook, region: str, on: date, product: str = "natural_gas"
) -> tuple[float, Resolved] | Unknown:
    """kWh per m3 of gas where it is billed in kWh, with the calorific-value fact.

    A meter read in kWh divides by it to reach m3; a factor per kWh multiplies by it, so it cancels.
    """
    heat = _heat_value(book, region, on, product or "natural_gas")
    return heat if isinstance(heat, Unknown) else (heat[0] / 3.6, heat[1])


def energy_per_unit(
    book: FactorBook, carrier: str, product: str, region: str, on: date
) -> tuple[float, list[Resolved]] | None:
    """kWh of energy per canonical unit and the facts used; None for carriers that are not energy."""
    if carrier == "electricity":
        return 1.0, []
    if carrier in ("heat", "cooling"):
        return KWH_PER_GJ, []
    if carrier in ("gas", "fuel"):
        heat = _heat_value(book, region, on, product or ("natural_gas" if carrier == "gas" else ""))
        return None if isinstance(heat, Unknown) else (heat[0] / 3.6, [heat[1]])
    return None


def tce_per_unit(
    book: FactorBook, carrier: str, product: str, region: str, on: date
) -> tuple[float, list[Resolved]] | None:
    """Tonnes of standard coal per canonical unit and the facts used; None where it has no meaning."""
    if carrier == "waste":
        return None
    key = {"gas": product or "natural_gas", "fuel": product, "cooling": "heat"}.get(carrier, carrier)
    fact = book.resolve("tce", region, on, key)
    if isinstance(fact, Resolved) and fact.unit.partition("/")[2] in _TCE_PER:
        return fact.value / 1000.0, [fact]
    energy = energy_per_unit(book, carrier, product, region, on)
    coal = book.resolve("tce_param", region, on, "definition")
    if energy is None or isinstance(coal, Unknown):
        return None
    return energy[0] * 3.6 / coal.value / 1000.0, [*energy[1], coal]


def equivalent_per_kwh(book: FactorBook, region: str, on: date) -> tuple[float, Resolved] | Unknown:
    """Tonnes of standard coal burnt to make a kWh (等价值), with its fact; Unknown where none is published.

    Only kind ``tce_equivalent``: a coefficient of heat content (kind ``tce``) never stands in for it, nor it for one.
    """
    fact = book.resolve("tce_equivalent", region, on, "electricity")
    if isinstance(fact, Unknown):
        return fact
    if fact.unit != "kgce/kWh":
        return Unknown("factor.unit", (fact,))
    return fact.value / 1000.0, fact
