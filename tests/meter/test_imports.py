"""From a file to what readers see, and back."""

import csv
import io
from pathlib import Path
from typing import Any

import pytest

from tanlin.community import services as community
from tanlin.community.models import User
from tanlin.community.queries import SYSTEM
from tanlin.kernel.errors import BadInput, Conflict, Text
from tanlin.meter import queries, services, staging
from tanlin.meter.models import Import, Meter, MeterRow, SourceMapping
from tanlin.readings import queries as readings
from tanlin.readings.models import Batch
from tanlin.record import jobs
from tests.meter.corpus import hostile
from tests.meter.support import checked, hourly_csv, imported, placed, world

pytestmark = pytest.mark.django_db
CORPUS = Path(__file__).parent / "corpus"


def sums() -> dict[str, tuple[int, float]]:
    """表号 → (rows, sum) of what readers see."""
    sql = "SELECT meter_id, COUNT(*) AS n, SUM(value) AS v FROM current GROUP BY meter_id"
    rows = readings.snapshot().query(sql).to_pylist()
    names = queries.numbers(row["meter_id"] for row in rows)
    return {names[row["meter_id"]]: (row["n"], row["v"]) for row in rows}


def stored() -> tuple[Any, ...]:
    """Everything that a refusal must leave as it was."""
    status = readings.status()
    return (
        Batch.objects.count(),
        Meter.objects.count(),
        status["watermark"],
        status["refreshed"],
        status["rows"],
    )


def test_a_file_reaches_current_with_exact_sums():
    imp = imported(world()["here"], hourly_csv(["A-1", "A-2"], 48))
    assert (imp.state, imp.report["result"]["new"], imp.report["result"]["meters"]) == ("done", 96, 2)
    assert sums() == {"A-1": (48, 1128.0), "A-2": (48, 49128.0)}


def test_the_same_file_twice_writes_nothing():
    here = world()["here"]
    data = hourly_csv(["A-1"], 24)
    imported(here, data)
    before = stored()
    again = services.import_now(checked(here, data), SYSTEM, partial=False)
    assert (again.state, again.batch, again.report["result"]["new"]) == ("done", None, 0)
    assert stored() == before


def test_an_undone_file_can_be_imported_again():
    here = world()["here"]
    data = hourly_csv(["A-1"], 24)
    first = imported(here, data)
    services.undo_import(first, SYSTEM)
    services.refresh()
    assert sums() == {}
    assert Import.objects.get(pk=first.pk).state == "undone"
    with pytest.raises(Conflict):
        services.undo_import(Import.objects.get(pk=first.pk), SYSTEM)
    second = services.import_now(services.check(services.repeat(first, SYSTEM)), SYSTEM, partial=False)
    assert second.batch is not None
    assert sums() == {"A-1": (24, 276.0)}


def test_a_later_file_replaces_only_what_differs():
    here = world()["here"]
    imported(here, hourly_csv(["A-1"], 24))
    second = services.import_now(checked(here, hourly_csv(["A-1"], 30)), SYSTEM, partial=False)
    assert second.report["result"] | {"meter_ids": []} == {
        "rows": 30, "left": 0, "meters": 0, "meter_ids": [], "new": 6,
    }  # fmt: skip


def test_an_unknown_number_needs_a_place():
    imp = checked(world()["here"], hourly_csv(["A-1", "A-2"], 3))
    assert [m["number"] for m in imp.report["unknown"]] == ["A-1", "A-2"]
    with pytest.raises(BadInput) as refusal:
        services.confirm(imp, SYSTEM)
    assert refusal.value.code == "meter.nothing_to_import"
    key = queries.key_of(imp.report["unknown"][0])
    imp = services.assign(imp, {key: {"place": "home", "multiplier": 30}}, SYSTEM)
    done = services.import_now(imp, SYSTEM, partial=False)
    assert done.report["result"]["left"] == 3
    [meter] = Meter.objects.all()
    row = meter.rows.get()
    assert (meter.number, row.place.slug, row.multiplier, row.kind) == ("A-1", "home", 30.0, "interval")
    assert row.valid_from.isoformat() == "2025-06-01"
    assert meter.owner_area.slug == "here"


def test_a_known_number_gets_a_new_channel():
    here = world()["here"]
    imported(here, hourly_csv(["A-1"], 3))
    data = hourly_csv(["A-1"], 3).decode().replace("用电量(kWh)", "上网电量(kWh)").encode()
    imp = imported(here, data, "building")
    [row] = Meter.objects.get().rows.filter(channel="export")
    assert (imp.report["result"]["meters"], row.place.slug) == (1, "building")
    assert sums() == {"A-1": (6, 6.0)}


