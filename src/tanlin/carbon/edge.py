"""Files at the edge: readings in Parquet and a map of meters in CSV, checked row by row, as frames."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from tanlin.carbon.energy import gas_kwh_per_m3
from tanlin.carbon.factors import FactorBook, Unknown
from tanlin.kernel.errors import BadInput, Text, Where
from tanlin.kernel.period import Period, utc_offsets
from tanlin.kernel.units import CANONICAL, CHANNELS, factor_to_canonical
from tanlin.meter import use_of

KINDS = ("interval", "register", "bill")
_NEEDED = ("meter", "place", "region", "carrier", "channel", "kind", "unit", "multiplier", "parent")
#: 95 % half-ranges of a meter, percent (billed 2, others 3), where the map states none.
_PCT = {"bill": 2.0}
#: A run of at least this many zeros in an electricity meter is missing data where the caller says so.
ZERO_RUN = 24


@dataclass(frozen=True)
class Job:
    """What to compute. ``local_time``: times without a zone are local to ``tz``, else UTC.

    ``tz``: IANA name of the places' calendar; empty for the one of the map's regions (``files.settled``).
    """

    readings: Path
    meters: Path
    period: Period
    tz: str = ""
    factors: Path | None = None
    tariffs: Path | None = None
    local_time: bool = False
    zeros_missing: bool = False
    gwp: str = "ar5"

    @property
    def files(self) -> dict[str, Path]:
        """Role → file, of those given."""
        named = {
            "readings": self.readings,
            "map": self.meters,
            "factors": self.factors,
            "tariffs": self.tariffs,
        }
        return {role: path for role, path in named.items() if path is not None}

    def parameters(self) -> dict[str, Any]:
        return {
            "tz": self.tz,
            "local_time": self.local_time,
            "zeros_missing": self.zeros_missing,
            "gwp": self.gwp,
            "files": {role: path.name for role, path in self.files.items()},
        }


def read_map(path: Path) -> list[dict[str, str]]:
    """Rows of map.csv, checked. Raises BadInput."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as handle:
            reader = csv.DictReader(handle)
            rows = [{k: (v or "").strip() for k, v in row.items() if k} for row in reader]
            columns = reader.fieldnames or []
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise _bad(
            "carbon.map_unreadable", path, "表计对照表无法读取。", "The map cannot be read.", error=error
        ) from error
    missing = [name for name in _NEEDED if name not in columns]
    if missing:
        raise _bad(
            "carbon.map_column", path, "表计对照表缺少列。", "The map lacks a column.", column=missing[0]
        )
    seen = {row["meter"] for row in rows}
    met: set[str] = set()
    for line, row in enumerate(rows, start=2):
        for column, allowed in (("carrier", CANONICAL), ("kind", KINDS), ("channel", (*CHANNELS, ""))):
            if row[column] not in allowed:
                raise _bad(
                    "carbon.map_value",
                    path,
                    "值不在可用范围内。",
                    "The value is not one of those allowed.",
                    row=line,
                    column=column,
                    value=row[column],
                    allowed=[a for a in allowed if a],
                )
        try:
            row |= {"use": use_of(row["use"])} if "use" in row else {}
        except BadInput as error:
            error.where = Where(file=str(path), row=line, column="use", value=row["use"])
            raise
        for column in ("multiplier", "uncertainty_pct"):
            _number(path, line, column, row.get(column, ""))
        if not row["meter"] or row["meter"] in met:
            raise _bad(
                "carbon.map_meter",
                path,
                "表号为空或重复。",
                "The meter is empty or given twice.",
                row=line,
                column="meter",
                value=row["meter"],
            )
        met.add(row["meter"])
        if row["parent"] and (row["parent"] not in seen or row["parent"] == row["meter"]):
            raise _bad(
                "carbon.map_parent",
                path,
                "上级表不在对照表中。",
                "The main meter is not in the map.",
                row=line,
                column="parent",
                value=row["parent"],
            )
    return rows


def _number(path: Path, line: int, column: str, text: str, default: float = 1.0) -> float:
    try:
        value = float(text) if text else default
    except ValueError as error:
        raise _bad(
            "carbon.map_number",
            path,
            "应为数字。",
            "A number is expected.",
            row=line,
            column=column,
            value=text,
            error=error,
        ) from error
    if not np.isfinite(value) or value < 0:
        raise _bad(
            "carbon.map_number",
            path,
            "应为非负数。",
            "A number of 0 or more is expected.",
            row=line,
            column=column,
            value=text,
        )
    return value


