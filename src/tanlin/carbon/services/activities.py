"""Verbs of activity data: enter one, keep, check and import a sheet, undo what came with one, erase a place's.

What was entered is never changed: it is undone as it came, with a reason, and entered anew.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, BinaryIO

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from tanlin.carbon.account.entry.amounts import canonical
from tanlin.carbon.account.entry.cells import check_percent, note_of, refuse_future, source_of, stream_of
from tanlin.carbon.account.entry.sheet import Parsed, SheetRow, read_sheet
from tanlin.carbon.account.results import LABELS
from tanlin.carbon.models import Activity, ActivitySheet
from tanlin.carbon.queries import activities as queries
from tanlin.kernel.errors import BadInput, Conflict, Text, Where
from tanlin.kernel.period import zone
from tanlin.meter import queries as meter
from tanlin.record import services as record

#: Bytes of one sheet; five thousand rows take a tenth.
LARGEST_FILE = 10 * 2**20


@dataclass(frozen=True)
class New:
    """One activity to be entered at an area, its amount as a person states it."""

    area: Any
    stream: str
    first_day: date
    last_day: date
    amount: float
    unit: str
    source: str
    uncertainty_pct: float | None = None
    note: str = ""


@dataclass(frozen=True)
class Checked:
    """A kept sheet before it is imported.

    ``rows``: what would be stored. ``problems``: bad cells. ``overlaps``: (row of the file, stored activity of the
    same stream and place whose days overlap). ``remarks``: what was not read.
    """

    filename: str
    rows: list[Activity]
    problems: list[BadInput]
    overlaps: list[tuple[Where, Activity]]
    remarks: tuple[Text, ...] = ()


def today_at(area: Any) -> date:
    """The local day of a place."""
    return timezone.now().astimezone(zone(area.tz)).date()


# --- one by one --------------------------------------------------------------------------------------------
def enter(new: New, *, actor: Any, overlap: bool = False) -> Activity:
    """Enter one activity. ``overlap``: agreed that another amount of the same stream and days stands already.

    Raises BadInput for a bad value, Conflict ``carbon.activity_overlap``.
    """
    row = _activity(new)
    refuse_future(new.last_day, today_at(new.area))
    known = queries.overlapping([row])
    if known and not overlap:
        raise _overlap(known[0][1])
    sheet = _store(new.area, "", "", [row], actor)
    return Activity.objects.get(sheet=sheet)


def enter_many(area: Any, name: str, rows: Iterable[New], *, actor: Any) -> ActivitySheet:
    """Enter rows of an area and the places below it as one sheet of that name: overlaps and days to come too.

    Raises BadInput for a bad value or a place outside the area; then nothing is stored.
    """
    made = [_activity(row) for row in rows]
    for row in made:
        _refuse_outside(row.area, area)
    return _store(area, name, "", made, actor)


def _activity(new: New) -> Activity:
    """The row to store. Raises BadInput."""
    stream = stream_of(new.stream)
    value = canonical(new.amount, new.unit, stream, new.first_day, new.last_day)
    return Activity(
        area=new.area,
        stream=stream.key,
        first_day=new.first_day,
        last_day=new.last_day,
        amount=value,
        unit=stream.unit,
        stated=f"{new.amount:.15g} {new.unit.strip()}",
        source=source_of(new.source),
        uncertainty_pct=None if new.uncertainty_pct is None else check_percent(new.uncertainty_pct),
        note=note_of(new.note),
    )


def _refuse_outside(place: Any, area: Any) -> None:
    if not place.path.startswith(area.path):
        raise BadInput(
            "carbon.activity_outside",
            Text("该区域不在此处之下。", "The place does not lie below this one."),
            where=Where(value=place.slug),
        )


# --- a sheet -----------------------------------------------------------------------------------------------
def keep_sheet(area: Any, stream: BinaryIO, filename: str, *, actor: Any) -> str:
    """Keep a sheet as evidence; returns its hash.

    Raises BadInput for a file that cannot be read, which is not kept; Conflict for one that is in already.
    """
    with TemporaryDirectory() as folder:
        path = Path(folder) / _safe_name(filename)
        with path.open("wb") as file:
            shutil.copyfileobj(stream, file)
        if path.stat().st_size > LARGEST_FILE:
            raise BadInput(
                "carbon.sheet_big",
                Text(
                    f"文件超过 {LARGEST_FILE >> 20} MB。", f"The file is larger than {LARGEST_FILE >> 20} MB."
                ),
                remedy=Text("请拆成几个文件。", "Split it."),
                where=Where(path.name),
            )
        read_sheet(path, today_at(area))
        with path.open("rb") as file:
            kept = record.store_evidence(file, name=path.name, media_type="", area=area, actor=actor)
    _refuse_twice(area, kept.sha256)
    return str(kept.sha256)


def check_sheet(area: Any, digest: str, *, actor: Any) -> Checked:
    """What importing a kept sheet would store. Raises NotFound, BadInput, Conflict where it is in already."""
    name, source = queries.kept(area, digest)
    _refuse_twice(area, digest)
    with TemporaryDirectory() as folder:
        path = Path(folder) / _safe_name(name)
        path.symlink_to(source)
        parsed = read_sheet(path, today_at(area))
    rows, wheres, problems = _placed(area, parsed, actor)
    where = {id(row): at for row, at in zip(rows, wheres, strict=True)}
    overlaps = [(where[id(row)], known) for row, known in queries.overlapping(rows)]
    return Checked(name, rows, [*parsed.problems, *problems], overlaps, parsed.remarks)


def import_sheet(
    area: Any, digest: str, *, actor: Any, partial: bool = False, overlap: bool = False
) -> ActivitySheet:
    """Store a kept sheet. ``partial``: agreed to leave bad rows out; ``overlap``: to add to what stands already.

    Raises the first problem as BadInput, Conflict for an overlap or a sheet that is in already, NotFound.
    """
    found = check_sheet(area, digest, actor=actor)
    if found.problems and not (partial and found.rows):
        raise found.problems[0]
    if found.overlaps and not overlap:
        raise _overlap(found.overlaps[0][1], found.overlaps[0][0])
    return _store(area, found.filename, digest, found.rows, actor)


def _placed(area: Any, parsed: Parsed, actor: Any) -> tuple[list[Activity], list[Where], list[BadInput]]:
    """Rows at the places they name; a blank place is the area itself."""
    places: dict[str, Any] = {"": area}
    rows, wheres, problems = [], [], []
    for one in parsed.rows:
        try:
            if one.place not in places:
                places[one.place] = meter.place_below(actor, area, one.place)
        except BadInput as error:
            where = Where(one.where.file, one.where.sheet, one.where.row, "区域", one.place[:40])
            problems.append(BadInput(error.code, error.text, remedy=error.remedy, where=where))
            continue
        rows.append(_from_sheet(one, places[one.place]))
        wheres.append(one.where)
    return rows, wheres, problems


def _from_sheet(one: SheetRow, area: Any) -> Activity:
    same = ("stream", "first_day", "last_day", "amount", "source", "uncertainty_pct", "note")
    unit = stream_of(one.stream).unit
    return Activity(area=area, unit=unit, stated=one.stated[:80], **{n: getattr(one, n) for n in same})


def _refuse_twice(area: Any, digest: str) -> None:
    known = ActivitySheet.objects.filter(area=area, sha256=digest, undone=None).first()
    if known is not None:
        raise _twice(known.created.date().isoformat())


def _twice(day: str = "") -> Conflict:
    return Conflict(
        "carbon.sheet_known",
        Text(
            f"同一文件已经导入{f'（{day}）' if day else ''}。",
            f"The same file is in already{f' ({day})' if day else ''}.",
        ),
        remedy=Text("如需更正，请先撤销那次导入。", "To correct it, undo that import first."),
    )


def _overlap(known: Activity, where: Where | None = None) -> Conflict:
    days = f"{known.first_day} – {known.last_day}"
    return Conflict(
        "carbon.activity_overlap",
        Text(
            f"“{known.area.name}”同一项目在 {days} 已有数据（{known.stated}），日期重叠。",
            f"{known.area.name_en or known.area.name} holds an amount of the same stream for {days} already "
            f"({known.stated}); the days overlap.",
        ),
        remedy=Text(
            "确属另一笔的，请勾选确认；否则请先撤销原有数据。",
            "If both are true, agree to it; else undo the other first.",
        ),
        where=where,
    )


def _safe_name(filename: str) -> str:
    last = filename.replace("\\", "/").rsplit("/", 1)[-1].replace("\0", "").strip(". ")
    return last[-80:] or "file"


# --- storing and undoing -----------------------------------------------------------------------------------
@transaction.atomic
def _store(area: Any, name: str, digest: str, rows: list[Activity], actor: Any) -> ActivitySheet:
    try:
        with transaction.atomic():
            sheet = ActivitySheet.objects.create(
                area=area, name=name[:200], sha256=digest, entered_by_id=getattr(actor, "pk", None)
            )
    except IntegrityError as error:  # the same file came in meanwhile
        raise _twice() from error
    for row in rows:
        row.sheet = sheet
    Activity.objects.bulk_create(rows, batch_size=500)
    record.report_event(
        "carbon.activities_entered",
        actor=actor,
        area=area,
        subject=name or rows[0].stream,
        data={"sheet": sheet.pk, "rows": len(rows), "sha256": digest},
    )
    _mark(rows)
    return sheet


@transaction.atomic
def undo_sheet(sheet: ActivitySheet, reason: str, *, actor: Any) -> ActivitySheet:
    """Take back all that came with a sheet or form; the rows stay stored and count no more.

    Raises BadInput without a reason, Conflict where it is undone already.
    """
    if not reason.strip():
        raise BadInput("carbon.no_reason", Text("请填写撤销的原因。", "Give a reason for undoing it."))
    done = ActivitySheet.objects.filter(pk=sheet.pk, undone=None).update(
        undone=timezone.now(), undone_reason=reason.strip()[:300]
    )
    if not done:
        raise Conflict("carbon.sheet_undone", Text("已经撤销过了。", "It is undone already."))
    record.report_event(
        "carbon.activities_undone",
        actor=actor,
        area=sheet.area,
        subject=sheet.name,
        data={"sheet": sheet.pk, "reason": reason.strip()[:300]},
    )
    _mark(list(sheet.activities.select_related("area")))
    return ActivitySheet.objects.get(pk=sheet.pk)


@transaction.atomic
def erase_activities(area_ids: Iterable[int], *, actor: Any) -> dict[str, int]:
    """Remove every sheet and activity of places that are about to be removed; counts of what went."""
    ids = list(area_ids)
    mine = Q(area__in=ids) | Q(sheet__area__in=ids)
    rows = Activity.objects.filter(mine).delete()[0]
    sheets = ActivitySheet.objects.filter(area__in=ids).delete()[0]
    counts = {"activities": rows, "sheets": sheets}
    record.report_event("carbon.activities_erased", actor=actor, data={"areas": ids, "rows": counts})
    return counts


def _mark(rows: list[Activity]) -> None:
    """Accounts of the places and of all that hold them no longer state what is entered."""
    if rows:
        first, last = min(row.first_day for row in rows), max(row.last_day for row in rows)
        record.mark_stale({row.area_id for row in rows}, first, last, keys=LABELS)
