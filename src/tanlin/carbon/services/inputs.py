"""What a derivation stands on, pinned so that a replay can find it again; and what has changed since."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from tanlin.carbon.inventory import LONGEST_DAYS
from tanlin.community import queries as community
from tanlin.kernel.period import DAY, Period, local_fields
from tanlin.kernel.receipt import Change, canonical
from tanlin.meter import devices_schema, frame_schema
from tanlin.meter import queries as meter
from tanlin.readings import queries as readings
from tanlin.record import queries as record

if TYPE_CHECKING:
    from tanlin.readings import Snapshot

#: Changed meter-days that a replay names one by one.
MOST_DAYS = 200

SPAN_SQL = """
SELECT MIN(r.start) AS low, MAX(r.start + r.seconds) AS high
FROM current r JOIN meters m ON r.meter_id = m.meter_id AND r.channel = m.channel
WHERE r.month BETWEEN '{first_month}' AND '{last_month}'
  AND r.start < {end} AND r.start + r.seconds > {begin}
  AND r.start < m.to_es AND r.start + r.seconds > m.from_es
"""


@dataclass(frozen=True)
class Registry:
    """Registry rows of one derivation: the meters frame, that of meters read at least daily, and devices."""

    meters: pa.Table
    daily: pa.Table
    devices: pa.Table
    uses: bool = True  # False: pinned before meters had a use, which then reads as ""

    @classmethod
    def of(cls, meters: pa.Table, daily: pa.Table, devices: pa.Table) -> Registry:
        """The rows in one order, so that the order they come in never shows in a receipt."""
        order = [(name, "ascending") for name in _KEY]
        return cls(*(table.sort_by(order) for table in (meters, daily, devices)))

    @property
    def meter_ids(self) -> list[int]:
        return sorted(set(self.meters["meter_id"].to_pylist()))

    @property
    def zones(self) -> pa.Table:
        """meter_id, tz."""
        zones = dict(zip(self.meters["meter_id"].to_pylist(), self.meters["tz"].to_pylist(), strict=True))
        return pa.table(
            {"meter_id": pa.array(zones.keys(), pa.int64()), "tz": pa.array(zones.values(), pa.string())}
        )

    def pinned(self) -> bytes:
        """Canonical JSON, one list of rows that name their table; stored once under its hash."""
        return canonical(
            [{"table": name} | row for name in _TABLES for row in getattr(self, name).to_pylist()]
        )

    @classmethod
    def read(cls, data: bytes) -> Registry:
        """From what ``pinned`` made."""
        rows: dict[str, list[dict[str, Any]]] = {name: [] for name in _TABLES}
        for row in json.loads(data):
            rows[row.pop("table")].append(row)
        uses = any("use" in row for row in rows["meters"])
        for row in [] if uses else [*rows["meters"], *rows["daily"]]:
            row["use"] = ""
        schemas = {"devices": devices_schema()}
        meters, daily, devices = (
            pa.Table.from_pylist(rows[n], schema=schemas.get(n, frame_schema())) for n in _TABLES
        )
        return cls(meters, daily, devices, uses)


_TABLES = ("meters", "daily", "devices")
_KEY = ("meter_id", "channel", "from_es")


def registry_of(area: Any, period: Period) -> Registry:
    """Today's registry rows of a place for a period."""
    meters, daily = meter.frames(area, period.first_day, last_day(period))
    return Registry.of(meters, daily, meter.devices_frame(set(meters["meter_id"].to_pylist())))


def span(snapshot: Snapshot, meters: pa.Table, period: Period, tz: str) -> tuple[int, int] | None:
    """Epoch seconds of the first start and last end of the readings that touch the period; None without any."""
    begin, end = period.bounds(tz)
    months = {"first_month": month_of(begin - LONGEST_DAYS * DAY), "last_month": month_of(end - 1)}
    found = snapshot.query(SPAN_SQL.format(begin=begin, end=end, **months), meters=meters).to_pylist()[0]
    return None if found["low"] is None else (int(found["low"]), int(found["high"]))


