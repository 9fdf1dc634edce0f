"""Published claims get the answer that was reasoned for them by hand, with its bounds."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tanlin.carbon.claims import KINDS, check, example, examples, headline, parse
from tanlin.carbon.claims.answer import Answer, Reading
from tanlin.carbon.claims.ranges import Range
from tanlin.carbon.factors import FactorBook
from tanlin.kernel.errors import BadInput


def answer(name: str, **changed: object) -> Answer:
    """The answer to a published claim, some of what it states changed."""
    claim = example(name).claim
    return check(replace(claim, values={**claim.values, **changed}))


def reading(found: Answer, name: str) -> Reading:
    return next(each for each in found.readings if each.name == name)


def ends(found: Answer, name: str) -> tuple[float, float]:
    known = reading(found, name).range
    assert known is not None
    return known.low, known.high


# --- the verdicts -----------------------------------------------------------------------------------------------------
VERDICTS = {
    "meisha-970t": "needs_basis",
    "meisha-7000-trees": "contradicts",
    "jingkou-25kw": "supported",
    "jingkou-14-6t": "supported",
    "meisha-9700m2": "needs_basis",
    "meisha-20pct": "needs_basis",
    "meisha-per-person": "needs_basis",
    "shenzhen-bus-0-152": "contradicts",
    "shenzhen-metro-0-169": "contradicts",
    "ch4-fossil-27": "contradicts",
    "ch4-nonfossil-29-8": "contradicts",
    "n2o-ar5-298": "contradicts",
    "broker-462": "contradicts",
    "car-273kg": "contradicts",
    "grid-0-5703": "contradicts",
    "wujin-lamps": "needs_basis",
    "kunshan-6100t": "contradicts",
    "yangzhou-618t": "needs_basis",
    "jintan-110mw": "needs_basis",
}


def test_every_published_claim_has_a_reasoned_verdict():
    assert {name: check(each.claim).verdict for name, each in examples().items()} == VERDICTS


# --- 970 t from 3 t a day: 1,095 t a year -----------------------------------------------------------------------------
def test_the_waste_cannot_fix_970_t_because_it_holds_no_more_than_400():
    """1,095 t × 10-20 % organic × 50 % carbon × 44/12 = 201 to 402 t."""
    found = answer("meisha-970t")
    low, high = ends(found, "fixation")
    assert low == pytest.approx(1095 * 0.10 * 0.5 * 44 / 12, rel=0.02)
    assert high == pytest.approx(1095 * 0.20 * 0.5 * 44 / 12, rel=0.02)
    assert reading(found, "fixation").holds(970) is False


def test_970_t_fit_landfill_methane_only():
    """0.05 tCH4/t × 28 × 1,095 t = 1,533 t, ± 45 %; composting, incineration and fixation all fall short."""
    found = answer("meisha-970t")
    landfill = reading(found, "landfill").range
    assert landfill == Range(pytest.approx(1533.0), pytest.approx(0.45 * 1533.0))
    fits = {each.name for each in found.readings if each.holds(970)}
    assert fits == {"landfill", "landfill_capture"}
    assert all("landfill" in condition.en for condition in found.conditions)
    assert all("填埋" in condition.zh for condition in found.conditions)


def test_against_incineration_the_reduction_is_near_zero_or_negative():
    """Mixed burning −130.12 kg/t; with digestion −61.88: 68.24 kg/t worse; with insects −135: 4.88 kg/t better."""
    found = answer("meisha-970t")
    digested, insects = (reading(found, f"incineration_{way}").range for way in ("anaerobic", "insects"))
    assert digested is not None and digested.value == pytest.approx(1095 * -0.06824)
    assert insects is not None and insects.value == pytest.approx(1095 * 0.00488)


def test_970_t_stated_as_fixation_do_not_fit_and_what_would_is_named():
    found = answer("meisha-970t", basis="fixation", days=365.0)
    assert found.verdict == "contradicts"
    assert any("landfill" in condition.en for condition in found.conditions)


def test_970_t_stated_as_avoided_landfill_methane_at_full_load_are_supported():
    assert (
        answer("meisha-970t", basis="avoided", counterfactual="landfill", days=365.0).verdict == "supported"
    )


def test_970_t_do_not_fit_an_incineration_city():
    assert (
        answer("meisha-970t", basis="avoided", counterfactual="incineration", days=365.0).verdict
        == "contradicts"
    )


def test_970_t_do_not_fit_a_landfill_that_captures_most_of_its_gas():
    """1,533 t × (1 − 0.75) × 0.9 = 345 t."""
    found = answer(
        "meisha-970t", counterfactual="landfill_capture", basis="avoided", capture=75.0, days=365.0
    )
    assert found.value == pytest.approx(1533 * 0.25 * 0.9)
    assert found.verdict == "contradicts"


# --- trees ------------------------------------------------------------------------------------------------------------
def test_970_t_on_7000_trees_are_three_to_fourteen_times_what_trees_take_up():
    """970 t ÷ 7,000 = 138.6 kg a tree, against 10 to 50 kg: 7,000 trees take up 70 to 350 t."""
    found = answer("meisha-7000-trees")
    assert ends(found, "tree.popular") == pytest.approx((70, 350))
    assert 970 / ends(found, "tree.popular")[1] == pytest.approx(2.8, abs=0.05)
    assert 970 / ends(found, "tree.popular")[0] == pytest.approx(13.9, abs=0.05)
    said = " ".join(note.en for note in found.notes)
    assert "139 kg" in said and "19,400 to 97,000" in said and "107 ha" in said and "2.8–14" in said


# --- solar ------------------------------------------------------------------------------------------------------------
def test_25_kw_make_23750_to_28750_kwh():
    """950 to 1,150 h."""
    assert ends(answer("jingkou-25kw"), "capacity") == pytest.approx((23750, 28750))


def test_25000_kwh_are_14_6_t_by_the_factor_of_jiangsu_2023():
    found = answer("jingkou-14-6t")
    assert found.value == pytest.approx(25000 * 0.5827 / 1000)
    assert found.verified


def test_9700_m2_are_0_97_to_2_13_mwp_by_what_the_area_means():
    """0.10-0.20 kWp/m² of roof, 0.20-0.22 of modules; × 950-1,150 h; × 0.4419 kg."""
    found = answer("meisha-9700m2")
    roof, module = ends(found, "roof"), ends(found, "module")
    assert roof[0] == pytest.approx(1.0e6, rel=0.01) and module[1] == pytest.approx(2.37e6, rel=0.01)
    notes = [note.en for note in found.notes]
    assert "970–1,940 kWp" in notes[0] and "1,940–2,134 kWp" in notes[1]
    assert "432–919 tCO₂" in notes[0] and "807–1,083 tCO₂" in notes[1]
    assert "998,122 – 2,366,594" in headline(found).en
    assert any("roof or of modules" in each.en for each in found.missing)


def test_no_plant_makes_more_than_every_hour_of_the_year():
    found = check(parse({"kind": "solar", "claimed": 25 * 8761, "fields": {"capacity_kw": 25}}))
    assert found.verdict == "contradicts"
    assert reading(found, "all_hours").holds(25 * 8761) is False


# --- tonnes of electricity --------------------------------------------------------------------------------------------
def test_61_million_kwh_are_39351_t_and_not_6100():
    found = answer("kunshan-6100t")
    assert found.value == pytest.approx(61e6 * 0.6451 / 1000)
    assert any("0.1 kg/kWh" in note.en for note in found.notes)


def test_618_t_of_850000_kwh_stand_for_a_factor_that_nobody_named():
    """0.727 kg/kWh, above the province (495 t), below fossil power (703 t)."""
    found = answer("yangzhou-618t")
    assert reading(found, "kwh.grid.cn-js.avg.2023").range == Range(
        pytest.approx(495.295), pytest.approx(49.5295)
    )
    assert any("0.7271 kg/kWh" in note.en for note in found.notes)
    assert [condition.en for condition in found.conditions] == [
        "the factor used is named, with its year and source"
    ]
    assert answer("yangzhou-618t", counterfactual="grid_average").verdict == "contradicts"


def test_110_mw_give_103400_t_only_against_coal_or_fossil_power():
    """110,000 kW × 1,050 h × 0.6451 = 74,509 t against the grid's average."""
    found = answer("jintan-110mw")
    average = reading(found, "capacity.grid.cn-js.avg.2021")
    assert average.range is not None and average.range.value == pytest.approx(110000 * 1050 * 0.6451 / 1000)
    assert average.holds(103400) is False
    assert reading(found, "capacity.gridlca.cn.coal.2023").holds(103400)
    assert answer("jintan-110mw", counterfactual="grid_average").verdict == "contradicts"


