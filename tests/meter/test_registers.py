"""Registers: digits stated while registering, rings within a list, final readings, and why a step back is a gap."""

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from django.test import Client

from tanlin.community import services as community
from tanlin.community.models import User
from tanlin.community.queries import SYSTEM
from tanlin.kernel.errors import BadInput
from tanlin.meter import queries, services
from tanlin.meter.cli import cli
from tanlin.meter.models import Device, Meter, MeterRow
from tanlin.readings import queries as readings
from tests.meter.support import checked, imported, placed, world

pytestmark = pytest.mark.django_db
CORPUS = Path(__file__).parent / "corpus"
ROLLOVER = (CORPUS / "rollover.csv").read_bytes()  # 99950, 99990, 00012 on the first of January to March


def listed(folder: Path, *lines: str) -> Any:
    path = folder / "list.csv"
    path.write_text("\n".join(["number,carrier,valid_from,kind,parent,digits", *lines]), encoding="utf-8")
    return CliRunner().invoke(cli, ["register", str(path), "--place", "here"])


def seconds(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp())


def test_a_ring_within_one_list_registers_nothing(tmp_path: Path):
    world()
    found = listed(
        tmp_path,
        "A,electricity,2025-01-01,register,C,",
        "B,electricity,2025-01-01,register,A,",
        "C,electricity,2025-01-01,register,B,",
    )
    assert isinstance(found.exception, BadInput)
    assert found.exception.code == "meter.parent_ring"
    assert not Meter.objects.exists()


def test_a_list_with_main_meters_in_any_order_is_registered(tmp_path: Path):
    world()
    lines = [
        f"{name},electricity,2025-01-01,register,{main},"
        for name, main in (("C", "B"), ("B", "A"), ("A", ""))
    ]
    assert listed(tmp_path, *lines).exit_code == 0
    assert MeterRow.objects.filter(parent__isnull=False).count() == 2


def test_digits_of_a_list_reach_the_device(tmp_path: Path):
    world()
    assert listed(tmp_path, "A,electricity,2025-01-01,register,,6").exit_code == 0
    assert list(Device.objects.values_list("meter__number", "digits")) == [("A", 6)]


@pytest.mark.parametrize(
    "line", ["A,electricity,2025-01-01,interval,,6", "A,electricity,2025-01-01,register,,40"]
)
def test_digits_that_no_register_has_are_refused(tmp_path: Path, line: str):
    world()
    found = listed(tmp_path, line)
    assert isinstance(found.exception, BadInput)
    assert found.exception.code == "meter.bad_digits"


def test_digits_given_in_the_wizard_carry_a_register_past_zero():
    here = world()["here"]
    imp = checked(here, ROLLOVER, "rollover.csv")
    [unknown] = imp.report["unknown"]
    answer = {"place": "home", "digits": 5}
    services.import_now(
        services.assign(imp, {queries.key_of(unknown): answer}, SYSTEM), SYSTEM, partial=False
    )
    used = readings.snapshot().query("SELECT value FROM current ORDER BY start")["value"].to_pylist()
    assert used == [40, 22]
    assert queries.steps_back(Meter.objects.get()) == []


def test_wrong_digits_in_the_wizard_are_refused():
    imp = checked(world()["here"], ROLLOVER, "rollover.csv")
    key = queries.key_of(imp.report["unknown"][0])
    with pytest.raises(BadInput) as refusal:
        services.assign(imp, {key: {"place": "home", "digits": -1}}, SYSTEM)
    assert refusal.value.code == "meter.bad_digits"


def test_the_page_says_why_a_step_back_made_no_quantity():
    areas = world()
    imported(areas["here"], ROLLOVER, name="rollover.csv")
    meter = Meter.objects.get()
    [step] = queries.steps_back(meter)
    assert (step.before, step.after) == (99990, 12)
    user = User.objects.create(username="engineer", password="!")
    community.grant(SYSTEM, user=user, role="engineer", area=areas["here"])
    client = Client()
    client.cookies["language"] = "en"
    client.force_login(user)
    page = client.get(f"/place/here/meter/{meter.pk}/").content.decode()
    assert "the digits of the device are not stated" in page
    assert "State the digits" in page


def test_a_step_back_that_is_no_rollover_says_so():
    here = world()["here"]
    imp = checked(here, ROLLOVER.replace(b"99990", b"60000"), "rollover.csv")
    [unknown] = imp.report["unknown"]
    imp = services.assign(imp, {queries.key_of(unknown): {"place": "home", "digits": 5}}, SYSTEM)
    services.import_now(imp, SYSTEM, partial=False)
    steps = queries.steps_back(Meter.objects.get())
    assert [(s.before, s.after) for s in steps] == [(60000, 12), (99950, 60000)]
    assert all("hardly past zero" in s.text.en for s in steps)


def exchanged(final: float, digits: int | None) -> Device:
    """An exchange in February of the register that read 99990 on its first day."""
    here = world()["here"]
    services.import_now(placed(checked(here, ROLLOVER, "rollover.csv"), "home"), SYSTEM, partial=False)
    row = MeterRow.objects.select_related("place", "meter").get()
    if digits is not None:
        first = seconds("2024-12-31T16:00+00:00")
        services.install_device(row, serial="", digits=digits, initial=None, from_es=first, actor=SYSTEM)
    at = seconds("2025-02-10T00:00+08:00")
    return services.exchange_device(
        row, at_es=at, final=final, initial=0, digits=None, serial="", actor=SYSTEM
    )


def test_a_final_reading_below_the_last_one_is_refused():
    with pytest.raises(BadInput) as refusal:
        exchanged(99980, None)
    assert refusal.value.code == "meter.final_below_last"
    assert "2025-02-01" in refusal.value.text.en
    assert refusal.value.remedy is not None
    assert not Device.objects.exists()


def test_a_final_reading_past_zero_stands_where_the_digits_say_so():
    exchanged(5, 5)
    assert Device.objects.filter(final=5).count() == 1


def test_a_final_reading_far_below_the_last_one_is_no_rollover():
    with pytest.raises(BadInput) as refusal:
        exchanged(60000, 5)
    assert refusal.value.code == "meter.final_below_last"
