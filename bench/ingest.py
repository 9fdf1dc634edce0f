"""Ingest of hourly readings through the public verbs, while two other processes read, against a bare write.

Batch i holds a hundred hours of every meter, and one in fifty meters sends the hundred hours before again,
corrected. Each batch is appended and refreshed; the readers poll the public snapshot and check what they
see. The bare write puts the same rows into one Parquet file, batch by batch in turn with the ingest so that
a busy moment hits both, and forces it to disk. Making the rows is not timed, and pandas computes from the
batches what must stand in the end.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import psutil
import pyarrow as pa
import pyarrow.parquet as pq

from bench.timing import machine

HOUR, HOURS, EVERY = 3600, 100, 50
START = 1_735_689_600  # 2025-01-01 00:00 UTC
FAULTS = ("reader_errors", "doubles", "went_back")
SEEN = """SELECT COUNT(*) AS n, COALESCE(SUM(value), 0e0) AS total,
    (SELECT COUNT(*) FROM (SELECT DISTINCT meter_id, start FROM current)) AS keys FROM current"""


def batch(i: int, meters: int) -> pa.Table:
    """Readings of batch ``i``: values in eighths, as a sum of them is exact; corrections are larger."""
    meter = np.repeat(np.arange(1, meters + 1), HOURS)
    hour = np.tile(np.arange(i * HOURS, (i + 1) * HOURS), meters)
    if i:
        again = meter % EVERY == 0
        meter, hour = np.append(meter, meter[again]), np.append(hour, hour[again] - HOURS)
    value = ((meter * 7 + hour * 13) % 97) / 8 + np.where(hour < i * HOURS, 20.0, 0.0)
    n = len(meter)
    return pa.table(
        {
            "meter_id": meter,
            "channel": pa.repeat(pa.scalar("import"), n),
            "start": START + hour * HOUR,
            "seconds": np.full(n, HOUR, np.int32),
            "value": value,
            "quality": pa.repeat(pa.scalar("measured"), n),
        }
    )


def by_pandas(tables: list[pa.Table]) -> pd.DataFrame:
    """Rows and sum of each meter, the newest reading of each hour counted once; without Tanlin's code."""
    frames = [table.select(["meter_id", "start", "value"]).to_pandas() for table in tables]
    newest = pd.concat(frames).drop_duplicates(["meter_id", "start"], keep="last")
    return newest.groupby("meter_id")["value"].agg(["size", "sum"])


def django(home: str) -> None:
    """The room of readings alone, on a database of its own."""
    os.environ["TANLIN_HOME"] = home
    import django as framework
    from django.conf import settings

    from tanlin.web.settings import database

    settings.configure(
        INSTALLED_APPS=["tanlin.readings"],
        DATABASES={"default": database(f"sqlite:///{home}/db.sqlite3")},
        USE_TZ=True,
        LOGGING_CONFIG=None,
    )
    framework.setup()


def read(home: str, answer: Connection) -> None:
    """Poll until the file ``stop`` exists; count faults."""
    django(home)
    from tanlin.readings import queries

    found = {"reads": 0, "reader_errors": 0, "doubles": 0, "went_back": 0}
    last = (0, 0, 0.0)
    answer.send("ready")
    while not (Path(home) / "stop").exists():
        try:
            snapshot = queries.snapshot()
            seen = snapshot.query(SEEN).to_pylist()[0]
        except Exception as error:  # noqa: BLE001 — whatever a reader meets is what is counted
            found["reader_errors"] += 1
            found["first_error"] = found.get("first_error", repr(error))
            continue
        now = (snapshot.batch, seen["n"], seen["total"])
        found["reads"] += 1
        found["doubles"] += seen["n"] != seen["keys"]
        found["went_back"] += any(a < b for a, b in zip(now, last, strict=True))
        last = now
        time.sleep(0.1)
    answer.send(found)


