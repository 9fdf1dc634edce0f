"""Every figure of the accounts of the demonstration communities replays equal from what its receipt pins."""

from __future__ import annotations

import pytest

from tanlin.carbon import services
from tanlin.carbon.account.results import LABELS
from tanlin.community.queries import SYSTEM
from tanlin.community.queries import area as area_of
from tanlin.demo import PLACES, generate
from tanlin.kernel.period import Period
from tanlin.meter import services as meter
from tanlin.record import queries as record

pytestmark = [pytest.mark.soak, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize("slug", PLACES)
def test_the_account_of_a_demonstration_community_replays_equal(slug: str) -> None:
    from tanlin.demo import load

    services.load_facts(SYSTEM)
    made = generate(slug)
    root = load.create_place(made)
    load.add_readings(root, made.readings, f"demo:{slug}")
    load.add_activities(root, made.place)
    meter.refresh()
    place = area_of(SYSTEM, slug)
    services.derive(place, Period("2025"))
    found = {key: f for (key, _), f in record.figures(place, "2025").items() if key in LABELS}
    assert found["carbon.basic"].value and found["carbon.basic_plus"].value
    answers = {key: record.replay(SYSTEM, figure.receipt) for key, figure in found.items()}
    assert {key: (one.answer, one.changes) for key, one in answers.items()} == dict.fromkeys(
        found, ("equal", [])
    )