def test_1_1_gwh_by_0_42_are_462_t_and_the_slip_is_named():
    found = answer("broker-462")
    assert found.value == pytest.approx(462)
    assert any("ten thousand times" in note.en for note in found.notes)
    assert any("万吨" in note.zh for note in found.notes)


def test_the_named_factor_behind_a_claim_is_told():
    said = " ".join(note.en for note in answer("broker-462").notes)
    assert "Shanghai ETS" in said
    assert any("No known factor has the value 0.7271" in note.en for note in answer("yangzhou-618t").notes)
    assert any("Jiangsu provincial grid CO2 factor 2023" in note.en for note in answer("jingkou-14-6t").notes)


def test_a_product_of_stated_numbers_must_come_out():
    """25,000 kWh × 0.5827 = 14.57 t; with 0.8 stated they would be 20 t."""
    assert answer("jingkou-14-6t", stated_factor=0.5827).verdict == "supported"
    assert answer("jingkou-14-6t", stated_factor=0.8).verdict == "contradicts"


def test_a_programme_factor_is_not_offered_outside_its_region():
    names = {each.name for each in answer("kunshan-6100t").readings}
    assert not any("grid.sh" in name for name in names)


def test_without_region_the_grid_average_is_unknown_and_asked_for():
    found = check(parse({"kind": "power_co2", "claimed": 580, "fields": {"kwh": 1e6}}))
    assert found.verdict == "needs_basis"
    assert any("region" in each.en for each in found.missing)


