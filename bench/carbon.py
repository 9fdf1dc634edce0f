"""A year of hourly meters: the inventory alone against inventory, account and 1,000 draws of its uncertainty.

The same readings, meters, hourly factor and tariff as the bench ``inventory``. The account is what stands behind
the page: its lines and all its figures, with the causes of error and the drawn quantiles of BASIC. BASIC and its
interval must equal those that numpy makes of the same files without any of Tanlin's code, and the quantiles must
lie near those of 200,000 draws of numpy's own. Each contestant is a process of its own; they take turns.
``account_s`` is all that follows the inventory, draws too; ``draws_s`` is what drawing once more takes.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Callable
from datetime import date
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from bench import inventory as plain
from bench.timing import machine
from tanlin.carbon.account.account import account
from tanlin.carbon.account.asked import AskedBook
from tanlin.carbon.account.boundary import Boundary
from tanlin.carbon.account.draws import Sampling, drawn
from tanlin.carbon.account.results import results
from tanlin.carbon.factors import FactorBook, emission_per_unit
from tanlin.readings.store import Store

METER_PCT, Z95 = 2.0, 1.959963984540054
#: How far a quantile of 1,000 draws may lie from the true one, as a share of the interval: 4.5 standard errors.
NEAR = 0.1


def contestant(name: str, root: str, meters: int) -> Callable[[], Any]:
    """``inventory``: its table. A number: inventory, account and so many draws, with the seconds of each."""
    tables = plain.contestant("tanlin", root, meters)
    return tables if name == "inventory" else lambda: with_draws(tables(), int(name))


def with_draws(table: pa.Table, draws: int) -> dict[str, Any]:
    """BASIC of the account of an inventory: analytic, and drawn with its causes; and what it took."""
    begin = time.perf_counter()
    year, sampling = plain.PERIOD.year, Sampling(draws)
    about = {"place": "bench", "region": plain.REGION, "year": year, "boundary": Boundary("bench", year)}
    made = account(table, [], [], AskedBook(), gwp="ar5", sampling=sampling, **about)
    found = {figure.key: figure for figure in results(made)}
    accounted = time.perf_counter()
    drawn(made.part("basic"), sampling)  # once more, to tell what it takes alone
    basic, causes = found["carbon.basic"], found["carbon.contributors"]
    return {
        "value": basic.value,
        "low": basic.low,
        "high": basic.high,
        "drawn": [causes.low, causes.high],
        "causes": len(causes.table or []),
        "figures": len(found),
        "account_s": accounted - begin,
        "draws_s": time.perf_counter() - accounted,
    }


def independent(root: str, meters: int) -> dict[str, Any]:
    """Total tonnes, half-range and drawn quantiles by numpy: the factor is one cause, the meters of a place one each."""
    emission = emission_per_unit(FactorBook(), "electricity", "", plain.REGION, date(2025, 1, 1))
    hours = plain.hour_frame(emission.value)
    begin, month = int(hours["start"].iloc[0]), (hours["month"] - 202501).to_numpy()
    tonnes = np.zeros(12 * meters)
    for file in Store(Path(root)).source("current").files:
        rows = pq.ParquetFile(file).read(["meter_id", "start", "value"])
        meter, hour = rows["meter_id"].to_numpy(), (rows["start"].to_numpy() - begin) // plain.HOUR
        amount = (
            rows["value"].to_numpy() * np.where(meter % 5 == 0, 20.0, 1.0) * hours["factor"].to_numpy()[hour]
        )
        tonnes += np.bincount(month[hour] * meters + meter - 1, amount, len(tonnes))
    by_meter = tonnes.reshape(12, meters)
    place = np.arange(1, meters + 1) % plain.PLACES
    own = np.array([np.bincount(place, row, plain.PLACES) for row in (by_meter * METER_PCT / 100) ** 2])
    error, total, shared = np.sqrt(own).sum(axis=0), by_meter.sum(), emission.pct / 100
    z = np.random.default_rng(1).standard_normal((200_000, plain.PLACES + 1)) / Z95
    sums = (1 + shared * z[:, 0]) * (total + z[:, 1:] @ error)
    half = float(np.sqrt((total * shared) ** 2 + (error**2).sum()))
    return {"value": float(total), "half": half, "drawn": np.quantile(sums, [0.025, 0.975]).tolist()}


def main(arguments: list[str]) -> int:
    """Run, print a line for people and one of JSON; 1 when an answer differs."""
    parser = argparse.ArgumentParser(prog="python -m bench carbon", description=__doc__)
    parser.add_argument("--meters", type=int, default=5_000)
    parser.add_argument("--draws", type=int, default=1_000)
    parser.add_argument("--rounds", type=int, default=8)
    options = parser.parse_args(arguments)

    names = ("inventory", str(options.draws))
    best, cpu = dict.fromkeys(names, float("inf")), dict.fromkeys(names, float("inf"))
    spent = {"account_s": float("inf"), "draws_s": float("inf")}
    answer: dict[str, Any] = {}
    with TemporaryDirectory(prefix="tanlin-bench-") as folder:
        filler = get_context("spawn").Process(target=plain.fill, args=(folder, options.meters))
        filler.start()
        filler.join()
        turns = plain.take_turns(folder, options.meters, dict.fromkeys(names, options.rounds), contestant)
        for name, (wall, processor, _, found) in turns:
            best[name], cpu[name] = min(best[name], wall), min(cpu[name], processor)
            if name != "inventory":
                answer = found
                spent = {part: min(seconds, found[part]) for part, seconds in spent.items()}
        truth = independent(folder, options.meters)
    half = (answer["high"] - answer["low"]) / 2
    gap = max(abs(answer["value"] / truth["value"] - 1), abs(half / truth["half"] - 1))
    off = max(abs(a - b) for a, b in zip(answer["drawn"], truth["drawn"], strict=True)) / (2 * truth["half"])
    alone, both = (best[name] for name in names)
    result = {
        "bench": "carbon",
        "meters": options.meters,
        "draws": options.draws,
        "figures": answer["figures"],
        "causes": answer["causes"],
        "inventory_s": round(alone, 3),
        "with_draws_s": round(both, 3),
        **{part: round(seconds, 4) for part, seconds in spent.items()},
        "cpu_ratio_with_draws": round(cpu[names[1]] / cpu[names[0]], 3),
        "largest_difference": gap,
        "draws_off": round(off, 4),
        "equal": gap <= 1e-9 and off <= NEAR,
        "load": round(os.getloadavg()[0], 1),
        "machine": machine("duckdb", "numpy", "pyarrow"),
        "ratio_with_draws": round(both / alone, 3),
    }
    print(f"inventory of {options.meters:,} meters {alone:.3f} s, with account and draws {both:.3f} s")
    print(json.dumps(result))
    return 0 if result["equal"] else 1
