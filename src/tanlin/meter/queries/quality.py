"""Reads of the checks: exceptions with the days around them, coverage by month, rules in force.

Those that take an area trust that the right at it has been proved.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from django.db.models import QuerySet

from tanlin.kernel.period import DAY, Period, midnight
from tanlin.meter.models import Exceptional, MeterRow, VeeRule
from tanlin.meter.vee import Rule, RuleBook, shipped
from tanlin.readings import queries as readings

if TYPE_CHECKING:
    import pyarrow as pa

    from tanlin.community.queries import Area

OPEN = (Exceptional.State.OPEN, Exceptional.State.REOPENED)
#: Days drawn on each side of an exception, and the longest stretch drawn whole.
AROUND, LONGEST = 3 * DAY, 21 * DAY
_IDS_AT_ONCE = 500


class Point(NamedTuple):
    """An effective interval before the multiplier."""

    start: int
    seconds: int
    value: float
    quality: str


class Month(NamedTuple):
    """One cell of the grid: shares of the time expected and of the value; coverage None where nothing was due."""

    month: str
    coverage: float | None
    estimated: float


class Covered(NamedTuple):
    """A meter's months, and its exceptions that wait."""

    row: MeterRow
    months: list[Month]
    waiting: int


def meters_of(area: Area) -> QuerySet[MeterRow]:
    """Open rows of the meters below an area."""
    return MeterRow.objects.filter(
        superseded_at__isnull=True, valid_to__isnull=True, place__path__startswith=area.path
    )


def exceptions(
    area: Area, kind: str = "", state: str = "waiting", meter: int | None = None
) -> QuerySet[Exceptional]:
    """Exceptions of the meters below an area, newest first; ``state`` waiting, all or one of the states."""
    found = Exceptional.objects.filter(meter__in=meters_of(area).values("meter_id"))
    if meter is not None:
        found = found.filter(meter=meter)
    if kind:
        found = found.filter(kind=kind)
    if state == "waiting":
        found = found.filter(state__in=OPEN)
    elif state != "all":
        found = found.filter(state=state)
    return found.select_related("meter", "actor")


def around(found: Sequence[Exceptional]) -> dict[int, list[Point]]:
    """Exception id → the effective intervals from three days before it to three days after."""
    import pyarrow as pa

    if not found:
        return {}
    frame = pa.table(
        {
            "id": pa.array([one.pk for one in found], pa.int64()),
            "meter_id": pa.array([one.meter_id for one in found], pa.int64()),
            "channel": pa.array([one.channel for one in found], pa.string()),
            "low": pa.array([one.start - AROUND - DAY for one in found], pa.int64()),
            "high": pa.array(
                [min(one.end, one.start + LONGEST) + AROUND + 4 * DAY for one in found], pa.int64()
            ),
        }
    )
    # The engine skips row groups by the numbers of the meters, which a join alone does not tell it.
    meters = ", ".join(str(meter) for meter in sorted({one.meter_id for one in found}))
    sql = f"""SELECT w.id AS id, c.start AS start, c.seconds AS seconds, c.value AS value, c.quality AS quality
        FROM current c JOIN wanted w ON c.meter_id = w.meter_id AND c.channel = w.channel
        WHERE c.meter_id IN ({meters}) AND c.month IN ({_months(frame)}) AND c.start < w.high AND c.start + c.seconds > w.low
        ORDER BY w.id, c.start"""
    out: dict[int, list[Point]] = {one.pk: [] for one in found}
    for row in readings.snapshot().query(sql, wanted=frame).to_pylist():
        out[row["id"]].append(Point(row["start"], row["seconds"], row["value"], row["quality"]))
    return out


def _months(wanted: pa.Table) -> str:
    """SQL list of the UTC months in which intervals between ``low`` and ``high`` may start, a bill's length before."""
    low = wanted["low"].to_numpy() - 32 * DAY
    edges = zip(low.tolist(), wanted["high"].to_numpy().tolist(), strict=True)
    months = {month for a, b in edges for month in np.arange(_month(a), _month(b) + 1)}
    return ", ".join(f"'{month}'" for month in sorted(months))


def _month(es: int) -> np.datetime64:
    return np.datetime64(es, "s").astype("datetime64[M]")


def grid(
    area: Area, rows: QuerySet[MeterRow], months: Sequence[str], most: int | None = None
) -> list[Covered]:
    """Coverage and estimated share of each row's meter and channel in local months ``YYYY-MM``.

    Time is due from the row's first day up to the newest reading of all meters; register readings and bills longer
    than 25 h make no daily values and are left out. First the meters with most exceptions that wait, then those whose
    worst month is worst; ``most`` of them.
    """
    keys = list(rows.values_list("pk", "meter_id", "channel", "valid_from", "place__tz"))
    if not keys or not months:
        return []
    at = {(meter, channel): i for i, (_pk, meter, channel, _from, _tz) in enumerate(keys)}
    sums, until = _month_sums([key[1] for key in keys], months, keys[0][4])
    seconds, value, estimated = np.zeros((3, len(keys), len(months)))
    for found in sums:
        i, k = at.get((found["meter_id"], found["channel"])), months.index(found["month"])
        if i is not None:
            seconds[i, k], value[i, k] = found["seconds"], found["value"]
            estimated[i, k] = found["estimated"]
    due = _due(keys, months, until)
    coverage = np.where(due > 0, np.minimum(seconds / np.maximum(due, 1), 1.0), np.nan)
    share = np.minimum(np.divide(estimated, value, out=np.zeros_like(value), where=value > 0), 1.0)
    counts = Counter(exceptions(area).values_list("meter_id", flat=True))
    waiting = np.array([counts[key[1]] for key in keys])
    order = np.lexsort((np.nanmin(coverage, axis=1, initial=1.0), -waiting))[:most].tolist()
    shown: dict[int, MeterRow] = {}
    for first in range(0, len(order), _IDS_AT_ONCE):
        part = [keys[i][0] for i in order[first : first + _IDS_AT_ONCE]]
        shown |= rows.in_bulk(part)
    return [
        Covered(
            shown[keys[i][0]],
            [
                Month(month, None if np.isnan(covered) else float(covered), float(part))
                for month, covered, part in zip(months, coverage[i], share[i], strict=True)
            ],
            int(waiting[i]),
        )
        for i in order
    ]


