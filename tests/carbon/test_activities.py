"""Verbs of activity data: one by one, by sheet, overlaps, undoing, and what goes stale."""

from __future__ import annotations

import io
import json
from datetime import date
from typing import Any

import pytest

from tanlin.carbon.cli import cli
from tanlin.carbon.models import Activity, ActivitySheet
from tanlin.carbon.queries import activities as queries
from tanlin.carbon.services import activities as services
from tanlin.carbon.services.activities import New
from tanlin.community import services as community
from tanlin.community.queries import SYSTEM
from tanlin.kernel.cli import run
from tanlin.kernel.errors import BadInput, Conflict, NotFound
from tanlin.record import queries as record
from tests.record.samples import publish

pytestmark = pytest.mark.django_db(transaction=True)
HEADER = "项目,区域,起,止,数量,单位,来源"
ROW = "垃圾焚烧,,2025-01-01,2025-12-31,12.5,吨,单据"


@pytest.fixture
def town() -> Any:
    return community.create_area(
        SYSTEM, slug="town", name="花园镇", level="street", tz="Asia/Shanghai", region="CN-SH"
    )


@pytest.fixture
def estate(town: Any) -> Any:
    return community.create_area(SYSTEM, slug="estate", name="梅园", level="estate", parent=town)


def new(area: Any, **other: Any) -> New:
    base: dict[str, Any] = {
        "stream": "waste_incineration",
        "first_day": date(2025, 1, 1),
        "last_day": date(2025, 12, 31),
        "amount": 12.5,
        "unit": "t",
        "source": "document",
    }
    return New(area, **(base | other))


def keep(area: Any, *rows: str, header: str = HEADER, name: str = "活动.csv") -> str:
    text = "\n".join([header, *rows]) + "\n"
    return services.keep_sheet(area, io.BytesIO(text.encode()), name, actor=SYSTEM)


def verbs() -> list[str]:
    return [event.verb for event in record.events(SYSTEM, None) if event.verb.startswith("carbon.")]


def is_stale(key: str, area: Any) -> bool:
    figure = record.figure(area, key, "2025")
    assert figure is not None
    return figure.stale_since is not None


# --- one by one --------------------------------------------------------------------------------------------
def test_an_activity_is_stored_in_the_unit_of_its_stream(estate):
    row = services.enter(new(estate, note="环卫清运单"), actor=SYSTEM)
    assert (row.amount, row.unit, row.stated, row.note) == (12500.0, "kg", "12.5 t", "环卫清运单")
    assert verbs() == ["carbon.activities_entered"]


def test_a_bad_value_stores_nothing(estate):
    for bad in ({"stream": "hydrogen"}, {"unit": "m3"}, {"amount": -1.0}, {"source": "rumour"}):
        with pytest.raises(BadInput):
            services.enter(new(estate, **bad), actor=SYSTEM)
    assert not ActivitySheet.objects.exists() and not verbs()


def test_the_future_is_refused(estate):
    with pytest.raises(BadInput) as caught:
        services.enter(new(estate, first_day=date(2199, 1, 1), last_day=date(2199, 1, 2)), actor=SYSTEM)
    assert caught.value.code == "carbon.day_future"


def test_an_overlap_needs_agreement(estate):
    services.enter(new(estate), actor=SYSTEM)
    again = new(estate, first_day=date(2025, 12, 31), last_day=date(2026, 1, 31))
    with pytest.raises(Conflict) as caught:
        services.enter(again, actor=SYSTEM)
    assert caught.value.code == "carbon.activity_overlap" and "12.5 t" in caught.value.text.zh
    services.enter(again, actor=SYSTEM, overlap=True)
    assert Activity.objects.count() == 2


def test_an_amount_of_a_place_above_or_below_may_hold_the_same(town, estate):
    services.enter(new(estate), actor=SYSTEM)
    with pytest.raises(Conflict, match="梅园"):
        services.enter(new(town), actor=SYSTEM)
    services.enter(new(town), actor=SYSTEM, overlap=True)
    flat = community.create_area(SYSTEM, slug="flat", name="1 号楼", level="building", parent=estate)
    with pytest.raises(Conflict):
        services.enter(new(flat), actor=SYSTEM)


