"""Effective rows: each second counted once, nothing lost or invented, whatever the order of arrival."""

import random

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tanlin.readings import derive
from tanlin.readings.overlap import once
from tests.readings import model

HOUR = 3600
FAST = settings(max_examples=150, deadline=None)
THOROUGH = settings(max_examples=400, deadline=None)


def log(*rows: tuple, meter: int = 1) -> pa.Table:
    """Rows (start, seconds, value[, quality[, batch]]) of one meter."""
    full = [(*row, *("measured", 1)[len(row) - 3 :]) for row in rows]
    start, seconds, value, quality, batch = zip(*full, strict=True) if full else [()] * 5
    return pa.table(
        {
            "meter_id": pa.array([meter] * len(full), pa.int64()),
            "channel": pa.array(["import"] * len(full), pa.string()),
            "start": pa.array(start, pa.int64()),
            "seconds": pa.array(seconds, pa.int32()),
            "value": pa.array(value, pa.float64()),
            "quality": pa.array(quality, pa.string()),
            "batch": pa.array(batch, pa.int64()),
        }
    )


def devices(*rows: dict, meter: int = 1) -> pa.Table:
    names = ("from_es", "to_es", "digits", "initial", "final")
    types = (pa.int64(), pa.int64(), pa.int32(), pa.float64(), pa.float64())
    columns = {
        name: pa.array([row.get(name) for row in rows], kind) for name, kind in zip(names, types, strict=True)
    }
    return pa.table({"meter_id": [meter] * len(rows), "channel": ["import"] * len(rows), **columns})


def effective(table: pa.Table, held: pa.Table | None = None) -> list[tuple]:
    rows = derive(table, held).rows
    return list(
        zip(*(rows[name].to_pylist() for name in ("start", "seconds", "value", "quality")), strict=True)
    )


def test_no_rows_give_no_rows() -> None:
    assert derive(log()).rows.num_rows == 0


def test_the_newest_batch_of_a_key_stands() -> None:
    assert effective(
        log((0, HOUR, 1.0, "measured", 1), (0, HOUR, 2.0, "edited", 3), (0, HOUR, 9.0, "measured", 2))
    ) == [(0, HOUR, 2.0, "edited")]


def test_a_rejected_reading_is_a_gap_and_hides_what_it_corrects() -> None:
    assert effective(log((0, HOUR, 1.0), (0, HOUR, 1.0, "rejected", 2), (HOUR, HOUR, 3.0))) == [
        (HOUR, HOUR, 3.0, "measured")
    ]


def test_hours_that_fill_a_day_replace_the_day() -> None:
    hours = [(h * HOUR, HOUR, 1.0) for h in range(24)]
    assert len(effective(log((0, 24 * HOUR, 99.0), *hours))) == 24


def test_hours_with_a_gap_give_way_to_the_day() -> None:
    hours = [(h * HOUR, HOUR, 1.0) for h in range(23)]
    assert effective(log((0, 24 * HOUR, 99.0), *hours)) == [(0, 24 * HOUR, 99.0, "measured")]


def test_levels_nest_from_the_shortest_up() -> None:
    """Quarters fill only one hour, hours fill the day: the day falls out, one hour stands as quarters."""
    quarters = [(q * 900, 900, 0.25) for q in range(4)] + [(5 * HOUR, 900, 7.0)]
    hours = [(h * HOUR, HOUR, 1.0) for h in range(24)]
    rows = effective(log((0, 24 * HOUR, 99.0), *hours, *quarters))
    assert sum(value for _, _, value, _ in rows) == 24.0
    assert len(rows) == 27


def test_of_two_shifted_hours_the_newer_batch_stands() -> None:
    assert effective(log((0, HOUR, 1.0, "measured", 2), (1800, HOUR, 5.0, "measured", 1))) == [
        (0, HOUR, 1.0, "measured")
    ]


def test_register_readings_become_the_intervals_between_them() -> None:
    assert effective(log((0, 0, 100.0), (HOUR, 0, 101.5, "estimated:linear"), (3 * HOUR, 0, 104.0))) == [
        (0, HOUR, 1.5, "estimated:linear"),
        (HOUR, 2 * HOUR, 2.5, "estimated:linear"),
    ]


def test_a_register_rolls_over_where_its_digits_say_so() -> None:
    rows = log((0, 0, 9_900.0), (HOUR, 0, 9_960.0), (2 * HOUR, 0, 10.0))
    assert [row[2] for row in effective(rows, devices({"from_es": -HOUR, "digits": 4}))] == [60.0, 50.0]


@pytest.mark.parametrize(
    ("before", "after", "digits"),
    [(9_960.0, 10.0, None), (5_000.0, 10.0, 4), (9_960.0, 9_950.0, 4), (9_960.0, 4_000.0, 4)],
    ids=["digits unknown", "far from zero", "small step back", "too much at once"],
)
def test_any_other_step_back_is_a_gap_and_a_problem(before, after, digits) -> None:
    rows = log((0, 0, before - 60), (HOUR, 0, before), (2 * HOUR, 0, after), (3 * HOUR, 0, after + 1))
    result = derive(rows, devices({"from_es": -HOUR, "digits": digits}))
    assert result.rows["start"].to_pylist() == [0, 2 * HOUR]
    assert result.problems.select(["start", "end", "code", "before", "after"]).to_pylist() == [
        {"start": HOUR, "end": 2 * HOUR, "code": "register_step_back", "before": before, "after": after}
    ]


