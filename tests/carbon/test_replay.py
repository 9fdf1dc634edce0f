"""Receipts replay from their pinned inputs, and name exactly what is different today."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest
from django.test import Client

from tanlin.carbon import services
from tanlin.carbon.figures import without_use
from tanlin.carbon.services import deriving
from tanlin.carbon.services.inputs import Registry
from tanlin.community import services as community
from tanlin.community.queries import SYSTEM
from tanlin.kernel.errors import NotFound
from tanlin.kernel.receipt import canonical
from tanlin.meter import services as meter
from tanlin.record import FactRow
from tanlin.record import queries as record
from tests.carbon import place as p
from tests.carbon.place import receipts, tell

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world() -> p.Place:
    made = p.build()
    services.derive(made.area, p.YEAR)
    return made


def replay(digest: str | None = None, key: str = "carbon.co2e") -> tuple[str, list[tuple[str, str]]]:
    """Answer and (kind, name) of what changed."""
    found = record.replay(SYSTEM, digest or tell(key).receipt)
    return found.answer, [(change.kind, change.name) for change in found.changes]


def newer(value: float, fact_id: str = "grid.cn-gd.avg.2023") -> FactRow:
    fact = record.fact_by(fact_id)
    fields = vars(fact) | {"value": dict(fact.value) | {"value": value}, "published": date(2026, 6, 30)}
    return FactRow(**{**fields, "learned": None, "vintage": ""})


def test_every_figure_replays_equal(world: p.Place) -> None:
    found = record.figures(world.area, "2023")
    assert len(found) >= 9
    assert {key: replay(figure.receipt) for key, figure in found.items()} == dict.fromkeys(
        found, ("equal", [])
    )


def test_what_is_unknown_replays_with_the_same_reason(world: p.Place) -> None:
    from tanlin.record.services import add_fact

    fact = vars(record.fact_by("tariff.CN-GD-SZ.residential")) | {"learned": None, "vintage": ""}
    value = dict(fact["value"]) | {"tariff_id": "late", "valid_from": "2024-01-01"}
    add_fact(FactRow(**{**fact, "fact_id": "tariff.late.2024-01-01", "value": value}))
    meter.change(world.row("BILL"), {"tariff": "late"}, actor=SYSTEM)
    unfit = vars(newer(0.5)) | {"fact_id": "grid.sz", "region": "CN-GD-SZ", "unit": "kgCO2/m3"}
    services.add_factor(FactRow(**unfit), actor=SYSTEM)
    services.derive(world.area, p.YEAR)
    assert {key: replay(key=key) for key in ("carbon.co2e", "carbon.cost", "carbon.inventory")} == {
        key: ("equal", []) for key in ("carbon.co2e", "carbon.cost", "carbon.inventory")
    }


def test_receipts_from_before_meters_had_a_use_replay_equal(
    world: p.Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    def pinned(self: Registry) -> bytes:
        rows = [
            {"table": n} | row for n in ("meters", "daily", "devices") for row in getattr(self, n).to_pylist()
        ]
        return canonical([{key: value for key, value in row.items() if key != "use"} for row in rows])

    was = deriving.results
    with monkeypatch.context() as then:
        then.setattr(Registry, "pinned", pinned)
        then.setattr(deriving, "results", lambda *of: [without_use(result) for result in was(*of)])
        services.derive(world.area, p.YEAR)
    old = record.figures(world.area, "2023")
    assert "use" not in old["carbon.inventory", "2023"].table[0]
    assert {key: replay(figure.receipt) for key, figure in old.items()} == dict.fromkeys(old, ("equal", []))
    meter.change(world.row("LONE"), {"use": "public"}, actor=SYSTEM)
    services.derive(world.area, p.YEAR)
    used = {
        (row["use"], row["value"] is None)
        for row in tell("carbon.inventory").table
        if row["place"] == "garden-1"
    }
    assert ("public", False) in used
    assert replay(old["carbon.co2e", "2023"].receipt) == ("equal", [("registry", "LONE · use")])
    assert tell("carbon.co2e").value == pytest.approx(old["carbon.co2e", "2023"].value, rel=1e-12)


def test_a_replay_mints_nothing(world: p.Place) -> None:
    before = receipts()
    replay()
    assert receipts() == before


CHANGES = {
    "factor": (
        lambda w: services.add_factor(newer(0.5), actor=SYSTEM),
        [("fact", "grid.cn-gd.avg.2023")],
    ),
    "multiplier": (
        lambda w: meter.change(w.row("LONE"), {"multiplier": 3.0}, actor=SYSTEM),
        [("registry", "LONE · multiplier")],
    ),
    "reading": (lambda w: w.correct("LONE", 30, 50.0), [("reading", "LONE · 2023-03-02")]),
    "place": (
        lambda w: meter.change(w.row("LONE"), {"place": w.areas["garden"]}, actor=SYSTEM),
        [("registry", "LONE · place")],
    ),
    "parent": (
        lambda w: meter.change(w.row("LONE"), {"parent_id": w.ids["MAIN"]}, actor=SYSTEM),
        [("registry", "LONE · parent")],
    ),
}


@pytest.mark.parametrize("what", CHANGES)
def test_one_change_is_named_exactly_and_the_old_receipt_stays_equal(world: p.Place, what: str) -> None:
    act, names = CHANGES[what]
    old = tell("carbon.co2e").receipt
    act(world)
    assert (tell("carbon.co2e").stale, replay(old)) == (True, ("equal", names))
    services.derive(world.area, p.YEAR)
    fresh = tell("carbon.co2e")
    assert fresh.receipt != old and not fresh.stale
    assert replay(fresh.receipt) == ("equal", [])
    assert replay(old) == ("equal", names)


def test_a_change_tells_what_was_and_what_is(world: p.Place) -> None:
    services.add_factor(newer(0.5), actor=SYSTEM)
    meter.change(world.row("LONE"), {"multiplier": 3.0}, actor=SYSTEM)
    world.correct("LONE", 30, 50.0)
    found = record.replay(SYSTEM, tell("carbon.co2e").receipt).changes
    fact, field, reading = found
    assert (fact.was["value"], fact.now["value"]) == (0.4419, 0.5)
    assert (field.was, field.now) == (2.0, 3.0)
    gain = 50.0 - p.HOURLY["LONE", "import"][30]
    assert reading.now - reading.was == pytest.approx(gain)


def test_a_tariff_that_changes_is_named(world: p.Place) -> None:
    from tanlin.record.services import add_fact

    fact = record.fact_by("tariff.CN-GD-SZ.residential")
    value = dict(fact.value) | {"prices": {"all": {"all": [1.0, 1.0, 1.0]}}}
    fields = vars(fact) | {"value": value, "published": date(2026, 1, 1), "learned": None, "vintage": ""}
    add_fact(FactRow(**fields))
    assert tell("carbon.cost").stale
    assert replay(key="carbon.cost") == ("equal", [("fact", "tariff.CN-GD-SZ.residential")])


def test_a_nearer_factor_takes_the_place_of_the_other(world: p.Place) -> None:
    fact = newer(0.4, "grid.cn-gd.avg.2023")
    services.add_factor(FactRow(**{**vars(fact), "fact_id": "grid.sz", "region": "CN-GD-SZ"}), actor=SYSTEM)
    assert tell("carbon.co2e").stale
    assert replay() == ("equal", [("fact", "grid.cn-gd.avg.2023"), ("fact", "grid.sz")])


def test_readings_that_came_later_are_named(world: p.Place) -> None:
    import pyarrow as pa

    rows = {
        "meter_id": [world.ids["MAIN"]],
        "channel": ["import"],
        "start": [p.es("2023-07-01")],
        "seconds": [3600],
    }
    table = pa.table(rows | {"value": [1.0], "quality": ["measured"]})
    meter.add_readings(table, source="later", actor=SYSTEM, area=world.area)
    meter.refresh()
    assert replay() == ("equal", [("reading", "MAIN · 2023-07-01")])


def test_an_exchanged_register_is_named(world: p.Place) -> None:
    meter.exchange_device(
        world.row("GAS"),
        at_es=p.es("2023-04-15"),
        final=60.0,
        initial=0.0,
        digits=4,
        serial="n",
        actor=SYSTEM,
    )
    meter.refresh([world.ids["GAS"]])
    answer, names = replay(key="carbon.gas")
    assert answer == "equal"
    assert {name for _, name in names} == {"GAS · to_es", "GAS · final", "GAS · row", "GAS · 2023-04-10"}


def test_after_an_undone_import_the_old_receipt_replays_from_what_was_read(world: p.Place) -> None:
    old = tell("carbon.electricity").receipt
    meter.undo_batch(world.batch, None, actor=SYSTEM, area=world.area, source="undo")
    meter.refresh()
    services.derive(world.area, p.YEAR)
    answer, names = replay(old)
    assert answer == "equal"
    assert len(names) == 201 and names[-1] == ("reading", "… +134")  # of 334 meter-days
    fresh = tell("carbon.electricity")
    assert fresh.value is None and replay(fresh.receipt) == ("equal", [])


def test_what_lost_its_meters_replays_as_unknown(world: p.Place) -> None:
    meter.change(world.row("GAS"), {"place": world.areas["meadow"]}, actor=SYSTEM)
    services.derive(world.area, p.YEAR)
    assert tell("carbon.gas").value is None
    assert replay(key="carbon.gas") == ("equal", [])


def test_a_place_that_was_not_changed_replays_without_changes(world: p.Place) -> None:
    services.derive(world.areas["meadow"], p.YEAR)
    world.correct("LONE", 30, 50.0)
    meter.change(world.row("LONE"), {"multiplier": 3.0}, actor=SYSTEM)
    assert replay(tell("carbon.co2e", "meadow").receipt) == ("equal", [])


def test_readings_altered_behind_the_log_make_it_differ(
    world: p.Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tanlin.readings import queries as readings

    real = readings.as_of
    monkeypatch.setattr(
        readings, "as_of", lambda batch, ids, *a, **k: real(batch, set(ids) - {world.ids["LONE"]}, *a, **k)
    )
    assert replay(key="carbon.electricity")[0] == "differs"


def test_a_method_that_is_gone_needs_its_code(world: p.Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(record, "methods", dict)
    assert replay() == ("retired", [])


def test_an_erased_input_is_told(world: p.Place) -> None:
    from tanlin.record.models import Blob

    Blob.objects.filter(kind="registry").update(data=None)
    assert replay() == ("erased", [])


def test_a_key_that_no_method_makes_is_unknown(world: p.Place) -> None:
    stored = record.receipt(SYSTEM, tell("carbon.co2e").receipt)
    with pytest.raises(NotFound):
        services.replay({**stored.body, "figure": "carbon.dreams"}, stored.batch)


# --- who may ----------------------------------------------------------------------------------------------------------
def paths(digest: str) -> list[tuple[str, str, Any]]:
    return [
        ("get", f"/receipt/{digest}", None),
        ("get", "/place/garden/carbon/", None),
        ("get", "/place/garden/carbon/factors/", None),
        ("get", "/place/garden/carbon/factors/new", None),
        ("post", "/place/garden/carbon/derive", {"period": "2023"}),
        ("get", "/api/v1/places/garden/inventory?period=2023", None),
        ("get", "/api/v1/places/garden/figures", None),
        ("get", "/api/v1/places/garden/figures/carbon.co2e/2023", None),
        ("get", f"/api/v1/receipts/{digest}", None),
        ("post", f"/api/v1/receipts/{digest}/replay", {}),
        ("post", "/api/v1/places/garden/derive", {"period": "2023"}),
    ]


def test_what_belongs_to_another_community_does_not_exist(world: p.Place) -> None:
    stranger, keeper = Client(), Client()
    stranger.force_login(world.users["stranger"])
    keeper.force_login(world.users["keeper"])
    digest = tell("carbon.co2e").receipt
    for method, path, body in paths(digest):
        more = {"content_type": "application/json"} if "/api/" in path else {}
        data = json.dumps(body) if more and body is not None else body
        assert getattr(stranger, method)(path, data, **more).status_code == 404, path
        assert getattr(keeper, method)(path, data, **more, follow=True).status_code in (200, 202), path


def test_a_replaced_receipt_of_a_mixed_place_still_says_demonstration(world: p.Place) -> None:
    type(world.area).objects.filter(slug="garden-101").update(origin="demonstration")
    services.derive(world.area, p.YEAR)
    old = tell("carbon.co2e").receipt
    world.correct("LONE", 30, 50.0)
    services.derive(world.area, p.YEAR)
    assert tell("carbon.co2e").receipt != old
    client = Client()
    client.force_login(world.users["keeper"])
    assert client.get(f"/receipt/{old}").context["demo"]


def test_a_year_that_is_no_number_shows_the_newest_one(world: p.Place) -> None:
    client = Client()
    client.force_login(world.users["keeper"])
    page = client.get("/place/garden/carbon/", {"year": "²²²²"})
    assert (page.status_code, page.context["year"]) == (200, 2023)


def test_factors_are_edited_by_whoever_holds_the_root(world: p.Place) -> None:
    from tanlin.community.models import User

    engineer = User.objects.create(username="engineer", password="!")
    community.grant(SYSTEM, user=engineer, role="engineer", area=world.area)
    answers = {}
    for user in (engineer, world.users["keeper"]):
        client = Client()
        client.force_login(user)
        answers[user.username] = client.get("/place/garden/carbon/factors/new").status_code
    assert answers == {"engineer": 403, "keeper": 200}
