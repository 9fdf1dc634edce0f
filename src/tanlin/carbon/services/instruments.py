"""Verbs of green power: enter a certificate or contract, take it back, erase a place's.

What was entered is never changed: it is undone, and entered anew.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from tanlin.carbon.account.results import LABELS
from tanlin.carbon.models import Instrument
from tanlin.carbon.models.instruments import InstrumentKind
from tanlin.kernel.errors import BadInput, Conflict, Text, Where
from tanlin.record import services as record

#: Longest span of days of one instrument: contracts are stated year by year.
LONGEST_DAYS = 732
#: More than a city uses in a year, kWh, and dirtier than any power, kg/kWh.
MOST_KWH, MOST_FACTOR = 1e11, 2.0


@dataclass(frozen=True)
class NewInstrument:
    """One instrument to be entered at an area; ``factor_kg_per_kwh`` 0 for power without emissions."""

    area: Any
    kind: str
    registry: str
    number: str
    first_day: date
    last_day: date
    energy_kwh: float
    factor_kg_per_kwh: float = 0.0
    note: str = ""


def enter_instrument(new: NewInstrument, *, actor: Any) -> Instrument:
    """Enter one; accounts of its days become stale.

    Raises BadInput for a bad value, Conflict ``carbon.instrument_known`` where its number counts already.
    """
    _check(new)
    fields = vars(new) | {"registry": new.registry.strip(), "number": new.number.strip()}
    with transaction.atomic():
        try:
            with transaction.atomic():
                row = Instrument.objects.create(**fields, entered_by_id=getattr(actor, "pk", None))
        except IntegrityError as error:
            raise _known(new) from error
        _told("carbon.instrument_entered", row, actor)
    return row


@transaction.atomic
def undo_instrument(row: Instrument, *, actor: Any) -> Instrument:
    """Take one back: it stays stored and covers nothing, and its number is free again.

    Raises Conflict where it is undone already.
    """
    if not Instrument.objects.filter(pk=row.pk, undone=None).update(undone=timezone.now()):
        raise Conflict("carbon.instrument_undone", Text("已经撤销过了。", "It is undone already."))
    _told("carbon.instrument_undone", row, actor)
    return Instrument.objects.get(pk=row.pk)


@transaction.atomic
def erase_instruments(area_ids: Iterable[int], *, actor: Any) -> int:
    """Remove every instrument of places that are about to be removed; returns how many."""
    ids = list(area_ids)
    count = Instrument.objects.filter(area__in=ids).delete()[0]
    record.report_event("carbon.instruments_erased", actor=actor, data={"areas": ids, "rows": count})
    return count


def _told(verb: str, row: Instrument, actor: Any) -> None:
    data = {"instrument": row.pk, "kind": row.kind, "kwh": row.energy_kwh}
    days = {"first_day": row.first_day.isoformat(), "last_day": row.last_day.isoformat()}
    record.report_event(
        verb, actor=actor, area=row.area, subject=f"{row.registry} {row.number}", data=data | days
    )
    record.mark_stale([row.area_id], row.first_day, row.last_day, keys=LABELS)


def _known(new: NewInstrument) -> Conflict:
    return Conflict(
        "carbon.instrument_known",
        Text(
            "这个编号已经登记，同一份绿证或合同只能使用一次。",
            "This number is entered already; an instrument is used once.",
        ),
        remedy=Text("如需更正，请先撤销原有登记。", "To correct it, undo the other entry first."),
        where=Where(value=f"{new.registry.strip()} {new.number.strip()}"),
    )


def _check(new: NewInstrument) -> None:
    if new.kind not in InstrumentKind.values:
        raise _bad("kind", Text("没有这种绿电类别。", "There is no such kind of instrument."), new.kind)
    if not new.registry.strip() or not new.number.strip():
        raise _bad(
            "number",
            Text("请填写登记机构和编号。", "State the registry and the number."),
            new.number,
            Text(
                "没有编号的绿证或合同无法核对，不能计入。",
                "Without a number nobody can check it, so it cannot count.",
            ),
        )
    if new.last_day < new.first_day:
        raise _bad(
            "last_day", Text("结束日期早于开始日期。", "The last day is before the first day."), new.last_day
        )
    if (new.last_day - new.first_day).days >= LONGEST_DAYS:
        raise _bad(
            "last_day",
            Text(f"起止相隔超过 {LONGEST_DAYS} 天。", f"The days span more than {LONGEST_DAYS} days."),
            new.last_day,
            Text("请按年拆开登记。", "Enter it year by year."),
        )
    if not (math.isfinite(new.energy_kwh) and 0 < new.energy_kwh <= MOST_KWH):
        raise _bad(
            "energy_kwh",
            Text("电量须大于 0，且不能大得不合理。", "The electricity must be above 0 and plausible."),
            new.energy_kwh,
            Text(
                "单位是千瓦时（kWh），一张绿证通常为 1,000 千瓦时。",
                "In kWh; a certificate is usually 1,000 kWh.",
            ),
        )
    if not (math.isfinite(new.factor_kg_per_kwh) and 0 <= new.factor_kg_per_kwh <= MOST_FACTOR):
        raise _bad(
            "factor_kg_per_kwh",
            Text(
                f"因子须在 0 到 {MOST_FACTOR:g} 之间。", f"The factor must lie between 0 and {MOST_FACTOR:g}."
            ),
            new.factor_kg_per_kwh,
        )


def _bad(column: str, text: Text, value: Any, remedy: Text | None = None) -> BadInput:
    return BadInput(
        f"carbon.instrument_{column}", text, remedy=remedy, where=Where(column=column, value=str(value)[:60])
    )