def test_even_without_region_no_power_emits_more_than_coal():
    found = check(parse({"kind": "power_co2", "claimed": 1200, "fields": {"kwh": 1e6}}))
    assert found.verdict == "contradicts"
    assert found.decides is not None and found.decides.bound == "energy_balance"


# --- quoted factors ---------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("name", "right", "times"), [("shenzhen-bus-0-152", 0.0269, 5.7), ("shenzhen-metro-0-169", 0.0467, 3.6)]
)
def test_the_shenzhen_factors_are_several_times_those_of_the_method(name: str, right: float, times: float):
    found = answer(name)
    assert found.value == right
    assert found.claimed is not None and found.claimed / right == pytest.approx(times, abs=0.06)


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("ch4-fossil-27", "gwp.ar6.ch4_nonfossil"),
        ("ch4-nonfossil-29-8", "gwp.ar6.ch4_fossil"),
        ("n2o-ar5-298", "gwp.ar4.n2o"),
        ("grid-0-5703", "grid.cn.ets.2022"),
    ],
)
def test_a_factor_of_another_quantity_is_named_as_such(name: str, other: str):
    found = answer(name)
    assert any(other in note.en and other in note.zh for note in found.notes)
    assert other in {fact.fact_id for fact in found.facts}


def test_273_kg_per_km_are_grams():
    found = answer("car-273kg")
    assert found.value == 0.273
    assert any("a thousand times" in note.en for note in found.notes)


