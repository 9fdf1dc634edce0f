"""What stands in for a stretch of readings: estimates by method, or a quantity that a person gives."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from django.db.models import Q, QuerySet

from tanlin.kernel.errors import NotFound, Refused, Text
from tanlin.kernel.period import DAY, utc_offsets, zone
from tanlin.meter.models import Exceptional, MeterRow
from tanlin.meter.queries import quality
from tanlin.meter.vee import Estimate
from tanlin.meter.vee import estimate as estimated
from tanlin.meter.vee.estimate import TRIALS, Series
from tanlin.readings import queries as readings

#: Kinds whose readings lie at the wrong time or in a register: other values would not mend them.
NOT_FILLED = ("clock_shift", "zone_slip", "step_back")
#: A longer stretch is not filled at one go.
LONGEST = 92 * DAY


class Filled(NamedTuple):
    """Rows that stand in for a stretch, schema READINGS, with their method and error."""

    rows: pa.Table
    method: str
    error: float | None


class _Slots(NamedTuple):
    """The rows to write: keys (n) of one step, and the meter's dated row."""

    start: np.ndarray
    step: int
    row: MeterRow


def fill(one: Exceptional, method: str = "") -> Filled:
    """What would stand in for the stretch of an exception. Raises Refused where nothing can."""
    slots = _slots(one)
    made = _estimate(one, slots, method)
    if one.kind == "gap":
        return _only_missing(one, slots, made)
    return Filled(_rows(one, slots, made.value, f"estimated:{made.method}"), made.method, made.error)


def spread(one: Exceptional, value: float) -> Filled:
    """The quantity of the whole stretch as edited rows: like an estimate where one can be made, else evenly. Raises Refused."""
    slots = _slots(one)
    try:
        shape = _estimate(one, slots, "").value
    except Refused:
        shape = np.ones(len(slots.start))
    share = shape / shape.sum() if shape.sum() > 0 else np.full(len(shape), 1 / len(shape))
    return Filled(_rows(one, slots, value * share, "edited"), "", None)


def _only_missing(one: Exceptional, slots: _Slots, made: Estimate) -> Filled:
    """Estimates for what still lacks: readings may have come since the gap was found, and they stand."""
    sql = f"""SELECT start, seconds FROM log WHERE meter_id = {one.meter_id} AND channel = '{one.channel}'
        AND start > {one.start - LONGEST} AND start < {one.end} AND start + seconds > {one.start}
        AND (quality = 'measured' OR quality = 'edited')"""
    known = readings.snapshot().query(sql)
    start = known["start"].to_numpy()
    end = start + known["seconds"].to_numpy()
    free = ~((start < slots.start[:, None] + slots.step) & (end > slots.start[:, None])).any(axis=1)
    if not free.any():
        raise Refused(
            "meter.gap_filled",
            Text("此处的读数已经补到。", "The readings of this stretch have come in."),
            remedy=Text("请稍候刷新页面。", "Reload the page in a moment."),
        )
    rest = slots._replace(start=slots.start[free])
    return Filled(_rows(one, rest, made.value[free], f"estimated:{made.method}"), made.method, made.error)


def _rows(one: Exceptional, slots: _Slots, value: np.ndarray, word: str) -> pa.Table:
    n = len(slots.start)
    return pa.table(
        {
            "meter_id": pa.array([one.meter_id] * n, pa.int64()),
            "channel": [one.channel] * n,
            "start": slots.start,
            "seconds": pa.array([slots.step] * n, pa.int32()),
            "value": value,
            "quality": [word] * n,
        }
    )


