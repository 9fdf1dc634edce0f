"""Long runs: ten million rows in bounded memory, two writers under two readers, a full disk, kills on a server."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import psycopg
import pytest

from tests.readings import processes
from tests.readings.test_crash import ask, context, empty, place, run, survives_killed_writers
from tests.support import ROOT, postgres

pytestmark = pytest.mark.soak
__all__ = ["empty", "place"]  # fixtures


def test_ten_million_rows_go_in_with_bounded_memory(place: Path) -> None:
    """2,000 meters by 5,000 hours in one append and one refresh, the engine held to 500 MB: below 1.5 GB in all."""
    found = ask(processes.write_millions, place, patience=400)
    total = float(processes.value_of(np.arange(2_000)[:, None], np.arange(5_000)[None, :]).sum())
    exact = ("rows", "changed", "n", "keys", "digested")
    assert [found[name] for name in exact] == [10_000_000] * len(exact)
    assert (found["total"], found["in_days"]) == (total, total)
    print(f"\npeak memory: append {found['appended_mb']} MB, with refresh {found['peak_mb']} MB")
    assert found["appended_mb"] < 1_000
    assert found["peak_mb"] < 1_500


def test_two_writers_correct_days_under_two_readers(place: Path) -> None:
    """Every answer is that of one watermark, exactly; none is doubled, torn or older than the one before."""
    readers, writers = [], []
    for _ in range(2):
        mine, theirs = context.Pipe()
        readers.append((context.Process(target=processes.read, args=(str(place), theirs)), mine))
        readers[-1][0].start()
    assert [mine.recv() for _, mine in readers] == ["ready", "ready"]
    for half in (0, 1):
        writers.append(context.Process(target=processes.write_half, args=(str(place), half)))
        writers[-1].start()
    for writer in writers:
        writer.join(180)
    (place / "stop").touch()
    found = [mine.recv() for _, mine in readers]
    for process, _ in readers:
        process.join(30)
    assert [process.exitcode for process in (*writers, *(reader for reader, _ in readers))] == [0, 0, 0, 0]
    truth = ask(processes.watermarks, place)
    assert len(truth) == 2 * processes.BATCHES + 1
    assert truth[2 * processes.BATCHES] == processes.expected(processes.BATCHES)
    for seen in found:
        assert (seen["doubles"], seen["torn"], seen["back"]) == (0, 0, 0)
        assert len(seen["seen"]) >= 5
        assert all(answers == {truth[batch]} for batch, answers in seen["seen"].items())


def test_a_full_disk_is_named_and_loses_and_doubles_nothing(tmp_path: Path) -> None:
    """On a disk of 24 MB: refused with a remedy, and once there is space the same append goes in."""
    space = ["unshare", "-m"] if os.geteuid() == 0 else ["unshare", "-rm"]
    probe = f'mount -t tmpfs -o size=1m tmpfs "{tmp_path}"'
    if not shutil.which("unshare") or subprocess.run([*space, "sh", "-c", probe], check=False).returncode:
        pytest.skip("a small disk of its own (unshare -m, mount -t tmpfs) is not permitted here")
    program = f"from tests.readings import processes; processes.fill_disk({str(tmp_path)!r})"
    done = subprocess.run(
        [*space, sys.executable, "-c", program],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    rows, total = processes.expected(processes.BATCHES)
    assert found["other"] == []
    assert found["refused"] >= 5
    assert found["kept"]
    for error in found["errors"]:
        assert error["code"] == "readings.disk_full"
        assert "compact" in error["remedy"]["zh"] and "compact" in error["remedy"]["en"]
    assert (found["n"], found["keys"], found["total"], found["in_days"]) == (rows, rows, total, total)
    assert found["open"] == 0


def test_killed_writers_on_postgresql_lose_and_double_nothing(tmp_path: Path) -> None:
    binaries = postgres.find_binaries()
    if binaries is None:
        pytest.skip("PostgreSQL (initdb, postgres) is not installed")
    url, stop = postgres.start(binaries)
    try:
        for seed in (30, 31):
            with psycopg.connect(url, autocommit=True) as server:
                server.execute(f"CREATE DATABASE kill_{seed}")
            home = tmp_path / str(seed)
            home.mkdir()
            (home / "database").write_text(url.removesuffix("/postgres") + f"/kill_{seed}")
            assert run(processes.prepare, str(home)) == 0
            survives_killed_writers(home, seed, kills=4)
    finally:
        stop()
