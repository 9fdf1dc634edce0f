"""Worked examples, each computed by hand here: a city by the equations of the GPC, a plant from a published
exercise, and the operation of a building. The system must give the same numbers."""

from __future__ import annotations

import pytest

from tests.carbon.accounts import AskedBook, entered, fact, gpc, made, read

# --- a city by the equations of GPC 1.1 -------------------------------------------------------------------------------
# The GPC prints equations and defaults, no numbers of a city; the amounts and factors of this city are ours.
# Methane commitment (eq. 8.1, 8.3, 8.4; IPCC 2006 vol. 5): waste of 50 % food, 30 % paper, 20 % without carbon.
#   DOC = 0.15 × 0.5 + 0.40 × 0.3 = 0.195        L0 = MCF 1.0 × DOC 0.195 × DOCf 0.6 × F 0.5 × 16/12 = 0.078 t/t
#   CH4 = 5,000 t × 0.078 × (1 - 0.20 recovered) × (1 - 0.10 oxidised) = 280.8 t      × GWP 28 = 7,862.4 tCO2e
LANDFILLED = 0.078 * 0.8 * 0.9
FACTS = [
    fact("grid", "grid_location", 0.5, "kgCO2/kWh"),
    fact("loss", "grid_loss", 0.05, "kWh/kWh"),
    fact("gas.co2", "fuel", 2.0, "kgCO2/Nm3", "natural_gas"),
    fact("gas.ch4", "fuel", 0.0002, "kgCH4/Nm3", "natural_gas"),
    fact("petrol", "fuel", 3.0, "kgCO2/kg", "gasoline"),
    fact("car", "transport", 0.2, "kgCO2/km", "car"),
    fact("landfill", "waste", LANDFILLED, "tCH4/t", "landfill"),
    fact("burnt", "waste", 300.0, "kgCO2/t", "incineration"),
    fact("compost.ch4", "waste", 4.0, "kgCH4/t", "compost"),
    fact("compost.n2o", "waste", 0.3, "kgN2O/t", "compost"),
    fact("gwp.ch4", "gwp", 28.0, "kgCO2e/kg", "ar5.ch4", region="GLOBAL"),
    fact("gwp.n2o", "gwp", 265.0, "kgCO2e/kg", "ar5.n2o", region="GLOBAL"),
    fact("gwp.r32", "gwp", 677.0, "kgCO2e/kg", "ar5.r32", region="GLOBAL"),
    fact("tree", "sink", -20.0, "kgCO2/(tree.yr)", "tree"),
]
#: Reference → tCO2e by hand.
CITY = {
    "I.1.1": 4000.0 + 11.2,  # 2,000,000 m3 × 2.0 kg; 2,000,000 × 0.0002 kg CH4 = 0.4 t × 28
    "I.1.2": 5000.0,  # 10 GWh × 0.5 kg
    "I.1.3": 5000.0 / 19,  # 5 % of what is supplied is lost: 10 GWh × 0.05/0.95 × 0.5 kg
    "I.2.2": 3000.0,  # 6 GWh × 0.5 kg
    "I.2.3": 3000.0 / 19,
    "II.1.1": 1500.0,  # 500,000 kg × 3.0 kg
    "II.1.2": 500.0,  # 1 GWh × 0.5 kg
    "II.1.3": 500.0 / 19 + 400.0,  # losses; 2,000,000 km × 0.2 kg
    "III.1.2": 7862.4,
    "III.2.2": 112.0 + 79.5,  # 1,000 t × 4 kg × 28; × 0.3 kg × 265
    "III.3.2": 600.0,  # 2,000 t × 300 kg
    "IV.2": 33.85,  # 50 kg × 677
    "V.2": -40.0,  # 2,000 trees × 20 kg
}
BASIC = 4011.2 + 5000 + 3000 + 1500 + 500 + 7862.4 + 191.5 + 600
BASIC_PLUS = BASIC + 8500 / 19 + 400 + 33.85 - 40


def city():
    book = AskedBook(FACTS)
    rows = [
        read(book, "gas", 2e6, use="residential"),
        read(book, "electricity", 10e6, use="residential"),
        read(book, "electricity", 6e6, use="commercial"),
        read(book, "electricity", 1e6, use="charging"),
        read(book, "electricity", 2e6, channel="generation"),
        read(book, "waste", 5e6, product="landfill"),
        read(book, "waste", 1e6, product="compost"),
        read(book, "waste", 2e6, product="incineration"),
    ]
    mine = [
        entered("gasoline_vehicles", 500_000.0, 1),
        entered("car", 2_000_000.0, 2),
        entered("leak_r32", 50.0, 3),
        entered("green_trees", 2000.0, 4),
    ]
    return made(rows, mine, book, population=10_000.0)


