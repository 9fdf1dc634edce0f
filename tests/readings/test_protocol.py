"""The verbs of readings, each fact on the store of an installation."""

import os

import pyarrow as pa
import pytest

from tanlin.kernel.errors import BadInput, Conflict, NotFound
from tanlin.readings import READINGS, queries, services
from tanlin.readings.models import Batch, State
from tanlin.readings.store import Store

pytestmark = pytest.mark.django_db(transaction=True)

HOUR = 3600
START = 1_748_707_200  # 2025-06-01 00:00 in Shanghai
ZONES = pa.table({"meter_id": [1, 2, 3], "tz": ["Asia/Shanghai"] * 3})


def hours(meter: int, first: int = 0, n: int = 48, value: float = 1.0) -> pa.Table:
    start = [START + hour * HOUR for hour in range(first, first + n)]
    return rows([(meter, "import", s, HOUR, value, "measured") for s in start])


def rows(given: list[tuple]) -> pa.Table:
    return pa.Table.from_pylist(
        [dict(zip(READINGS.names, row, strict=True)) for row in given], schema=READINGS
    )


def total(view: str = "current") -> float | None:
    return queries.snapshot().query(f"SELECT SUM(value) AS v FROM {view}")["v"][0].as_py()


def test_before_the_first_append_everything_is_empty() -> None:
    assert queries.watermark() == 0
    assert queries.snapshot().query("SELECT * FROM current").num_rows == 0
    assert queries.latest([1]).num_rows == 0
    assert queries.digests([1], "2025-01", "2025-12").num_rows == 0
    assert services.refresh(None, ZONES).meter_days == 0


def test_a_batch_knows_what_it_holds_and_readers_see_it_after_refresh() -> None:
    batch = services.append(pa.concat_tables([hours(1), hours(2)]), source="file a")
    assert batch is not None
    assert (batch.number, batch.rows, batch.meters, batch.state) == (1, 96, 2, "committed")
    assert (batch.first_start, batch.last_end) == (START, START + 48 * HOUR)
    assert total() is None
    assert services.refresh(None, ZONES).meter_days == 4
    assert (total(), total("days")) == (96.0, 96.0)


def test_the_same_rows_again_make_no_batch() -> None:
    services.append(hours(1), source="a")
    assert services.append(hours(1), source="a again") is None
    assert Batch.objects.count() == 1


def test_only_what_is_news_is_kept() -> None:
    services.append(hours(1), source="a")
    batch = services.append(pa.concat_tables([hours(1), hours(1, first=48, n=1)]), source="a and one")
    assert batch is not None and batch.rows == 1


def test_a_reader_of_batches_is_taken_like_a_table() -> None:
    batch = services.append(hours(1).to_reader(max_chunksize=7), source="stream")
    assert batch is not None and batch.rows == 48


def test_one_corrected_reading_re_derives_one_meter_day() -> None:
    services.append(pa.concat_tables([hours(1, n=24 * 40), hours(2, n=24 * 40)]), source="a")
    services.refresh(None, ZONES)
    before = queries.digests([1, 2], "2025-01", "2025-12")["digest"].to_pylist()
    services.append(rows([(1, "import", START + 30 * HOUR, HOUR, 5.0, "edited")]), source="correction")
    done = services.refresh(None, ZONES)
    assert done.changed.to_pylist() == [{"meter_id": 1, "channel": "import", "day": 20250602}]
    assert (done.meter_days, done.rows, done.months.num_rows) == (1, 1, 1)
    after = queries.digests([1, 2], "2025-01", "2025-12")["digest"].to_pylist()
    assert sum(a != b for a, b in zip(before, after, strict=True)) == 1
    assert total() == 2 * 24 * 40 + 4


