"""Reads of the readings of meters whose right has been proved."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from django.db.models import F, Max

from tanlin.kernel.errors import BadInput, NotFound, Text, Where
from tanlin.kernel.period import DAY, midnight, zone
from tanlin.meter.health import Health, health
from tanlin.meter.models import LatestReading, Meter, MeterRow
from tanlin.readings import queries as readings

if TYPE_CHECKING:
    from tanlin.community.queries import Area

#: The reading of each key that counts, newest first, of the months from one on.
_STORED = """
    WITH newest AS (
        SELECT l.channel, l.start, l.seconds, l.value, l.quality, l.batch,
               ROW_NUMBER() OVER (PARTITION BY l.channel, l.start, l.seconds ORDER BY l.batch DESC) AS n
        FROM log l WHERE l.meter_id = {meter} AND l.month >= '{month}')
    SELECT channel, start, seconds, value, quality, batch FROM newest WHERE n = 1
    ORDER BY start DESC, seconds, channel LIMIT {limit}"""


_MONTH = 31 * DAY


class Period(NamedTuple):
    """An interval longer than a day, in epoch seconds, with its quantity after the multiplier."""

    channel: str
    start: int
    end: int
    value: float
    estimated: bool


@dataclass(frozen=True)
class Listed:
    """One line of the list of meters. ``latest``: epoch seconds at which the newest reading ends, or None."""

    row: MeterRow
    latest: int | None
    value: float | None
    health: Health


def listed(area: Area, rows: Iterable[MeterRow]) -> list[Listed]:
    """The rows with their newest reading and health.

    In a demonstration, where time stands still, health is told against the newest reading of all its
    meters, whichever rows are asked for.
    """
    rows = list(rows)
    newest = _newest(sorted({row.meter_id for row in rows}))
    now = int(time.time())
    if area.is_demo:
        now = standstill(area) or now
    out = []
    for row in rows:
        end, value = newest.get((row.meter_id, row.channel), (None, None))
        out.append(Listed(row, end, value, health(row.kind, end, now)))
    return out


def standstill(area: Area) -> int | None:
    """Epoch seconds at which the newest reading of the area's whole tree ends, None where there is none."""
    root = area.path.split("/")[1]
    found = LatestReading.objects.filter(meter__owner_area__path__startswith=f"/{root}/")
    return found.aggregate(end=Max(F("start") + F("seconds")))["end"]


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
    newest = LatestReading.objects.filter(meter=meter).order_by("-start").first()
    if newest is None or newest.seconds == 0:  # how far apart registers were read is not known
        return _stored_from("", meter, limit)
    first = newest.start - limit * newest.seconds - _MONTH
    found = _stored_from(datetime.fromtimestamp(first, UTC).strftime("%Y-%m"), meter, limit)
    return found if len(found) == limit else _stored_from("", meter, limit)


def _stored_from(month: str, meter: Meter, limit: int) -> list[dict[str, Any]]:
    sql = _STORED.format(meter=int(meter.pk), month=month, limit=int(limit))
    return readings.snapshot().query(sql).to_pylist()


def stored_one(meter: Meter, channel: str, start: int, seconds: int) -> dict[str, Any] | None:
    """The reading of one key as it counts, or None."""
    sql = f"""SELECT channel, start, seconds, value, quality, batch FROM log
        WHERE meter_id = {int(meter.pk)} AND start = {int(start)} AND seconds = {int(seconds)}
        ORDER BY batch DESC"""
    rows = readings.snapshot().query(sql).to_pylist()
    return next((row for row in rows if row["channel"] == channel), None)


def last_register(meter_id: int, channel: str, first_es: int, last_es: int) -> tuple[int, float] | None:
    """Time and value of the newest register reading from one moment to another (inclusive), as it counts."""
    sql = f"""SELECT channel, start, value FROM log WHERE meter_id = {int(meter_id)} AND seconds = 0
        AND start >= {int(first_es)} AND start <= {int(last_es)} ORDER BY start DESC, batch DESC"""
    rows = readings.snapshot().query(sql).to_pylist()
    return next(((row["start"], row["value"]) for row in rows if row["channel"] == channel), None)


class StepBack(NamedTuple):
    """Two register readings in a row that made no interval, and why."""

    channel: str
    start: int
    end: int
    before: float
    after: float
    text: Text
    remedy: Text


_NO_DIGITS = (
    Text(
        "示数变小，而没有登记表具的位数，不知道是过零还是读错，这一段没有用量。",
        "The register fell and the digits of the device are not stated, so that it cannot be told whether it passed zero; no quantity is taken.",
    ),
    Text(
        "请登记位数；若换过表，请登记换表；若读错，请更正。",
        "State the digits; if the device was exchanged, state that; if a reading is wrong, correct it.",
    ),
)
_NOT_ZERO = (
    Text(
        "示数变小，而不像过零：过零前应接近最大值，过零后的用量也不应远高于平时，这一段没有用量。",
        "The register fell but hardly past zero: it would have been near its end before, and used no more than usual since; no quantity is taken.",
    ),
    Text(
        "请核对位数和这两条示数；若换过表，请登记换表。",
        "Check the digits and both readings; if the device was exchanged, state that.",
    ),
)


