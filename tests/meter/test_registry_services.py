"""Metering points, their dated rows and devices; main and sub-meters; what one correction derives anew."""

from datetime import UTC, date, datetime
from typing import Any

import pyarrow as pa
import pytest
from django.core.exceptions import ValidationError

from tanlin.community import services as community
from tanlin.community.queries import SYSTEM
from tanlin.kernel.errors import BadInput, Conflict
from tanlin.kernel.period import midnight
from tanlin.meter import meters_frame, queries, services
from tanlin.meter.models import Device, MeterRow
from tanlin.readings import queries as readings
from tanlin.readings.models import Batch
from tanlin.record import jobs
from tanlin.record.models import Event, Job
from tests.meter.support import world

pytestmark = pytest.mark.django_db
JANUARY = date(2025, 1, 1)


def spec(areas: dict[str, Any], number: str, **more: Any) -> services.Spec:
    fields = {"owner": areas["here"], "place": areas["building"], "carrier": "electricity", "unit": "kWh"}
    return services.Spec(number=number, valid_from=JANUARY, **(fields | more))


def register(areas: dict[str, Any], *specs: services.Spec) -> dict[str, int]:
    ids = services.register(specs, actor=SYSTEM, area=areas["here"])
    return {number: pk for (_carrier, number, _channel), pk in ids.items()}


def row(number: str) -> MeterRow:
    return MeterRow.objects.select_related("place", "meter").get(
        meter__number=number, superseded_at=None, valid_to=None
    )


def add(ids: list[int], first: datetime, hours: int, value: float = 1.0, seconds: int = 3600) -> None:
    start = int(first.timestamp())
    rows = [(pk, start + 3600 * k) for pk in ids for k in range(hours)]
    table = pa.table(
        {
            "meter_id": [pk for pk, _ in rows],
            "channel": ["import"] * len(rows),
            "start": [s for _, s in rows],
            "seconds": [seconds] * len(rows),
            "value": [value] * len(rows),
            "quality": ["measured"] * len(rows),
        }
    )
    area = MeterRow.objects.filter(meter=ids[0])[0].place
    services.add_readings(table, source="test", actor=SYSTEM, area=area)


def registers(pk: int, at: dict[datetime, float]) -> None:
    table = pa.table(
        {
            "meter_id": [pk] * len(at),
            "channel": ["import"] * len(at),
            "start": [int(moment.timestamp()) for moment in at],
            "seconds": [0] * len(at),
            "value": list(at.values()),
            "quality": ["measured"] * len(at),
        }
    )
    services.add_readings(table, source="test", actor=SYSTEM, area=MeterRow.objects.filter(meter=pk)[0].place)


def frame(areas: dict[str, Any], slug: str) -> pa.Table:
    """The meters that count at a place in June."""
    area = areas[slug]
    rows = queries.rows_below(area, date(2025, 6, 1), date(2025, 6, 30))
    slugs = {area.pk: area.slug} | dict(area.children.values_list("id", "slug"))
    return meters_frame(rows, area.path, slugs)


def used(pk: int) -> float | None:
    sql = f"SELECT SUM(value) AS v FROM current WHERE meter_id = {pk}"
    return readings.snapshot().query(sql)["v"][0].as_py()


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"channel": "sideways"}, "meter.unknown_channel"),
        ({"multiplier": 0.0}, "meter.bad_multiplier"),
        ({"unit": "kg"}, "kernel.unknown_unit"),
        ({"carrier": "steam", "unit": "kg"}, "kernel.unknown_carrier"),
        ({"parent": "nobody"}, "meter.unknown_parent"),
        ({"use": "leisure"}, "meter.unknown_use"),
    ],
)
def test_a_wrong_meter_is_refused_whole(fields: dict[str, Any], code: str):
    areas = world()
    with pytest.raises(BadInput) as refusal:
        register(areas, spec(areas, "good"), spec(areas, "wrong", **fields))
    assert refusal.value.code == code
    assert not MeterRow.objects.exists()


