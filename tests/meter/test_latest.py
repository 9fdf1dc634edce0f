"""The latest readings kept in SQL equal those of the log after whatever happens to it."""

from datetime import date
from typing import Any

import pytest

from tanlin.community.queries import SYSTEM
from tanlin.meter import jobs, queries, services
from tanlin.meter.models import LatestReading, Meter
from tanlin.readings import queries as readings
from tests.meter.support import hourly_csv, imported, world

pytestmark = pytest.mark.django_db(transaction=True)
NAMES = ("meter_id", "channel", "start", "seconds", "value", "quality")


def kept() -> list[dict[str, Any]]:
    return list(LatestReading.objects.order_by("meter_id", "channel").values(*NAMES))


def logged() -> list[dict[str, Any]]:
    found = readings.latest(Meter.objects.values_list("pk", flat=True))
    return [{name: row[name] for name in NAMES} for row in found.to_pylist()]


def test_they_follow_imports_corrections_and_undoing():
    areas = world()
    first = imported(areas["here"], hourly_csv(["A", "B"], 24))
    assert kept() == logged()
    assert len(kept()) == 2
    second = imported(areas["here"], hourly_csv(["A"], 30, plus=0.5))
    assert kept() == logged()
    one = kept()[0]
    key = {name: one[name] for name in ("meter_id", "channel", "start", "seconds")}
    services.correct_reading(**key, value=99.0, reason="misread", actor=SYSTEM, area=areas["here"])
    services.refresh()
    assert kept() == logged()
    assert kept()[0]["value"] == 99.0
    services.undo_import(second, SYSTEM)
    services.refresh()
    assert kept() == logged()
    services.undo_import(first, SYSTEM)
    services.refresh()
    assert kept() == logged()
    assert [row["value"] for row in kept()] == [99.0]


def test_a_register_reading_alone_counts_and_goes():
    areas = world()
    sheet = "表号,抄表时间,电表示数(kWh)\nR-1,2025-06-01 08:00,100\n".encode()
    done = imported(areas["here"], sheet)
    assert [(row["seconds"], row["value"]) for row in kept()] == [(0, 100.0)]
    services.undo_import(done, SYSTEM)
    assert services.refresh().rows == 0
    assert kept() == logged() == []


def test_health_in_a_demonstration_does_not_depend_on_what_is_asked_for():
    areas = world()
    imported(areas["here"], hourly_csv(["OLD"], 3, first="2025-01-01") + hourly_csv(["NEW"], 3)[36:])
    Area = type(areas["here"])
    Area.objects.update(origin="demonstration")
    here = Area.objects.get(slug="here")
    rows = list(queries.meters(here))
    assert {line.row.meter.number: line.health for line in queries.listed(here, rows)} == {
        "OLD": "dead",
        "NEW": "live",
    }
    old = [row for row in rows if row.meter.number == "OLD"]
    assert queries.listed(here, old)[0].health == "dead"


def test_lost_rows_are_found_by_the_periodic_job():
    areas = world()
    imported(areas["here"], hourly_csv(["A"], 3))
    LatestReading.objects.all().delete()
    [row] = queries.meters(areas["here"])
    assert queries.listed(areas["here"], [row])[0].health == "never"
    jobs.refresh_if_needed(None)  # type: ignore[arg-type]
    assert kept() == logged()
    assert queries.listed(areas["here"], [row])[0].value == 2.0


def test_a_meter_without_readings_has_none():
    areas = world()
    spec = services.Spec(
        owner=areas["here"], place=areas["home"], carrier="water", number="W", unit="m3",
        valid_from=date(2025, 1, 1),
    )  # fmt: skip
    services.register([spec], actor=SYSTEM, area=areas["here"])
    imported(areas["here"], hourly_csv(["A"], 3))
    assert kept() == logged()
    assert len(kept()) == 1
