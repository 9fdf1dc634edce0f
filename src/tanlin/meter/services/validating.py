"""Running the checks over what changed, and keeping what they find. Running again changes nothing."""

from __future__ import annotations

import json
import time
from bisect import bisect_right
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from django.db import transaction

from tanlin.kernel.period import DAY, HOUR
from tanlin.meter import queries
from tanlin.meter.models import Exceptional, LatestReading, MeterRow, QualityState
from tanlin.meter.queries import quality
from tanlin.meter.vee import EXCEPTIONS, RuleBook, find, find_sums
from tanlin.readings import Snapshot, derive
from tanlin.readings import queries as readings

#: Days before and after what changed that say what is usual there.
BEFORE, AFTER = 9 * 7 * DAY, 4 * 7 * DAY
METERS_AT_ONCE = 256
_ROWS_AT_ONCE = 100
#: An accepted exception comes back when it has grown by half.
GROWN = 1.5
State = Exceptional.State
Key = tuple[int, str, str, int]
Progress = Callable[[int, int], object]


@dataclass(frozen=True)
class Checked:
    """What one pass did: meter-days looked at, exceptions new, reopened and cleared."""

    meter_days: int
    opened: int
    reopened: int
    cleared: int


class Spans:
    """The changed time of each (meter, channel): sorted, merged [first, last] in epoch seconds."""

    def __init__(self, touched: pa.Table) -> None:
        """``touched``: see ``readings.queries.touched``."""
        self._of: dict[tuple[int, str], tuple[list[int], list[int]]] = {}
        columns = (touched[name].to_pylist() for name in ("meter_id", "channel", "day", "until"))
        for meter, channel, day, until in zip(*columns, strict=True):
            lows, highs = self._of.setdefault((meter, channel), ([], []))
            if highs and day <= highs[-1]:
                highs[-1] = max(highs[-1], until, day + DAY)
            else:
                lows.append(day)
                highs.append(max(until, day + DAY))

    def touch(self, meter: int, channel: str, start: int, end: int) -> bool:
        """Whether the meter changed within [start, end]."""
        lows, highs = self._of.get((meter, channel), ([], []))
        at = bisect_right(lows, end) - 1
        return at >= 0 and highs[at] >= start

    def any_touch(self, meters: Iterable[int], channel: str, start: int, end: int) -> bool:
        """Whether one of the meters did."""
        return any(self.touch(meter, channel, start, end) for meter in meters)


def validate(now: int | None = None, progress: Progress = lambda done, total: None) -> Checked:
    """Check the meter-days that batches changed since the last pass, and who is silent at ``now`` (epoch s)."""
    since = QualityState.objects.filter(pk=1).values_list("batch", flat=True).first() or 0
    snapshot = readings.snapshot()
    counts = np.zeros(3, np.int64)
    days = 0
    if snapshot.batch > since:
        touched = readings.touched(since)
        days, spans = touched.num_rows, Spans(touched)
        ids = np.unique(touched["meter_id"].to_numpy()).tolist()
        book = quality.book()
        parts = [ids[i : i + METERS_AT_ONCE] for i in range(0, len(ids), METERS_AT_ONCE)]
        for number, part in enumerate(parts):
            progress(number, len(parts))
            mine = touched.filter(pc.is_in(touched["meter_id"], pa.array(part)))
            found = [row for row in _series(snapshot, mine, book) if _touched(spans, row, [row["meter_id"]])]
            counts += _keep(found, part, spans, snapshot.batch)
        counts += _sums(snapshot, touched, spans, book)
        QualityState.objects.update_or_create(pk=1, defaults={"batch": snapshot.batch})
    counts += _silent(now or int(time.time()), snapshot.batch)
    return Checked(days, *counts.tolist())


def _touched(spans: Spans, row: dict[str, Any], meters: Iterable[int]) -> bool:
    return spans.any_touch(meters, row["channel"], row["start"], row["end"])


