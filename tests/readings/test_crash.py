"""kill -9 of real writers, and readers in other processes meanwhile."""

import multiprocessing
import random
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.readings import processes

context = multiprocessing.get_context("forkserver")
context.set_forkserver_preload(
    ["django", "duckdb", "deltalake", "pyarrow.parquet", "tests.readings.processes"]
)


def run(target: Callable, *args: object, patience: float = 240) -> int:
    """Exit code of a process with this body."""
    process = context.Process(target=target, args=args)
    process.start()
    process.join(patience)
    if process.exitcode is None:
        process.kill()
        raise AssertionError(f"{target.__name__}{args} did not end")
    return process.exitcode


def ask(target: Callable, home: Path, patience: float = 240) -> dict:
    mine, theirs = context.Pipe()
    assert run(target, str(home), theirs, patience=patience) == 0
    return mine.recv()


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("empty")
    assert run(processes.prepare, str(folder)) == 0
    return folder


@pytest.fixture
def place(empty: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(empty, tmp_path / "place"))


def lives(place: Path, writer: Callable, seed: int, kills: int) -> int:
    """Let writers live and die, at named points and one at a random moment, then one that ends; how many died."""
    rnd = random.Random(seed)
    # Before files are forced to disk, and between log and SQL, for every seed; the rest in turn.
    points = ["sync" if seed % 2 else "commit", *rnd.sample(processes.POINTS, len(processes.POINTS))]
    points = [*points[: kills - 1], None]
    rnd.shuffle(points)
    died = 0
    for point in points:
        process = context.Process(target=writer, args=(str(place), point, rnd.randint(1, 2)))
        process.start()
        if point is None:
            before, deadline = processes.acked(str(place)), time.monotonic() + 20
            while (
                processes.acked(str(place)) == before and process.is_alive() and time.monotonic() < deadline
            ):
                time.sleep(0.005)
            time.sleep(rnd.uniform(0, 0.3))
            process.kill()
        process.join(240)
        died += process.exitcode == -9
    assert run(writer, str(place)) == 0
    return died


def survives_killed_writers(place: Path, seed: int, kills: int) -> None:
    assert lives(place, processes.write, seed, kills) >= kills - 1  # one at a random moment may end first
    found = ask(processes.check, place)
    rows, total = processes.expected(processes.BATCHES)
    assert (found["n"], found["keys"], found["total"], found["in_days"]) == (rows, rows, total, total)
    assert processes.intact(found)
    assert found["open"] == 0
    assert found["rebuilt alike"]


@pytest.mark.parametrize("seed", range(2))
def test_killed_writers_lose_and_double_nothing(place: Path, seed: int) -> None:
    survives_killed_writers(place, seed, kills=3)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(5, 25))
def test_many_killed_writers_lose_and_double_nothing(place: Path, seed: int) -> None:
    survives_killed_writers(place, seed, kills=3)


def test_the_control_without_the_protocol_doubles_rows(place: Path) -> None:
    """The same lives with plain appends fail the same check, so the check can fail."""
    assert lives(place, processes.write_plainly, 0, 3) > 0
    found = ask(processes.check_plainly, place)
    assert not processes.intact(found)
    assert found["log"] > found["log_keys"]


def test_readers_in_other_processes_see_whole_states_only(place: Path) -> None:
    """Two readers poll while a writer appends, refreshes and compacts: no error, no double, no step back."""
    ends = []
    for _ in range(2):
        mine, theirs = context.Pipe()
        process = context.Process(target=processes.read, args=(str(place), theirs))
        process.start()
        ends.append((process, mine))
    assert [mine.recv() for _, mine in ends] == ["ready", "ready"]
    assert run(processes.write, str(place), None, 1, 1) == 0  # files stay an hour for who opened them before
    (place / "stop").touch()
    for process, mine in ends:
        process.join(30)
        assert process.exitcode == 0
        found = mine.recv()
        assert (found["doubles"], found["torn"], found["back"]) == (0, 0, 0)
        assert found["reads"] > processes.BATCHES
        assert found["states"] >= 3
