"""Prices by hour, tiers, and the arithmetic that a published row must pass."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tanlin.carbon.factors import Unknown
from tanlin.carbon.tariffs import TariffBook, implied_bases, tier_cost
from tanlin.kernel.period import Period, calendar_frame

BOOK = TariffBook()
ZONE = "Asia/Shanghai"


def frame(label):
    return calendar_frame(ZONE, *Period(label).bounds(ZONE))


@pytest.mark.parametrize(
    ("tariff", "base"),
    [
        ("CN-GD-PRD6.commercial_lv.2026-10", 0.773),
        ("CN-SH.commercial_lv.2025x", 0.717),
        ("CN-JS.commercial_nanjing.2025x", 0.424),
    ],
)
def test_a_published_row_implies_one_base(tariff, base):
    (row,) = BOOK.records(tariff)
    price, ratio = row["prices"]["all"], row["ratios"]["all"]
    found = implied_bases(price["peak"], price["flat"], price["valley"], ratio["peak"], ratio["valley"])
    assert found == (pytest.approx(base, abs=0.0006), pytest.approx(base, abs=0.0006))


def test_ratio_on_the_full_price_is_found_out():
    """0.9950 applies the ratio before funds; 1.0011 multiplies the full price and its valley does not fit."""
    (row,) = BOOK.records("CN-GD-GZ.residential_tou")
    good = row["prices"]["all"]
    found = implied_bases(good["peak"], good["flat"], good["valley"], 1.7, 0.38)
    assert found == (pytest.approx(0.5802, abs=1e-9), pytest.approx(0.5802, abs=1e-9))
    wrong = implied_bases(0.58886875 * 1.7, 0.58886875, 0.58886875 * 0.38, 1.7, 0.38)
    assert wrong[0] == pytest.approx(0.58886875) and abs(wrong[0] - 0.5802) > 0.008


def test_price_derived_from_a_known_base():
    row = dict(BOOK.records("CN-GD-SZ.commercial")[0], tariff_id="x", base=0.7, addon=0.01)
    prices = TariffBook([row]).prices("x", frame("2025-07-01")).values[:, 0]
    assert prices[0] == pytest.approx(0.7 * 0.38 + 0.01)
    assert prices[9] == pytest.approx(0.71)
    assert prices[10] == pytest.approx(0.7 * 1.7 + 0.01)
    assert prices[11] == prices[15] == pytest.approx(0.7 * 2.125 + 0.01)
    assert prices[17] == prices[10]
    assert TariffBook([row]).prices("x", frame("2025-10-01")).values[11, 0] == prices[10]


def test_hours_over_midnight_and_tiers():
    prices = BOOK.prices("CN-SH.residential", frame("2025-03-05")).values
    assert prices.shape == (24, 3)
    assert prices[[23, 0, 5], 0].tolist() == [0.307] * 3 and prices[[6, 21], 2].tolist() == [0.977] * 2
    assert BOOK.tiers("CN-SH.residential", 202503) == ("year", [3120, 4800])
    assert BOOK.tiers("CN-GD-SZ.residential", 202507) == ("month", [260, 600])
    assert BOOK.tiers("CN-GD-SZ.residential", 202512) == ("month", [200, 400])


def test_unknown_prices_say_why():
    assert BOOK.check(None, "electricity") == Unknown("tariff.none")
    assert BOOK.check("no such", "electricity") == Unknown("tariff.unknown")
    assert BOOK.check("CN-SH.residential", "gas") == Unknown("tariff.carrier")
    assert BOOK.check("CN-JS.commercial_nanjing.2025x", "electricity") == Unknown("tariff.undated")
    assert BOOK.prices("CN-GD-SZ.commercial", frame("2025-01-01")).code == "tariff.no_price"
    assert BOOK.prices("CN-GD-PRD6.commercial_lv.2026-10", frame("2025-01-01")).code == "tariff.not_valid"
    assert BOOK.tiers("CN-GD-GZ.residential_tou", 202501) == Unknown("tariff.no_tier_limits")


def test_dated_rows_of_one_tariff():
    old = {"tariff_id": "t", "valid_to": "2025-01-15", "prices": {"all": {"all": 1.0}}}
    new = {"tariff_id": "t", "valid_from": "2025-01-16", "prices": {"all": {"all": 2.0}}}
    values = TariffBook([{"value": json.dumps(old)}, new]).prices("t", frame("2025-01")).values[:, 0]
    assert (values[: 15 * 24] == 1).all() and (values[15 * 24 :] == 2).all()


def test_tiers_hold_in_the_month_in_which_they_begin():
    row = {"tariff_id": "t", "valid_from": "2025-06-15", "tiers": {"span": "month", "limits": {"all": [200]}}}
    book = TariffBook([row])
    assert [book.tiers("t", month) for month in (202505, 202506, 202507)] == [
        None,
        ("month", [200]),
        ("month", [200]),
    ]


def by_hand(amount, before, limits, prices):
    cost, at = 0.0, before
    for end, price in zip([*limits, float("inf")], prices, strict=True):
        step = max(0.0, min(before + amount, end) - at)
        cost, at = cost + step * price, at + step
    return cost


@given(st.floats(0, 5000), st.floats(0, 5000))
def test_tiers_by_hand(amount, before):
    limits, prices = [260.0, 600.0], np.array([0.66, 0.71, 0.96])
    found = tier_cost(np.array([amount]), np.array([limits]), amount * prices[None], np.array([before]))
    assert found[0] == pytest.approx(by_hand(amount, before, limits, prices), rel=1e-9, abs=1e-9)


@given(st.lists(st.floats(0, 2000), min_size=1, max_size=12))
def test_months_of_a_year_cost_what_the_year_costs(months):
    limits, prices = np.array([[2760.0, 4800.0]]), np.array([0.5, 0.6, 0.9])
    parts, before = 0.0, 0.0
    for month in months:
        parts += tier_cost(np.array([month]), limits, month * prices[None], np.array([before]))[0]
        before += month
    whole = tier_cost(np.array([before]), limits, before * prices[None], np.array([0.0]))[0]
    assert parts == pytest.approx(whole, rel=1e-9, abs=1e-6)
