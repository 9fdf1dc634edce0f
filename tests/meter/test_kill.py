"""kill -9 during the import job: whatever the moment, every row is there once and the sums are exact."""

import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from deltalake import DeltaTable, write_deltalake

from tests.support import ROOT

METERS, HOURS = 12, 400
ROWS = METERS * HOURS
TOTAL = sum(m * 1000 + k for m in range(METERS) for k in range(HOURS))
POINTS = ("registered", "reserved", "appended", "committed", "refreshing")
PREPARE = f"""
import django; django.setup()
from django.core.management import call_command
call_command("migrate", verbosity=0)
from tanlin.community.queries import SYSTEM
from tanlin.meter import services
from tests.meter.support import checked, hourly_csv, placed, world
here = world()["here"]
imp = placed(checked(here, hourly_csv([f"K-{{m}}" for m in range({METERS})], {HOURS})), "home")
services.confirm(imp, SYSTEM)
"""
COUNT = """
import django, json; django.setup()
from tanlin.meter.models import Import, Meter
from tanlin.readings import queries
sql = "SELECT COUNT(*) AS n, SUM(value) AS v, COUNT(DISTINCT meter_id * 1000000 + start / 3600) AS d FROM {}"
snapshot = queries.snapshot()
print(json.dumps({"log": snapshot.query(sql.format("log")).to_pylist()[0],
    "current": snapshot.query(sql.format("current")).to_pylist()[0],
    "import": list(Import.objects.values_list("state", "batch")), "meters": Meter.objects.count()}))
"""


def python(home: Path, *arguments: str) -> subprocess.Popen[bytes]:
    env = {**os.environ, "TANLIN_HOME": str(home), "DJANGO_SETTINGS_MODULE": "tanlin.web.settings"}
    env.pop("DATABASE_URL", None)
    return subprocess.Popen([sys.executable, *arguments], cwd=ROOT, env=env, stdout=subprocess.PIPE)


def output(home: Path, program: str) -> bytes:
    process = python(home, "-c", program)
    found = process.communicate()[0]
    assert process.returncode == 0
    return found


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with one import that waits for the worker."""
    home = tmp_path_factory.mktemp("prepared")
    output(home, PREPARE)
    return home


def pretend_silence(home: Path) -> None:
    """The heartbeat of the dead worker is an hour old."""
    with sqlite3.connect(home / "db.sqlite3") as database:
        database.execute(
            "UPDATE tanlin_record_job SET heartbeat = '2000-01-01 00:00:00' WHERE state = 'running'"
        )


@pytest.mark.parametrize("seed", range(5))
def test_a_killed_import_brings_every_row_in_once(prepared: Path, tmp_path: Path, seed: int) -> None:
    home = tmp_path / "home"
    shutil.copytree(prepared, home)
    dice = random.Random(seed)
    first = python(home, "-m", "tests.meter.worker", POINTS[seed])
    assert first.wait(60) == -signal.SIGKILL
    pretend_silence(home)
    second = python(home, "-m", "tanlin", "work", "--once")
    time.sleep(dice.uniform(0.3, 3.0))
    second.kill()
    second.wait()
    pretend_silence(home)
    third = python(home, "-m", "tanlin", "work", "--once")
    third.communicate()
    assert third.returncode == 0
    once = {"n": ROWS, "v": float(TOTAL), "d": ROWS}
    found = json.loads(output(home, COUNT))
    assert found["log"] == once
    assert found["current"] == once
    [[state, batch]] = found["import"]
    assert state == "done"
    assert batch in (1, 2)  # a reserved number whose writer died before the log is void
    assert found["meters"] == METERS
    print(f"seed {seed}: killed at {POINTS[seed]}, rows = distinct = {ROWS}, sum = {TOTAL}")


NAIVE = """
import sys, pyarrow as pa
from deltalake import write_deltalake
for k in range(20):
    write_deltalake(sys.argv[1], pa.table({"key": range(k * 50, k * 50 + 50), "value": [1.0] * 50}), mode="append")
    print(k, flush=True)
"""


def test_the_control_without_the_protocol_loses_or_doubles_rows(tmp_path: Path) -> None:
    table = tmp_path / "naive"
    write_deltalake(
        str(table), pa.table({"key": pa.array([], pa.int64()), "value": pa.array([], pa.float64())})
    )
    first = subprocess.Popen([sys.executable, "-c", NAIVE, str(table)], stdout=subprocess.PIPE)
    assert first.stdout is not None
    for _ in range(5):
        first.stdout.readline()
    first.kill()
    first.wait()
    subprocess.run([sys.executable, "-c", NAIVE, str(table)], check=True, capture_output=True)
    rows = DeltaTable(str(table)).to_pyarrow_table()
    assert pc.count_distinct(rows["key"]).as_py() == 1000
    assert rows.num_rows > 1000  # the invariant of the test above does not hold here
