"""Sealing: what opens a token, and what does not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tanlin.community.seal import Master, seal, unseal
from tanlin.kernel.errors import Conflict

MASTER = Master("a master key for these tests only, 40 ch")
OTHER = Master("another master key, just as long as that")
KEY = MASTER.unwrap(MASTER.new_key("p1"), "p1")


@given(st.text(max_size=80))
def test_a_sealed_value_opens_to_itself(text: str) -> None:
    assert unseal(KEY, seal(KEY, text, "p1:name"), "p1:name") == text


def test_a_token_shows_nothing_and_never_repeats() -> None:
    tokens = {seal(KEY, "13800000000", "p1:phone") for _ in range(50)}
    assert len(tokens) == 50 and not any("13800000000" in token for token in tokens)
    assert seal(KEY, "", "p1:phone") == ""


@pytest.mark.parametrize("binding", ["p1:phone", "p2:name"])
def test_a_token_does_not_open_elsewhere(binding: str) -> None:
    with pytest.raises(Conflict, match=r"community\.seal_broken|解密"):
        unseal(KEY, seal(KEY, "张伟", "p1:name"), binding)


def test_a_changed_token_does_not_open() -> None:
    token = seal(KEY, "张伟", "p1:name")
    changed = token[:20] + ("A" if token[20] != "A" else "B") + token[21:]
    with pytest.raises(Conflict):
        unseal(KEY, changed, "p1:name")


def test_a_data_key_opens_with_its_master_and_owner_only() -> None:
    wrapped = MASTER.new_key("p1")
    for master, owner in ((OTHER, "p1"), (MASTER, "p2")):
        with pytest.raises(Conflict):
            master.unwrap(wrapped, owner)


def test_a_digest_depends_on_key_kind_and_value() -> None:
    found = {
        MASTER.digest("phone", "13800000000"),
        MASTER.digest("name", "13800000000"),
        MASTER.digest("phone", "13800000001"),
        OTHER.digest("phone", "13800000000"),
    }
    assert len(found) == 4 and MASTER.digest("phone", "") == ""
    assert MASTER.digest("phone", "13800000000") in found


def test_masters_are_told_apart_by_name() -> None:
    assert MASTER.name != OTHER.name and len(MASTER.name) == 16
    with pytest.raises(ValueError, match="32"):
        Master("short")
