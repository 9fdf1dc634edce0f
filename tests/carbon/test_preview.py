"""A change of facts moves exactly the figures its preview named, by exactly what it said."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

import pyarrow as pa
import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tanlin.carbon import services
from tanlin.carbon.models import FactPreview
from tanlin.carbon.rules import GWP_SET
from tanlin.community.queries import SYSTEM
from tanlin.kernel.errors import BadInput, Conflict, Refused, TanlinError
from tanlin.kernel.period import Period
from tanlin.kernel.ports import mark_stale
from tanlin.meter import services as meter
from tanlin.record import FactRow, jobs
from tanlin.record import queries as record
from tests.carbon import place as p

pytestmark = pytest.mark.django_db(transaction=True)
YEARS = ("2023", "2024")
PLACES = ("street", "garden", "meadow")
#: (number, place, carrier, product, tariff)
METERS = (
    ("E1", "garden", "electricity", "", "CN-SH.residential"),
    ("E2", "meadow", "electricity", "", "CN-GD-SZ.residential"),
    ("G1", "garden", "gas", "natural_gas", ""),
    ("W1", "garden", "water", "", ""),
    ("C1", "meadow", "waste", "compost", ""),
    ("H1", "meadow", "heat", "", ""),
)


@pytest.fixture
def town() -> dict[str, Any]:
    """Three places with monthly bills of five carriers in two years, all derived."""
    made = p.areas()
    specs = [
        meter.Spec(
            owner=made[place], place=made[place], carrier=carrier, number=number, kind="bill", product=product,
            tariff=tariff, valid_from=date(2023, 1, 1),
            unit={"electricity": "kWh", "waste": "kg", "heat": "GJ"}.get(carrier, "m3"),
        )
        for number, place, carrier, product, tariff in METERS
    ]  # fmt: skip
    ids = {
        number: pk for (_, number, _), pk in meter.register(specs, actor=SYSTEM, area=made["street"]).items()
    }
    edges = [(year, month) for year in YEARS for month in range(1, 13)]
    rows = [
        (
            ids[number],
            p.es(f"{y}-{m:02}-01"),
            p.es(f"{int(y) + m // 12}-{m % 12 + 1:02}-01"),
            100.0 + 7 * n + m,
        )
        for n, (number, *_) in enumerate(METERS)
        for y, m in edges
    ]
    table = pa.table(
        {
            "meter_id": pa.array([row[0] for row in rows], pa.int64()),
            "channel": ["import"] * len(rows),
            "start": pa.array([row[1] for row in rows], pa.int64()),
            "seconds": pa.array([row[2] - row[1] for row in rows], pa.int32()),
            "value": [row[3] for row in rows],
            "quality": ["measured"] * len(rows),
        }
    )
    meter.add_readings(table, source="bills", actor=SYSTEM, area=made["street"])
    meter.refresh()
    services.load_facts(SYSTEM)
    work()
    return made


def work() -> None:
    """What the worker does next: the jobs that wait, then the figures that are due."""
    jobs.enqueue("carbon.derive_due")
    while (done := jobs.work_once()) is not None:
        assert done.state == "done", done.error


def told(made: dict[str, Any]) -> dict[tuple[int, str, str], Any]:
    """Every published figure by place, key and period."""
    return {
        (area.pk, key, period): figure
        for area in made.values()
        for (key, period), figure in record.figures(area).items()
    }


def said(figure: Any) -> tuple[Any, ...]:
    names = ("value", "unit", "low", "high", "coverage", "estimated", "provisional", "reason", "table")
    return tuple(getattr(figure, name) for name in names)


def grid(value: float, year: int = 2024, **over: Any) -> FactRow:
    fields = {
        "fact_id": f"grid.new.{year}", "kind": "grid_location", "region": "CN-GD", "unit": "kgCO2/kWh",
        "published": date(2026, 10, 1), "valid_from": date(year, 1, 1), "valid_to": date(year, 12, 31),
        "value": {"value": value, "product": "", "name_zh": "新", "name_en": "new"}, "uncertainty_pct": 10.0,
        "source": "notice",
    }  # fmt: skip
    return FactRow(**fields | over)


def rule(value: str, since: int = 2023, region: str = "CN-GD") -> FactRow:
    return FactRow(
        fact_id=f"{GWP_SET}.{value}.{since}", kind=GWP_SET, region=region, published=date(2026, 10, 1),
        valid_from=date(since, 1, 1), value={"value": value}, source="decision",
    )  # fmt: skip


def check(made: dict[str, Any], rows: list[FactRow]) -> services.Preview:
    """Preview, add, derive: what moved is what was named, the rest keeps its receipt, old receipts replay equal."""
    before = told(made)
    found = services.preview(rows)
    services.add_facts(rows, actor=SYSTEM)
    work()
    after = told(made)
    named = {(one.area, one.key, one.period): one for one in found.moved}
    assert set(named) == {key for key in after if said(after[key]) != said(before[key])}
    for key, one in named.items():
        for name in ("value", "low", "high", "provisional"):
            assert one.was[name] == getattr(before[key], name)
            now = getattr(after[key], name)
            assert one.now[name] == (now if now is None else pytest.approx(now, rel=1e-9))
    fresh = {before[key].receipt for key in after if after[key].receipt != before[key].receipt}
    assert {one.receipt for one in found.moved} | set(found.renewed) == fresh
    return found


def test_a_newer_notice_moves_what_its_preview_named(town: dict[str, Any]) -> None:
    old = told(town)[town["garden"].pk, "carbon.co2e", "2024"]
    found = check(town, [grid(0.4)])
    assert {one.period for one in found.moved} == {"2024"}
    assert {one.area for one in found.moved} == {town[place].pk for place in PLACES}
    assert "carbon.basic" in {one.key for one in found.moved}
    replayed = record.replay(SYSTEM, old.receipt)
    assert replayed.answer == "equal"
    assert {change.name for change in replayed.changes} == {"grid.cn-gd.avg.2023", "grid.new.2024"}


KINDS = {
    "grid_location": [("", "kgCO2/kWh")],
    "fuel": [("natural_gas", "kgCO2/m3"), ("lpg", "kgCO2/kg")],
    "water": [("", "kgCO2e/t")],
    "heat": [("", "kgCO2/GJ")],
    "waste": [("compost", "kgCH4/t"), ("landfill", "tCO2e/t")],
    "gwp": [("ar5.ch4", "kgCO2e/kg"), ("ar6.ch4", "kgCO2e/kg")],
    "tce": [("electricity", "kgce/kWh")],
}


@st.composite
def factor(draw: st.DrawFn) -> FactRow:
    """A new factor of a kind that may or may not be used, anywhere, for some years."""
    kind = draw(st.sampled_from(sorted(KINDS)))
    product, unit = draw(st.sampled_from(KINDS[kind]))
    first = draw(st.sampled_from([None, 2021, 2023, 2024, 2026]))
    last = draw(st.sampled_from([None, 2022, 2023, 2024]))
    last = last if last is None or first is None or last >= first else None
    value = draw(st.floats(0.1, 30.0))
    return FactRow(
        fact_id=draw(st.sampled_from(["drawn", "grid.cn-gd.avg.2023"])), kind=kind, unit=unit,
        region=draw(st.sampled_from(["CN-GD-SZ", "CN-GD", "CN-GRID-SC", "CN", "GLOBAL", "CN-SH"])),
        published=draw(st.sampled_from([date(2020, 1, 1), date(2026, 10, 1)])),
        valid_from=date(first, 1, 1) if first else None, valid_to=date(last, 12, 31) if last else None,
        value={"value": value, "product": product, "name_zh": "", "name_en": ""},
        uncertainty_pct=draw(st.sampled_from([None, 5.0, 20.0])), source="drawn",
    )  # fmt: skip


class _Undo(Exception):
    """Ends an example as if nothing had been added."""


@settings(max_examples=5, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(rows=st.lists(factor(), min_size=1, max_size=2, unique_by=lambda row: row.fact_id))
def test_any_new_factors_move_exactly_what_their_preview_named(
    town: dict[str, Any], rows: list[FactRow]
) -> None:
    with pytest.raises(_Undo), transaction.atomic():
        check(town, rows)
        raise _Undo


def test_a_correction_that_changes_nothing_used_moves_nothing(town: dict[str, Any]) -> None:
    assert not check(town, [grid(0.4, region="CN-JS")]).moved


def test_another_set_of_potentials_moves_what_holds_methane(town: dict[str, Any]) -> None:
    found = check(town, [rule("ar6", 2024)])
    assert {one.period for one in found.moved} == {"2024"}  # one set a version: 2023 keeps its own
    receipt = record.receipt(SYSTEM, record.figure(town["meadow"], "carbon.co2e", "2024").receipt)
    assert receipt.body["parameters"]["gwp"] == "ar6"
    assert f"{GWP_SET}.ar6.2024" in {item.get("fact") for item in receipt.body["inputs"]}
    assert record.replay(SYSTEM, receipt.hash).answer == "equal"


def test_the_nearest_region_sets_the_potentials(town: dict[str, Any]) -> None:
    check(town, [rule("ar6")])
    found = check(town, [rule("ar5", 2024, "CN-GD-SZ")])
    assert {one.period for one in found.moved} == {"2024"}


def test_a_tariff_moves_cost_only(town: dict[str, Any]) -> None:
    fact = record.fact_by("tariff.CN-GD-SZ.residential")
    value = dict(fact.value) | {"prices": {"all": {"all": [1.0, 1.1, 1.2]}}}
    row = FactRow(
        **vars(fact) | {"value": value, "published": date(2026, 1, 1), "learned": None, "vintage": ""}
    )
    found = check(town, [row])
    assert "carbon.cost" in {one.key for one in found.moved}
    assert {one.area for one in found.moved} == {town["meadow"].pk, town["street"].pk}
    assert not {one.key for one in found.moved} & {"carbon.co2e", "carbon.basic", "carbon.electricity"}


def test_a_row_of_a_tariff_from_elsewhere_reaches_the_meters_that_have_it(town: dict[str, Any]) -> None:
    fact = record.fact_by("tariff.CN-SH.residential.2012-07-01")
    value = dict(fact.value) | {
        "valid_from": "2024-01-01",
        "prices": {"all": {"peak": 1.0, "valley": 1.0}},
        "tiers": None,
    }
    name = "tariff.CN-SH.residential.2024-01-01"
    over = {"fact_id": name, "value": value, "valid_from": date(2024, 1, 1), "learned": None, "vintage": ""}
    check(town, [FactRow(**vars(fact) | over)])


def test_a_notice_makes_provisional_years_final(town: dict[str, Any]) -> None:
    moved = {(one.area, one.key, one.period): one for one in check(town, [grid(0.4419)]).moved}
    one = moved[town["garden"].pk, "carbon.co2e", "2024"]
    assert (one.was["provisional"], one.now["provisional"]) == (True, False)
    assert one.was["value"] == one.now["value"]


@contextmanager
def refused(kind: type[TanlinError], code: str) -> Iterator[None]:
    with pytest.raises(kind) as caught:
        yield
    assert caught.value.code == code


def asked(made: dict[str, Any], *rows: FactRow) -> FactPreview:
    return services.ask_preview(rows, area=made["street"], actor=None)


def test_a_fact_that_came_between_voids_a_preview(town: dict[str, Any]) -> None:
    found = asked(town, grid(0.4))
    services.add_factor(grid(0.39, published=date(2026, 11, 1)), actor=SYSTEM)
    newest = record.newest_fact()
    with refused(Conflict, "carbon.preview_outdated"):
        services.confirm_preview(found, actor=None)
    assert (record.newest_fact(), services.is_outdated(found)) == (newest, True)


def test_a_preview_is_confirmed_once(town: dict[str, Any]) -> None:
    found = asked(town, grid(0.4))
    assert services.confirm_preview(found, actor=None) == 1
    with refused(Conflict, "carbon.preview_over"):
        services.confirm_preview(found, actor=None)
    assert record.fact_by("grid.new.2024").value["value"] == 0.4


def test_a_preview_stores_no_fact_and_publishes_nothing(town: dict[str, Any]) -> None:
    before, newest, receipts = told(town), record.newest_fact(), p.receipts()
    asked(town, grid(0.4))
    assert (told(town), record.newest_fact(), p.receipts()) == (before, newest, receipts)


def test_where_many_places_are_touched_a_job_computes_it(
    town: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tanlin.carbon.services.previewing.FEW", 0)
    found = asked(town, grid(0.4))
    assert found.result is None and found.job
    done = jobs.work_once()
    assert done is not None and (done.pk, done.state, done.progress) == (found.job, "done", 6)
    assert services.Preview.read(FactPreview.objects.get().result) == services.preview([grid(0.4)])


def test_what_is_stored_already_or_no_fact_is_refused(town: dict[str, Any]) -> None:
    known = record.fact_by("grid.cn-gd.avg.2023")
    with refused(Refused, "carbon.nothing_new"):
        services.preview([FactRow(**vars(known) | {"learned": None, "vintage": ""})])
    for wrong in (
        FactRow(**vars(grid(0.4)) | {"value": {"value": "much"}}),
        rule("ar9"),
        grid(0.4, kind="rule.x"),
    ):
        with refused(BadInput, "carbon.bad_factor"):
            services.preview([wrong])


def test_a_tariff_keeps_what_every_year_of_it_is_priced_by(town: dict[str, Any]) -> None:
    fact = record.fact_by("tariff.CN-GD-SZ.residential")
    for over in (
        {"carrier": "water", "unit": "m3"},
        {"currency": "USD"},
        {"hours": {"all": {"all": ["00:00-24:00"]}}},
    ):
        value = dict(fact.value) | over
        with refused(BadInput, "carbon.other_tariff"):
            services.preview([FactRow(**vars(fact) | {"value": value, "learned": None, "vintage": ""})])


def test_a_newer_method_takes_up_the_figures_of_the_older_one(
    town: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    from dataclasses import replace

    from django.apps import apps

    from tanlin.carbon import jobs as work_of
    from tanlin.carbon.methods import INVENTORY
    from tanlin.carbon.services import deriving

    old = told(town)[town["garden"].pk, "carbon.co2e", "2023"]
    newer, config = replace(INVENTORY, version=INVENTORY.version + 1), apps.get_app_config("tanlin_carbon")
    monkeypatch.setattr(deriving, "INVENTORY", newer)
    monkeypatch.setattr(config, "room", replace(config.room, methods=(*config.room.methods, newer)))
    monkeypatch.setattr(work_of, "_passed", {})  # as after a start of the program
    work()
    fresh = told(town)[town["garden"].pk, "carbon.co2e", "2023"]
    assert record.receipt(SYSTEM, fresh.receipt).body["method"]["version"] == newer.version
    assert record.replay(SYSTEM, old.receipt).answer == "equal"


def test_a_month_follows_an_earlier_correction_without_a_figure_of_its_year(town: dict[str, Any]) -> None:
    home = town["garden-101"]
    services.derive(town["garden"], Period("2023-04"))
    before = record.marks(town["garden"], "carbon.cost", "2023-04")
    mark_stale([home.pk], date(2023, 1, 5), date(2023, 1, 5))
    assert record.marks(town["garden"], "carbon.cost", "2023-04") == before + 1
