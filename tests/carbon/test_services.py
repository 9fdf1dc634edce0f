"""Minting, staleness, and one number on every surface."""

from __future__ import annotations

import json
import re
from datetime import date
from typing import Any

import numpy as np
import pytest
from django.test import Client

from tanlin.carbon import services
from tanlin.carbon.cli import cli
from tanlin.carbon.services import deriving
from tanlin.community.queries import SYSTEM
from tanlin.kernel.cli import run
from tanlin.meter import queries as meters
from tanlin.meter import services as meter
from tanlin.record import FactRow
from tanlin.record import queries as record
from tests.carbon import place as p
from tests.carbon.place import receipts, tell

pytestmark = pytest.mark.django_db(transaction=True)
PAGE = "/place/garden/carbon/?year=2023"
API = "/api/v1/places/garden/"


@pytest.fixture
def world() -> p.Place:
    return p.build()


@pytest.fixture
def derived(world: p.Place) -> p.Place:
    services.derive(world.area, p.YEAR)
    return world


@pytest.fixture
def keeper(world: p.Place) -> Client:
    client = Client()
    client.force_login(world.users["keeper"])
    return client


def asked(capsys: pytest.CaptureFixture[str], *more: str) -> tuple[int, str]:
    code = run(cli, ["inventory", "--place", "garden", "--year", "2023", *more])
    return code, capsys.readouterr().out


def shown(html: str) -> dict[str, str]:
    """Figure key → the value attribute of its card."""
    return dict(
        re.findall(
            r'data-figure="([^"]+)"(?:(?!</article>).)*?<data class="number" value="([^"]+)"', html, re.S
        )
    )


# --- mint -------------------------------------------------------------------------------------------------------------
def test_deriving_twice_mints_nothing(derived: p.Place) -> None:
    before = receipts()
    assert services.derive(derived.area, p.YEAR).minted == 0
    assert receipts() == before > 0


