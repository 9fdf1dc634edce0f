"""Verbs of readings: in, corrected, voided, derived."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
from django.utils import timezone

from tanlin.kernel.errors import BadInput, Text, Where
from tanlin.kernel.ports import enqueue, mark_stale, report_event
from tanlin.meter import queries
from tanlin.meter.models import Import
from tanlin.meter.services.latest import keep_latest
from tanlin.readings import queries as stored
from tanlin.readings import services as readings

if TYPE_CHECKING:
    import pyarrow as pa

    from tanlin.community.queries import Area

#: Called with the batch inside the transaction that commits it.
Also = Callable[[Any], None]
#: Source of the batch of an import; ``recovered`` finds the import by it.
IMPORT_SOURCE = "import {pk}: {filename}"
_IMPORT = re.compile(r"import (\d+): ")


def add_readings(table: pa.Table, *, source: str, actor: Any, area: Area, also: Also | None = None) -> Any:
    """Store readings (meter_id, channel, start, seconds, value, quality) as one batch.

    Returns the batch, or None when every row equals what is stored. Figures above the meters become
    stale, and ``also`` runs, in the transaction that commits the batch; ``refresh`` brings the derived
    tables up to date.
    """
    meter_ids = np.unique(table["meter_id"].to_numpy()).tolist()

    def on_commit(batch: Any) -> None:
        _stale_for_batch(meter_ids, batch)
        report_event(
            "meter.readings_added",
            actor=actor,
            area=area,
            subject=source,
            data={"batch": batch.number, "rows": batch.rows},
        )
        if also is not None:
            also(batch)

    return readings.append(table, source=source, on_commit=on_commit)


def correct_reading(
    *,
    meter_id: int,
    channel: str,
    start: int,
    seconds: int,
    value: float,
    reason: str,
    actor: Any,
    area: Area,
) -> Any:
    """Edit one reading: a batch of one row marked ``edited``; the original stays in the log."""
    import pyarrow as pa

    if not np.isfinite(value) or not reason.strip():
        raise BadInput(
            "meter.bad_correction",
            Text("请填写数值和修正原因。", "Give a value and the reason of the correction."),
            where=Where(value=str(value)),
        )
    row = {"meter_id": [meter_id], "channel": [channel], "start": [start], "seconds": [seconds]}
    table = pa.table({**row, "value": [float(value)], "quality": ["edited"]})
    return add_readings(table, source=f"edit: {reason.strip()}", actor=actor, area=area)


def undo_batch(
    number: int,
    meter_ids: Iterable[int] | None,
    *,
    actor: Any,
    area: Area,
    source: str,
    also: Also | None = None,
) -> Any:
    """Void a batch by another batch and mark the figures that used it stale (``meter_ids`` None: of all meters)."""

    def on_commit(batch: Any) -> None:
        _stale_for_batch(meter_ids, batch)
        report_event("meter.batch_undone", actor=actor, area=area, subject=source, data={"batch": number})
        if also is not None:
            also(batch)

    return readings.void(number, on_commit=on_commit)


def refresh(meters: Iterable[int] = ()) -> Any:
    """Bring the derived tables and the latest readings up to date with every committed batch.

    ``meters``: those whose devices or time zone changed. Returns what ``readings.services.refresh`` does.
    """
    before = stored.snapshot()
    done = readings.refresh(queries.devices_frame(), queries.zones_frame(), meters)
    keep_latest(before, np.unique(done.months["meter_id"].to_numpy()).tolist())
    return done


def request_refresh(actor: Any = None) -> None:
    """Have the worker refresh soon."""
    enqueue("meter.refresh", {}, actor=actor)


def recovered(batch: Any) -> None:
    """Do what was left undone for a batch whose writer died: stale marks, event, link to its import."""
    number = _IMPORT.match(batch.source)
    imp = Import.objects.filter(pk=int(number[1])).first() if number else None
    _stale_for_batch(None, batch)
    report_event(
        "meter.readings_added",
        actor=imp.actor if imp else None,
        area=imp.area if imp else None,
        subject=batch.source,
        data={"batch": batch.number, "rows": batch.rows, "recovered": True},
    )
    if imp is not None:
        imp.batch, imp.state, imp.finished = batch.number, Import.State.DONE, timezone.now()
        imp.report = {**imp.report, "result": {"rows": batch.rows, "new": batch.rows, "left": 0}}
        imp.save()


def _stale_for_batch(meter_ids: Iterable[int] | None, batch: Any) -> None:
    """Mark the places of the meters, of all meters where None.

    A day is added on both sides: batches are bounded in UTC, figures in local days.
    """
    first = datetime.fromtimestamp(batch.first_start, UTC).date() - timedelta(days=1)
    last = datetime.fromtimestamp(batch.last_end, UTC).date() + timedelta(days=1)
    mark_stale(queries.places_of(meter_ids), first, last)
