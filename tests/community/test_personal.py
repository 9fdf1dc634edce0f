"""Masks, and the forms by which names and phones are found."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tanlin.community.personal import is_minor, mask_name, mask_phone, name_key, tidy_phone
from tanlin.kernel.errors import BadInput


@pytest.mark.parametrize(
    ("name", "mask"),
    [
        ("张伟", "张**"),
        ("张三丰", "张**"),
        ("欧阳娜娜", "欧阳**"),
        ("欧阳修", "欧阳**"),
        ("司马", "司**"),
        ("　王　芳 ", "王**"),
        ("阿依古丽·买买提", "阿**"),
        ("John Smith", "J** S**"),
        ("Li", "L**"),
        ("X", "**"),
        ("王", "**"),
        ("", ""),
    ],
)
def test_masked_names(name: str, mask: str) -> None:
    assert mask_name(name) == mask


@pytest.mark.parametrize(
    ("phone", "mask"),
    [
        ("13800000000", "138****0000"),
        ("+8613800000000", "861****0000"),
        ("02112345678", "021****5678"),
        ("0751234567", "****"),
        ("", ""),
    ],
)
def test_masked_phones(phone: str, mask: str) -> None:
    assert mask_phone(phone) == mask


@given(st.text(alphabet="张伟欧阳娜abC ·", min_size=2, max_size=12))
def test_no_mask_holds_the_name(name: str) -> None:
    key = name_key(name)
    assert len(key) < 2 or key not in name_key(mask_name(name))


@given(st.from_regex(r"\+?[0-9]{5,15}", fullmatch=True))
def test_no_mask_shows_more_than_seven_digits(phone: str) -> None:
    shown = sum(letter.isdigit() for letter in mask_phone(phone))
    assert shown <= 7 and shown <= sum(letter.isdigit() for letter in phone) - 4


@pytest.mark.parametrize(
    "written",
    [
        "13800000000",
        " 138 0000 0000",
        "138-0000-0000",
        "+86 13800000000",
        "008613800000000",
        "１３８００００００００",
    ],
)
def test_one_phone_in_many_hands(written: str) -> None:
    assert tidy_phone(written) == "13800000000"


@pytest.mark.parametrize("wrong", ["12345", "10086abc", "张伟", "138000000001"])
def test_what_is_no_phone(wrong: str) -> None:
    with pytest.raises(BadInput):
        tidy_phone(wrong)


def test_names_are_found_without_regard_to_case_and_spaces() -> None:
    assert name_key("张 伟") == name_key("张伟")
    assert name_key("JOHN  Smith") == name_key("john smith") != name_key("johnsmith")


@pytest.mark.parametrize(("birth", "minor"), [(2007, False), (2008, True), (2020, True), (1950, False)])
def test_the_year_of_the_eighteenth_birthday_counts_as_under_age(birth: int, minor: bool) -> None:
    assert is_minor(birth, 2026) is minor
