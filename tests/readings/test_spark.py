"""Spark answers like DuckDB: every shipped query and function, an executor killed midway, the demonstration anew."""

from __future__ import annotations

import dataclasses
import os
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pyarrow as pa
import pytest

from tanlin.kernel.errors import Refused
from tanlin.readings import Snapshot, default_engine
from tanlin.readings.adapters import cluster
from tanlin.readings.adapters.spark import SparkEngine
from tests.readings import shipped
from tests.support import spark

soak = pytest.mark.soak
database = pytest.mark.django_db(transaction=True)


@pytest.fixture
def engine_of() -> Iterator[list[SparkEngine]]:
    """Engines put into this list are ended with the test."""
    started: list[SparkEngine] = []
    yield started
    for engine in started:
        engine.close()
    default_engine.cache_clear()


def test_a_master_that_is_not_there_is_told_at_once() -> None:
    pytest.importorskip("pyspark")
    with pytest.raises(Refused) as error:
        SparkEngine("sc://127.0.0.1:1").query("SELECT 1 AS one", {})
    assert error.value.code == "readings.no_master"


def test_a_machine_without_java_is_told_so(monkeypatch, tmp_path) -> None:
    pytest.importorskip("pyspark")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    with pytest.raises(Refused) as error:
        SparkEngine("local[1]").query("SELECT 1 AS one", {})
    assert error.value.code == "readings.no_java"


def test_executors_are_sent_the_whole_package_but_the_web_files() -> None:
    import zipfile

    names = zipfile.ZipFile(cluster.archive()).namelist()
    assert {"tanlin/__init__.py", "tanlin/readings/effective.py", "tanlin/kernel/errors.py"} <= set(names)
    assert not any("/static/" in name or "__pycache__" in name for name in names)


@soak
@database
def test_every_shipped_question_is_answered_alike_with_an_executor_killed_midway(
    tmp_path, monkeypatch, engine_of, capsys
) -> None:
    spark.need_spark()
    recorder = shipped.record(tmp_path / "kept", monkeypatch)
    shipped.use_everything()
    questions = recorder.questions
    engine = SparkEngine(spark.LOCAL_CLUSTER)
    engine_of.append(engine)
    assert _differences(engine, questions) == []
    before = _both_executors()
    half = len(questions) // 2
    assert _differences(engine, questions[:half]) == []
    assert _killed_in_the_middle_of_a_map(engine, tmp_path) not in spark.executors()
    assert _differences(engine, questions[half:]) == []
    assert set(spark.executors()) != set(before)
    queries = len({shipped.kind(q.text) for q in questions if q.fn is None})
    functions = len({q.text for q in questions if q.fn is not None})
    with capsys.disabled():
        print(
            f"\n{queries} queries and {functions} batch functions: DuckDB = Spark, also with an executor killed"
        )


def _differences(engine: SparkEngine, questions: list[shipped.Question]) -> list[str]:
    found = ((question.text, shipped.differ(question.answer, question.ask(engine))) for question in questions)
    return [f"{why}: {text}" for text, why in found if why]


def _both_executors() -> list:
    found = spark.executors()
    assert len(found) == 2
    return found


def _killed_in_the_middle_of_a_map(engine: SparkEngine, folder: Path):
    """Kill the executor of a running task of a batch function; the answer must be whole. Returns the process."""
    meters = pa.array([meter for meter in range(1, 9) for _ in range(48)], pa.int64())
    rows = pa.table(
        {
            "meter_id": meters,
            "channel": ["import"] * len(meters),
            "start": pa.array([3600 * hour for _ in range(8) for hour in range(48)], pa.int64()),
            "seconds": pa.array([3600] * len(meters), pa.int32()),
            "value": [0.1 * i for i in range(len(meters))],
            "quality": ["measured"] * len(meters),
        }
    )
    marks = str(folder)

    def digest_of_the_dying(current: pa.Table) -> pa.Table:
        """The first task says who it is and waits to be killed; the second attempt, and all others, go on."""
        from tanlin.readings import digests

        if 1 in current["meter_id"].to_pylist():
            with open(f"{marks}/attempts", "a") as attempts:
                attempts.write(f"{os.getpid()}\n")
            while not os.path.exists(f"{marks}/killed"):
                time.sleep(0.05)
        return digests(current)

    victim = []

    def kill() -> None:
        while not (folder / "attempts").exists() or not (folder / "attempts").read_text().endswith("\n"):
            time.sleep(0.05)
        victim.append(spark.executor_of(int((folder / "attempts").read_text())))
        victim[0].kill()
        victim[0].wait(30)
        (folder / "killed").touch()

    killer = Thread(target=kill, daemon=True)  # a map that fails leaves it waiting
    killer.start()
    snapshot = dataclasses.replace(Snapshot.from_table(rows), engine=engine)
    columns = snapshot.tables["current"].column_names
    answer = snapshot.map_batches(digest_of_the_dying, columns, meters=2)
    killer.join()
    from tanlin.readings import digests

    assert answer == digests(snapshot.tables["current"])
    assert len((folder / "attempts").read_text().split()) == 2
    return victim[0]
