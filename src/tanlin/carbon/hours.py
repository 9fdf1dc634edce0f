"""Electricity taken from the grid by local month and hour, of the meters that are read at least hourly."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from tanlin.carbon.inventory import Readings
from tanlin.kernel.period import HOUR, Period, calendar_frame

HOURS_SQL = """
SELECT s.cell AS cell, SUM(r.value * m.multiplier) AS kwh, SUM(r.seconds) AS seconds
FROM current r
JOIN meters m ON r.meter_id = m.meter_id AND r.channel = 'import'
JOIN slots s ON s.slot = CAST(FLOOR((r.start - {begin}) / 3600e0) AS BIGINT) * {zones} + m.zone
WHERE r.seconds > 0 AND r.seconds <= 3600 AND r.quality <> 'rejected'
  AND r.month BETWEEN '{first_month}' AND '{last_month}'
  AND r.start >= {begin} AND r.start < {end} AND r.start >= m.from_es AND r.start < m.to_es
GROUP BY s.cell
ORDER BY s.cell
"""
SCHEMA = pa.schema(
    [("month", pa.int32()), ("hour", pa.int32()), ("kwh", pa.float64()), ("seconds", pa.int64())]
)


def electricity_by_hour(snapshot: Readings, meters: pa.Table, period: Period) -> pa.Table:
    """Imported electricity by month yyyymm and hour 0..23 (SCHEMA); ``seconds`` read, summed over the meters.

    ``meters``: the meters frame of an inventory; its selected rows of electricity that import count.
    """
    rows = [
        row
        for row in meters.to_pylist()
        if row["selected"] and row["carrier"] == "electricity" and row["channel"] == "import"
    ]
    if not rows:
        return SCHEMA.empty_table()
    zones = sorted({row["tz"] for row in rows})
    bounds = [period.bounds(tz) for tz in zones]
    begin, end = min(low for low, _ in bounds), max(high for _, high in bounds)
    slots = [_slots(tz, number, bounds[number], begin, len(zones)) for number, tz in enumerate(zones)]
    frame = pa.table(
        {
            "meter_id": pa.array([row["meter_id"] for row in rows], pa.int64()),
            "multiplier": [1.0 if row["multiplier"] is None else row["multiplier"] for row in rows],
            "zone": pa.array([zones.index(row["tz"]) for row in rows], pa.int64()),
            "from_es": pa.array([row["from_es"] for row in rows], pa.int64()),
            "to_es": pa.array([row["to_es"] for row in rows], pa.int64()),
        }
    )
    months = [str(np.datetime64(es, "s").astype("datetime64[M]")) for es in (begin, end - 1)]
    sql = HOURS_SQL.format(
        begin=begin, end=end, zones=len(zones), first_month=months[0], last_month=months[1]
    )
    found = snapshot.query(sql, meters=frame, slots=pa.concat_tables(slots))
    return pa.Table.from_pylist([_row(row) for row in found.to_pylist()], SCHEMA)


def _slots(tz: str, number: int, bounds: tuple[int, int], begin: int, zones: int) -> pa.Table:
    """``slot`` (hours since ``begin`` × zones + zone) → ``cell`` (yyyymm × 24 + hour)."""
    calendar = calendar_frame(tz, *bounds, HOUR)
    slot = (calendar["es"].to_numpy() - begin) // HOUR * zones + number
    cell = calendar["month"].to_numpy().astype(np.int64) * 24 + calendar["hour"].to_numpy()
    first = np.unique(slot, return_index=True)[1]  # quarters of an hour share its slot
    return pa.table({"slot": slot[first], "cell": cell[first]})


def _row(found: dict[str, Any]) -> dict[str, Any]:
    month, hour = divmod(int(found["cell"]), 24)
    return {"month": month, "hour": hour, "kwh": found["kwh"], "seconds": int(found["seconds"])}