def _due(keys: Sequence[tuple[int, int, str, date, str]], months: Sequence[str], until: int) -> np.ndarray:
    """Seconds of each month (columns) in which each row (rows) is in force, up to ``until``."""
    dated = {(day, tz): midnight(day, tz) for _pk, _meter, _channel, day, tz in keys}
    begin = np.array([dated[day, tz] for _pk, _meter, _channel, day, tz in keys])[:, None]
    bounds = {tz: np.array([Period(month).bounds(tz) for month in months]).T for tz in {k[4] for k in keys}}
    edges = np.array([bounds[key[4]] for key in keys])
    return np.minimum(edges[:, 1], until) - np.maximum(edges[:, 0], begin)


def _month_sums(meters: Iterable[int], months: Sequence[str], tz: str) -> tuple[list[dict[str, Any]], int]:
    """meter_id, channel, month, value, estimated, seconds; and the epoch second the newest of these days ends at."""
    import pyarrow as pa

    ids = pa.table({"meter_id": pa.array(sorted(set(meters)), pa.int64())})
    sql = f"""SELECT d.meter_id AS meter_id, d.channel AS channel, d.local_month AS month, SUM(d.value) AS value,
            SUM(d.estimated) AS estimated, SUM(d.seconds) AS seconds, MAX(d.day) AS last
        FROM days d JOIN ids i ON d.meter_id = i.meter_id
        WHERE d.local_month BETWEEN '{min(months)}' AND '{max(months)}'
        GROUP BY d.meter_id, d.channel, d.local_month ORDER BY d.meter_id, d.channel, d.local_month"""
    found = readings.snapshot().query(sql, ids=ids).to_pylist()
    if not found:
        return [], 0
    last = max(r["last"] for r in found)
    day = date(last // 10000, last // 100 % 100, last % 100)
    return found, midnight(day + timedelta(days=1), tz)


def months_until(rows: QuerySet[MeterRow], count: int = 12) -> list[str]:
    """The last months with daily values of the meters, oldest first; empty where there is none."""
    import pyarrow as pa

    ids = pa.table(
        {"meter_id": pa.array(sorted(set(rows.order_by().values_list("meter_id", flat=True))), pa.int64())}
    )
    sql = """SELECT MIN(d.local_month) AS first, MAX(d.local_month) AS last FROM days d
        JOIN ids i ON d.meter_id = i.meter_id"""
    [found] = readings.snapshot().query(sql, ids=ids).to_pylist()
    if found["last"] is None:
        return []
    first, last = (np.datetime64(found[name], "M") for name in ("first", "last"))
    return np.arange(max(first, last - count + 1), last + 1).astype(str).tolist()


def rules(area: Area) -> list[VeeRule]:
    """The rules added at an area, above it or below it, newest first."""
    near = VeeRule.objects.filter(area__path__startswith=area.path) | VeeRule.objects.filter(
        area__in=area.ancestor_ids
    )
    return list(near.select_related("area", "meter", "actor").order_by("-learned", "-id"))


def book() -> RuleBook:
    """All rules, shipped and added."""
    return RuleBook(
        Rule(
            row.kind,
            row.parameter,
            row.value,
            row.carrier,
            row.meter_id,
            row.area.path,
            row.valid_from,
            row.valid_to,
            row.learned.timestamp(),
            str(row.actor or ""),
            row.reason,
        )
        for row in VeeRule.objects.select_related("area", "actor").order_by("learned", "id")
    )


def shipped_rules() -> Sequence[Rule]:
    """The rules that come with the product."""
    return shipped()


def checks_frame(ids: Iterable[int]) -> pa.Table:
    """What the checks ask of meters (columns meter_id, carrier, path, tz, until); silence is looked for elsewhere."""
    import pyarrow as pa

    wanted = list(ids)
    found: dict[int, tuple[str, str, str]] = {}
    for first in range(0, len(wanted), _IDS_AT_ONCE):
        part = MeterRow.objects.filter(
            superseded_at__isnull=True, meter__in=wanted[first : first + _IDS_AT_ONCE]
        )
        for meter, *about in part.order_by("valid_from").values_list(
            "meter_id", "meter__carrier", "place__path", "place__tz"
        ):
            found[meter] = (about[0], about[1], about[2])
    columns = list(zip(*found.values(), strict=True)) or [(), (), ()]
    return pa.table(
        {
            "meter_id": pa.array(found, pa.int64()),
            **{
                name: pa.array(c, pa.string())
                for name, c in zip(("carrier", "path", "tz"), columns, strict=True)
            },
            "until": pa.array([0] * len(found), pa.int64()),
        }
    )
