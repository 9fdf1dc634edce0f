"""Reads of the record. Whatever belongs to a place is handed out only to a user who may see that place.

Facts are public knowledge of the installation; figures, receipts, jobs, events and files belong to places.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from django.db.models import Q, QuerySet

from tanlin.community import queries as community
from tanlin.kernel.errors import NotFound, Text
from tanlin.kernel.figure import Figure
from tanlin.kernel.manifest import load, methods
from tanlin.kernel.receipt import InputErased, Replay, canonical, sha256
from tanlin.record import services, store
from tanlin.record.facts import FactRow, covers
from tanlin.record.models import Blob, ChainHead, Event, Evidence, Fact, FigureRow, Job, ReceiptRow
from tanlin.record.replay import judge
from tanlin.record.services import GENESIS, event_body, fact_row, load_table


# --- dated facts ---------------------------------------------------------------------------------------------------
def facts(
    kind: str | None = None,
    at: date | None = None,
    *,
    published_by: date | None = None,
    learned_by: datetime | None = None,
) -> list[FactRow]:
    """The newest vintage of each fact, by id; ``at``: only those that hold on that day.

    ``published_by`` and ``learned_by`` (both inclusive) ask for what was known then.
    """
    rows = Fact.objects.order_by("fact_id", "published", "learned", "id")
    if kind is not None:
        rows = rows.filter(kind=kind)
    if published_by is not None:
        rows = rows.filter(published__lte=published_by)
    if learned_by is not None:
        rows = rows.filter(learned__lte=learned_by)
    newest = {row.fact_id: fact_row(row) for row in rows}
    return [row for row in newest.values() if at is None or covers(row, at)]


def fact_by(fact_id: str, vintage: str | None = None) -> FactRow:
    """One vintage of a fact, or its newest. Raises NotFound."""
    rows = Fact.objects.filter(fact_id=fact_id, **({"vintage": vintage} if vintage else {}))
    row = rows.order_by("published", "learned", "id").last()
    if row is None:
        raise NotFound("record.fact_unknown", Text(f"没有事实 {fact_id}。", f"No fact {fact_id}."))
    return fact_row(row)


def fact_history(fact_id: str) -> list[FactRow]:
    """All vintages of a fact, oldest first; empty for an unknown id."""
    return [fact_row(row) for row in Fact.objects.filter(fact_id=fact_id)]


def newest_fact() -> int:
    """Number of the fact learned last: it grows with every fact that is added."""
    return Fact.objects.order_by("pk").values_list("pk", flat=True).last() or 0


# --- figures -------------------------------------------------------------------------------------------------------
def figure(area: Any, key: str, period: str) -> Figure | None:
    """The current figure, or None when it was never computed. The caller holds ``area``, so the right is proved."""
    row = _figures(area).filter(key=key, period=period).first()
    return _figure(row) if row else None


def figures(area: Any, period: str | None = None, *, tables: bool = True) -> dict[tuple[str, str], Figure]:
    """All current figures of a place by (key, period). ``tables`` False leaves the tables of charts unread."""
    rows = _figures(area).filter(**({"period": period} if period else {})).order_by("key", "period")
    return {
        (row.key, row.period): _figure(row, tables) for row in (rows if tables else rows.defer("table__data"))
    }


def figures_of(areas: Iterable[Any], keys: Iterable[str], period: str) -> dict[tuple[int, str], Figure]:
    """Some figures of a period of several places by (area id, key), in one query. The caller holds the areas."""
    rows = FigureRow.objects.filter(area__in=list(areas), key__in=list(keys), period=period)
    return {(row.area_id, row.key): _figure(row) for row in rows.select_related("area", "table")}


def stale(limit: int = 1000) -> list[tuple[int, str, str]]:
    """(area id, key, period) of stale figures, longest waiting first."""
    rows = FigureRow.objects.filter(stale_since__isnull=False).order_by("stale_since", "pk")
    return list(rows.values_list("area_id", "key", "period")[:limit])


@dataclass(frozen=True)
class Resting:
    """A published figure that a fact may move, with the body of its receipt. ``told``: value, low, high, provisional."""

    area_id: int
    key: str
    period: str
    receipt: str
    body: dict[str, Any]
    batch: int | None
    stale: bool
    told: dict[str, Any]


def resting_on(rows: Iterable[FactRow]) -> list[Resting]:
    """Figures that would be marked stale if these facts were added, by area, period and key."""
    found = {pk for row in rows for pk in services.resting_on(row).values_list("pk", flat=True)}
    return _resting(FigureRow.objects.filter(pk__in=found))


def standing(area_id: int, period: str) -> list[Resting]:
    """All figures of a place and period with the receipts they carry, by key."""
    return _resting(FigureRow.objects.filter(area_id=area_id, period=period))


def _resting(rows: QuerySet[FigureRow]) -> list[Resting]:
    return [
        Resting(
            row.area_id,
            row.key,
            row.period,
            row.receipt_id,
            json.loads(row.receipt.body),
            row.receipt.batch,
            row.stale_since is not None,
            {name: getattr(row, name) for name in ("value", "low", "high", "provisional")},
        )
        for row in rows.select_related("receipt").order_by("area_id", "period", "key")
    ]


def places_with(key: str) -> set[tuple[int, str]]:
    """(area id, period) for which a figure of this key exists, stale or not."""
    return set(FigureRow.objects.filter(key=key).values_list("area_id", "period"))


def marks(area: Any, key: str, period: str) -> int:
    """How often the figure was marked stale so far: read it before the inputs, hand it to ``publish_figure``."""
    return (
        FigureRow.objects.filter(area=area, key=key, period=period).values_list("marks", flat=True).first()
        or 0
    )


def marks_of(area: Any, period: str, keys: Iterable[str]) -> dict[str, int]:
    """:func:`marks` of the figures that exist among these, in one question."""
    rows = FigureRow.objects.filter(area=area, period=period, key__in=list(keys))
    return dict(rows.values_list("key", "marks"))


def _figures(area: Any) -> QuerySet[FigureRow]:
    return FigureRow.objects.filter(area=area).select_related("area", "table")


def _figure(row: FigureRow, tables: bool = True) -> Figure:
    same = (
        "value",
        "unit",
        "low",
        "high",
        "coverage",
        "estimated",
        "origin",
        "provisional",
        "computed_at",
        "stale_since",
    )
    return Figure(
        key=row.key,
        place=row.area.slug,
        period=row.period,
        receipt=row.receipt_id,
        reason=Text(**row.reason) if row.reason else None,
        table=json.loads(bytes(row.table.data))
        if tables and row.table and row.table.data is not None
        else None,
        **{name: getattr(row, name) for name in same},
    )


# --- receipts ------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class StoredReceipt:
    """A receipt with what stands outside its hash. ``area`` is its place."""

    hash: str
    body: dict[str, Any]
    area: Any
    batch: int | None
    created_at: datetime
    code: str

    @property
    def text(self) -> str:
        return canonical(self.body).decode()


def receipt(user: Any, digest: str, right: str = "view") -> StoredReceipt:
    """A receipt whose place the user may see; raises NotFound (unknown or not readable) or Forbidden."""
    row = ReceiptRow.objects.select_related("place").filter(pk=full_hash(digest)).first()
    if row is None:
        raise NotFound("record.receipt_unknown")
    community.require(user, row.place, right)
    if sha256(row.body.encode()) != row.hash:
        raise RuntimeError(f"the stored receipt {row.hash} was altered")
    return StoredReceipt(row.hash, json.loads(row.body), row.place, row.batch, row.created_at, row.code)


def full_hash(digest: str) -> str:
    """``sha256:<hex>`` of a hash written with or without its prefix."""
    return digest if digest.startswith("sha256:") else f"sha256:{digest}"


def current_figure(found: StoredReceipt) -> Figure | None:
    """The current figure that this receipt carries, or None when a newer receipt replaced it."""
    row = _figures(found.area).filter(receipt=found.hash).first()
    return _figure(row, tables=False) if row else None


def blob(digest: str) -> bytes:
    """Stored bytes by hash, for methods and receipts. Raises NotFound, or InputErased when erased by law."""
    row = Blob.objects.filter(pk=digest).first()
    if row is None:
        raise NotFound("record.blob_unknown")
    if row.data is None:
        raise InputErased(digest)
    return bytes(row.data)


def replay(user: Any, digest: str) -> Replay:
    """Recompute a receipt from its pinned inputs; needs the right ``replay`` at its place."""
    found = receipt(user, digest, "replay")
    return replay_body(found.body, found.batch)


def replay_body(body: dict[str, Any], batch: int | None, folder: Path | None = None) -> Replay:
    """Recompute a receipt body.

    ``folder``: the receipt is kept as a file there, its tables beside it as ``<hex>.json``; the method's
    function is then called with ``folder=`` as well.
    """
    stated = body["method"]
    method = methods().get((stated["id"], stated["version"]))
    if method is None:
        return Replay("retired")
    recompute = load(method.replay)
    try:
        if folder is None:
            return judge(body, recompute(body, batch), method.tolerance, load_table)
        found = recompute(body, batch, folder=folder)
        return judge(body, found, method.tolerance, lambda digest: _table_file(folder, digest))
    except InputErased:
        return Replay("erased")


def _table_file(folder: Path, digest: str) -> Any:
    return json.loads((folder / f"{digest.removeprefix('sha256:')}.json").read_bytes())


# --- jobs, events, evidence ----------------------------------------------------------------------------------------
def jobs(user: Any, area: Any, limit: int = 100) -> list[Job]:
    """The newest jobs of a place and all below it."""
    place = community.require(user, area)
    return list(Job.objects.filter(area__path__startswith=place.path).select_related("area", "actor")[:limit])


def job(user: Any, pk: int) -> Job:
    """A job of a readable place, or of the user's own; raises NotFound."""
    found = Job.objects.select_related("area", "actor").filter(pk=pk).first()
    if found is None:
        raise NotFound("record.job_unknown")
    if found.area is not None:
        community.require(user, found.area)
    elif user is not community.SYSTEM and (found.actor_id is None or found.actor_id != user.pk):
        raise NotFound("record.job_unknown")
    return found