def with_lead(
    snapshot: Snapshot, meters: pa.Table, period: Period, tz: str, found: tuple[int, int]
) -> tuple[int, int]:
    """A span of readings from where the year's begin: the tiers of a tariff count what was used before."""
    if period.kind == "year" or not any(meters["tariff"].to_pylist()):
        return found
    year = span(snapshot, meters, Period(str(period.year)), tz)
    return (min(found[0], year[0]) if year else found[0]), found[1]


def month_of(es: int) -> str:
    """UTC month ``YYYY-MM`` of an epoch second."""
    return datetime.fromtimestamp(es, UTC).strftime("%Y-%m")


def last_day(period: Period) -> date:
    """The last day inside a period."""
    return period.last_day_exclusive - timedelta(days=1)


def clock() -> int:
    """The number of the newest event: every verb that changes an input writes one together with its marks."""
    newest = record.events(community.SYSTEM, None, limit=1)
    return newest[0].pk if newest else 0


# --- what has changed ------------------------------------------------------------------------------------------------
def fact_changes(pinned: list[dict[str, Any]], now: list[dict[str, Any]]) -> list[Change]:
    """Facts that have another vintage today, are no longer used, or are used in addition."""
    was, today = ({f["fact"]: f for f in facts} for facts in (pinned, now))
    changes = []
    for name in sorted(was.keys() | today.keys()):
        a, b = was.get(name), today.get(name)
        if a is None or b is None or a["vintage"] != b["vintage"]:
            changes.append(Change("fact", name, _told(a), _told(b)))
    return changes


def _told(fact: dict[str, Any] | None) -> Any:
    if fact is None:
        return None
    return {"vintage": fact["vintage"]} | ({"value": fact["value"]} if "value" in fact else {})


def registry_changes(was: Registry, now: Registry) -> list[Change]:
    """Registry fields that differ, as ``表号 · field``; rows that came or went, as ``表号 · row``."""
    pairs = [(was.meters, now.meters), (was.devices, now.devices)]
    differing = [(old, new) for old, new in pairs if not old.equals(new)]
    if not differing:
        return []
    numbers = {r["meter_id"]: r["number"] for t in (was.meters, now.meters) for r in t.to_pylist()}
    return [change for old, new in differing for change in _row_changes(old, new, numbers)]


def _row_changes(was: pa.Table, now: pa.Table, numbers: dict[int, str]) -> list[Change]:
    old, new = ({tuple(r[k] for k in _KEY): r for r in t.to_pylist()} for t in (was, now))
    changes = []
    for where in sorted(old.keys() | new.keys()):
        a, b = old.get(where), new.get(where)
        name = numbers.get(where[0], str(where[0]))
        if a is None or b is None:
            changes.append(Change("registry", f"{name} · row", a, b))
            continue
        fields = [field for field in a if a[field] != b.get(field)]
        told = [field for field in fields if field != "selected"] or fields  # it follows from the parents
        changes += [Change("registry", f"{name} · {field}", a[field], b[field]) for field in told]
    return changes


def wider(months: tuple[str, str], found: tuple[int, int] | None) -> tuple[str, str]:
    """UTC months (first, last) stretched over a span of epoch seconds."""
    if found is None:
        return months
    return min(months[0], month_of(found[0])), max(months[1], month_of(found[1] - 1))


def of_months(digests: pa.Table, low: str, high: str) -> pa.Table:
    """The digests of months from low to high."""
    inside = [low <= month <= high for month in digests["month"].to_pylist()]
    return digests.filter(pa.array(inside, pa.bool_()))


