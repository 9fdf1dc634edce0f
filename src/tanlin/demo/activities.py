"""Activity data of the demonstration places, what no meter there gives: travel, cooling gases, sewage, planting.

Per head and per place figures are round guesses of the right size; nothing here is real. Pure and the same every time.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from .places import place
from .seeds import rng

YEARS = (2024, 2025)
#: Kilometres a person and year: metro and bus by passenger, car, taxi and e-bike by vehicle.
TRAVEL: dict[str, dict[str, float]] = {
    "haiwan": {"metro": 950, "bus": 520, "car": 2100, "taxi": 160, "ebike": 620},
    "weiwu": {"metro": 760, "bus": 610, "car": 1750, "taxi": 120, "ebike": 880},
    "jiangbin": {"metro": 2150, "bus": 480, "car": 1150, "taxi": 210, "ebike": 540},
    "yunhe": {"bus": 690, "car": 1480, "taxi": 110, "ebike": 1260},
    "shadao": {"bus": 410, "car": 2350, "taxi": 60, "ebike": 1420},
}
#: Planted land in m2 by kind, and single trees.
PLANTED: dict[str, dict[str, float]] = {
    "haiwan": {"green_eco_layer": 9200, "green_shrub": 4100, "green_grass": 7600, "green_trees": 820},
    "weiwu": {"green_eco_layer": 6400, "green_shrub": 5200, "green_grass": 5100, "green_trees": 640},
    "jiangbin": {"green_large_broadleaf": 3600, "green_shrub": 2900, "green_vine": 450, "green_trees": 510},
    "yunhe": {"green_eco_layer": 3800, "green_shrub": 2600, "green_grass": 4300, "green_trees": 460},
    "shadao": {"green_eco_layer": 15400, "green_grass": 12800, "green_trees": 2100},
}
#: Kilograms a year that no meter weighs, or that one weighs as well: then the meter counts.
BURNT_AND_TREATED: dict[str, dict[str, float]] = {
    "haiwan": {"lpg_commercial": 5200, "gasoline_machines": 310, "waste_compost_inside": 96000},
    "weiwu": {"lpg_commercial": 3900, "diesel_generator": 260, "waste_compost_inside": 21000},
    "jiangbin": {"lpg_commercial": 6100, "diesel_generator": 340, "waste_compost": 17500},
    "yunhe": {"lpg_commercial": 2400, "gasoline_machines": 190, "waste_incineration": 431000},
    "shadao": {"lpg_home": 14800, "gasoline_machines": 480, "diesel_vehicles": 3600},
}
#: Kilograms of cooling gas held by air conditioners a person, and refilled a year in all.
HELD = {"charge_r32_split": 0.19, "charge_r410a_split": 0.24, "charge_r22_split": 0.06}
REFILLED = {"leak_r410a": 18.0, "leak_r134a": 6.0}
SEWAGE_M3 = 47.0  # a person and year


@dataclass(frozen=True)
class Entry:
    """One row of a sheet; all are at the area the place is called after."""

    sheet: str
    stream: str
    first_day: date
    last_day: date
    amount: float
    unit: str
    source: str
    uncertainty_pct: float | None = None
    note: str = ""


def entries(slug: str) -> list[Entry]:
    """The rows of a demonstration place (one of ``places.PLACES``) for both years, sheet by sheet."""
    persons = next(a.value for a in place(slug).attributes if (a.area, a.name) == (slug, "population"))
    return [
        row
        for year in YEARS
        for row in (*_survey(slug, year, float(persons)), *_files(slug, year, float(persons)))
    ]


def _survey(slug: str, year: int, persons: float) -> list[Entry]:
    """A travel survey and a count of air conditioners: every row of a sheet shares its error."""
    travel, cooling = f"{year}年居民出行调查", f"{year}年空调保有量调查"
    note = "入户问卷 240 份"
    rows = [
        _year(travel, name, year, _vary(slug, name, year, km * persons), "pkm" if name in ("bus", "metro") else "km",
              "survey", 35.0, note)
        for name, km in TRAVEL[slug].items()
    ]  # fmt: skip
    return rows + [
        _year(cooling, name, year, _vary(slug, name, year, kg * persons), "kg", "survey", 40.0, note)
        for name, kg in HELD.items()
    ]


def _files(slug: str, year: int, persons: float) -> list[Entry]:
    """What contractors and the water company state."""
    papers, green = f"{year}年单据台账", f"{year}年绿化台账"
    rows = [
        _year(papers, name, year, _vary(slug, name, year, kg), "kg", "document")
        for name, kg in BURNT_AND_TREATED[slug].items()
    ]
    for quarter in range(4):
        first = date(year, 3 * quarter + 1, 1)
        last = (
            date(year, 12, 31)
            if quarter == 3
            else date.fromordinal(date(year, 3 * quarter + 4, 1).toordinal() - 1)
        )
        share = (0.22, 0.25, 0.29, 0.24)[quarter]
        amount = _vary(slug, f"sewage{quarter}", year, SEWAGE_M3 * persons * share)
        rows.append(Entry(papers, "sewage", first, last, amount, "m3", "document", 15.0, "按供水量八成计"))
    for month, (name, kg) in zip((5, 9), REFILLED.items(), strict=True):
        day = date(year, month, 12)
        rows.append(
            Entry(
                papers,
                name,
                day,
                day,
                _vary(slug, name, year, kg, 1),
                "kg",
                "document",
                None,
                "公共建筑集中空调维保记录",
            )
        )
    for name, amount in PLANTED[slug].items():
        unit = "tree" if name == "green_trees" else "m2"
        rows.append(_year(green, name, year, amount, unit, "document"))
    return rows


def _year(
    sheet: str, stream: str, year: int, amount: float, unit: str, source: str,
    pct: float | None = None, note: str = "",
) -> Entry:  # fmt: skip
    return Entry(sheet, stream, date(year, 1, 1), date(year, 12, 31), amount, unit, source, pct, note)


def _vary(slug: str, name: str, year: int, amount: float, digits: int = 0) -> float:
    """A few percent up or down, by a stream of its own."""
    return round(amount * float(rng("activity", slug, name, str(year)).uniform(0.93, 1.07)), digits)