def test_the_published_value_of_a_factor_is_supported_as_printed_or_rounded():
    for value in (0.5366, 0.537):
        claim = parse({"kind": "factor", "claimed": value, "fields": {"fact": "grid.cn.avg.2022"}})
        assert check(claim).verdict == "supported"


# --- shares and money -------------------------------------------------------------------------------------------------
def test_a_planned_cut_lacks_base_year_and_boundary_and_software_alone_gives_less():
    found = answer("meisha-20pct")
    said = " ".join(each.en for each in found.missing)
    assert "base year" in said and "boundary" in said and "target" in said
    assert ends(found, "software") == pytest.approx((3, 10))
    assert reading(found, "software").holds(20) is False
    assert any("PV and retrofits" in each.en for each in found.conditions)


def test_0_68_to_0_4_t_is_41_per_cent_and_its_boundary_is_asked_for():
    found = answer("meisha-per-person")
    assert found.value == pytest.approx((0.68 - 0.4) / 0.68 * 100)
    assert any("boundary" in each.en for each in found.missing)
    assert any("population" in each.en for each in found.missing)


def test_98_million_come_back_in_ten_and_a_half_years_not_in_eight():
    """10.4 million × 90 % × 8 = 74.88 million, 76 % of 98 million; 98 ÷ 9.36 = 10.47 a."""
    found = answer("wujin-lamps")
    assert found.value == pytest.approx(98 / 9.36)
    assert any("74,880,000" in note.en and "76%" in note.en for note in found.notes)
    assert [each.en for each in found.conditions] == ["what money closes the gap is stated"]
    assert answer("wujin-lamps", other_money="none").verdict == "contradicts"


# --- rules that hold for every kind -----------------------------------------------------------------------------------
SUPPORTED = [
    {"kind": "solar", "claimed": 25000, "fields": {"capacity_kw": 25, "region": "CN-JS"}},
    {"kind": "power_co2", "claimed": 14.6, "fields": {"kwh": 25000, "region": "CN-JS", "year": 2023, "counterfactual": "grid_average"}},
    {"kind": "food_waste", "claimed": 970, "fields": {"mass_per_day": 3, "days": 365, "basis": "avoided", "counterfactual": "landfill"}},
    {"kind": "trees", "claimed": 140, "fields": {"trees": 7000, "region": "CN-GD-SZ"}},
    {"kind": "energy_saving", "claimed": 4e6, "fields": {"count": 10000, "watt_before": 150, "watt_after": 50, "hours": 4000}},
    {"kind": "transport", "claimed": 26.9, "fields": {"pkm": 1e6, "mode": "bus", "region": "CN-GD-SZ"}},
    {"kind": "per_person", "claimed": 41, "fields": {"before": 0.68, "after": 0.4, "total": 4000, "population": 10000, "boundary": "用电"}},
    {"kind": "percent_cut", "claimed": 20, "fields": {"before": 100, "after": 80, "base_year": 2022, "boundary": "街道", "normalised": "yes"}},
    {"kind": "factor", "claimed": 0.0269, "fields": {"fact": "transport.sz.bus.reduction"}},
    {"kind": "payback", "claimed": 10.5, "fields": {"investment": 98e6, "saving_per_year": 10.4e6, "share": 90, "other_money": "none"}},
]  # fmt: skip


def test_every_kind_has_a_claim_that_is_supported():
    assert {stated["kind"] for stated in SUPPORTED} == set(KINDS)
    assert {stated["kind"]: check(parse(stated)).verdict for stated in SUPPORTED} == dict.fromkeys(
        KINDS, "supported"
    )


@pytest.mark.parametrize("stated", SUPPORTED, ids=lambda stated: stated["kind"])
@pytest.mark.parametrize("slip", [1e3, 1e4, 1e6, 1e-3, 1e-4])
def test_a_slip_of_unit_is_never_supported(stated: dict, slip: float):
    assert check(parse({**stated, "claimed": stated["claimed"] * slip})).verdict != "supported"


