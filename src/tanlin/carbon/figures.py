"""The figures of a place and period out of its inventory: pure, so that a replay makes the very same ones."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import pyarrow as pa

from tanlin.carbon.reasons import reason_text
from tanlin.carbon.uncertainty import total
from tanlin.kernel.errors import Text
from tanlin.kernel.period import Period, local_fields, midnight
from tanlin.kernel.units import CANONICAL

if TYPE_CHECKING:
    from tanlin.carbon.inventory import Inventory

LABELS: dict[str, Text] = {
    "carbon.co2e": Text("碳排放", "Emissions"),
    "carbon.electricity": Text("用电量", "Electricity used"),
    "carbon.tce": Text("综合能耗（当量值）", "Energy in standard coal (heat basis)"),
    "carbon.cost": Text("能源费用", "Energy cost"),
    "carbon.water": Text("用水量", "Water used"),
    "carbon.gas": Text("用气量", "Gas used"),
    "carbon.heat": Text("用热量", "Heat used"),
    "carbon.cooling": Text("用冷量", "Cooling used"),
    "carbon.fuel": Text("燃料用量", "Fuel used"),
    "carbon.waste": Text("生活垃圾", "Municipal waste"),
    "carbon.inventory": Text("碳排放清单", "Carbon inventory"),
    "carbon.unmetered": Text("总表与分表之差", "Main meters against their sub-meters"),
    "carbon.days": Text("逐日用电量", "Electricity by day"),
    "carbon.hours": Text("逐时外购电量", "Electricity bought by hour"),
}
CARRIERS = ("electricity", "water", "gas", "heat", "cooling", "fuel", "waste")

DAYS_SQL = """
SELECT d.day AS day, SUM(d.value * m.scale) AS value, SUM(d.estimated * m.scale) AS estimated,
       SUM(d.seconds) AS seconds
FROM days d
JOIN meters m ON d.meter_id = m.meter_id AND d.channel = m.channel
WHERE d.day >= m.first_day AND d.day < m.end_day AND d.day BETWEEN {first} AND {last}
GROUP BY d.day
ORDER BY d.day
"""


class Readings(Protocol):
    """What is asked of a snapshot: SQL over the view ``days`` and the frames by name."""

    def query(self, sql: str, **frames: pa.Table) -> pa.Table: ...


@dataclass(frozen=True)
class Result:
    """One figure's value before it has a place or a receipt. ``unknown``: reason code → rows left out."""

    key: str
    value: float | None
    unit: str
    low: float | None = None
    high: float | None = None
    coverage: float | None = None
    estimated: float | None = None
    provisional: bool = False
    unknown: dict[str, int] = field(default_factory=dict)
    table: list[dict[str, Any]] | None = None

    @property
    def reason(self) -> Text | None:
        """Why it is unknown, or what it leaves out."""
        if self.table is not None or (self.value is not None and not self.unknown):
            return None
        why = reason_text(";".join(self.unknown) or "readings.none")
        return why if self.value is None else Text(f"不含部分数据：{why.zh}", f"Leaves out a part: {why.en}")

    def body(self) -> dict[str, Any]:
        """What a receipt states: tables as rows, to be replaced by their hash."""
        same = ("value", "unit", "low", "high", "coverage", "estimated", "provisional", "unknown")
        stated = {name: getattr(self, name) for name in same}
        return stated | ({"table": self.table} if self.table is not None else {})


def results(
    inventory: Inventory, days: pa.Table | None = None, hours: pa.Table | None = None
) -> list[Result]:
    """All figures of an inventory, tables last.

    ``days``: see :func:`electricity_by_day`; ``hours``: ``hours.electricity_by_hour``, left out where it has no rows.
    """
    table = inventory.table
    found = set(table["carrier"].to_pylist())
    scalars = [
        _result("carbon.co2e", total(table, "tco2e")),
        _result("carbon.tce", total(table, "tce")),
        _result("carbon.cost", total(table, "cost")),
    ]
    for carrier in CARRIERS:
        if carrier in found:
            part = table.filter([c == carrier for c in table["carrier"].to_pylist()])
            scalars.append(_result(f"carbon.{carrier}", total(part, "value")))
    whole = total(table, "tco2e")
    shares = {name: whole[name] for name in ("coverage", "estimated", "provisional")}
    tables = [
        Result("carbon.inventory", None, "tCO2e", **shares, table=table.to_pylist()),
        Result("carbon.unmetered", None, "", table=unmetered(inventory.breakdown)),
    ]
    if days is not None:
        tables.append(Result("carbon.days", None, "kWh", table=days.to_pylist()))
    if hours is not None and hours.num_rows:
        tables.append(Result("carbon.hours", None, "kWh", table=hours.to_pylist()))
    return scalars + tables


def without_use(result: Result) -> Result:
    """The figure as stated from a registry that says nothing of uses: its rows have no such column."""
    if result.key != "carbon.inventory" or result.table is None:
        return result
    rows = [{name: value for name, value in row.items() if name != "use"} for row in result.table]
    return replace(result, table=rows)


