"""Differences of effective rows against pandas and sets, and digests made in passing against those of the whole."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from tanlin.readings.compare import altered_days, difference
from tanlin.readings.digest import digested, digests
from tanlin.readings.schema import CURRENT, month_text

KEY = ["meter_id", "channel", "start"]
JANUARY = 1_735_689_600


def rows(seed: int, n: int) -> pa.Table:
    """About ``n`` effective hours of five meters, one with a very large number, in key order."""
    rng = np.random.default_rng(seed)
    hour = rng.integers(0, 24 * 45, n)
    frame = pd.DataFrame(
        {
            "meter_id": rng.choice([1, 2, 3, 50, 2**40], n),
            "channel": rng.choice(["import", "export"], n),
            "start": JANUARY + 3600 * hour,
            "seconds": rng.choice(np.array([900, 3600], np.int32), n),
            "value": rng.integers(0, 2, n) / 8,
            "quality": rng.choice(["measured", "edited"], n),
        }
    )
    frame = frame.drop_duplicates(KEY).sort_values(KEY, ignore_index=True)
    table = pa.Table.from_pandas(frame, preserve_index=False)
    return table.append_column("month", month_text(frame["start"].to_numpy())).cast(CURRENT)


@pytest.mark.parametrize(("new", "old"), [(900, 900), (900, 5), (5, 900), (300, 0), (0, 300), (0, 0)])
def test_rows_that_differ_are_those_of_sets(new: int, old: int) -> None:
    a, b = rows(1, new), rows(2, old)
    found = difference(a, b, "start")
    one, other = (set(map(tuple, table.to_pandas().to_numpy().tolist())) for table in (a, b))
    assert [tuple(row.values()) not in other for row in a.to_pylist()] == found.new.tolist()
    assert [tuple(row.values()) not in one for row in b.to_pylist()] == found.old.tolist()
    assert found.keys == len({row[:3] for row in one ^ other})
    assert found.rows(a, b).num_rows == len(one ^ other)


@pytest.mark.parametrize(("new", "old"), [(900, 900), (900, 5), (5, 900), (300, 0), (0, 300)])
def test_altered_days_hold_every_difference_and_no_other_day(new: int, old: int) -> None:
    a, b = rows(3, new), rows(4, old)
    found = difference(a, b, "start")
    days, inside = altered_days(found, a, b)
    assert days.column_names == ["meter_id", "channel", "month", "day"]

    def day(row: dict[str, int]) -> tuple[int, int, int, int]:
        return (row["meter_id"], row["channel"], row["month"], row["start"] // 86400 * 86400)

    expected = {day(row) for row in found.rows(a, b).to_pylist()}
    assert sorted(expected) == sorted(tuple(row.values()) for row in days.to_pylist())
    assert [day(row) in expected for row in a.to_pylist()] == inside.tolist()


def test_equal_tables_do_not_differ() -> None:
    found = difference(rows(5, 400), rows(5, 400), "start")
    assert found.keys == 0
    assert not found.new.any() and not found.old.any()


@pytest.mark.parametrize("size", [1, 7, 100, 10_000])
def test_digests_in_passing_are_those_of_the_whole(size: int) -> None:
    month = rows(6, 700)
    month = month.filter(pa.compute.equal(month["month"], "2025-01"))
    found: list[pa.Table] = []
    passed = list(digested(month.to_batches(size), pa.array([1, 3, 2**40]), found))
    assert pa.Table.from_batches(passed).equals(month)
    wanted = month.filter(pa.compute.is_in(month["meter_id"], pa.array([1, 3, 2**40])))
    assert pa.concat_tables(found).equals(digests(wanted))


@pytest.mark.parametrize("start", [0, -1, JANUARY - 1, JANUARY, 4_102_444_799, 10**15])
def test_the_month_of_a_start_is_that_of_the_calendar(start: int) -> None:
    month = np.datetime64(start, "s").astype("datetime64[M]")
    assert month_text(np.array([start, 0, start])).to_pylist() == [str(month), "1970-01", str(month)]