def _slots(one: Exceptional) -> _Slots:
    """The intervals of the meter's usual step that fill the stretch. Raises Refused."""
    if one.kind in NOT_FILLED:
        raise Refused(
            "meter.not_filled",
            Text(
                "时间错位或表底问题不能用估算修复。", "Other values do not mend a wrong time or a register."
            ),
            remedy=Text(
                "请修正读数或设备档案，或重新导入。", "Correct the reading or the device, or import again."
            ),
        )
    if one.end - one.start > LONGEST:
        raise Refused(
            "meter.too_long",
            Text("缺失时间过长，不能一次估算。", "The stretch is too long to be estimated."),
            remedy=Text("请补充账单或读数。", "Bring in bills or readings."),
        )
    row = _row_at(one)
    step = _step(one)
    if not step or (one.end - one.start) < step:
        raise Refused(
            "meter.no_step",
            Text("附近没有固定间隔的读数，无法估算。", "No readings of one length are near."),
            remedy=Text("请人工修正读数。", "Correct the readings by hand."),
        )
    return _Slots(one.start + step * np.arange((one.end - one.start) // step, dtype=np.int64), step, row)


def _row_at(one: Exceptional) -> MeterRow:
    """The dated row in force at the start, else the newest."""
    rows = MeterRow.objects.filter(meter=one.meter_id, channel=one.channel, superseded_at__isnull=True)
    found = _in_force(one).filter(meter=one.meter_id).first() or rows.order_by("-valid_from").first()
    if found is None:
        raise NotFound("meter.no_exception", Text("没有这条异常。", "There is no such exception."))
    return found


def _in_force(one: Exceptional) -> QuerySet[MeterRow]:
    """The dated rows of its channel, of any meter, on the local day on which it starts."""
    day = datetime.fromtimestamp(one.start, zone(one.meter.owner_area.tz)).date()
    rows = MeterRow.objects.filter(channel=one.channel, superseded_at__isnull=True, valid_from__lte=day)
    return rows.filter(Q(valid_to__isnull=True) | Q(valid_to__gt=day))


def _step(one: Exceptional) -> int:
    """The commonest length of readings in the weeks around, up to a day; 0 where there is none."""
    low, high = one.start - 28 * DAY, one.end + 7 * DAY
    sql = f"""SELECT seconds, COUNT(*) AS n FROM current WHERE meter_id = {one.meter_id}
        AND channel = '{one.channel}' AND start >= {low} AND start < {high} AND seconds <= 86400
        GROUP BY seconds ORDER BY n DESC, seconds LIMIT 1"""
    found = readings.snapshot().query(sql)["seconds"].to_pylist()
    return int(found[0]) if found else 0


def _estimate(one: Exceptional, slots: _Slots, method: str) -> Estimate:
    book, row = quality.book(), slots.row
    day = datetime.fromtimestamp(one.start, zone(row.place.tz)).date()
    hours, weeks = (
        book.value("estimate", name, row.meter.carrier, one.meter_id, row.place.path, day)
        for name in ("linear_hours", "weeks")
    )
    series, begin = _gather(one, slots, int(weeks))
    return estimated(series, begin, begin + len(slots.start), method, hours, int(weeks))


def _gather(one: Exceptional, slots: _Slots, weeks: int) -> tuple[Series, int]:
    """The meter, its main meter and its siblings on one grid around the stretch, and the slot where it begins."""
    row, step = slots.row, slots.step
    before = (7 * (weeks + 1) + 7 * TRIALS) * DAY // step
    after = DAY // step
    first, n = one.start - before * step, before + len(slots.start) + after
    siblings: list[MeterRow] = []
    if row.parent_id is not None:
        siblings = list(_in_force(one).filter(parent=row.parent_id).exclude(meter=one.meter_id))
        parents = list(_in_force(one).filter(meter=row.parent_id))
    else:
        parents = []
    factor = {r.meter_id: r.multiplier / row.multiplier for r in [*siblings, *parents]} | {one.meter_id: 1.0}
    grids = _grids(factor, one.channel, first, n, step)
    local = first + int(utc_offsets(row.place.tz, np.array([one.start]))[0])
    return (
        Series(
            step,
            local,
            grids[one.meter_id],
            grids[parents[0].meter_id] if parents else None,
            np.stack([grids[r.meter_id] for r in siblings]) if siblings else None,
        ),
        before,
    )


def _grids(factor: dict[int, float], channel: str, first: int, n: int, step: int) -> dict[int, np.ndarray]:
    """Measured and edited values of each meter times its factor on n slots from ``first``, NaN where none stands."""
    ids = pa.table({"meter_id": pa.array(sorted(factor), pa.int64())})
    sql = f"""SELECT c.meter_id AS meter_id, c.start AS start, c.value AS value FROM current c
        JOIN ids i ON c.meter_id = i.meter_id WHERE c.channel = '{channel}' AND c.seconds = {step}
        AND c.start >= {first} AND c.start < {first + n * step} AND c.quality NOT LIKE 'estimated%'"""
    found = readings.snapshot().query(sql, ids=ids)
    meter, start, value = (found[name].to_numpy() for name in ("meter_id", "start", "value"))
    out = {}
    for one, times in factor.items():
        grid = np.full(n, np.nan)
        mine = meter == one
        grid[(start[mine] - first) // step] = value[mine] * times
        out[one] = grid
    return out
