"""Pages of activity data: the year's sums, a form, a sheet from file to account and back, each for who may."""

from __future__ import annotations

import io
import re
from datetime import date
from typing import Any

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from tanlin.carbon.models import Activity, ActivitySheet
from tanlin.carbon.services import activities as services
from tanlin.carbon.services.activities import New
from tanlin.community.queries import SYSTEM
from tanlin.meter import services as meter
from tests.support import world as worlds

pytestmark = pytest.mark.django_db(transaction=True)
PAGE = "/place/community-a/carbon/activities/"
FORM = {
    "stream": "waste_incineration",
    "place": "",
    "first_day": "2025-01-01",
    "last_day": "2025-12-31",
    "amount": "12.5",
    "unit": "吨",
    "source": "document",
    "uncertainty_pct": "",
    "note": "",
}
SHEET = "项目,起,止,数量,单位,来源\n垃圾焚烧,2025-01-01,2025-12-31,12.5,吨,单据\n"


@pytest.fixture
def world() -> worlds.World:
    return worlds.build(rooms=False)


@pytest.fixture
def worker(world: worlds.World) -> Client:
    return client(world, "worker")


def client(world: worlds.World, name: str, language: str = "zh-hans") -> Client:
    made = Client()
    made.force_login(world.users[name])
    made.cookies["language"] = language
    return made


def text(response: Any) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


def upload(worker: Client, content: str = SHEET, name: str = "台账.csv") -> Any:
    file = SimpleUploadedFile(name, content.encode())
    return worker.post(PAGE + "import", {"file": file})


def incineration(area: Any, **other: Any) -> New:
    base: dict[str, Any] = {"unit": "t", "source": "document", "amount": 12.5}
    days = {"first_day": date(2025, 1, 1), "last_day": date(2025, 12, 31)}
    return New(area, "waste_incineration", **(days | base | other))


def test_an_empty_page_says_what_to_do(worker):
    page = text(worker.get(PAGE))
    assert "还没有活动数据" in page and "填报活动数据" in page


def test_a_form_enters_an_activity_and_shows_its_year(world, worker):
    answer = worker.post(PAGE + "new", FORM)
    assert answer.status_code == 302 and answer["location"] == PAGE + "?year=2025"
    page = text(worker.get(answer["location"])).replace("&nbsp;", " ")
    assert "12.5 吨" in page and "= 12,500 kg" in page and "± 10 % （默认）" in page
    assert Activity.objects.get().sheet.entered_by == world.users["worker"]


def test_references_of_the_gpc_stand_in_the_professional_view(world, worker):
    services.enter(incineration(world.a), actor=SYSTEM)
    plain, expert = (text(worker.get(f"{PAGE}?year=2025&view={view}")) for view in ("plain", "expert"))
    assert "GPC III.3.2" in expert and "GPC" not in plain


def test_a_form_stores_at_a_place_below(worker):
    worker.post(PAGE + "new", FORM | {"place": "甲一号楼"})
    assert Activity.objects.get().area.slug == "building-a"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"unit": "立方米"}, "可用单位：kg、吨"),
        ({"last_day": "2024-12-31"}, "结束日期早于开始日期"),
        ({"last_day": "2199-12-31", "first_day": "2199-01-01"}, "日期在今天之后"),
        ({"place": "乙社区"}, "没有地点"),
        ({"amount": "-1"}, "大于或等于"),
        ({"source": ""}, "必填"),
    ],
)
def test_a_bad_form_is_refused_with_its_remedy(worker, change, said):
    answer = worker.post(PAGE + "new", FORM | change)
    assert answer.status_code == 422 and said in text(answer)
    assert not Activity.objects.exists()


def test_an_overlap_is_asked_about(worker):
    worker.post(PAGE + "new", FORM)
    answer = worker.post(PAGE + "new", FORM)
    assert answer.status_code == 422 and 'type="checkbox" name="overlap"' in answer.content.decode()
    assert worker.post(PAGE + "new", FORM | {"overlap": "on"}).status_code == 302
    assert Activity.objects.count() == 2


