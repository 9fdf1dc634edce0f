"""Reads of the readings of meters whose right has been proved."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from tanlin.kernel.period import midnight
from tanlin.meter.health import Health, health
from tanlin.meter.models import LatestReading, Meter, MeterRow
from tanlin.readings import queries as readings

if TYPE_CHECKING:
    from tanlin.community.queries import Area

#: The reading of each key that counts, newest first.
_STORED = """
    WITH newest AS (
        SELECT l.*, ROW_NUMBER() OVER (PARTITION BY l.channel, l.start, l.seconds ORDER BY l.batch DESC) AS n
        FROM log l WHERE l.meter_id = {meter})
    SELECT channel, start, seconds, value, quality, batch FROM newest WHERE n = 1
    ORDER BY start DESC, seconds, channel LIMIT {limit}"""


@dataclass(frozen=True)
class Listed:
    """One line of the list of meters. ``latest``: epoch seconds at which the newest reading ends, or None."""

    row: MeterRow
    latest: int | None
    value: float | None
    health: Health


def listed(area: Area, rows: Iterable[MeterRow]) -> list[Listed]:
    """The rows with their newest reading and health.

    In a demonstration place, where time stands still, health is told against its newest reading.
    """
    rows = list(rows)
    newest = _newest(sorted({row.meter_id for row in rows}))
    now = int(time.time())
    if area.is_demo:
        now = max((end for end, _ in newest.values()), default=now)
    out = []
    for row in rows:
        end, value = newest.get((row.meter_id, row.channel), (None, None))
        out.append(Listed(row, end, value, health(row.kind, end, now)))
    return out


def _newest(ids: list[int]) -> dict[tuple[int, str], tuple[int, float]]:
    """(meter id, channel) → end and value of its newest reading."""
    out = {}
    for first in range(0, len(ids), 500):  # SQLite binds a limited number of variables
        found = LatestReading.objects.filter(meter__in=ids[first : first + 500])
        for meter_id, channel, start, seconds, value in found.values_list(
            "meter_id", "channel", "start", "seconds", "value"
        ):
            out[meter_id, channel] = (start + seconds, value)
    return out


def stored(meter: Meter, limit: int = 24) -> list[dict[str, Any]]:
    """The newest readings as they count in the log: channel, start, seconds, value, quality, batch."""
    sql = _STORED.format(meter=int(meter.pk), limit=int(limit))
    return readings.snapshot().query(sql).to_pylist()


def stored_one(meter: Meter, channel: str, start: int, seconds: int) -> dict[str, Any] | None:
    """The reading of one key as it counts, or None."""
    sql = f"""SELECT channel, start, seconds, value, quality, batch FROM log
        WHERE meter_id = {int(meter.pk)} AND start = {int(start)} AND seconds = {int(seconds)}
        ORDER BY batch DESC"""
    rows = readings.snapshot().query(sql).to_pylist()
    return next((row for row in rows if row["channel"] == channel), None)


def effective(
    meter: Meter, first_es: int, last_es: int, limit: int, offset: int
) -> tuple[list[dict[str, Any]], int]:
    """Effective intervals that start in [first, last): a page of them, before the multiplier, and their count."""
    where = f"meter_id = {int(meter.pk)} AND start >= {int(first_es)} AND start < {int(last_es)}"
    snapshot = readings.snapshot()
    count = snapshot.query(f"SELECT COUNT(*) AS n FROM current WHERE {where}")["n"][0].as_py()
    sql = f"""SELECT channel, start, seconds, value, quality FROM current WHERE {where}
        ORDER BY channel, start LIMIT {int(limit)} OFFSET {int(offset)}"""
    return snapshot.query(sql).to_pylist(), count


def daily(meter: Meter, rows: Iterable[MeterRow], days: int = 366) -> list[tuple[date, str, float, float]]:
    """The last days with readings: (day, channel, quantity after the multiplier, share of 24 h covered)."""
    sql = f"SELECT day, channel, value, seconds FROM days WHERE meter_id = {int(meter.pk)} ORDER BY day, channel"
    found = readings.snapshot().query(sql).to_pylist()
    dated = [(row.channel, row.valid_from, row.valid_to or date.max, row.multiplier) for row in rows]
    out = []
    for item in found:
        day = date(item["day"] // 10000, item["day"] // 100 % 100, item["day"] % 100)
        factor = next((m for c, a, b, m in dated if c == item["channel"] and a <= day < b), None)
        if factor is not None:
            out.append((day, item["channel"], item["value"] * factor, item["seconds"] / 86400))
    first = out[-1][0] - timedelta(days=days) if out else date.min
    return [one for one in out if one[0] > first]


def refreshed_batch() -> int:
    """The batch up to which readers see."""
    return readings.snapshot().batch


def waiting_batches() -> int:
    """Committed batches that readers do not see yet."""
    return readings.watermark() - refreshed_batch()


def window(area: Area, first: date | None, last: date | None) -> tuple[int, int]:
    """Epoch seconds of [first, last] in local days of the area; open ends reach over all time."""
    return (
        midnight(first, area.tz) if first else 0,
        midnight(last + timedelta(days=1), area.tz) if last else 1 << 40,
    )
