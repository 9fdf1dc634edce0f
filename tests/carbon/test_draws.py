"""Monte Carlo on the sum of an account's lines, against closed forms and the analytic interval."""

import math
from statistics import NormalDist

import numpy as np
import pyarrow as pa
import pytest

from tanlin.carbon.account.draws import Sampling, drawn, interval, intervals, skewed, sums_drawn
from tanlin.carbon.account.lines import LINES
from tanlin.carbon.account.spread import opposite, whole

Z = NormalDist().inv_cdf(0.975)


def line(tonnes, *causes, **given):
    stated = [dict(zip(("cause", "pct", "shape"), (*c, "normal")[:3], strict=True)) for c in causes]
    return {"tco2e": tonnes, "causes": stated} | given


def lines(*rows):
    return pa.Table.from_pylist(list(rows), LINES)


def width(found):
    high, low = (found.high, found.low) if hasattr(found, "high") else (found["high"], found["low"])
    return high - low


DISTRICT = lines(
    *(
        line(5.0 + m % 3, (f"grid:{c}", 10.0), (f"meter:{p}/{c}", 2.0 + m % 2))
        for p in range(5)
        for c in "ab"
        for m in range(12)
    )
)


def test_5000_meters_under_one_factor_agree_within_2_percent_of_the_width():
    rows = lines(*(line(1.0, ("grid", 10.0), (f"meter:{i}", 2.0)) for i in range(5000)))
    sample, analytic = drawn(rows, Sampling(10_000)), whole(rows)
    assert sample.low == pytest.approx(analytic["low"], abs=0.02 * width(analytic))
    assert sample.high == pytest.approx(analytic["high"], abs=0.02 * width(analytic))
    assert width(sample) == pytest.approx(width(analytic), rel=0.02)


def test_a_district_of_two_factors_and_ten_meter_groups_agrees_too():
    sample, analytic = drawn(DISTRICT), whole(DISTRICT)
    assert width(sample) == pytest.approx(width(analytic), rel=0.02)
    assert sample.mean == pytest.approx(analytic["value"], abs=0.01 * width(analytic))


def test_factor_and_activity_are_multiplied_not_added():
    """Variance of a product of independents of mean 1: (1 + a²)(1 + b²) − 1, here with both ±80 %."""
    a = 0.8 / Z
    sums = sums_drawn(lines(line(1.0, ("f", 80.0), ("activity:1", 80.0))), Sampling(200_000))
    assert sums.var() == pytest.approx((1 + a * a) ** 2 - 1, rel=0.02)
    assert sums.var() > 1.05 * 2 * a * a


def test_a_cause_named_twice_in_a_line_is_one_cause():
    """(1 + a·u)² has the mean 1 + a²."""
    a = 0.8 / Z
    sums = sums_drawn(lines(line(1.0, ("f", 80.0), ("f", 80.0))), Sampling(200_000))
    assert sums.mean() == pytest.approx(1 + a * a, rel=0.01)


@pytest.mark.parametrize("pct", [20.0, 100.0, 300.0])
def test_a_lognormal_keeps_mean_and_width(pct):
    sample = drawn(lines(line(10.0, ("f", pct, "lognormal"))), Sampling(200_000))
    assert sample.mean == pytest.approx(10.0, rel=0.02)
    assert width(sample) == pytest.approx(2 * 10 * pct / 100, rel=0.02)


def test_a_lognormal_lies_higher_above_than_below_and_never_under_zero():
    """σ of ±100 % solves exp(−σ²/2)·sinh(1.96 σ) = 1: 0.49526, so 0.335 to 2.335."""
    sigma = 0.49526177
    assert math.exp(-(sigma**2) / 2) * math.sinh(Z * sigma) == pytest.approx(1.0, abs=1e-6)
    sums = sums_drawn(lines(line(1.0, ("f", 100.0, "lognormal"))), Sampling(200_000))
    exact = [math.exp(-(sigma**2) / 2 + sign * Z * sigma) for sign in (-1, 1)]
    assert np.quantile(sums, [0.025, 0.975]) == pytest.approx(exact, rel=0.02)
    assert sums.min() > 0


def test_a_lognormal_of_two_widths_is_still_one_cause():
    """±50 % up and ±100 % down of the same cause nearly cancel; independent ones would not."""
    rows = lines(line(2.0, ("f", 50.0, "lognormal")), line(1.0, ("f", -100.0, "lognormal")))
    assert width(drawn(rows)) < 1.0
    apart = lines(line(2.0, ("f", 50.0, "lognormal")), line(1.0, ("g", -100.0, "lognormal")))
    assert width(drawn(apart)) > 2.5


