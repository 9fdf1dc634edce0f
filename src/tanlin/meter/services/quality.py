"""What people do with exceptions: accept, estimate, edit, undo; and the rules they add. Originals stay in the log."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pyarrow as pa
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from tanlin.kernel.errors import BadInput, Conflict, NotFound, Refused, Text, Where
from tanlin.kernel.period import DAY, utc_offsets
from tanlin.kernel.ports import report_event
from tanlin.meter import queries
from tanlin.meter.models import Exceptional, Meter, MeterRow, VeeRule
from tanlin.meter.queries import quality
from tanlin.meter.services.values import add_readings, undo_batch
from tanlin.meter.vee import Estimate
from tanlin.meter.vee import estimate as estimated
from tanlin.meter.vee.estimate import TRIALS, Series
from tanlin.meter.vee.rules import checked
from tanlin.readings import queries as readings

if TYPE_CHECKING:
    from tanlin.community.queries import Area

State = Exceptional.State
#: Kinds whose readings lie at the wrong time or in a register: other values would not mend them.
NOT_FILLED = ("clock_shift", "zone_slip", "step_back")
#: A longer stretch is not filled at one go.
LONGEST = 92 * DAY
SOURCE = "quality {verb} {ids}: {reason}"
_SOURCE = re.compile(r"quality (estimated|edited) ([\d,]+): (.*)", re.DOTALL)


class Filled(NamedTuple):
    """Rows that stand in for a stretch, schema READINGS, with their method and error."""

    rows: pa.Table
    method: str
    error: float | None


def accept(ids: Iterable[int], *, area: Area, actor: Any, reason: str = "") -> int:
    """State that the readings are right as they are; how many were."""
    found = _waiting(area, ids)
    with transaction.atomic():
        for one in found:
            _settle(one, State.ACCEPTED, actor, reason)
        _tell("meter.exceptions_accepted", found, actor, area, reason)
    return len(found)


def estimate(
    ids: Iterable[int], *, area: Area, actor: Any, reason: str = "", method: str = ""
) -> tuple[int, list[Refused]]:
    """Put estimates where readings lack or are rejected by this act: how many, and why the others cannot be.

    One batch. Each row names its method in ``quality``; a reading measured later wins over it.
    """
    made: list[tuple[Exceptional, Filled]] = []
    refused: list[Refused] = []
    for one in _waiting(area, ids):
        try:
            made.append((one, fill(one, method)))
        except Refused as error:
            refused.append(error)
    if made:
        _append(made, State.ESTIMATED, actor, area, reason)
    return len(made), refused


def edit(pk: int, value: float, *, area: Area, actor: Any, reason: str) -> None:
    """Give the quantity of the whole stretch (canonical unit, before the multiplier), marked edited.

    It is spread like an estimate where one can be made, else evenly. Raises BadInput without a reason or for
    a value that is no finite number; Refused where a quantity would not mend it.
    """
    if not np.isfinite(value) or not reason.strip():
        raise BadInput(
            "meter.bad_correction",
            Text("请填写数值和修正原因。", "Give a value and the reason of the correction."),
            where=Where(value=str(value)),
        )
    [one] = _waiting(area, [pk]) or [_missing()]
    slots = _slots(one)
    try:
        shape = _estimate(one, slots, "").value
    except Refused:
        shape = np.ones(len(slots.start))
    share = shape / shape.sum() if shape.sum() > 0 else np.full(len(shape), 1 / len(shape))
    _append(
        [(one, Filled(_rows(one, slots, value * share, "edited"), "", None))],
        State.EDITED,
        actor,
        area,
        reason,
    )


def undo(ids: Iterable[int], *, area: Area, actor: Any, reason: str = "") -> int:
    """Take back what was done; the readings of its batch do not count any more. How many were taken back.

    Exceptions that one act settled together are taken back together.
    """
    asked = (
        quality.exceptions(area, state="all")
        .filter(pk__in=list(ids))
        .exclude(state__in=[*quality.OPEN, State.CLEARED])
    )
    wanted = {one.pk: one for one in asked}
    batches = {one.batch for one in wanted.values() if one.batch is not None}
    together = {one.pk: one for one in Exceptional.objects.filter(batch__in=batches)} | wanted

    def reopen(of: int | None) -> None:
        for one in together.values():
            if one.batch == of:
                _settle(one, State.REOPENED, actor, reason)

    def void(batch: int) -> None:
        meters = [one.meter_id for one in together.values() if one.batch == batch]
        source = f"quality undo {batch}"
        undo_batch(batch, meters, actor=actor, area=area, source=source, also=lambda _new: reopen(batch))

    for batch in sorted(batches):
        void(batch)
    with transaction.atomic():
        reopen(None)
        _tell("meter.exceptions_reopened", list(together.values()), actor, area, reason)
    return len(together)


def add_rule(
    *,
    area: Area,
    actor: Any,
    kind: str,
    parameter: str,
    value: float,
    valid_from: date,
    reason: str,
    valid_to: date | None = None,
    carrier: str = "",
    meter: Meter | None = None,
) -> VeeRule:
    """Add a dated rule for the meters below an area, or one of them. Raises BadInput outside the limits."""
    checked(kind, parameter, value)
    if not reason.strip() or (valid_to is not None and valid_to <= valid_from):
        raise BadInput(
            "meter.bad_rule",
            Text("请填写原因，且截止日期须晚于生效日期。", "Give a reason, and an end after the first day."),
        )
    with transaction.atomic():
        rule = VeeRule.objects.create(
            area=area, meter=meter, carrier=carrier, kind=kind, parameter=parameter, value=value,
            valid_from=valid_from, valid_to=valid_to, reason=reason.strip(), actor=_person(actor),
        )  # fmt: skip
        data = {"value": value, "from": valid_from.isoformat(), "carrier": carrier, "reason": rule.reason}
        subject = f"{kind}.{parameter}" + (f" {meter.number}" if meter else "")
        report_event("meter.rule_added", actor=actor, area=area, subject=subject, data=data)
    return rule


def recovered(batch: Any) -> None:
    """Settle the exceptions of an act whose program died between the log and SQL."""
    match = _SOURCE.match(batch.source)
    if match is None:
        return
    verb, ids, reason = match.groups()
    Exceptional.objects.filter(pk__in=[int(pk) for pk in ids.split(",")]).update(
        state=verb, batch=batch.number, reason=reason[:300], acted=timezone.now()
    )


# --- what stands in ----------------------------------------------------------------------------------------------------
class _Slots(NamedTuple):
    """The rows to write: keys (n) of one step, and the meter's dated row."""

    start: np.ndarray
    step: int
    row: MeterRow


