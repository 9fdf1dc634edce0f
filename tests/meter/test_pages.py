"""The wizard and the registry as a browser without script uses them; API and command beside them."""

import csv
import io
import json
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from openpyxl import load_workbook

from tanlin.community import services as community
from tanlin.community.models import User
from tanlin.community.queries import SYSTEM
from tanlin.meter import queries, services
from tanlin.meter.cli import cli
from tanlin.meter.models import Import, Meter, MeterRow
from tanlin.readings import queries as readings
from tanlin.record import jobs
from tests.meter.support import checked, hourly_csv, imported, world

pytestmark = pytest.mark.django_db
BASE = "/place/here/meter/"


@pytest.fixture
def areas() -> dict[str, Any]:
    return world()


@pytest.fixture
def engineer(areas: dict[str, Any]) -> Client:
    user = User.objects.create(username="engineer", password="!")
    community.grant(SYSTEM, user=user, role="engineer", area=areas["here"])
    client = Client()
    client.cookies["language"] = "en"
    client.force_login(user)
    return client


def upload(client: Client, data: bytes, name: str = "readings.csv") -> Any:
    return client.post(BASE + "imports/new/", {"file": SimpleUploadedFile(name, data)})


def test_the_wizard_from_upload_to_undo(engineer: Client):
    there = upload(engineer, hourly_csv(["A-1", "A-2"], 24, bad=1))["Location"]
    page = engineer.get(there).content.decode()
    assert "A-1" in page
    assert (
        engineer.post(there + "mapping/", {"s0-use": "on", "s0-unit": "MWh", "preview": "1"}).status_code
        == 302
    )
    [plan] = queries.plans(Import.objects.get())
    assert plan.mapping.unit == "MWh"
    engineer.post(there + "mapping/", {"s0-use": "on", "s0-unit": "kWh", "check": "1"})
    page = engineer.get(there).content.decode()
    assert "2 meters are not registered yet" in page
    assert "Not a number" in page
    refused = engineer.post(there + "confirm/", {"import": "1", "place": "home"})
    assert refused.status_code == 400
    assert "Bad rows: 1." in refused.content.decode()
    sent = {"import": "1", "place": "home", "partial": "on", "multiplier-1": "30"}
    assert engineer.post(there + "confirm/", sent).status_code == 302
    assert "being brought in" in engineer.get(there).content.decode()
    assert [job.state for job in jobs.work_through() if job.kind == "meter.import"] == ["done"]
    assert "47 readings were imported" in engineer.get(there).content.decode()
    assert MeterRow.objects.get(meter__number="A-2").multiplier == 30.0
    assert engineer.post(there + "undo/").status_code == 302
    assert "undone" in engineer.get(there).content.decode()
    again = engineer.post(there + "repeat/")["Location"]
    assert again != there
    assert engineer.post(again + "discard/").status_code == 302
    assert Import.objects.count() == 1


def test_a_refused_file_is_not_kept_and_says_why(engineer: Client):
    answer = upload(engineer, b"")
    assert answer.status_code == 422
    assert not Import.objects.exists()
    answer = upload(engineer, b"%PDF-1.7 something", "bill.csv")
    assert answer.status_code == 422
    assert "not a table but PDF" in answer.content.decode()
    assert not Import.objects.exists()