# --- each series by itself -------------------------------------------------------------------------------------------
def _series(snapshot: Snapshot, touched: pa.Table, book: RuleBook) -> list[dict[str, Any]]:
    """What the checks find around the changed days of these meters."""
    ids = pa.table({"meter_id": touched["meter_id"].unique()})
    low, high = pc.min(touched["day"]).as_py() - BEFORE, pc.max(touched["until"]).as_py() + AFTER
    inside = f"start >= {low} AND start < {high} AND {_months(low, high)}"
    meters = queries.quality.checks_frame(ids["meter_id"].to_pylist())
    current = snapshot.query(
        f"""SELECT c.meter_id, c.channel, c.start, c.seconds, c.value, c.quality FROM current c
        JOIN ids i ON c.meter_id = i.meter_id WHERE {inside.replace("start", "c.start").replace("month", "c.month")}
        ORDER BY c.meter_id, c.channel, c.start""",
        ids=ids,
    )
    log = _contradicting(snapshot, ids, inside)
    return find(current, book, meters, log, _register_problems(snapshot, ids)).to_pylist()


def _months(low: int, high: int) -> str:
    """A predicate that lets the engine skip partitions."""
    first, last = (str(np.datetime64(int(edge), "s").astype("datetime64[M]")) for edge in (max(low, 0), high))
    return f"month BETWEEN '{first}' AND '{last}'"


def _contradicting(snapshot: Snapshot, ids: pa.Table, inside: str) -> pa.Table:
    """Log rows of the meters that have two values for one time, or readings of several lengths."""
    names = "meter_id, channel, start, seconds, value, quality, batch"
    sql = f"""
        WITH mine AS (SELECT l.* FROM log l JOIN ids i ON l.meter_id = i.meter_id),
        rows_of AS (SELECT {names} FROM mine WHERE {inside}),
        twice AS (SELECT DISTINCT meter_id, channel FROM rows_of WHERE quality = 'measured'
            GROUP BY meter_id, channel, start, seconds HAVING MIN(value) <> MAX(value)),
        mixed AS (SELECT meter_id, channel FROM rows_of WHERE seconds > 0
            GROUP BY meter_id, channel HAVING MIN(seconds) <> MAX(seconds)),
        wanted AS (SELECT meter_id, channel FROM twice UNION SELECT meter_id, channel FROM mixed)
        SELECT {", ".join("r." + name for name in names.split(", "))} FROM rows_of r
        JOIN wanted w ON r.meter_id = w.meter_id AND r.channel = w.channel"""
    return snapshot.query(sql, ids=ids)


def _register_problems(snapshot: Snapshot, ids: pa.Table) -> pa.Table:
    """Steps of the registers of these meters that made no interval, over their whole history."""
    sql = "SELECT l.* FROM log l JOIN ids i ON l.meter_id = i.meter_id WHERE l.seconds = 0"
    registers = snapshot.query(sql, ids=ids)
    return derive(registers, queries.devices_frame(ids["meter_id"].to_pylist())).problems


# --- main meters against their sub-meters ------------------------------------------------------------------------------
class _Link(NamedTuple):
    """The main meter and multiplier of a channel from day to day, and (main meter, day) of the links that ended."""

    parent: int | None
    multiplier: float
    first: date
    last: date | None
    left: list[tuple[int, date]]


class _Families(NamedTuple):
    """Main meter → sub-meters of today, multipliers, and the day since which the family of a meter is as it is today.

    Days before it are not judged: another set of sub-meters, or another multiplier, had another usual rest.
    """

    links: dict[int, list[int]]
    factor: dict[tuple[int, str], float]
    since: dict[int, date]


def _sums(snapshot: Snapshot, touched: pa.Table, spans: Spans, book: RuleBook) -> np.ndarray:
    """Check the families of which a meter changed; counts of opened, reopened, cleared."""
    changed = set(touched["meter_id"].to_pylist())
    families = _families()
    links = {p: c for p, c in families.links.items() if changed & {p, *c}}
    counts = np.zeros(3, np.int64)
    if not links:
        return counts
    low = pc.min(touched["day"]).as_py() - BEFORE
    parents = sorted(links)
    for first in range(0, len(parents), METERS_AT_ONCE):
        part = {p: links[p] for p in parents[first : first + METERS_AT_ONCE]}
        members = sorted({m for p, children in part.items() for m in (p, *children)})
        days = _days(snapshot, members, low, families)
        meters = quality.checks_frame(members)
        found = [
            row
            for row in find_sums(days, part, book, meters).to_pylist()
            if _touched(spans, row, (p := _parent_of(row), *part[p]))
        ]
        counts += _keep(found, members, spans, snapshot.batch, families=part)
    return counts


