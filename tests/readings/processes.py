"""What the writer and reader processes of the crash tests do; each is a real process with its own Django.

Batch i holds ten hours of every meter, and corrects every fifth meter's hours of batch i - 1. Values are
whole numbers, so that sums are exact.
"""

import os
import signal
import time
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
import pyarrow as pa

METERS, HOURS, BATCHES = 20, 10, 12  # more than the lives of a test can finish
START = 1_735_660_800
ZONES = pa.table({"meter_id": range(METERS), "tz": ["Asia/Shanghai"] * METERS})
CHECK = """SELECT COUNT(*) AS n, COALESCE(SUM(value), 0e0) AS total,
    (SELECT COUNT(*) FROM (SELECT DISTINCT meter_id, channel, start, seconds FROM current)) AS keys,
    (SELECT COALESCE(SUM(value), 0e0) FROM days) AS in_days FROM current"""


def batch(i: int) -> pa.Table:
    meter = np.repeat(np.arange(METERS), HOURS)
    hour = np.tile(np.arange(i * HOURS, (i + 1) * HOURS), METERS)
    value = hour % 7 + 1.0
    if i:
        again = meter % 5 == 0
        meter, hour = np.append(meter, meter[again]), np.append(hour, hour[again] - HOURS)
        value = np.append(value, hour[len(value) :] % 7 + 101.0)
    n = len(meter)
    return pa.table(
        {
            "meter_id": meter,
            "channel": ["import"] * n,
            "start": START + hour * 3600,
            "seconds": pa.array([3600] * n, pa.int32()),
            "value": value,
            "quality": ["measured"] * n,
        }
    )


def expected(batches: int) -> tuple[int, float]:
    """Rows and sum once these batches are in, each once."""
    rows: dict[tuple[int, int], float] = {}
    for i in range(batches):
        table = batch(i)
        keys = zip(table["meter_id"].to_pylist(), table["start"].to_pylist(), strict=True)
        rows |= dict(zip(keys, table["value"].to_pylist(), strict=True))
    return len(rows), sum(rows.values())


def django(home: str) -> None:
    """This room alone, on the product's database settings: it starts in a fraction of a second."""
    os.environ["TANLIN_HOME"] = home
    os.environ.pop("DATABASE_URL", None)
    other = Path(home) / "database"  # the URL of a server, where the test has one
    url = other.read_text() if other.exists() else f"sqlite:///{home}/db.sqlite3"
    import django as framework
    from django.conf import settings

    from tanlin.web.settings import database

    if not settings.configured:
        settings.configure(
            INSTALLED_APPS=["tanlin.readings"],
            DATABASES={"default": database(url)},
            USE_TZ=True,
            LOGGING_CONFIG=None,
        )
        framework.setup()


def acked(home: str) -> int:
    file = Path(home) / "acks"
    return len(file.read_text().split()) if file.exists() else 0


def acknowledge(home: str, i: int) -> None:
    with (Path(home) / "acks").open("a") as file:
        file.write(f"{i}\n")
        file.flush()
        os.fsync(file.fileno())


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def die_at(owner: object, name: str, call: int, after: bool = False) -> None:
    """Kill this process just before the call of that number, or just after it."""
    original, seen = getattr(owner, name), [0]

    def dying(*args, **kwargs):
        seen[0] += 1
        if seen[0] < call:
            return original(*args, **kwargs)
        if after:
            original(*args, **kwargs)
        return die()

    setattr(owner, name, dying)


def prepare(home: str) -> None:
    """An empty installation."""
    django(home)
    from django.core.management import call_command

    call_command("migrate", verbosity=0)


#: Where a writer may die, beside a random moment: the attribute whose call it does not survive.
POINTS = ("append", "sync", "commit", "replace", "publish", "merge", "merged", "sweep")


def write(home: str, point: str | None = None, call: int = 1, retention: int = 0) -> None:
    """Send every batch from the last acknowledged one on, as an importer does; refresh after each, compact after two."""
    django(home)
    from tanlin.readings import compact, services
    from tanlin.readings.store import Store

    compact_at_once(retention)
    owners = {
        "merge": (compact, "merge"),
        "merged": (compact, "merge"),
        "sweep": (Store, "sweep"),
        "append": (Store, "append"),
        "sync": (Store, "_sync"),
        "commit": (services, "_commit"),
        "replace": (Store, "replace"),
        "publish": (services, "_publish"),
    }
    if point is not None:
        die_at(*owners[point], call, after=point == "merged")
    for i in range(acked(home), BATCHES):
        services.append(batch(i), source=f"batch {i}")
        acknowledge(home, i)
        services.refresh(None, ZONES)
        if i % 2:
            services.compact()