def test_the_next_day_another_place_or_stream_is_no_overlap(town, estate):
    other = community.create_area(SYSTEM, slug="other", name="桃园", level="estate", parent=town)
    services.enter(new(estate), actor=SYSTEM)
    services.enter(new(estate, first_day=date(2026, 1, 1), last_day=date(2026, 1, 31)), actor=SYSTEM)
    services.enter(new(other), actor=SYSTEM)
    services.enter(new(estate, stream="waste_landfill"), actor=SYSTEM)
    assert Activity.objects.count() == 4


def test_accounts_of_the_place_and_above_go_stale_and_inventories_do_not(town, estate):
    other = community.create_area(SYSTEM, slug="other", name="桃园", level="estate", parent=town)
    for area in (town, estate, other):
        for key in ("carbon.basic", "carbon.inventory"):
            publish(area.slug, key=key, period="2025")
    services.enter(new(estate), actor=SYSTEM)
    assert [is_stale("carbon.basic", area) for area in (town, estate, other)] == [True, True, False]
    assert not is_stale("carbon.inventory", estate)


def test_many_rows_are_one_sheet_and_none_lies_outside(town, estate):
    sheet = services.enter_many(town, "调查", [new(town), new(estate)], actor=SYSTEM)
    assert sheet.activities.count() == 2
    with pytest.raises(BadInput) as caught:
        services.enter_many(estate, "调查", [new(estate), new(town)], actor=SYSTEM)
    assert caught.value.code == "carbon.activity_outside" and ActivitySheet.objects.count() == 1


# --- sheets ------------------------------------------------------------------------------------------------
def test_nothing_is_stored_before_the_import(estate):
    digest = keep(estate, ROW)
    found = services.check_sheet(estate, digest, actor=SYSTEM)
    assert (len(found.rows), found.problems, found.overlaps) == (1, [], [])
    assert not Activity.objects.exists()
    sheet = services.import_sheet(estate, digest, actor=SYSTEM)
    assert (sheet.name, sheet.sha256, sheet.activities.get().amount) == ("活动.csv", digest, 12500.0)


def test_rows_stand_at_the_places_they_name(town, estate):
    digest = keep(town, ROW, ROW.replace("垃圾焚烧,", "垃圾填埋,梅园"))
    sheet = services.import_sheet(town, digest, actor=SYSTEM)
    assert {(row.stream, row.area.slug) for row in sheet.activities.all()} == {
        ("waste_incineration", "town"),
        ("waste_landfill", "estate"),
    }


def test_a_place_that_is_not_here_is_a_bad_row(town, estate):
    digest = keep(estate, ROW, ROW.replace("垃圾焚烧,", "垃圾填埋,花园镇"))
    problem = services.check_sheet(estate, digest, actor=SYSTEM).problems[0]
    assert (problem.where.row, problem.where.column, problem.where.value) == (3, "区域", "花园镇")


def test_bad_rows_are_left_out_only_by_agreement(estate):
    digest = keep(estate, ROW, ROW.replace("吨", "米"))
    with pytest.raises(BadInput) as caught:
        services.import_sheet(estate, digest, actor=SYSTEM)
    assert caught.value.where.row == 3 and not Activity.objects.exists()
    assert services.import_sheet(estate, digest, actor=SYSTEM, partial=True).activities.count() == 1


def test_a_sheet_without_a_good_row_is_refused_even_so(estate):
    digest = keep(estate, ROW.replace("吨", "米"))
    with pytest.raises(BadInput):
        services.import_sheet(estate, digest, actor=SYSTEM, partial=True)


def test_the_same_file_twice_is_refused_until_undone(estate):
    digest = keep(estate, ROW)
    sheet = services.import_sheet(estate, digest, actor=SYSTEM)
    with pytest.raises(Conflict) as caught:
        services.import_sheet(estate, digest, actor=SYSTEM, overlap=True)
    assert caught.value.code == "carbon.sheet_known"
    with pytest.raises(Conflict) as caught:
        keep(estate, ROW)
    assert caught.value.code == "carbon.sheet_known"
    services.undo_sheet(sheet, "数量有误", actor=SYSTEM)
    services.import_sheet(estate, digest, actor=SYSTEM)
    assert ActivitySheet.objects.filter(undone=None).count() == 1


