"""The registry of places that are about to be removed: meters, devices, imports, and what they brought in."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any

import pyarrow as pa
from django.db import transaction
from django.db.models import Q

from tanlin.community import queries as community
from tanlin.kernel.errors import Conflict, Text, Where
from tanlin.kernel.ports import report_event
from tanlin.meter import staging
from tanlin.meter.models import Device, Import, LatestReading, Meter, MeterRow, SourceMapping
from tanlin.meter.services.gateways import erase_gateways
from tanlin.meter.services.values import refresh, undo_batch
from tanlin.readings import queries as readings

_BATCHES_SQL = """
SELECT l.batch AS batch, SUM(CASE WHEN i.meter_id IS NULL THEN 1 ELSE 0 END) AS others
FROM log l LEFT JOIN ids i ON l.meter_id = i.meter_id
GROUP BY l.batch HAVING COUNT(i.meter_id) > 0 ORDER BY l.batch
"""


def erase_places(area_ids: Iterable[int], *, actor: Any) -> dict[str, int]:
    """Remove the registry of places with their meters; the batches that brought the readings are voided.

    The rows of the log stay, and count no more. A meter id is never given again. Safe to repeat after a
    crash: the batches go one by one, then the registry in one transaction. Returns how many of each went.

    Raises Conflict, before anything is changed, where a meter also belongs to a place that stays, or a
    batch also holds readings of other meters; and where readings come in meanwhile.
    """
    areas = sorted(set(area_ids))
    ids = _meters_of(areas)
    refresh()  # the log as readers see it then holds every committed batch
    batches = _batches_of(ids)
    for number in batches:
        root = community.area_by_id(community.SYSTEM, areas[0])
        undo_batch(number, ids, actor=actor, area=root, source=f"erase {root.slug}")
    refresh()  # the readings leave the derived tables while their meters still have a time zone
    with transaction.atomic():
        _no_new_batch()
        counts = _erase_registry(areas, ids, actor)
    return {"batches": len(batches)} | counts


def _meters_of(areas: list[int]) -> list[int]:
    """Ids of the meters of the areas. Raises Conflict where one is shared with areas that stay."""
    rows = MeterRow.objects.filter(Q(place__in=areas) | Q(meter__owner_area__in=areas))
    outside = ~Q(place__in=areas) | ~Q(meter__owner_area__in=areas)
    shared = rows.filter(outside).values_list("meter__number", flat=True).first()
    if shared is None:
        shared = (
            MeterRow.objects.filter(parent__owner_area__in=areas)
            .exclude(meter__owner_area__in=areas)
            .values_list("parent__number", flat=True)
            .first()
        )
    if shared is not None:
        raise Conflict(
            "meter.shared_meter",
            Text(
                f"表计 {shared} 还与其他区域相连，未作改动。",
                f"Meter {shared} also belongs to another place; nothing was changed.",
            ),
            where=Where(value=shared),
        )
    return sorted(Meter.objects.filter(owner_area__in=areas).values_list("pk", flat=True))


def _batches_of(ids: list[int]) -> list[int]:
    """Numbers of the batches that count and hold the meters' readings. Raises Conflict for a mixed one."""
    meters = pa.table({"meter_id": pa.array(ids, pa.int64())})
    found = readings.snapshot().query(_BATCHES_SQL, ids=meters).to_pylist()
    mixed = next((row["batch"] for row in found if row["others"]), None)
    if mixed is not None:
        raise Conflict(
            "meter.mixed_batch",
            Text(
                f"第 {mixed} 批读数还含有其他表计的读数，未作改动。",
                f"Batch {mixed} also holds readings of other meters; nothing was changed.",
            ),
            where=Where(value=str(mixed)),
        )
    return [row["batch"] for row in found]


def _no_new_batch() -> None:
    """Readings of a meter without a registry row would stop every refresh. Raises Conflict."""
    newest = next(iter(readings.batches()), None)
    if newest is not None and newest.number > readings.snapshot().batch:
        raise Conflict(
            "meter.readings_coming_in",
            Text("此刻正在写入读数。", "Readings are being written at this moment."),
            remedy=Text("请稍后重试。", "Try again in a moment."),
        )


def _erase_registry(areas: list[int], ids: list[int], actor: Any) -> dict[str, int]:
    imports = Import.objects.filter(area__in=areas)
    staged = list(imports.values_list("pk", flat=True))
    owned = {"meter__owner_area__in": areas}
    LatestReading.objects.filter(meter__in=Meter.objects.filter(owner_area__in=areas)).delete()
    counts = {
        "gateways": erase_gateways(areas),
        "imports": imports.delete()[0],
        "mappings": SourceMapping.objects.filter(area__in=areas).delete()[0],
        "devices": Device.objects.filter(**owned).delete()[0],
        "rows": MeterRow.objects.filter(**owned).delete()[0],
        "meters": Meter.objects.filter(owner_area__in=areas).delete()[0],
    }
    for pk in staged:
        transaction.on_commit(partial(staging.drop, pk))
    report_event("meter.places_erased", actor=actor, area=None, subject=f"{len(ids)}", data=counts)
    return counts
