"""Events, facts, figures with their receipts, and evidence.

Each verb is one transaction and joins the caller's. Verbs trust their caller to have proved the right
(``community.queries.area(user, slug, right)``); ``actor`` None or the system keeper means the program itself.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any, BinaryIO

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Coalesce
from django.utils import timezone

import tanlin
from tanlin.community import queries as community
from tanlin.kernel.errors import BadInput, NotFound, Text, Where
from tanlin.kernel.figure import Figure
from tanlin.kernel.period import Period
from tanlin.kernel.receipt import Receipt, canonical, sha256, significant
from tanlin.record import store
from tanlin.record.facts import FactRow, FactUse, correction_vintage, region_reach
from tanlin.record.models import (
    Approval,
    ApprovalRule,
    Blob,
    ChainHead,
    Delegation,
    Event,
    Evidence,
    Fact,
    FigureFact,
    FigureRow,
    Job,
    Notice,
    ReceiptRow,
)
from tanlin.record.replay import same_inputs, same_result, table_bytes

GENESIS = ""


# --- event log -----------------------------------------------------------------------------------------------------
@transaction.atomic
def report_event(
    verb: str, *, actor: Any = None, area: Any = None, subject: str = "", data: dict[str, Any] | None = None
) -> Event:
    """Append one event to the hash chain. ``data`` is JSON (usually the diff of the verb)."""
    previous = _lock_chain()
    at = timezone.now()
    body = event_body(at, _pk(actor), verb, _pk(area), subject, data or {}, previous)
    event = Event.objects.create(
        at=at,
        actor_id=_pk(actor),
        verb=verb,
        area_id=_pk(area),
        subject=subject,
        body=body,
        previous=previous,
        hash=sha256(body.encode()),
    )
    ChainHead.objects.filter(pk=1).update(hash=event.hash, length=F("length") + 1)
    return event


def event_body(
    at: datetime, actor: int | None, verb: str, area: int | None, subject: str, data: Any, previous: str
) -> str:
    """The canonical JSON an event is hashed over."""
    fields = {"actor": actor, "area": area, "at": at.astimezone(UTC).isoformat(), "data": data}
    return canonical({**fields, "previous": previous, "subject": subject, "verb": verb}).decode()


def _lock_chain() -> str:
    # The update takes the row lock on PostgreSQL and the write lock on SQLite, before the hash is read.
    if not ChainHead.objects.filter(pk=1).update(length=F("length")):
        ChainHead.objects.bulk_create([ChainHead(pk=1, hash=GENESIS)], ignore_conflicts=True)
        ChainHead.objects.filter(pk=1).update(length=F("length"))
    return ChainHead.objects.get(pk=1).hash


# --- dated facts ---------------------------------------------------------------------------------------------------
def add_fact(row: FactRow, *, actor: Any = None) -> bool:
    """Append one fact; False when the newest row of its publication already says the same."""
    return add_facts([row], actor=actor) == 1


@transaction.atomic
def add_facts(rows: Iterable[FactRow], *, actor: Any = None) -> int:
    """Append facts that say something new, mark the figures they touch as stale, return how many were added.

    Loading the same rows again adds none. Raises BadInput for a fact without id, kind or day of publication,
    or whose validity ends before it begins.
    """
    added = [Fact(**vars(row)) for row in news(rows)]
    Fact.objects.bulk_create(added, batch_size=500)
    if FigureRow.objects.exists():
        for fact in added:
            _mark(resting_on(fact_row(fact)))
    if added:
        names = [f"{fact.fact_id}@{fact.vintage}" for fact in added[:50]]
        report_event(
            "record.facts_added",
            actor=actor,
            subject=added[0].fact_id if len(added) == 1 else "",
            data={"count": len(added), "facts": names},
        )
    return len(added)


def news(rows: Iterable[FactRow]) -> list[FactRow]:
    """Of rows, those that say something new, with the vintage they would be stored under now.

    Raises BadInput as :func:`add_facts`.
    """
    rows = [_checked(row) for row in rows]
    newest = _newest_of({row.fact_id for row in rows})
    found = []
    for row in rows:
        known = newest.get((row.fact_id, row.published))
        if known is not None and _content(known) == _content(row):
            continue
        learned = timezone.now()
        vintage = row.published.isoformat() if known is None else correction_vintage(row.published, learned)
        stored = replace(row, learned=learned, vintage=vintage)
        newest[row.fact_id, row.published] = stored
        found.append(stored)
    return found


def _newest_of(ids: set[str]) -> dict[tuple[str, date], FactRow]:
    known: dict[tuple[str, date], FactRow] = {}
    for chunk in _chunks(sorted(ids), 500):
        for fact in Fact.objects.filter(fact_id__in=chunk).order_by("learned", "id"):
            known[fact.fact_id, fact.published] = fact_row(fact)
    return known


def fact_row(fact: Fact) -> FactRow:
    """The plain form of a stored fact."""
    return FactRow(**{name: getattr(fact, name) for name in FactRow.__dataclass_fields__})


def _checked(row: FactRow) -> FactRow:
    if not (row.fact_id and row.kind and isinstance(row.published, date)):
        raise BadInput(
            "record.fact_incomplete",
            Text("事实缺少编号、类别或发布日期。", "A fact lacks its id, kind or day of publication."),
            where=Where(value=row.fact_id or None),
        )
    if row.valid_from and row.valid_to and row.valid_to < row.valid_from:
        raise BadInput(
            "record.fact_validity",
            Text("有效期的结束早于开始。", "The validity ends before it begins."),
            where=Where(value=row.fact_id),
        )
    return row


def _content(row: FactRow) -> bytes:
    fields = {k: v for k, v in vars(row).items() if k not in ("learned", "vintage")}
    days = {k: v.isoformat() if isinstance(v, date) else v for k, v in fields.items()}
    return canonical(days)


def resting_on(fact: FactRow) -> QuerySet[FigureRow]:
    """The dirty index: figures that used this fact, or asked for its kind where and when it holds."""
    asked = Q(facts__kind=fact.kind)
    reach = region_reach(fact.region)
    if reach is not None:
        asked &= _within("facts__region", reach) | _within("area__region", reach)
    if fact.valid_from:
        asked &= Q(last_day__gte=fact.valid_from)
    if fact.valid_to:
        # A provisional figure stands on an older year, an unknown one on none: a fact that ends before may serve it;
        # and so it may where the figure stands on a fact of another region, which this one is perhaps nearer than.
        unsure = Q(provisional=True) | Q(value__isnull=True) | Q(reason__isnull=False)
        here = Fact.objects.filter(kind=fact.kind, region=fact.region).values("fact_id")
        cited = FigureFact.objects.filter(kind=fact.kind).exclude(fact_id="")
        elsewhere = Q(pk__in=cited.exclude(fact_id__in=here).values("figure"))
        asked &= Q(first_day__lte=fact.valid_to) | unsure | elsewhere
    touched = FigureRow.objects.filter(Q(facts__fact_id=fact.fact_id) | asked).values("pk")
    return FigureRow.objects.filter(pk__in=touched)


def _within(field: str, region: str) -> Q:
    return Q(**{field: region}) | Q(**{f"{field}__startswith": f"{region}-"})


# --- figures and receipts ------------------------------------------------------------------------------------------
@transaction.atomic
def store_blob(data: bytes, kind: str) -> str:
    """Keep bytes under their hash, once; returns ``sha256:<hex>``."""
    digest = sha256(data)
    if not Blob.objects.filter(pk=digest, data__isnull=False).exists():
        Blob.objects.bulk_create([Blob(sha256=digest, kind=kind, data=data)], ignore_conflicts=True)
    return digest


def publish_figure(
    figure: Figure,
    receipt: Receipt,
    facts: Iterable[FactUse] = (),
    *,
    batch: int | None = None,
    marks: int | None = None,
) -> bool:
    """Make ``figure`` the current one of its key, place and period; returns whether a receipt was minted.

    See :func:`publish_figures`; ``marks`` is that of this figure.
    """
    read = {} if marks is None else {figure.key: marks}
    return publish_figures([(figure, receipt)], facts, batch=batch, marks=read) == 1


@transaction.atomic
def publish_figures(
    pairs: Sequence[tuple[Figure, Receipt]],
    facts: Iterable[FactUse] = (),
    *,
    batch: int | None = None,
    marks: Mapping[str, int] | None = None,
) -> int:
    """Make figures of one place and period, with their receipts, the current ones; returns how many were minted.

    Mint rule: equal inputs and a result equal to nine digits keep the old receipt and row, only staleness ends.
    ``facts``: what was asked of the facts, the dirty index. ``batch``: watermark the readings were read at.
    ``marks``: ``queries.marks_of`` read *before* the inputs; a mark set meanwhile keeps a figure stale.
    Raises NotFound for an unknown place, ValueError when figure and receipt do not belong together.
    """
    if not pairs:
        return 0
    for figure, receipt in pairs:
        _check_pair(figure, receipt)
    ((place, period),) = {(figure.place, figure.period) for figure, _ in pairs}
    area, read, now = community.area(community.SYSTEM, place), marks or {}, timezone.now()
    held = FigureRow.objects.select_for_update(of=("self",)).select_related("receipt").order_by("pk")
    rows = {row.key: row for row in held.filter(area=area, period=period, key__in=[f.key for f, _ in pairs])}
    fresh, minted = [], []
    for figure, receipt in pairs:
        row = rows.get(figure.key)
        overtaken = row is not None and row.marks != read.get(figure.key, row.marks)
        if row is not None and _keeps_receipt(row.receipt, receipt, significant(figure.table)):
            fresh += [row.pk] if row.stale_since is not None and not overtaken else []
            continue
        minted.append((figure, receipt, now if overtaken else None))
    if fresh:
        FigureRow.objects.filter(pk__in=fresh).update(stale_since=None)
    _store_minted(minted, area, batch, set(facts))
    return len(minted)


def _store_minted(
    minted: list[tuple[Figure, Receipt, datetime | None]], area: Any, batch: int | None, facts: set[FactUse]
) -> None:
    """Tables, receipts, figures and what these asked of the facts; the last of each is when it is stale since."""
    if not minted:
        return
    columns = [_columns(figure, receipt) | {"stale_since": stale} for figure, receipt, stale in minted]
    _keep_receipts([receipt for _, receipt, _ in minted], area, batch)
    stored = FigureRow.objects.bulk_create(
        [
            FigureRow(key=figure.key, area=area, period=figure.period, **each)
            for (figure, _, _), each in zip(minted, columns, strict=True)
        ],
        update_conflicts=True,
        unique_fields=["key", "area", "period"],
        update_fields=list(columns[0]),
    )
    FigureFact.objects.filter(figure__in=stored).delete()
    FigureFact.objects.bulk_create(FigureFact(figure=row, **use._asdict()) for row in stored for use in facts)


@transaction.atomic
def store_receipt(receipt: Receipt) -> str:
    """Keep a receipt that no figure carries, such as the answer to a claim; returns its hash.

    Its result holds its rows itself, no table by hash. Raises NotFound for an unknown place.
    """
    _keep_receipts([receipt], community.area(community.SYSTEM, receipt.body["place"]), None)
    return receipt.hash


def _check_pair(figure: Figure, receipt: Receipt) -> None:
    stated = tuple(receipt.body[name] for name in ("figure", "place", "period"))
    if stated != (figure.key, figure.place, figure.period):
        raise ValueError(f"receipt is of {stated}, figure of {(figure.key, figure.place, figure.period)}")
    if figure.table is not None and receipt.body["result"].get("table") != sha256(table_bytes(figure.table)):
        raise ValueError("the receipt's result must hold the hash of the figure's table: replay.table_bytes")


def _keeps_receipt(old: ReceiptRow, new: Receipt, table: Any) -> bool:
    body = json.loads(old.body)
    if old.hash == new.hash or not same_inputs(body, new.body):
        return old.hash == new.hash
    mine = new.body["result"].get("table")
    try:
        return same_result(
            body["result"], new.body["result"], lambda digest: table if digest == mine else load_table(digest)
        )
    except NotFound:  # the old table was erased, so nothing is left to agree with
        return False


def load_table(digest: str) -> Any:
    """Rows of a stored table. Raises NotFound when it is not stored or was erased."""
    data = Blob.objects.filter(pk=digest).values_list("data", flat=True).first()
    if data is None:
        raise NotFound("record.blob_unknown")
    return json.loads(bytes(data))


def _keep_receipts(receipts: Iterable[Receipt], area: Any, batch: int | None) -> None:
    outside = {"place": area, "batch": batch, "created_at": timezone.now(), "code": tanlin.__version__}
    rows = [ReceiptRow(hash=receipt.hash, body=receipt.text, **outside) for receipt in receipts]
    ReceiptRow.objects.bulk_create(rows, ignore_conflicts=True)


def _columns(figure: Figure, receipt: Receipt) -> dict[str, Any]:
    """The columns of a figure; its table is kept first, to be named by its hash."""
    period = Period.parse(figure.period)
    table = None if figure.table is None else store_blob(table_bytes(figure.table), "table")
    same = ("value", "unit", "low", "high", "coverage", "estimated", "origin", "provisional")
    return {name: getattr(figure, name) for name in same} | {
        "first_day": period.first_day,
        "last_day": date.fromordinal(period.last_day_exclusive.toordinal() - 1),
        "receipt_id": receipt.hash,
        "reason": figure.reason._asdict() if figure.reason else None,
        "table_id": table,
        "computed_at": timezone.now(),
    }


@transaction.atomic
def mark_stale(
    area_ids: Iterable[int],
    first_day: date,
    last_day: date,
    keys: Iterable[str] | None = None,
    *,
    above: bool = True,
) -> int:
    """Mark figures of these areas and of all that hold them, whose period touches [first_day, last_day].

    Both days count, and so does what follows within the year: the tiers of a tariff count what was used before.
    ``keys``: these figures only. ``above`` False: not those of the areas that hold them. Returns
    how many figures are touched.
    """
    ids = set(area_ids)
    if above:
        ids = _with_holders(ids)
    year_end = date(last_day.year, 12, 31)
    touched = FigureRow.objects.filter(area_id__in=ids, first_day__lte=year_end, last_day__gte=first_day)
    return _mark(touched if keys is None else touched.filter(key__in=list(keys)))


def _with_holders(ids: set[int]) -> set[int]:
    """Ids of areas and of all that hold them, in both trees."""
    areas = community.areas(community.SYSTEM)
    held = _ids_in_paths(areas.filter(pk__in=ids).values_list("path", flat=True))
    # 网格 hold places across the first tree.
    grids = areas.filter(pk__in=held, grid__isnull=False).values_list("grid__path", flat=True)
    return held | _ids_in_paths(grids)


@transaction.atomic
def mark_older(versions: Mapping[str, int]) -> int:
    """Mark fresh figures that an older version of their method made than ``versions`` (id → version); returns how many."""
    rows = FigureRow.objects.filter(stale_since__isnull=True).values_list("pk", "receipt__body")
    older = [
        pk for pk, body in rows.iterator(chunk_size=500) if _is_older(json.loads(body)["method"], versions)
    ]
    return sum(_mark(FigureRow.objects.filter(pk__in=chunk)) for chunk in _chunks(older, 500))


def _is_older(method: dict[str, Any], versions: Mapping[str, int]) -> bool:
    return bool(method["version"] < versions.get(method["id"], 0))


def _mark(figures: Any) -> int:
    return figures.update(stale_since=Coalesce("stale_since", timezone.now()), marks=F("marks") + 1)


# --- evidence ------------------------------------------------------------------------------------------------------
@transaction.atomic
def store_evidence(stream: BinaryIO, *, name: str, media_type: str, area: Any, actor: Any = None) -> Evidence:
    """Keep a private file for an area. The same content in the same area is the same evidence."""
    digest, size = store.put(stream)
    found = Evidence.objects.filter(sha256=digest, area=area).first()
    if found is not None:
        return found
    evidence = Evidence.objects.create(
        sha256=digest,
        name=name.replace("\\", "/").rsplit("/", 1)[-1][-255:] or "file",
        size=size,
        media_type=media_type or "application/octet-stream",
        area=area,
        uploaded_by_id=_pk(actor),
        uploaded_at=timezone.now(),
    )
    report_event(
        "record.evidence_stored",
        actor=actor,
        area=area,
        subject=evidence.name,
        data={"sha256": digest, "size": size},
    )
    return evidence


@transaction.atomic
def erase_places(area_ids: Iterable[int], *, actor: Any = None) -> dict[str, int]:
    """Remove all figures, receipts, jobs and evidence of places that are about to be removed; events stay."""
    ids = list(area_ids)
    Approval.objects.filter(area__in=ids).delete()
    ApprovalRule.objects.filter(area__in=ids).delete()
    Delegation.objects.filter(area__in=ids).delete()
    Notice.objects.filter(area__in=ids).delete()
    digests = set(Evidence.objects.filter(area__in=ids).values_list("sha256", flat=True))
    counts = {
        model._meta.model_name or "": model.objects.filter(**{f"{field}__in": ids}).delete()[0]
        for model, field in ((FigureRow, "area"), (ReceiptRow, "place"), (Evidence, "area"), (Job, "area"))
    }
    shared = set(Evidence.objects.filter(sha256__in=digests).values_list("sha256", flat=True))

    def remove_files() -> None:
        for digest in sorted(digests - shared):
            store.remove(digest)

    transaction.on_commit(remove_files)
    report_event("record.places_erased", actor=actor, data={"areas": ids, "rows": counts})
    return counts


# --- small parts ---------------------------------------------------------------------------------------------------
def _pk(thing: Any) -> int | None:
    return getattr(thing, "pk", None)


def _ids_in_paths(paths: Iterable[str]) -> set[int]:
    return {int(part) for path in paths for part in path.strip("/").split("/")}


def _chunks(items: list[Any], size: int) -> Iterable[list[Any]]:
    return (items[start : start + size] for start in range(0, len(items), size))
