"""The picture of a meter: a calendar of days, or bars by billing period where readings are longer than a day."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import Any

from tanlin.kernel.errors import Text
from tanlin.kernel.period import DAY, zone
from tanlin.kernel.units import CANONICAL
from tanlin.meter import queries
from tanlin.meter.models import Meter, MeterRow
from tanlin.meter.queries import Period

#: Billing periods drawn, the newest ones.
BARS = 36
DAILY = Text("每日用量", "Daily values")
#: Title, and what a stretch is called in the summary, for bills and for all other readings.
BILLED = Text("各计费期用量", "Quantity by billing period"), Text("计费期", "billing periods")
READ = Text("各抄表期用量", "Quantity by reading period"), Text("抄表期", "reading periods")


def picture(meter: Meter, rows: list[MeterRow]) -> dict[str, Any]:
    """``title``, ``spec``, ``table`` and ``summary`` of the chart; ``spec`` None where there is nothing to draw.

    Daily values where they cover more time than the longer intervals do.
    """
    days, periods = queries.daily(meter, rows), queries.periods(meter, rows)
    daily = sum(share for _day, _channel, _value, share in days) * DAY
    if periods and daily < sum(one.end - one.start for one in periods):
        return _periods(meter, rows, periods)
    return _calendar(meter, days) if days else {"spec": None}


def _calendar(meter: Meter, found: list[tuple[date, str, float, float]]) -> dict[str, Any]:
    """The channel that has most days."""
    unit = CANONICAL[meter.carrier]
    channel = Counter(item[1] for item in found).most_common(1)[0][0]
    days = [(day, value, share) for day, of, value, share in found if of == channel]
    spec = {
        "kind": "calendar",
        "unit": unit,
        "days": [[day.isoformat(), value] for day, value, _share in days],
        "coverage": {day.isoformat(): min(1.0, share) for day, _value, share in days},
    }
    columns = [Text("日期", "day"), Text(f"用量（{unit}）", f"quantity ({unit})"), Text("完整率", "coverage")]
    table = {"columns": columns, "rows": [[d.isoformat(), v, min(1.0, s)] for d, v, s in days]}
    total = sum(value for _day, value, _share in days)
    summary = Text(
        f"{days[0][0]} 至 {days[-1][0]} 共 {len(days)} 天有读数，合计 {total:,.0f} {unit}。",
        f"{len(days)} days with readings from {days[0][0]} to {days[-1][0]}, {total:,.0f} {unit} in all.",
    )
    return {"title": DAILY, "spec": spec, "table": table, "summary": summary}


def _periods(meter: Meter, rows: list[MeterRow], found: list[Period]) -> dict[str, Any]:
    """The channel that has most periods; time between two of them is a gap."""
    unit, tz = CANONICAL[meter.carrier], rows[-1].place.tz
    channel = Counter(one.channel for one in found).most_common(1)[0][0]
    shown = [one for one in found if one.channel == channel][-BARS:]
    bars: list[tuple[str, Period | None]] = []
    end = shown[0].start
    for one in shown:
        if one.start > end:
            bars += [(label, None) for label in _missing(end, one.start, tz)]
        bars.append((_label(one.start, one.end, tz), one))
        end = one.end
    estimated = [one.estimated for one in shown]
    spec = {
        "kind": "months",
        "unit": unit,
        "axis": unit,
        "months": [label for label, _one in bars],
        "gaps": [label for label, one in bars if one is None],
        "provisional": [False] * len(bars),
        "series": [
            {
                "name": meter.get_carrier_display(),
                "thing": meter.carrier,
                "values": [one and one.value for _label, one in bars],
                "estimated": [float(one.estimated) if one else 0.0 for _label, one in bars],
                "coverage": [],
                "factor": [],
            }
        ],
        "last": None,
        "marks": [
            mark
            for mark, there in (("estimated", any(estimated)), ("unknown", len(bars) > len(shown)))
            if there
        ],
    }
    columns = [
        Text("开始", "from"),
        Text("结束（含）", "to (included)"),
        Text(f"用量（{unit}）", f"quantity ({unit})"),
        Text("性质", "quality"),
    ]
    words = {True: Text("估算", "estimated"), False: Text("实测", "measured")}
    table = {
        "columns": columns,
        "rows": [[_day(p.start, tz), _day(p.end - 1, tz), p.value, words[p.estimated]] for p in shown],
    }
    title, word = BILLED if rows[-1].kind == "bill" else READ
    first, last = _day(shown[0].start, tz), _day(shown[-1].end - 1, tz)
    total = sum(one.value for one in shown)
    gaps = len(bars) - len(shown)
    summary = Text(
        f"{first} 至 {last} 共 {len(shown)} 个{word.zh}，合计 {total:,.0f} {unit}"
        + (f"；其间 {gaps} 处没有数据，未计入。" if gaps else "。"),
        f"{len(shown)} {word.en} from {first} to {last}, {total:,.0f} {unit} in all"
        + (f"; periods without data, not included: {gaps}." if gaps else "."),
    )
    return {"title": title, "spec": spec, "table": table, "summary": summary}


def _local(second: int, tz: str) -> datetime:
    return datetime.fromtimestamp(second, UTC).astimezone(zone(tz))


def _day(second: int, tz: str) -> str:
    return _local(second, tz).date().isoformat()


def _label(start: int, end: int, tz: str) -> str:
    """``2025-06`` for a calendar month, else its first day."""
    first, last = _local(start, tz), _local(end - 1, tz)
    month = first.day == 1 and (last + timedelta(days=1)).day == 1 and first.month == last.month
    return first.strftime("%Y-%m") if month else first.date().isoformat()


def _missing(start: int, end: int, tz: str) -> list[str]:
    """Labels of a stretch without readings: each month of it where it is whole months, else one."""
    first, after = _local(start, tz).date(), _local(end, tz).date()
    if first.day != 1 or after.day != 1:
        return [first.isoformat()]
    count = (after.year - first.year) * 12 + after.month - first.month
    months = [divmod(first.year * 12 + first.month - 1 + k, 12) for k in range(count)]
    return [f"{year}-{month + 1:02d}" for year, month in months]
