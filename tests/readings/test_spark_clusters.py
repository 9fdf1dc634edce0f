"""The same installation on clusters that others run: standalone by its master, and Spark Connect."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from tanlin.readings import default_engine
from tanlin.readings.adapters.spark import SparkEngine
from tests.readings import shipped
from tests.support import spark

pytestmark = [pytest.mark.soak, pytest.mark.django_db(transaction=True)]
VALUES = ("value", "low", "high", "coverage", "estimated")


@pytest.fixture
def use(monkeypatch):
    """Choose the engine by the setting; what was started is ended with the test."""
    started: list[Any] = []

    def choose(name: str) -> Any:
        monkeypatch.setenv("TANLIN_ENGINE", name)
        default_engine.cache_clear()
        started.append(default_engine())
        return started[-1]

    yield choose
    for engine in started:
        if isinstance(engine, SparkEngine):
            engine.close()
    default_engine.cache_clear()


def test_a_demonstration_place_derived_anew_on_a_standalone_cluster_has_the_same_receipts(
    tmp_path, monkeypatch, use
) -> None:
    spark.need_spark()
    from tanlin.carbon import services as carbon
    from tanlin.community.queries import SYSTEM
    from tanlin.demo import generate, load
    from tanlin.meter import services as meter
    from tanlin.record.models import FigureRow

    monkeypatch.setenv("SPARK_LOCAL_IP", "127.0.0.1")
    monkeypatch.setenv("SPARK_LOCAL_HOSTNAME", "localhost")
    use("duckdb")
    made = generate("yunhe")
    carbon.load_facts(SYSTEM)
    root = load.create_place(made)
    load.add_readings(root, made.readings, "demo")
    load.add_activities(root, made.place)
    meter.refresh()
    carbon.derive_missing(root, load.DERIVED)
    before = _figures()
    assert len(before) > 50
    FigureRow.objects.all().delete()
    with spark.standalone(tmp_path) as url:
        engine = use(url)
        carbon.derive_missing(root, load.DERIVED)
        assert engine.session.sparkContext.master == url
        assert len(spark.executors()) == 2
        engine.close()
    after = _figures()
    assert {key: row["receipt_id"] for key, row in after.items()} == {
        key: row["receipt_id"] for key, row in before.items()
    }
    for key, row in after.items():
        assert [name for name in VALUES if not _alike(row[name], before[key][name])] == [], key
    print(f"\n{len(after)} figures of a demonstration place derived again on {url}: same receipts")


def _figures() -> dict[tuple[Any, ...], Any]:
    from tanlin.record.models import FigureRow

    return {(row["area_id"], row["key"], row["period"]): row for row in FigureRow.objects.values()}


def _alike(a: float | None, b: float | None) -> bool:
    return a == b or (a is not None and b is not None and abs(a - b) <= shipped.TOLERANCE * abs(b))


def test_readings_come_in_and_are_derived_under_spark_as_under_duckdb(tmp_path, use) -> None:
    spark.need_spark()
    from tanlin.readings import queries
    from tests.carbon import place as p

    use(spark.LOCAL_CLUSTER)
    world = p.build()
    world.correct("MAIN", 3, 1.5)
    sql = "SELECT * FROM {} ORDER BY meter_id, channel, {}"
    asked = {
        view: sql.format(view, key)
        for view, key in (("current", "start"), ("days", "day"), ("digests", "month"))
    }
    on_spark = {view: queries.snapshot().query(text) for view, text in asked.items()}
    use("duckdb")
    from tanlin.readings import services

    services.rebuild(*services.registry())
    for view, text in asked.items():
        assert shipped.differ(queries.snapshot().query(text), on_spark[view]) == ""
    assert on_spark["digests"].num_rows > 10


def test_a_frame_keeps_the_rows_behind_empty_chunks(use) -> None:
    spark.need_spark()
    engine = use("local[1]")
    empty = pa.table({"n": pa.array([], pa.int64())})
    frame = pa.concat_tables([empty, empty, pa.table({"n": [7]})])
    assert engine.query("SELECT n FROM f", {}, {"f": frame})["n"].to_pylist() == [7]


def test_a_connect_server_answers_alike(tmp_path, monkeypatch, use) -> None:
    spark.need_spark()
    recorder = shipped.record(tmp_path / "kept", monkeypatch)
    rows = pa.table(
        {
            "meter_id": [1, 1, 2], "channel": ["import"] * 3, "start": [0, 3600, 0],
            "seconds": pa.array([3600] * 3, pa.int32()), "value": [1.5, 2.5, 4.0], "quality": ["measured"] * 3,
        }
    )  # fmt: skip
    from tanlin.readings import Snapshot, digests

    snapshot = Snapshot.from_table(rows)
    snapshot.query("SELECT meter_id, SUM(value) AS v FROM current GROUP BY meter_id")
    snapshot.map_batches(digests, snapshot.tables["current"].column_names, meters=1)
    with spark.connect(tmp_path / "server") as address:
        engine = SparkEngine(address)
        for question in recorder.questions:
            assert shipped.differ(question.answer, question.ask(engine)) == ""
        streamed = engine.stream("SELECT * FROM r ORDER BY value", {}, {"r": rows}).read_all()
        engine.close()
    assert streamed["value"].to_pylist() == [1.5, 2.5, 4.0]