def nothing(key: str) -> Result:
    """The figure of a key for which no meter is left: unknown, never zero."""
    return Result(key, None, CANONICAL.get(key.removeprefix("carbon."), ""), unknown={"readings.none": 0})


def _result(key: str, whole: dict[str, Any]) -> Result:
    same = ("value", "low", "high", "coverage", "estimated", "provisional", "unknown")
    return Result(key, unit=whole["unit"] or "", **{name: whole[name] for name in same})


def unmetered(breakdown: pa.Table) -> list[dict[str, Any]]:
    """Per month and main meter: what it read, what its sub-meters read, and the difference.

    Sub-meters are summed, so that no home's own use is told. The difference is None where either is unknown.
    """
    groups: dict[tuple[int, int, str], list[dict[str, Any]]] = {}
    for row in breakdown.to_pylist():
        groups.setdefault((row["month"], row["main"], row["channel"]), []).append(row)
    out = []
    for (month, main, channel), rows in sorted(groups.items()):
        heads = [r for r in rows if r["role"] == "main"]
        subs = [r for r in rows if r["role"] == "sub"]
        read = [r["value"] for r in heads if r["value"] is not None]
        below = [r["value"] for r in subs if r["value"] is not None]
        out.append(
            {
                "month": month,
                "main": main,
                "channel": channel,
                "place": heads[0]["place"] if heads else None,
                "carrier": rows[0]["carrier"],
                "unit": rows[0]["unit"],
                "main_value": sum(read) if read else None,
                "sub_value": sum(below) if below else None,
                "sub_meters": len({r["meter_id"] for r in subs}),
                "sub_read": len({r["meter_id"] for r in subs if r["value"] is not None}),
                "unmetered": sum(read) - sum(below) if read and below else None,
            }
        )
    return out


def electricity_by_day(snapshot: Readings, meters: pa.Table, period: Period, as_of: int) -> pa.Table:
    """Use of electricity by local day of the meters that are read at least daily.

    Args:
        meters: the meters frame made without billed meters; the selected rows of electricity count.
        as_of: no reading is expected after this epoch second; a day it cuts counts as not covered beyond it.

    Returns ``day`` yyyymmdd, ``value`` kWh (null where nothing was read), ``estimated`` kWh, ``coverage`` 0..1;
    one row for every day on which any of the meters was valid.
    """
    rows = [r for r in meters.to_pylist() if r["selected"] and r["carrier"] == "electricity"]
    if not rows:
        return pa.table({name: pa.array([], kind) for name, kind in _DAYS})
    tz = rows[0]["tz"]
    edges = np.array([[r["from_es"], r["to_es"]] for r in rows], np.int64)
    day_of = local_fields(tz, np.clip(edges, 0, _FAR))["day"].reshape(edges.shape)
    frame = pa.table(
        {
            "meter_id": pa.array([r["meter_id"] for r in rows], pa.int64()),
            "channel": [r["channel"] for r in rows],
            "scale": [r["multiplier"] * (-1.0 if r["channel"] == "export" else 1.0) for r in rows],
            "first_day": pa.array(day_of[:, 0], pa.int32()),
            "end_day": pa.array(day_of[:, 1], pa.int32()),
        }
    )
    first, last = (int(d.strftime("%Y%m%d")) for d in (period.first_day, period.last_day_exclusive))
    read = snapshot.query(DAYS_SQL.format(first=first, last=last - 1), meters=frame)
    count = (period.last_day_exclusive - period.first_day).days
    edges = np.array([midnight(period.first_day + timedelta(n), tz) for n in range(count + 1)], np.int64)
    begun = edges[:-1] < as_of
    all_days = local_fields(tz, edges[:-1])["day"][begun]
    length = np.diff(edges)[begun]  # 23 or 25 h where clocks change
    due = ((day_of[None, :, 0] <= all_days[:, None]) & (all_days[:, None] < day_of[None, :, 1])).sum(axis=1)
    at = {int(d): i for i, d in enumerate(read["day"].to_pylist())}
    index = np.array([at.get(int(d), -1) for d in all_days], np.int64)
    have = index >= 0

    def column(name: str) -> np.ndarray:
        values = read[name].to_numpy() if read.num_rows else np.zeros(1)
        return np.where(have, values[index], np.nan)

    coverage = np.where(due > 0, np.nan_to_num(column("seconds")) / (np.maximum(due, 1) * length), np.nan)
    keep = due > 0
    columns = {
        "day": all_days[keep],
        "value": column("value")[keep],
        "estimated": np.where(have, column("estimated"), np.nan)[keep],
        "coverage": np.minimum(coverage, 1.0)[keep],
    }
    return pa.table({name: pa.array(columns[name], kind, from_pandas=True) for name, kind in _DAYS})


_FAR = 4_102_444_800  # 2100: days after it need no calendar
_DAYS = [
    ("day", pa.int32()),
    ("value", pa.float64()),
    ("estimated", pa.float64()),
    ("coverage", pa.float64()),
]