def test_a_sheet_is_seen_before_it_is_stored_and_undone_with_a_reason(worker):
    to = upload(worker)["location"]
    page = text(worker.get(to))
    assert "12.5 吨" in page and not Activity.objects.exists()
    done = worker.post(to)["location"]
    assert Activity.objects.get().amount == 12500.0
    assert "台账.csv" in text(worker.get(done))
    assert worker.post(done + "undo", {"reason": ""}).status_code == 422
    assert worker.post(done + "undo", {"reason": "录错"}).status_code == 302
    assert "录错" in text(worker.get(done)) and ActivitySheet.objects.get().undone
    assert "2025 年合计" not in text(worker.get(PAGE + "?year=2025"))


def test_the_file_stays_as_evidence(worker):
    done = worker.post(upload(worker)["location"])["location"]
    link = re.search(r'href="(/evidence/[^"]+)"', worker.get(done).content.decode())
    assert link is not None
    assert b"".join(worker.get(link[1]).streaming_content).decode() == SHEET


def test_bad_cells_are_listed_and_left_out_by_agreement(worker):
    to = upload(worker, SHEET + "垃圾焚烧,2025,2025,三,吨,单据\n")["location"]
    page = text(worker.get(to))
    assert "第 3 行" in page and "不是数字" in page
    refused = worker.post(to)
    assert refused.status_code == 400 and not Activity.objects.exists()
    assert worker.post(to, {"partial": "on"}).status_code == 302


def test_the_same_file_is_refused(worker):
    worker.post(upload(worker)["location"])
    again = upload(worker)
    assert again.status_code == 422 and "同一文件已经导入" in text(again)


def test_a_file_that_is_no_table_is_refused(worker):
    answer = upload(worker, "%PDF-1.7")
    assert answer.status_code == 422 and "不是表格文件" in text(answer)


def test_an_unknown_or_foreign_file_is_not_found(world, worker):
    digest = upload(worker)["location"].rstrip("/").rpartition("/")[2]
    assert worker.get(f"{PAGE}import/{'0' * 64}/").status_code == 404
    assert worker.get(f"{PAGE}import/nonsense/").status_code == 404
    other = client(world, "other")
    assert other.get(f"/place/community-b/carbon/activities/import/{digest}/").status_code == 404


def test_the_template_is_a_workbook_of_every_stream(worker):
    book = openpyxl.load_workbook(io.BytesIO(worker.get(PAGE + "template").content))
    assert [cell.value for cell in book.worksheets[0][1]][:3] == ["项目", "区域", "起"]


def test_what_is_metered_is_told_as_not_counted(world, worker):
    services.enter(incineration(world.a), actor=SYSTEM)
    meter.register(
        [
            meter.Spec(
                owner=world.a, place=world.areas["building-a"], carrier="waste", number="W-1", name="其他垃圾",
                unit="kg", valid_from=date(2025, 7, 1), product="incineration",
            )
        ],
        actor=SYSTEM,
        area=world.a,
    )  # fmt: skip
    page = text(worker.get(PAGE + "?year=2025"))
    assert "部分未计入：已有表计" in page and "已由表计计量" in page


def test_a_place_above_shows_what_lies_below_and_a_place_beside_does_not(world):
    services.enter(incineration(world.a), actor=SYSTEM)
    above = client(world, "street").get("/place/street-a/carbon/activities/?year=2025")
    beside = client(world, "other").get("/place/community-b/carbon/activities/?year=2025")
    assert "12.5 t" in text(above) and "12.5 t" not in text(beside)


def test_a_sheet_of_another_place_is_not_found(world):
    sheet = services.enter(incineration(world.a), actor=SYSTEM).sheet
    answer = client(world, "other").get(f"/place/community-b/carbon/activities/{sheet.pk}/")
    assert answer.status_code == 404


def test_who_may_only_look_sees_no_buttons(world):
    services.enter(incineration(world.a), actor=SYSTEM)
    page = client(world, "auditor").get(PAGE + "?year=2025").content.decode()
    assert "垃圾焚烧" in page and "activities/new" not in page and "activities/import" not in page


def test_pages_are_in_english_too(world):
    services.enter(incineration(world.a), actor=SYSTEM)
    page = text(client(world, "worker", "en").get(PAGE + "?year=2025"))
    assert "Waste to incineration" in page and "Sums of 2025" in page
