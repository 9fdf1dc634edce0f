"""Verbs of the registry: metering points, their dated rows, their devices."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from tanlin.kernel.errors import BadInput, Conflict, Text, Where
from tanlin.kernel.period import midnight, zone
from tanlin.kernel.ports import enqueue, mark_stale, report_event
from tanlin.kernel.units import CANONICAL, CHANNELS, factor_to_canonical
from tanlin.meter.models import Device, Meter, MeterRow
from tanlin.meter.queries.values import last_register
from tanlin.meter.uses import use_of

if TYPE_CHECKING:
    from tanlin.community.queries import Area

#: Last day that stale marks reach when a row has no end.
FAR = date(9999, 12, 30)


@dataclass(frozen=True)
class Spec:
    """One metering point with its first dated row, as a form, a file or the demonstration gives it.

    ``parent`` is the 表号 of the main meter, of the same owner and carrier. ``digits`` before the point let a
    register pass zero.
    """

    owner: Area
    place: Area
    carrier: str
    number: str
    unit: str
    valid_from: date
    valid_to: date | None = None
    name: str = ""
    channel: str = "import"
    kind: str = "interval"
    multiplier: float = 1.0
    product: str = ""
    tariff: str = ""
    parent: str | None = None
    uncertainty_pct: float = 2.0
    digits: int | None = None
    use: str = ""


@transaction.atomic
def register(specs: Sequence[Spec], *, actor: Any, area: Area) -> dict[tuple[str, str, str], int]:
    """Add metering points and their first rows; points that exist get the channels they lack.

    Returns (carrier, number, channel) → meter id. Raises BadInput for an unknown carrier, channel, unit
    or parent, for main meters in a ring and for digits that no register has, Conflict where the channel of the point exists already.
    """
    for spec in specs:
        _check(spec)
    existing = {
        (m.owner_area_id, m.carrier, m.number): m
        for m in Meter.objects.filter(owner_area__in={spec.owner.pk for spec in specs})
    }
    fresh = {}
    for spec in specs:
        key = (spec.owner.pk, spec.carrier, spec.number)
        if key not in existing and key not in fresh:
            fresh[key] = Meter(
                owner_area=spec.owner, carrier=spec.carrier, number=spec.number, name=spec.name
            )
    existing.update(
        {(m.owner_area_id, m.carrier, m.number): m for m in Meter.objects.bulk_create(fresh.values())}
    )
    taken = set(
        MeterRow.objects.filter(
            meter__owner_area__in={spec.owner.pk for spec in specs}, superseded_at__isnull=True
        ).values_list("meter_id", "channel")
    )
    rows, ids = [], {}
    for spec in specs:
        point = existing[spec.owner.pk, spec.carrier, spec.number]
        if (point.pk, spec.channel) in taken:
            raise Conflict(
                "meter.exists",
                Text(f"表号 {spec.number} 已经登记。", f"Meter {spec.number} is registered already."),
                remedy=Text("请修改原有的表计。", "Change the existing meter."),
                where=Where(value=spec.number),
            )
        taken.add((point.pk, spec.channel))
        ids[spec.carrier, spec.number, spec.channel] = point.pk
        rows.append(_first_row(spec, point, _parent_of(spec, existing)))
    _refuse_rings(rows)
    MeterRow.objects.bulk_create(rows)
    Device.objects.bulk_create(
        Device(meter=row.meter, channel=row.channel, digits=spec.digits, from_es=_begin(row))
        for spec, row in zip(specs, rows, strict=True)
        if spec.digits is not None
    )
    mark_stale({int(row.place_id) for row in rows}, min((s.valid_from for s in specs), default=FAR), FAR)
    report_event(
        "meter.registered",
        actor=actor,
        area=area,
        subject=f"{len(fresh)}",
        data={"meters": sorted(ids.values())[:50]},
    )
    return ids


def _check(spec: Spec) -> None:
    if spec.channel not in CHANNELS:
        raise BadInput(
            "meter.unknown_channel",
            Text(f"不认识的通道 {spec.channel}。", f"Unknown channel {spec.channel}."),
            remedy=Text(f"可用：{'、'.join(CHANNELS)}。", f"Use one of {', '.join(CHANNELS)}."),
            where=Where(value=spec.number),
        )
    if spec.multiplier <= 0:
        raise BadInput(
            "meter.bad_multiplier",
            Text("倍率必须大于 0。", "The multiplier must be greater than 0."),
            where=Where(column="倍率", value=str(spec.multiplier)),
        )
    if spec.digits is not None and (spec.kind != "register" or not 3 <= spec.digits <= 12):
        raise bad_digits(f"{spec.number}: {spec.digits}")
    factor_to_canonical(CANONICAL[spec.carrier] if spec.unit == "" else spec.unit, spec.carrier)


def bad_digits(value: str) -> BadInput:
    """The refusal of digits that no register has."""
    return BadInput(
        "meter.bad_digits",
        Text("位数只用于示数表，为 3 到 12。", "Only register meters have digits, from 3 to 12."),
        remedy=Text(
            "请填表盘小数点前的位数，或留空。", "Give the digits before the point on the dial, or none."
        ),
        where=Where(column="位数", value=value),
    )


def _parent_of(spec: Spec, existing: dict[tuple[int, str, str], Meter]) -> Meter | None:
    if spec.parent is None:
        return None
    parent = existing.get((spec.owner.pk, spec.carrier, spec.parent))
    if parent is None or spec.parent == spec.number:
        raise BadInput(
            "meter.unknown_parent",
            Text(f"找不到总表 {spec.parent}。", f"Main meter {spec.parent} is not known."),
            remedy=Text("请先登记总表。", "Register the main meter first."),
            where=Where(value=spec.number),
        )
    return parent


def _begin(row: MeterRow) -> int:
    return midnight(row.valid_from, row.place.tz)


def _refuse_rings(rows: Sequence[MeterRow]) -> None:
    """Raise BadInput where main meters of the list, with those registered before, form a ring at some time."""
    added = [row for row in rows if row.parent_id is not None]
    if not added:
        return
    owners = {row.meter.owner_area_id for row in added}
    stored = MeterRow.objects.filter(
        meter__owner_area__in=owners, parent__isnull=False, superseded_at__isnull=True
    )
    above: dict[int, list[MeterRow]] = {}
    for row in [*stored, *added]:
        above.setdefault(row.meter_id, []).append(row)

    def mains(step: set[int], row: MeterRow) -> set[int]:
        start, end = row.valid_from, row.valid_to or FAR
        over = (one for meter in step for one in above.get(meter, ()))
        return {
            int(one.parent_id)
            for one in over
            if one.parent_id and one.valid_from < end and (one.valid_to or FAR) > start
        }

    for row in added:
        if row.parent is not None:
            _climb(row.meter, row.parent, partial(mains, row=row))


def _first_row(spec: Spec, point: Meter, parent: Meter | None) -> MeterRow:
    names = ("channel", "kind", "multiplier", "unit", "product", "place", "tariff", "uncertainty_pct")
    fields = {name: getattr(spec, name) for name in names} | {"use": use_of(spec.use)}
    return MeterRow(meter=point, parent=parent, valid_from=spec.valid_from, valid_to=spec.valid_to, **fields)


@transaction.atomic
def change(
    row: MeterRow, fields: dict[str, Any], *, actor: Any, from_day: date | None = None, reason: str = ""
) -> MeterRow:
    """Correct a row (``from_day`` None: it was wrong all along) or change it from a day on.

    Figures of all places that hold the meter become stale. Raises BadInput for a day outside the row and
    for a main meter that cannot be one, Conflict when the row was superseded meanwhile.
    """
    row = MeterRow.objects.select_for_update().select_related("meter", "place").get(pk=row.pk)
    if row.superseded_at is not None:
        raise Conflict(
            "meter.row_superseded", Text("这条记录已被更正。", "This row has been corrected meanwhile.")
        )
    if from_day is not None and not (row.valid_from < from_day < (row.valid_to or FAR)):
        raise BadInput(
            "meter.day_outside_row",
            Text("生效日期不在该记录的有效期内。", "The day lies outside the row's validity."),
            where=Where(column="valid_from", value=from_day.isoformat()),
        )
    was = {name: _plain(getattr(row, name)) for name in fields}
    places = {int(row.place_id)}
    start, end = from_day or row.valid_from, row.valid_to
    if fields.get("parent") is not None:
        _check_parent(row.meter, fields["parent"], start, end or FAR)
    row_fields = {
        f.attname: getattr(row, f.attname) for f in MeterRow._meta.concrete_fields if f.attname not in _OWN
    }
    if from_day is None:
        MeterRow.objects.filter(pk=row.pk).update(superseded_at=timezone.now())
    else:
        MeterRow.objects.filter(pk=row.pk).update(valid_to=from_day)
    fresh = MeterRow(**(row_fields | {"valid_from": start, "valid_to": end, "superseded_at": None}))
    for name, value in fields.items():
        setattr(fresh, name, value)
    fresh.full_clean(exclude=["meter"], validate_constraints=False)
    fresh.save(force_insert=True)
    mark_stale(places | {int(fresh.place_id)}, min(start, fresh.valid_from), (end or FAR))
    if fresh.place.tz != row.place.tz:
        _rederive(row.meter_id)
    report_event(
        "meter.changed",
        actor=actor,
        area=row.place,
        subject=row.meter.number,
        data={
            "was": was,
            "now": {name: _plain(value) for name, value in fields.items()},
            "from": from_day.isoformat() if from_day else None,
            "reason": reason,
        },
    )
    return fresh


def _check_parent(meter: Meter, parent: Meter, start: date, end: date) -> None:
    """Refuse a main meter of another carrier, the meter itself, and one that lies behind it between two days.

    In a ring each meter would wait for the other to count, and none would.
    """
    if parent.carrier != meter.carrier:
        raise BadInput(
            "meter.parent_carrier",
            Text(
                f"总表 {parent.number} 计量的是另一种能源。",
                f"Main meter {parent.number} counts another carrier.",
            ),
            remedy=Text("请选择同一能源品种的总表。", "Choose a main meter of the same carrier."),
        )

    def mains(step: set[int]) -> set[int]:
        rows = MeterRow.objects.filter(
            Q(valid_to=None) | Q(valid_to__gt=start),
            meter__in=step,
            parent__isnull=False,
            superseded_at__isnull=True,
            valid_from__lt=end,
        )
        return set(rows.values_list("parent_id", flat=True))

    _climb(meter, parent, mains)


def _climb(meter: Meter, parent: Meter, mains: Callable[[set[int]], set[int]]) -> None:
    """Go up from a main meter; raise BadInput on reaching the meter itself. ``mains``: ids → their main meters."""
    step = seen = {parent.pk}
    while step:
        if meter.pk in step:
            raise BadInput(
                "meter.parent_ring",
                Text(
                    f"{parent.number} 就是这块表，或是它的分表，不能作它的总表。",
                    f"{parent.number} is this meter or lies behind it; it cannot be its main meter.",
                ),
                remedy=Text("请填写上一级的表号，没有则留空。", "Give the meter before this one, or none."),
                where=Where(value=meter.number),
            )
        step = mains(step) - seen
        seen = seen | step


_OWN = {"id", "created", "superseded_at", "valid_from", "valid_to"}


def _plain(value: Any) -> Any:
    return value if isinstance(value, str | int | float | bool | None) else str(value)


@transaction.atomic
def install_device(
    row: MeterRow, *, serial: str, digits: int | None, initial: float | None, from_es: int, actor: Any
) -> Device:
    """State the first register device of a metering point, from a moment (epoch seconds) on.

    ``digits`` before the point let the register pass zero; ``initial`` is its reading at ``from_es``.
    Raises Conflict where a device is stated already: then it is exchanged.
    """
    if Device.objects.filter(meter=row.meter, channel=row.channel).exists():
        raise Conflict(
            "meter.device_exists",
            Text("此计量点已登记表具。", "This metering point has a device already."),
            remedy=Text("请使用换表。", "Exchange the device instead."),
            where=Where(value=row.meter.number),
        )
    device = Device.objects.create(
        meter=row.meter, channel=row.channel, serial=serial, digits=digits, from_es=from_es, initial=initial
    )
    mark_stale({int(row.place_id)}, row.valid_from, FAR)
    report_event(
        "meter.device_installed",
        actor=actor,
        area=row.place,
        subject=row.meter.number,
        data={"at": from_es, "initial": initial, "digits": digits, "serial": serial},
    )
    _rederive(row.meter_id)
    return device


@transaction.atomic
def exchange_device(
    row: MeterRow, *, at_es: int, final: float, initial: float, digits: int | None, serial: str, actor: Any
) -> Device:
    """Put another register device under a metering point at a moment (epoch seconds).

    Raises BadInput for a moment before the present device's and for a ``final`` reading below its last one.
    """
    old = (
        Device.objects.select_for_update()
        .filter(meter=row.meter, channel=row.channel, to_es__isnull=True)
        .first()
    )
    if old is None:
        old = Device(
            meter=row.meter,
            channel=row.channel,
            from_es=midnight(row.valid_from, row.place.tz),
            digits=digits,
        )
    if at_es <= old.from_es:
        raise BadInput(
            "meter.exchange_too_early",
            Text(
                "换表时间早于现用表计的安装时间。",
                "The exchange is earlier than the present device's installation.",
            ),
        )
    _check_final(row, old, at_es, final)
    old.to_es, old.final = at_es, final
    old.save()
    new = Device.objects.create(
        meter=row.meter, channel=row.channel, serial=serial, digits=digits, from_es=at_es, initial=initial
    )
    mark_stale({int(row.place_id)}, row.valid_from, FAR)  # the interval that spans the exchange may be long
    report_event(
        "meter.device_exchanged",
        actor=actor,
        area=row.place,
        subject=row.meter.number,
        data={"at": at_es, "final": final, "initial": initial, "serial": serial},
    )
    _rederive(row.meter_id)
    return new


def _check_final(row: MeterRow, old: Device, at_es: int, final: float) -> None:
    """Refuse a final reading below the last stored one, unless the register may have passed zero since."""
    last = last_register(row.meter_id, row.channel, old.from_es, at_es)
    if last is None or final >= last[1]:
        return
    if old.digits is not None and final + 10**old.digits - last[1] <= 10**old.digits / 2:
        return
    day = datetime.fromtimestamp(last[0], zone(row.place.tz)).date()
    raise BadInput(
        "meter.final_below_last",
        Text(
            f"末次示数 {final:g} 小于 {day} 的示数 {last[1]:g}。",
            f"The last reading {final:g} is below the one of {day}, {last[1]:g}.",
        ),
        remedy=Text(
            "请核对旧表的末次示数和换表时间；旧表若已过零，请先登记它的位数；若先前的示数有误，请先更正。",
            "Check the old device's last reading and the time; if it passed zero, state its digits first; if the earlier reading is wrong, correct it first.",
        ),
        where=Where(column="final", value=f"{final:g}"),
    )


def _rederive(meter_id: int) -> None:
    """Have the meter's intervals and days derived anew over its full history."""
    enqueue("meter.refresh", {"meters": [meter_id]})
