"""A folder of real hourly meters (Cambridge Estates Building Energy Archive) as plain tables.

`hourly.parquet` has meter (`b<n>_elec` or `b<n>_gas`), time (taken as UTC) and kwh. The publisher
put 0 where a reading was missing. So a run of three or more zero hours of an electricity meter is
taken as missing and left out; one or two zero hours stay. Zeros of a gas meter stay, however long:
in the archive every run of 60 days or more lies between mid-March and early November, and the
longest, 182 days, is a summer. What was left out is counted, never filled.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tanlin.kernel.errors import BadInput, Text, Where

SLUG, NAME, NAME_EN = "cambridge-estates", "剑桥大学建筑（真实数据）", "Cambridge Estates (real data)"
REGION, TZ = "GB", "Europe/London"
SOURCE = "EECi Cambridge Estates Building Energy Archive v2.1 (MIT), 2018-2022"
MISSING_RUN = 3  # hours of zero from which an electricity reading counts as missing
CARRIERS = {"elec": "electricity", "gas": "gas"}
FILE = "hourly.parquet"


@dataclass(frozen=True)
class Archive:
    """Real readings of one folder.

    `meters`: number, building, carrier, name, name_en. `readings`: number (dictionary), start (epoch
    seconds), seconds, value (kWh, also for gas). `dropped`: rows taken as missing, by meter number.
    """

    meters: pa.Table
    readings: pa.Table
    dropped: dict[str, int]


def long_zero_runs(values: np.ndarray, start: np.ndarray, least: int = MISSING_RUN) -> np.ndarray:
    """True where a value lies in a run of at least `least` consecutive zero hours (both of length n)."""
    zero = values == 0
    breaks = np.diff(start, prepend=start[:1] - 3600) != 3600  # a hole in time ends a run
    edge = np.diff(zero.astype(np.int8), prepend=0) != 0
    run = np.cumsum(edge | breaks)
    lengths = np.bincount(run)
    return zero & (lengths[run] >= least)


def read_archive(folder: Path) -> Archive:
    """Read and clean the folder. Raises BadInput when the file or a column is missing or a name is odd."""
    table = _read(folder)
    number = table["meter"].cast(pa.string())
    order = pc.sort_indices(
        pa.table({"m": number, "t": table["time"]}), sort_keys=[("m", "ascending"), ("t", "ascending")]
    )
    number = number.take(order).combine_chunks().dictionary_encode()
    start = table["time"].cast(pa.timestamp("s"), safe=False).cast(pa.int64()).take(order).to_numpy()
    # the file holds 32-bit floats of figures with few decimals: 22.200001 is 22.2
    value = np.round(table["kwh"].take(order).to_numpy().astype(np.float64), 3)
    codes = number.indices.to_numpy()
    keep = np.isfinite(value)
    dropped: dict[str, int] = {}
    names = number.dictionary.to_pylist()
    for code, name in enumerate(names):
        rows = np.flatnonzero(codes == code)
        if name.endswith("_elec"):
            keep[rows[long_zero_runs(value[rows], start[rows])]] = False
        if not keep[rows].all():
            dropped[name] = int((~keep[rows]).sum())
    readings = pa.table(
        {
            "number": pa.DictionaryArray.from_arrays(pa.array(codes[keep]), number.dictionary),
            "start": start[keep],
            "seconds": np.full(int(keep.sum()), 3600, np.int32),
            "value": value[keep],
        }
    )
    return Archive(pa.Table.from_pylist([_meter(name) for name in names]), readings, dropped)


def _read(folder: Path) -> pa.Table:
    path = Path(folder) / FILE
    if not path.is_file():
        raise BadInput(
            "demo.no_file",
            Text(f"文件夹中没有 {FILE}。", f"The folder has no {FILE}."),
            remedy=Text("请给出 ucam_hourly 文件夹。", "Give the folder ucam_hourly."),
            where=Where(file=str(path)),
        )
    try:
        return pq.read_table(path, columns=["meter", "time", "kwh"])
    except (pa.ArrowInvalid, KeyError) as error:
        raise BadInput(
            "demo.bad_file",
            Text("文件不是所需的 Parquet 表。", "The file is not the Parquet table needed."),
            remedy=Text("需要的列：meter、time、kwh。", "Columns needed: meter, time, kwh."),
            where=Where(file=str(path)),
        ) from error


def _meter(name: str) -> dict[str, str]:
    building, _, kind = name.partition("_")
    if kind not in CARRIERS:
        raise BadInput(
            "demo.bad_meter",
            Text(f"表计名称“{name}”不合规。", f"Meter name “{name}” is not as expected."),
            remedy=Text("应为 b<编号>_elec 或 b<编号>_gas。", "It must be b<n>_elec or b<n>_gas."),
            where=Where(file=FILE, column="meter", value=name),
        )
    zh, en = ("用电", "electricity") if kind == "elec" else ("燃气", "gas")
    label = building.removeprefix("b")
    return {
        "number": name,
        "building": building,
        "carrier": CARRIERS[kind],
        "name": f"{label} 号楼{zh}",
        "name_en": f"Building {label}, {en}",
    }