def _families() -> _Families:
    links: dict[int, set[int]] = {}
    factor: dict[tuple[int, str], float] = {}
    begin: dict[int, date] = {}  # of the link or multiplier of a meter
    ended: dict[int, date] = {}  # when a main meter lost a sub-meter last
    for (meter, channel), link in _last_links().items():
        if link.last is None:
            factor[meter, channel] = link.multiplier
            begin[meter] = max(link.first, begin.get(meter, date.min))
            if link.parent is not None:
                links.setdefault(link.parent, set()).add(meter)
        for parent, day in link.left:
            ended[parent] = max(day, ended.get(parent, date.min))
    since: dict[int, date] = {}
    for parent, children in links.items():
        members = [parent, *children]
        first = max(ended.get(parent, date.min), *(begin.get(m, date.min) for m in members))
        since |= {m: max(first, since.get(m, date.min)) for m in members}
    return _Families({p: sorted(c) for p, c in links.items()}, factor, since)


def _last_links() -> dict[tuple[int, str], _Link]:
    """(meter, channel) → its last link, with the main meters that it stood behind before."""
    found: dict[tuple[int, str], _Link] = {}
    rows = MeterRow.objects.filter(superseded_at__isnull=True).order_by("valid_from")
    names = ("meter_id", "channel", "parent_id", "multiplier", "valid_from", "valid_to")
    for meter, channel, parent, multiplier, first, last in rows.values_list(*names):
        before, left = found.get((meter, channel)), []
        if before is not None:
            left = before.left
            if (before.parent, before.multiplier, before.last) == (parent, multiplier, first):
                first = before.first
            elif before.parent is not None:
                left = [*left, (before.parent, before.last or first)]
        found[meter, channel] = _Link(parent, multiplier, first, last, left)
    return {
        key: one
        if one.last is None or one.parent is None
        else one._replace(left=[*one.left, (one.parent, one.last)])
        for key, one in found.items()
    }


def _parent_of(row: dict[str, Any]) -> int:
    return int(json.loads(row["detail"])["parent"])


def _days(snapshot: Snapshot, members: list[int], low: int, families: _Families) -> pa.Table:
    """Daily quantities of the members after the multiplier, from epoch second ``low`` on."""
    day = int(str(np.datetime64(max(low, 0), "s").astype("datetime64[D]")).replace("-", ""))
    wanted = set(members)
    since = {m: max(day, int(families.since[m].strftime("%Y%m%d"))) for m in members}
    keys = [(m, c, f, since[m]) for (m, c), f in families.factor.items() if m in wanted]
    columns = list(zip(*keys, strict=True))
    kinds = (pa.int64(), pa.string(), pa.float64(), pa.int64())
    names = ("meter_id", "channel", "factor", "since")
    frame = pa.table({n: pa.array(c, k) for n, c, k in zip(names, columns, kinds, strict=True)})
    sql = f"""SELECT d.meter_id AS meter_id, d.channel AS channel, d.day AS day, d.value * m.factor AS value,
            d.seconds AS seconds
        FROM days d JOIN members m ON d.meter_id = m.meter_id AND d.channel = m.channel
        WHERE d.day >= {day} AND d.day >= m.since"""
    return snapshot.query(sql, members=frame)


# --- silence ---------------------------------------------------------------------------------------------------------
def _silent(now: int, batch: int) -> np.ndarray:
    """Meters whose newest reading is overdue: an open gap that grows. Demonstration places stand still."""
    rows = MeterRow.objects.filter(superseded_at__isnull=True, valid_to__isnull=True).exclude(
        place__origin="demonstration"
    )
    about = {
        (r[0], r[1]): r[2:]
        for r in rows.values_list("meter_id", "channel", "kind", "meter__carrier", "place__path")
    }
    latest = LatestReading.objects.values_list("meter_id", "channel", "start", "seconds", "value")
    overdue = [row for row in latest if (row[0], row[1]) in about and row[2] + row[3] < now - HOUR]
    if not overdue:
        return np.zeros(3, np.int64)
    told = {(m, c): end for m, c, end in _silences().values_list("meter_id", "channel", "end")}
    late = _allowed([(row[0], *about[row[0], row[1]][1:]) for row in overdue], now)
    found = []
    for (meter, channel, start, seconds, value), hours in zip(overdue, late.tolist(), strict=True):
        end = start + seconds
        usual = 32 * DAY if about[meter, channel][0] != "interval" else seconds
        if now - end < max(hours * HOUR, 1.5 * usual) or now - told.get((meter, channel), 0) < HOUR:
            continue
        size = max(value, 0.0) * (now - end) / seconds if seconds else 0.0
        detail = json.dumps({"open": True})
        found.append(
            dict(zip(EXCEPTIONS.names, (meter, channel, "gap", end, now, size, size, detail), strict=True))
        )
    return _write(found, batch)