def compact_at_once(hours: int = 0) -> None:
    """Merge every month with two files, and delete what has been unused for that many hours."""
    from tanlin.readings import compact

    compact.MOST_FILES = 1
    compact.retention = lambda: hours


def write_plainly(home: str, point: str | None = None, call: int = 1) -> None:
    """The control: append, then acknowledge, and send again what was not acknowledged."""
    django(home)
    from deltalake import write_deltalake

    from tanlin.readings.schema import month_text

    for i in range(acked(home), BATCHES):
        rows = batch(i)
        rows = rows.append_column("month", month_text(rows["start"].to_numpy()))
        rows = rows.append_column("batch", pa.array([i] * rows.num_rows))
        write_deltalake(f"{home}/plain", rows, mode="append", partition_by=["month"])
        if point is not None and i + 1 >= call:
            die()
        acknowledge(home, i)


LOG_CHECK = """SELECT COUNT(*) AS log, COALESCE(SUM(value), 0e0) AS in_log, COUNT(DISTINCT batch) AS batches,
    (SELECT COUNT(*) FROM (SELECT DISTINCT meter_id, channel, start, batch FROM log)) AS log_keys FROM log"""


def intact(found: dict) -> bool:
    """Every row sent is in the log once: rows = distinct = expected, and the sum is exact."""
    sent = pa.concat_tables([batch(i) for i in range(BATCHES)])
    rows, total = sent.num_rows, sum(sent["value"].to_pylist())
    got = (found["log"], found["log_keys"], found["in_log"], found["batches"])
    return got == (rows, rows, total, BATCHES)


def check(home: str, answer: Connection) -> None:
    """What stands after recovery, in the log and as readers see it; whether a rebuild gives the same."""
    django(home)
    from tanlin.readings import queries, services

    services.recover()
    services.refresh(None, ZONES)
    snapshot = queries.snapshot()
    found = snapshot.query(CHECK).to_pylist()[0] | snapshot.query(LOG_CHECK).to_pylist()[0]
    everything = [f"SELECT * FROM {view} ORDER BY 1, 2, 3" for view in ("current", "days")]
    before = [snapshot.query(sql) for sql in everything]
    services.rebuild(None, ZONES)
    found["rebuilt alike"] = before == [queries.snapshot().query(sql) for sql in everything]
    found["open"] = queries.status()["batches"].get("open", 0)
    answer.send(found)


def check_plainly(home: str, answer: Connection) -> None:
    """What stands in the log of the control."""
    from deltalake import DeltaTable

    from tanlin.readings import LOG, Snapshot, Source

    log = Source(LOG, tuple(DeltaTable(f"{home}/plain").file_uris()))
    answer.send(Snapshot({"log": log}).query(LOG_CHECK).to_pylist()[0])


def write_half(home: str, half: int) -> None:
    """One of two writers: its half of the meters of every batch; both refresh and compact."""
    django(home)
    from tanlin.readings import services

    compact_at_once(hours=1)
    for i in range(BATCHES):
        services.append(halved(i, half), source=f"{i} {half}")
        services.refresh(None, ZONES)
        if i % 3 == half:
            services.compact()


def halved(i: int, half: int) -> pa.Table:
    whole = batch(i)
    return whole.filter(pa.array(whole["meter_id"].to_numpy() % 2 == half))


def watermarks(home: str, answer: Connection) -> None:
    """Rows and sum at each watermark, from the order in which the batches of the two writers came to lie."""
    django(home)
    from tanlin.readings.models import Batch

    rows: dict[tuple[int, int], float] = {}
    found = {0: (0, 0.0)}
    for number, source in Batch.objects.order_by("number").values_list("number", "source"):
        table = halved(*map(int, source.split()))
        keys = zip(table["meter_id"].to_pylist(), table["start"].to_pylist(), strict=True)
        rows |= dict(zip(keys, table["value"].to_pylist(), strict=True))
        found[number] = (len(rows), sum(rows.values()))
    answer.send(found)