@given(
    kilowatts=st.floats(0.5, 1e5),
    hours=st.floats(950.1, 1149.9),
    power=st.sampled_from([-6, -4, -3, 3, 4, 6]),
)
def test_whatever_its_size_a_plant_is_supported_by_its_hours_and_never_when_units_slip(
    kilowatts: float, hours: float, power: int
):
    stated = {
        "kind": "solar",
        "claimed": kilowatts * hours,
        "fields": {"capacity_kw": kilowatts, "region": "CN-GD-SZ"},
    }
    assert check(parse(stated)).verdict == "supported"
    assert check(parse({**stated, "claimed": kilowatts * hours * 10.0**power})).verdict == "contradicts"


@given(daily=st.floats(0.1, 1000), days=st.integers(1, 365), share=st.floats(0.0, 1e6))
def test_no_claim_above_all_the_carbon_of_the_waste_passes_as_fixation(daily: float, days: int, share: float):
    fields = {"mass_per_day": daily, "days": days, "basis": "fixation"}
    carbon = check(parse({"kind": "food_waste", "fields": fields})).readings[0].range
    assert carbon is not None
    more = check(parse({"kind": "food_waste", "claimed": carbon.high * (1.001 + share), "fields": fields}))
    assert more.verdict == "contradicts"
    assert carbon.high < daily * days * 44 / 12  # less than pure carbon would hold


@pytest.mark.parametrize("kind", KINDS)
def test_a_claim_that_states_nothing_is_asked_for_its_inputs_and_never_judged(kind: str):
    found = check(parse({"kind": kind, "claimed": 5}))
    assert found.verdict == "needs_basis"
    assert found.missing


@pytest.mark.parametrize("stated", SUPPORTED, ids=lambda stated: stated["kind"])
def test_leaving_out_any_field_never_turns_support_into_a_contradiction_by_guess(stated: dict):
    for name in stated["fields"]:
        fields = {key: value for key, value in stated["fields"].items() if key != name}
        assert check(parse({**stated, "fields": fields})).verdict != "contradicts", name


@pytest.mark.parametrize(
    ("stated", "column"),
    [
        ({"kind": "moon"}, "kind"),
        ({"kind": "solar", "claimed": "much"}, "claimed"),
        ({"kind": "solar", "claimed": 1, "unit": "t"}, "unit"),
        ({"kind": "solar", "claimed": 1, "fields": {"capacity_kw": -3}}, "capacity_kw"),
        ({"kind": "solar", "claimed": 1, "fields": {"colour": "red"}}, "colour"),
        ({"kind": "solar", "claimed": 1, "fields": {"year": 2023.5}}, "year"),
        ({"kind": "solar", "claimed": 1, "fields": {"region": "镇江"}}, "region"),
        ({"kind": "food_waste", "claimed": 1, "fields": {"basis": "magic"}}, "basis"),
        ({"kind": "solar", "claimed": float("nan")}, "claimed"),
    ],
)
def test_bad_input_names_its_field(stated: dict, column: str):
    with pytest.raises(BadInput) as raised:
        parse(stated)
    assert raised.value.where is not None and raised.value.where.column == column


def test_a_claim_reads_back_from_what_it_says_of_itself():
    for each in examples().values():
        assert parse(each.claim.as_dict()) == each.claim


def test_the_facts_an_answer_names_are_all_it_rests_on():
    for each in examples().values():
        found = check(each.claim)
        assert check(each.claim, FactorBook([used.fact for used in found.facts])) == found


def test_every_sentence_is_in_both_languages():
    for each in examples().values():
        found = check(each.claim)
        texts = [*found.conditions, *found.missing, *found.notes, *(one.label for one in found.readings)]
        assert all(text.zh.strip() and text.en.strip() for text in texts)


def test_no_answer_blames():
    for each in examples().values():
        found = check(each.claim)
        said = "".join(text.zh for text in (*found.conditions, *found.missing, *found.notes))
        assert not any(word in said for word in ("造假", "不可能", "虚假", "错误"))