def test_a_correction_at_the_edge_of_a_utc_month_reaches_its_local_day() -> None:
    """22:00 UTC on 30 June is 1 July in Shanghai; its day has rows of two UTC months."""
    services.append(hours(1, n=24 * 40), source="a")
    services.refresh(None, ZONES)
    services.append(rows([(1, "import", START + (30 * 24 + 1) * HOUR, HOUR, 3.0, "measured")]), source="b")
    done = services.refresh(None, ZONES)
    assert done.changed["day"].to_pylist() == [20250701]
    day = queries.snapshot().query("SELECT value FROM days WHERE day = 20250701")
    assert day["value"].to_pylist() == [26.0]


def test_a_late_register_reading_changes_only_its_neighbours() -> None:
    day = 24 * HOUR
    register = [(1, "import", START + d * day, 0, 10.0 * d, "measured") for d in range(90) if d != 40]
    services.append(rows(register), source="a")
    services.refresh(None, ZONES)
    services.append(rows([(1, "import", START + 40 * day, 0, 405.0, "measured")]), source="late")
    done = services.refresh(None, ZONES)
    assert done.changed["day"].to_pylist() == [20250710, 20250711]
    assert total() == 890.0


def test_a_new_device_row_is_derived_for_the_meters_named() -> None:
    readings = [(0, 9_990.0), (1, 10.0)]
    services.append(
        rows([(1, "import", START + h * HOUR, 0, v, "measured") for h, v in readings]), source="a"
    )
    assert services.refresh(None, ZONES).problems["code"].to_pylist() == ["register_step_back"]
    devices = pa.table(
        {
            "meter_id": [1],
            "channel": ["import"],
            "from_es": pa.array([None], pa.int64()),
            "to_es": pa.array([None], pa.int64()),
            "digits": pa.array([4], pa.int32()),
            "initial": pa.array([None], pa.float64()),
            "final": pa.array([None], pa.float64()),
        }
    )
    assert services.refresh(devices, ZONES, meters=[1]).meter_days == 1
    assert total() == 20.0


def test_a_new_time_zone_moves_days_and_no_digest() -> None:
    rising = [(1, "import", START + h * HOUR, HOUR, float(h), "measured") for h in range(48)]
    services.append(rows(rising), source="a")
    services.refresh(None, ZONES)
    before = queries.digests([1], "2025-01", "2025-12")
    london = pa.table({"meter_id": [1], "tz": ["Europe/London"]})
    done = services.refresh(None, london, meters=[1])
    assert sorted(done.changed["day"].to_pylist()) == [20250531, 20250601, 20250602]
    assert total("days") == total() == 48 * 47 / 2
    assert queries.digests([1], "2025-01", "2025-12") == before


def test_an_undone_batch_uncovers_what_it_corrected() -> None:
    services.append(hours(1), source="a")
    wrong = services.append(hours(1, value=7.0), source="wrong")
    services.refresh(None, ZONES)
    assert wrong is not None and total() == 7.0 * 48
    services.void(wrong.number)
    assert services.refresh(None, ZONES).meter_days == 2
    assert total() == 48.0


def test_an_undone_file_can_be_imported_again() -> None:
    first = services.append(hours(1), source="a")
    assert first is not None
    services.void(first.number)
    services.refresh(None, ZONES)
    assert total() is None
    again = services.append(hours(1), source="a")
    assert again is not None and again.rows == 48
    services.refresh(None, ZONES)
    assert total() == 48.0


def test_undoing_an_undoing_brings_the_readings_back() -> None:
    first = services.append(hours(1), source="a")
    assert first is not None
    undo = services.void(first.number)
    services.refresh(None, ZONES)
    services.void(undo.number)
    assert services.refresh(None, ZONES).meter_days == 2
    assert total() == 48.0


def test_a_batch_is_undone_once() -> None:
    first = services.append(hours(1), source="a")
    assert first is not None
    services.void(first.number)
    with pytest.raises(Conflict):
        services.void(first.number)
    with pytest.raises(NotFound):
        services.void(99)


