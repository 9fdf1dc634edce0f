"""What needs the whole file: lengths of intervals, clock changes, duplicates; then the table of readings."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pyarrow as pa

from tanlin.kernel.period import DAY
from tanlin.meter import clock
from tanlin.meter.bad import Errors
from tanlin.meter.cells import SECOND, TO_MONTH
from tanlin.meter.gather import Entries, Gathered
from tanlin.meter.mapping import Mapping
from tanlin.meter.problems import refusal
from tanlin.meter.registry_view import Known
from tanlin.meter.remarks import Remark, hidden, off_grid
from tanlin.meter.sheets import Sheet

_NO_END = np.iinfo(np.int64).min


class Unknown(NamedTuple):
    """A meter of the file that the registry lacks, with what the file says of it."""

    number: str
    carrier: str
    channel: str
    rows: int
    first_row: int
    name: str
    multiplier: float | None


class _Placed(NamedTuple):
    """UTC start and end of every entry, and whether they stand."""

    start: np.ndarray
    end: np.ndarray
    fine: np.ndarray


def finish(
    sheet: Sheet,
    mapping: Mapping,
    gathered: Gathered,
    known: pa.Table | None,
    errors: Errors,
) -> tuple[pa.Table, list[Unknown], list[Remark]]:
    """The readings (schema of ``Parsed``), the unknown numbers and the doubts.

    Raises BadInput where the length of the readings cannot be told.
    """
    gathered.entries = _zoned(mapping, gathered, errors)
    gathered.entries = _near(mapping, gathered, errors)
    e, view = gathered.entries, Known(known)
    group = e.number.astype(np.int64) * max(1, len(gathered.series)) + e.series
    placed = _placed_by_zone(sheet, mapping, gathered, view, group, errors)
    start, end, fine = placed
    if not fine.all():
        at = np.flatnonzero(fine)
        e = Entries(*(c[at] for c in e))
        start, end, group = start[at], end[at], group[at]
    if mapping.subject == "waste_stream" and mapping.kind == "interval":
        e, start, end, group = _weighings(gathered, e, start, end, group, mapping, errors)
    keep = _distinct(gathered, e, group, start, end - start, errors)
    gathered.stats["same"] = gathered.stats.get("same", 0) + len(keep.same)
    table = _table(sheet, mapping, gathered, e, start, end, keep.good)
    doubts = hidden(sheet)
    if mapping.kind == "interval":
        doubts += off_grid(sheet, _time_column(mapping), table)
    return table, _unknown(gathered, e, keep.good, view), doubts


def _placed_by_zone(
    sheet: Sheet, mapping: Mapping, gathered: Gathered, view: Known, group: np.ndarray, errors: Errors
) -> _Placed:
    """Every entry placed by the clock of its own meter."""
    e = gathered.entries
    zones = [view.tz(n) or mapping.tz for n in gathered.numbers]
    step = _steps(sheet, mapping, gathered, e, group)
    if len(set(zones)) == 1:
        return _place(mapping, gathered, e, group, step, zones[0], errors)
    size = len(e.row)
    placed = _Placed(np.zeros(size, np.int64), np.zeros(size, np.int64), np.ones(size, bool))
    for tz in sorted(set(zones)):
        at = np.flatnonzero(np.array([z == tz for z in zones])[e.number])
        part = Entries(*(c[at] for c in e))
        found = _place(mapping, gathered, part, group[at], step[at], tz, errors)
        placed.start[at], placed.end[at], placed.fine[at] = found
    return placed


def _zoned(mapping: Mapping, gathered: Gathered, errors: Errors) -> Entries:
    """The entries without those that leave their zone open where others of the column state it."""
    e = gathered.entries
    if not e.absolute.any() or e.absolute.all():
        return e
    _complain(errors, "meter.zone_missing", mapping, gathered, e, ~e.absolute, e.start)
    return Entries(*(c[e.absolute] for c in e))


def _near(mapping: Mapping, gathered: Gathered, errors: Errors) -> Entries:
    """The entries without those at times that the log cannot take, such as the 9999-12-31 of an open end."""
    e = gathered.entries
    far = (e.start < DAY) | (
        np.maximum(e.start, e.end) >= clock.LAST - DAY
    )  # a day, as these are local times
    if not far.any():
        return e
    _complain(errors, "meter.far_time", mapping, gathered, e, far, np.maximum(e.start, e.end))
    return Entries(*(c[~far] for c in e))


# Lengths and places ---------------------------------------------------------------------------------


def _steps(sheet: Sheet, mapping: Mapping, gathered: Gathered, e: Entries, group: np.ndarray) -> np.ndarray:
    """Seconds of each interval; -1 a calendar day, -2 a calendar month, 0 where ends or nothing are given."""
    size = len(e.row)
    given = gathered.step
    if mapping.kind == "register" or (size and (e.end != _NO_END).all()):
        return np.zeros(size, np.int64)
    if (e.precision == TO_MONTH).all() and given is None:
        given = "month"
    if given is not None:
        code = {"day": -1, "month": -2}.get(str(given))
        return np.full(size, int(given) if code is None else code, np.int64)
    code_of = np.unique(group, return_inverse=True)[1]
    step = clock.steps(code_of, e.start)
    if size and not step.all():
        raise refusal("meter.unclear_step", sheet.where())
    midnight = e.start % DAY == 0
    step = np.where(midnight & (step == DAY), -1, step)
    months = midnight & (step >= 28 * DAY) & (step <= 31 * DAY)
    step = np.where(months, -2, step)
    if (step > 31 * DAY).any():
        raise refusal("meter.unclear_step", sheet.where())
    return np.where(e.precision == TO_MONTH, -2, step)


def _place(
    mapping: Mapping,
    gathered: Gathered,
    e: Entries,
    group: np.ndarray,
    step: np.ndarray,
    tz: str,
    errors: Errors,
) -> _Placed:
    fine = np.ones(len(e.row), bool)
    if mapping.kind == "register":
        at = np.where(e.end != _NO_END, e.end, e.start)
        before = np.array([c == mapping.columns.get("previous") for c in gathered.columns])
        if len(before) > 1:  # the sheet has both readings: a month's present one stands at its end
            late = (e.precision == TO_MONTH) & (e.end == _NO_END) & ~before[e.column]
            at = np.where(late, clock.month_ends(at // DAY)[1] * DAY, at)
        start = _utc(mapping, gathered, e, at, group, tz, errors, fine)
        return _Placed(start, start, fine)
    if (e.end != _NO_END).any():
        return _bills(mapping, gathered, e, group, tz, errors, fine)
    day, month = step == -1, step == -2
    local = e.start
    late = (mapping.stamp == "end") & (e.precision == SECOND) & day
    days = local // DAY - late
    first, after = clock.month_ends(days)
    by_day = day | month
    if by_day.all():
        start = clock.midnights(np.where(month, first, days), tz)
        return _Placed(start, clock.midnights(np.where(month, after, days + 1), tz), fine)
    shift = np.where(by_day | (mapping.stamp != "end") | (mapping.layout == "wide_time"), 0, step)
    start = _utc(mapping, gathered, e, local, group, tz, errors, fine) - shift
    end = start + step
    if by_day.any():
        start = np.where(by_day, clock.midnights(np.where(month, first, days), tz), start)
        end = np.where(by_day, clock.midnights(np.where(month, after, days + 1), tz), end)
    return _Placed(start, end, fine)


def _bills(
    mapping: Mapping,
    gathered: Gathered,
    e: Entries,
    group: np.ndarray,
    tz: str,
    errors: Errors,
    fine: np.ndarray,
) -> _Placed:
    """From–to periods; an inclusive end counts its whole day."""
    whole = (e.end % DAY == 0) & (mapping.end == "inclusive")
    last = np.where(whole, e.end + DAY, e.end)
    start = _utc(mapping, gathered, e, e.start, group, tz, errors, fine)
    end = _utc(mapping, gathered, e, last, group, tz, errors, fine)
    wrong = fine & (end <= start)
    _complain(errors, "meter.bad_period", mapping, gathered, e, wrong, last)
    long = fine & (end - start > clock.LONGEST)
    _complain(errors, "meter.long_period", mapping, gathered, e, long, last)
    fine &= ~wrong & ~long
    return _Placed(start, end, fine)


def _utc(
    mapping: Mapping,
    gathered: Gathered,
    e: Entries,
    local: np.ndarray,
    group: np.ndarray,
    tz: str,
    errors: Errors,
    fine: np.ndarray,
) -> np.ndarray:
    """UTC of local times; clears ``fine`` and reports where a time does not exist or cannot be told apart."""
    early, late, verdict = clock.to_utc(local, tz)
    day_start = (local % DAY == 0) & (verdict == clock.MISSING)
    if day_start.any():  # a day begins when clocks jump over midnight
        early[day_start] = clock.midnights(local[day_start] // DAY, tz)
        verdict[day_start] = clock.FINE
    utc = np.where(e.absolute, local, early)
    missing = (verdict == clock.MISSING) & ~e.absolute & fine
    _complain(errors, "meter.nonexistent_time", mapping, gathered, e, missing, local)
    fine &= ~missing
    twice = np.flatnonzero((verdict == clock.TWICE) & ~e.absolute)
    if twice.size:
        second, unclear = clock.folds(twice, group, local)
        utc[second] = late[second]
        mask = np.zeros(len(local), bool)
        mask[unclear] = True
        _complain(errors, "meter.ambiguous_time", mapping, gathered, e, mask, local)
        fine &= ~mask
    return utc


def _complain(
    errors: Errors,
    code: str,
    mapping: Mapping,
    gathered: Gathered,
    e: Entries,
    mask: np.ndarray,
    local: np.ndarray,
) -> None:
    at = np.flatnonzero(mask)
    if not at.size:
        return
    name = _time_column(mapping)
    if mapping.layout == "wide_time":
        for column in np.unique(e.column[at]).tolist():
            some = at[e.column[at] == column]
            errors.add(code, e.row[some], gathered.columns[column], _written(local[some]))
        return
    at = at[np.unique(e.row[at], return_index=True)[1]]
    errors.add(code, e.row[at], name, _written(local[at]))


def _time_column(mapping: Mapping) -> str:
    roles = ("time", "period", "to", "from", "month")
    return next((mapping.columns[r] for r in roles if r in mapping.columns), "")


def _written(local: np.ndarray) -> list[str]:
    return [str(s).replace("T", " ") for s in local.astype("datetime64[s]")]


# Duplicates and sums --------------------------------------------------------------------------------


class _Kept(NamedTuple):
    """Positions of the readings that stand, and of equal repetitions left out."""

    good: np.ndarray
    same: np.ndarray


def _order(group: np.ndarray, start: np.ndarray, seconds: np.ndarray) -> np.ndarray:
    """Positions by meter, start and length; cheap where they are in order already."""
    step = np.diff(group)
    if ((step > 0) | ((step == 0) & (np.diff(start) > 0))).all():
        return np.arange(len(group))
    return np.lexsort((seconds, start, group))


def _distinct(
    gathered: Gathered,
    e: Entries,
    group: np.ndarray,
    start: np.ndarray,
    seconds: np.ndarray,
    errors: Errors,
) -> _Kept:
    """One reading per meter, start and length: equal ones once, unequal ones are all bad."""
    order = _order(group, start, seconds)
    g, s, n, v = group[order], start[order], seconds[order], e.value[order]
    again = np.zeros(len(order), bool)
    again[1:] = (g[1:] == g[:-1]) & (s[1:] == s[:-1]) & (n[1:] == n[:-1])
    if not again.any():
        return _Kept(np.arange(len(order)), order[:0])
    run = np.cumsum(~again) - 1
    first = np.flatnonzero(~again)
    clash = np.zeros(len(first), bool)
    clash[run[again & (v != v[first[run]])]] = True
    bad = clash[run]
    rows = e.row[order]
    other = np.where(again, rows[first[run]], rows[np.minimum(first[run] + 1, len(rows) - 1)])
    for column in np.unique(e.column[order[bad]]).tolist():
        mine = bad & (e.column[order] == column)
        text = [f"{x:.12g}" for x in v[mine]]
        errors.add("meter.duplicate", rows[mine], gathered.columns[column], text, other[mine])
    same = order[again & ~bad]
    stand = np.ones(len(order), bool)
    stand[order[again | bad]] = False
    return _Kept(np.flatnonzero(stand), same)


def _weighings(
    gathered: Gathered,
    e: Entries,
    start: np.ndarray,
    end: np.ndarray,
    group: np.ndarray,
    mapping: Mapping,
    errors: Errors,
) -> tuple[Entries, np.ndarray, np.ndarray, np.ndarray]:
    """Several weighings of a stream within a day are summed into the day, after duplicates are out."""
    timed = (e.precision == SECOND) & (e.start % DAY != 0)
    if not timed.any():
        return e, start, end, group
    keep = _distinct(gathered, e, group, e.start, np.zeros(len(group), np.int64), errors)
    gathered.stats["same"] = len(keep.same)
    e, group = Entries(*(c[keep.good] for c in e)), group[keep.good]
    days = e.start // DAY
    order = np.lexsort((e.row, days, group))
    g, d = group[order], days[order]
    fresh = np.flatnonzero(np.r_[True, (g[1:] != g[:-1]) | (d[1:] != d[:-1])]) if len(g) else order
    at = order[fresh]
    total = np.add.reduceat(e.value[order], fresh) if len(g) else e.value
    gathered.stats["merged"] = len(order) - len(at)
    summed = Entries(*(c[at] for c in e))._replace(value=total)
    first = clock.midnights(days[at], mapping.tz)
    return summed, first, clock.midnights(days[at] + 1, mapping.tz), group[at]


# Tables ---------------------------------------------------------------------------------------------


def _named(names: list[str], codes: np.ndarray) -> pa.Array:
    return pa.DictionaryArray.from_arrays(pa.array(codes), pa.array(names, pa.string())).dictionary_decode()


def _table(
    sheet: Sheet,
    mapping: Mapping,
    gathered: Gathered,
    e: Entries,
    start: np.ndarray,
    end: np.ndarray,
    good: np.ndarray,
) -> pa.Table:
    size = len(good)
    whole = size == len(e.row)
    number, series, value, row = (c if whole else c[good] for c in (e.number, e.series, e.value, e.row))
    first = start if whole else start[good]
    seconds = (end - start if whole else (end - start)[good]).astype(np.int32)
    return pa.table(
        {
            "number": _named(gathered.numbers, number),
            "carrier": _named([s[0] for s in gathered.series], series),
            "channel": _named([s[1] for s in gathered.series], series),
            "start": first,
            "seconds": seconds,
            "value": value,
            "quality": _named(["measured"], np.zeros(size, np.int8))
            if sheet.quality is None
            else sheet.quality.take(pa.array(row - 2)),  # row 1 holds the names
            "sheet": _named([sheet.name], np.zeros(size, np.int8)),
            "row": row,
        }
    )


def _unknown(gathered: Gathered, e: Entries, good: np.ndarray, known: Known) -> list[Unknown]:
    width = max(1, len(gathered.series))
    pair = e.number[good].astype(np.int64) * width + e.series[good]
    kinds, first, count = np.unique(pair, return_index=True, return_counts=True)
    result = []
    for kind, at, rows in zip(kinds.tolist(), first.tolist(), count.tolist(), strict=True):
        number = gathered.numbers[kind // width]
        carrier, channel = gathered.series[kind % width]
        if not known.has(number, carrier, channel):
            label, multiplier = gathered.hints.get(number, ("", None))
            row = int(e.row[good[at]])
            result.append(Unknown(number, carrier, channel, rows, row, label, multiplier))
    return result