def test_looking_twice_mints_nothing(
    derived: p.Place, keeper: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    before, computed = receipts(), tell("carbon.co2e").computed_at
    for _ in range(2):
        for url in (PAGE, f"{API}inventory?period=2023", f"{API}figures/carbon.co2e/2023", f"{API}figures"):
            assert keeper.get(url).status_code == 200
        assert asked(capsys, "--json")[0] == 0
    assert (receipts(), tell("carbon.co2e").computed_at) == (before, computed)


def test_a_page_computes_nothing(world: p.Place, keeper: Client) -> None:
    html = keeper.get(PAGE).content.decode()
    assert receipts() == 0 and tell("carbon.co2e") is None
    assert shown(html) == {} and 'action="/place/garden/carbon/derive"' in html
    assert keeper.get(f"{API}inventory?period=2023").status_code == 404


def test_a_request_to_derive_is_a_job(world: p.Place, keeper: Client) -> None:
    from tanlin.record.jobs import work_once

    answer = keeper.post(f"{API}derive", json.dumps({"period": "2023"}), "application/json")
    assert answer.status_code == 202
    job = work_once()
    assert job is not None and (job.pk, job.state) == (answer.json()["job"], "done")
    assert tell("carbon.co2e").value is not None


# --- one number -------------------------------------------------------------------------------------------------------
def test_page_command_and_api_say_the_same_number(
    derived: p.Place, keeper: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    page = shown(keeper.get(PAGE).content.decode())
    command = json.loads(asked(capsys, "--json")[1])
    api = keeper.get(f"{API}inventory?period=2023").json()
    assert {"carbon.co2e", "carbon.electricity", "carbon.cost"} <= page.keys()
    for key, value in page.items():
        one = keeper.get(f"{API}figures/{key}/2023").json()
        assert {float(value), command[key]["value"], api[key]["value"], one["value"]} == {tell(key).value}
        assert {command[key]["receipt"], api[key]["receipt"], one["receipt"]} == {tell(key).receipt}


def test_the_command_prints_figures_for_people(derived: p.Place, capsys: pytest.CaptureFixture[str]) -> None:
    code, out = asked(capsys)
    assert code == 0
    assert "碳排放 / Emissions" in out and tell("carbon.co2e").receipt in out


def test_the_command_names_an_unknown_place(world: p.Place, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(cli, ["inventory", "--place", "nowhere", "--year", "2023"]) == 2


def test_receipt_and_figure_state_the_same(derived: p.Place) -> None:
    for (key, _), figure in record.figures(derived.area, "2023").items():
        stated = record.receipt(SYSTEM, figure.receipt).body
        assert (stated["figure"], stated["place"], stated["period"]) == (key, "garden", "2023")
        if figure.value is not None:
            assert stated["result"]["value"] == pytest.approx(figure.value, rel=1e-8)


# --- staleness --------------------------------------------------------------------------------------------------------
def test_a_reading_makes_stale_only_the_places_that_hold_its_meter(world: p.Place) -> None:
    for slug in ("street", "garden", "garden-1", "meadow"):
        services.derive(world.areas[slug], p.YEAR)
    assert services.stale() == set()
    world.correct("LONE", 30, 50.0)
    pks = {world.areas[slug].pk for slug in ("street", "garden", "garden-1")}
    assert services.stale() == {(pk, "2023") for pk in pks}


def test_one_corrected_reading_changes_one_meter_day(derived: p.Place) -> None:
    refreshed = derived.correct("LONE", 30, 50.0)
    print(f"meter-days re-derived: {refreshed.meter_days}")
    assert refreshed.meter_days == 1
    assert refreshed.changed.to_pylist() == [
        {"meter_id": derived.ids["LONE"], "channel": "import", "day": 20230302}
    ]


def test_deriving_again_after_a_correction_gives_the_new_number(derived: p.Place) -> None:
    was = tell("carbon.electricity")
    derived.correct("LONE", 30, 50.0)
    assert tell("carbon.electricity").stale
    assert services.derive(derived.area, p.YEAR).minted > 0
    now = tell("carbon.electricity")
    gain = 2.0 * (50.0 - p.HOURLY["LONE", "import"][30])
    assert (now.value - was.value, now.stale) == (pytest.approx(gain), False)
    assert now.receipt != was.receipt


def test_what_a_correction_elsewhere_leaves_alone_keeps_its_receipt(derived: p.Place) -> None:
    was = record.figures(derived.area, "2023")
    meter.correct_reading(
        meter_id=derived.ids["FAR"], channel="import", start=p.START, seconds=3600, value=1.0,
        reason="wrong", actor=SYSTEM, area=derived.areas["meadow"],
    )  # fmt: skip
    meter.refresh()
    assert record.figures(derived.area, "2023") == was


def test_a_committed_reading_that_readers_do_not_see_yet_keeps_the_figure_stale(derived: p.Place) -> None:
    derived.commit("LONE", p.START, 50.0)
    services.derive(derived.area, p.YEAR)
    assert tell("carbon.electricity").stale
    meter.refresh()
    services.derive(derived.area, p.YEAR)
    assert not tell("carbon.electricity").stale


def _during(monkeypatch: pytest.MonkeyPatch, act: Any) -> None:
    """Have something happen once after the inputs of a derivation were read."""
    compute = deriving.compute

    def computing(*args: Any) -> Any:
        monkeypatch.setattr(deriving, "compute", compute)
        act()
        return compute(*args)

    monkeypatch.setattr(deriving, "compute", computing)


def newer(pct: float = 1.1) -> FactRow:
    """A newer vintage of the factor the community stands on."""
    fact = record.fact_by("grid.cn-gd.avg.2023")
    value = dict(fact.value) | {"value": fact.value["value"] * pct}
    return FactRow(
        **{**vars(fact), "value": value, "published": date(2026, 6, 30), "learned": None, "vintage": ""}
    )


CHANGES = {
    "reading": lambda world: world.correct("LONE", 30, 50.0),
    "multiplier": lambda world: meter.change(world.row("LONE"), {"multiplier": 3.0}, actor=SYSTEM),
    "factor": lambda world: services.add_factor(newer(), actor=SYSTEM),
    "undo": lambda world: meter.undo_batch(world.batch, None, actor=SYSTEM, area=world.area, source="undo"),
}


@pytest.mark.parametrize("what", CHANGES)
@pytest.mark.parametrize("first", [True, False], ids=["first time", "again"])
def test_an_input_that_changes_while_a_figure_is_made_leaves_it_stale(
    world: p.Place, monkeypatch: pytest.MonkeyPatch, what: str, first: bool
) -> None:
    if not first:
        services.derive(world.area, p.YEAR)
        world.correct("SUB-1", 0, 1.0)
    _during(monkeypatch, lambda: CHANGES[what](world))
    services.derive(world.area, p.YEAR)
    assert tell("carbon.electricity").stale
    meter.refresh()
    services.derive(world.area, p.YEAR)
    assert not tell("carbon.electricity").stale


def test_a_change_between_two_places_of_a_run_is_seen_by_the_second(
    world: p.Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    services.derive(world.area, p.YEAR)
    was, kit = tell("carbon.electricity").value, services.Kit.now()
    world.correct("LONE", 30, 50.0)
    services.derive(world.area, p.YEAR, kit)  # with what was read before
    assert not tell("carbon.electricity").stale
    assert tell("carbon.electricity").value != was


@pytest.mark.parametrize(
    ("kind", "fact_id", "region"),
    [("tce", "tce.new", "CN"), ("gwp", "gwp.new", "GLOBAL"), ("tariff", "tariff.new", "CN-GD")],
)
def test_a_new_fact_of_a_kind_that_was_asked_for_makes_stale(
    derived: p.Place, kind: str, fact_id: str, region: str
) -> None:
    from tanlin.record.services import add_fact

    add_fact(FactRow(fact_id, kind, date(2026, 1, 1), {"value": 1.0}, region=region))
    assert tell("carbon.co2e").stale


def test_a_factor_of_another_region_makes_nothing_stale(derived: p.Place) -> None:
    from tanlin.record.services import add_fact

    add_fact(FactRow("grid.gb.new", "grid_location", date(2026, 1, 1), {"value": 1.0}, region="GB"))
    assert services.stale() == set()


# --- order ------------------------------------------------------------------------------------------------------------
def test_the_order_of_rows_does_not_change_receipts(
    derived: p.Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    was = {key: figure.receipt for key, figure in record.figures(derived.area, "2023").items()}
    frames, facts = meters.frames, record.facts

    for seed in range(3):
        rng = np.random.default_rng(seed)

        def mixed(*args: Any, rng: Any = rng) -> Any:
            return [table.take(rng.permutation(table.num_rows)) for table in frames(*args)]

        def mixed_facts(*args: Any, rng: Any = rng) -> Any:
            rows = facts(*args)
            return [rows[i] for i in rng.permutation(len(rows))]

        monkeypatch.setattr(meters, "frames", mixed)
        monkeypatch.setattr(record, "facts", mixed_facts)
        assert services.derive(derived.area, p.YEAR).minted == 0
        assert {key: f.receipt for key, f in record.figures(derived.area, "2023").items()} == was
