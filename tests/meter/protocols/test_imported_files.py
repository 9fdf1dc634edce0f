"""Green Button and charging files in the ordinary import."""

import pytest

from tanlin.community.queries import SYSTEM
from tanlin.kernel.errors import BadInput
from tanlin.meter import services, sheets
from tanlin.meter.mapping import guess
from tanlin.meter.parsing import Parsed, parse
from tanlin.readings import queries as readings
from tests.meter.protocols.golden_files import HERE
from tests.meter.support import checked, placed, world


def read(name: str, tz: str = "Asia/Shanghai") -> list[Parsed]:
    found = sheets.read(HERE / name)
    return [parse(sheet, guess(sheet, tz=tz)) for sheet in found]


def test_green_button_keeps_times_registers_and_quality():
    intervals, registers = read("green_button.xml")
    assert [
        (r["start"], r["seconds"], r["channel"], r["quality"]) for r in intervals.readings.to_pylist()
    ] == [
        (1763596800, 900, "import", "estimated:reference-day"),
        (1763597700, 900, "import", "measured"),
        (1763598600, 900, "import", "measured"),
    ]
    assert [(r["start"], r["seconds"], r["value"]) for r in registers.readings.to_pylist()] == [
        (1763596800, 0, 77.0)
    ]


def test_what_was_left_out_is_a_bad_row_with_line_and_remedy():
    (error,) = read("green_button.xml")[0].errors.to_pylist()
    assert (error["code"], error["column"], error["value"]) == (
        "meter.espi_unfit",
        "IntervalReading/quality",
        "12",
    )
    assert error["row"] > 1
    assert error["remedy_en"]


def test_the_first_rows_are_guessed_as_intervals_and_registers():
    kinds = [guess(sheet, tz="Asia/Shanghai").kind for sheet in sheets.read(HERE / "green_button.xml")]
    assert kinds == ["interval", "register"]


def test_orders_are_local_to_the_place():
    (orders,) = read("orders.json")
    assert [(r["number"], r["start"], r["seconds"], r["value"]) for r in orders.readings.to_pylist()] == [
        ("44030100001", 1763559600, 4800, 20.25),
        ("44030100001", 1763564400, 1800, 4.25),
        ("44030100002", 1763593200, 2730, 11.02),
    ]
    (tokyo,) = read("orders.json", tz="Asia/Tokyo")
    assert tokyo.readings["start"][0].as_py() == 1763559600 - 3600


def test_bad_orders_are_bad_rows():
    (orders,) = read("orders_broken.jsonl")
    assert (orders.stats["good"], orders.stats["bad"], orders.errors.num_rows) == (1, 7, 7)


def test_other_xml_is_still_refused(tmp_path):
    path = tmp_path / "page.xml"
    path.write_text("<?xml version='1.0'?><rss/>")
    with pytest.raises(BadInput) as caught:
        sheets.read(path)
    assert caught.value.code == "meter.wrong_type"


@pytest.mark.django_db
def test_a_green_button_file_goes_all_the_way_into_the_store():
    areas = world()
    imp = placed(checked(areas["here"], (HERE / "green_button.xml").read_bytes(), "usage.xml"), "home")
    assert imp.counts["good"] == 4
    with pytest.raises(BadInput):
        services.import_now(imp, SYSTEM, partial=False)
    services.import_now(imp, SYSTEM, partial=True)
    rows = (
        readings.snapshot()
        .query("SELECT channel, value, quality FROM log ORDER BY start, channel")
        .to_pylist()
    )
    assert [(r["channel"], r["quality"]) for r in rows] == [
        ("export", "measured"),
        ("import", "estimated:reference-day"),
        ("import", "measured"),
        ("import", "measured"),
    ]


@pytest.mark.django_db
def test_charging_orders_go_all_the_way_into_the_store():
    areas = world()
    imp = placed(checked(areas["here"], (HERE / "orders.json").read_bytes(), "orders.json"), "home")
    services.import_now(imp, SYSTEM, partial=False)
    total = readings.snapshot().query("SELECT SUM(value) AS v FROM current").to_pylist()[0]["v"]
    assert total == pytest.approx(24.5 + 11.02, abs=1e-9)
