"""Times that sheets spread over two cells, or of which they put two into one."""

from __future__ import annotations

import re

import pyarrow as pa
import pyarrow.compute as pc

from tanlin.meter import cells

_DATE = r"\d{4}\s*[-/.年]\s*\d{1,2}\s*[-/.月]\s*\d{1,2}\s*日?(?:\s+\d{1,2}:\d\d(?::\d\d)?)?|\d{8}(?!\d)"
_PAIR = re.compile(rf"({_DATE})\s*(?:-+|~|～|—+|至|到|to)\s*({_DATE}|\d{{1,2}}\s*[./月]\s*\d{{1,2}}\s*日?)")
_RANGE = re.compile(r"\s*(?:-|~|～|至|到)\s*")


def pair(text: str) -> tuple[str, str] | None:
    """The two dates of ``2025-01-01至2025-01-31`` and its like; the second may leave its year out."""
    found = _PAIR.search(cells.plain(text))
    if not found:
        return None
    first, last = found[1], found[2]
    if not re.match(r"\d{4}", last):
        last = f"{first[:4]}-{last}".replace("月", "-").replace("日", "")
    return first, last


def joined(day: str, hour: str) -> str:
    """One moment out of a day cell and a time-of-day cell (``8``, ``8时``, ``08:00-09:00``, ``0.3333``)."""
    day, hour = cells.plain(day), cells.plain(hour)
    if not day or not hour:
        return ""
    start = _RANGE.split(hour)[0].removesuffix("h")
    if start.isdigit() and len(start) <= 2:
        start = f"{start}:00"
    elif re.fullmatch(r"0?\.\d+", start):
        minutes = round(float(start) * 1440)
        start = f"{minutes // 60}:{minutes % 60:02d}"
    # a date cell of a spreadsheet may carry a midnight of its own
    return f"{re.sub(r'[ T]+0?0:00(:00)?$', '', day)} {start}"


def join(days: pa.Array, hours: pa.Array) -> pa.Array:
    """``joined`` for columns."""
    both = pc.binary_join_element_wise(cells.texts(days), cells.texts(hours), "\x1f")
    made, index = cells.distinct(both, lambda t: joined(*t.split("\x1f")))
    return pa.array(made, pa.string()).take(pa.array(index))


def split(periods: pa.Array) -> tuple[pa.Array, pa.Array]:
    """Starts and ends of a column of periods; unreadable ones become their own start, with a blank end."""
    made, index = cells.distinct(cells.texts(periods), lambda t: pair(t) or (t, ""))
    take = pa.array(index)
    first = pa.array([m[0] for m in made], pa.string()).take(take)
    return first, pa.array([m[1] for m in made], pa.string()).take(take)
