"""Green power entered by people: its verbs, its page, and what it does to the published account."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from django.test import Client

from tanlin.carbon import services
from tanlin.carbon.models import Instrument
from tanlin.carbon.queries import instruments as queries
from tanlin.community.queries import SYSTEM
from tanlin.kernel.errors import BadInput, Conflict, NotFound
from tanlin.record import queries as record
from tests.carbon import place as p
from tests.carbon.place import tell

pytestmark = pytest.mark.django_db(transaction=True)
DAYS = (date(2023, 1, 1), date(2023, 12, 31))


@pytest.fixture
def world() -> p.Place:
    return p.build()


def enter(area: Any, kwh: float = 1000.0, number: str = "1", **more: Any) -> Instrument:
    told = {"kind": "certificate", "registry": "GEC", "first_day": DAYS[0], "last_day": DAYS[1]}
    new = services.NewInstrument(area=area, number=number, energy_kwh=kwh, **{**told, **more})
    return services.enter_instrument(new, actor=SYSTEM)


def used() -> dict[str, float]:
    return {r["number"]: r["used_kwh"] for r in tell("carbon.market_parts").table if r["row"] == "instrument"}


def test_an_instrument_moves_the_market_based_total_only(world: p.Place) -> None:
    services.derive(world.area, p.YEAR)
    before = {key: tell(f"carbon.{key}").value for key in ("market", "location", "basic")}
    enter(world.area, 1000.0)
    assert tell("carbon.market").stale and not tell("carbon.inventory").stale
    services.derive_account(world.area, 2023)
    after = {key: tell(f"carbon.{key}").value for key in before}
    assert after["location"] == before["location"] and after["basic"] == before["basic"]
    assert before["market"] - after["market"] == pytest.approx(1000 * 0.6096 / 1000)


def test_undoing_it_brings_the_old_total_back_and_the_old_receipt_replays(world: p.Place) -> None:
    services.derive(world.area, p.YEAR)
    first = tell("carbon.market").value
    row = enter(world.area)
    services.derive_account(world.area, 2023)
    receipt = tell("carbon.market").receipt
    services.undo_instrument(row, actor=SYSTEM)
    services.derive_account(world.area, 2023)
    assert tell("carbon.market").value == pytest.approx(first)
    found = record.replay(SYSTEM, receipt)
    assert found.answer == "equal"
    assert [change.name for change in found.changes] == [f"instrument {row.pk} · row"]


def test_each_verb_is_an_event(world: p.Place) -> None:
    services.undo_instrument(enter(world.area), actor=SYSTEM)
    verbs = [event.verb for event in record.events(SYSTEM, world.area, limit=10)]
    assert {"carbon.instrument_entered", "carbon.instrument_undone"} <= set(verbs)


def test_a_number_counts_once_in_a_registry_wherever_it_is_held(world: p.Place) -> None:
    row = enter(world.areas["garden"])
    below = next(area for slug, area in world.areas.items() if slug != "garden")
    with pytest.raises(Conflict) as error:
        enter(below, number=" 1 ")
    assert error.value.code == "carbon.instrument_known"
    enter(world.area, registry="another")
    services.undo_instrument(row, actor=SYSTEM)
    enter(below)


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"kwh": 0.0}, "carbon.instrument_energy_kwh"),
        ({"kwh": float("nan")}, "carbon.instrument_energy_kwh"),
        ({"number": " "}, "carbon.instrument_number"),
        ({"last_day": date(2022, 12, 31)}, "carbon.instrument_last_day"),
        ({"last_day": date(2030, 1, 1)}, "carbon.instrument_last_day"),
        ({"factor_kg_per_kwh": 9.0}, "carbon.instrument_factor_kg_per_kwh"),
        ({"kind": "promise"}, "carbon.instrument_kind"),
    ],
)
def test_bad_values_are_refused_and_nothing_is_stored(
    world: p.Place, more: dict[str, Any], code: str
) -> None:
    with pytest.raises(BadInput) as error:
        enter(world.area, **more)
    assert error.value.code == code
    assert not Instrument.objects.exists()


def test_undoing_twice_is_refused(world: p.Place) -> None:
    row = enter(world.area)
    services.undo_instrument(row, actor=SYSTEM)
    with pytest.raises(Conflict):
        services.undo_instrument(row, actor=SYSTEM)


def test_what_a_part_holds_covers_its_own_use_in_the_account_above(world: p.Place) -> None:
    """The use of the part is that of its own inventory, whatever the account above shows of it."""
    below = world.row("LONE").place
    services.derive(below, p.YEAR)
    own = sum(
        r["value"] or 0.0
        for r in record.figure(below, "carbon.inventory", "2023").table
        if r["carrier"] == "electricity" and r["channel"] == "import"
    )
    enter(below, own * 10)
    services.derive(world.area, p.YEAR)
    assert used()["1"] == pytest.approx(own)


def test_the_account_above_follows_when_the_use_of_the_holder_changes(world: p.Place) -> None:
    below = world.row("LONE").place
    enter(below, 1e9)
    services.derive(world.area, p.YEAR)
    services.derive(below, p.YEAR)
    services.derive(world.area, p.YEAR)
    before = used()["1"]
    world.correct("LONE", 5, 1000.0)
    services.derive(world.area, p.YEAR)
    services.derive(below, p.YEAR)
    assert tell("carbon.market").stale
    services.derive(world.area, p.YEAR)
    assert used()["1"] > before + 1000.0


def test_an_instrument_of_another_place_is_not_found(world: p.Place) -> None:
    row = enter(world.area)
    below = next(
        area for slug, area in world.areas.items() if slug != "garden" and not area.children.exists()
    )
    with pytest.raises(NotFound):
        queries.instrument(SYSTEM, below, row.pk)


def test_removing_a_place_removes_what_it_holds(world: p.Place) -> None:
    enter(world.area)
    assert services.erase_instruments([world.area.pk], actor=SYSTEM) == 1
    assert not Instrument.objects.exists()


def test_the_pages(world: p.Place, client: Client) -> None:
    client.force_login(_worker(world))
    address = f"/place/{world.area.slug}/carbon/instruments/"
    assert "GEC" not in client.get(address).content.decode()
    data = {"kind": "certificate", "registry": "GEC", "number": "42", "first_day": "2023-01-01"}
    data |= {"last_day": "2023-12-31", "energy_kwh": "1000", "factor_kg_per_kwh": "0"}
    assert client.post(f"{address}new", data).status_code == 302
    again = client.post(f"{address}new", data)
    assert again.status_code == 422 and "42" in again.content.decode()
    services.derive(world.area, p.YEAR)
    html = client.get(address).content.decode()
    assert "GEC" in html and '<span class="number">2023</span>' in html
    row = Instrument.objects.get()
    assert client.post(f"{address}{row.pk}/undo").status_code == 302
    assert Instrument.objects.get().undone is not None


def _worker(world: p.Place) -> Any:
    from tanlin.community import services as community
    from tanlin.community.models import User

    user = User.objects.create(username="worker", password="!")
    community.grant(SYSTEM, user=user, role="worker", area=world.area)
    return user
