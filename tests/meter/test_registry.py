from dataclasses import replace
from datetime import date
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from tanlin.kernel.period import midnight
from tanlin.meter.registry import OPEN_END, Row, meters_frame, split

ROW = Row(
    meter_id=1,
    number="A-1",
    carrier="electricity",
    channel="import",
    kind="interval",
    unit="kWh",
    multiplier=1.0,
    product="",
    tariff="",
    uncertainty_pct=2.0,
    path="/1/2/3/",
    region="CN",
    tz="Asia/Shanghai",
    origin="measured",
    parent=None,
    valid_from=date(2025, 1, 1),
    valid_to=None,
)
CHILD = replace(ROW, meter_id=2, number="A-2", parent=1)
SLUGS = {1: "city", 2: "estate", 3: "building"}


def selected(rows, place="/1/"):
    return {r["number"]: r["selected"] for r in meters_frame(rows, place, SLUGS).to_pylist()}


def test_a_main_meter_counts_instead_of_its_child():
    assert selected([ROW, CHILD]) == {"A-1": True, "A-2": False}


def test_a_child_counts_where_its_main_meter_lies_outside_the_place():
    assert selected([CHILD], place="/1/2/") == {"A-2": True}


def test_generation_is_not_covered_by_a_main_meter_of_import():
    assert selected([ROW, replace(CHILD, channel="generation")]) == {"A-1": True, "A-2": True}


def test_a_child_counts_again_after_its_main_meter_ends():
    ended = replace(ROW, valid_to=date(2025, 7, 1))
    july = midnight(date(2025, 7, 1), ROW.tz)
    rows = [r for r in meters_frame([ended, CHILD], "/1/", SLUGS).to_pylist() if r["number"] == "A-2"]
    assert [(r["from_es"], r["to_es"], r["selected"]) for r in rows] == [
        (midnight(date(2025, 1, 1), ROW.tz), july, False),
        (july, OPEN_END, True),
    ]


def test_a_meter_shows_at_the_direct_child_of_the_place():
    [row] = meters_frame([ROW], "/1/", SLUGS).to_pylist()
    assert row["place"] == "estate"


def test_a_meter_of_the_place_itself_shows_there():
    [row] = meters_frame([replace(ROW, path="/1/")], "/1/", SLUGS).to_pylist()
    assert row["place"] == "city"


def test_no_meters_give_an_empty_frame_with_its_columns():
    frame = meters_frame([], "/1/", SLUGS)
    assert frame.num_rows == 0
    assert "selected" in frame.column_names


spans = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=5)


@given(spans)
def test_the_parts_of_a_split_window_fill_it_without_overlap(covered):
    parts = split((5, 25), covered)
    assert parts[0][0] == 5
    assert parts[-1][1] == 25
    assert all(a[1] == b[0] for a, b in pairwise(parts))


@given(spans)
def test_a_second_counts_by_itself_exactly_where_nothing_covers_it(covered):
    alone = {s for low, high, free in split((5, 25), covered) if free for s in range(low, high)}
    assert alone == {s for s in range(5, 25) if not any(a <= s < b for a, b in covered)}