def test_nothing_is_lost_at_an_exchange_with_both_ends_stated() -> None:
    held = devices(
        {"from_es": -HOUR, "to_es": 5400, "final": 120.0}, {"from_es": 5400, "to_es": None, "initial": 3.0}
    )
    rows = effective(log((0, 0, 100.0), (HOUR, 0, 110.0), (2 * HOUR, 0, 8.0)), held)
    assert [row[:3] for row in rows] == [(0, HOUR, 10.0), (HOUR, 1800, 10.0), (5400, 1800, 5.0)]


def test_an_exchange_without_its_final_reading_leaves_a_gap() -> None:
    held = devices({"from_es": -HOUR, "to_es": 5400}, {"from_es": 5400, "initial": 3.0})
    rows = effective(log((0, 0, 100.0), (HOUR, 0, 110.0), (2 * HOUR, 0, 8.0)), held)
    assert [row[:3] for row in rows] == [(0, HOUR, 10.0), (5400, 1800, 5.0)]


intervals = st.lists(
    st.tuples(st.integers(0, 40), st.sampled_from([1, 2, 3, 4, 6, 12, 30]), st.integers(1, 3)),
    max_size=25,
    unique_by=lambda i: i[:2],
)


@given(intervals, st.sets(st.integers(0, 24)))
@THOROUGH
@example([(0, 2, 1), (1, 2, 1), (3, 6, 1), (4, 6, 1)], set())
@example([(0, 1, 1), (1, 1, 1), (0, 2, 2), (0, 6, 1)], {0, 1})
def test_overlap_agrees_with_brute_force(given_intervals, soft) -> None:
    ordered = sorted(given_intervals)
    start, seconds, batch = np.array(ordered, np.int64).reshape(-1, 3).T
    estimated = np.isin(np.arange(len(ordered)), sorted(soft))
    kept = once(np.zeros(len(ordered), np.int64), start, seconds, batch, estimated)
    estimates = [one for one, is_soft in zip(ordered, estimated.tolist(), strict=True) if is_soft]
    assert [ordered[i] for i in kept.tolist()] == model.once(ordered, estimates)


readings = st.dictionaries(st.integers(0, 30), st.integers(0, 9).map(float), max_size=12)
changes = st.lists(st.integers(0, 30), min_size=0, max_size=4, unique=True).map(sorted)
stated = st.none() | st.integers(0, 9).map(float)


@given(readings, changes, st.lists(st.tuples(stated, stated), min_size=4, max_size=4))
@FAST
def test_registers_agree_with_brute_force(points, times, ends) -> None:
    held = [
        {"from": a, "to": b, "initial": initial, "final": final}
        for a, b, (initial, final) in zip(times, times[1:], ends, strict=False)
    ]
    table = devices(
        *(
            {"from_es": d["from"], "to_es": d["to"], "initial": d["initial"], "final": d["final"]}
            for d in held
        )
    )
    rows = effective(log(*((time, 0, value) for time, value in points.items())), table if held else None)
    expected = model.registers(sorted(points.items()), held) if points else []
    assert [(start, start + seconds, used) for start, seconds, used, _ in rows] == expected


rows_of_any_kind = st.lists(
    st.tuples(
        st.integers(1, 3),
        st.sampled_from(["", "import"]),
        st.integers(0, 20),
        st.sampled_from([0, 1, 2, 4, 8]),
        st.integers(0, 5).map(float),
        st.sampled_from(["measured", "edited", "estimated:a", "rejected"]),
        st.integers(1, 3),
    ),
    max_size=40,
)


def table_of(rows: list[tuple]) -> pa.Table:
    names = ("meter_id", "channel", "start", "seconds", "value", "quality", "batch")
    types = (pa.int64(), pa.string(), pa.int64(), pa.int32(), pa.float64(), pa.string(), pa.int64())
    columns = list(zip(*rows, strict=True)) or [()] * 7
    return pa.table({n: pa.array(c, t) for n, c, t in zip(names, columns, types, strict=True)})


@given(rows_of_any_kind, st.randoms(use_true_random=False))
@FAST
def test_neither_the_order_of_rows_nor_the_division_of_meters_matters(rows, rnd: random.Random) -> None:
    shuffled = rows.copy()
    rnd.shuffle(shuffled)
    whole = derive(table_of(rows)).rows
    assert derive(table_of(shuffled)).rows == whole
    parts = [derive(table_of([row for row in rows if row[0] == meter])).rows for meter in (1, 2, 3)]
    assert pa.concat_tables(parts) == whole


@given(rows_of_any_kind)
@FAST
def test_effective_rows_never_overlap_and_derive_to_themselves(rows) -> None:
    whole = derive(table_of(rows)).rows
    pair = [*zip(whole["meter_id"].to_pylist(), whole["channel"].to_pylist(), strict=True)]
    start = whole["start"].to_numpy()
    end = start + whole["seconds"].to_numpy()
    for i in range(1, len(pair)):
        assert pair[i] != pair[i - 1] or start[i] >= end[i - 1]
    again = whole.append_column("batch", pa.array([1] * whole.num_rows, pa.int64()))
    assert derive(again).rows == whole