def reading_changes(
    then: readings.AsOf, now: Snapshot, months: tuple[str, str], registry: Registry
) -> list[Change]:
    """Meter-days whose effective readings differ today, as ``表号 · day`` with what was read then and now."""
    where = now.query(CHANGED_SQL, was=then.digests, now=meter_months(now, registry, *months))
    if not where.num_rows:
        return []
    numbers, zones = ({r["meter_id"]: r[n] for r in registry.meters.to_pylist()} for n in ("number", "tz"))
    a, b = (_dated(snapshot.query(ROWS_SQL, changed=where), zones) for snapshot in (then.snapshot, now))
    days = sorted({row[:3] for row in _set(a) ^ _set(b)})
    was, told = _sums(a), _sums(b)
    changes = [
        Change(
            "reading",
            f"{numbers[m]} · {d // 10000:04}-{d // 100 % 100:02}-{d % 100:02}",
            was.get((m, c, d)),
            told.get((m, c, d)),
        )
        for m, c, d in days[:MOST_DAYS]
    ]
    if len(days) > MOST_DAYS:
        changes.append(Change("reading", f"… +{len(days) - MOST_DAYS}"))
    return changes


CHANGED_SQL = """
SELECT DISTINCT meter_id, channel, month FROM (
    (SELECT meter_id, channel, month, digest FROM was EXCEPT SELECT meter_id, channel, month, digest FROM now)
    UNION ALL
    (SELECT meter_id, channel, month, digest FROM now EXCEPT SELECT meter_id, channel, month, digest FROM was)
) AS both_ways
ORDER BY meter_id, channel, month
"""
ROWS_SQL = """
SELECT r.meter_id AS meter_id, r.channel AS channel, r.start AS start, r.seconds AS seconds,
       r.value AS value, r.quality AS quality
FROM current r JOIN changed w ON r.meter_id = w.meter_id AND r.channel = w.channel AND r.month = w.month
ORDER BY r.meter_id, r.channel, r.start
"""


def _dated(rows: pa.Table, zones: dict[int, str]) -> pa.Table:
    """Readings with the local ``day`` of their start, after meter and channel."""
    zone = np.array([zones[m] for m in rows["meter_id"].to_pylist()])
    start, day = rows["start"].to_numpy(), np.zeros(rows.num_rows, np.int64)
    for tz in set(zone.tolist()):
        at = zone == tz
        day[at] = local_fields(tz, start[at])["day"]
    return rows.add_column(2, "day", pa.array(day))


def _set(rows: pa.Table) -> set[tuple[Any, ...]]:
    return set(zip(*(column.to_pylist() for column in rows.columns), strict=True))


def _sums(rows: pa.Table) -> dict[tuple[int, str, int], float]:
    """Value by meter, channel and day."""
    keys = ["meter_id", "channel", "day"]
    table = rows.group_by(keys).aggregate([("value", "sum")])
    return dict(
        zip(
            zip(*(table[name].to_pylist() for name in keys), strict=True),
            table["value_sum"].to_pylist(),
            strict=True,
        )
    )


def facts_pinned(inputs: list[dict[str, Any]]) -> list[Any]:
    """The stored rows of the facts that a receipt names. Raises NotFound for one that is not stored."""
    newest = {(row.fact_id, row.vintage): row for row in record.facts()}  # most are among them
    names = [(item["fact"], item["vintage"]) for item in inputs if "fact" in item]
    return [newest.get(name) or record.fact_by(*name) for name in names]


DIGESTS_SQL = """
SELECT d.meter_id AS meter_id, d.channel AS channel, d.month AS month, d.rows AS rows, d.digest AS digest
FROM digests d JOIN meters m ON d.meter_id = m.meter_id
WHERE d.month BETWEEN '{low}' AND '{high}'
ORDER BY d.meter_id, d.channel, d.month
"""


def meter_months(snapshot: Snapshot, registry: Registry, low: str, high: str) -> pa.Table:
    """Digests of the registry's meters in UTC months from low to high, of the very rows the snapshot shows."""
    ids = pa.table({"meter_id": pa.array(registry.meter_ids, pa.int64())})
    return snapshot.query(DIGESTS_SQL.format(low=low, high=high), meters=ids)
