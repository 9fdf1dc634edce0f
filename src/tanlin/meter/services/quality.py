"""What people do with exceptions: accept, estimate, edit, undo; and the rules they add. Originals stay in the log."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from django.db import transaction
from django.utils import timezone

from tanlin.kernel.errors import BadInput, Conflict, NotFound, Refused, Text, Where
from tanlin.kernel.ports import report_event
from tanlin.meter import queries
from tanlin.meter.models import Exceptional, Meter, MeterRow, VeeRule
from tanlin.meter.queries import quality
from tanlin.meter.services.filling import NOT_FILLED, Filled, fill, spread
from tanlin.meter.services.values import add_readings, undo_batch
from tanlin.meter.vee.rules import checked

if TYPE_CHECKING:
    from tanlin.community.queries import Area

State = Exceptional.State
__all__ = ["NOT_FILLED", "accept", "add_rule", "edit", "estimate", "recovered", "undo"]
SOURCE = "quality {verb} {ids}: {reason}"
_SOURCE = re.compile(r"quality (estimated|edited) ([\d,]+): (.*)", re.DOTALL)


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
    _append([(one, spread(one, value))], State.EDITED, actor, area, reason)


def undo(ids: Iterable[int], *, area: Area, actor: Any, reason: str = "") -> int:
    """Take back what was done; the readings of its batch do not count any more. How many were taken back.

    Exceptions that one act settled together are taken back together. Raises Conflict where one of them lies outside
    the area: who took the act for more than that takes it back.
    """
    asked = (
        quality.exceptions(area, state="all")
        .filter(pk__in=list(ids))
        .exclude(state__in=[*quality.OPEN, State.CLEARED])
    )
    wanted = {one.pk: one for one in asked}
    batches = {one.batch for one in wanted.values() if one.batch is not None}
    together = {one.pk: one for one in Exceptional.objects.filter(batch__in=batches)} | wanted
    meters = {one.meter_id for one in together.values()}
    below = MeterRow.objects.filter(place__path__startswith=area.path, superseded_at__isnull=True)
    if meters != set(below.filter(meter__in=meters).values_list("meter_id", flat=True)):
        raise Conflict(
            "meter.act_reaches_further",
            Text(
                "此操作还涉及本地点以外的表计，不能在此撤销。",
                "This act was about meters outside this place too; it cannot be undone here.",
            ),
            remedy=Text("请在上级地点的质量页撤销。", "Undo it on the quality page of the place above."),
        )

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
