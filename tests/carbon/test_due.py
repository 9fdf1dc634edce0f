"""What waits to be derived, in which order, and the job that does it."""

from __future__ import annotations

from typing import Any

import pytest

from tanlin.carbon import services
from tanlin.carbon.services import due
from tanlin.community import services as community
from tanlin.community.queries import SYSTEM
from tanlin.kernel.period import Period
from tanlin.meter import services as meter
from tanlin.record import jobs
from tanlin.record import queries as record
from tests.carbon import place as p
from tests.carbon.place import tell

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world() -> p.Place:
    return p.build()


def labels(pairs: list[tuple[Any, Period]]) -> list[tuple[str, str]]:
    return [(area.slug, period.label) for area, period in pairs]


def missing(world: p.Place) -> list[tuple[str, str]]:
    return labels(services.ordered(services.missing(services.Kit.now())))


def job() -> Any:
    jobs.enqueue("carbon.derive_due")
    done = jobs.work_once()
    assert done is not None
    return done


def read(world: p.Place, number: str, day: str, seconds: int = 3600) -> None:
    import pyarrow as pa

    row = {"meter_id": [world.ids[number]], "channel": ["import"], "start": [p.es(day)], "seconds": [seconds]}
    table = pa.table(row | {"value": [1.0], "quality": ["measured"]})
    meter.add_readings(table, source="more", actor=SYSTEM, area=world.area)


def test_places_of_building_level_and_above_are_missing_largest_first(world: p.Place) -> None:
    places = ("street", "garden", "meadow", "garden-1")
    assert missing(world) == [(place, "2023") for place in places]


def test_newer_years_come_first_and_years_without_readings_not_at_all(world: p.Place) -> None:
    read(world, "FAR", "2025-12-31 23:00")
    meter.refresh()
    assert missing(world)[:3] == [("street", "2025"), ("street", "2023"), ("meadow", "2025")]
    assert ("meadow", "2025") in missing(world) and not [
        x for x in missing(world) if x[1] in ("2024", "2026")
    ]


def test_a_bill_counts_in_every_year_it_touches(world: p.Place) -> None:
    read(world, "WATER", "2024-11-15", 70 * 86400)
    meter.refresh()
    assert {y for place, y in missing(world) if place == "garden"} == {"2023", "2024", "2025"}


def test_readings_outside_the_validity_of_their_meter_ask_for_nothing(world: p.Place) -> None:
    read(world, "FAR", "2021-06-01")
    meter.refresh()
    assert not [period for _, period in missing(world) if period == "2021"]


def test_a_meter_that_moved_counts_where_it_was(world: p.Place) -> None:
    from datetime import date

    read(world, "FAR", "2024-06-01")
    meter.refresh()
    meter.change(world.row("FAR"), {"place": world.area}, actor=SYSTEM, from_day=date(2024, 1, 1))
    assert {y for place, y in missing(world) if place == "meadow"} == {"2023"}
    assert {y for place, y in missing(world) if place == "garden"} == {"2023", "2024"}


def test_the_job_derives_what_is_missing_and_then_nothing(world: p.Place) -> None:
    first = job()
    assert first.state == "done"
    assert first.result["derived"] == 4 and first.result["refused"] == 0 and first.result["minted"] > 20
    assert (first.progress, first.total) == (4, 4)
    assert job().result == {"derived": 0, "minted": 0, "refused": 0}


def test_the_job_derives_only_what_is_stale(world: p.Place) -> None:
    job()
    world.correct("FAR", 0, 9.0)
    assert {period for _, period in services.stale()} == {"2023"}
    assert job().result["derived"] == 2  # the meadow and the street
    assert services.stale() == set()


def test_the_job_takes_up_readings_that_wait(world: p.Place) -> None:
    job()
    was = tell("carbon.electricity").value
    world.commit("LONE", p.START, 100.0)
    assert job().result["derived"] == 3
    assert tell("carbon.electricity").value > was and services.stale() == set()


def test_homes_are_derived_on_request_and_then_kept_fresh(world: p.Place) -> None:
    services.derive(world.areas["garden-101"], p.YEAR)
    job()
    read(world, "BILL", "2023-04-16", 86400)
    assert job().result["derived"] == 4
    assert not tell("carbon.electricity", "garden-101").stale


def test_a_month_follows_its_year_because_tiers_count_what_was_used_before(world: p.Place) -> None:
    meter.change(world.row("BILL"), {"tariff": "CN-JS.residential_flat"}, actor=SYSTEM)  # tiers of the year
    job()
    services.derive(world.area, Period("2023-04"))
    was = tell("carbon.cost", period="2023-04").value
    meter.correct_reading(
        meter_id=world.ids["BILL"], channel="import", start=p.START, seconds=15 * 86400, value=2700.0,
        reason="wrong", actor=SYSTEM, area=world.area,
    )  # fmt: skip
    assert job().result["derived"] == 4
    found = tell("carbon.cost", period="2023-04")
    tiers = (0.5283, 0.5783)  # up to 2,760 kWh a year, and above; 2,860 were used before April
    assert (was, found.value) == (pytest.approx(150 * tiers[0]), pytest.approx(150 * tiers[1]))
    assert record.replay(SYSTEM, found.receipt).answer == "equal"


def test_a_cancelled_job_stops_before_the_next_place(world: p.Place, monkeypatch: pytest.MonkeyPatch) -> None:
    derive, made = services.derive, []

    def cancelling(area: Any, *args: Any) -> Any:
        made.append(area.slug)
        jobs.cancel(jobs.Job.objects.get(state="running"))
        return derive(area, *args)

    monkeypatch.setattr(due, "derive", cancelling)
    assert job().state == "cancelled"
    assert made == ["street"] and tell("carbon.co2e", "street") is not None
    assert tell("carbon.co2e", "garden") is None


def test_one_place_is_derived_on_request(world: p.Place) -> None:
    jobs.enqueue("carbon.derive", {"slug": "meadow", "period": "2023"})
    done = jobs.work_once()
    assert done is not None and done.state == "done" and done.result["derived"] == 1
    assert tell("carbon.co2e", "garden") is None


def test_a_request_without_readings_fails_with_its_reason(world: p.Place) -> None:
    jobs.enqueue("carbon.derive", {"slug": "meadow", "period": "2020"})
    done = jobs.work_once()
    assert done is not None and (done.state, done.error["code"]) == ("failed", "carbon.no_readings")


def test_only_places_below_a_root_are_asked_for(world: p.Place) -> None:
    counts = services.derive_missing(world.area, {"community"})
    assert counts["derived"] == 1 and tell("carbon.co2e") is not None
    assert tell("carbon.co2e", "street") is None and tell("carbon.co2e", "garden-1") is None


def test_moving_an_area_makes_the_old_and_the_new_place_stale(world: p.Place) -> None:
    for area in (world.areas["garden"], world.areas["meadow"]):
        services.derive(area, Period("2023"))
    community.move_area(SYSTEM, world.areas["garden-1"], world.areas["meadow"])
    names = {world.areas[slug].pk: slug for slug in ("garden", "meadow")}
    assert {names[area] for area, _ in services.stale() if area in names} == {"garden", "meadow"}
