"""The published causes of an account's error: a tornado table whose draws can be made anew."""

from __future__ import annotations

from typing import Any

import pytest

from tanlin.carbon import services
from tanlin.carbon.account.draws import Sampling
from tanlin.carbon.account.spread import CONTRIBUTORS
from tanlin.community.queries import SYSTEM
from tanlin.record import queries as record
from tests.carbon import place as p
from tests.carbon.place import tell

pytestmark = pytest.mark.django_db(transaction=True)
KEY = "carbon.contributors"


@pytest.fixture
def found() -> Any:
    made = p.build()
    services.derive(made.area, p.YEAR)
    return tell(KEY)


def test_the_causes_are_told_largest_first_and_their_shares_add_to_one(found: Any) -> None:
    rows = found.table
    assert set(rows[0]) == set(CONTRIBUTORS.names)
    assert [row["half_t"] for row in rows] == sorted((row["half_t"] for row in rows), reverse=True)
    assert sum(row["share"] for row in rows) == pytest.approx(1.0)


def test_the_causes_in_quadrature_are_the_interval_of_basic(found: Any) -> None:
    basic = tell("carbon.basic")
    half = sum(row["half_t"] ** 2 for row in found.table) ** 0.5
    assert (basic.high - basic.low) / 2 == pytest.approx(half, rel=1e-9)


def test_the_draws_agree_with_the_interval_of_basic_within_2_percent_of_its_width(found: Any) -> None:
    basic = tell("carbon.basic")
    assert found.value == basic.value
    assert found.high - found.low == pytest.approx(basic.high - basic.low, rel=0.02)


def test_the_receipt_states_draws_and_seed(found: Any) -> None:
    stated = record.receipt(SYSTEM, found.receipt).body["parameters"]
    assert (stated["draws"], stated["seed"]) == (20_000, 2006)


def test_a_replay_draws_with_the_seed_of_the_receipt(found: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tanlin.carbon.services.accounting.SAMPLING", Sampling(10_000, seed=1))
    assert record.replay(SYSTEM, found.receipt).answer == "equal"
