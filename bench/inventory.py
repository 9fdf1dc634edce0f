"""The inventory of a year of hourly meters against a bare scan and an independent computation in pandas.

All three start from the same effective readings in memory. The scan sums values and seconds by meter and
does nothing else; pandas computes energy, tCO2e, coverage and estimated share by month and place, which
is compared with the inventory's table. Making the readings and the pandas frame is not timed.
"""

from __future__ import annotations

import argparse
import json
from datetime import date

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa

from bench.timing import best, machine
from tanlin.carbon.factors import FactorBook, emission_per_unit
from tanlin.carbon.inventory import inventory
from tanlin.kernel.period import Period
from tanlin.readings import Snapshot

TZ, REGION, PERIOD = "Asia/Shanghai", "CN-GD-SZ", Period("2025")
HOUR, PLACES = 3600, 10
SCAN_SQL = "SELECT meter_id, SUM(value) AS v, SUM(seconds) AS s FROM readings GROUP BY meter_id"


def readings(meters: int) -> pa.Table:
    """A year of hours of every meter: 1 % lost, 2 % estimated, values as a meter shows them."""
    begin, end = PERIOD.bounds(TZ)
    random = np.random.default_rng(20250101)
    hours = np.arange(begin, end, HOUR, dtype=np.int64)
    keep = random.random(meters * len(hours)) >= 0.01
    n = int(keep.sum())
    quality = pa.array(["measured", "estimated:profile"]).take(
        pa.array((random.random(n) < 0.02).astype(int))
    )
    return pa.table(
        {
            "meter_id": np.repeat(np.arange(1, meters + 1, dtype=np.int64), len(hours))[keep],
            "channel": pa.repeat(pa.scalar("import"), n),
            "start": np.tile(hours, meters)[keep],
            "seconds": np.full(n, HOUR, np.int32),
            "value": np.round(random.gamma(2.0, 1.5, n), 2),
            "quality": quality,
        }
    )


def registry(meters: int) -> pa.Table:
    """The meters frame: ten places, every fifth meter behind a transformer of ratio 20."""
    ids = np.arange(1, meters + 1, dtype=np.int64)

    def same(value: str | None) -> pa.Array:
        return pa.repeat(pa.scalar(value, pa.string()), meters)

    return pa.table(
        {
            "meter_id": ids,
            "channel": same("import"),
            "carrier": same("electricity"),
            "product": same(""),
            "place": pa.array([f"place-{i % PLACES}" for i in ids]),
            "region": same(REGION),
            "tz": same(TZ),
            "multiplier": np.where(ids % 5 == 0, 20.0, 1.0),
            "uncertainty_pct": np.full(meters, 2.0),
            "tariff": same(None),
            "kind": same("interval"),
            "from_es": np.zeros(meters, np.int64),
            "to_es": np.full(meters, 2**40, np.int64),
            "selected": np.ones(meters, bool),
            "parent": pa.nulls(meters, pa.int64()),
        }
    )


def by_pandas(frame: pd.DataFrame, meters: pd.DataFrame, tonnes_per_kwh: float) -> pd.DataFrame:
    """Sums by local month and place, written without any of Tanlin's code."""
    rows = frame.merge(meters, on="meter_id")
    rows["value"] = rows["value"] * rows["multiplier"]
    local = pd.to_datetime(rows["start"], unit="s", utc=True).dt.tz_convert(TZ)
    rows["month"] = local.dt.year * 100 + local.dt.month
    rows["estimated"] = rows["value"].where(rows["quality"].str.startswith("estimated"), 0.0)
    sums = rows.groupby(["month", "place"])[["value", "estimated", "seconds"]].sum()
    sums["tco2e"] = sums["value"] * tonnes_per_kwh
    return sums


def largest_difference(table: pa.Table, sums: pd.DataFrame) -> float:
    """Largest relative difference over all cells of both tables; infinite where the rows differ."""
    mine = table.to_pandas().set_index(["month", "place"]).sort_index()
    if not mine.index.equals(sums.index):
        return float("inf")
    names = {"value": "value", "tco2e": "tco2e", "estimated": "estimated", "seconds_present": "seconds"}
    gaps = [np.abs(mine[a] - sums[b]) / np.abs(sums[b]) for a, b in names.items()]
    return float(np.max(np.array(gaps, dtype=float)))


def main(arguments: list[str]) -> int:
    """Run, print a line for people and one of JSON; 1 when the answers differ."""
    parser = argparse.ArgumentParser(prog="python -m bench inventory", description=__doc__)
    parser.add_argument("--meters", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args(arguments)

    snapshot = Snapshot.from_table(readings(options.meters))
    current = snapshot.query("SELECT meter_id, start, seconds, value, quality FROM current")
    frame, meters = current.to_pandas(), registry(options.meters)
    plain = meters.select(["meter_id", "place", "multiplier"]).to_pandas()
    book = FactorBook()
    tonnes = emission_per_unit(book, "electricity", "", REGION, date(2025, 1, 1)).value
    scanner = duckdb.connect()
    scanner.register("readings", current)

    seconds, answers = best(
        options.rounds,
        {
            "scan": lambda: scanner.sql(SCAN_SQL).fetchall(),
            "tanlin": lambda: inventory(snapshot, meters, PERIOD, book),
            "pandas": lambda: by_pandas(frame, plain, tonnes),
        },
    )
    gap = largest_difference(answers["tanlin"].table, answers["pandas"])
    result = {
        "bench": "inventory",
        "meters": options.meters,
        "rows": current.num_rows,
        "seconds": {name: round(value, 4) for name, value in seconds.items()},
        "tanlin_over_scan": round(seconds["tanlin"] / seconds["scan"], 2),
        "pandas_over_tanlin": round(seconds["pandas"] / seconds["tanlin"], 2),
        "largest_difference": gap,
        "equal": gap <= 1e-9,
        "machine": machine("duckdb", "pandas", "pyarrow"),
    }
    print(f"inventory of {options.meters} meters, {current.num_rows:,} rows: {result['seconds']} s")
    print(json.dumps(result))
    return 0 if result["equal"] else 1
