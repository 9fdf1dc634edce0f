"""The inventory of files: figures, receipts, replay, and what bad input is told."""

import json
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tanlin.carbon.cli import cli
from tanlin.carbon.edge import zero_runs
from tanlin.carbon.files import replay
from tanlin.kernel.cli import run
from tanlin.kernel.errors import NotFound
from tanlin.kernel.receipt import compare, significant
from tests.support import shared

HEAD = "meter,place,region,carrier,channel,kind,unit,multiplier,parent\n"
MAP = (
    HEAD
    + "E1,hall,CN-GD,electricity,import,interval,kWh,2,\nE2,hall,CN-GD,electricity,import,interval,kWh,1,E1\n"
)
START = datetime(2023, 3, 1, tzinfo=UTC).replace(tzinfo=None)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "map.csv").write_text(MAP)
    write(tmp_path, ["E1"] * 3 + ["E2"] * 3, list(range(3)) * 2, [10.0, 20.0, 30.0, 1.0, 2.0, 3.0])
    return tmp_path


def write(folder, meters, hours, values, **more):
    times = [START + timedelta(hours=h) for h in hours]
    pq.write_table(
        pa.table({"meter": meters, "time": pa.array(times, pa.timestamp("us")), "kwh": values, **more}),
        folder / "r.parquet",
    )


def ask(folder, capsys, *more):
    words = [
        "inventory",
        str(folder / "r.parquet"),
        "--map",
        str(folder / "map.csv"),
        "--year",
        "2023",
        *more,
    ]
    code = run(cli, words)
    return code, capsys.readouterr()


def test_json_and_receipts(folder, capsys):
    code, out = ask(folder, capsys, "--json", "--receipts", str(folder / "rc"))
    answer = json.loads(out.out)
    assert code == 0
    assert answer["totals"]["tco2e"]["value"] == pytest.approx(120 * 0.4419 / 1000)
    assert [r["value"] for r in answer["breakdown"] if r["month"] == 202303] == [120.0, 6.0, 114.0]
    figure = next(f for f in answer["figures"] if f["key"] == "carbon.co2e")
    body = json.loads((folder / "rc" / f"{figure['receipt'].removeprefix('sha256:')}.json").read_text())
    assert {i["file"] for i in body["inputs"] if "file" in i} == {"r.parquet", "map.csv"}
    assert compare(body["result"], significant(replay(body, folder / "rc").result)) == []
    again = json.loads(ask(folder, capsys, "--json")[1].out)
    assert [f["receipt"] for f in again["figures"]] == [f["receipt"] for f in answer["figures"]]


def test_text_answer(folder, capsys):
    code, out = ask(folder, capsys)
    assert code == 0 and "tCO2e" in out.out and "没有" not in out.err


def test_replay_names_what_changed(folder, capsys):
    facts = folder / "facts.csv"
    text = "fact_id,kind,region,valid_from,value,unit,gas,uncertainty_pct,verified\nmine,grid_location,CN,,{},kgCO2/kWh,CO2,5,false\n"
    facts.write_text(text.format(0.5))
    _, out = ask(folder, capsys, "--json", "--factors", str(facts), "--receipts", str(folder / "rc"))
    figure = next(f for f in json.loads(out.out)["figures"] if f["key"] == "carbon.co2e")
    assert figure["value"] == pytest.approx(0.06)
    body = json.loads((folder / "rc" / f"{figure['receipt'].removeprefix('sha256:')}.json").read_text())
    facts.write_text(text.format(0.6))
    (folder / "map.csv").write_text(MAP.replace(",2,", ",3,"))
    found = replay(body, folder / "rc")
    assert {(c.kind, c.name) for c in found.changes} == {
        ("registry", "map.csv"),
        ("fact", "facts.csv"),
        ("fact", "mine"),
    }
    assert found.result["value"] == pytest.approx(180 * 0.5 / 1000)  # the fact stays pinned, the map does not
    (folder / "r.parquet").unlink()
    with pytest.raises(NotFound):
        replay(body, folder / "rc")


@pytest.mark.parametrize(
    ("line", "row", "column", "value"),
    [
        ("E1,hall,CN,steam,import,interval,kWh,1,\n", 2, "carrier", "steam"),
        ("E1,hall,CN,electricity,import,interval,kWh,two,\n", 2, "multiplier", "two"),
        ("E1,hall,CN,electricity,import,interval,kWh,1,E9\n", 2, "parent", "E9"),
        ("E1,hall,CN,electricity,import,interval,m3,1,\n", 2, "unit", "m3"),
        ("E2,hall,CN,electricity,import,interval,kWh,1,\n" * 2, 3, "meter", "E2"),
    ],
)
def test_bad_map_names_row_column_and_value(folder, capsys, line, row, column, value):
    (folder / "map.csv").write_text(
        HEAD + line + "E2,h,CN,electricity,import,interval,kWh,1,\n" * ("E2" not in line)
    )
    code, out = ask(folder, capsys)
    assert code == 2
    for words in ("map.csv", f"row {row}", column, value, f"第 {row} 行"):
        assert words in out.err


def test_a_map_may_state_the_use_of_meters(folder, capsys):
    plain = json.loads(ask(folder, capsys, "--json", "--receipts", str(folder / "rc"))[1].out)
    (folder / "map.csv").write_text(MAP.replace("parent\n", "parent,use\n").replace("2,\n", "2,,商业\n"))
    stated = json.loads(ask(folder, capsys, "--json")[1].out)
    assert {row["use"] for row in stated["table"]} == {"commercial"}
    assert stated["totals"] == plain["totals"]
    (folder / "map.csv").write_text(MAP.replace("parent\n", "parent,use\n").replace("2,\n", "2,,leisure\n"))
    code, out = ask(folder, capsys)
    assert code == 2 and "row 2" in out.err and "leisure" in out.err


