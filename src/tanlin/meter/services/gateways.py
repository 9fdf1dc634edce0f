"""Verbs of gateways: set up, take in, map points, and flush the inbox into the log of readings."""

from __future__ import annotations

import hashlib
import os
import secrets
import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, transaction

from tanlin.kernel.errors import BadInput, Conflict, Text, Where
from tanlin.kernel.ports import report_event
from tanlin.kernel.units import factor_to_canonical
from tanlin.meter.adapters import adapter
from tanlin.meter.gateways import POINT_LENGTH, RAW_LENGTH, Reject, Sample, fault
from tanlin.meter.models import Channel, Gateway, GatewayPoint, Meter
from tanlin.meter.queries.gateways import inbox, secret_file
from tanlin.readings import Held

if TYPE_CHECKING:
    from tanlin.community.queries import Area

TOKEN_START = "tlg_"


@transaction.atomic
def create_gateway(
    area: Area, *, kind: str, name: str, config: Mapping[str, Any], actor: Any, secret: str = ""
) -> Gateway:
    """Set up a source of readings for a place. Raises BadInput for a wrong setting, Conflict for a name taken."""
    checked = adapter(kind).check(config)
    gateway = Gateway(area=area, kind=kind, name=_named(name), config=checked, actor=_user(actor))
    _save(gateway)
    _keep_secret(gateway, secret)
    _tell("meter.gateway_created", gateway, actor, {"kind": kind, "config": checked, "secret": bool(secret)})
    return gateway


@transaction.atomic
def change_gateway(
    gateway: Gateway, *, name: str, config: Mapping[str, Any], actor: Any, secret: str | None = None
) -> Gateway:
    """Other settings; the listener starts it anew. ``secret`` None keeps the present one, "" removes it."""
    gateway.name, gateway.config = _named(name), adapter(gateway.kind).check(config)
    gateway.revision += 1
    _save(gateway, "name", "config", "revision")
    if secret is not None:
        _keep_secret(gateway, secret)
    data = {"name": gateway.name, "config": gateway.config, "secret_changed": secret is not None}
    _tell("meter.gateway_changed", gateway, actor, data)
    return gateway


@transaction.atomic
def enable_gateway(gateway: Gateway, on: bool, *, actor: Any) -> None:
    """Switch a source on or off. What it has sent stays; a switched-off source is refused with 403."""
    gateway.enabled = on
    gateway.revision += 1
    gateway.save(update_fields=["enabled", "revision"])
    _tell("meter.gateway_enabled" if on else "meter.gateway_disabled", gateway, actor)


@transaction.atomic
def new_token(gateway: Gateway, *, actor: Any) -> str:
    """Give a source a new token and return it: this once; only its SHA-256 is stored. The old one ends."""
    token = TOKEN_START + secrets.token_urlsafe(32)
    gateway.token_hash = hash_of(token)
    gateway.save(update_fields=["token_hash"])
    _tell("meter.gateway_token_made", gateway, actor)
    return token


@transaction.atomic
def revoke_token(gateway: Gateway, *, actor: Any) -> None:
    """End the token of a source."""
    gateway.token_hash = None
    gateway.save(update_fields=["token_hash"])
    _tell("meter.gateway_token_revoked", gateway, actor)


def hash_of(token: str) -> str:
    """SHA-256 of a token: it carries 256 random bits, so that no slow hash is needed."""
    return hashlib.sha256(token.encode()).hexdigest()


def map_point(
    gateway: Gateway,
    point: str,
    meter: Meter,
    *,
    actor: Any,
    channel: str = "import",
    unit: str = "",
    scale: float = 1.0,
) -> int:
    """Say which meter a point is; what it sent before waits for the next flush. Returns how many rows do.

    Raises BadInput for an unknown channel or a unit that does not fit the meter's carrier.
    """
    if channel not in Channel.values or not point or not scale or abs(scale) > 1e12:
        raise BadInput(
            "meter.bad_point",
            Text("测点、方向或系数不对。", "Point, channel or scale is wrong."),
            where=Where(value=point),
        )
    if unit:
        factor_to_canonical(unit, meter.carrier)
    with transaction.atomic():
        values = {"meter": meter, "channel": channel, "unit": unit, "scale": scale}
        GatewayPoint.objects.update_or_create(gateway=gateway, name=point, defaults=values)
        _tell("meter.point_mapped", gateway, actor, {**values, "meter": meter.number, "point": point})
    return inbox().release(gateway.pk, point)


