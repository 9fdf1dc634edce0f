"""A dead meter and a late file among many: every place keeps its figure, and only what changed is derived anew."""

from __future__ import annotations

import time
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from tanlin.carbon import services as carbon
from tanlin.carbon.services import due
from tanlin.community import queries as areas_of
from tanlin.community import services as community
from tanlin.community.queries import SYSTEM
from tanlin.kernel.period import Period
from tanlin.meter import services as meter
from tanlin.meter.models import Exceptional
from tanlin.readings import queries as readings
from tanlin.record import queries as record
from tanlin.record.models import FigureRow

pytestmark = pytest.mark.django_db(transaction=True)
#: 2024-03-01 00:00 in Shanghai.
START = 1_709_222_400
HOUR, DAY = 3600, 86400
YEAR = Period("2024")
LATE_DAYS = 3


class Town:
    """A street of buildings, each with homes that have one meter; one meter is dead, one is three days late."""

    def __init__(self, buildings: int, homes: int, days: int) -> None:
        self.days, self.homes = days, homes
        self.street = self._area("street", "street", None)
        self.garden = self._area("garden", "community", self.street)
        self.buildings = [self._area(f"b{n}", "building", self.garden) for n in range(buildings)]
        specs = [
            meter.Spec(
                owner=self.garden, place=place, carrier="electricity", number=f"{place.slug}-{n}", unit="kWh",
                valid_from=date(2024, 3, 1),
            )
            for place in self.buildings
            for n in range(homes)
        ]  # fmt: skip
        self.ids = np.array(sorted(meter.register(specs, actor=SYSTEM, area=self.garden).values()))
        rng = np.random.default_rng(5)
        self.values = np.round(rng.gamma(2.0, 0.4, (len(self.ids), days * 24)), 3)
        self.dead, self.late = 1, homes + 2  # of the first and of the second building
        carbon.load_facts(SYSTEM)

    def _area(self, slug: str, level: str, parent: Any) -> Any:
        return community.create_area(
            SYSTEM, slug=slug, name=slug, level=level, parent=parent, region="CN-GD-SZ"
        )

    def rows(self, meters: np.ndarray, first_hour: int, last_hour: int) -> pa.Table:
        hours = np.arange(first_hour, last_hour)
        n = len(meters) * len(hours)
        return pa.table(
            {
                "meter_id": np.repeat(self.ids[meters], len(hours)),
                "channel": pa.array(["import"]).take(pa.array(np.zeros(n, np.int8))),
                "start": np.tile(START + hours * HOUR, len(meters)),
                "seconds": pa.array(np.full(n, HOUR), pa.int32()),
                "value": self.values[meters, first_hour:last_hour].ravel(),
                "quality": pa.array(["measured"]).take(pa.array(np.zeros(n, np.int8))),
            }
        )

    def read(self) -> Any:
        """All that came in time: nothing of the dead meter after the first day, nothing of the late one at the end."""
        every = np.arange(len(self.ids))
        whole = every[(every != self.dead) & (every != self.late)]
        end = self.days * 24
        parts = [
            self.rows(whole, 0, end),
            self.rows(np.array([self.dead]), 0, 24),
            self.rows(np.array([self.late]), 0, end - LATE_DAYS * 24),
        ]
        meter.add_readings(pa.concat_tables(parts), source="in time", actor=SYSTEM, area=self.garden)
        return meter.refresh()

    def late_file(self) -> Any:
        end = self.days * 24
        rows = self.rows(np.array([self.late]), end - LATE_DAYS * 24, end)
        meter.add_readings(rows, source="late", actor=SYSTEM, area=self.garden)
        return meter.refresh()

    def figure(self, place: Any, key: str = "carbon.electricity") -> Any:
        return record.figure(areas_of.area(SYSTEM, place.slug), key, "2024")

    def used(self, meters: slice | None = None) -> float:
        """kWh that the log holds of these meters."""
        wanted = self.ids[meters] if meters is not None else self.ids
        ids = pa.table({"meter_id": pa.array(wanted.tolist(), pa.int64())})
        sql = "SELECT SUM(c.value) AS kwh FROM current c JOIN ids i ON c.meter_id = i.meter_id"
        return float(readings.snapshot().query(sql, ids=ids)["kwh"][0].as_py())

    def of_building(self, number: int) -> slice:
        return slice(number * self.homes, (number + 1) * self.homes)


def derive_due() -> dict[str, int]:
    kit = carbon.Kit.fresh()
    pairs = carbon.ordered(carbon.stale() | carbon.missing(kit))
    return due.derive_all(pairs, kit)