def test_a_point_gets_a_second_channel_but_no_channel_twice():
    areas = world()
    first = register(areas, spec(areas, "A"))
    assert register(areas, spec(areas, "A", channel="export")) == first
    with pytest.raises(Conflict):
        register(areas, spec(areas, "A"))


def test_a_change_from_a_day_closes_the_row_and_a_correction_supersedes_it():
    areas = world()
    register(areas, spec(areas, "A"))
    june = date(2025, 6, 1)
    services.change(row("A"), {"multiplier": 60.0}, actor=SYSTEM, from_day=june, reason="new transformer")
    rows = MeterRow.objects.filter(superseded_at=None).order_by("valid_from")
    assert [(r.valid_from, r.valid_to, r.multiplier) for r in rows] == [
        (JANUARY, june, 1.0),
        (june, None, 60.0),
    ]
    old = row("A")
    services.change(old, {"multiplier": 30.0}, actor=SYSTEM, reason="misread")
    assert row("A").multiplier == 30.0
    assert MeterRow.objects.filter(superseded_at=None).count() == 2
    with pytest.raises(Conflict):
        services.change(old, {"multiplier": 15.0}, actor=SYSTEM)
    with pytest.raises(BadInput):
        services.change(row("A"), {"multiplier": 15.0}, actor=SYSTEM, from_day=JANUARY)
    assert Event.objects.filter(verb="meter.changed").count() == 2


def test_a_change_against_the_rules_of_the_table_is_refused():
    areas = world()
    register(areas, spec(areas, "A"))
    with pytest.raises(ValidationError):
        services.change(row("A"), {"multiplier": "many"}, actor=SYSTEM)
    assert row("A").multiplier == 1.0


def test_registers_roll_over_and_run_on_through_an_exchange():
    areas = world()
    [pk] = register(areas, spec(areas, "R", kind="register")).values()
    Device.objects.create(meter_id=pk, from_es=midnight(JANUARY, "Asia/Shanghai"), digits=5)
    registers(pk, {datetime(2025, 2, 1, tzinfo=UTC): 99_900.0, datetime(2025, 3, 1, tzinfo=UTC): 50.0})
    services.refresh()
    assert used(pk) == pytest.approx(150.0)
    at = int(datetime(2025, 3, 15, tzinfo=UTC).timestamp())
    services.exchange_device(
        row("R"), at_es=at, final=80.0, initial=10.0, digits=6, serial="N-2", actor=SYSTEM
    )
    registers(pk, {datetime(2025, 4, 1, tzinfo=UTC): 25.0})
    [job] = [job for job in jobs.work_through() if job.kind == "meter.refresh" and job.args]
    assert job.state == Job.State.DONE
    assert used(pk) == pytest.approx(150.0 + 30.0 + 15.0)
    with pytest.raises(BadInput):
        services.exchange_device(
            row("R"), at_es=at, final=1.0, initial=0.0, digits=6, serial="", actor=SYSTEM
        )


def test_an_exchange_told_late_derives_the_past_anew():
    areas = world()
    [pk] = register(areas, spec(areas, "R", kind="register")).values()
    registers(pk, {datetime(2025, 2, 1, tzinfo=UTC): 500.0, datetime(2025, 4, 1, tzinfo=UTC): 520.0})
    services.refresh()
    assert used(pk) == pytest.approx(20.0)
    at = int(datetime(2025, 3, 1, tzinfo=UTC).timestamp())
    services.exchange_device(row("R"), at_es=at, final=900.0, initial=0.0, digits=6, serial="N", actor=SYSTEM)
    services.refresh([pk])
    assert used(pk) == pytest.approx(400.0 + 520.0)


