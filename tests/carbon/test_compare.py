"""Year on year: effects that sum to the change, frozen and moving factors, and what is not compared."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tanlin.carbon.account.compare import Comparison, compare
from tanlin.carbon.account.decompose import lmdi, log_mean
from tanlin.carbon.account.lines import LINES


def row(year: int, kwh: float | None, factor: float = 0.5, **more: Any) -> dict[str, Any]:
    """Electricity of January; ``factor`` kg/kWh, shared by all rows of a year at ±10 %."""
    tonnes = None if kwh is None else kwh * factor / 1000
    told = {
        "ref": "I.1.2",
        "level": "basic",
        "scope": 2,
        "place": "p",
        "month": year * 100 + 1,
        "unit": "kWh",
    }
    causes = [{"cause": f"grid.{year}", "pct": 10.0, "shape": "normal"}]
    amounts = {"activity": kwh, "gas": "CO2", "mass_t": tonnes, "tco2e": tonnes, "causes": causes}
    return told | {"stream": "electricity", "source": "meter"} | amounts | more


def table(*rows: dict[str, Any]) -> pa.Table:
    return pa.Table.from_pylist(list(rows), LINES)


def effects(made: Comparison) -> tuple[float, float, float]:
    assert made.effects is not None
    return (made.effects["activity"], made.effects["structure"], made.effects["factor"])


def test_the_logarithmic_mean_by_hand() -> None:
    assert log_mean(np.array([2.0]), np.array([1.0]))[0] == pytest.approx(1 / math.log(2))
    assert log_mean(np.array([3.0]), np.array([3.0]))[0] == 3.0


def test_a_change_by_hand() -> None:
    """1000 → 1200 MWh and 0.5 → 0.4 kg/kWh: 500 → 480 t; L = 20/ln(500/480) = 489.93 t.

    Activity: 489.93 × ln 1.2 = +89.325 t; factor: 489.93 × ln 0.8 = −109.325 t; together −20 t.
    """
    made = compare(table(row(2022, 1e6)), table(row(2023, 1.2e6, 0.4)))
    mean = 20 / math.log(500 / 480)
    assert effects(made) == pytest.approx((mean * math.log(1.2), 0.0, mean * math.log(0.8)))
    assert effects(made) == pytest.approx((89.325, 0.0, -109.325), abs=5e-3)


def test_frozen_and_moving_factors() -> None:
    """With the factor of 2022 the decline of 20 t is a rise of 100 t."""
    made = compare(table(row(2022, 1e6)), table(row(2023, 1.2e6, 0.4)))
    assert (made.before, made.after, made.frozen) == pytest.approx((500.0, 480.0, 600.0))


def test_use_that_moves_to_a_place_of_smaller_factor_is_structure() -> None:
    before = table(row(2022, 500.0, 0.6, place="a"), row(2022, 500.0, 0.2, place="b"))
    after = table(row(2023, 200.0, 0.6, place="a"), row(2023, 800.0, 0.2, place="b"))
    activity, structure, factor = effects(compare(before, after))
    assert activity == pytest.approx(0.0, abs=1e-15)
    assert structure == pytest.approx(-0.12)  # 0.4 t → 0.28 t, with both factors as they were
    assert factor == pytest.approx(0.0, abs=1e-15)


def test_a_row_that_begins_counts_to_structure_and_a_new_stream_to_activity() -> None:
    before = table(row(2022, 100.0, place="a"), row(2022, 0.0, place="b"), row(2022, 0.0, stream="x"))
    after = table(row(2023, 100.0, place="a"), row(2023, 50.0, place="b"), row(2023, 10.0, stream="x"))
    rows = {(r["stream"], r["place"]): r for r in compare(before, after).rows.to_pylist()}
    assert rows["electricity", "b"]["structure"] == pytest.approx(0.025)
    assert rows["x", "p"]["activity"] == pytest.approx(0.005)


def test_an_unknown_year_is_left_out_of_both_with_its_reason() -> None:
    before = table(row(2022, 100.0), row(2022, None, stream="gas", reason="factor.none"))
    after = table(row(2023, 120.0), row(2023, 70.0, stream="gas"))
    made = compare(before, after)
    left = [r for r in made.rows.to_pylist() if r["reason"]]
    assert [(r["stream"], r["reason"]) for r in left] == [("gas", "factor.none")]
    assert (made.before, made.after) == pytest.approx((0.05, 0.06))


def test_a_stream_of_one_year_only_is_not_zero_in_the_other() -> None:
    made = compare(table(row(2022, 100.0)), table(row(2023, 100.0), row(2023, 70.0, stream="gas")))
    assert [r["reason"] for r in made.rows.to_pylist()] == [None, "compare.one_year"]


def test_what_does_not_occur_is_zero() -> None:
    none = row(2022, None, ref="IV.2", stream="", unit="", key="NO")
    made = compare(table(none), table(row(2023, 5.0, 100.0, ref="IV.2", stream="leak", unit="kg")))
    assert (made.before, made.after) == pytest.approx((0.0, 0.5))


def test_only_months_that_both_years_have_are_compared() -> None:
    before = table(row(2022, 100.0), row(2022, 100.0, month=202202))
    made = compare(before, table(row(2023, 90.0)))
    assert made.months == (1,)
    assert made.before == pytest.approx(0.05)


def test_a_month_that_is_not_over_can_be_kept_out() -> None:
    before = table(row(2022, 100.0), row(2022, 100.0, month=202202))
    after = table(row(2023, 90.0), row(2023, 3.0, month=202302))
    assert compare(before, after, months=[1]).after == pytest.approx(0.045)


def test_a_meter_that_began_in_february_is_compared_from_february() -> None:
    before = table(row(2022, 9.0, place="a"), row(2022, 100.0, month=202202))
    after = table(row(2023, 9.0, place="a"), row(2023, 80.0), row(2023, 90.0, month=202302))
    (one,) = (r for r in compare(before, after).rows.to_pylist() if r["place"] == "p")
    assert (one["months"], one["before"], one["after"]) == (1, pytest.approx(0.05), pytest.approx(0.045))


def test_a_month_unknown_in_either_year_is_compared_in_neither() -> None:
    before = table(row(2022, 100.0), row(2022, None, month=202202, reason="readings.none"))
    made = compare(before, table(row(2023, 90.0), row(2023, 50.0, month=202302)))
    assert (made.months, made.before, made.after) == ((1,), pytest.approx(0.05), pytest.approx(0.045))


def test_a_month_of_which_less_was_read_is_no_decline() -> None:
    before = table(row(2022, 100.0, coverage=1.0), row(2022, 100.0, month=202202, coverage=0.98))
    after = table(row(2023, 60.0, coverage=0.6), row(2023, 95.0, month=202302, coverage=1.0))
    assert compare(before, after).months == (2,)


def test_an_amount_of_the_year_is_not_compared_with_a_part_of_one() -> None:
    yearly = row(2022, 1200.0, month=202200)
    assert compare(table(yearly), table(row(2023, 100.0))).rows["reason"].to_pylist() == ["compare.months"]
    monthly = [row(2023, 100.0, month=202301 + n) for n in range(12)]
    made = compare(table(yearly), table(*monthly))
    assert (made.before, made.after) == pytest.approx((0.6, 0.6))


def test_gases_of_one_activity_count_it_once() -> None:
    rows = [row(2022, 10.0, gas=gas, stream="compost", unit="kg") for gas in ("CH4", "N2O")]
    (one,) = compare(table(*rows), table(*(r | {"month": 202301} for r in rows))).rows.to_pylist()
    assert one["activity_before"] == 10.0 and one["before"] == pytest.approx(0.01)


def test_a_sink_keeps_its_sign() -> None:
    made = compare(table(row(2022, 100.0, -2.0)), table(row(2023, 150.0, -2.0)))
    assert effects(made) == pytest.approx((-0.1, 0.0, 0.0))


def test_a_shared_factor_is_not_an_uncertainty_of_the_difference() -> None:
    """Both years rest on one factor at ±10 %: their difference of 0.05 t is known to ±0.005 t, not to ±0.05 t."""
    shared = {"causes": [{"cause": "grid", "pct": 10.0, "shape": "normal"}]}
    told = compare(table(row(2022, 1000.0, **shared)), table(row(2023, 1100.0, **shared))).difference
    assert told["high"] - told["value"] == pytest.approx(0.005)


def test_nothing_to_compare_has_no_total() -> None:
    made = compare(table(), table(row(2023, 1.0)))
    assert (made.before, made.after, made.effects, made.difference["value"]) == (None, None, None, None)


amounts = st.one_of(st.just(0.0), st.floats(1e-3, 1e6))
pairs = st.tuples(amounts, amounts, st.floats(0.01, 3.0), st.floats(0.01, 3.0), st.integers(0, 2))


@settings(max_examples=200, deadline=None)
@given(st.lists(pairs, min_size=1, max_size=8))
def test_effects_sum_to_the_change_and_turn_with_time(
    rows: list[tuple[float, float, float, float, int]],
) -> None:
    a0, a1, f0, f1 = (np.array([r[i] for r in rows]) for i in range(4))
    group = np.array([r[4] for r in rows])
    there, back = lmdi(group, (a0, a1), (a0 * f0, a1 * f1)), lmdi(group, (a1, a0), (a1 * f1, a0 * f0))
    change = a1 * f1 - a0 * f0
    assert there.sum(axis=1) == pytest.approx(change, rel=1e-9, abs=1e-9 * max(1.0, np.abs(change).max()))
    assert there == pytest.approx(-back, rel=1e-6, abs=1e-9 * max(1.0, np.abs(there).max()))


@settings(max_examples=100, deadline=None)
@given(st.lists(pairs, min_size=1, max_size=6), st.floats(0.05, 0.95))
def test_splitting_rows_changes_no_effect(
    rows: list[tuple[float, float, float, float, int]], cut: float
) -> None:
    a0, a1, f0, f1 = (np.array([r[i] for r in rows]) for i in range(4))
    group = np.array([r[4] for r in rows])
    one = lmdi(group, (a0, a1), (a0 * f0, a1 * f1)).sum(axis=0)
    parts = np.concatenate([np.full(len(rows), cut), np.full(len(rows), 1 - cut)])

    def twice(x: np.ndarray) -> np.ndarray:
        return np.concatenate([x, x])

    b0, b1 = twice(a0) * parts, twice(a1) * parts
    two = lmdi(twice(group), (b0, b1), (b0 * twice(f0), b1 * twice(f1))).sum(axis=0)
    assert two == pytest.approx(one, rel=1e-7, abs=1e-9 * max(1.0, np.abs(one).max()))


def test_the_factor_effect_is_its_own_logarithm() -> None:
    """The third effect is what the other two leave; by its own formula it is L × ln(f1/f0)."""
    made = lmdi(
        np.zeros(2, int),
        (np.array([3.0, 4.0]), np.array([5.0, 2.0])),
        (np.array([6.0, 2.0]), np.array([5.0, 3.0])),
    )
    for n, (a0, a1, e0, e1) in enumerate([(3, 5, 6, 5), (4, 2, 2, 3)]):
        mean = (e1 - e0) / math.log(e1 / e0)
        assert made[n, 2] == pytest.approx(mean * math.log((e1 / a1) / (e0 / a0)))
