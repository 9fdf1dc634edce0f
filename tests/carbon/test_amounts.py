"""Amounts in the units people write, and the cells of a sheet."""

from datetime import date

import pytest

from tanlin.carbon.account.entry.amounts import canonical, units_of, years_between
from tanlin.carbon.account.streams import streams
from tanlin.kernel.errors import BadInput

JAN, DEC = date(2025, 1, 1), date(2025, 12, 31)


@pytest.mark.parametrize(
    ("stream", "amount", "unit", "value"),
    [
        ("waste_incineration", 2.5, "吨", 2500.0),
        ("waste_incineration", 2.5, " t ", 2500.0),
        ("lpg_home", 15, "公斤", 15.0),
        ("heat_home", 3600, "MJ", 3.6),
        ("sewage", 1200, "立方米", 1200.0),
        ("tap_water", 1200, "吨", 1200.0),
        ("metro", 3.2, "万人公里", 32_000.0),
        ("car", 120, "km", 120.0),
        ("green_grass", 6, "亩", 4000.0),
        ("green_grass", 1, "公顷", 10_000.0),
        ("green_forest", 15, "亩", 1.0),
        ("green_trees", 40, "棵", 40.0),
        ("charge_r32_split", 80, "kg", 80.0),
    ],
)
def test_units(stream, amount, unit, value):
    assert canonical(amount, unit, streams()[stream], JAN, DEC) == pytest.approx(value, rel=1e-12)


@pytest.mark.parametrize(
    ("stream", "unit"),
    [
        ("waste_incineration", "m3"),
        ("metro", "km"),
        ("green_grass", "kg"),
        ("lpg_home", ""),
        ("sewage", "瓶"),
    ],
)
def test_a_unit_of_another_dimension_is_refused_with_those_that_fit(stream, unit):
    with pytest.raises(BadInput) as caught:
        canonical(1, unit, streams()[stream], JAN, DEC)
    assert caught.value.code == "carbon.activity_unit"
    assert units_of(streams()[stream]).zh in caught.value.remedy.zh


def test_a_stock_counts_by_its_days():
    grass = streams()["green_grass"]
    assert canonical(365, "m2", grass, date(2025, 3, 1), date(2025, 3, 10)) == pytest.approx(10.0)
    assert canonical(366, "m2", grass, date(2024, 2, 29), date(2024, 2, 29)) == pytest.approx(1.0)
    assert canonical(7, "m2.yr", grass, date(2025, 3, 1), date(2025, 3, 10)) == 7


def test_years_add_up_across_a_leap_year():
    assert years_between(date(2023, 7, 1), date(2025, 6, 30)) == pytest.approx(
        years_between(date(2023, 7, 1), date(2024, 2, 29))
        + years_between(date(2024, 3, 1), date(2025, 6, 30))
    )
    assert years_between(date(2024, 1, 1), date(2024, 12, 31)) == 1.0


@pytest.mark.parametrize(
    ("amount", "first", "last", "code"),
    [
        (-1.0, JAN, DEC, "carbon.amount_negative"),
        (float("nan"), JAN, DEC, "carbon.amount_negative"),
        (float("inf"), JAN, DEC, "carbon.amount_large"),
        (1e15, JAN, DEC, "carbon.amount_large"),
        (1.0, DEC, JAN, "carbon.days_cross"),
        (1.0, date(2020, 1, 1), DEC, "carbon.days_long"),
    ],
)
def test_bad_amounts(amount, first, last, code):
    with pytest.raises(BadInput) as caught:
        canonical(amount, "kg", streams()["lpg_home"], first, last)
    assert caught.value.code == code