def test_another_sheet_of_the_same_days_is_warned_of(estate):
    services.import_sheet(estate, keep(estate, ROW), actor=SYSTEM)
    digest = keep(estate, ROW.replace("12.5", "13"))
    found = services.check_sheet(estate, digest, actor=SYSTEM)
    assert [(where.row, known.stated) for where, known in found.overlaps] == [(2, "12.5 吨")]
    with pytest.raises(Conflict):
        services.import_sheet(estate, digest, actor=SYSTEM)
    services.import_sheet(estate, digest, actor=SYSTEM, overlap=True)


def test_a_file_that_is_no_sheet_is_not_kept(estate):
    with pytest.raises(BadInput):
        services.keep_sheet(estate, io.BytesIO(b"%PDF-1.7"), "a.pdf", actor=SYSTEM)
    assert not record.evidence_of(SYSTEM, estate)


def test_a_file_kept_for_another_place_cannot_be_imported(town, estate):
    digest = keep(estate, ROW)
    with pytest.raises(NotFound):
        services.import_sheet(town, digest, actor=SYSTEM)
    with pytest.raises(NotFound):
        services.import_sheet(estate, "sha256:" + "0" * 64, actor=SYSTEM)


def test_a_name_that_is_a_path_stays_a_name(estate):
    digest = keep(estate, ROW, name="../../etc/活动.csv")
    assert services.import_sheet(estate, digest, actor=SYSTEM).name == "活动.csv"


# --- undoing -----------------------------------------------------------------------------------------------
def test_undoing_takes_the_sheet_out_with_a_reason(town, estate):
    publish("town", key="carbon.basic", period="2025")
    sheet = services.enter(new(estate), actor=SYSTEM).sheet
    publish("town", key="carbon.basic", period="2025", value=2.0)
    with pytest.raises(BadInput):
        services.undo_sheet(sheet, "  ", actor=SYSTEM)
    done = services.undo_sheet(sheet, "单据录错", actor=SYSTEM)
    assert done.undone is not None and done.undone_reason == "单据录错"
    assert not queries.activities(town, date(2025, 1, 1), date(2025, 12, 31)).exists()
    assert Activity.objects.count() == 1 and is_stale("carbon.basic", town)
    assert "carbon.activities_undone" in verbs()
    with pytest.raises(Conflict):
        services.undo_sheet(sheet, "再次", actor=SYSTEM)


def test_erasing_a_place_takes_its_activities_and_no_others(town, estate):
    other = community.create_area(SYSTEM, slug="other", name="桃园", level="estate", parent=town)
    services.enter(new(estate), actor=SYSTEM)
    services.enter(new(other), actor=SYSTEM)
    assert services.erase_activities([estate.pk], actor=SYSTEM) == {"activities": 1, "sheets": 1}
    assert Activity.objects.get().area == other


# --- reading -----------------------------------------------------------------------------------------------
def test_reads_hold_a_place_and_all_below_it_in_the_days_asked(town, estate):
    services.enter(new(estate, first_day=date(2024, 12, 1), last_day=date(2025, 1, 31)), actor=SYSTEM)
    services.enter(
        new(town, stream="metro", unit="pkm", first_day=date(2024, 1, 1), last_day=date(2024, 1, 2)),
        actor=SYSTEM,
    )
    of_2025 = queries.activities(town, date(2025, 1, 1), date(2025, 12, 31))
    assert [row.stream for row in of_2025] == ["waste_incineration"]
    assert queries.years(town) == [2025, 2024] and queries.years(estate) == [2025, 2024]
    assert not queries.activities(estate, date(2024, 1, 1), date(2024, 11, 30)).exists()


# --- the command -------------------------------------------------------------------------------------------
def test_the_command_checks_and_imports_with_yes(estate, tmp_path, capsys):
    file = tmp_path / "活动.csv"
    file.write_text(f"{HEADER}\n{ROW}\n{ROW.replace('吨', '米')}\n", encoding="utf-8")
    asked = ["activities", str(file), "--place", "estate", "--json"]
    assert run(cli, asked) == 0
    shown = json.loads(capsys.readouterr().out)
    assert (len(shown["rows"]), shown["problems"][0]["where"]["row"], shown["sheet"]) == (1, 3, None)
    assert run(cli, [*asked, "--yes"]) == 2 and not Activity.objects.exists()
    capsys.readouterr()
    assert run(cli, [*asked[:-1], "--yes", "--partial"]) == 0
    assert "waste_incineration" in capsys.readouterr().out and Activity.objects.get().amount == 12500.0