def walk(town: Town) -> None:
    """The facts that hold at any size."""
    buildings, homes, days = len(town.buildings), town.homes, town.days
    begun = time.perf_counter()
    first = town.read()
    whole = buildings * homes * days
    assert first.meter_days == whole - (days - 1) - LATE_DAYS
    assert derive_due()["derived"] == buildings + 2
    checked = meter.validate(now=START + days * DAY)
    before = {place.slug: town.figure(place) for place in (town.street, town.garden, *town.buildings)}

    # Every parent keeps its figure, with the coverage of what is there.
    expected = [1.0] * buildings
    expected[0] -= (days - 1) / (homes * days)
    expected[1] -= LATE_DAYS / (homes * days)
    for number, place in enumerate(town.buildings[:3]):
        figure = before[place.slug]
        assert figure.value == pytest.approx(town.used(town.of_building(number)))
        assert figure.coverage == pytest.approx(expected[number], abs=1e-6)
    assert before["street"].value == pytest.approx(town.used())
    assert before["street"].coverage == pytest.approx(np.mean(expected), abs=1e-6)
    gaps = Exceptional.objects.filter(kind="gap").values_list("meter_id", flat=True)
    assert set(gaps) == {town.ids[town.dead], town.ids[town.late]}

    # After the late file only its three meter-days are derived, and only the figures above it.
    second = town.late_file()
    assert second.meter_days == LATE_DAYS and second.rows == LATE_DAYS * 24
    stale = {row.area.slug for row in FigureRow.objects.exclude(stale_since=None).select_related("area")}
    assert stale == {"street", "garden", town.buildings[1].slug}
    assert derive_due()["derived"] == 3
    again = meter.validate(now=START + days * DAY)
    assert again.meter_days <= LATE_DAYS + 1  # three local days touch four UTC days
    late = town.figure(town.buildings[1])
    assert late.coverage == pytest.approx(1.0) and late.value == pytest.approx(town.used(town.of_building(1)))
    assert town.figure(town.street).value == pytest.approx(town.used())
    for place in (town.buildings[0], *town.buildings[2:]):
        now = town.figure(place)
        assert (now.value, now.receipt) == (before[place.slug].value, before[place.slug].receipt)
    third = meter.refresh()
    assert third.meter_days == 0
    print(
        f"\n{buildings * homes} meters, {days} days: meter-days derived at first {first.meter_days}, after the late"
        f" file {second.meter_days}, without news {third.meter_days}; meter-days checked {checked.meter_days}, then"
        f" {again.meter_days}; figures of places derived {buildings + 2}, then 3;"
        f" {time.perf_counter() - begun:.0f} s in all"
    )


def test_a_dead_and_a_late_meter_among_sixty() -> None:
    walk(Town(buildings=6, homes=10, days=10))


@pytest.mark.soak
def test_a_dead_and_a_late_meter_among_five_thousand() -> None:
    walk(Town(buildings=50, homes=100, days=31))


def test_an_estimate_changes_the_figure_and_its_receipt_and_undoing_it_brings_both_back() -> None:
    town = Town(buildings=2, homes=3, days=70)
    every = np.arange(6)
    parts = [
        town.rows(every[1:], 0, 70 * 24),
        town.rows(every[:1], 0, 800),
        town.rows(every[:1], 830, 70 * 24),
    ]
    meter.add_readings(pa.concat_tables(parts), source="file", actor=SYSTEM, area=town.garden)
    meter.refresh()
    derive_due()
    meter.validate(now=START + 70 * DAY)
    place = town.buildings[0]
    before, other = town.figure(place), town.figure(town.buildings[1])
    gap = Exceptional.objects.get(kind="gap")

    meter.quality.estimate([gap.pk], area=town.garden, actor=SYSTEM, reason="router down")
    done = meter.refresh()
    assert done.rows == 30 and done.meter_days == 2
    assert derive_due()["derived"] == 3
    now = town.figure(place)
    gap.refresh_from_db()
    made = town.used(town.of_building(0)) - before.value
    assert before.coverage == pytest.approx(1 - 30 / (3 * 70 * 24)) and now.coverage == pytest.approx(1.0)
    assert now.value - before.value == pytest.approx(made) and now.estimated == pytest.approx(
        made / now.value
    )
    assert now.receipt != before.receipt and gap.method == "profile" and gap.error is not None
    assert town.figure(town.buildings[1]).receipt == other.receipt

    meter.quality.undo([gap.pk], area=town.garden, actor=SYSTEM, reason="too early")
    meter.refresh()
    derive_due()
    back = town.figure(place)
    assert (back.value, back.coverage, back.receipt) == (before.value, before.coverage, before.receipt)
