"""The newest reading of each meter and channel in SQL, so that lists need not ask the log.

Kept at each refresh for the meters that its batches touched. Each row carries the watermark of the refresh
that wrote it; where the newest of them lies below what readers saw before (a crash, an older installation),
all rows are made anew.
"""

from __future__ import annotations

from collections.abc import Iterable

from django.db import transaction
from django.db.models import Max

from tanlin.meter.models import LatestReading, Meter
from tanlin.readings import Snapshot
from tanlin.readings import queries as readings

#: Rows and ids in one statement (SQLite binds a limited number of variables).
_AT_ONCE = 500


def keep_latest(before: Snapshot, changed: Iterable[int]) -> None:
    """Update the rows of meters that ``changed`` or have readings in batches newer than a snapshot.

    Batches undone since then count too: a single register reading makes no interval, so it changes nothing else.
    """
    if latest_until() < before.batch:
        rebuild_latest()
        return
    undone = {readings.root(b).number for b in readings.batches("undo") if b.number > before.batch}
    either = "".join(f" OR batch = {number}" for number in sorted(undone))
    sql = f"SELECT DISTINCT meter_id FROM log WHERE batch > {before.batch}{either}"
    ids = set(changed)
    after = readings.snapshot()
    for one in (before, after) if undone else (after,):
        if one.batch and after.batch > before.batch:
            ids.update(one.query(sql)["meter_id"].to_pylist())
    _write(sorted(ids))


def rebuild_latest() -> None:
    """Make the rows of all meters anew from the log."""
    _write(sorted(Meter.objects.values_list("pk", flat=True)))


def latest_until() -> int:
    """The watermark up to which the rows are known to hold; 0 without rows."""
    return LatestReading.objects.aggregate(last=Max("batch"))["last"] or 0


def _write(ids: list[int]) -> None:
    upto = readings.watermark()
    found = readings.latest(ids).to_pylist()
    names = ("meter_id", "channel", "start", "seconds", "value", "quality")
    rows = [LatestReading(batch=upto, **{name: row[name] for name in names}) for row in found]
    with transaction.atomic():
        for first in range(0, len(ids), _AT_ONCE):
            part = ids[first : first + _AT_ONCE]
            LatestReading.objects.filter(meter__in=part, batch__lte=upto).delete()
        # a row that a later refresh wrote meanwhile is newer
        LatestReading.objects.bulk_create(rows, batch_size=_AT_ONCE // 5, ignore_conflicts=True)
