"""The account to the GPC: references, levels, gases, notation keys, boundary, and published values."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tanlin.carbon.account.asked import AskedBook
from tanlin.carbon.account.boundary import boundary_of
from tanlin.carbon.account.entered import Metered
from tanlin.carbon.account.gpc import references
from tanlin.carbon.account.results import results
from tanlin.carbon.factors import FactorBook
from tanlin.carbon.inventory import inventory
from tanlin.carbon.uncertainty import total
from tanlin.kernel.period import Period
from tanlin.readings import Snapshot
from tests.carbon.accounts import entered, gpc, made, read, shipped
from tests.carbon.test_inventory import es, hours, meters

VINTAGES = {
    ("CN-GD", 2021): 0.4715, ("CN-GD", 2022): 0.4403, ("CN-GD", 2023): 0.4419,
    ("CN-SH", 2021): 0.5834, ("CN-SH", 2022): 0.5849, ("CN-SH", 2023): 0.5737,
    ("CN-JS", 2021): 0.6451, ("CN-JS", 2022): 0.5978, ("CN-JS", 2023): 0.5827,
}  # fmt: skip


def value(found: Any, key: str) -> Any:
    return next(result for result in results(found) if result.key == f"carbon.{key}")


@pytest.mark.parametrize(("region", "year"), VINTAGES)
def test_a_gigawatt_hour_weighs_what_the_notice_of_its_year_says(region: str, year: int) -> None:
    found = made([read(shipped(), "electricity", 1e6, region=region, year=year)], region=region, year=year)
    basic = value(found, "basic")
    assert basic.value == pytest.approx(VINTAGES[region, year] * 1000)
    assert not basic.provisional
    assert f"grid.{region.lower()}.avg.{year}" in {fact["fact"] for fact in found.facts_used}


def test_a_year_without_a_notice_takes_the_newest_and_is_provisional() -> None:
    found = made([read(shipped(), "electricity", 1e6, region="CN-GD", year=2025)], region="CN-GD", year=2025)
    assert value(found, "basic").provisional and value(found, "basic").value == pytest.approx(441.9)


USES = {
    "": "I.6",
    "residential": "I.1",
    "commercial": "I.2",
    "public": "I.2",
    "industry": "I.3",
    "charging": "II.1",
}


@pytest.mark.parametrize("use", USES)
def test_the_use_of_a_meter_gives_the_subsector_and_the_carrier_the_scope(use: str) -> None:
    book = shipped()
    rows = [read(book, carrier, 1.0, region="CN-GD", use=use) for carrier in ("gas", "electricity", "heat")]
    held = {line["ref"] for line in made(rows, region="CN-GD").part("basic").to_pylist()}
    assert held == {f"{USES[use]}.1", f"{USES[use]}.2"}


def test_generation_and_export_are_territorial_and_change_no_total() -> None:
    book = shipped()
    bought = read(book, "electricity", 1000.0, region="CN-GD")
    solar = [read(book, "electricity", 500.0, region="CN-GD", channel=c) for c in ("generation", "export")]
    alone, both = made([bought], region="CN-GD"), made([bought, *solar], region="CN-GD")
    assert {name: one["value"] for name, one in both.totals.items() if name != "territorial"} == {
        name: one["value"] for name, one in alone.totals.items() if name != "territorial"
    }
    assert both.totals["territorial"]["value"] == 0.0
    assert gpc(both)["I.4.4"]["level"] == "territorial"


def test_water_is_a_memo_and_in_no_total() -> None:
    found = made([read(shipped(), "water", 1000.0, region="CN-GD")], region="CN-GD")
    assert gpc(found)["VI.1"]["scope3"] == pytest.approx(0.168)
    assert value(found, "basic_plus").value is None


def test_gases_of_a_factor_are_parted_by_mass_and_potential() -> None:
    row = read(shipped(), "waste", 1000.0, region="CN-GD", product="compost")
    lines = {line["gas"]: line for line in made([row], region="CN-GD").lines.to_pylist()}
    # IPCC 2006 vol. 5 table 4.1 as shipped: 4 kg CH4 and 0.24 kg N2O a tonne; GWP100 of AR5: 28 and 265.
    assert (lines["CH4"]["mass_t"], lines["CH4"]["tco2e"]) == pytest.approx((0.004, 0.112))
    assert (lines["N2O"]["mass_t"], lines["N2O"]["tco2e"]) == pytest.approx((0.00024, 0.0636))
    assert {line["ref"] for line in lines.values()} == {"III.2.2"}
    assert sum(line["tco2e"] for line in lines.values()) == pytest.approx(row["tco2e"])


def test_the_interval_of_normal_causes_is_that_of_the_inventory() -> None:
    book = shipped()
    rows = [
        read(book, "electricity", 8000.0, region="CN-GD"),
        read(book, "electricity", 6000.0, region="CN-GD", use="public"),
        read(book, "gas", 1000.0, region="CN-GD"),
    ]
    found = made(rows, region="CN-GD")
    was, basic = total(found.table), found.totals["basic"]
    assert (basic["low"], basic["high"]) == pytest.approx((was["low"], was["high"]))


def test_waste_of_unknown_treatment_is_left_out_and_said() -> None:
    book = shipped()
    rows = [
        read(book, "electricity", 1000.0, region="CN-GD"),
        read(book, "waste", 5.0, region="CN-GD", product=""),
    ]
    found = made(rows, region="CN-GD")
    assert found.totals["basic"]["unknown"] == {"factor.no_product": 1}
    assert gpc(found)["III"]["total"] is None and "treatment" in gpc(found)["III"]["reason_en"]
    assert "treatment" in value(found, "basic").reason.en


def test_every_reference_of_the_gpc_has_a_value_or_a_key_with_its_reason() -> None:
    table = gpc(made([read(shipped(), "electricity", 1000.0, region="CN-GD")], region="CN-GD"))
    assert len(table) == len(references()) == 54
    assert all(
        row["key"] in {"NO", "NE", "IE", "C"} and row["reason_zh"]
        for row in table.values()
        if row["total"] is None
    )
    assert all(row["key"] is None for row in table.values() if row["total"] is not None)


def test_energy_of_no_stated_use_makes_the_other_subsectors_included_elsewhere() -> None:
    table = gpc(made([read(shipped(), "electricity", 1000.0, region="CN-GD")], region="CN-GD"))
    keys = {ref: table[ref]["key"] for ref in ("I.1.2", "I.2.2", "I.3.2", "II.1.2", "I.1.1", "II.4.1")}
    assert keys == {
        "I.1.2": "IE",
        "I.2.2": "IE",
        "I.3.2": "IE",
        "II.1.2": "IE",
        "I.1.1": "NE",
        "II.4.1": "NO",
    }


def test_a_stated_key_never_hides_a_value() -> None:
    row = read(shipped(), "electricity", 1000.0, region="CN-GD")
    table = gpc(made([row], region="CN-GD", gpc__key__I__6__2="NO", gpc__key__I__1__2="NO"))
    assert table["I.6.2"]["key"] is None and table["I.6.2"]["total"] == pytest.approx(0.4419)
    assert (table["I.1.2"]["key"], table["I.1.2"]["reason_en"]) == ("NO", "test")


def test_a_reference_is_counted_elsewhere_only_where_all_of_it_is() -> None:
    """Heat that a meter counts from July on; before, no factor of it is known."""
    heat = entered("heat_home", 5.0)
    metered = Metered(heat.path, "heat", "", date(2023, 7, 1), None)
    half = gpc(made([], [heat], AskedBook([]), meters=[metered]))["I.1.2"]
    assert half["key"] == "NE" and half["unknown"]
    whole = gpc(made([], [heat], AskedBook([]), meters=[metered._replace(first=date(2023, 1, 1))]))["I.1.2"]
    assert whole["key"] == "IE" and not whole["unknown"]


def test_rows_of_the_table_sum_to_the_totals_of_their_level() -> None:
    book = shipped()
    rows = [
        read(book, "electricity", 9000.0, region="CN-GD", use="residential"),
        read(book, "gas", 700.0, region="CN-GD"),
        read(book, "waste", 900.0, region="CN-GD", product="incineration"),
        read(book, "water", 400.0, region="CN-GD"),
    ]
    mine = [
        entered("car", 5000.0, region="CN-GD"),
        entered("leak_r32", 2.0, 2),
        entered("green_trees", 10.0, 3),
    ]
    found = made(rows, mine, region="CN-GD")
    for name, levels in (("basic", {"basic"}), ("basic_plus", {"basic", "basic_plus"})):
        added = sum(row["total"] or 0.0 for row in found.gpc if row["level"] in levels)
        assert added == pytest.approx(found.totals[name]["value"])
    for column in ("carbon.gases", "carbon.sectors"):
        table = value(found, column.removeprefix("carbon.")).table
        assert sum(row["basic_plus"] or 0.0 for row in table) == pytest.approx(
            found.totals["basic_plus"]["value"]
        )


def test_a_sink_is_in_basic_plus_and_shown_apart() -> None:
    found = made([], [entered("green_trees", 100.0), entered("leak_r32", 1.0, 2)])
    assert value(found, "sinks").value == pytest.approx(-2.2)
    assert value(found, "basic_plus_gross").value == pytest.approx(0.677)
    assert value(found, "basic_plus").value == pytest.approx(0.677 - 2.2)
    assert value(found, "basic").value is None


def test_without_planting_the_sink_is_unknown_and_not_zero() -> None:
    found = value(made([read(shipped(), "electricity", 1.0, region="CN-GD")], region="CN-GD"), "sinks")
    assert found.value is None and "绿地" in found.reason.zh


QUALITY = {
    ("meter", 0.0, True): "H", ("meter", 0.6, True): "M", ("document", 0.0, True): "M", ("survey", 0.0, True): "L",
    ("meter", 0.0, False): "L",
}  # fmt: skip


@pytest.mark.parametrize(("source", "estimated", "verified"), QUALITY)
def test_quality_falls_with_source_estimates_and_unverified_factors(
    source: str, estimated: float, verified: bool
) -> None:
    if source == "meter":
        row = read(
            shipped(), "electricity", 10.0, region="CN-GD", estimated=10 * estimated, verified=verified
        )
        found, ref = made([row], region="CN-GD"), "I.6.2"
    else:
        found, ref = made([], [entered("gasoline_vehicles", 10.0, source=source, region="CN")]), "II.1.1"
    assert gpc(found)[ref]["quality"] == QUALITY[source, estimated, verified]


def test_an_unverified_factor_marks_its_line_its_row_and_its_input() -> None:
    found = made([read(shipped(), "waste", 5.0, region="CN-GD", product="incineration")], region="CN-GD")
    (line,) = found.lines.to_pylist()
    (cited,) = [fact for fact in found.facts_used if fact["fact"] == line["factor_id"]]
    assert (line["verified"], gpc(found)["III.3.2"]["verified"], cited["verified"]) == (False, False, False)
    assert not found.totals["basic"]["verified"]


def test_losses_of_the_grid_stand_in_basic_plus() -> None:
    found = made([read(shipped(), "electricity", 1e6, region="CN-GD", use="public")], region="CN-GD")
    lost = gpc(found)["I.2.3"]
    assert lost["total"] == pytest.approx(441.9 * 0.0454 / (1 - 0.0454))
    assert (lost["level"], lost["verified"]) == ("basic_plus", False)
    assert found.totals["basic"]["value"] == pytest.approx(441.9)


# --- boundary ---------------------------------------------------------------------------------------------------------
def rows(key: str, *held: tuple[Any, str, str | None]) -> list[dict[str, Any]]:
    return [{"key": key, "value": v, "valid_from": a, "valid_to": b, "source": "s"} for v, a, b in held]


def test_the_value_in_force_on_the_last_day_of_the_year_counts() -> None:
    held = rows(
        "population",
        (100, "2020-01-01", "2023-06-01"),
        (120, "2023-06-01", "2023-12-31"),
        (130, "2023-12-31", None),
    )
    people = {year: boundary_of("x", year, held).population for year in (2019, 2022, 2023)}
    assert people[2019] is None
    assert (people[2022].value, people[2023].value, people[2023].since) == (100, 130, date(2023, 12, 31))


def test_nobody_is_no_population() -> None:
    assert boundary_of("x", 2023, rows("population", (0, "2020-01-01", None))).population is None


def test_a_figure_per_person_scales_with_its_interval_and_carries_the_boundary() -> None:
    stated = {"population": 50.0, "population__definition": "registered", "floor_area_m2": 2000.0}
    found = made([read(shipped(), "electricity", 1e5, region="CN-GD")], region="CN-GD", **stated)
    basic, each, per_m2 = (value(found, name) for name in ("basic", "per_person", "per_m2"))
    assert (each.value, each.low, each.high) == pytest.approx(
        (basic.value / 50, basic.low / 50, basic.high / 50)
    )
    assert per_m2.value == pytest.approx(44.19 * 1000 / 2000)
    assert {row["key"]: row["value"] for row in value(found, "boundary").table} == {
        "population": 50.0, "population.definition": "registered", "floor_area_m2": 2000.0,
        "area_m2": None, "boundary.rules": None,
    }  # fmt: skip
    assert "registered" in found.boundary.per_person.en and "50" in found.boundary.per_person.zh


def test_without_a_boundary_a_person_and_a_square_metre_are_unknown_with_their_reasons() -> None:
    found = made([read(shipped(), "electricity", 1e5, region="CN-GD")], region="CN-GD")
    assert (value(found, "per_person").value, value(found, "per_m2").value) == (None, None)
    assert "人口" in value(found, "per_person").reason.zh and "floor area" in value(found, "per_m2").reason.en


# --- properties -------------------------------------------------------------------------------------------------------
@given(
    st.lists(st.tuples(st.floats(0, 1e4), st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=6),
)
@settings(max_examples=15, deadline=None)
def test_totals_are_the_same_however_meters_are_parted_among_spaces(
    found: list[tuple[float, int, int]],
) -> None:
    """Each meter: what it read, the space it stands in, and the space of another partition."""
    start = es("2023-03-01")
    readings = [row for i, (amount, _, _) in enumerate(found) for row in hours(i, start, [amount])]
    totals = []
    for side in (1, 2):
        frame = meters(*({"meter_id": i, "place": f"s{one[side]}"} for i, one in enumerate(found)))
        made_of = inventory(_log(readings), frame, Period("2023-03"), FactorBook())
        totals.append(_basics(made_of.table))
    assert totals[0] == pytest.approx(totals[1])


@given(st.permutations(range(4)), st.lists(st.tuples(st.integers(0, 3), st.floats(0, 1e4)), max_size=8))
@settings(max_examples=15, deadline=None)
def test_totals_follow_the_last_word_on_each_hour(order: list[int], revised: list[tuple[int, float]]) -> None:
    """Hours that came in any order and were revised give the totals of their last values read once."""
    start, first = es("2023-03-01"), [1.0, 2.0, 3.0, 4.0]
    arrived = [(hour, first[hour]) for hour in order] + revised
    log = [
        (*row, batch)
        for batch, (hour, amount) in enumerate(arrived, 1)
        for row in hours(1, start + hour * 3600, [amount])
    ]
    last = dict(arrived)
    once = hours(1, start, [last[hour] for hour in range(4)])
    totals = [
        _basics(inventory(_log(rows_), meters({"meter_id": 1}), Period("2023-03"), FactorBook()).table)
        for rows_ in (log, once)
    ]
    assert totals[0] == pytest.approx(totals[1])


def _log(found: list[Any]) -> Snapshot:
    """Readings, each with its batch (1 where none is given)."""
    full = [(*row, 1)[:7] for row in found]
    names = ("meter_id", "channel", "start", "seconds", "value", "quality", "batch")
    kinds = (pa.int64(), pa.string(), pa.int64(), pa.int32(), pa.float64(), pa.string(), pa.int64())
    return Snapshot.from_table(
        pa.table(
            {n: pa.array([r[i] for r in full], k) for i, (n, k) in enumerate(zip(names, kinds, strict=True))}
        )
    )


def _basics(table: pa.Table) -> list[float]:
    """BASIC, BASIC+ and the interval of BASIC."""
    found = made(table.to_pylist(), region="CN-GD-SZ")
    basic = found.totals["basic"]
    return np.array(
        [basic["value"], basic["low"], basic["high"], found.totals["basic_plus"]["value"]]
    ).tolist()
