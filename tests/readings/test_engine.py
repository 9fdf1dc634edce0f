"""The engine and the snapshot: facts every later room leans on."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tanlin.kernel.errors import BadInput
from tanlin.readings import CURRENT, Snapshot, Source, default_engine
from tanlin.readings.adapters.duckdb import DuckDBEngine


def rows(meters: int = 3, hours: int = 24) -> pa.Table:
    meter = np.repeat(np.arange(1, meters + 1), hours)
    hour = np.tile(np.arange(hours), meters)
    return pa.table(
        {
            "meter_id": meter,
            "channel": ["import"] * len(meter),
            "start": hour * 3600,
            "seconds": pa.array([3600] * len(meter), pa.int32()),
            "value": hour * 1.0,
            "quality": ["measured"] * len(meter),
        }
    )


def test_an_empty_snapshot_has_views_with_the_right_schema() -> None:
    assert Snapshot().query("SELECT * FROM current").schema == CURRENT
    assert Snapshot().query("SELECT COUNT(*) AS n FROM log").to_pylist() == [{"n": 0}]
    assert Snapshot().query("SELECT SUM(value) AS v FROM days").to_pylist() == [{"v": None}]


def test_sums_of_integers_are_int64() -> None:
    answer = Snapshot.from_table(rows()).query("SELECT SUM(seconds) AS s FROM current")
    assert answer.schema.field("s").type == pa.int64()
    assert answer["s"][0].as_py() == 3 * 24 * 3600


def test_frames_join_by_their_names() -> None:
    meters = pa.table({"meter_id": [1, 2], "multiplier": [10.0, 1.0]})
    sql = "SELECT SUM(c.value * m.multiplier) AS v FROM current c JOIN meters m ON c.meter_id = m.meter_id"
    assert Snapshot.from_table(rows()).query(sql, meters=meters)["v"][0].as_py() == 276 * 11


def test_the_partition_column_is_text_even_when_it_looks_like_a_number(tmp_path) -> None:
    folder = tmp_path / "part=202501"
    folder.mkdir()
    pq.write_table(pa.table({"value": [1.0]}), folder / "a.parquet")
    source = Source(pa.schema([("value", pa.float64()), ("part", pa.string())]), (str(folder / "a.parquet"),))
    assert default_engine().query("SELECT part FROM t", {"t": source})["part"].to_pylist() == ["202501"]


def test_nothing_can_be_downloaded() -> None:
    settings = DuckDBEngine(memory="64MB", threads=1).query(
        "SELECT name, value FROM duckdb_settings() WHERE name IN "
        "('autoinstall_known_extensions', 'autoload_known_extensions', 'threads', 'TimeZone', 'memory_limit')",
        {},
    )
    values = dict(zip(settings["name"].to_pylist(), settings["value"].to_pylist(), strict=True))
    assert values["autoinstall_known_extensions"] == values["autoload_known_extensions"] == "false"
    assert (values["threads"], values["TimeZone"]) == ("1", "UTC")


def test_map_batches_sees_whole_meters_in_key_order_and_no_meter_twice() -> None:
    seen: list[int] = []

    def fn(table: pa.Table) -> pa.Table:
        ids = table["meter_id"].to_numpy()
        assert (np.diff(ids * 10**6 + table["start"].to_numpy() // 3600) > 0).all()
        seen.extend(np.unique(ids).tolist())
        return pa.table({"n": [table.num_rows]})

    counts = Snapshot.from_table(rows(meters=5)).map_batches(fn, ["meter_id", "start"], meters=2)
    assert counts["n"].to_pylist() == [48, 48, 24]
    assert seen == [1, 2, 3, 4, 5]


def test_map_batches_of_nothing_calls_fn_with_an_empty_table() -> None:
    assert Snapshot().map_batches(lambda t: t, ["meter_id", "value"]).num_rows == 0


def test_a_missing_column_is_named() -> None:
    with pytest.raises(BadInput) as error:
        Snapshot.from_table(rows().drop_columns(["quality"]))
    assert error.value.code == "readings.missing_column"
    assert error.value.where is not None and error.value.where.column == "quality"


def test_files_answer_like_the_table_they_hold(tmp_path) -> None:
    pq.write_table(rows(), tmp_path / "a.parquet")
    sql = "SELECT meter_id, SUM(value) AS v FROM current GROUP BY meter_id ORDER BY meter_id"
    assert Snapshot.from_files([tmp_path / "a.parquet"]).query(sql) == Snapshot.from_table(rows()).query(sql)
