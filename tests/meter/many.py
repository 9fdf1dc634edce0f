"""Imports a file of ten million rows as a user does and prints what it took: ``python -m tests.meter.many FILE``."""

import json
import os
import sys
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pv
import pyarrow.parquet as pq

from tests.meter.memory import peak_mib

METERS, HOURS = 2000, 5000
ROWS = METERS * HOURS
#: Reading k of meter m is m + k / 8, exact in binary.
TOTAL = HOURS * METERS * (METERS - 1) // 2 + METERS * HOURS * (HOURS - 1) / 16


def write(path: Path) -> None:
    """Hourly readings, meter by meter, a hundred meters at a time."""
    first = np.datetime64(datetime.fromisoformat("2025-01-01"), "s")
    hours = np.tile(first + np.arange(HOURS) * 3600, 100)
    schema = pa.schema(
        [("表号", pa.string()), ("抄表时间", pa.timestamp("s")), ("用电量(kWh)", pa.float64())]
    )
    kind = pv.CSVWriter if path.suffix == ".csv" else pq.ParquetWriter
    with kind(path, schema) as writer:
        for low in range(0, METERS, 100):
            meter = np.repeat(np.arange(low, low + 100), HOURS)
            names = pa.array([f"N-{m:04d}" for m in range(low, low + 100)]).take(pa.array(meter - low))
            values = meter + np.tile(np.arange(HOURS), 100) / 8
            writer.write_table(pa.table([names, pa.array(hours), pa.array(values)], schema=schema))


def main(path: Path) -> dict[str, Any]:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tanlin.web.settings")
    import django

    django.setup()
    from django.core.management import call_command

    from tanlin.community.queries import SYSTEM
    from tanlin.meter import services
    from tanlin.meter.models import Import
    from tanlin.readings import queries
    from tanlin.record import jobs
    from tests.meter.support import placed, world

    call_command("migrate", verbosity=0)
    here = world()["here"]
    result: dict[str, Any] = {"rows": ROWS}

    def lap(name: str) -> None:
        nonlocal clock
        result[name] = {"seconds": round(time.monotonic() - clock, 1), "peak_mib": peak_mib()}
        clock = time.monotonic()

    clock = time.monotonic()
    with path.open("rb") as stream:
        imp = services.start_import(here, stream, path.name, SYSTEM)
    lap("upload")
    services.request_check(imp, SYSTEM)
    for _ in jobs.work_through():
        pass
    lap("check")
    imp = Import.objects.get(pk=imp.pk)
    services.confirm(placed(imp, "home"), SYSTEM)
    for _ in jobs.work_through():
        pass
    lap("import")
    imp = Import.objects.get(pk=imp.pk)
    sql = "SELECT COUNT(*) AS n, SUM(value) AS v FROM {}"
    snapshot = queries.snapshot()
    found = {name: snapshot.query(sql.format(name)).to_pylist()[0] for name in ("log", "current")}
    return {**result, **found, "state": imp.state, "counts": imp.counts}


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]))))
