"""Verbs that write readings. Each is whole or has not happened, at whatever moment the process dies.

An append takes the writer lock, settles what a dead writer left, reserves a batch number in SQL, appends to
the log under an application transaction with that number, forces files to disk, then marks the batch
committed and runs ``on_commit`` in one SQL transaction. A batch found open under the lock has no writer any
more: it is committed if the log holds its number, void if not.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from functools import partial

import pyarrow as pa
from django.db import connection, transaction
from django.db.models import Max
from django.utils import timezone

from tanlin.kernel.errors import Conflict, NotFound, Text
from tanlin.readings import compact as compacting
from tanlin.readings import refresh as refreshing
from tanlin.readings.disk import full_disk_named
from tanlin.readings.incoming import incoming
from tanlin.readings.locks import locked
from tanlin.readings.models import Batch, State
from tanlin.readings.queries import dead, live, root, store, versions, watermark
from tanlin.readings.refresh import Changes, Versions
from tanlin.readings.store import Store

__all__ = ["Compacted", "Refreshed", "append", "compact", "connect"]
__all__ += ["rebuild", "recover", "refresh", "registry", "void"]

logger = logging.getLogger(__name__)
OnCommit = Callable[[Batch], object]
Registry = Callable[[], tuple[pa.Table, pa.Table]]


@dataclass(frozen=True)
class Refreshed:
    """What a refresh changed.

    ``changed``: meter_id, channel, day (yyyymmdd). ``months``: meter_id, channel, month ("YYYY-MM", UTC) with
    any changed effective row, bills included. ``problems``: register steps that stayed gaps.
    """

    watermark: int
    changed: pa.Table
    months: pa.Table
    meter_days: int
    rows: int
    problems: pa.Table


@dataclass(frozen=True)
class Compacted:
    """What a compaction did: months of the log merged, files deleted of all tables."""

    months: list[str]
    files: int


@dataclass
class _Connections:
    registry: Registry | None = None
    recovered: list[OnCommit] = field(default_factory=list)


_connections = _Connections()


def connect(*, registry: Registry | None = None, recovered: OnCommit | None = None) -> None:
    """How the room that owns meters connects, in its ``AppConfig.ready``.

    ``registry`` gives today's (devices, zones). ``recovered`` is called, in the SQL transaction, with each
    batch whose writer died between log and SQL: it must do what the lost ``on_commit`` would have done.
    """
    if registry is not None:
        _connections.registry = registry
    if recovered is not None and recovered not in _connections.recovered:
        _connections.recovered.append(recovered)


def registry() -> tuple[pa.Table, pa.Table]:
    """Today's (devices, zones). Raises RuntimeError where no room has connected."""
    if _connections.registry is None:
        raise RuntimeError("no room has connected a registry of meters to readings")
    return _connections.registry()


@full_disk_named()
def append(
    rows: pa.Table | pa.RecordBatchReader, *, source: str, on_commit: OnCommit | None = None
) -> Batch | None:
    """Add readings to the log as one batch; None, and no batch, when none of them is news.

    Rows equal to what counts today (same key, value and quality) are dropped. Memory stays bounded for a
    reader. ``on_commit(batch)`` runs inside the SQL transaction that commits; when it raises, the batch is
    void and the error goes on.

    Args:
        rows: schema READINGS. source: where they come from, for people and for ``recovered``.

    Raises:
        BadInput: a column is missing or of the wrong type; a cell is empty, not finite or out of range; two
            rows have one key and different values. Nothing is stored then.
        Conflict: another writer keeps the lock.
        DiskFull: there was no space; nothing counts, and the same call may be made again.
    """
    place = store()
    with incoming(place, rows) as given, locked("writer", connection):
        _state(place)
        _recover(place)
        fresh = given.news(place.source("log", months=given.months, where=live(watermark())))
        if fresh is None:
            return None
        batch = _reserve(source)
        try:
            place.append(given.as_batch(fresh, batch.number), batch.number)
            return _commit(place, batch, given.months, on_commit)
        except BaseException:
            _give_up(batch)
            raise