def may_cancel(user: Any, found: Job) -> bool:
    """Whoever queued a job may cancel it, and whoever may ask for computing at its place."""
    own = found.actor_id is not None and found.actor_id == getattr(user, "pk", None)
    return (
        own
        or user is community.SYSTEM
        or (found.area is not None and community.may(user, found.area, "derive"))
    )


def events(
    user: Any, area: Any | None, *, before: int | None = None, verb: str = "", limit: int = 100
) -> list[Event]:
    """Events of a place and all below it, newest first, ``before`` an id; needs the right ``replay``.

    ``area`` None: of the whole installation, for the system keeper only.
    """
    rows = Event.objects.select_related("area", "actor")
    if area is not None:
        rows = rows.filter(area__in=community.subtree_ids(community.require(user, area, "replay")))
    elif user is not community.SYSTEM:
        raise NotFound()
    rows = rows.filter(Q(id__lt=before) if before else Q(), verb__startswith=verb)
    return list(rows.order_by("-id")[:limit])


def evidence(user: Any, digest: str) -> tuple[Evidence, Path]:
    """A file and where its bytes lie, for a user who may see one of its places; raises NotFound."""
    rows = Evidence.objects.filter(sha256=full_hash(digest)).select_related("area").order_by("pk")
    for row in rows:
        if community.may(user, row.area):
            return row, store.path_of(row.sha256)
    raise NotFound("record.evidence_unknown")