def write_millions(home: str, answer: Connection, rows: int = 10_000_000) -> None:
    """One append from a stream, and its refresh; the peak of memory in MB, and what stands."""
    os.environ["TANLIN_MEMORY"] = "500MB"
    django(home)
    import resource

    from tanlin.readings import queries, services

    meters = 2_000
    zones = pa.table({"meter_id": np.arange(meters), "tz": ["Asia/Shanghai"] * meters})
    batch = services.append(millions(meters, rows // meters), source="one file")
    appended = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    done = services.refresh(None, zones)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    services.compact()
    snapshot = queries.snapshot()
    sql = "SELECT COUNT(*) AS n, COUNT(DISTINCT meter_id * 100000000 + start / 3600e0) AS keys, SUM(value) AS total"
    found = snapshot.query(f"{sql} FROM current").to_pylist()[0]
    found |= snapshot.query("SELECT SUM(value) AS in_days FROM days").to_pylist()[0]
    found |= snapshot.query("SELECT SUM(rows) AS digested FROM digests").to_pylist()[0]
    answer.send(found | {"appended_mb": appended, "peak_mb": peak, "rows": batch.rows, "changed": done.rows})


def millions(meters: int, hours: int, at_once: int = 50) -> pa.RecordBatchReader:
    """Hourly readings of value 0 to 10 in eighths, fifty hours of every meter at a time."""
    from tanlin.readings import READINGS

    def batches():
        for first in range(0, hours, at_once):
            meter = np.repeat(np.arange(meters), at_once)
            hour = np.tile(np.arange(first, first + at_once), meters)
            n = len(meter)
            columns = [
                meter,
                pa.repeat(pa.scalar("import"), n),
                START + hour * 3600,
                np.full(n, 3600, np.int32),
                value_of(meter, hour),
                pa.repeat(pa.scalar("measured"), n),
            ]
            yield pa.record_batch(columns, schema=READINGS)

    return pa.RecordBatchReader.from_batches(READINGS, batches())


def value_of(meter: np.ndarray, hour: np.ndarray) -> np.ndarray:
    return (meter * 7 + hour * 13) % 81 / 8


def fill_disk(home: str) -> None:
    """On a small disk of its own: append, refresh and compact with less and less space, then with enough."""
    import json
    import subprocess

    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", home], check=True)
    prepare(home)
    from tanlin.readings import queries, services
    from tanlin.readings.disk import DiskFull
    from tanlin.readings.models import Batch

    compact_at_once()
    found: dict = {"refused": 0, "kept": True, "other": [], "errors": []}
    ballast = Path(home) / "ballast"
    for i in range(BATCHES):
        state = os.statvfs(home)
        free = (0, 4, 12, 24, 48, 80, 120, 200, 300)[i % 9] * 1024
        ballast.write_bytes(bytes(max(state.f_bavail * state.f_frsize - free, 0)))
        before = _seen_or_error(queries)
        for verb in (
            lambda i=i: services.append(batch(i), source=f"batch {i}"),
            lambda: services.refresh(None, ZONES),
            services.compact,
        ):
            try:
                verb()
            except DiskFull as error:
                found["refused"] += 1
                found["errors"].append(error.as_dict())
            except Exception as error:  # noqa: BLE001 — what else it may be is what is asked
                found["other"].append(f"{i}: {error!r}")
        found["kept"] &= before is None or _seen_or_error(queries) is not None
        ballast.unlink()
        services.append(batch(i), source=f"batch {i}")
        services.refresh(None, ZONES)
    snapshot = queries.snapshot()
    found |= snapshot.query(CHECK).to_pylist()[0]
    found["open"] = Batch.objects.filter(state="open").count()
    print(json.dumps(found))


def _seen_or_error(queries) -> dict | None:
    """What readers see on the full disk; SQLite may need a page of its own to answer at all."""
    from django.db import OperationalError

    try:
        return queries.snapshot().query(CHECK).to_pylist()[0]
    except OperationalError:
        return None


def read(home: str, answer: Connection) -> None:
    """Poll what readers see until the file ``stop`` exists; report errors, doubles and steps back."""
    django(home)
    from django.db import connection

    from tanlin.readings import queries

    found: dict = {"reads": 0, "doubles": 0, "back": 0, "torn": 0, "states": 0, "seen": {}}
    last, rows, total = -1, -1, -1.0
    answer.send("ready")
    while not (Path(home) / "stop").exists():
        snapshot = queries.snapshot()
        seen = snapshot.query(CHECK).to_pylist()[0]
        found["reads"] += 1
        found["doubles"] += seen["n"] != seen["keys"]
        found["torn"] += seen["total"] != seen["in_days"]
        found["back"] += snapshot.batch < last or seen["n"] < rows or seen["total"] < total
        found["states"] += snapshot.batch != last
        last, rows, total = snapshot.batch, seen["n"], seen["total"]
        found["seen"].setdefault(last, set()).add((rows, total))
        connection.close()
        time.sleep(0.005)
    answer.send(found)