def fill(one: Exceptional, method: str = "") -> Filled:
    """What would stand in for the stretch of an exception. Raises Refused where nothing can."""
    slots = _slots(one)
    made = _estimate(one, slots, method)
    return Filled(_rows(one, slots, made.value, f"estimated:{made.method}"), made.method, made.error)


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
    day = datetime.fromtimestamp(one.start, UTC).date()
    rows = MeterRow.objects.filter(meter=one.meter_id, channel=one.channel, superseded_at__isnull=True)
    then = rows.filter(Q(valid_to__isnull=True) | Q(valid_to__gt=day), valid_from__lte=day)
    found = (then.first() or rows.order_by("-valid_from").first()) if one else None
    return found or _missing()


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
    day = datetime.fromtimestamp(one.start, UTC).date()
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
        same = {"superseded_at__isnull": True, "channel": one.channel, "valid_to__isnull": True}
        siblings = list(MeterRow.objects.filter(parent=row.parent_id, **same).exclude(meter=one.meter_id))
        parents = list(MeterRow.objects.filter(meter=row.parent_id, **same))
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


# --- acts ------------------------------------------------------------------------------------------------------------
def _append(
    made: Sequence[tuple[Exceptional, Filled]], state: str, actor: Any, area: Area, reason: str
) -> None:
    """One batch of what stands in; the exceptions are settled in the transaction that commits it."""
    found = [one for one, _ in made]
    ids = ",".join(str(one.pk) for one in found)

    def also(batch: Any) -> None:
        for one, filled in made:
            one.method, one.error, one.batch = filled.method, filled.error, batch.number if batch else None
            _settle(one, state, actor, reason)
        _tell(f"meter.exceptions_{state}", found, actor, area, reason)

    source = SOURCE.format(verb=state, ids=ids, reason=reason.strip())
    if (
        add_readings(
            _once([filled.rows for _, filled in made]), source=source, actor=actor, area=area, also=also
        )
        is None
    ):
        with transaction.atomic():
            also(None)


def _once(tables: list[pa.Table]) -> pa.Table:
    """The rows of all, each key once (two exceptions may overlap: the first speaks)."""
    rows = pa.concat_tables(tables)
    columns = (rows[name].to_pylist() for name in ("meter_id", "channel", "start", "seconds"))
    first: dict[tuple[Any, ...], int] = {}
    for number, key in enumerate(zip(*columns, strict=True)):
        first.setdefault(key, number)
    return rows.take(pa.array(list(first.values())))


def _settle(one: Exceptional, state: str, actor: Any, reason: str) -> None:
    if state in (State.ACCEPTED, State.REOPENED):
        one.batch, one.method, one.error = None, "", None
    one.state, one.reason, one.actor, one.acted = state, reason.strip()[:300], _person(actor), timezone.now()
    one.save()


def _waiting(area: Area, ids: Iterable[int]) -> list[Exceptional]:
    """The exceptions of these ids below the area. Raises NotFound where one is not, Conflict where one is settled."""
    wanted = sorted(set(ids))
    found = list(quality.exceptions(area, state="all").filter(pk__in=wanted).order_by("pk"))
    if len(found) != len(wanted):
        _missing()
    if any(one.state not in quality.OPEN for one in found):
        raise Conflict(
            "meter.exception_settled",
            Text("其中有已处理的异常。", "Some of these are settled already."),
            remedy=Text("请刷新页面。", "Reload the page."),
        )
    return found


def _missing() -> Any:
    raise NotFound("meter.no_exception", Text("没有这条异常。", "There is no such exception."))


def _tell(verb: str, found: Sequence[Exceptional], actor: Any, area: Area, reason: str) -> None:
    """One event for one act, with what it was about."""
    about = [
        {
            "id": one.pk,
            "meter": one.meter_id,
            "kind": one.kind,
            "start": one.start,
            "end": one.end,
            "method": one.method,
        }
        for one in found
    ]
    numbers = queries.numbers({one.meter_id for one in found})
    subject = ", ".join(sorted(numbers.values())[:5]) + (" …" if len(numbers) > 5 else "")
    report_event(
        verb, actor=actor, area=area, subject=subject, data={"reason": reason.strip(), "exceptions": about}
    )


def _person(actor: Any) -> Any:
    return actor if getattr(actor, "pk", None) else None