def test_main_and_sub_meters_are_not_counted_twice_and_a_dead_one_empties_nobody():
    areas = world()
    ids = register(
        areas,
        spec(areas, "main"),
        spec(areas, "sub-1", parent="main", place=areas["home"]),
        spec(areas, "sub-2", parent="main", place=areas["home"]),
    )
    add([ids["main"]], datetime(2025, 6, 1, tzinfo=UTC), 48, 10.0)
    add([ids["sub-1"]], datetime(2025, 6, 1, tzinfo=UTC), 48, 4.0)  # sub-2 is dead
    services.refresh()
    here = frame(areas, "here")
    home = frame(areas, "home")
    sql = """SELECT SUM(c.value * m.multiplier) AS v FROM current c JOIN meters m
        ON c.meter_id = m.meter_id AND c.channel = m.channel AND c.start >= m.from_es AND c.start < m.to_es
        WHERE m.selected"""
    snapshot = readings.snapshot()
    assert snapshot.query(sql, meters=here)["v"][0].as_py() == pytest.approx(480.0)
    assert snapshot.query(sql, meters=home)["v"][0].as_py() == pytest.approx(192.0)
    lines = {
        line.row.meter.number: line.health
        for line in queries.listed(areas["here"], queries.meters(areas["here"]))
    }
    assert lines == {"main": "dead", "sub-1": "dead", "sub-2": "never"}


def test_one_corrected_reading_derives_one_meter_day_anew():
    areas = world()
    ids = register(areas, spec(areas, "A"), spec(areas, "B"))
    add(list(ids.values()), datetime(2025, 6, 1, tzinfo=UTC), 24 * 30)
    services.refresh()
    start = int(datetime(2025, 6, 10, 3, tzinfo=UTC).timestamp())
    services.correct_reading(
        meter_id=ids["A"], channel="import", start=start, seconds=3600, value=7.5, reason="misread",
        actor=SYSTEM, area=areas["here"],
    )  # fmt: skip
    done = services.refresh()
    print(f"meter-days derived anew: {done.meter_days}")
    assert done.meter_days == 1
    assert used(ids["A"]) == pytest.approx(24 * 30 + 6.5)
    log = f"SELECT value, quality FROM log WHERE meter_id = {ids['A']} AND start = {start} ORDER BY batch"
    kept = readings.snapshot().query(log).to_pylist()
    assert [(r["value"], r["quality"]) for r in kept] == [(1.0, "measured"), (7.5, "edited")]
    with pytest.raises(BadInput):
        services.correct_reading(
            meter_id=ids["A"], channel="import", start=start, seconds=3600, value=1.0, reason=" ",
            actor=SYSTEM, area=areas["here"],
        )  # fmt: skip


def test_a_recovered_batch_marks_and_reports_without_an_import():
    areas = world()
    ids = register(areas, spec(areas, "A"))
    add([ids["A"]], datetime(2025, 6, 1, tzinfo=UTC), 2)
    services.recovered(Batch.objects.get())
    assert Event.objects.filter(verb="meter.readings_added").count() == 2


def test_a_place_is_found_by_slug_chinese_or_english_name():
    areas = world()

    def add(slug: str, name: str, name_en: str = "") -> Any:
        return community.create_area(
            SYSTEM, slug=slug, name=name, name_en=name_en, level="building", parent=areas["here"]
        )

    hall = add("hall", "党群中心", "Service Hall")
    one, two = add("one", "1栋"), add("two", "1栋")
    for text in ("hall", "党群中心", "service hall", "党群中心 · hall", " hall "):
        assert queries.place_below(SYSTEM, areas["here"], text) == hall
    with pytest.raises(BadInput) as caught:
        queries.place_below(SYSTEM, areas["here"], "1栋")
    assert caught.value.code == "meter.ambiguous_place"
    assert "1栋 · one" in caught.value.remedy.zh
    assert "1栋 · two" in caught.value.remedy.en
    assert queries.place_below(SYSTEM, areas["here"], "1栋 · two") == two
    for text in ("there", "", "nowhere"):
        with pytest.raises(BadInput) as caught:
            queries.place_below(SYSTEM, areas["here"], text)
        assert caught.value.code == "meter.unknown_place"
    offers = {place.slug: offer for place, offer in queries.offered_places(SYSTEM, areas["here"], True)}
    assert (offers["hall"], offers["one"]) == ("Service Hall", "1栋 · one")
    assert one.slug in offers