class Peak(threading.Thread):
    """The largest resident memory of this process, sampled."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.bytes, self.stop = 0, threading.Event()

    def run(self) -> None:
        process = psutil.Process()
        while not self.stop.wait(0.02):
            self.bytes = max(self.bytes, process.memory_info().rss)


class Clock:
    """Wall and CPU seconds of this process, by name."""

    def __init__(self) -> None:
        self.wall: dict[str, float] = {}
        self.cpu: dict[str, float] = {}

    @contextmanager
    def timed(self, name: str) -> Iterator[None]:
        wall, cpu = time.perf_counter(), time.process_time()
        yield
        self.wall[name] = self.wall.get(name, 0.0) + time.perf_counter() - wall
        self.cpu[name] = self.cpu.get(name, 0.0) + time.process_time() - cpu

    def ratio(self, name: str) -> float:
        """Wall seconds over those of the bare write."""
        return round(self.wall[name] / self.wall["bare_write"], 2)


def force(file: Path) -> None:
    handle = os.open(file, os.O_RDONLY)
    os.fsync(handle)
    os.close(handle)


def ingest(home: str, meters: int, batches: int, readers: int) -> dict[str, Any]:
    """Append and refresh every batch under the eyes of the readers; seconds, faults and the final answer."""
    django(home)
    from django.core.management import call_command

    from tanlin.readings import queries

    call_command("migrate", verbosity=0)
    zones = pa.table({"meter_id": np.arange(1, meters + 1), "tz": ["Asia/Shanghai"] * meters})
    pairs = [_reader(home) for _ in range(readers)]
    try:
        clock, given, peak = _write(Path(home) / "bare.parquet", meters, batches, zones)
    finally:
        (Path(home) / "stop").touch()
    told = [pipe.recv() for _, pipe in pairs]
    for process, _ in pairs:
        process.join()
    sql = "SELECT meter_id, COUNT(*) AS size, SUM(value) AS sum FROM current GROUP BY meter_id ORDER BY meter_id"
    stands = queries.snapshot().query(sql).to_pandas().set_index("meter_id")
    return {
        "rows": sum(table.num_rows for table in given),
        "clock": clock,
        "equal": bool(stands.equals(by_pandas(given))),
        "reads": sum(found["reads"] for found in told),
        **{name: sum(found[name] for found in told) for name in FAULTS},
        "first_error": next((found["first_error"] for found in told if "first_error" in found), None),
        "peak_mb": peak,
    }


def _write(bare: Path, meters: int, batches: int, zones: pa.Table) -> tuple[Clock, list[pa.Table], int]:
    """Times, the batches, and the peak memory in MB."""
    from tanlin.readings import services

    clock, given, peak = Clock(), [], Peak()
    writer = pq.ParquetWriter(bare, batch(0, 1).schema, compression="zstd")
    peak.start()
    for i in range(batches):
        rows = batch(i, meters)
        given.append(rows)
        with clock.timed("append"):
            services.append(rows, source=f"batch {i}")
        with clock.timed("refresh"):
            services.refresh(None, zones)
        with clock.timed("bare_write"):
            writer.write_table(rows)
    with clock.timed("bare_write"):
        writer.close()
        force(bare)
    peak.stop.set()
    return clock, given, peak.bytes // 2**20


def _reader(home: str) -> tuple[Any, Connection]:
    context = multiprocessing.get_context("spawn")
    mine, theirs = context.Pipe()
    process = context.Process(target=read, args=(home, theirs), daemon=True)
    process.start()
    theirs.close()  # so that a reader that died is noticed
    assert mine.recv() == "ready"
    return process, mine


def main(arguments: list[str]) -> int:
    """Run, print a line for people and one of JSON; 1 when a reader met a fault or read nothing, or the answer is wrong."""
    parser = argparse.ArgumentParser(prog="python -m bench ingest", description=__doc__)
    parser.add_argument("--meters", type=int, default=5_000)
    parser.add_argument("--batches", type=int, default=4)
    parser.add_argument("--readers", type=int, default=2)
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="tanlin-bench-") as home:
        found = ingest(home, options.meters, options.batches, options.readers)
    clock = found.pop("clock")
    whole = clock.wall["append"] + clock.wall["refresh"]
    cpu = clock.cpu["append"] + clock.cpu["refresh"]
    result = {
        "bench": "ingest",
        "meters": options.meters,
        "batches": options.batches,
        **found,
        "rows_per_s": round(found["rows"] / whole),
        "ratio_to_bare_write": round(whole / clock.wall["bare_write"], 2),
        "append_ratio": clock.ratio("append"),
        "refresh_ratio": clock.ratio("refresh"),
        "cpu_ratio": round(cpu / clock.cpu["bare_write"], 2),
        "seconds": {name: round(value, 3) for name, value in clock.wall.items()},
        "cpu_seconds": {name: round(value, 3) for name, value in clock.cpu.items()},
        "machine": machine("duckdb", "deltalake", "pandas", "pyarrow"),
    }
    print(
        f"ingest of {result['rows']:,} rows in {options.batches} batches: {result['rows_per_s']:,} rows/s, "
        f"{result['ratio_to_bare_write']} times a bare write, {result['reads']} reads meanwhile"
    )
    print(json.dumps(result))
    watched = result["reads"] > 0 or not options.readers
    return 0 if result["equal"] and watched and not any(result[name] for name in FAULTS) else 1