def _silences() -> Any:
    """The waiting gaps that still grow."""
    return Exceptional.objects.filter(kind="gap", state__in=quality.OPEN, detail__open=True)


def _allowed(subjects: list[tuple[int, str, str]], now: int) -> np.ndarray:
    """Hours of silence that the rules allow each (meter id, carrier, path) (n)."""
    from datetime import UTC, datetime

    from tanlin.meter.vee.rules import Subjects

    ids, carriers, paths = (np.array(c, object) for c in zip(*subjects, strict=True))
    asked = Subjects(ids.astype(np.int64), carriers, paths)
    return quality.book().values("gap", "late", asked, datetime.fromtimestamp(now, UTC).date())


# --- keeping what was found ------------------------------------------------------------------------------------------
def _keep(
    found: list[dict[str, Any]],
    meters: list[int],
    spans: Spans,
    batch: int,
    families: dict[int, list[int]] | None = None,
) -> np.ndarray:
    """Store what was found and clear what is gone from the changed days of these meters."""
    keys = {_key(row) for row in found}
    kinds = {"sum"} if families is not None else None
    gone = []
    waiting = Exceptional.objects.filter(state__in=quality.OPEN)
    for low, high in pairwise([*range(0, len(meters), _ROWS_AT_ONCE), len(meters)]):
        for one in waiting.filter(meter__in=meters[low:high]):
            if (one.kind == "sum") is (kinds is None) or (
                one.meter_id,
                one.channel,
                one.kind,
                one.start,
            ) in keys:
                continue
            parent = one.detail.get("parent")
            members = (parent, *families.get(parent, ())) if families is not None else (one.meter_id,)
            if spans.any_touch(members, one.channel, one.start, one.end):
                gone.append(one.pk)
    for low in range(0, len(gone), _ROWS_AT_ONCE):
        Exceptional.objects.filter(pk__in=gone[low : low + _ROWS_AT_ONCE]).update(state=State.CLEARED)
    return _write(found, batch) + np.array([0, 0, len(gone)])


def _key(row: dict[str, Any]) -> Key:
    return row["meter_id"], row["channel"], row["kind"], row["start"]


@transaction.atomic
def _write(found: list[dict[str, Any]], batch: int) -> np.ndarray:
    """Insert new exceptions, refresh waiting ones, reopen those that came back; counts opened, reopened, cleared."""
    unique = {_key(row): row for row in found}
    known = _known(sorted({row["meter_id"] for row in found}))
    fresh, changed, again = [], [], 0
    for key, row in unique.items():
        one = known.get(key)
        seen = {name: row[name] for name in ("end", "size", "expected")} | {
            "detail": json.loads(row["detail"])
        }
        if one is None:
            fresh.append(
                Exceptional(meter_id=key[0], channel=key[1], kind=key[2], start=key[3], found=batch, **seen)
            )
            continue
        back = one.state == State.CLEARED or _came_back(one, row, batch)
        if one.state not in quality.OPEN and not back:
            continue
        if back:
            one.state, again = State.REOPENED, again + 1
        for name, value in seen.items():
            setattr(one, name, value)
        one.found = batch
        changed.append(one)
    Exceptional.objects.bulk_create(fresh, batch_size=_ROWS_AT_ONCE)
    fields = ["end", "size", "expected", "detail", "state", "found"]
    Exceptional.objects.bulk_update(changed, fields, batch_size=_ROWS_AT_ONCE)
    return np.array([len(fresh), again, 0])


def _came_back(one: Exceptional, row: dict[str, Any], batch: int) -> bool:
    """Whether what a person settled is there again: accepted and grown since, or mended and found anew."""
    if one.state == State.ACCEPTED:
        return bool(row["size"] > GROWN * one.size and not one.detail.get("open"))
    mended = one.state in (State.ESTIMATED, State.EDITED)
    return mended and batch > max(one.found, one.batch or 0)


def _known(meters: list[int]) -> dict[Key, Exceptional]:
    out: dict[Key, Exceptional] = {}
    for low in range(0, len(meters), _ROWS_AT_ONCE):
        for one in Exceptional.objects.filter(meter__in=meters[low : low + _ROWS_AT_ONCE]):
            out[one.meter_id, one.channel, one.kind, one.start] = one
    return out
