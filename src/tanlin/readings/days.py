"""Local meter-days: what each meter used on each local calendar day."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from tanlin.kernel import calendar_frame
from tanlin.kernel.errors import BadInput, Text, Where
from tanlin.readings.labels import encode
from tanlin.readings.schema import DAYS, ZONES, conform

#: A longer interval (a bill) says nothing about a day. 25 h is the longest local day.
LONGEST = 25 * 3600
_DAY = 86400
_QUARTER = 900


def daily(rows: pa.Table, zones: pa.Table) -> pa.Table:
    """Sums by meter, channel and local day, in schema DAYS and key order.

    An interval over midnight is split by seconds, and its parts count as estimated, like intervals whose
    quality is estimated.

    Args:
        rows: effective rows (schema CURRENT), in key order; those longer than 25 h are left out.
        zones: meter_id, tz. Raises BadInput where a meter has none.
    """
    short = np.flatnonzero(rows["seconds"].to_numpy() <= LONGEST)
    if len(short) == 0:
        return DAYS.empty_table()
    if len(short) < rows.num_rows:
        rows = rows.take(pa.array(short))
    start, seconds = rows["start"].to_numpy(), rows["seconds"].to_numpy()
    meter = rows["meter_id"].to_numpy()
    row, day, part = _parts(start, start + seconds, *_zone_of(meter, zones))
    channel, channels = encode(rows["channel"])
    pair = np.cumsum((np.diff(meter, prepend=meter[0]) != 0) | (np.diff(channel, prepend=channel[0]) != 0))
    split = part < seconds[row]
    value = rows["value"].to_numpy()[row]
    value = np.where(split, value * (part / seconds[row]), value)
    guessed = split | _is_estimated(rows["quality"])[row]
    keys, group = np.unique(pair[row] * 10**8 + day, return_inverse=True)
    n = len(keys)
    owner = np.empty(n, np.int64)
    owner[group] = row
    day = (keys % 10**8).astype(np.int32)
    month = day // 100
    return pa.table(
        [
            pa.array(meter[owner]),
            channels.take(channel[owner]),
            pa.array(day),
            pa.array(np.bincount(group, value, n) + 0.0),
            pa.array(np.bincount(group, part, n).astype(np.int32)),
            pa.array(np.bincount(group, np.where(guessed, value, 0.0), n) + 0.0),
            pa.array(month),
            month_label(month),
        ],
        schema=DAYS,
    )


def touched_days(intervals: pa.Table, zones: pa.Table) -> pa.Table:
    """The (meter_id, channel, day, local_month) that intervals (meter_id, channel, start, seconds) touch."""
    start = intervals["start"].to_numpy()
    meter = intervals["meter_id"].to_numpy()
    end = start + intervals["seconds"].to_numpy()
    row, day, _ = _parts(start, end, *_zone_of(meter, zones))
    table = pa.table(
        {
            "meter_id": meter[row],
            "channel": intervals["channel"].take(pa.array(row)),
            "day": day.astype(np.int32),
        }
    )
    table = (
        table.group_by(["meter_id", "channel", "day"])
        .aggregate([])
        .sort_by([("meter_id", "ascending"), ("channel", "ascending"), ("day", "ascending")])
    )
    return table.append_column("local_month", month_label(table["day"].to_numpy() // 100))


def month_label(month: np.ndarray) -> pa.Array:
    """yyyymm (n) as "YYYY-MM" (n)."""
    labels, codes = np.unique(month, return_inverse=True)
    return pa.array([f"{m // 100:04d}-{m % 100:02d}" for m in labels.tolist()], pa.string()).take(
        pa.array(codes)
    )


def day_starts(tz: str, first: int, last: int) -> tuple[np.ndarray, np.ndarray]:
    """Epoch seconds of the local midnights (n) that bound [first, last), and the day (n) each begins."""
    frame = calendar_frame(tz, first // _DAY * _DAY - 2 * _DAY, last // _DAY * _DAY + 3 * _DAY, _QUARTER)
    day = frame["day"].to_numpy()
    edges = np.flatnonzero(np.diff(day)) + 1
    return frame["es"].to_numpy()[edges], day[edges]


def _zone_of(meter: np.ndarray, zones: pa.Table) -> tuple[np.ndarray, list[str]]:
    """Code (n) of each row's zone and the names of the zones."""
    zones = conform(zones, ZONES)
    code, names = encode(zones["tz"]) if zones.num_rows else (np.zeros(0, np.int16), None)
    known = zones["meter_id"].to_numpy()
    order = np.argsort(known, kind="stable")
    place = np.searchsorted(known[order], meter)
    inside = np.minimum(place, max(len(known) - 1, 0))
    if len(meter) and (len(known) == 0 or (known[order][inside] != meter).any()):
        lacking = int(np.setdiff1d(meter, known)[0])
        raise BadInput(
            "readings.no_zone",
            Text(f"计量点 {lacking} 没有时区。", f"Meter {lacking} has no time zone."),
            remedy=Text("请给出该计量点所在地的时区。", "Give the time zone of the meter's place."),
            where=Where(column="tz", value=str(lacking)),
        )
    return code[order][inside], names.texts if names else []


def _parts(
    start: np.ndarray, end: np.ndarray, zone: np.ndarray, names: list[str]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Row, local day and seconds of each piece of the intervals cut at local midnights."""
    found: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
    for code in np.unique(zone).tolist():
        rows = np.flatnonzero(zone == code)
        edges, days = day_starts(names[code], int(start[rows].min()), int(end[rows].max()))
        first = np.searchsorted(edges, start[rows], side="right") - 1
        last = np.searchsorted(edges, end[rows] - 1, side="right") - 1
        while len(rows):
            low, high = np.maximum(start[rows], edges[first]), np.minimum(end[rows], edges[first + 1])
            found.append((rows, days[first].astype(np.int64), high - low))
            more = first < last
            rows, first, last = rows[more], first[more] + 1, last[more]
    if not found:
        empty = np.zeros(0, np.int64)
        return empty, empty, empty
    row, day, part = (np.concatenate(columns) for columns in zip(*found, strict=True))
    return row, day, part


def _is_estimated(quality: pa.ChunkedArray) -> np.ndarray:
    codes, labels = encode(quality)
    return np.array([text.startswith("estimated") for text in labels.texts])[codes]
