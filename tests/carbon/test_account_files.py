"""The account of files on the command line: readings, a map and a sheet of activities."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tanlin.carbon.cli import cli
from tanlin.kernel.cli import run

MAP = """meter,place,region,carrier,channel,kind,unit,multiplier,parent,product
E1,hall,CN-GD,electricity,import,interval,kWh,1,,
E2,yard,CN-GD-SZ,electricity,import,interval,kWh,1,,
W1,yard,CN-GD-SZ,waste,import,bill,kg,1,,compost
"""
SHEET = """stream,place,first_day,last_day,amount,unit,source
car,hall,2023-01-01,2023-12-31,10000,km,survey
green_trees,,2023-01-01,2023-12-31,10,tree,estimate
waste_compost,yard,2023-01-01,2023-12-31,500,kg,document
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "map.csv").write_text(MAP)
    (tmp_path / "did.csv").write_text(SHEET)
    start = datetime(2023, 3, 1, tzinfo=UTC).replace(tzinfo=None)
    rows = [("E1", start, 600.0), ("E2", start + timedelta(hours=1), 400.0)]
    times = pa.array([row[1] for row in rows], pa.timestamp("us"))
    pq.write_table(
        pa.table({"meter": [r[0] for r in rows], "time": times, "kwh": [r[2] for r in rows]}),
        tmp_path / "r.parquet",
    )
    return tmp_path


def ask(folder: Path, capsys: Any, *more: str) -> tuple[int, Any]:
    words = ["account", str(folder / "r.parquet"), "--map", str(folder / "map.csv"), "--year", "2023"]
    return run(cli, [*words, "--activities", str(folder / "did.csv"), *more]), capsys.readouterr()


def test_totals_of_meters_and_activities(folder: Path, capsys: Any) -> None:
    code, out = ask(folder, capsys, "--population", "10", "--json")
    answer = json.loads(out.out)
    value = {key: figure["value"] for key, figure in answer["figures"].items()}
    assert code == 0
    assert value["carbon.basic"] == pytest.approx(0.4419)
    assert value["carbon.per_person"] == pytest.approx(0.04419)
    lost = 0.4419 * 0.0454 / (1 - 0.0454)
    assert value["carbon.basic_plus"] == pytest.approx(0.4419 + lost + 2.0 - 0.22)
    assert answer["verified"] is False and "transport.cn.petrol_car.km" in answer["unverified"]


def test_what_a_meter_counts_is_not_counted_again(folder: Path, capsys: Any) -> None:
    lines = json.loads(ask(folder, capsys, "--json")[1].out)["figures"]["carbon.account"]["table"]
    assert {(row["key"], row["tco2e"]) for row in lines if row["stream"] == "waste_compost"} == {("IE", None)}


def test_the_text_names_references_and_unverified_facts(folder: Path, capsys: Any) -> None:
    out = ask(folder, capsys)[1].out
    assert "I.6.2" in out and "未核实 / unverified: transport.cn.petrol_car.km" in out


def test_a_place_that_the_map_lacks_is_named_with_its_row(folder: Path, capsys: Any) -> None:
    (folder / "did.csv").write_text(SHEET.replace("car,hall", "car,barn"))
    code, out = ask(folder, capsys)
    assert code != 0 and "did.csv" in out.err and "2" in out.err
