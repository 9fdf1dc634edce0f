"""Removing the registry of places; the first device of a register meter."""

from __future__ import annotations

from datetime import date

import pyarrow as pa
import pytest

from tanlin.community.queries import SYSTEM
from tanlin.kernel.errors import Conflict
from tanlin.kernel.period import midnight
from tanlin.meter import queries, services, staging
from tanlin.meter.models import Import, Meter, MeterRow, SourceMapping
from tanlin.readings import queries as readings
from tanlin.record import queries as record
from tests.meter.support import checked, hourly_csv, imported, world

pytestmark = pytest.mark.django_db(transaction=True)
DAY = 86400


def counted() -> dict[int, int]:
    rows = readings.snapshot().query("SELECT meter_id, COUNT(*) AS n FROM current GROUP BY meter_id")
    return {row["meter_id"]: row["n"] for row in rows.to_pylist()}


def test_places_are_erased_with_all_that_was_theirs_and_nothing_else() -> None:
    areas = world()
    imported(areas["here"], hourly_csv(["H-1", "H-2"], 5))
    imported(areas["there"], hourly_csv(["T-1"], 3), place="there")
    waiting = checked(areas["here"], hourly_csv(["H-3"], 2), "later.csv")
    assert staging.rows_file(waiting.pk).exists()
    kept = queries.meter_by_number(areas["there"], "T-1").pk
    gone = [areas[name].pk for name in ("here", "building", "home")]
    counts = services.erase_places(gone, actor=SYSTEM)
    assert counts["batches"] == 1 and counts["meters"] == counts["rows"] == 2 and counts["imports"] == 2
    assert counted() == {kept: 3}
    assert [m.number for m in Meter.objects.all()] == ["T-1"]
    assert not SourceMapping.objects.filter(area__in=gone).exists()
    assert not staging.rows_file(waiting.pk).exists()
    assert Import.objects.filter(area=areas["there"]).count() == 1
    assert record.verify_chain().whole
    assert services.erase_places(gone, actor=SYSTEM)["meters"] == 0


def test_an_erased_meter_id_is_never_given_again() -> None:
    areas = world()
    imported(areas["here"], hourly_csv(["H-1", "H-2"], 2))
    last = max(Meter.objects.values_list("pk", flat=True))
    services.erase_places([areas[name].pk for name in ("here", "building", "home")], actor=SYSTEM)
    imported(areas["here"], hourly_csv(["H-1", "H-2"], 2))
    assert min(Meter.objects.values_list("pk", flat=True)) > last
    assert set(counted().values()) == {2}


def test_a_batch_or_meter_shared_with_another_place_stops_the_removal() -> None:
    areas = world()
    imported(areas["here"], hourly_csv(["H-1"], 2))
    imported(areas["there"], hourly_csv(["T-1"], 2), place="there")
    ids = {m.number: m.pk for m in Meter.objects.all()}
    both = {"meter_id": list(ids.values()), "channel": ["import"] * 2, "start": [0, 0]}
    table = pa.table({**both, "seconds": [3600] * 2, "value": [1.0, 2.0], "quality": ["measured"] * 2})
    services.add_readings(table, source="both", actor=SYSTEM, area=areas["street"])
    mine = [areas[name].pk for name in ("here", "building", "home")]
    before = readings.watermark()
    with pytest.raises(Conflict) as mixed:
        services.erase_places(mine, actor=SYSTEM)
    assert mixed.value.code == "meter.mixed_batch"
    with pytest.raises(Conflict) as shared:
        services.erase_places([areas["here"].pk], actor=SYSTEM)  # owned here, placed in the home
    assert shared.value.code == "meter.shared_meter"
    assert readings.watermark() == before and Meter.objects.count() == 2


def test_a_first_device_lets_its_register_pass_zero() -> None:
    areas = world()
    spec = services.Spec(
        owner=areas["here"], place=areas["home"], carrier="water", number="W-1", unit="m3",
        valid_from=date(2025, 1, 1), kind="register",
    )  # fmt: skip
    pk = services.register([spec], actor=SYSTEM, area=areas["here"])["water", "W-1", "import"]
    row, at = MeterRow.objects.get(meter=pk), midnight(date(2025, 1, 1), "Asia/Shanghai")
    values = [9600.0, 9800.0, 20.0]
    table = pa.table(
        {
            "meter_id": [pk] * 3, "channel": ["import"] * 3, "start": [at, at + 30 * DAY, at + 60 * DAY],
            "seconds": [0] * 3, "value": values, "quality": ["measured"] * 3,
        }
    )  # fmt: skip
    services.add_readings(table, source="test", actor=SYSTEM, area=areas["here"])
    services.refresh()
    assert counted() == {pk: 1}
    device = {"serial": "8", "digits": 4, "initial": 9600.0, "from_es": at, "actor": SYSTEM}
    services.install_device(row, **device)
    services.refresh([pk])
    used = readings.snapshot().query("SELECT value FROM current ORDER BY start")["value"].to_pylist()
    assert used == pytest.approx([200.0, 220.0])
    with pytest.raises(Conflict):
        services.install_device(row, **device)