def unmap_point(gateway: Gateway, point: str, *, actor: Any) -> None:
    """Forget which meter a point is; readings already taken stay."""
    with transaction.atomic():
        if GatewayPoint.objects.filter(gateway=gateway, name=point).delete()[0]:
            _tell("meter.point_unmapped", gateway, actor, {"point": point})


def retry_held(gateway: Gateway) -> int:
    """Let everything that is held and carries a value be judged again at the next flush; how many rows."""
    return inbox().release(gateway.pk)


def discard_held(gateway: Gateway, point: str, reason: str, *, actor: Any) -> int:
    """Drop held rows because a person says so; the event tells how many."""
    rows = inbox().discard(gateway.pk, reason, point)
    if rows:
        data = {"point": point, "reason": reason, "rows": rows}
        with transaction.atomic():
            _tell("meter.held_discarded", gateway, actor, data)
    return rows


def take(gateway_id: int, samples: Iterable[Sample], rejects: Iterable[Reject] = ()) -> Future[None]:
    """Put rows into the inbox; the future is done when all of them are on disk, and raises Full when none is.

    A sample that cannot be a reading is held with its reason.
    """
    now = int(time.time())
    good, held = (
        [],
        [
            Held(_text(r.point), None, None, None, None, "", _text(r.raw, RAW_LENGTH), r.reason)
            for r in rejects
        ],
    )
    for sample in samples:
        reason = fault(sample, now)
        if reason is None:
            good.append(
                sample._replace(point=_text(sample.point), unit=sample.unit and _text(sample.unit, 20))
            )
        else:
            held.append(_held(sample, reason))
    return inbox().submit(gateway_id, good, held)


def _held(sample: Sample, reason: str) -> Held:
    """A faulty sample; what no column can hold stays in the raw text alone."""
    fits = abs(sample.start) < 2**62 and 0 <= sample.seconds < 2**31 and reason in ("time", "channel")
    numbers = (sample.start, sample.seconds, sample.value) if fits else (None, None, None)
    return Held(
        _text(sample.point),
        *numbers,
        sample.unit,
        _text(sample.channel, 20),
        str(sample)[:RAW_LENGTH],
        reason,
    )


def _text(text: str, most: int = POINT_LENGTH) -> str:
    """What both databases can hold."""
    return text[:most].replace("\0", " ").encode("utf-8", "replace").decode()


def erase_gateways(area_ids: Sequence[int]) -> int:
    """Forget the sources of places that are removed, with what they sent and nobody mapped; how many."""
    gone = list(Gateway.objects.filter(area__in=area_ids))
    for gateway in gone:
        key = gateway.pk
        gateway.delete()
        secret_file(key).unlink(missing_ok=True)
        inbox().drop_source(key)
    return len(gone)


def _named(name: str) -> str:
    if not name.strip():
        raise BadInput(
            "meter.gateway_unnamed", Text("请填写名称。", "Give it a name."), where=Where(column="name")
        )
    return name.strip()[:80]


def _save(gateway: Gateway, *fields: str) -> None:
    """All fields of a new one; else those that change, so that nothing another hand wrote meanwhile comes back."""
    try:
        with transaction.atomic():
            gateway.save(update_fields=fields or None)
    except IntegrityError as error:
        raise Conflict(
            "meter.gateway_exists",
            Text(
                f"此处已有名为“{gateway.name}”的网关。", f"There is a gateway called “{gateway.name}” here."
            ),
            remedy=Text("请换一个名称。", "Choose another name."),
        ) from error


def _keep_secret(gateway: Gateway, secret: str) -> None:
    """The secret lies in a file of its own (mode 600) in TANLIN_HOME: the listener must have it in clear."""
    path = secret_file(gateway.pk)
    if not secret:
        path.unlink(missing_ok=True)
        return
    path.parent.mkdir(mode=0o700, exist_ok=True)
    draft = path.with_suffix(".new")
    with os.fdopen(os.open(draft, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w") as file:
        file.write(secret)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def _user(actor: Any) -> Any:
    return actor if getattr(actor, "pk", None) else None


def _tell(verb: str, gateway: Gateway, actor: Any, data: dict[str, Any] | None = None) -> None:
    report_event(verb, actor=actor, area=gateway.area, subject=gateway.name, data=data or {})