def _bad(
    code: str,
    path: Path,
    zh: str,
    en: str,
    *,
    row: int | None = None,
    column: str | None = None,
    value: str | None = None,
    allowed: list[str] | None = None,
    error: Exception | None = None,
) -> BadInput:
    remedy = Text("请更正后重试。", "Correct it and try again.")
    if allowed:
        remedy = Text(f"可用：{'、'.join(allowed)}。", f"Use one of {', '.join(allowed)}.")
    if error is not None:
        en = f"{en} ({error})"
    return BadInput(
        code, Text(zh, en), remedy=remedy, where=Where(file=str(path), row=row, column=column, value=value)
    )


def meters_frame(job: Job, rows: list[dict[str, str]], number: dict[str, int], book: FactorBook) -> pa.Table:
    """The map as the meters frame of an inventory, valid throughout, the unit folded into the multiplier.

    Gas metered in kWh becomes m3 by the calorific value, which cancels where the factor is per kWh as well.
    """

    def scale(line: int, row: dict[str, str]) -> float:
        multiplier = _number(job.meters, line, "multiplier", row["multiplier"])
        if row["carrier"] == "gas" and row["unit"].lower() == "kwh":
            heat = gas_kwh_per_m3(book, row["region"], date(job.period.year, 1, 1), row.get("product", ""))
            if isinstance(heat, Unknown):
                raise _bad(
                    "carbon.no_calorific_value",
                    job.meters,
                    "缺少燃气热值，无法由千瓦时换算。",
                    "No calorific value of gas is known, so kWh cannot be converted.",
                    row=line,
                    column="unit",
                    value=row["unit"],
                )
            return multiplier / heat[0]
        try:
            return multiplier * factor_to_canonical(row["unit"] or CANONICAL[row["carrier"]], row["carrier"])
        except BadInput as error:
            error.where = Where(file=str(job.meters), row=line, column="unit", value=row["unit"])
            raise

    lines = list(enumerate(rows, start=2))
    pct = [
        _number(job.meters, n, "uncertainty_pct", r.get("uncertainty_pct", ""), _PCT.get(r["kind"], 3.0))
        for n, r in lines
    ]
    return pa.table(
        {
            "meter_id": pa.array(range(len(rows)), pa.int64()),
            **{
                c: pa.array([r[c] for r in rows], pa.string())
                for c in ("channel", "carrier", "place", "region", "kind")
            },
            "product": pa.array([r.get("product") or None for r in rows], pa.string()),
            "tariff": pa.array([r.get("tariff") or None for r in rows], pa.string()),
            "use": pa.array([r.get("use", "") for r in rows], pa.string()),
            "tz": pa.array([job.tz] * len(rows), pa.string()),
            "multiplier": pa.array([scale(n, r) for n, r in lines], pa.float64()),
            "uncertainty_pct": pa.array(pct, pa.float64()),
            "from_es": pa.nulls(len(rows), pa.int64()),
            "to_es": pa.nulls(len(rows), pa.int64()),
            "selected": pa.array([not r["parent"] for r in rows], pa.bool_()),
            "parent": pa.array([number.get(r["parent"]) for r in rows], pa.int64()),
        }
    )


def readings_table(job: Job, rows: list[dict[str, str]], number: dict[str, int]) -> pa.Table:
    """The file as rows of ``readings.schema.READINGS``; meters are numbered by their line in the map."""
    table = _parquet(job.readings)
    names = table.column_names
    value_name = next((name for name in ("kwh", "value") if name in names), "kwh")
    for column in ("meter", "time", value_name):
        if column not in names:
            raise _bad(
                "carbon.file_column",
                job.readings,
                "读数文件缺少列。",
                "The file lacks a column.",
                column=column,
            )
    meter = table["meter"].cast(pa.string())
    codes = meter.combine_chunks().dictionary_encode()
    labels = codes.dictionary.to_pylist()
    bad = next((label for label in labels if label not in number), None)
    if bad is not None or meter.null_count:
        row = next(i for i, name in enumerate(meter.to_pylist()) if name not in number)
        raise _bad(
            "carbon.file_meter",
            job.readings,
            "表号不在对照表中。",
            "The meter is not in the map.",
            row=row + 1,
            column="meter",
            value=str(bad),
        )
    ident = np.array([number[label] for label in labels], np.int64)[codes.indices.to_numpy()]
    start = _seconds(job, table["time"])
    value = _values(job, table[value_name], value_name)
    order = np.lexsort((start, ident))
    same = (np.diff(ident[order]) == 0) & (np.diff(start[order]) == 0)
    if same.any():
        row = int(order[1:][same][0])
        raise _bad(
            "carbon.file_twice",
            job.readings,
            "同一表计同一时间出现两次。",
            "One meter has one time twice.",
            row=row + 1,
            column="time",
            value=str(table["time"][row].as_py()),
        )
    seconds = _lengths(job, rows, table, ident[order], start[order], order)
    kept = ~np.isnan(value[order])
    if job.zeros_missing:
        electric = np.array([row["carrier"] == "electricity" for row in rows])[ident[order]]
        kept &= ~(electric & zero_runs(ident[order], value[order]))
    channel = np.array([row["channel"] for row in rows], object)[ident[order]]
    out = {
        "meter_id": ident[order],
        "channel": pa.array(channel, pa.string()),
        "start": start[order],
        "seconds": seconds.astype(np.int32),
        "value": value[order],
        "quality": pa.array(["measured"] * len(order), pa.string()),
    }
    return pa.table(out).filter(pa.array(kept))


