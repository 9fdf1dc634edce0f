"""A year of hourly meters: the inventory against a bare scan of the same files and an independent pandas.

The readings lie in the store's own table: hours of 5,000 meters, sorted by meter within the month. The scan
reads three of its columns and adds them up. The inventory is the function behind the page, with an hourly
grid factor and a tariff of three bands and two seasons. pandas joins meters and hours to the rows and groups
by month and place; its answer must equal the inventory's in every cell. Each contestant is a process of its
own, so that its memory is its own; they take turns.
"""

from __future__ import annotations

import argparse
import json
import resource
import time
from collections.abc import Callable, Iterator
from datetime import date
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from bench.timing import machine
from tanlin.carbon.factors import FactorBook, emission_per_unit
from tanlin.carbon.inventory import inventory
from tanlin.carbon.tariffs import TariffBook
from tanlin.kernel.period import Period
from tanlin.readings import Snapshot
from tanlin.readings.schema import CURRENT
from tanlin.readings.store import Store

TZ, REGION, PERIOD = "Asia/Shanghai", "CN-GD-SZ", Period("2025")
HOUR, PLACES = 3600, 10
SCAN_SQL = "SELECT SUM(value) AS v, SUM(meter_id) AS m, MAX(start) AS t, COUNT(*) AS n FROM current"
SUMMER = (6, 7, 8, 9)
PRICES = {
    "summer": {"peak": 1.35, "flat": 0.78, "valley": 0.29},
    "other": {"peak": 1.21, "flat": 0.71, "valley": 0.27},
}
#: The hourly factor relative to the official one: cleaner at noon, more so in summer; mean 1 in every month.
_NOON = np.cos((np.arange(24) - 13) / 24 * 2 * np.pi)
SHAPE = 1 - np.linspace(0.05, 0.25, 12)[:, None] * _NOON[None, :]
TARIFF = {
    "tariff_id": "bench",
    "carrier": "electricity",
    "unit": "kWh",
    "currency": "CNY",
    "verified": True,
    "seasons": {"summer": list(SUMMER), "other": [m for m in range(1, 13) if m not in SUMMER]},
    "hours": {
        "all": {"valley": ["00:00-08:00"], "peak": ["10:00-12:00", "14:00-19:00"]}
        | {"flat": ["08:00-10:00", "12:00-14:00", "19:00-24:00"]}
    },
    "prices": PRICES,
}


def fill(root: str, meters: int) -> None:
    """Write a year of hours: one in a thousand lost, 2 % estimated, values as a meter shows them."""
    store = Store(Path(root))
    store.create()
    begin, end = PERIOD.bounds(TZ)
    hours = np.arange(begin, end, HOUR, dtype=np.int64)
    months = hours.astype("datetime64[s]").astype("datetime64[M]").astype(str)
    random = np.random.default_rng(20250101)
    for month in np.unique(months).tolist():
        table = _month(hours[months == month], meters, month, random)
        store.replace("current", [month], table.to_reader(122_880))


def _month(hours: np.ndarray, meters: int, month: str, random: np.random.Generator) -> pa.Table:
    keep = random.random(meters * len(hours)) >= 0.001
    n = int(keep.sum())
    soft = pa.array((random.random(n) < 0.02).astype(np.int8))
    columns = [
        np.repeat(np.arange(1, meters + 1, dtype=np.int64), len(hours))[keep],
        pa.repeat(pa.scalar("import"), n),
        np.tile(hours, meters)[keep],
        np.full(n, HOUR, np.int32),
        np.round(random.gamma(2.0, 1.5, n), 2),
        pa.array(["measured", "estimated:profile"]).take(soft),
        pa.repeat(pa.scalar(month), n),
    ]
    return pa.table(columns, schema=CURRENT)


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
            "tariff": same("bench"),
            "kind": same("interval"),
            "from_es": np.zeros(meters, np.int64),
            "to_es": np.full(meters, 2**40, np.int64),
            "selected": np.ones(meters, bool),
            "parent": pa.nulls(meters, pa.int64()),
            "use": same("residential"),
        }
    )


def hour_frame(tonnes_per_kwh: float) -> pd.DataFrame:
    """Month, factor and price of every hour, from the local clock of pandas."""
    begin, end = PERIOD.bounds(TZ)
    start = np.arange(begin, end, HOUR)
    local = pd.to_datetime(start, unit="s", utc=True).tz_convert(TZ)
    band = np.full(24, "flat", dtype=object)
    band[0:8] = "valley"
    band[10:12] = band[14:19] = "peak"
    price = [
        PRICES["summer" if month in SUMMER else "other"][band[hour]]
        for month, hour in zip(local.month, local.hour, strict=True)
    ]
    factor = tonnes_per_kwh * SHAPE[local.month - 1, local.hour]
    month = local.year * 100 + local.month
    return pd.DataFrame({"start": start, "month": month, "factor": factor, "price": price})


def by_pandas(files: list[str], meters: pd.DataFrame, hours: pd.DataFrame) -> pd.DataFrame:
    """Sums by local month and place, written without any of Tanlin's code."""
    columns = ["meter_id", "start", "seconds", "value", "quality"]
    rows = pd.concat([pd.read_parquet(file, columns=columns) for file in files], ignore_index=True)
    rows = rows.merge(meters, on="meter_id").merge(hours, on="start")
    rows["value"] *= rows["multiplier"]
    rows["tco2e"] = rows["value"] * rows["factor"]
    rows["cost"] = rows["value"] * rows["price"]
    rows["estimated"] = rows["value"].where(rows["quality"].str.startswith("estimated"), 0.0)
    sums = ["value", "tco2e", "cost", "estimated", "seconds"]
    return rows.groupby(["month", "place"], observed=True)[sums].sum()


