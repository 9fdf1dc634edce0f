"""Figures of the account as published: receipts, replay, what makes them stale, and what an account stands on."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest
from django.test import Client

from tanlin.carbon import services
from tanlin.carbon.account.boundary import ATTRIBUTES
from tanlin.carbon.account.results import LABELS
from tanlin.carbon.cli import cli
from tanlin.carbon.models import Activity, ActivitySheet
from tanlin.community import services as community
from tanlin.community.queries import SYSTEM
from tanlin.kernel.cli import run
from tanlin.kernel.errors import Refused
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


def enter(area: Any, stream: str = "car", amount: float = 10_000.0, year: int = 2023) -> Activity:
    """An activity as the form stores it, and its marks."""
    from tanlin.record import services as recording

    sheet = ActivitySheet.objects.create(area=area, name="test")
    days = date(year, 1, 1), date(year, 12, 31)
    row = Activity.objects.create(
        sheet=sheet, area=area, stream=stream, first_day=days[0], last_day=days[1],
        amount=amount, unit="km", source="survey",
    )  # fmt: skip
    recording.mark_stale([area.pk], *days, keys=LABELS)
    return row


def replay(digest: str | None = None, key: str = "carbon.basic") -> tuple[str, list[tuple[str, str]]]:
    found = record.replay(SYSTEM, digest or tell(key).receipt)
    return found.answer, [(change.kind, change.name) for change in found.changes]


def stale() -> set[str]:
    return {key for (key, _), figure in record.figures(community_area()).items() if figure.stale}


def community_area() -> Any:
    from tanlin.community import queries

    return queries.area(SYSTEM, "garden")


def test_basic_is_the_inventory_less_water(world: p.Place) -> None:
    water = sum(r["tco2e"] or 0.0 for r in tell("carbon.inventory").table if r["carrier"] == "water")
    assert water > 0
    assert tell("carbon.basic").value == pytest.approx(tell("carbon.co2e").value - water)


def test_generation_is_shown_as_territorial_and_added_to_nothing(world: p.Place) -> None:
    made = [row for row in tell("carbon.account").table if row["ref"] == "I.4.4"]
    assert {row["level"] for row in made} == {"territorial"}
    assert sum(row["activity"] for row in made if row["stream"].endswith("generation")) > 0
    assert sum(row["tco2e"] for row in made) == 0.0


def test_every_figure_replays_equal(world: p.Place) -> None:
    enter(world.area)
    services.derive_account(world.area, 2023)
    found = {key: f for (key, _), f in record.figures(world.area, "2023").items() if key in LABELS}
    assert set(found) >= {"carbon.basic", "carbon.basic_plus", "carbon.gpc", "carbon.account"}
    assert {key: replay(figure.receipt) for key, figure in found.items()} == dict.fromkeys(
        found, ("equal", [])
    )


def test_equal_inputs_mint_nothing(world: p.Place) -> None:
    before = receipts()
    assert services.derive_account(world.area, 2023).minted == 0
    assert services.derive(world.area, p.YEAR).minted == 0
    assert receipts() == before


def test_the_receipt_names_the_inventory_it_stands_on(world: p.Place) -> None:
    body = record.receipt(SYSTEM, tell("carbon.basic").receipt).body
    assert {"receipt": tell("carbon.inventory").receipt} in body["inputs"]
    assert body["method"]["id"] == "carbon.account"


def test_an_activity_marks_the_account_and_not_the_inventory(world: p.Place) -> None:
    row = enter(world.area)
    assert stale() and stale() <= set(LABELS)
    before = tell("carbon.basic_plus")
    assert replay(before.receipt) == (
        "equal",
        [("fact", "transport.cn.petrol_car.km"), ("registry", f"activity {row.pk} · row")],
    )
    due = services.waiting()
    assert due.only == due.pairs == {(world.area.pk, "2023")}
    services.derive_all(services.ordered(due.pairs), services.Kit.fresh(), only=due.only)
    after = tell("carbon.basic_plus")
    assert after.value - before.value == pytest.approx(10_000 * 0.2 / 1000)
    assert not stale()


def test_a_reading_that_changes_is_named_by_the_inventory(world: p.Place) -> None:
    old = tell("carbon.basic").receipt
    world.correct("LONE", 30, 50.0)
    assert {"carbon.basic", "carbon.inventory"} <= stale()
    services.derive(world.area, p.YEAR)
    assert not stale()
    assert replay(old) == ("equal", [("receipt", "carbon.inventory")])
    assert replay() == ("equal", [])


def test_a_factor_that_changes_is_named_and_the_old_receipt_stays(world: p.Place) -> None:
    enter(world.area)
    services.derive_account(world.area, 2023)
    old = tell("carbon.basic_plus")
    fact = record.fact_by("transport.cn.petrol_car.km")
    fields = vars(fact) | {"value": dict(fact.value) | {"value": 0.3}, "published": date(2026, 6, 30)}
    services.add_factor(FactRow(**{**fields, "learned": None, "vintage": ""}), actor=SYSTEM)
    assert stale() == set(LABELS) & {key for key, _ in record.figures(world.area, "2023")}
    services.derive_account(world.area, 2023)
    assert tell("carbon.basic_plus").value - old.value == pytest.approx(1.0)
    assert replay(old.receipt) == ("equal", [("fact", "transport.cn.petrol_car.km")])


def test_an_unverified_factor_is_visible_in_lines_table_and_receipt(world: p.Place) -> None:
    enter(world.area)
    services.derive_account(world.area, 2023)
    (line,) = {row["verified"] for row in tell("carbon.account").table if row["stream"] == "car"}
    (row,) = [row for row in tell("carbon.gpc").table if row["ref"] == "II.1.3"]
    body = record.receipt(SYSTEM, tell("carbon.basic_plus").receipt).body
    cited = {item["fact"]: item["verified"] for item in body["inputs"] if "fact" in item}
    assert (line, row["verified"], row["quality"]) == (False, False, "L")
    assert cited["transport.cn.petrol_car.km"] is False and cited["grid.cn-gd.avg.2023"] is True


def test_without_population_a_person_has_no_figure(world: p.Place) -> None:
    figure = tell("carbon.per_person")
    assert figure.value is None and "人口" in figure.reason.zh and "population" in figure.reason.en


def test_a_place_with_activities_and_no_readings_has_an_account() -> None:
    made = p.areas()
    services.load_facts(SYSTEM)
    with pytest.raises(Refused):
        services.derive(made["meadow"], p.YEAR)
    enter(made["meadow"])
    services.derive(made["meadow"], p.YEAR)
    figure = tell("carbon.basic_plus", "meadow")
    assert (figure.value, figure.origin) == (pytest.approx(2.0), "entered")
    assert tell("carbon.basic", "meadow").value is None
    assert replay(figure.receipt) == ("equal", [])


def test_an_undone_sheet_leaves_an_unknown_account_that_replays() -> None:
    made = p.areas()
    services.load_facts(SYSTEM)
    row = enter(made["meadow"])
    services.derive(made["meadow"], p.YEAR)
    ActivitySheet.objects.filter(pk=row.sheet_id).update(undone="2026-01-01T00:00Z")
    services.derive_account(made["meadow"], 2023)
    figure = tell("carbon.basic_plus", "meadow")
    assert figure.value is None and replay(figure.receipt) == ("equal", [])


def test_a_boundary_marks_the_account_of_its_place_from_its_day_on(world: p.Place) -> None:
    services.derive(world.areas["street"], p.YEAR)
    community.set_attribute(SYSTEM, world.area, "population", 400, date(2024, 5, 1), "census")
    assert not stale()
    community.set_attribute(SYSTEM, world.area, "population", 500, date(2023, 5, 1), "census")
    assert stale() == {key for key, _ in record.figures(world.area, "2023") if key in LABELS}
    above = record.figures(world.areas["street"], "2023").values()
    assert not any(figure.stale for figure in above)
    old = tell("carbon.per_person").receipt
    assert replay(old) == ("equal", [("registry", "population · row")])
    services.derive_account(world.area, 2023)
    assert tell("carbon.per_person").value == pytest.approx(tell("carbon.basic").value / 500)
    rows = {row["key"]: row["value"] for row in tell("carbon.boundary").table}
    assert rows["population"] == 500 and rows["floor_area_m2"] is None


def test_a_stated_key_stands_in_the_table_with_its_reason(world: p.Place) -> None:
    community.set_attribute(SYSTEM, world.area, "gpc.key.II.1.1", "NO", date(2023, 1, 1), "no through road")
    services.derive_account(world.area, 2023)
    rows = {row["ref"]: (row["key"], row["reason_en"]) for row in tell("carbon.gpc").table}
    assert rows["II.1.1"] == ("NO", "no through road")
    assert rows["II.4.1"][0] == "NO" and rows["III.1.1"][0] == "NE"
    assert rows["I.1.2"][0] == "IE" and rows["I.6.2"] == (None, None)


def test_every_receipt_of_an_account_states_its_boundary(world: p.Place) -> None:
    community.set_attribute(SYSTEM, world.area, "population", 500, date(2023, 1, 1), "census")
    services.derive_account(world.area, 2023)
    stated = record.receipt(SYSTEM, tell("carbon.per_person").receipt).body["parameters"]
    assert stated["boundary"] == {"population": 500}
    assert replay(key="carbon.per_person") == ("equal", [])


def test_an_inventory_without_its_account_is_due_for_it_alone() -> None:
    from tanlin.carbon.services.deriving import derive_inventory

    made = p.build()
    kit = services.Kit.fresh()
    derive_inventory(made.area, p.YEAR, kit)
    derive_inventory(made.areas["garden-1"], p.YEAR, kit)
    due = services.waiting(kit)
    assert (made.area.pk, "2023") in due.only
    assert (made.areas["garden-1"].pk, "2023") not in due.pairs  # a building has one on request


def test_api_and_command_print_the_same_account_with_its_boundary_and_unverified_facts(
    world: p.Place, capsys: pytest.CaptureFixture[str]
) -> None:
    enter(world.area)
    services.derive_account(world.area, 2023)
    client = Client()
    client.force_login(world.users["keeper"])
    answer = client.get("/api/v1/places/garden/account?year=2023").json()
    assert run(cli, ["account", "--place", "garden", "--year", "2023", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == answer
    assert answer["figures"]["carbon.basic"]["value"] == tell("carbon.basic").value
    assert [row["key"] for row in answer["boundary"]] == list(ATTRIBUTES)
    assert answer["verified"] is False and "transport.cn.petrol_car.km" in answer["unverified"]
    assert client.get("/api/v1/places/garden/account?year=2019").status_code == 404
