"""The 95 % interval of an account: shared causes add, independent ones go in quadrature."""

import math

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tanlin.carbon.account.lines import LINES
from tanlin.carbon.account.spread import contributors, difference, kind_of, opposite, spread, whole


def line(tonnes, *causes, **given):
    stated = [dict(zip(("cause", "pct", "shape"), (*c, "normal")[:3], strict=True)) for c in causes]
    return {"tco2e": tonnes, "causes": stated} | given


def lines(*rows):
    return pa.Table.from_pylist(list(rows), LINES)


def half(found):
    return (found["high"] - found["low"]) / 2


def meters(count, shared):
    """One tonne each, a metering error of ±2 % of its own and a factor error of ±10 %."""
    return lines(
        *(line(1.0, ("grid" if shared else f"grid:{i}", 10.0), (f"meter:{i}", 2.0)) for i in range(count))
    )


def test_a_shared_factor_does_not_average_out():
    found = whole(meters(5000, shared=True))
    assert half(found) / found["value"] == pytest.approx(math.sqrt(0.10**2 + 0.02**2 / 5000), rel=1e-9)


def test_factors_taken_as_independent_would_average_out_to_nearly_nothing():
    found = whole(meters(5000, shared=False))
    assert half(found) / found["value"] == pytest.approx(0.00144, abs=1e-5)


def test_worked_by_hand():
    """30 t gas ±5 % on meter a ±3 %, 70 t power ±10 % on meter b ±4 %, 10 t gas on a: √(2² + 7² + 1.2² + 2.8²)."""
    found = whole(
        lines(
            line(30.0, ("gas", 5.0), ("meter:a", 3.0)),
            line(70.0, ("grid", 10.0), ("meter:b", 4.0)),
            line(10.0, ("gas", 5.0), ("meter:a", 3.0)),
        )
    )
    assert (found["value"], half(found)) == (110.0, pytest.approx(math.sqrt(4 + 49 + 1.44 + 7.84)))


def test_a_signed_cause_cancels_within_a_sum():
    found = whole(lines(line(10.0, ("x", 20.0)), line(10.0, ("x", -20.0))))
    assert half(found) == 0.0


def test_a_line_without_a_stated_error_takes_the_interval_not_the_value():
    found = whole(lines(line(1.0, ("f", 10.0)), {"tco2e": 2.0}))
    assert (found["value"], found["low"], found["high"], found["reason"]) == (3.0, None, None, "spread.none")


@pytest.mark.parametrize("cause", [("f", None), (None, 5.0)])
def test_a_cause_without_percent_or_name_states_no_error(cause):
    assert whole(lines(line(1.0, ("f", 10.0), cause)))["reason"] == "spread.none"


def test_nothing_of_what_is_zero_can_err():
    found = whole(lines(line(1.0, ("f", 10.0)), {"tco2e": 0.0}))
    assert half(found) == pytest.approx(0.1)


def test_an_unknown_line_is_left_out_aloud():
    found = whole(lines(line(1.0, ("f", 10.0)), {"tco2e": None, "reason": "factor.none"}))
    assert (found["value"], half(found), found["unknown"]) == (1.0, pytest.approx(0.1), {"factor.none": 1})


def test_what_does_not_occur_leaves_nothing_out():
    found = whole(lines(*({"tco2e": None, "key": key} for key in ("NO", "IE", "NE"))))
    assert (found["value"], found["unknown"]) == (None, {"NE": 1})


def test_groups_come_in_order_of_appearance_each_with_its_own_interval():
    rows = lines(
        line(2.0, ("f", 10.0), place="b", scope=2),
        line(1.0, ("f", 20.0), place="a", scope=1),
        line(3.0, ("f", 10.0), place="b", scope=2),
        {"tco2e": None, "reason": "factor.none", "place": "a", "scope": 1},
    )
    first, second = spread(rows, ["place", "scope"])
    assert (first["place"], first["scope"], first["value"], half(first)) == ("b", 2, 5.0, pytest.approx(0.5))
    assert (second["place"], second["value"], half(second)) == ("a", 1.0, pytest.approx(0.2))
    assert second["unknown"] == {"factor.none": 1}


def test_no_lines_have_an_unknown_sum():
    assert whole(lines())["value"] is None
    assert spread(lines(), ["place"]) == []


def test_a_shared_factor_cancels_in_the_change_from_year_to_year():
    """100 t and 90 t under one ±10 % factor with meters at ±2 %: the change is −10 ± √(1² + 2² + 1.8²)."""
    before = lines(line(100.0, ("grid", 10.0), ("meter:2024", 2.0)))
    after = lines(line(90.0, ("grid", 10.0), ("meter:2025", 2.0)))
    found = difference(before, after)
    assert (found["value"], half(found)) == (-10.0, pytest.approx(math.sqrt(1 + 4 + 3.24)))