@full_disk_named()
def void(number: int, *, source: str = "undo", on_commit: OnCommit | None = None) -> Batch:
    """Undo a committed batch by a new one; undoing that one brings the readings back.

    Raises NotFound for an unknown batch and Conflict for one that does not count any more.
    """
    place = store()
    with locked("writer", connection):
        _state(place)
        _recover(place)
        target = Batch.objects.filter(number=number).first()
        if target is None:
            raise NotFound("readings.no_batch", Text("没有这一批读数。", "There is no such batch."))
        if number in dead(watermark()):
            raise Conflict(
                "readings.already_void", Text("这一批读数已经撤销。", "This batch is undone already.")
            )
        now = timezone.now()
        with transaction.atomic(durable=True):
            batch = Batch.objects.create(
                number=_next_number(),
                state=Batch.Status.COMMITTED,
                source=source,
                voids=target,
                rows=target.rows,
                meters=target.meters,
                first_start=target.first_start,
                last_end=target.last_end,
                created=now,
                committed_at=now,
            )
            if on_commit is not None:
                on_commit(batch)
        return batch


@full_disk_named()
def recover() -> list[Batch]:
    """Finish or void what a dead writer left; the batches settled. A live writer is waited for."""
    place = store()
    with locked("writer", connection):
        _state(place)
        return _recover(place)


@full_disk_named()
def refresh(devices: pa.Table | None, zones: pa.Table, meters: Iterable[int] = ()) -> Refreshed:
    """Bring ``current``, ``days`` and the digests up to the watermark, and let readers see it at once.

    Args:
        devices: schema DEVICES, zones: schema ZONES, of all meters. meters: those whose devices or zone
            changed; they are derived anew over their full history.
    """
    place = store()
    with locked("refresh", connection):
        state = _state(place)
        pinned = replace(versions(state), log=_durable_log(place))
        upto = watermark()
        news = Batch.objects.filter(refreshed=False, number__lte=upto, state=Batch.Status.COMMITTED)
        numbers = {root(batch).number for batch in news}
        return _refresh(place, pinned, upto, numbers, devices, zones, meters)


@full_disk_named()
def rebuild(devices: pa.Table | None, zones: pa.Table) -> Refreshed:
    """Drop the derived tables and derive them anew from the whole log; readers keep the old ones till then."""
    place = store()
    with locked("refresh", connection):
        _state(place)
        empty = Versions(_durable_log(place), *(place.clear(name) for name in ("current", "days", "digests")))
        numbers = set(Batch.objects.values_list("number", flat=True))
        return _refresh(place, empty, watermark(), numbers, devices, zones, ())


@full_disk_named()
def compact(progress: Callable[[int, int], object] = lambda done, total: None) -> Compacted:
    """Merge the small files of the log, and delete files of all tables that nobody can be reading.

    No row changes, and what receipts pin stays. Appends wait for one month at most, readers for nothing.
    ``progress(done, total)`` is called between the months; it may raise to stop there. Raises BadInput for
    a bad ``TANLIN_RETENTION_HOURS`` and Conflict when another process keeps a lock.
    """
    hours = compacting.retention()
    place = store()
    with locked("refresh", connection):
        _state(place)
        months = compacting.crowded(place)
        for done, month in enumerate(months):
            progress(done, len(months))
            with locked("writer", connection):
                _recover(place)
                _merge(place, month)
        return Compacted(months, _sweep(place, hours))


def _merge(place: Store, month: str) -> None:
    """Under both locks. A death in between is found by ``merging``, which ``_recover`` settles."""
    State.objects.filter(pk=1).update(merging=place.version("log"))
    compacting.merge(place, month)
    State.objects.filter(pk=1).update(log=place.version("log"), merging=None)


def _sweep(place: Store, hours: int) -> int:
    """Point readers at the newest versions, which hold what they see already, then delete unused files."""
    state = State.objects.get(pk=1)
    derived = {name: getattr(state, name) for name in ("current", "days", "digests")}
    with locked("writer", connection):
        _recover(place)
        for name, version in derived.items():
            place.rewind(name, version)
        seen = {"log": state.log, **derived}  # a reader may have asked for these a moment ago
        State.objects.filter(pk=1).update(**{name: place.version(name) for name in seen})
        files = sum(place.sweep(name, version, hours) for name, version in seen.items())
    place.sweep_staging(hours)
    return files