def largest_difference(table: pa.Table, sums: pd.DataFrame) -> float:
    """Largest relative difference over all cells of both tables; infinite where the rows differ."""
    mine = table.to_pandas().set_index(["month", "place"]).sort_index()
    if not mine.index.equals(sums.index):
        return float("inf")
    names = ("value", "tco2e", "cost", "estimated")
    gaps = [np.abs(mine[name] - sums[name]) / np.abs(sums[name]) for name in names]
    gaps.append(np.abs(mine["seconds_present"] - sums["seconds"]))
    return float(np.max(np.array(gaps, dtype=float)))


def contestant(name: str, root: str, meters: int) -> Callable[[], Any]:
    """The work of a contestant, with everything that is not timed prepared."""
    source = Store(Path(root)).source("current")
    if name == "pandas":
        tonnes = emission_per_unit(FactorBook(), "electricity", "", REGION, date(2025, 1, 1)).value
        plain = registry(meters).select(["meter_id", "place", "multiplier"]).to_pandas()
        plain["place"] = plain["place"].astype("category")
        return lambda: by_pandas(list(source.files), plain, hour_frame(tonnes))
    snapshot = Snapshot(sources={"current": source})
    if name == "scan":
        return lambda: snapshot.query(SCAN_SQL)
    frame, book, tariffs, shapes = registry(meters), FactorBook(), TariffBook([TARIFF]), {REGION: SHAPE}
    return lambda: inventory(snapshot, frame, PERIOD, book, tariffs, shapes=shapes).table


#: Makes the work of a contestant out of its name, the store's folder and the number of meters.
Contestant = Callable[[str, str, int], Callable[[], Any]]


def serve(pipe: Any, make: Contestant, name: str, root: str, meters: int) -> None:
    """A contestant's process: one run for every message, until None."""
    run = make(name, root, meters)
    while pipe.recv() is not None:
        wall, cpu = time.perf_counter(), time.process_time()
        answer = run()
        spent = (time.perf_counter() - wall, time.process_time() - cpu)
        pipe.send((*spent, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, answer))


def take_turns(
    root: str, meters: int, rounds: dict[str, int], make: Contestant = contestant
) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """(contestant, its wall seconds, CPU seconds, peak MB, answer), round by round."""
    context = get_context("spawn")
    pipes, processes = {}, []
    for name in rounds:
        pipes[name], other = context.Pipe()
        processes.append(context.Process(target=serve, args=(other, make, name, root, meters), daemon=True))
        processes[-1].start()
        other.close()  # so that a contestant that fails ends the bench
    for turn in range(max(rounds.values())):
        for name, pipe in pipes.items():
            if turn < rounds[name]:
                pipe.send(turn)
                yield name, pipe.recv()
    for pipe, process in zip(pipes.values(), processes, strict=True):
        pipe.send(None)
        process.join()


def main(arguments: list[str]) -> int:
    """Run, print a line for people and one of JSON; 1 when the answers differ."""
    parser = argparse.ArgumentParser(prog="python -m bench inventory", description=__doc__)
    parser.add_argument("--meters", type=int, default=5_000)
    parser.add_argument("--rounds", type=int, default=8, help="of scan and inventory; pandas runs twice")
    options = parser.parse_args(arguments)

    best: dict[str, list[float]] = {}
    answers: dict[str, Any] = {}
    with TemporaryDirectory(prefix="tanlin-bench-") as folder:
        # In a process of its own: on Linux a child's peak memory starts at its parent's.
        filler = get_context("spawn").Process(target=fill, args=(folder, options.meters))
        filler.start()
        filler.join()
        rounds = {"scan": options.rounds, "tanlin": options.rounds, "pandas": min(2, options.rounds)}
        for name, (wall, cpu, peak, answer) in take_turns(folder, options.meters, rounds):
            old = best.get(name, [float("inf"), float("inf"), 0.0])
            best[name] = [min(old[0], wall), min(old[1], cpu), max(old[2], peak)]
            answers[name] = answer
    rows = answers["scan"]["n"][0].as_py()
    gap = largest_difference(answers["tanlin"], answers["pandas"])
    wall, cpu, peak = ({name: numbers[i] for name, numbers in best.items()} for i in range(3))
    result = {
        "bench": "inventory",
        "meters": options.meters,
        "rows": rows,
        "seconds": {name: round(value, 3) for name, value in wall.items()},
        "cpu_seconds": {name: round(value, 3) for name, value in cpu.items()},
        "cpu_ratio_to_scan": round(cpu["tanlin"] / cpu["scan"], 2),
        "cpu_speedup_over_pandas": round(cpu["pandas"] / cpu["tanlin"], 2),
        "pandas_peak_mb": round(peak["pandas"]),
        "largest_difference": gap,
        "equal": gap <= 1e-9,
        "machine": machine("duckdb", "pandas", "pyarrow"),
        "ratio_to_scan": round(wall["tanlin"] / wall["scan"], 2),
        "speedup_over_pandas": round(wall["pandas"] / wall["tanlin"], 2),
        "peak_mb": round(peak["tanlin"]),
    }
    print(f"inventory of {options.meters:,} meters, {rows:,} rows: {result['seconds']} s")
    print(json.dumps(result))
    return 0 if result["equal"] else 1
