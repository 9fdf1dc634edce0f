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
    import django as framework
    from django.conf import settings

    from tanlin.web.settings import database

    if not settings.configured:
        settings.configure(
            INSTALLED_APPS=["tanlin.readings"],
            DATABASES={"default": database(f"sqlite:///{home}/db.sqlite3")},
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


def die_at(owner: object, name: str, call: int) -> None:
    """Kill this process just before the call of that number."""
    original, seen = getattr(owner, name), [0]

    def dying(*args, **kwargs):
        seen[0] += 1
        if seen[0] >= call:
            die()
        return original(*args, **kwargs)

    setattr(owner, name, dying)


def prepare(home: str) -> None:
    """An empty installation."""
    django(home)
    from django.core.management import call_command

    call_command("migrate", verbosity=0)


#: Where a writer may die, beside a random moment: the attribute whose call it does not survive.
POINTS = ("append", "sync", "commit", "replace", "publish")


def write(home: str, point: str | None = None, call: int = 1) -> None:
    """Send every batch from the last acknowledged one on, as an importer does, and refresh after each."""
    django(home)
    from tanlin.readings import services
    from tanlin.readings.store import Store

    owners = {
        "append": (Store, "append"),
        "sync": (Store, "_sync"),
        "commit": (services, "_commit"),
        "replace": (Store, "replace"),
        "publish": (services, "_publish"),
    }
    if point is not None:
        die_at(*owners[point], call)
    for i in range(acked(home), BATCHES):
        services.append(batch(i), source=f"batch {i}")
        acknowledge(home, i)
        services.refresh(None, ZONES)


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


def read(home: str, answer: Connection) -> None:
    """Poll what readers see until the file ``stop`` exists; report errors, doubles and steps back."""
    django(home)
    from django.db import connection

    from tanlin.readings import queries

    found = {"reads": 0, "doubles": 0, "back": 0, "torn": 0, "states": 0}
    last, rows = -1, -1
    answer.send("ready")
    while not (Path(home) / "stop").exists():
        snapshot = queries.snapshot()
        seen = snapshot.query(CHECK).to_pylist()[0]
        found["reads"] += 1
        found["doubles"] += seen["n"] != seen["keys"]
        found["torn"] += seen["total"] != seen["in_days"]
        found["back"] += snapshot.batch < last or seen["n"] < rows
        found["states"] += snapshot.batch != last
        last, rows = snapshot.batch, seen["n"]
        connection.close()
        time.sleep(0.005)
    answer.send(found)
