"""Reads of imports. Those that take a user prove the right; the others serve callers that have proved it."""

from __future__ import annotations

from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow.compute as pc
from django.db.models import Q, QuerySet

from tanlin.community import queries as community
from tanlin.kernel.errors import NotFound, Text
from tanlin.kernel.period import midnight
from tanlin.meter import staging
from tanlin.meter.models import Import, MeterRow
from tanlin.meter.queries import registry
from tanlin.meter.registry import OPEN_END
from tanlin.record import queries as record

if TYPE_CHECKING:
    from tanlin.community.queries import Area


def import_(user: Any, slug: str, pk: int, right: str = "import") -> Import:
    """One import of a place. Raises NotFound or Forbidden."""
    area = community.area(user, slug, right)
    found = Import.objects.filter(pk=pk, area=area).select_related("area", "actor").first()
    if found is None:
        raise NotFound()
    return found


def import_by_id(user: Any, pk: int, right: str = "undo") -> Import:
    """As ``import_``, where only the number is known."""
    found = Import.objects.filter(pk=pk).select_related("area", "actor").first()
    if found is None:
        raise NotFound("meter.unknown_import", Text("没有这次导入。", "There is no such import."))
    community.require(user, found.area, right)
    return found


def imports(area: Area) -> QuerySet[Import]:
    """Imports of a place whose right has been proved, newest first."""
    return Import.objects.filter(area=area).select_related("actor")


def plans(imp: Import) -> list[staging.Plan]:
    """How the sheets of an import are to be read."""
    return [staging.Plan.from_json(body) for body in imp.mapping or []]


def source_of(imp: Import) -> Path:
    """Where the bytes of an import's file lie. Raises NotFound when they were erased."""
    return record.evidence(community.SYSTEM, imp.evidence)[1]


def key_of(meter: dict[str, Any]) -> str:
    """The name under which the answers of an import speak of an unknown meter."""
    return "/".join((meter["carrier"], meter["channel"], meter["number"]))


def will_import(imp: Import) -> int:
    """How many good rows have a registered meter or a place for a new one."""
    waiting = sum(m["rows"] for m in imp.report["unknown"] if key_of(m) not in imp.answers)
    return int(imp.counts["good"]) - waiting


def counted_twice(imp: Import, answers: dict[str, Any]) -> list[dict[str, str]]:
    """New waste meters that may weigh what registered ones weigh already: a ledger by stream (厨余垃圾) followed
    by one by point (东门 厨余垃圾), or the reverse, the one's place within the other's, overlapping in time.

    Each item: number and place of the new meter, other and other_place of the registered one.
    """
    found = []
    for meter in imp.report["unknown"]:
        answer = answers.get(key_of(meter), {})
        if meter["carrier"] != "waste" or not answer.get("place"):
            continue
        place = type(imp.area).objects.get(slug=answer["place"])
        others = MeterRow.objects.filter(
            Q(place__path__startswith=place.path) | Q(place__in=place.ancestor_ids),
            superseded_at__isnull=True,
            valid_to__isnull=True,
            meter__carrier="waste",
            meter__latest__start__gte=meter["first"],
        ).select_related("meter", "place")
        words = set(meter["number"].split())
        for row in others:
            named = set(row.meter.number.split())
            if (named < words or words < named) and midnight(row.valid_from, row.place.tz) < meter["last"]:
                names = {"other": row.meter.number, "other_place": row.place.name}
                found.append({"number": meter["number"], "place": place.name, **names})
    return found


def outside(imp: Import) -> list[dict[str, Any]]:
    """Staged readings of registered meters that start on days for which the registry does not hold them.

    Each item: meter_id, number, channel, ``early`` and ``late`` (readings before the first and after the last
    day), ``first`` (epoch seconds of the earliest), ``valid_from``, ``valid_to`` (exclusive, or None).
    """
    rows, _waiting = staging.with_ids(imp.pk, registry.known(imp.area))
    if not rows.num_rows:
        return []
    spans = _spans(pc.unique(rows["meter_id"]).to_pylist())
    channel = rows["channel"].combine_chunks().dictionary_encode()
    ids, at, start = rows["meter_id"].to_numpy(), channel.indices.to_numpy(), rows["start"].to_numpy()
    names = channel.dictionary.to_pylist()
    order = np.lexsort((at, ids))
    ids, at, start = ids[order], at[order], start[order]
    edges = np.flatnonzero(np.r_[True, (ids[1:] != ids[:-1]) | (at[1:] != at[:-1]), True])
    found = []
    for low, high in pairwise(edges.tolist()):
        key = (int(ids[low]), names[at[low]])
        if key not in spans:
            continue
        row, last, last_es = spans[key]
        mine = start[low:high]
        early = int((mine < midnight(row.valid_from, row.place.tz)).sum())
        late = int((mine >= last_es).sum())
        if early or late:
            found.append(
                {
                    "meter_id": key[0],
                    "number": row.meter.number,
                    "channel": key[1],
                    "early": early,
                    "late": late,
                    "first": int(mine.min()),
                    "valid_from": row.valid_from.isoformat(),
                    "valid_to": last.isoformat() if last else None,
                }
            )
    return found


def _spans(meter_ids: list[int]) -> dict[tuple[int, str], tuple[MeterRow, date | None, int]]:
    """(meter id, channel) → its first row, its last day (exclusive), and that in epoch seconds."""
    found: dict[tuple[int, str], tuple[MeterRow, date | None, int]] = {}
    for low in range(0, len(meter_ids), 500):  # SQLite binds a limited number of variables
        rows = MeterRow.objects.filter(
            superseded_at__isnull=True, meter__in=meter_ids[low : low + 500]
        ).select_related("meter", "place")
        for row in rows.order_by("meter_id", "channel", "valid_from"):
            key = (row.meter_id, row.channel)
            first = found[key][0] if key in found else row
            end = midnight(row.valid_to, row.place.tz) if row.valid_to else OPEN_END
            found[key] = (first, row.valid_to, end)
    return found


def job_of(imp: Import) -> Any | None:
    """The job that checks or brings in the file, or None."""
    return record.job(community.SYSTEM, imp.job) if imp.job else None


def stage(imp: Import) -> str:
    """Where an import stands: its state, or the one before when the job on it failed or was cancelled."""
    before = {Import.State.CHECKING: Import.State.UPLOADED, Import.State.IMPORTING: Import.State.CHECKED}
    if imp.state in before and imp.job:
        job = job_of(imp)
        if job is not None and job.state in ("failed", "cancelled"):
            return before[Import.State(imp.state)].value
    return imp.state


def earlier(imp: Import) -> Import | None:
    """The newest finished import of the same file at the same place, if there is one."""
    same = Import.objects.filter(area=imp.area_id, evidence=imp.evidence, state=Import.State.DONE)
    return same.filter(pk__lt=imp.pk).first()