@pytest.mark.parametrize("ref", CITY)
def test_a_reference_of_the_city_is_what_the_hand_calculation_gives(ref: str) -> None:
    assert gpc(city())[ref]["total"] == pytest.approx(CITY[ref])


def test_the_totals_of_the_city_are_those_of_the_hand_calculation() -> None:
    totals = city().totals
    assert totals["basic"]["value"] == pytest.approx(BASIC)
    assert totals["basic_plus"]["value"] == pytest.approx(BASIC_PLUS)
    assert totals["basic_plus_gross"]["value"] == pytest.approx(BASIC_PLUS + 40)
    assert totals["territorial"]["value"] == pytest.approx(4011.2 + 1500 + 33.85 - 40)


def test_the_city_by_gas() -> None:
    lines = city().part("basic").to_pylist()
    mass: dict[str, float] = {}
    for line in lines:
        mass[line["gas"]] = mass.get(line["gas"], 0.0) + line["mass_t"]
    # CO2: 4,000 + 5,000 + 3,000 + 1,500 + 500 + 600; CH4: 0.4 + 280.8 + 4; N2O: 0.3 t.
    assert mass == pytest.approx({"CO2": 14_600.0, "CH4": 285.2, "N2O": 0.3})


def test_the_shipped_factor_of_food_waste_is_that_of_the_equation() -> None:
    """IPCC 2006 vol. 5 ch. 3: MCF 1, DOC 0.15 (food), DOCf 0.5, F 0.5, no recovery, no oxidation: 0.05 t/t."""
    from tests.carbon.accounts import shipped

    row = read(shipped(), "waste", 1000.0, region="CN-GD", product="landfill")
    (line,) = made([row], region="CN-GD").lines.to_pylist()
    assert line["mass_t"] == pytest.approx(1.0 * 0.15 * 0.5 * 0.5 * 16 / 12)
    assert line["tco2e"] == pytest.approx(1.4)


# --- a plant, published -----------------------------------------------------------------------------------------------
# "Calculating Emissions", exercise 1 (stationary combustion, after the GHG Protocol), scribd.com/document/800962814:
# 20,000,000 m3 of gas at 1.9141 kg/m3, 40,000 t of coal at 2,274.69 kg/t, diesel 41,900 - 6,000 l at 2.6533 kg/l.
#   38,282 t + 90,987.6 t + 95.253 t = 129,364.853 t of CO2. Litres become kilograms at 0.84 and cancel.
def test_a_published_exercise_of_stationary_combustion() -> None:
    book = AskedBook(
        [
            fact("gas", "fuel", 1.9141, "kgCO2/Nm3", "natural_gas"),
            fact("coal", "fuel", 2274.69, "kgCO2/t", "raw_coal"),
            fact("diesel", "fuel", 2.6533 / 0.84, "kgCO2/kg", "diesel"),
        ]
    )
    rows = [
        read(book, "gas", 20e6, use="industry"),
        read(book, "fuel", 40e6, product="raw_coal", use="industry"),
        read(book, "fuel", (41_900 - 6_000) * 0.84, product="diesel", use="industry"),
    ]
    assert gpc(made(rows, book=book))["I.3.1"]["scope1"] == pytest.approx(129_364.853)


# --- the operation of a building, our own -----------------------------------------------------------------------------
# GB/T 51366-2019 ch. 4: C = (sum of E_i × EF_i - C_p) × y / A over a life of y years. An example of our own:
# 8,000 m2 in Guangdong, y = 50; a year: 400 MWh × 0.4419, 12,000 m3 of gas × 2.165, 500 GJ of hot water × 0.11,
# and 600 m2 of layered planting × 2.0 kg.
#   176.76 + 25.98 + 55 - 1.2 = 256.54 t a year; × 50 / 8,000 m2 = 1.603375 t/m2 = 32.0675 kg a m2 and year.
def test_the_operation_of_a_building_over_its_life() -> None:
    book = AskedBook(
        [
            fact("grid", "grid_location", 0.4419, "kgCO2/kWh"),
            fact("gas", "fuel", 2.165, "kgCO2/Nm3", "natural_gas"),
            fact("heat", "heat", 110.0, "kgCO2/GJ"),
            fact("green", "sink", -2.0, "kgCO2/(m2.yr)", "eco_layer"),
        ]
    )
    rows = [
        read(book, "electricity", 400_000.0, use="public"),
        read(book, "gas", 12_000.0, use="public"),
        read(book, "heat", 500.0, use="public"),
    ]
    found = made(rows, [entered("green_eco_layer", 600.0)], book, floor_area_m2=8000.0)
    assert found.totals["basic"]["value"] == pytest.approx(257.74)
    year = found.totals["basic_plus"]["value"]
    assert year == pytest.approx(256.54)
    assert year * 50 / found.boundary.floor_m2.value == pytest.approx(1.603375)
