import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tanlin.kernel import BadInput, to_canonical
from tanlin.kernel.units import factor_to_canonical


@pytest.mark.parametrize(
    ("unit", "carrier", "factor"),
    [
        ("度", "electricity", 1),
        ("万千瓦时", "electricity", 10_000),
        ("MWh", "electricity", 1000),
        ("吨", "water", 1),
        ("立方米", "gas", 1),
        ("㎥", "water", 1),
        ("ｋＷｈ", "electricity", 1),
        ("吨", "waste", 1000),
        ("公斤", "waste", 1),
        ("kWh", "heat", 0.0036),
        ("GJ", "electricity", 1e6 / 3600),
    ],
)
def test_a_unit_of_the_field_converts(unit, carrier, factor):
    assert factor_to_canonical(unit, carrier) == pytest.approx(factor, rel=1e-12)


@pytest.mark.parametrize(
    ("unit", "carrier"),
    [
        ("kWh", "water"),
        ("吨", "electricity"),
        ("bananas", "gas"),
        ("", "gas"),
        ("1+", "gas"),
        ("0 kWh", "electricity"),
        ("-1 kWh", "electricity"),
        ("1e400 kWh", "electricity"),
    ],
)
def test_an_unfit_unit_is_refused_by_name(unit, carrier):
    with pytest.raises(BadInput) as error:
        to_canonical([1.0], unit, carrier)
    assert error.value.where.value == unit


def test_an_unknown_carrier_is_refused():
    with pytest.raises(BadInput, match="phlogiston"):
        to_canonical([1.0], "kWh", "phlogiston")


@given(
    st.lists(st.floats(-1e9, 1e9), max_size=5),
    st.sampled_from(["kWh", "MWh", "GJ", "度"]),
)
def test_units_round_trip(values, unit):
    there = to_canonical(values, unit, "electricity")
    np.testing.assert_allclose(there / factor_to_canonical(unit, "electricity"), values, rtol=1e-12)
