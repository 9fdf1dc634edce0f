"""Estimates come near what was really used, and the error they tell is an honest one."""

from __future__ import annotations

import numpy as np
import pytest

from tanlin.kernel.errors import Refused
from tanlin.meter.vee import estimate
from tanlin.meter.vee.estimate import Series
from tests.meter.faults import START, load
from tests.support import shared

LOCAL = START + 8 * 3600
HOUR = 3600


def series(value: np.ndarray, **more: np.ndarray) -> Series:
    return Series(HOUR, LOCAL, value, **more)


def test_a_line_bridges_two_hours() -> None:
    value = np.array([1.0] * 50 + [np.nan, np.nan] + [4.0] * 50)
    made = estimate(series(value), 50, 52)
    assert made.method == "linear" and made.value == pytest.approx([2.0, 3.0])


def test_what_stands_in_the_stretch_is_not_looked_at() -> None:
    value = load(1, 70)[0]
    spoiled = value.copy()
    spoiled[1200] = 900.0
    assert estimate(series(spoiled), 1200, 1201).value == pytest.approx(
        estimate(series(value), 1200, 1201).value
    )


def test_a_profile_keeps_working_days_and_weekends_apart() -> None:
    day = np.arange(70 * 24) // 24
    value = np.where(day % 7 >= 5, 5.0, 2.0)  # 1 January 2024 was a Monday
    saturday = 61 * 24
    made = estimate(series(value), saturday, saturday + 24, "profile")
    assert made.value == pytest.approx([5.0] * 24)
    assert estimate(series(value), saturday - 48, saturday - 24, "profile").value == pytest.approx([2.0] * 24)


def test_a_profile_is_scaled_to_the_days_beside_the_gap() -> None:
    value = np.ones(70 * 24)
    value[59 * 24 :] = 1.5
    made = estimate(series(value), 60 * 24, 61 * 24, "profile")
    assert made.value == pytest.approx([1.5] * 24)


def test_the_main_meter_less_the_siblings_tells_what_one_used() -> None:
    use = load(4, 60)
    main = use.sum(axis=0) * 1.03
    made = estimate(series(use[0], parent=main, siblings=use[1:]), 1000, 1100)
    assert made.method == "sibling"
    assert made.value.sum() == pytest.approx(use[0, 1000:1100].sum(), rel=0.02)
    assert made.error is not None and made.error < 0.05


def test_without_history_an_estimate_is_refused() -> None:
    with pytest.raises(Refused):
        estimate(series(np.array([1.0] * 10 + [np.nan] * 20 + [1.0] * 10)), 10, 30)
    with pytest.raises(Refused):
        estimate(series(load(1, 60)[0]), 800, 900, "sibling")


def honesty(value: np.ndarray, hours: int, tries: int, seed: int) -> tuple[float, float, float]:
    """Over random gaps: share of misses inside the error told, median miss, median error."""
    rng = np.random.default_rng(seed)
    missed, told = [], []
    for _ in range(tries):
        m = int(rng.integers(len(value)))
        at = int(rng.integers(24 * 56, value.shape[1] - 24 * 3 - hours))
        truth = value[m, at : at + hours]
        window = value[m, at - 24 * 98 if at > 24 * 98 else 0 : at + hours + 24]
        if np.isnan(window).mean() > 0.1 or np.isnan(truth).any() or truth.sum() <= 0:
            continue
        made = estimate(series(value[m]), at, at + hours, "profile")
        if made.error is not None:
            missed.append(abs(made.value.sum() / truth.sum() - 1))
            told.append(made.error)
    inside = float(np.mean(np.array(missed) <= np.array(told)))
    return inside, float(np.median(missed)), float(np.median(told))


def test_the_error_told_holds_the_truth_nine_times_in_ten() -> None:
    for hours in (6, 24, 72):
        inside, miss, told = honesty(load(60, 150), hours, 150, hours)
        print(
            f"\ngenerated load, gaps of {hours} h: {inside:.2f} inside; median miss {miss:.3f}, error told {told:.3f}"
        )
        assert inside >= 0.85 and miss < 0.15


@pytest.mark.shared
def test_the_error_told_is_honest_on_real_meters() -> None:
    import pyarrow.parquet as pq

    frame = pq.read_table(shared("data", "meters", "ucam_hourly", "hourly.parquet")).to_pandas()
    frame = frame[
        (frame.time >= "2019-01-07") & (frame.time < "2020-01-01") & frame.meter.str.endswith("elec")
    ]
    wide = frame.pivot(index="time", columns="meter", values="kwh").to_numpy(float).T
    wide = np.where(wide == 0, np.nan, wide)
    for hours in (6, 24, 72):
        inside, miss, told = honesty(wide, hours, 250, hours)
        print(
            f"\nreal buildings, gaps of {hours} h: {inside:.2f} inside; median miss {miss:.3f}, error told {told:.3f}"
        )
        assert inside >= 0.8 and miss < 0.15