def test_a_place_elsewhere_is_refused():
    imp = checked(world()["here"], hourly_csv(["A-1"], 3))
    with pytest.raises(BadInput) as refusal:
        services.assign(imp, {queries.key_of(imp.report["unknown"][0]): {"place": "there"}}, SYSTEM)
    assert refusal.value.code == "meter.unknown_place"


def test_bad_rows_are_left_out_only_after_agreement():
    imp = placed(checked(world()["here"], hourly_csv(["A-1"], 5, bad=2)), "home")
    assert (imp.counts["good"], imp.counts["bad"]) == (3, 2)
    with pytest.raises(BadInput) as refusal:
        services.confirm(imp, SYSTEM)
    assert refusal.value.code == "meter.bad_rows"
    assert not Batch.objects.exists()
    services.import_now(imp, SYSTEM, partial=True)
    assert sums() == {"A-1": (3, 9.0)}


def test_the_mapping_of_a_source_is_remembered_by_its_header():
    here = world()["here"]
    data = "编号,时间,用电量\nM,2025-01-01 00:00,1\nM,2025-01-01 01:00,2\n".encode()
    imp = services.start_import(here, io.BytesIO(data), "a.csv", SYSTEM)
    [plan] = queries.plans(imp)
    assert staging.open_questions([plan]) == 1
    with pytest.raises(BadInput):
        services.check(imp)
    assert Import.objects.get(pk=imp.pk).state == "refused"
    settled = staging.Plan(plan.sheet, True, plan.mapping.answer(unit="MWh"), plan.fingerprint)
    imp = services.check(services.set_plans(imp, [settled]))
    services.import_now(placed(imp, "home"), SYSTEM, partial=False)
    assert SourceMapping.objects.count() == 1
    later = services.start_import(
        here, io.BytesIO(data.replace(b"2025-01-01", b"2025-01-02")), "b.csv", SYSTEM
    )
    [plan] = queries.plans(later)
    assert plan.remembered
    assert plan.mapping.unit == "MWh"
    services.import_now(services.check(later), SYSTEM, partial=False)
    assert sums() == {"M": (4, 6000.0)}


def expected() -> list[dict[str, str]]:
    """The files kept in the corpus; those made for a test are refused in the same place."""
    with (CORPUS / "expected.csv").open(encoding="utf-8") as file:
        return [row for row in csv.DictReader(file) if row["file"] not in hostile.GENERATED]


def place_in(tz: str) -> Any:
    """A community with a home, in another zone if one is given."""
    areas = world()
    if not tz:
        return areas["here"]
    far = community.create_area(
        SYSTEM, slug="far", name="far", level="community", parent=areas["street"], tz=tz
    )
    community.create_area(SYSTEM, slug="house", name="house", level="building", parent=far, tz=tz)
    return far


@pytest.mark.parametrize("row", expected(), ids=lambda row: row["file"])
def test_a_corpus_file_is_imported_or_leaves_everything_untouched(row: dict[str, str]):
    here = place_in(row["tz"])
    before = stored()
    content = (CORPUS / row["file"]).read_bytes()
    try:
        imp = checked(here, content, row["file"])
    except BadInput as error:
        assert row["outcome"] in ("refused", "ask")
        assert error.remedy is not None
        assert stored() == before
        return
    assert row["outcome"] in ("ok", "partial")
    assert stored() == before
    assert (imp.counts["good"], imp.counts["bad"]) == (int(row["rows_good"]), int(row["rows_bad"]))
    assert [r["code"] for r in imp.report["remarks"]] == row["doubts"].split()
    done = services.import_now(placed(imp, "house" if row["tz"] else "home"), SYSTEM, partial=True)
    assert done.report["result"]["new"] == int(row["rows_good"])
    total = readings.snapshot().query("SELECT SUM(value) AS v FROM log")["v"][0].as_py()
    assert total == pytest.approx(float(row["sum"]))


def test_a_failing_job_leaves_the_import_checked_and_says_why(monkeypatch):
    imp = placed(checked(world()["here"], hourly_csv(["A-1"], 3)), "home")
    services.confirm(imp, SYSTEM)

    def refuse(*_: Any, **__: Any) -> None:
        raise Conflict("readings.busy", Text("忙", "busy"))

    monkeypatch.setattr("tanlin.meter.services.imports.add_readings", refuse)
    for _ in jobs.work_through():
        pass
    imp = Import.objects.get(pk=imp.pk)
    assert queries.stage(imp) == "checked"
    assert imp.report["error"]["code"] == "readings.busy"
    monkeypatch.undo()


