"""All checks over effective readings, vectorised over meters; a call sees whole meters."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from functools import partial

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tanlin.kernel.period import DAY, utc_offsets
from tanlin.meter.vee import clocks, series, sums
from tanlin.meter.vee.dense import Columns, Dense, columns, dense, encode, steps
from tanlin.meter.vee.overlaps import duplicates
from tanlin.meter.vee.rules import RuleBook, Subjects
from tanlin.meter.vee.series import Row
from tanlin.meter.vee.table import EXCEPTIONS, ORDER, made

#: Columns of ``meters``: until is the epoch second up to which readings are due.
METERS = pa.schema(
    [
        ("meter_id", pa.int64()),
        ("carrier", pa.string()),
        ("path", pa.string()),
        ("tz", pa.string()),
        ("until", pa.int64()),
    ]
)


def find(
    current: pa.Table,
    rules: RuleBook,
    meters: pa.Table,
    log: pa.Table | None = None,
    problems: pa.Table | None = None,
) -> pa.Table:
    """Exceptions of each series by itself (schema EXCEPTIONS).

    Args:
        current: effective rows of whole meters in key order (schema CURRENT, month not needed). A few weeks
            before and after the days of interest are enough.
        meters: schema METERS, one row a meter; readings of others are left out.
        log: live log rows, for contradicting duplicates. problems: schema readings PROBLEMS, for steps back.
    """
    found = [EXCEPTIONS.empty_table()]
    for tz in meters["tz"].unique().to_pylist():
        local = meters.filter(pc.equal(meters["tz"], tz))
        part = current.filter(pc.is_in(current["meter_id"], local["meter_id"].combine_chunks()))
        if part.num_rows:
            found.append(made(_series(columns(part), rules, local, tz)))
    if log is not None:
        found.append(made(duplicates(log, _tolerance(log, rules, meters))))
    if problems is not None:
        found.append(made(_steps_back(problems)))
    return pa.concat_tables(found).sort_by(ORDER)


def _series(rows: Columns, rules: RuleBook, meters: pa.Table, tz: str) -> Iterator[Row]:
    subjects, until = _subjects(rows.meter_id, meters)
    step = steps(rows)
    grids = list(dense(rows, step, tz))
    first, end = int(rows.start.min()), int(max((rows.start + rows.seconds).max(), until.max())) + 1

    for low, high, day in rules.stretches(first, end, tz):
        value = partial(_value, rules, subjects, day)
        yield from (row for row in _checks(rows, step, grids, until, value) if low <= row[3] < high)


def _value(rules: RuleBook, subjects: Subjects, day: date, kind: str, parameter: str) -> np.ndarray:
    return rules.values(kind, parameter, subjects, day)


def _checks(
    rows: Columns,
    step: np.ndarray,
    grids: list[Dense],
    until: np.ndarray,
    value: Callable[[str, str], np.ndarray],
) -> Iterator[Row]:
    yield from series.negative(rows, value("negative", "floor"))
    yield from series.above_range(rows, value("range", "rated"))
    yield from series.gaps(rows, step, value("gap", "hours"), value("gap", "late"), until)
    for grid in grids:
        yield from series.stuck(grid, rows, value("stuck", "hours"))
        deviations, share, tail, hours = (value("spike", n) for n in ("deviations", "share", "tail", "hours"))
        yield from series.spikes(grid, rows, deviations, share, tail, hours, value("range", "rated"))
        yield from clocks.shifts(grid, rows, value("clock", "gain"), value("clock", "fit"))


def _subjects(meter_id: np.ndarray, meters: pa.Table) -> tuple[Subjects, np.ndarray]:
    """What rules are asked by, and until when readings are due, for each of these ids (n)."""
    known = meters["meter_id"].to_numpy()
    order = np.argsort(known)
    at = order[np.searchsorted(known[order], meter_id)]
    text = {name: np.array(meters[name].to_pylist(), object)[at] for name in ("carrier", "path")}
    return Subjects(meter_id, text["carrier"], text["path"]), meters["until"].to_numpy()[at]


def _tolerance(log: pa.Table, rules: RuleBook, meters: pa.Table) -> dict[tuple[int, str], float]:
    """Relative tolerance of each (meter, channel) of the log, by today's rule of its last reading's day."""
    ids = (
        log["meter_id"]
        .unique()
        .filter(pc.is_in(log["meter_id"].unique(), meters["meter_id"].combine_chunks()))
    )
    number = ids.to_numpy(zero_copy_only=False)
    if not len(number):
        return {}
    subjects, _ = _subjects(number, meters)
    last = int(pc.max(log["start"]).as_py())
    *_, day = rules.stretches(last, last + 1, meters["tz"][0].as_py())[-1]
    share = rules.values("duplicate", "share", subjects, day)
    _, names = encode(log["channel"])
    return {
        (m, c): v
        for m, v in zip(number.tolist(), share.tolist(), strict=True)
        for c in names.texts.to_pylist()
    }


def _steps_back(problems: pa.Table) -> Iterator[Row]:
    for item in problems.to_pylist():
        if item["code"] == "register_step_back":
            size, detail = item["before"] - item["after"], {"values": [item["before"], item["after"]]}
            yield (
                item["meter_id"], item["channel"], "step_back", item["start"], item["end"], size, None, detail,
            )  # fmt: skip


def find_sums(days: pa.Table, links: Mapping[int, list[int]], rules: RuleBook, meters: pa.Table) -> pa.Table:
    """Days on which a main meter and its sub-meters disagree (schema EXCEPTIONS; sizes after the multiplier).

    Args:
        days: meter_id, channel, day (yyyymmdd, local), value after the multiplier, seconds. A day counts where
            readings cover it whole.
        links: main meter → sub-meters behind it. meters: schema METERS, of all of them.
    """
    if not days.num_rows or not links:
        return EXCEPTIONS.empty_table()
    found: list[Row] = []
    info = {item["meter_id"]: item for item in meters.to_pylist()}
    by_meter = _by_meter(days)
    for parent, children in sorted(links.items()):
        about = info.get(parent)
        for channel in sorted({channel for meter, channel in by_meter if meter == parent}):
            if about is None or any((child, channel) not in by_meter for child in children):
                continue
            family = _family(parent, children, channel, by_meter, about["tz"])
            for low, high, day in rules.stretches(
                int(family.starts[0]), int(family.starts[-1]) + 1, about["tz"]
            ):
                share, deviations = (
                    rules.value("sum", name, about["carrier"], parent, about["path"], day)
                    for name in ("share", "deviations")
                )
                found += [row for row in sums.imbalance(family, share, deviations) if low <= row[3] < high]
    return made(found).sort_by(ORDER)


def _by_meter(days: pa.Table) -> dict[tuple[int, str], tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """(meter, channel) → day as datetime64[D], value, seconds."""
    rows = days.sort_by([("meter_id", "ascending"), ("channel", "ascending"), ("day", "ascending")])
    code, names = encode(rows["channel"])
    meter, number = rows["meter_id"].to_numpy(), rows["day"].to_numpy()
    month = (number // 10000 - 1970).astype("datetime64[Y]").astype("datetime64[M]") + (
        number // 100 % 100 - 1
    )
    day = month.astype("datetime64[D]") + (number % 100 - 1)
    edges = np.flatnonzero((np.diff(meter, prepend=-1) != 0) | (np.diff(code, prepend=-1) != 0))
    stops = np.append(edges[1:], len(meter))
    value, seconds = rows["value"].to_numpy(), rows["seconds"].to_numpy()
    channels = names.take(code[edges]).to_pylist()
    return {
        (int(meter[a]), channel): (day[a:b], value[a:b], seconds[a:b])
        for a, b, channel in zip(edges.tolist(), stops.tolist(), channels, strict=True)
    }


def _family(
    parent: int,
    children: list[int],
    channel: str,
    by_meter: Mapping[tuple[int, str], tuple[np.ndarray, np.ndarray, np.ndarray]],
    tz: str,
) -> sums.Family:
    first, last = by_meter[parent, channel][0][[0, -1]]
    count = int((last - first).astype(int)) + 1
    local = (np.datetime64(first, "s").astype(np.int64) + DAY * np.arange(count + 1)).astype(np.int64)
    starts = local - utc_offsets(tz, local - utc_offsets(tz, local))
    length = np.diff(starts)

    def series_of(meter: int) -> np.ndarray:
        day, value, seconds = by_meter[meter, channel]
        at = (day - first).astype(int)
        inside = (at >= 0) & (at < count)
        out = np.full(count, np.nan)
        at, value, seconds = at[inside], value[inside], seconds[inside]
        whole = seconds >= length[at]
        out[at[whole]] = value[whole]
        return out

    return sums.Family(
        parent,
        channel,
        series_of(parent),
        np.stack([series_of(child) for child in children]),
        list(children),
        starts,
    )
