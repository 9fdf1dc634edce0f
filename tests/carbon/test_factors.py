"""The rule by which a factor is chosen, and what the shipped facts say."""

import csv
from datetime import date

import pytest

from tanlin.carbon.energy import energy_per_unit, gas_kwh_per_m3, tce_per_unit
from tanlin.carbon.factors import FactorBook, Resolved, Unknown, emission_per_unit, read_facts, region_chain
from tanlin.kernel.errors import BadInput
from tests.support import shared

BOOK = FactorBook()


def test_chain_of_regions():
    assert region_chain("CN-GD-SZ") == ("CN-GD-SZ", "CN-GD", "CN-GRID-SC", "CN", "GLOBAL")
    assert region_chain("GB") == ("GB", "GLOBAL")
    assert region_chain("GB-ENG-CAM") == ("GB-ENG-CAM", "GB-ENG", "GB", "GLOBAL")


@pytest.mark.parametrize(
    ("region", "year", "value", "provisional"),
    [
        ("CN-GD-SZ", 2022, 0.4403, False),
        ("CN-GD-SZ", 2023, 0.4419, False),
        ("CN-GD-SZ", 2025, 0.4419, True),
        ("CN-SH", 2025, 0.5737, True),  # never 0.42, which counts only inside the city's emissions trading
        ("CN-JS-ZJ", 2023, 0.5827, False),
        ("CN-XZ", 2023, 0.2472, False),  # Tibet has no own value: its regional grid
        ("GB", 2019, 0.2556, False),
    ],
)
def test_grid_factor(region, year, value, provisional):
    found = BOOK.resolve("grid_location", region, year)
    assert isinstance(found, Resolved)
    assert (found.value, found.provisional) == (value, provisional)


def test_unknown_is_a_state():
    early = BOOK.resolve("grid_location", "CN-GD", 2019)
    assert isinstance(early, Unknown) and early.code == "factor.before_first" and early.reason.zh
    assert BOOK.resolve("grid_location", "FR", 2023) == Unknown("factor.none")
    assert emission_per_unit(BOOK, "fuel", "", "CN", date(2023, 1, 1)) == Unknown("factor.no_product")


def test_newest_vintage_wins():
    old = {
        "fact_id": "a",
        "kind": "k",
        "region": "CN",
        "value": 1,
        "unit": "kgCO2/kWh",
        "published": "2024-01-01",
    }
    new = old | {"fact_id": "b", "value": 2, "published": "2025-01-01"}
    assert FactorBook([new, old]).resolve("k", "CN", 2023).value == 2


def test_stored_fact_with_json_value():
    row = {
        "fact_id": "x",
        "kind": "fuel",
        "region": "CN",
        "unit": "kgCO2/kg",
        "value": '{"value": 3, "product": "peat"}',
    }
    assert FactorBook([row]).resolve("fuel", "CN", 2023, "peat").value == 3


@pytest.mark.parametrize(
    ("carrier", "product", "region", "tonnes"),
    [
        ("gas", "", "CN", 2.165e-3),
        ("gas", "coke_oven_gas", "CN", 0.7636e-3),
        ("fuel", "diesel", "CN", 3.0959e-3),
        ("heat", "", "CN-SH", 0.110),
        ("water", "", "CN", 0.168e-3),
        ("waste", "landfill", "CN", 0.05 * 28 / 1000),
        ("waste", "compost", "CN", (4.0 * 28 + 0.24 * 265) / 1e6),
        ("waste", "anaerobic", "CN", 0.8 * 28 / 1e6),
    ],
)
def test_tonnes_per_canonical_unit(carrier, product, region, tonnes):
    found = emission_per_unit(BOOK, carrier, product, region, date(2023, 6, 1))
    assert found.value == pytest.approx(tonnes, rel=1e-12)


def test_gas_in_kwh_does_not_depend_on_the_calorific_value():
    day = date(2019, 1, 1)
    per_m3 = emission_per_unit(BOOK, "gas", "", "GB", day).value
    assert per_m3 / gas_kwh_per_m3(BOOK, "GB", day)[0] == pytest.approx(0.18385e-3, rel=1e-12)


def test_standard_coal():
    day = date(2023, 1, 1)
    assert tce_per_unit(BOOK, "electricity", "", "GB", day)[0] == pytest.approx(0.1229e-3)
    assert tce_per_unit(BOOK, "heat", "", "CN", day)[0] == pytest.approx(0.03412)
    assert tce_per_unit(BOOK, "gas", "", "GB", day)[0] == pytest.approx(39.5 / 29.3076 / 1000)
    assert tce_per_unit(BOOK, "waste", "landfill", "CN", day) is None
    assert energy_per_unit(BOOK, "gas", "", "CN", day)[0] == pytest.approx(38.931 / 3.6)
    assert energy_per_unit(BOOK, "water", "", "CN", day) is None


def test_bad_fact_file_names_the_row(tmp_path):
    file = tmp_path / "facts.csv"
    file.write_text("fact_id,kind,region,value,unit\na,fuel,CN,much,kgCO2/kg\n")
    with pytest.raises(BadInput) as caught:
        read_facts(file)
    assert (caught.value.where.row, caught.value.where.column, caught.value.where.value) == (
        2,
        "value",
        "much",
    )


@pytest.mark.shared
def test_shipped_facts_equal_the_reference():
    with shared("reference", "emission_factors.csv").open(encoding="utf-8") as handle:
        reference = {row["id"]: row for row in csv.DictReader(handle)}
    shipped = {fact.fact_id: fact for fact in read_facts()}
    for name, row in reference.items():
        fact = shipped[name]
        assert (
            fact.value == float(row["value"]) and fact.unit == row["unit"] and fact.region == row["region"]
        ), name
        assert fact.verified == (row["verified"] == "true") and fact.source == row["source_title"], name


def test_a_newer_notice_of_other_gases_takes_the_place_of_the_old_one():
    """Only single gases of one factor add up: CO2e holds them all, and the column gas may be left empty."""
    old = {
        "fact_id": "old", "kind": "grid_location", "region": "FR", "value": 0.5, "unit": "kgCO2/kWh",
        "gas": "CO2", "valid_from": "2022-01-01", "valid_to": "2022-12-31", "published": "2023-06-01",
    }  # fmt: skip
    new = old | {"fact_id": "new", "value": 0.6, "valid_from": "2023-01-01", "valid_to": "2023-12-31"}
    new |= {"published": "2024-06-01"}
    for changed in ({"unit": "kgCO2e/kWh", "gas": "CO2e"}, {"unit": "kgCO2e/kWh", "gas": ""}, {"gas": ""}):
        for pair in ([old, new | changed], [old | changed, new]):
            found = emission_per_unit(FactorBook(pair), "electricity", "", "FR", date(2023, 3, 1))
            assert (found.factor_id, found.value, found.provisional) == ("new", pytest.approx(0.0006), False)
