"""What one unit of a stream emits, against calculations by hand from the sources' numbers."""

from datetime import date

import pytest

from tanlin.carbon import FactorBook, Unknown, read_facts
from tanlin.carbon.account.streams import activity_emissions, streams
from tanlin.carbon.factors import Resolved

BOOK = FactorBook()
DAY = date(2025, 3, 1)
LEVELS = {"basic", "basic_plus", "memo"}


def tonnes(stream: str, region: str = "CN-GD-SZ", day: date = DAY, gwp: str = "ar5") -> dict[str, float]:
    found = activity_emissions(BOOK, stream, region, day, gwp)
    assert isinstance(found, list), found
    return {part.gas: part.tco2e for part in found}


@pytest.mark.parametrize(
    ("stream", "region", "by_gas"),
    [
        # NCV 50.179 GJ/t; 5 kg CH4 and 0.1 kg N2O a TJ
        (
            "lpg_home",
            "CN-SH",
            {"CO2": 3.1013e-3, "CH4": 5 * 50.179e-9 * 28, "N2O": 0.1 * 50.179e-9 * 265},
        ),
        ("gasoline_vehicles", "CN-SH", {"CO2": 2.9251e-3}),
        ("heat_home", "CN-SH", {"CO2": 0.110}),  # never 0.060, which counts only inside the city's trading
        ("car", "CN-BJ", {"CO2": 0.273e-3}),
        ("car", "CN-SH", {"CO2": 0.2e-3}),
        ("metro", "CN-BJ", {"CO2": 0.0286e-3}),
        ("metro", "CN-SH", {"CO2": 0.10 * 0.5737e-3}),  # electricity, never the city's inclusion value 0.033
        ("ebike", "CN-GD-SZ", {"CO2": 0.012 * 0.4419e-3}),
        ("waste_landfill", "CN-SH", {"CH4": 0.05 * 28e-3}),
        ("waste_compost", "CN-SH", {"CH4": 4.0e-6 * 28, "N2O": 0.24e-6 * 265}),
        ("sewage", "CN-SH", {"CH4": 0.25 * 0.0078e-3 * 28}),
        ("tap_water", "CN-SH", {"CO2e": 0.168e-3}),
        ("leak_r410a", "CN-SH", {"HFC": 1.9235}),
        ("charge_r32_split", "CN-SH", {"HFC": 0.04 * 0.677}),
        ("leak_r22", "CN-SH", {"HCFC": 1.760}),
        ("green_grass", "CN-SH", {"CO2": -0.3e-3}),
        ("green_forest", "CN-GD", {"CO2": -9.06}),
        ("green_trees", "GB", {"CO2": -22e-3}),
    ],
)
def test_tonnes_by_gas(stream, region, by_gas):
    assert tonnes(stream, region) == pytest.approx(by_gas, rel=1e-12)


def test_every_stream_of_a_mainland_city_has_factors_or_a_reason():
    unknown = {}
    for name in streams():
        found = activity_emissions(BOOK, name, "CN-GD-SZ", DAY)
        if isinstance(found, Unknown):
            assert found.reason.zh != found.code
            unknown[name] = found.code
    assert unknown == {"waste_insects": "factor.net_only", "waste_insects_inside": "factor.net_only"}


def test_streams_are_described_whole():
    for stream in streams().values():
        assert stream.level in LEVELS and stream.scope in (1, 2, 3) and stream.source
        assert stream.name.zh and stream.name.en and 0 < stream.default_pct <= 60
    assert len({s.name.zh for s in streams().values()}) == len(streams())


def test_one_set_of_potentials_counts_for_the_account_whatever_the_year():
    assert tonnes("waste_anaerobic", day=date(2019, 7, 1), gwp="ar6") == pytest.approx({"CH4": 0.8e-6 * 27.9})


def test_a_gas_of_the_montreal_protocol_is_a_memo_item():
    assert {s.level for s in streams().values() if "r22" in s.key} == {"memo"}


def test_sinks_take_the_table_of_one_year_never_the_forty_year_one():
    for name, stream in streams().items():
        if stream.kind == "sink":
            parts = activity_emissions(BOOK, name, "CN-SH", DAY)
            assert isinstance(parts, list)
            assert not any(fact.fact_id.startswith("sink.cn40") for part in parts for fact in part.facts)
            assert all(part.tco2e < 0 for part in parts)


def test_no_factor_of_another_country_stands_in():
    assert activity_emissions(BOOK, "green_grass", "GB", DAY) == Unknown("factor.none")


def test_causes_name_every_fact_that_errs():
    found = activity_emissions(BOOK, "metro", "CN-GD-SZ", DAY)
    assert isinstance(found, list)
    assert [tuple(cause) for cause in found[0].causes or ()] == [
        ("transport.cn.metro.kwh", 40.0, "normal"),
        ("grid.cn-gd.avg.2023", 10.0, "normal"),
    ]


def test_wide_errors_are_lognormal():
    found = activity_emissions(BOOK, "charge_r410a_vrf", "CN", DAY)
    assert isinstance(found, list)
    assert found[0].causes == (("refrigerant.vrf_leak", 60.0, "lognormal"),)


def test_a_factor_without_an_error_gives_no_causes():
    facts = [fact for fact in read_facts() if fact.fact_id != "fuel.cn.gasoline.ef"]
    bare = next(fact for fact in read_facts() if fact.fact_id == "fuel.cn.gasoline.ef")
    book = FactorBook([*facts, {**bare.as_dict(), "uncertainty_pct": None}])
    found = activity_emissions(book, "gasoline_vehicles", "CN", DAY)
    assert isinstance(found, list) and found[0].causes is None


def test_a_missing_potential_is_unknown():
    book = FactorBook([fact for fact in read_facts() if fact.kind != "gwp"])
    assert activity_emissions(book, "leak_r32", "CN", DAY) == Unknown("factor.no_gwp")


def test_provisional_grid_factors_show_in_travel():
    found = activity_emissions(BOOK, "metro", "CN-SH", DAY)
    assert isinstance(found, list)
    grid = next(fact for fact in found[0].facts if fact.fact_id.startswith("grid."))
    assert isinstance(grid, Resolved) and grid.provisional


@pytest.mark.parametrize(
    ("source", "stated", "pct"),
    [("bill", None, 2.0), ("meter", None, 3.0), ("survey", None, 50.0), ("survey", 25.0, 25.0)],
)
def test_uncertainty_of_an_amount_by_its_source(source, stated, pct):
    assert streams()["bus"].pct(source, stated) == pct
