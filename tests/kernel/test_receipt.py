import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tanlin.kernel.manifest import Method
from tanlin.kernel.receipt import build, canonical, compare, significant

METHOD = Method("test.sum", 1, "none", "tests:replay")
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**9), 10**9)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def receipt(value=1.5, inputs=()):
    return build(
        figure="a.b",
        place="p",
        period="2025",
        method=METHOD,
        parameters={},
        inputs=list(inputs),
        result={"value": value},
    )


@given(JSON)
def test_canonical_json_does_not_depend_on_the_order_of_keys(obj):
    def reverse(o):
        if isinstance(o, dict):
            return {k: reverse(o[k]) for k in reversed(list(o))}
        return [reverse(i) for i in o] if isinstance(o, list) else o

    assert canonical(reverse(obj)) == canonical(obj)


@given(JSON)
def test_everything_equals_itself(obj):
    assert compare(obj, obj) == []


def test_equal_inputs_give_an_equal_hash_whatever_their_order():
    a, b = {"fact": "x", "vintage": "2025"}, {"registry": "sha256:0", "rows": 2}
    assert receipt(inputs=[a, b]).hash == receipt(inputs=[b, a]).hash


def test_the_tenth_digit_of_a_result_does_not_change_the_hash():
    assert receipt(1.23456789012).hash == receipt(1.23456789049).hash


def test_the_ninth_digit_does():
    assert receipt(1.23456789).hash != receipt(1.23456788).hash


def test_minus_zero_is_zero():
    assert canonical(significant(-0.0)) == canonical(0.0)


def test_not_a_number_cannot_enter_a_receipt():
    with pytest.raises(ValueError, match="Out of range"):
        canonical({"value": math.nan})


def test_numbers_within_the_tolerance_are_equal():
    assert compare({"v": 1.0}, {"v": 1.0 + 5e-10}) == []


def test_a_number_outside_it_is_named_with_its_difference():
    [(path, gap)] = compare({"rows": [{"v": 1.0}]}, {"rows": [{"v": 1.1}]})
    assert path == "rows[0].v"
    assert gap == pytest.approx(0.0909, rel=1e-2)


def test_a_missing_key_differs():
    assert compare({"a": 1}, {"a": 1, "b": 2}) == [("b", math.inf)]


def test_unknown_differs_from_zero():
    assert compare({"v": None}, {"v": 0}) == [("v", math.inf)]


@given(st.integers(10**9, 10**10 - 1), st.integers(-12, 6), st.floats(-2e-15, 2e-15))
def test_a_tie_rounds_alike_whatever_the_noise_of_the_sum(digits, exponent, noise):
    exact = float(f"{digits}5e{exponent}")
    assert significant(exact * (1 + noise)) == significant(exact)


def test_the_noise_of_another_order_of_addition_decided_before():
    below, above = 24.109723149999997, 24.109723150000003
    assert f"{below:.9g}" != f"{above:.9g}"
    assert significant(below) == significant(above)