def test_bad_readings(folder, capsys):
    write(folder, ["E1", "E7"], [0, 1], [1.0, 2.0])
    code, out = ask(folder, capsys)
    assert code == 2 and "E7" in out.err and "row 2" in out.err and "r.parquet" in out.err
    write(folder, ["E1", "E1"], [0, 0], [1.0, 2.0])
    assert ask(folder, capsys)[0] == 2
    write(folder, ["E1", "E1"], [0, 1], ["1", "many"])
    code, out = ask(folder, capsys)
    assert code == 2 and "many" in out.err and "row 2" in out.err
    (folder / "r.parquet").write_bytes(b"")
    assert ask(folder, capsys)[0] == 2
    assert run(cli, ["inventory", "--year", "2023"]) == 2
    capsys.readouterr()


def test_local_time_and_registers(folder, capsys):
    (folder / "map.csv").write_text(MAP.replace("interval", "register"))
    write(folder, ["E1"] * 2 + ["E2"] * 2, [0, 24] * 2, [100.0, 150.0, 7.0, 9.0])
    answer = json.loads(ask(folder, capsys, "--json", "--local-time")[1].out)
    rows = {r["month"]: r for r in answer["table"]}
    assert rows[202303]["value"] == 100.0 and rows[202303]["seconds_present"] == 86400


def test_months_are_those_of_the_region(folder, capsys):
    """23:00 UTC of 31 March 2023 is already April in London (summer time) and in Shanghai."""
    (folder / "map.csv").write_text(MAP.replace("CN-GD", "GB"))
    write(folder, ["E1", "E1", "E2"], [31 * 24 - 2, 31 * 24 - 1, 0], [10.0, 20.0, 1.0])
    answer = json.loads(ask(folder, capsys, "--json", "--receipts", str(folder / "rc"))[1].out)
    assert {r["month"]: r["value"] for r in answer["table"] if r["value"]} == {202303: 20.0, 202304: 40.0}
    body = json.loads(
        (folder / "rc" / f"{answer['figures'][0]['receipt'].removeprefix('sha256:')}.json").read_text()
    )
    assert body["parameters"]["tz"] == "Europe/London"
    answer = json.loads(ask(folder, capsys, "--json", "--tz", "Asia/Shanghai")[1].out)
    assert {r["month"]: r["value"] for r in answer["table"] if r["value"]} == {202304: 60.0}


@pytest.mark.parametrize(("old", "new", "row"), [("CN-GD", "US-CA", 2), ("E2,hall,CN-GD", "E2,hall,GB", 3)])
def test_a_time_zone_that_cannot_be_known_is_asked_for(folder, capsys, old, new, row):
    (folder / "map.csv").write_text(MAP.replace(old, new))
    code, out = ask(folder, capsys)
    assert code == 2
    for words in ("--tz", "map.csv", f"row {row}", new.rpartition(",")[2]):
        assert words in out.err
    assert ask(folder, capsys, "--tz", "Europe/London")[0] == 0


def test_lists(capsys):
    assert run(cli, ["factors", "--json", "--kind", "grid_location", "--region", "CN-GD"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert {f["region"] for f in facts} == {"CN-GD", "CN-GRID-SC", "CN"}
    assert run(cli, ["tariffs", "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)) == 19


def test_zero_runs():
    value = np.array([0, 0, 0, 1, 0, 0, 0, 0, 0])
    meter = np.array([1, 1, 1, 1, 1, 1, 2, 2, 2])
    assert zero_runs(meter, value, 3).tolist() == [True] * 3 + [False] * 3 + [True] * 3


@pytest.mark.shared
def test_real_buildings_equal_pandas(tmp_path, capsys):
    """69 meters of 2019 in UTC, months of London; gas in kWh keeps the official factor per kWh."""
    file = shared("data", "meters", "ucam_hourly", "hourly.parquet")
    names = sorted(set(pq.read_table(file, columns=["meter"])["meter"].to_pylist()))
    lines = (
        f"{n},site,GB,{'gas' if n.endswith('_gas') else 'electricity'},import,interval,kWh,1,\n"
        for n in names
    )
    (tmp_path / "map.csv").write_text(HEAD + "".join(lines))
    words = [
        "inventory",
        str(file),
        "--map",
        str(tmp_path / "map.csv"),
        "--year",
        "2019",
        "--json",
    ]
    assert run(cli, words) == 0
    answer = json.loads(capsys.readouterr().out)
    data = pq.read_table(file).to_pandas()
    local = data["time"].dt.tz_localize(UTC).dt.tz_convert("Europe/London")
    data = data[(local.dt.year == 2019).to_numpy()].assign(month=local.dt.month)
    gas = data["meter"].str.endswith("_gas")
    data["t"] = data["kwh"].astype(float) * np.where(gas, 0.18385, 0.2556) / 1000
    want = data.groupby(["month", gas.rename("gas")])["t"].sum()
    got = {(r["month"] % 100, r["carrier"] == "gas"): r["tco2e"] for r in answer["table"]}
    assert set(got) == set(want.index)
    assert all(got[key] == pytest.approx(value, rel=1e-9) for key, value in want.items())
    assert answer["totals"]["cost"]["value"] is None and answer["totals"]["cost"]["unknown"] == {
        "tariff.none": 24
    }