def test_a_large_file_is_checked_by_a_job(engineer: Client, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("tanlin.meter.services.imports.SMALL", 10)
    there = upload(engineer, hourly_csv(["A-1"], 24))["Location"]
    engineer.post(there + "mapping/", {"s0-use": "on", "check": "1"})
    assert "The whole file is being checked" in engineer.get(there).content.decode()
    fragment = engineer.get(there, headers={"HX-Request": "true"}).content.decode()
    assert "hx-get" in fragment
    assert "<html" not in fragment
    assert [job.state for job in jobs.work_through() if job.kind == "meter.check"] == ["done"]
    assert Import.objects.get().state == "checked"


def test_a_meter_is_registered_changed_and_corrected_by_forms(engineer: Client, areas: dict[str, Any]):
    form = {
        "number": "A-1", "carrier": "electricity", "channel": "import", "kind": "interval",
        "multiplier": "1", "place": "home", "valid_from": "2025-06-01",
    }  # fmt: skip
    assert engineer.post(BASE + "new/", form | {"place": "there"}).status_code == 422
    there = engineer.post(BASE + "new/", form)["Location"]
    assert engineer.post(BASE + "new/", form).status_code == 422
    imported(areas["here"], hourly_csv(["A-1"], 24))
    assert "Daily values" in engineer.get(there).content.decode()
    row = MeterRow.objects.get()
    fields = {"multiplier": "60", "place": "home", "uncertainty_pct": "2"}
    offered = engineer.get(f"{there}row/{row.pk}/").content.decode()
    assert 'value="1"' in offered  # not 1.0
    assert "incineration" not in offered  # electricity has no products
    assert engineer.post(f"{there}row/{row.pk}/", fields).status_code == 422  # without a reason
    assert engineer.post(f"{there}row/{row.pk}/", fields | {"reason": "misread"}).status_code == 302
    assert MeterRow.objects.get(superseded_at=None).multiplier == 60.0
    row = MeterRow.objects.get(superseded_at=None)
    dated = {"use": "public", "from_day": "2025-06-15", "reason": "now a library"}
    assert engineer.post(f"{there}row/{row.pk}/", fields | dated).status_code == 302
    assert [r.use for r in queries.rows_of(row.meter)] == ["", "public"]
    assert "public" in engineer.get(there).content.decode()
    [reading] = queries.stored(Meter.objects.get(), 1)
    key = {name: reading[name] for name in ("channel", "start", "seconds")}
    assert engineer.get(there + "correct/", key).status_code == 200
    assert engineer.post(there + "correct/", {**key, "value": "99", "reason": "misread"}).status_code == 302
    assert services.refresh().meter_days == 1
    [reading] = queries.stored(Meter.objects.get(), 1)
    assert (reading["value"], reading["quality"]) == (99.0, "edited")


def test_a_main_meter_that_cannot_be_one_is_refused(engineer: Client, areas: dict[str, Any]):
    imported(areas["here"], hourly_csv(["A", "B", "C"], 3))
    imported(
        areas["here"], "水表编号,抄表时间,用水量(m3)\nW,2025-06-01 00:00,1\nW,2025-06-01 01:00,1\n".encode()
    )
    imported(
        areas["here"], "水表编号,抄表时间,用水量(m3)\nA,2025-06-01 00:00,1\nA,2025-06-01 01:00,1\n".encode()
    )

    def put_behind(number: str, main: str) -> int:
        row = MeterRow.objects.get(meter__number=number, meter__carrier="electricity", superseded_at=None)
        fields = {
            "multiplier": "1",
            "place": "home",
            "uncertainty_pct": "2",
            "parent": main,
            "reason": "plan",
        }
        return engineer.post(f"{BASE}{row.meter_id}/row/{row.pk}/", fields).status_code

    assert [put_behind("B", "A"), put_behind("C", "B")] == [302, 302]
    assert [put_behind("A", main) for main in ("A", "B", "C", "W")] == [422] * 4
    assert not MeterRow.objects.filter(meter__number="A", parent__isnull=False).exists()
    assert MeterRow.objects.get(meter__number="B", superseded_at=None).parent.carrier == "electricity"


def test_the_list_filters_and_exports_without_formulas(engineer: Client, areas: dict[str, Any]):
    imported(areas["here"], hourly_csv(["A-1"], 3))
    spec = services.Spec(
        owner=areas["here"], place=areas["here"], carrier="water", number="=2+3", unit="m3",
        valid_from=Meter.objects.get().created.date(),
    )  # fmt: skip
    services.register([spec], actor=SYSTEM, area=areas["here"])
    assert "A-1" not in engineer.get(BASE, {"carrier": "water"}).content.decode()
    assert "A-1" in engineer.get(BASE, {"q": "a-1", "place": "building", "role": ""}).content.decode()
    assert "No meter fits" in engineer.get(BASE, {"role": "sub"}).content.decode()
    body = engineer.get(BASE + "export.csv").content.decode("utf-8-sig")
    assert "用途" in body.splitlines()[0] or ",use," in body.splitlines()[0]
    assert [line[0] for line in csv.reader(io.StringIO(body))][1:] == ["A-1", "'=2+3"]
    book = load_workbook(io.BytesIO(engineer.get(BASE + "export.xlsx").content))
    assert [cell.value for cell in book["meters"]["A"]][1:] == ["A-1", "'=2+3"]


def test_the_register_states_who_keeps_it_and_computes_nothing(engineer: Client, areas: dict[str, Any]):
    spec = services.Spec(
        owner=areas["here"], place=areas["here"], carrier="water", number="=2+3", unit="m3",
        valid_from=date(2026, 1, 1),
    )  # fmt: skip
    services.register([spec], actor=SYSTEM, area=areas["here"])
    page = engineer.get(BASE + "register.print").content.decode()
    assert "=2+3" in page and "'=2+3" not in page and "Reviewed by" in page
    sheet = load_workbook(io.BytesIO(engineer.get(BASE + "register.xlsx").content)).worksheets[0]
    assert sheet["B4"].value == "'=2+3"


def test_an_empty_list_names_the_next_step(engineer: Client):
    page = engineer.get(BASE).content.decode()
    assert "No meter yet" in page
    assert "imports/new/" in page


def test_the_api_lists_meters_readings_and_imports(engineer: Client, areas: dict[str, Any]):
    imported(areas["here"], hourly_csv(["A-1"], 30))
    [meter] = engineer.get("/api/v1/places/here/meters").json()
    assert (meter["number"], meter["place"], meter["health"]) == ("A-1", "home", "dead")
    page = engineer.get(
        f"/api/v1/meters/{meter['id']}/readings", {"from": "2025-06-01", "to": "2025-06-01", "limit": 5}
    )
    found = page.json()
    assert (found["count"], len(found["items"]), found["unit"]) == (24, 5, "kWh")
    assert found["items"][0]["start"] == "2025-06-01T00:00:00+08:00"
    assert engineer.get(f"/api/v1/meters/{meter['id']}").json()["rows"][0]["multiplier"] == 1.0
    [imp] = engineer.get("/api/v1/places/here/imports").json()
    assert (imp["state"], imp["good"], imp["batch"]) == ("done", 30, 1)
    assert engineer.get("/api/v1/places/there/imports").status_code == 404
    assert engineer.get("/api/v1/meters/999").status_code == 404


def command(*arguments: str) -> Any:
    return CliRunner().invoke(cli, arguments)


def test_the_command_imports_lists_corrects_and_undoes(areas: dict[str, Any], tmp_path: Any):
    file = tmp_path / "readings.csv"
    file.write_bytes(hourly_csv(["A-1"], 24, bad=1))
    unknown = command("import", str(file), "--place", "here")
    assert unknown.exception.code == "meter.unknown_numbers"
    partial = command("import", str(file), "--place", "here", "--new-meters-at", "home")
    assert partial.exception.code == "meter.bad_rows"
    assert "第 2 行" in partial.stderr
    assert readings.watermark() == 0
    assert not Import.objects.exists()
    done = command("import", str(file), "--place", "here", "--new-meters-at", "home", "--yes", "--json")
    found = json.loads(done.stdout)
    assert (found["new"], found["bad"], found["meters"]) == (23, 1, 1)
    assert "未写入" in command("import", str(file), "--place", "here", "--yes").stdout
    fix = ["--number", "A-1", "--time", "2025-06-01T05:00", "--value", "9", "--reason", "test"]
    assert json.loads(command("correct", "--place", "here", *fix, "--json").stdout)["meter_days"] == 1
    assert json.loads(command("list", "--place", "here", "--json").stdout)[0]["number"] == "A-1"
    assert json.loads(command("refresh", "--json").stdout)["meter_days"] == 0
    assert command("undo", str(found["import"])).exit_code == 0
    states = [imp["state"] for imp in json.loads(command("imports", "--place", "here", "--json").stdout)]
    assert states == ["done", "undone"]


def test_the_command_registers_a_list(areas: dict[str, Any], tmp_path: Any):
    file = tmp_path / "meters.csv"
    file.write_text(
        "number,carrier,place,kind,valid_from,multiplier,parent\n"
        "M,electricity,building,interval,2025-01-01,60,\nS,electricity,home,bill,2025-01-01,,M\n",
        "utf-8",
    )
    assert len(json.loads(command("register", str(file), "--place", "here", "--json").stdout)) == 2
    assert MeterRow.objects.get(meter__number="S").parent.number == "M"
    assert set(MeterRow.objects.values_list("use", flat=True)) == {""}
    file.write_text(
        "number,carrier,valid_from,用途\nU1,electricity,2025-01-01,商铺\nU2,electricity,2025-01-01,charging\n",
        "utf-8",
    )
    assert command("register", str(file), "--place", "here").exception is None
    assert [MeterRow.objects.get(meter__number=n).use for n in ("U1", "U2")] == ["commercial", "charging"]
    file.write_text("number,carrier,valid_from,用途\nU3,electricity,2025-01-01,娱乐\n", "utf-8")
    bad = command("register", str(file), "--place", "here").exception
    assert (bad.code, bad.where.row, bad.where.value) == ("meter.unknown_use", 2, "娱乐")
    file.write_text("number,carrier,valid_from\nX,electricity,yesterday\n", "utf-8")
    bad = command("register", str(file), "--place", "here")
    assert (bad.exception.code, bad.exception.where.row) == ("meter.bad_line", 2)


BILLS = (
    "表号,开始日期,结束日期,电量(kWh)\n"
    "B-1,2025-04-01,2025-04-30,80\nB-1,2025-07-01,2025-07-31,90\nB-1,2025-08-01,2025-08-31,95\n"
).encode()


def test_a_billed_meter_shows_its_periods_and_corrects_one_by_its_date(
    engineer: Client, areas: dict[str, Any]
):
    imported(areas["here"], BILLS)
    there = f"{BASE}{Meter.objects.get().pk}/"
    page = engineer.get(there)
    spec = page.context["spec"]
    assert spec["months"] == ["2025-04", "2025-05", "2025-06", "2025-07", "2025-08"]
    assert spec["gaps"] == ["2025-05", "2025-06"]
    assert "265 kWh in all; periods without data, not included: 2." in page.content.decode()
    assert spec["series"][0]["values"] == [80.0, None, None, 90.0, 95.0]
    assert "No readings yet" not in page.content.decode()
    asked = engineer.get(there + "correct/", {"time": "2025-07-01", "channel": "import"})
    assert "90" in engineer.get(asked["Location"]).content.decode()
    missed = engineer.get(there + "correct/", {"time": "2025-07-02", "channel": "import"}, follow=True)
    assert "The reading that runs then starts at 2025-07-01 00:00" in missed.content.decode()
    fix = ["--number", "B-1", "--value", "91", "--reason", "misread", "--json"]
    assert (
        json.loads(command("correct", "--place", "here", "--time", "2025-07-01", *fix).stdout)["batch"] == 2
    )
    assert [one.value for one in queries.periods(Meter.objects.get(), MeterRow.objects.all())] == [80, 91, 95]
    wrong = command("correct", "--place", "here", "--time", "July", *fix)
    assert wrong.exception.code == "meter.bad_time"


def test_the_span_of_bills_ends_on_their_last_day(areas: dict[str, Any]):
    report = checked(areas["here"], BILLS).report
    days = [
        datetime.fromtimestamp(report[name], ZoneInfo("Asia/Shanghai")).date() for name in ("first", "last")
    ]
    assert [day.isoformat() for day in days] == ["2025-04-01", "2025-08-31"]


def test_one_register_reading_is_not_called_none(engineer: Client, areas: dict[str, Any]):
    imported(areas["here"], "表号,抄表时间,电表示数(kWh)\nR-1,2025-06-01 08:00,100\n".encode())
    page = engineer.get(f"{BASE}{Meter.objects.get().pk}/").content.decode()
    assert "a register needs two of them" in page
    assert "No readings yet" not in page
