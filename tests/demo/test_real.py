"""The folder of real meters: what counts as missing, and what is left alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tanlin.demo.real import long_zero_runs, read_archive
from tanlin.kernel.errors import BadInput
from tests.support import shared


def hours(n: int) -> np.ndarray:
    return np.arange(n, dtype=np.int64) * 3600


def test_runs_of_three_zero_hours_are_missing() -> None:
    values = np.array([1, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 0.0])
    assert long_zero_runs(values, hours(12)).nonzero()[0].tolist() == [4, 5, 6, 8, 9, 10, 11]


def test_a_hole_in_time_ends_a_run() -> None:
    start = hours(4)
    start[2:] += 7200
    assert not long_zero_runs(np.zeros(4), start).any()


def write(folder: Path, meter: list[str], kwh: list[float]) -> None:
    time = np.datetime64("2020-06-01", "us") + np.arange(len(kwh)) * np.timedelta64(1, "h")
    table = pa.table({"meter": meter, "time": time, "kwh": pa.array(kwh, pa.float32())})
    pq.write_table(table, folder / "hourly.parquet")


def test_gas_zeros_stay(tmp_path: Path) -> None:
    write(tmp_path, ["b1_elec"] * 5 + ["b1_gas"] * 5, [22.2, 0, 0, 0, 1, 3, 0, 0, 0, 0])
    archive = read_archive(tmp_path)
    assert archive.dropped == {"b1_elec": 3}
    assert archive.readings.num_rows == 7
    assert archive.readings["value"][0].as_py() == 22.2
    assert archive.meters["carrier"].to_pylist() == ["electricity", "gas"]


def test_bad_folders_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"hourly\.parquet"):
        read_archive(tmp_path)
    write(tmp_path, ["x"], [1.0])
    with pytest.raises(BadInput, match="x"):
        read_archive(tmp_path)
    (tmp_path / "hourly.parquet").write_bytes(b"")
    with pytest.raises(BadInput):
        read_archive(tmp_path)


@pytest.mark.shared
def test_the_archive() -> None:
    archive = read_archive(shared() / "data/meters/ucam_hourly")
    assert archive.meters.num_rows == 69
    assert sum(archive.dropped.values()) == 14_070  # of 14,244 zero hours
    assert archive.readings.num_rows == 2_506_752 - sum(archive.dropped.values())