def test_a_lognormal_wider_than_possible_is_stretched():
    sample = drawn(lines(line(1.0, ("leak", 400.0, "lognormal"))), Sampling(200_000))
    assert (sample.mean, width(sample)) == (pytest.approx(1.0, rel=0.05), pytest.approx(8.0, rel=0.02))


def test_a_shared_factor_cancels_draw_by_draw():
    before, after = lines(line(100.0, ("grid", 10.0))), lines(line(100.0, ("grid", 10.0)))
    sums = sums_drawn(pa.concat_tables([opposite(before), after]))
    assert np.abs(sums).max() < 1e-9


def test_same_seed_same_digits():
    """The digits themselves, so that another platform or NumPy that draws otherwise is noticed."""
    sample = drawn(DISTRICT, Sampling(10_000))
    assert [f"{x:.9g}" for x in (sample.low, sample.median, sample.high, sample.mean)] == GOLDEN
    assert drawn(DISTRICT, Sampling(10_000)) == sample


GOLDEN = ["668.906681", "720.185848", "772.070885", "720.250183"]


def test_another_seed_other_draws():
    assert drawn(DISTRICT, Sampling(10_000, seed=1)) != drawn(DISTRICT, Sampling(10_000))


def test_order_and_parting_of_lines_change_no_draw():
    rows = DISTRICT.to_pylist()
    cut = [row | {"tco2e": row["tco2e"] * part} for row in rows for part in (0.25, 0.75)]
    assert sums_drawn(lines(*reversed(cut)), Sampling(500)) == pytest.approx(
        sums_drawn(DISTRICT, Sampling(500)), rel=1e-12
    )


def test_how_draws_are_parted_into_blocks_changes_none(monkeypatch):
    at_once = sums_drawn(DISTRICT, Sampling(500))
    monkeypatch.setattr("tanlin.carbon.account.draws._CELLS", 700)
    assert sums_drawn(DISTRICT, Sampling(500)) == pytest.approx(at_once, rel=1e-12)


def test_another_cause_changes_no_draw_of_the_first():
    one, both = (
        sums_drawn(lines(line(1.0, ("f", 10.0))), Sampling(500)),
        lines(line(1.0, ("f", 10.0)), line(0.0, ("g", 9.0))),
    )
    assert sums_drawn(both, Sampling(500)) == pytest.approx(one, rel=1e-12)


def test_what_states_no_error_is_not_drawn():
    assert drawn(lines(line(1.0, ("f", 10.0)), {"tco2e": 2.0})) is None
    assert drawn(lines({"tco2e": None, "reason": "factor.none"})) is None


def test_a_sum_without_any_error_is_itself():
    sample = drawn(lines(line(3.0)))
    assert (sample.low, sample.mean, sample.high) == (3.0, 3.0, 3.0)


@pytest.mark.parametrize(
    ("pct", "shape", "tonnes", "expected"),
    [
        (100.0, "lognormal", 30.0, True),
        (30.0, "lognormal", 100.0, False),  # wide enough only above 30 %
        (100.0, "normal", 30.0, False),
        (100.0, "lognormal", 2.0, False),  # 2² of 2² + 10²: 3.8 % of the variance
    ],
)
def test_draws_stand_in_where_a_wide_lognormal_weighs(pct, shape, tonnes, expected):
    rows = lines(line(tonnes, ("leak", pct, shape)), line(100.0, ("grid", 10.0)))
    assert skewed(rows) is expected
    assert interval(rows)["way"] == ("draws" if expected else "analytic")


def test_a_drawn_interval_keeps_the_stated_value_and_leans_upwards():
    rows = lines(line(30.0, ("leak", 100.0, "lognormal")), line(100.0, ("grid", 10.0)))
    found, analytic = interval(rows), whole(rows)
    assert found["value"] == analytic["value"]
    assert found["high"] - found["value"] > found["value"] - found["low"]
    assert found["low"] > analytic["low"]


def test_each_group_is_drawn_or_not_for_itself():
    rows = lines(
        line(30.0, ("leak", 100.0, "lognormal"), ref="IV.2"),
        line(100.0, ("grid", 10.0), ref=None),
    )
    leak, rest = intervals(rows, ["ref"])
    assert (leak["way"], rest["way"]) == ("draws", "analytic")
    assert 0 < leak["low"] < 15 < 60 < leak["high"]
    assert (rest["low"], rest["high"]) == (90.0, 110.0)
