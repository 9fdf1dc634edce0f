"""The published causes of an account's error: a tornado table whose draws can be made anew."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from tanlin.carbon import services
from tanlin.carbon.account.draws import Sampling
from tanlin.carbon.account.results import LABELS
from tanlin.carbon.account.spread import CONTRIBUTORS
from tanlin.carbon.models import Activity, ActivitySheet
from tanlin.community import queries as community
from tanlin.community.queries import SYSTEM
from tanlin.record import queries as record
from tanlin.record import services as recording
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


def test_a_survey_that_weighs_makes_the_interval_of_basic_lean_upwards(found: Any) -> None:
    """Two million kilometres of cars at ±80 % (lognormal) beside what meters read: drawn, and replayed equal."""
    days = date(2023, 1, 1), date(2023, 12, 31)
    area = community.area(SYSTEM, "garden")
    sheet = ActivitySheet.objects.create(area=area, name="cars")
    Activity.objects.create(
        sheet=sheet, area=area, stream="car_inside", first_day=days[0], last_day=days[1],
        amount=2_000_000.0, unit="km", source="survey", uncertainty_pct=80.0,
    )  # fmt: skip
    recording.mark_stale([area.pk], *days, keys=LABELS)
    services.derive_account(area, 2023)
    basic, causes = tell("carbon.basic"), tell(KEY)
    assert causes.table[0]["kind"] == "survey" and causes.table[0]["shape"] == "lognormal"
    assert basic.high - basic.value > 1.2 * (basic.value - basic.low) > 0
    assert (basic.low, basic.high) == (causes.low, causes.high)
    assert record.replay(SYSTEM, basic.receipt).answer == "equal"