def _refresh(
    place: Store,
    pinned: Versions,
    upto: int,
    numbers: set[int],
    devices: pa.Table | None,
    zones: pa.Table,
    meters: Iterable[int],
) -> Refreshed:
    new, changes = refreshing.refresh(
        place,
        pinned,
        live(upto),
        refreshing.touched(place, pinned.log, numbers),
        devices,
        zones,
        meters,
    )
    _publish(new, upto)
    return _refreshed(upto, changes)


def _durable_log(place: Store) -> int:
    """The newest version of the log, one that no power cut takes back: no writer is at work."""
    with locked("writer", connection):
        _recover(place)
        return place.version("log")


def _publish(new: Versions, upto: int) -> None:
    with transaction.atomic(durable=True):
        State.objects.filter(pk=1).update(
            watermark=upto,
            log=new.log,
            current=new.current,
            days=new.days,
            digests=new.digests,
            refreshed_at=timezone.now(),
        )
        Batch.objects.filter(number__lte=upto, refreshed=False).update(refreshed=True)


def _refreshed(upto: int, changes: Changes) -> Refreshed:
    days = changes.days.select(["meter_id", "channel", "day"])
    return Refreshed(upto, days, changes.months, days.num_rows, changes.rows, changes.problems)


def _state(place: Store) -> State:
    """The state row; at the first call of an installation it and the tables are made."""
    found = State.objects.filter(pk=1).first()
    if found is not None:
        return found
    place.create()
    names = ("log", "current", "days", "digests")
    return State.objects.get_or_create(pk=1, defaults={name: place.version(name) for name in names})[0]


def _next_number() -> int:
    return (Batch.objects.aggregate(last=Max("number"))["last"] or 0) + 1


def _reserve(source: str) -> Batch:
    with transaction.atomic(durable=True):
        return Batch.objects.create(number=_next_number(), source=source, created=timezone.now())


def _commit(place: Store, batch: Batch, months: Iterable[str] | None, on_commit: OnCommit | None) -> Batch:
    summary = _summary(place, batch.number, months)
    with transaction.atomic(durable=True):
        for name, value in summary.items():
            setattr(batch, name, value)
        batch.state, batch.committed_at = Batch.Status.COMMITTED, timezone.now()
        batch.save()
        if on_commit is not None:
            on_commit(batch)
    return batch


def _summary(place: Store, number: int, months: Iterable[str] | None) -> dict[str, int]:
    """Rows, meters and span of a batch as the log holds it."""
    sql = f"""SELECT COUNT(*) AS rows, COUNT(DISTINCT meter_id) AS meters, MIN(start) AS first_start,
        MAX(start + seconds) AS last_end FROM log WHERE batch = {number}"""
    found: dict[str, int] = place.engine.query(sql, {"log": place.source("log", months=months)}).to_pylist()[
        0
    ]
    return found


def _give_up(batch: Batch) -> None:
    """The writer is alive but failed: whatever reached the log does not count."""
    Batch.objects.filter(pk=batch.pk, state=Batch.Status.OPEN).update(state=Batch.Status.VOID)


def _recover(place: Store) -> list[Batch]:
    """Under the writer lock every open batch is a dead writer's."""
    settled = []
    merging = State.objects.values_list("merging", flat=True).get(pk=1)
    if merging is not None:
        place.settle("log", after=merging)
        State.objects.filter(pk=1).update(merging=None)
    for batch in Batch.objects.filter(state=Batch.Status.OPEN):
        place.settle("log")
        if place.last_batch() >= batch.number:
            _commit(place, batch, None, partial(_tell, _connections.recovered))
        else:
            _give_up(batch)
            batch.refresh_from_db()
        logger.warning("batch %s of a dead writer is now %s", batch.number, batch.state)
        settled.append(batch)
    return settled


def _tell(listeners: list[OnCommit], batch: Batch) -> None:
    for listener in listeners:
        listener(batch)
