"""Meters, readings and imports in the JSON API."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from ninja import Field, Query, Router, Schema, Status

from tanlin.community import queries as community
from tanlin.kernel.period import zone
from tanlin.kernel.units import CANONICAL
from tanlin.meter import pushed, queries, services
from tanlin.meter.adapters import http_push
from tanlin.meter.gateways import Full
from tanlin.meter.models import Exceptional, Import, Meter, MeterRow
from tanlin.meter.vee import KINDS

router = Router(tags=["meter"])
MOST = 10_000


class MeterOut(Schema):
    """One open row of a metering point. ``latest``: local time at which its newest reading ends."""

    id: int
    number: str
    name: str
    carrier: str
    channel: str
    kind: str
    product: str
    unit: str
    multiplier: float
    place: str
    parent: int | None
    tariff: str
    valid_from: date
    latest: str | None
    health: str
    origin: str
    use: str


class RowOut(Schema):
    """One dated row."""

    channel: str
    kind: str
    product: str
    unit: str
    multiplier: float
    place: str
    parent: int | None
    tariff: str
    uncertainty_pct: float
    use: str
    valid_from: date
    valid_to: date | None


class MeterDetail(Schema):
    """A metering point with the rows in force."""

    id: int
    number: str
    name: str
    carrier: str
    canonical_unit: str
    rows: list[RowOut]
    children: list[int]


class ReadingOut(Schema):
    """An effective interval, before the multiplier, in the canonical unit of the carrier."""

    channel: str
    start: str
    seconds: int
    value: float
    quality: str


class ReadingsOut(Schema):
    """A page of effective intervals; ``origin`` tells demonstration data."""

    unit: str
    origin: str
    count: int
    items: list[ReadingOut]


class Span(Schema):
    """Local days, both included."""

    first: date | None = Field(None, alias="from")
    last: date | None = Field(None, alias="to")


class ImportOut(Schema):
    """One import of a file."""

    id: int
    filename: str
    state: str
    good: int | None
    bad: int | None
    batch: int | None
    undo_batch: int | None
    created: datetime
    finished: datetime | None


def _local(second: int, tz: str) -> str:
    return datetime.fromtimestamp(second, UTC).astimezone(zone(tz)).isoformat()


def meter_json(line: queries.Listed) -> dict[str, Any]:
    """One line of the list of meters as plain data."""
    row = line.row
    return {
        **{
            name: getattr(row, name)
            for name in ("channel", "kind", "product", "unit", "multiplier", "tariff", "use")
        },
        **{name: getattr(row.meter, name) for name in ("id", "number", "name", "carrier")},
        "place": row.place.slug,
        "parent": row.parent_id,
        "valid_from": row.valid_from,
        "latest": _local(line.latest, row.place.tz) if line.latest is not None else None,
        "health": line.health,
        "origin": row.place.origin,
    }


def row_json(row: MeterRow) -> dict[str, Any]:
    """One dated row as plain data."""
    names = (
        "channel",
        "kind",
        "product",
        "unit",
        "multiplier",
        "tariff",
        "uncertainty_pct",
        "use",
        "valid_from",
        "valid_to",
    )
    return {**{name: getattr(row, name) for name in names}, "place": row.place.slug, "parent": row.parent_id}


def import_json(imp: Import) -> dict[str, Any]:
    """One import as plain data."""
    names = ("id", "filename", "batch", "undo_batch", "created", "finished")
    counts = {name: imp.counts.get(name) for name in ("good", "bad")}
    return {**{name: getattr(imp, name) for name in names}, **counts, "state": queries.stage(imp)}


@router.get("/places/{slug:slug}/meters", response=list[MeterOut], operation_id="meters", url_name="meters")
def meters(
    request: HttpRequest,
    slug: str,
    q: str = "",
    carrier: str = "",
    limit: int = Query(200, ge=1, le=1000),
    offset: int = Query(0, ge=0),
) -> list[dict[str, Any]]:
    """Meters of a place and all below it, main meters first."""
    area = community.area(request.user, slug)
    rows = queries.search(area, q, carrier)[offset : offset + limit]
    return [meter_json(line) for line in queries.listed(area, rows)]


@router.get("/meters/{int:pk}", response=MeterDetail, operation_id="meter", url_name="meter")
def meter(request: HttpRequest, pk: int) -> dict[str, Any]:
    """One metering point."""
    found = queries.meter_by_id(request.user, pk)
    below = [child for child in queries.children(found) if community.may(request.user, child.place)]
    return {
        **{name: getattr(found, name) for name in ("id", "number", "name", "carrier")},
        "canonical_unit": CANONICAL[found.carrier],
        "rows": [row_json(row) for row in queries.rows_of(found)],
        "children": [child.meter_id for child in below],
    }


@router.get(
    "/meters/{int:pk}/readings", response=ReadingsOut, operation_id="readings", url_name="meter_readings"
)
def readings(
    request: HttpRequest,
    pk: int,
    span: Query[Span],
    limit: int = Query(1000, ge=1, le=MOST),
    offset: int = Query(0, ge=0),
) -> dict[str, Any]:
    """Effective intervals that start on the local days ``from`` to ``to`` (both included), a page at a time."""
    found = queries.meter_by_id(request.user, pk)
    place = _place(found)
    items, count = queries.effective(found, *queries.window(place, span.first, span.last), limit, offset)
    return {
        "unit": CANONICAL[found.carrier],
        "origin": place.origin,
        "count": count,
        "items": [{**item, "start": _local(item["start"], place.tz)} for item in items],
    }


def _place(meter: Meter) -> Any:
    row = queries.rows_of(meter).last()
    assert row is not None
    return row.place


class ExceptionOut(Schema):
    """Something a check found: [start, end) local; size and expected in the carrier's canonical unit before the multiplier.

    ``error``: 95 % half-width of an estimate, as a share of it.
    """

    id: int
    meter: int
    number: str
    channel: str
    kind: str
    start: str
    end: str
    size: float
    expected: float | None
    detail: dict[str, Any]
    state: str
    method: str
    error: float | None
    reason: str
    batch: int | None
    acted: datetime | None


_KIND = f"^({'|'.join(KINDS)}|)$"
_STATE = f"^({'|'.join(['waiting', 'all', *Exceptional.State.values])})$"


@router.get(
    "/places/{slug:slug}/exceptions",
    response=list[ExceptionOut],
    operation_id="exceptions",
    url_name="exceptions",
)
def exceptions(
    request: HttpRequest,
    slug: str,
    kind: str = Query("", pattern=_KIND),
    state: str = Query("waiting", pattern=_STATE),
    limit: int = Query(100, ge=1, le=1000),
    offset: int = Query(0, ge=0),
) -> list[dict[str, Any]]:
    """What the checks found in the readings of the meters below a place, newest first."""
    area = community.area(request.user, slug)
    found = queries.quality.exceptions(area, kind, state)[offset : offset + limit]
    return [exception_json(one, area.tz) for one in found]


def exception_json(one: Exceptional, tz: str) -> dict[str, Any]:
    """One exception as plain data, times local to ``tz``."""
    names = (
        "id", "channel", "kind", "size", "expected", "detail", "state", "method", "error", "reason", "batch", "acted",
    )  # fmt: skip
    span = {"start": _local(one.start, tz), "end": _local(one.end, tz)}
    return {
        **{name: getattr(one, name) for name in names},
        **span,
        "meter": one.meter_id,
        "number": one.meter.number,
    }


@router.get(
    "/places/{slug:slug}/imports", response=list[ImportOut], operation_id="imports", url_name="imports"
)
def imports(
    request: HttpRequest, slug: str, limit: int = Query(100, ge=1, le=1000), offset: int = Query(0, ge=0)
) -> list[dict[str, Any]]:
    """Imports of a place, newest first."""
    area = community.area(request.user, slug)
    return [import_json(imp) for imp in queries.imports(area)[offset : offset + limit]]


class FaultOut(Schema):
    """A row that is no reading: kept aside with its reason."""

    row: int
    field: str
    value: str
    reason: str
    message: dict[str, str]
    remedy: dict[str, str]


class PushOut(Schema):
    """``stored`` readings and ``held`` rows are on disk; the first hundred faults are named."""

    stored: int
    held: int
    faults: list[FaultOut]


#: Faults named in one answer.
NAMED = 100
_rates = http_push.Rates()


@router.post(
    "/push",
    auth=None,  # a token of its own, no session
    response={202: PushOut, 413: dict, 429: dict, 503: dict, 507: dict},
    operation_id="push",
    url_name="push",
)
def push(request: HttpRequest, response: HttpResponse, precision: str = "ns") -> Any:
    """Readings of a gateway: JSON or InfluxDB line protocol, plain or gzip, with ``Authorization: Bearer TOKEN``.

    202 says that the whole batch is on disk; a row that is no reading is kept aside and named. Sending a batch
    again adds nothing. ``precision`` (s, ms, us, ns) is that of times in line protocol. 429, 503 and 507 say when to
    try again: nothing of the batch was kept.
    """
    try:
        return Status(202, _pushed(request, precision))
    except (Full, http_push.TooMany) as error:
        response["Retry-After"] = str(http_push.RETRY_SECONDS)
        return Status(error.http_status, error.as_dict())


def _pushed(request: HttpRequest, precision: str) -> dict[str, Any]:
    token = http_push.bearer(request.headers.get("Authorization", ""))
    gateway = queries.gateway_by_hash(services.hash_of(token))
    if gateway is None:
        raise http_push.unknown()
    if not gateway.enabled:
        raise http_push.switched_off()
    encoding = request.headers.get("Content-Encoding", "").strip().lower()
    body = http_push.unpack(request.read(http_push.MOST_BYTES + 1), encoding)
    given = http_push.defaults_of(gateway.config, gateway.area.tz, int(time.time()))
    heard = pushed.parse(body, given, precision)
    _rates.count(gateway.pk, len(heard.samples) + len(heard.rejects), settings.PUSH_ROWS_PER_MINUTE)
    services.take(gateway.pk, heard.samples, heard.rejects).result()
    return {
        "stored": len(heard.samples),
        "held": len(heard.rejects),
        "faults": [fault.as_dict() for fault in heard.faults[:NAMED]],
    }