def test_on_commit_runs_in_the_transaction_and_its_error_voids_the_batch() -> None:
    def refuse(batch: Batch) -> None:
        State.objects.filter(pk=1).update(watermark=77)
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        services.append(hours(1), source="a", on_commit=refuse)
    assert State.objects.get().watermark == 0
    assert Batch.objects.get().state == "void"
    assert services.append(hours(1), source="a") is not None
    services.refresh(None, ZONES)
    assert total() == 48.0


def test_a_batch_whose_writer_died_before_the_log_is_void(monkeypatch: pytest.MonkeyPatch) -> None:
    services.append(hours(1), source="a")
    services._reserve("dead")
    assert queries.watermark() == 1
    assert [batch.state for batch in services.recover()] == ["void"]
    assert queries.watermark() == 2


def test_a_batch_whose_writer_died_after_the_log_is_finished_and_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told: list[int] = []
    monkeypatch.setattr(services._connections, "recovered", [lambda batch: told.append(batch.number)])
    with monkeypatch.context() as patch:
        patch.setattr(services, "_commit", lambda *args: (_ for _ in ()).throw(KeyboardInterrupt))
        patch.setattr(services, "_give_up", lambda batch: None)
        with pytest.raises(KeyboardInterrupt):
            services.append(hours(1), source="a")
    assert Batch.objects.get().state == "open"
    assert [(batch.state, batch.rows) for batch in services.recover()] == [("committed", 48)]
    assert told == [1]
    assert services.append(hours(1), source="a again") is None


@pytest.mark.parametrize("torn", ["commit", "data"])
def test_a_torn_append_that_was_never_acknowledged_is_removed(torn: str, monkeypatch) -> None:
    services.append(hours(1), source="a")
    with monkeypatch.context() as patch:
        patch.setattr(services, "_commit", lambda *args: (_ for _ in ()).throw(KeyboardInterrupt))
        patch.setattr(services, "_give_up", lambda batch: None)
        with pytest.raises(KeyboardInterrupt):
            services.append(hours(2), source="b")
    log = queries.store().root / "log"
    commit = max((log / "_delta_log").glob("*.json"))
    file = commit if torn == "commit" else max(log.glob("*/*.parquet"), key=lambda f: f.stat().st_mtime_ns)
    os.truncate(file, 0)
    assert [batch.state for batch in services.recover()] == ["void"]
    assert services.append(hours(2), source="b") is not None
    services.refresh(None, ZONES)
    assert total() == 96.0