def _parquet(path: Path) -> pa.Table:
    try:
        return pq.read_table(path)
    except (OSError, pa.ArrowException) as error:
        raise _bad(
            "carbon.file_unreadable",
            path,
            "读数文件无法读取。",
            "The file of readings cannot be read.",
            error=error,
        ) from error


def _seconds(job: Job, time: pa.ChunkedArray) -> np.ndarray:
    if not pa.types.is_timestamp(time.type) or time.null_count:
        row = next((i for i, t in enumerate(time.to_pylist()) if t is None), 0)
        raise _bad(
            "carbon.file_time",
            job.readings,
            "时间为空或不是时间类型。",
            "A time is empty or not of type timestamp.",
            row=row + 1,
            column="time",
            value=str(time[row].as_py()) if len(time) else None,
        )
    es = time.cast(pa.timestamp("s", time.type.tz), safe=False).cast(pa.int64()).to_numpy()
    if time.type.tz or not job.local_time:
        return es
    return es - utc_offsets(job.tz, es - utc_offsets(job.tz, es))


def _values(job: Job, column: pa.ChunkedArray, name: str) -> np.ndarray:
    """Readings as float64, NaN where there is none; a text or an infinite number is refused by its row."""

    def refuse(row: int | None, error: Exception | None = None) -> BadInput:
        value = None if row is None else str(column[row].as_py())
        zh, en = "读数不是数字。", "A reading is not a number."
        where = {"row": None if row is None else row + 1, "column": name, "value": value}
        return _bad("carbon.file_value", job.readings, zh, en, error=error, **where)  # type: ignore[arg-type]

    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        for row, text in enumerate(column.to_pylist()):
            try:
                float(text or "nan")
            except ValueError as error:
                raise refuse(row) from error
    try:
        values = column.cast(pa.float64()).to_numpy(zero_copy_only=False).astype(float)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise refuse(None, error) from error
    if np.isinf(values).any():
        raise refuse(int(np.argmax(np.isinf(values))))
    return values


def _lengths(
    job: Job,
    rows: list[dict[str, str]],
    table: pa.Table,
    ident: np.ndarray,
    start: np.ndarray,
    order: np.ndarray,
) -> np.ndarray:
    """Seconds of each reading in order: the column ``seconds``, else the commonest step; 0 for registers."""
    kinds = np.array([row["kind"] for row in rows])[ident]
    if "seconds" in table.column_names:
        given = table["seconds"].to_numpy().astype(np.int64)[order]
        return np.where(kinds == "register", 0, given)
    if (kinds == "bill").any():
        raise _bad(
            "carbon.file_column",
            job.readings,
            "账单需要列 seconds（时长，秒）。",
            "Bills need a column seconds (their length).",
            column="seconds",
        )
    out = np.zeros(len(ident), np.int64)
    for one in np.unique(ident):
        at = ident == one
        steps, counts = np.unique(np.diff(start[at]), return_counts=True)
        out[at] = steps[np.argmax(counts)] if len(steps) else 3600
    return np.where(kinds == "register", 0, out)


def zero_runs(ident: np.ndarray, value: np.ndarray, shortest: int = ZERO_RUN) -> np.ndarray:
    """True where a reading lies in a run of at least ``shortest`` zeros of one meter (rows in key order)."""
    zero = value == 0
    if not len(zero):
        return zero
    new = np.r_[True, (zero[1:] != zero[:-1]) | (ident[1:] != ident[:-1])]
    run = np.cumsum(new) - 1
    return np.asarray(zero & (np.bincount(run)[run] >= shortest))