def steps_back(meter: Meter, limit: int = 20) -> list[StepBack]:
    """The newest steps back of a meter's registers that stayed gaps, with reason and remedy."""
    sql = f"""WITH newest AS (
            SELECT l.channel, l.start, l.value,
                   ROW_NUMBER() OVER (PARTITION BY l.channel, l.start ORDER BY l.batch DESC) AS n
            FROM log l WHERE l.meter_id = {int(meter.pk)} AND l.seconds = 0),
        steps AS (
            SELECT channel, start, value,
                   LAG(start) OVER (PARTITION BY channel ORDER BY start) AS before_start,
                   LAG(value) OVER (PARTITION BY channel ORDER BY start) AS before_value
            FROM newest WHERE n = 1)
        SELECT channel, before_start, start, before_value, value FROM steps
        WHERE value < before_value ORDER BY start DESC, channel"""
    snapshot = readings.snapshot()
    fallen = snapshot.query(sql).to_pylist()
    if not fallen:
        return []
    starts = ", ".join(str(row["before_start"]) for row in fallen)
    sql = f"SELECT channel, start FROM current WHERE meter_id = {int(meter.pk)} AND start IN ({starts})"
    counted = {(row["channel"], row["start"]) for row in snapshot.query(sql).to_pylist()}
    gaps = [row for row in fallen if (row["channel"], row["before_start"]) not in counted]
    stated = list(meter.devices.exclude(digits=None).values_list("channel", "from_es", "to_es"))
    found = []
    for row in gaps[:limit]:
        start, end = row["before_start"], row["start"]
        told = any(c == row["channel"] and a <= start and (b is None or end <= b) for c, a, b in stated)
        text, remedy = _NOT_ZERO if told else _NO_DIGITS
        found.append(StepBack(row["channel"], start, end, row["before_value"], row["value"], text, remedy))
    return found


def moment(text: str, tz: str) -> int:
    """Epoch seconds of a local month, date or time (``2025-07``, ``2025-07-01``, ``2025-07-01T08:00``). Raises BadInput."""
    written = text.strip()
    try:
        local = datetime.fromisoformat(f"{written}-01" if re.fullmatch(r"\d{4}-\d{2}", written) else written)
    except ValueError as error:
        raise BadInput(
            "meter.bad_time",
            Text("看不懂这个时间。", "This time cannot be read."),
            remedy=Text(
                "请写成 2025-07-01 或 2025-07-01T08:00。", "Write it like 2025-07-01 or 2025-07-01T08:00."
            ),
            where=Where(value=text),
        ) from error
    return int((local if local.tzinfo else local.replace(tzinfo=zone(tz))).timestamp())


def reading_at(
    meter: Meter, text: str, tz: str, *, channel: str = "import", seconds: int | None = None
) -> dict[str, Any]:
    """The stored reading or bill that starts at a local time (see ``moment``), as it counts in the log.

    Raises NotFound where none does, naming the one that runs then; BadInput where several lengths start then.
    """
    start = moment(text, tz)
    found: dict[tuple[int, int], dict[str, Any]] = {}
    sql = f"""SELECT channel, start, seconds, value, quality, batch FROM log
        WHERE meter_id = {int(meter.pk)} AND start <= {start} AND start + seconds >= {start}
        ORDER BY start DESC, batch DESC, seconds"""
    for row in readings.snapshot().query(sql).to_pylist():
        if row["channel"] == channel and row["start"] + max(1, row["seconds"]) > start:
            found.setdefault((row["start"], row["seconds"]), row)
    exact = [row for (at, length), row in found.items() if at == start and seconds in (None, length)]
    if len(exact) == 1:
        return exact[0]
    if exact:
        lengths = ", ".join(str(row["seconds"]) for row in exact)
        raise BadInput(
            "meter.several_readings",
            Text("此时开始的读数有几条，时长不同。", "Several readings of different lengths start then."),
            remedy=Text(f"请指明时长（秒）：{lengths}。", f"Give the length in seconds: {lengths}."),
            where=Where(value=text),
        )
    remedy = None
    if found:
        begin = datetime.fromtimestamp(next(iter(found))[0], zone(tz)).strftime("%Y-%m-%d %H:%M")
        remedy = Text(f"涵盖此时的读数始于 {begin}。", f"The reading that runs then starts at {begin}.")
    raise NotFound(
        "meter.no_reading",
        Text("该表没有从此时开始的读数。", "No reading of this meter starts then."),
        remedy=remedy,
        where=Where(value=text),
    )


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


def periods(meter: Meter, rows: Iterable[MeterRow]) -> list[Period]:
    """The effective intervals too long for a daily value (bills, monthly registers), by channel and start."""
    sql = f"""SELECT channel, start, seconds, value, quality FROM current
        WHERE meter_id = {int(meter.pk)} AND seconds > {25 * 3600} ORDER BY channel, start, seconds"""
    dated = [
        (row.channel, midnight(row.valid_from, row.place.tz), row.valid_to, row.place.tz, row.multiplier)
        for row in rows
    ]
    out = []
    for item in readings.snapshot().query(sql).to_pylist():
        start, end = item["start"], item["start"] + item["seconds"]
        factor = next(
            (
                m
                for c, low, last, tz, m in dated
                if c == item["channel"] and low <= start and (last is None or start < midnight(last, tz))
            ),
            None,
        )
        if factor is not None:
            estimated = str(item["quality"]).startswith("estimated")
            out.append(Period(item["channel"], start, end, item["value"] * factor, estimated))
    return out


def daily(meter: Meter, rows: Iterable[MeterRow], days: int = 365) -> list[tuple[date, str, float, float]]:
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
