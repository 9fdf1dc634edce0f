"""Reads of gateways: how they stand, what waits, and which meter a point is."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import connection
from django.db.models import Count, Q

from tanlin.community import queries as community
from tanlin.kernel.errors import NotFound
from tanlin.kernel.paths import home
from tanlin.meter.gateways import Source
from tanlin.meter.listen import FLUSHER, LISTENER
from tanlin.meter.models import Gateway, GatewayPoint, MeterRow
from tanlin.readings import Inbox, Standing

if TYPE_CHECKING:
    from tanlin.community.queries import Area

#: So long without a sign of life and the listener is not running.
LOST_SECONDS = 40


def inbox() -> Inbox:
    """The inbox of this installation: a file in TANLIN_HOME, or tables beside the others on PostgreSQL."""
    if connection.vendor == "postgresql":
        return _postgres(tuple(sorted(connection.get_connection_params().items(), key=str)))
    return _sqlite(home() / "inbox.sqlite3")


@lru_cache(maxsize=8)
def _sqlite(path: Path) -> Inbox:
    return Inbox(path, settings.INBOX_ROWS)


@lru_cache(maxsize=8)
def _postgres(parameters: tuple[tuple[str, Any], ...]) -> Inbox:
    wanted = ("dbname", "user", "password", "host", "port", "sslmode", "sslrootcert", "service")
    return Inbox({k: v for k, v in parameters if k in wanted}, settings.INBOX_ROWS)


def secret_file(gateway_id: int) -> Path:
    """Where the password of a gateway lies, if it has one."""
    return home() / "gateways" / f"{gateway_id}.secret"


@dataclass(frozen=True)
class Line:
    """A gateway with how it stands. ``state``: disabled, or what its adapter reported, or ready for a pushed one."""

    gateway: Gateway
    standing: Standing
    state: str
    mapped: int


def gateways(area: Area) -> list[Line]:
    """The gateways of a place whose right has been proved, and of those below it."""
    found = Gateway.objects.filter(area__path__startswith=area.path).select_related("area")
    standings = inbox().standings()
    lines = []
    for gateway in found.annotate(mapped=Count("points")).order_by("area__path", "name"):
        standing = standings.get(gateway.pk, Standing())
        lines.append(Line(gateway, standing, _state(gateway, standing), gateway.mapped))
    return lines


def _state(gateway: Gateway, standing: Standing) -> str:
    if not gateway.enabled:
        return "disabled"
    if gateway.kind != "http":
        return standing.state
    if gateway.token_hash is None:
        return "no_token"
    return "connected" if standing.seen else "ready"


@dataclass(frozen=True)
class Listener:
    """The worker that listens and flushes: whether it runs, and why its last flush failed."""

    runs: bool
    error: dict[str, Any] | None


def listener() -> Listener:
    """Whether the worker has given a sign of life lately."""
    found = inbox().standings()
    beat, flusher = found.get(LISTENER, Standing()), found.get(FLUSHER, Standing())
    runs = beat.state == "connected" and beat.at is not None and time.time() - beat.at < LOST_SECONDS
    return Listener(runs, flusher.error)


def gateway(user: Any, slug: str, pk: int, right: str = "view") -> tuple[Area, Gateway]:
    """The place and one gateway below it. Raises NotFound or Forbidden."""
    area = community.area(user, slug, right)
    found = Gateway.objects.select_related("area").filter(pk=pk, area__path__startswith=area.path).first()
    if found is None:
        raise NotFound()
    return area, found


def gateway_by_hash(token_hash: str) -> Gateway | None:
    """The source that pushes with a token."""
    return Gateway.objects.select_related("area").filter(token_hash=token_hash).first()


def sources() -> dict[int, tuple[int, Source]]:
    """Gateways that the listener speaks with: id → (revision, source)."""
    found = Gateway.objects.filter(enabled=True).exclude(kind="http").select_related("area")
    return {one.pk: (one.revision, source_of(one)) for one in found}


def source_of(one: Gateway) -> Source:
    """A gateway as its adapter sees it, with the secret."""
    path = secret_file(one.pk)
    secret = path.read_text("utf-8") if path.exists() else ""
    return Source(one.pk, one.name, one.kind, one.area.tz, one.config, secret)


def points(one: Gateway) -> list[dict[str, Any]]:
    """Mapped points with their meter and newest reading."""
    newest = inbox().newest(one.pk)
    rows = GatewayPoint.objects.filter(gateway=one).select_related("meter").order_by("name")
    return [{"point": row, "newest": newest.get(row.name)} for row in rows]


@dataclass(frozen=True)
class Mapped:
    """What a point means: ``unit`` is the one its values are in where the source is silent."""

    meter: int
    carrier: str
    channel: str
    unit: str
    scale: float
    root: int


def mapped(gateway_ids: set[int]) -> dict[tuple[int, str], Mapped]:
    """(gateway, point) → what it means, of all mapped points whose meter is in the registry."""
    rows = list(GatewayPoint.objects.filter(gateway__in=gateway_ids).select_related("meter__owner_area"))
    units = units_of({row.meter_id for row in rows})
    return {
        (row.gateway_id, row.name): Mapped(
            row.meter_id,
            row.meter.carrier,
            row.channel,
            row.unit or units[row.meter_id],
            row.scale,
            row.meter.owner_area.ancestor_ids[0],
        )
        for row in rows
        if row.meter_id in units
    }


def units_of(meter_ids: set[int]) -> dict[int, str]:
    """Unit in which a meter is read, by its newest row in force."""
    ids = sorted(meter_ids)
    found: dict[int, str] = {}
    for at in range(0, len(ids), 500):  # SQLite binds a limited number of variables
        rows = MeterRow.objects.filter(superseded_at__isnull=True, meter__in=ids[at : at + 500])
        found.update(rows.order_by("valid_from").values_list("meter_id", "unit"))
    return found


def meters_numbered(one: Gateway, names: list[str]) -> dict[str, tuple[int, str]]:
    """Point → (meter, channel), for points that bear the number of exactly one registered meter of the gateway's place.

    The channel is import, or the only one of a meter without import, such as a meter of generation.
    """
    found: dict[str, dict[int, set[str]]] = {}
    near = Q(meter__owner_area__path__startswith=one.area.path) | Q(
        meter__owner_area__in=one.area.ancestor_ids
    )
    for at in range(0, len(names), 500):
        rows = MeterRow.objects.filter(
            near, superseded_at__isnull=True, meter__number__in=names[at : at + 500]
        )
        below = rows.filter(place__path__startswith=one.area.path)
        for number, meter, channel in below.values_list("meter__number", "meter_id", "channel"):
            found.setdefault(number, {}).setdefault(meter, set()).add(channel)
    alone = {number: next(iter(meters.items())) for number, meters in found.items() if len(meters) == 1}
    return {
        number: (meter, "import" if "import" in channels else min(channels))
        for number, (meter, channels) in alone.items()
        if "import" in channels or len(channels) == 1
    }