def test_a_refresh_that_died_before_publishing_leaves_no_trace(monkeypatch: pytest.MonkeyPatch) -> None:
    services.append(hours(1), source="a")
    with monkeypatch.context() as patch:
        patch.setattr(services, "_publish", lambda *args: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            services.refresh(None, ZONES)
    assert total() is None
    services.append(hours(2), source="b")
    assert services.refresh(None, ZONES).meter_days == 4
    assert (total(), total("days")) == (96.0, 96.0)


def test_a_snapshot_stays_what_it_was() -> None:
    services.append(hours(1), source="a")
    services.refresh(None, ZONES)
    pinned = queries.snapshot()
    services.append(hours(1, value=2.0), source="b")
    services.refresh(None, ZONES)
    sql = "SELECT SUM(value) AS v, COUNT(*) AS n FROM current"
    assert pinned.query(sql).to_pylist() == [{"v": 48.0, "n": 48}]
    assert pinned.query("SELECT COUNT(*) AS n FROM log")["n"][0].as_py() == 48
    assert total() == 96.0


def test_a_snapshot_that_must_hold_a_batch_is_refused_until_refreshed() -> None:
    services.append(hours(1), source="a")
    with pytest.raises(Conflict):
        queries.snapshot(batch=1)
    services.refresh(None, ZONES)
    assert queries.snapshot(batch=1).batch == 1


def test_as_of_gives_the_rows_and_digests_of_an_earlier_watermark() -> None:
    services.append(hours(1), source="a")
    services.refresh(None, ZONES)
    then = queries.digests([1], "2025-05", "2025-06")
    services.append(hours(1, first=5, n=1, value=9.0), source="b")
    services.refresh(None, ZONES)
    now = queries.digests([1], "2025-05", "2025-06")
    span = (START, START + 48 * HOUR)
    assert queries.as_of(1, [1], None, *span).digests == then
    assert queries.as_of(2, [1], None, *span).digests == now
    assert then != now
    old = queries.as_of(1, [1], None, *span, zones=ZONES).snapshot
    assert old.query("SELECT SUM(value) AS v FROM days")["v"][0].as_py() == 48.0


def test_a_rebuild_equals_what_was_derived_step_by_step() -> None:
    services.append(hours(1), source="a")
    services.refresh(None, ZONES)
    services.append(hours(1, first=10, value=3.0), source="b")
    services.append(rows([(2, "", START + d * 86400, 0, 1.5 * d, "measured") for d in range(9)]), source="c")
    services.refresh(None, ZONES)
    views = ("SELECT * FROM current ORDER BY 1, 2, 3", "SELECT * FROM days ORDER BY 1, 2, 3")
    before = [queries.snapshot().query(sql) for sql in views]
    hashes = queries.digests([1, 2], "2025-01", "2025-12")
    services.rebuild(None, ZONES)
    assert [queries.snapshot().query(sql) for sql in views] == before
    assert queries.digests([1, 2], "2025-01", "2025-12") == hashes


def test_latest_finds_a_channel_that_fell_silent_months_before_another() -> None:
    services.append(hours(1, n=24 * 200), source="a")
    services.append(rows([(1, "export", START, HOUR, 1.0, "measured")]), source="b")
    services.refresh(None, ZONES)
    found = queries.latest([1]).to_pylist()
    assert [(row["channel"], row["start"]) for row in found] == [
        ("export", START),
        ("import", START + (24 * 200 - 1) * HOUR),
    ]


def test_latest_is_the_reading_that_ends_last_and_is_not_rejected() -> None:
    services.append(hours(1, n=24 * 60), source="a")
    services.append(hours(2, n=3), source="b")
    last = START + 2 * HOUR
    services.append(rows([(2, "import", last, HOUR, 1.0, "rejected")]), source="c")
    found = queries.latest([1, 2, 3]).to_pylist()
    assert [(row["meter_id"], row["start"]) for row in found] == [
        (1, START + (24 * 60 - 1) * HOUR),
        (2, last - HOUR),
    ]


@pytest.mark.parametrize(
    ("row", "column"),
    [
        ((1, "import", START, HOUR, float("nan"), "measured"), "value"),
        ((1, "import", START, HOUR, float("inf"), "measured"), "value"),
        ((1, "import", START, HOUR, None, "measured"), "value"),
        ((1, "import", START, -1, 1.0, "measured"), "seconds"),
        ((1, "import", -5, HOUR, 1.0, "measured"), "start"),
        ((1, "import", START, HOUR, 1.0, "good"), "quality"),
        ((1, None, START, HOUR, 1.0, "measured"), "channel"),
    ],
)
def test_a_bad_cell_is_refused_by_name_and_nothing_is_stored(row: tuple, column: str) -> None:
    with pytest.raises(BadInput) as error:
        services.append(pa.concat_tables([hours(2), rows([row])]).combine_chunks(), source="bad")
    assert error.value.where is not None and error.value.where.column == column
    assert Batch.objects.count() == 0


def test_two_values_for_one_time_are_refused_and_equal_ones_count_once() -> None:
    with pytest.raises(BadInput) as error:
        services.append(pa.concat_tables([hours(1), hours(1, n=1, value=2.0)]), source="bad")
    assert error.value.code == "readings.two_values"
    batch = services.append(pa.concat_tables([hours(1), hours(1)]), source="good")
    assert batch is not None and batch.rows == 48


def test_the_log_is_durable_once_per_batch_number() -> None:
    services.append(hours(1), source="a")
    place: Store = queries.store()
    assert place.last_batch() == 1
    assert place.append(pa.RecordBatchReader.from_batches(place.source("log").schema, []), 1) is False
