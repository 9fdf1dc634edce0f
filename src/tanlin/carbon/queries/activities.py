"""Reads of activity data. The caller holds an area whose right has been proved, or is asked for the user."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any

from django.db.models import QuerySet

from tanlin.carbon.account.words import stream_name
from tanlin.carbon.models import Activity, ActivitySheet
from tanlin.community import queries as community
from tanlin.kernel.errors import NotFound, Text
from tanlin.record import queries as record


def activities(area: Any, first_day: date, last_day: date) -> QuerySet[Activity]:
    """What counts of an area and all below it in days that touch [first_day, last_day], by stream and day."""
    return (
        Activity.objects.filter(
            area__in=community.subtree(area),
            sheet__undone=None,
            first_day__lte=last_day,
            last_day__gte=first_day,
        )
        .select_related("area", "sheet", "sheet__entered_by")
        .order_by("stream", "first_day", "area__path", "pk")
    )


def years(area: Any) -> list[int]:
    """Years in which something was entered below an area, newest first."""
    rows = Activity.objects.filter(area__in=community.subtree(area), sheet__undone=None)
    spans = rows.values_list("first_day__year", "last_day__year").distinct()
    return sorted({year for first, last in spans for year in range(first, last + 1)}, reverse=True)


def cause_names(causes: Iterable[str]) -> dict[str, Text]:
    """``survey:<sheet>`` by the name of its sheet, ``activity:<id>`` by its stream; other causes are left out."""
    ids: dict[str, list[int]] = defaultdict(list)
    for cause in causes:
        kind, _, pk = cause.partition(":")
        if kind in ("survey", "activity"):
            ids[kind].append(int(pk))
    named = ActivitySheet.objects.filter(pk__in=ids["survey"]).exclude(name="")
    rows = Activity.objects.filter(pk__in=ids["activity"])
    return {f"survey:{pk}": Text(name, name) for pk, name in named.values_list("pk", "name")} | {
        f"activity:{pk}": stream_name(stream) for pk, stream in rows.values_list("pk", "stream")
    }


def sheets(area: Any) -> QuerySet[ActivitySheet]:
    """What was entered at an area and below it, newest first, undone ones too."""
    return (
        ActivitySheet.objects.filter(area__in=community.subtree(area))
        .select_related("area", "entered_by")
        .prefetch_related("activities")
    )


def sheet(user: Any, area: Any, pk: int, right: str = "view") -> ActivitySheet:
    """One sheet of the area or below it, with the right proved where it stands. Raises NotFound or Forbidden."""
    found = sheets(area).filter(pk=pk).first()
    if found is None:
        raise NotFound()
    community.require(user, found.area, right)
    return found


def kept(area: Any, digest: str) -> tuple[str, Path]:
    """Name and path of a file kept for exactly this area. Raises NotFound."""
    for row in record.evidence_of(community.SYSTEM, area):
        if row.area_id == area.pk and row.sha256 == digest:
            return row.name, record.evidence(community.SYSTEM, digest)[1]
    raise NotFound("carbon.sheet_unknown")


def overlapping(rows: Iterable[Activity]) -> list[tuple[Activity, Activity]]:
    """(new row, stored row) of the same stream whose days overlap, at the same area or one above or below it.

    An amount of a place holds those of the places below, so both together may count the same twice.
    """
    rows = list(rows)
    if not rows:
        return []
    stored = Activity.objects.filter(
        sheet__undone=None,
        stream__in={row.stream for row in rows},
        first_day__lte=max(row.last_day for row in rows),
        last_day__gte=min(row.first_day for row in rows),
    )
    here: dict[tuple[str, int], list[Activity]] = defaultdict(list)
    below: dict[tuple[str, int], list[Activity]] = defaultdict(list)
    for one in stored.select_related("area").order_by("pk"):
        here[one.stream, one.area_id].append(one)
        for pk in one.area.ancestor_ids[:-1]:
            below[one.stream, pk].append(one)
    return [
        (row, one)
        for row in rows
        for one in (
            *(one for pk in row.area.ancestor_ids[::-1] for one in here.get((row.stream, pk), ())),
            *below.get((row.stream, row.area_id), ()),
        )
        if one.first_day <= row.last_day and row.first_day <= one.last_day
    ]