def test_the_job_imports_and_refreshes():
    imp = placed(checked(world()["here"], hourly_csv(["A-1"], 24)), "home")
    services.confirm(imp, SYSTEM)
    done = [job for job in jobs.work_through() if job.kind == "meter.import"]
    assert [job.state for job in done] == ["done"]
    assert done[0].result["meter_days"] == 1
    assert sums() == {"A-1": (24, 276.0)}
    assert not staging.rows_file(imp.pk).exists()


def test_a_cancelled_job_gives_the_import_back():
    imp = placed(checked(world()["here"], hourly_csv(["A-1"], 3)), "home")
    imp = services.confirm(imp, SYSTEM)
    jobs.cancel(queries.job_of(imp))
    imp = Import.objects.get(pk=imp.pk)
    assert queries.stage(imp) == "checked"
    services.import_now(imp, SYSTEM, partial=False)
    assert sums() == {"A-1": (3, 3.0)}


def test_error_rows_are_disarmed_in_the_csv(client):
    here = world()["here"]
    data = (CORPUS / "formula_injection.csv").read_bytes()
    imp = checked(here, data, "formula_injection.csv")
    user = User.objects.create(username="auditor", password="!")
    community.grant(SYSTEM, user=user, role="auditor", area=here)
    client.force_login(user)
    body = b"".join(client.get(f"/place/here/meter/imports/{imp.pk}/errors.csv")).decode("utf-8-sig")
    cells = [cell for line in csv.reader(io.StringIO(body)) for cell in line]
    assert not [cell for cell in cells if cell.startswith(("=", "@", "+"))]


def test_readings_before_a_meter_is_in_use_are_told_and_counted_on_demand():
    areas = world()
    imported(areas["here"], hourly_csv(["A"], 24, first="2025-06-10"))
    row = MeterRow.objects.get()
    assert row.valid_from.isoformat() == "2025-06-10"
    imp = checked(areas["here"], hourly_csv(["A"], 30, first="2025-06-09"))
    [told] = imp.report["outside"]
    assert (told["early"], told["late"], told["valid_from"]) == (24, 0, "2025-06-10")
    services.import_now(services.assign(imp, {}, SYSTEM), SYSTEM, partial=False)
    assert MeterRow.objects.get(superseded_at=None).valid_from == row.valid_from
    imp = checked(areas["here"], hourly_csv(["A"], 24, first="2025-06-08"))
    services.import_now(services.assign(imp, {}, SYSTEM, backdate=True), SYSTEM, partial=False)
    assert MeterRow.objects.get(superseded_at=None).valid_from.isoformat() == "2025-06-08"
    services.change(MeterRow.objects.get(superseded_at=None), {"valid_to": row.valid_from}, actor=SYSTEM)
    [told] = checked(areas["here"], hourly_csv(["A"], 30, first="2025-06-09", plus=1)).report["outside"]
    assert (told["early"], told["late"]) == (0, 6)


def test_waste_by_stream_and_by_point_is_asked_about():
    here = world()["here"]
    stream = "日期,厨余垃圾(kg),其他垃圾(kg)\n2025-01-05,10,20\n2025-01-06,11,21\n".encode()
    imported(here, stream, "here", "stream.csv")
    point = "日期,投放点,垃圾类别,垃圾重量(kg)\n2025-01-05,东门,厨余垃圾,10\n2025-01-06,东门,厨余垃圾,11\n".encode()
    imp = placed(checked(here, point, "point.csv"), "home")
    assert [(one["number"], one["other"]) for one in imp.report["twice"]] == [("东门 厨余垃圾", "厨余垃圾")]
    with pytest.raises(BadInput) as refusal:
        services.confirm(imp, SYSTEM)
    assert refusal.value.code == "meter.counted_twice"
    assert queries.stage(services.confirm(imp, SYSTEM, twice=True)) == "importing"


def test_waste_of_another_year_is_not_asked_about():
    here = world()["here"]
    imported(here, "日期,厨余垃圾(kg)\n2024-01-05,10\n2024-01-06,11\n".encode(), "here", "stream.csv")
    point = "日期,投放点,垃圾类别,垃圾重量(kg)\n2025-01-05,东门,厨余垃圾,10\n2025-01-06,东门,厨余垃圾,11\n".encode()
    assert placed(checked(here, point, "point.csv"), "home").report["twice"] == []