def evidence_of(user: Any, area: Any) -> list[Evidence]:
    """Files of a place and all below it, newest first."""
    place = community.require(user, area)
    rows = Evidence.objects.filter(area__path__startswith=place.path).select_related("area", "uploaded_by")
    return list(rows.order_by("-uploaded_at", "-pk"))


# --- chain ---------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Chain:
    """Outcome of a walk along the event chain. ``broken``: ids of events that do not fit, 0 for the head."""

    length: int
    head: str
    broken: list[int]

    @property
    def whole(self) -> bool:
        return not self.broken


def verify_chain() -> Chain:
    """Walk all events: each hashes to its hash, says what its columns say and follows the one before."""
    previous, length, broken = GENESIS, 0, []
    for event in Event.objects.order_by("id").iterator(chunk_size=2000):
        if not _fits(event, previous):
            broken.append(event.pk)
        previous, length = event.hash, length + 1
    head = ChainHead.objects.filter(pk=1).first()
    if (head.hash if head else GENESIS, head.length if head else 0) != (previous, length):
        broken.append(0)
    return Chain(length, previous, broken)


def _fits(event: Event, previous: str) -> bool:
    if event.previous != previous or sha256(event.body.encode()) != event.hash:
        return False
    try:
        data = event.data
    except (ValueError, KeyError):  # rewritten together with its hash, but no event
        return False
    fields = (event.at, event.actor_id, event.verb, event.area_id, event.subject, data, event.previous)
    return event_body(*fields) == event.body
