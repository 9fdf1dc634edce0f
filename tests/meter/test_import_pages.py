"""What the wizard asks and shows of doubtful files, as a browser without script sees it."""

from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from tanlin.community import services as community
from tanlin.community.models import User
from tanlin.community.queries import SYSTEM
from tanlin.meter.models import Device, Import
from tanlin.record import jobs
from tests.meter.support import imported, world

pytestmark = pytest.mark.django_db
CORPUS = Path(__file__).parent / "corpus"


@pytest.fixture
def areas() -> dict[str, Any]:
    return world()


@pytest.fixture
def engineer(areas: dict[str, Any]) -> Client:
    user = User.objects.create(username="engineer", password="!")
    community.grant(SYSTEM, user=user, role="engineer", area=areas["here"])
    client = Client()
    client.force_login(user)
    return client


def uploaded(client: Client, data: bytes, name: str) -> Any:
    return client.post("/place/here/meter/imports/new/", {"file": SimpleUploadedFile(name, data)})


def checked(client: Client, data: bytes, name: str) -> str:
    """The address of an import that was checked."""
    there: str = uploaded(client, data, name)["Location"]
    client.post(there + "mapping/", {"s0-use": "on", "check": "1"})
    return there


@pytest.mark.parametrize(
    ("language", "words"), [("en", "clock may have slipped"), ("zh-hans", "时钟可能走偏了")]
)
def test_a_slipped_clock_is_shown_before_the_import(engineer: Client, language: str, words: str):
    engineer.cookies["language"] = language
    page = engineer.get(checked(engineer, (CORPUS / "clock_slip.csv").read_bytes(), "slip.csv"))
    assert words in page.content.decode()


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("bomb_ratio.xlsx", "像压缩炸弹"),
        ("external_entity.xlsx", "实体声明"),
        ("nul_bytes.csv", "第 3 行"),
        ("mixed_gbk_then_utf8.csv", "二号楼"),
    ],
)
def test_a_refused_file_names_place_and_remedy_and_is_not_kept(engineer: Client, name: str, words: str):
    engineer.cookies["language"] = "zh-hans"
    answer = uploaded(engineer, (CORPUS / name).read_bytes(), name)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert words in page
    assert "请" in page
    assert not Import.objects.exists()


def test_digits_typed_beside_a_new_register_reach_its_device(engineer: Client):
    there = checked(engineer, (CORPUS / "rollover.csv").read_bytes(), "rollover.csv")
    assert 'name="digits-0"' in engineer.get(there).content.decode()
    engineer.post(there + "confirm/", {"place": "home", "digits-0": "5", "import": "1"})
    for _ in jobs.work_through():
        pass
    assert list(Device.objects.values_list("digits", flat=True)) == [5]


def test_digits_that_are_no_number_are_refused(engineer: Client):
    there = checked(engineer, (CORPUS / "rollover.csv").read_bytes(), "rollover.csv")
    answer = engineer.post(there + "confirm/", {"place": "home", "digits-0": "五", "import": "1"})
    assert answer.status_code == 400
    assert Import.objects.get().state == "checked"


def test_waste_that_may_count_twice_is_asked_about(areas: dict[str, Any], engineer: Client):
    stream = "日期,厨余垃圾(kg)\n2025-01-05,10\n2025-01-06,11\n".encode()
    imported(areas["here"], stream, "here", "stream.csv")
    point = "日期,投放点,垃圾类别,垃圾重量(kg)\n2025-01-05,东门,厨余垃圾,10\n2025-01-06,东门,厨余垃圾,11\n"
    there = checked(engineer, point.encode(), "point.csv")
    answers = {"place": "home", "import": "1"}
    asked = engineer.post(there + "confirm/", answers)
    assert asked.status_code == 400
    assert 'name="twice"' in asked.content.decode()
    assert engineer.post(there + "confirm/", {**answers, "twice": "on"}).status_code == 302
    assert Import.objects.order_by("pk").last().state == "importing"  # type: ignore[union-attr]
