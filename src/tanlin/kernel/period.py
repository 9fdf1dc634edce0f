"""Local calendar periods and the calendar frame that analytics join on epoch seconds.

Stored time is UTC; months, days and hours are local to a place. The frame turns one into the other
once, so that no time-zone function is ever needed in SQL.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np

from tanlin.kernel.errors import BadInput, Text, Where

if TYPE_CHECKING:
    import pyarrow as pa

DEFAULT_TZ = "Asia/Shanghai"
HOUR = 3600
DAY = 86400
_LABEL = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?", re.ASCII)


@lru_cache(maxsize=256)
def zone(tz: str) -> ZoneInfo:
    """The IANA time zone. Raises BadInput for an unknown name."""
    try:
        return ZoneInfo(tz)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise BadInput(
            "kernel.unknown_zone",
            Text(f"不认识的时区 {tz}。", f"Unknown time zone {tz}."),
            remedy=Text("请使用 Asia/Shanghai 这样的名称。", "Use a name such as Asia/Shanghai."),
        ) from error


def midnight(day: date, tz: str) -> int:
    """Epoch seconds of the local start of a day."""
    return int(datetime(day.year, day.month, day.day, tzinfo=zone(tz)).timestamp())


@dataclass(frozen=True)
class Period:
    """A local calendar year, month or day, named by its ISO label: ``2025``, ``2025-06``, ``2025-06-01``."""

    label: str

    @classmethod
    def parse(cls, label: str | int) -> Period:
        """Raises BadInput unless the label is a valid year, month or day."""
        text = unicodedata.normalize("NFKC", str(label)).strip()  # full-width digits of an input method
        match = _LABEL.fullmatch(text)
        try:
            if match is None:
                raise ValueError(text)
            year, month, day = (int(part) if part else 1 for part in match.groups())
            date(year, month, day)
            date(year + 1, 1, 1)  # the end of the period must be a day too
        except ValueError as error:
            raise BadInput(
                "kernel.bad_period",
                Text("看不懂这个时间段。", "This period cannot be read."),
                remedy=Text(
                    "请写成 2025、2025-06 或 2025-06-01。",
                    "Write 2025, 2025-06 or 2025-06-01.",
                ),
                where=Where(value=text),
            ) from error
        return cls(text)

    @property
    def kind(self) -> Literal["year", "month", "day"]:
        return {4: "year", 7: "month", 10: "day"}[len(self.label)]  # type: ignore[return-value]

    @property
    def first_day(self) -> date:
        parts = [int(p) for p in self.label.split("-")]
        return date(parts[0], *[*parts[1:], 1, 1][:2])

    @property
    def last_day_exclusive(self) -> date:
        first = self.first_day
        if self.kind == "year":
            return date(first.year + 1, 1, 1)
        if self.kind == "month":
            return date(first.year + first.month // 12, first.month % 12 + 1, 1)
        return first + timedelta(days=1)

    @property
    def year(self) -> int:
        return self.first_day.year

    def bounds(self, tz: str = DEFAULT_TZ) -> tuple[int, int]:
        """Epoch seconds of the local start and of the exclusive end."""
        return midnight(self.first_day, tz), midnight(self.last_day_exclusive, tz)

    def months(self) -> list[Period]:
        """The calendar months of a year, or the month that holds the period."""
        if self.kind == "year":
            return [Period(f"{self.label}-{month:02d}") for month in range(1, 13)]
        return [Period(self.label[:7])]

    def previous_year(self) -> Period:
        """The same period one year earlier (29 February becomes 28 February)."""
        label = f"{self.year - 1:04d}{self.label[4:]}"
        return Period(label[:-2] + "28" if label.endswith("02-29") else label)


def utc_offsets(tz: str, es: np.ndarray) -> np.ndarray:
    """Seconds to add to UTC for local time at each epoch second (int64 in, int64 out, same shape).

    Offsets are looked up once a day and once an hour on the days of a change.
    """
    if es.size == 0:
        return np.zeros(0, np.int64)
    first, last = int(es.min()) // DAY * DAY, int(es.max()) // DAY * DAY + DAY
    edges, values = _transitions(tz, first, last)
    return values[np.searchsorted(edges, es, side="right") - 1]


@lru_cache(maxsize=256)
def _transitions(tz: str, first: int, last: int) -> tuple[np.ndarray, np.ndarray]:
    info = zone(tz)

    def offset(second: int) -> int:
        return int(datetime.fromtimestamp(second, info).utcoffset().total_seconds())  # type: ignore[union-attr]

    edges, values = [first], [offset(first)]
    for day in range(first, last, DAY):
        if offset(day + DAY) == values[-1]:
            continue
        low, high = day, day + DAY
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if offset(middle) == values[-1] else (low, middle)
        edges.append(high)
        values.append(offset(high))
    return np.array(edges, np.int64), np.array(values, np.int64)


def local_fields(tz: str, es: np.ndarray) -> dict[str, np.ndarray]:
    """Local ``month`` (yyyymm), ``day`` (yyyymmdd), ``hour`` and ``weekday`` (Monday 0) of epoch seconds."""
    local = np.asarray(es, np.int64) + utc_offsets(tz, np.asarray(es, np.int64))
    days = local // DAY
    months = days.astype("datetime64[D]").astype("datetime64[M]")
    number = months.astype(np.int64)
    month = (1970 + number // 12) * 100 + number % 12 + 1
    of_month = (days.astype("datetime64[D]") - months.astype("datetime64[D]")).astype(np.int64) + 1
    return {
        "month": month.astype(np.int32),
        "day": (month * 100 + of_month).astype(np.int32),
        "hour": (local % DAY // HOUR).astype(np.int8),
        "weekday": ((days + 3) % 7).astype(np.int8),
    }


@lru_cache(maxsize=64)
def calendar_frame(tz: str, start_es: int, end_es: int, step: int = HOUR) -> pa.Table:
    """Calendar of a place as an Arrow table, one row a slot.

    Columns: ``es`` int64 (epoch seconds of the slot's start, multiple of the step), ``month`` int32
    yyyymm, ``day`` int32 yyyymmdd, ``hour`` int8, ``weekday`` int8 (Monday 0). Slots cover
    [start_es, end_es). The step falls to 900 s where the zone's offset is not a whole hour.
    """
    import pyarrow as pa

    edges = np.array([start_es, max(end_es - 1, start_es)], np.int64)
    if step > 900 and (utc_offsets(tz, edges) % HOUR).any():
        step = 900
    es = np.arange(start_es // step * step, end_es, step, dtype=np.int64)
    return pa.table({"es": es, **local_fields(tz, es)})
