import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tanlin.kernel.errors import BadInput
from tanlin.meter.protocols import espi
from tests.meter.protocols.golden_files import HERE

GOLDEN = (HERE / "green_button.xml").read_bytes()
HOUSE, ROOF = "22222222-0000-4000-8000-000000000001", "22222222-0000-4000-8000-000000000002"


def parsed(data: bytes) -> espi.Usage:
    return espi.parse(io.BytesIO(data), "usage.xml")


def changed(old: str, new: str) -> bytes:
    assert old.encode() in GOLDEN
    return GOLDEN.replace(old.encode(), new.encode(), 1)


def test_intervals_and_registers_read_in_canonical_units():
    rows = parsed(GOLDEN).readings.to_pylist()
    assert [(r["point"], r["channel"], r["start"], r["seconds"], r["value"], r["quality"]) for r in rows] == [
        (HOUSE, "import", 1763596800, 900, pytest.approx(0.001234, rel=1e-12), "estimated:reference-day"),
        (HOUSE, "import", 1763597700, 900, 0.001, "measured"),
        (HOUSE, "import", 1763598600, 900, 0.0, "measured"),
        (ROOF, "export", 1763596800, 0, 77.0, "measured"),
    ]


def test_each_reading_names_its_line():
    rows = parsed(GOLDEN).readings["row"].to_pylist()
    lines = GOLDEN.decode().splitlines()
    assert all("<espi:IntervalReading>" in lines[row - 1] for row in rows)


def test_titles_and_offset_come_along():
    usage = parsed(GOLDEN)
    assert (usage.points, usage.offset) == ({HOUSE: "House", ROOF: "Roof"}, -28800)


def test_a_forecast_is_left_out_and_named():
    (problem,) = parsed(GOLDEN).problems
    assert (problem.code, problem.where.column, problem.where.value) == (
        "meter.espi_unfit",
        "IntervalReading/quality",
        "12",
    )


def test_a_questionable_reading_is_a_doubt():
    assert parsed(GOLDEN).doubts == {10: 1}


@pytest.mark.parametrize("codes", [(17, 8), (8, 17), (17, 8, 19)])
def test_of_several_qualities_the_one_that_is_not_sound_counts(codes: tuple[int, ...]):
    one = "<espi:ReadingQuality><espi:quality>{}</espi:quality></espi:ReadingQuality>"
    usage = parsed(changed(one.format(8), "".join(one.format(code) for code in codes)))
    assert usage.readings["quality"][0].as_py() == "estimated:reference-day"


@pytest.mark.parametrize(
    ("old", "new", "element"),
    [
        ("<espi:uom>72</espi:uom>", "<espi:uom>38</espi:uom>", "ReadingType/uom"),
        ("<espi:flowDirection>1</", "<espi:flowDirection>4</", "ReadingType/flowDirection"),
        ("<espi:commodity>1</", "<espi:commodity>18</", "ReadingType/commodity"),
        ("Behaviour>4</", "Behaviour>12</", "ReadingType/accumulationBehaviour"),
        ("<espi:uom>72</espi:uom>", "<espi:uom>42</espi:uom>", "ReadingType/uom"),
    ],
)
def test_what_is_no_amount_is_left_out_with_its_element(old: str, new: str, element: str):
    usage = parsed(changed(old, new))
    assert usage.readings["point"].unique().to_pylist() == [ROOF]
    assert element in [p.where.column for p in usage.problems]
    assert all(p.where.row for p in usage.problems)


@pytest.mark.parametrize(
    ("data", "code", "element"),
    [
        (changed("<espi:value>1234</", "<espi:value>12x</"), "meter.file_value", "value"),
        (changed("<espi:value>1234</espi:value>", ""), "meter.file_missing", "IntervalReading/value"),
        (GOLDEN[:3000], "meter.xml_broken", None),
        (changed("<feed ", "<!DOCTYPE feed [<!ENTITY a 'b'>]><feed "), "meter.xml_entity", None),
        (b"<?xml version='1.0'?><feed/>", "meter.xml_not_espi", None),
        (b"<a>" * 60, "meter.xml_too_big", None),
        (changed("/ReadingType/2\"/>\n    <content><espi:MeterReading/>", "/ReadingType/7\"/>\n    <content><espi:MeterReading/>"), "meter.espi_unlinked", "link"),
    ],
)  # fmt: skip
def test_a_broken_file_is_refused_with_line_and_element(data: bytes, code: str, element: str | None):
    with pytest.raises(BadInput) as caught:
        parsed(data)
    assert (caught.value.code, caught.value.where.column) == (code, element)
    assert caught.value.remedy
    assert caught.value.where.row or code == "meter.xml_not_espi"


def test_an_expanding_entity_is_never_expanded():
    bomb = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><x>&b;</x>'
    with pytest.raises(BadInput) as caught:
        parsed(bomb)
    assert caught.value.code == "meter.xml_entity"


class Slow(io.BytesIO):
    """Gives at most ``step`` bytes at once."""

    def __init__(self, data: bytes, step: int) -> None:
        super().__init__(data)
        self.step = step

    def read(self, size: int | None = -1) -> bytes:
        return super().read(self.step)


@given(st.integers(1, 5000))
@settings(max_examples=30)
def test_the_result_does_not_depend_on_how_the_bytes_come(step: int):
    assert espi.parse(Slow(GOLDEN, step)).readings == parsed(GOLDEN).readings