def test_factors_of_two_years_do_not_cancel():
    found = difference(lines(line(100.0, ("g24", 10.0))), lines(line(90.0, ("g25", 10.0))))
    assert half(found) == pytest.approx(math.hypot(10.0, 9.0))


def test_no_change_is_known_from_one_side():
    assert difference(lines(), lines(line(1.0, ("f", 10.0))))["value"] is None


def test_contributors_are_the_causes_largest_first():
    rows = lines(
        line(100.0, ("grid", 3.0), ("meter:p/electricity", 2.0)),
        line(20.0, ("survey:7", -20.0, "lognormal"), ("grid", 0.0)),
    )
    found = contributors(rows).to_pylist()
    assert [(r["cause"], r["kind"], r["half_t"], r["shape"]) for r in found] == [
        ("survey:7", "survey", 4.0, "lognormal"),
        ("grid", "fact", 3.0, "normal"),
        ("meter:p/electricity", "meter", 2.0, "normal"),
    ]
    assert [r["share"] for r in found] == pytest.approx([16 / 29, 9 / 29, 4 / 29])
    assert (found[0]["pct"], found[1]["lines"]) == (20.0, 2)


def test_shares_are_unknown_where_a_line_states_no_error():
    found = contributors(lines(line(1.0, ("f", 10.0)), {"tco2e": 2.0})).to_pylist()
    assert [(r["cause"], r["share"]) for r in found] == [("f", None)]


def test_a_fact_may_hold_a_colon():
    assert [kind_of(c) for c in ("grid.cn:2023", "activity:7", "meter")] == ["fact", "activity", "meter"]


CAUSES = st.lists(
    st.tuples(st.sampled_from(["f", "g", "meter:a", "survey:1"]), st.floats(-100, 100)),
    min_size=1,
    max_size=4,
)
ROWS = st.lists(st.tuples(st.floats(-1e6, 1e6), CAUSES), min_size=1, max_size=20)


def made(rows):
    return lines(*(line(tonnes, *causes) for tonnes, causes in rows))


def near(number):
    return pytest.approx(number, rel=1e-9, abs=1e-6)


@given(ROWS, st.randoms(use_true_random=False))
def test_order_does_not_matter(rows, random):
    mixed = random.sample(rows, len(rows))
    assert half(whole(made(mixed))) == near(half(whole(made(rows))))


@given(ROWS, st.floats(0, 1))
def test_a_line_cut_in_two_makes_the_same_interval(rows, part):
    cut = [(t * share, causes) for t, causes in rows for share in (part, 1 - part)]
    assert half(whole(made(cut))) == near(half(whole(made(rows))))


@given(ROWS, st.data())
def test_places_do_not_matter_to_the_whole(rows, data):
    """However the lines are parted among places, parts add up and the whole's interval stays."""
    place = [data.draw(st.sampled_from("abc")) for _ in rows]
    table = lines(*(line(t, *c, place=p) for (t, c), p in zip(rows, place, strict=True)))
    assert sum(r["value"] for r in spread(table, ["place"])) == near(whole(made(rows))["value"])
    assert half(whole(table)) == near(half(whole(made(rows))))


@given(ROWS, st.floats(-1e3, 1e3))
def test_the_interval_scales_with_the_amounts(rows, times):
    scaled = made([(t * times, causes) for t, causes in rows])
    assert half(whole(scaled)) == pytest.approx(half(whole(made(rows))) * abs(times), rel=1e-9, abs=1e-3)


@given(ROWS, st.floats(-100, 100), st.data())
def test_an_independent_cause_never_narrows(rows, pct, data):
    at = data.draw(st.integers(0, len(rows) - 1))
    more = [(t, [*c, ("new", pct)] if i == at else c) for i, (t, c) in enumerate(rows)]
    assert half(whole(made(more))) >= half(whole(made(rows))) * (1 - 1e-9) - 1e-6


@given(ROWS)
def test_shares_add_to_one(rows):
    shares = contributors(made(rows))["share"].drop_null().to_pylist()
    assert not shares or math.fsum(shares) == pytest.approx(1.0)


@given(ROWS)
def test_an_account_does_not_differ_from_itself(rows):
    found = difference(made(rows), made(rows))
    assert (found["value"], half(found)) == (near(0.0), near(0.0))
    assert half(whole(opposite(made(rows)))) == near(half(whole(made(rows))))
