"""台账 of the record's own lists, and the answer every room gives for a register: a sheet on A4, or XLSX."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from tanlin.community import queries as community
from tanlin.kernel.errors import NotFound
from tanlin.record import queries
from tanlin.record.queries import notices as notices_queries
from tanlin.record.register import XLSX, Register, Words, workbook
from tanlin.record.views import spoken

#: A printed register of the log ends here; the rest is one page further back.
ROWS = 2000


def register_answer(
    request: HttpRequest,
    place: Any,
    title: str,
    columns: list[str],
    rows: list[list[Any]],
    form: str,
    period: str = "",
) -> HttpResponse:
    """A register of a place as ``form`` "print" (a page for A4) or "xlsx". The caller has proved the right.

    ``period`` as printed; empty: the state of today. 填报人 is who asks for it, 审核人 is left to sign.
    """
    today = timezone.localdate()
    english = (get_language() or "").startswith("en")
    name = place.name_en or place.name if english else place.name
    register = Register(
        title=f"{name} {title}" if english else f"{name}{title}",
        unit=name,
        period=period or _("as of %(day)s") % {"day": today.isoformat()},
        columns=columns,
        rows=rows,
        author=request.user.get_full_name(),  # type: ignore[union-attr]
        made=today,
        demo=place.is_demo,
        words=_words(),
    )
    if form != "xlsx":
        return render(request, "record/register.html", {"register": register})
    disposition = content_disposition_header(True, f"{register.title}-{today.isoformat()}.xlsx")
    return HttpResponse(
        workbook(register), content_type=XLSX, headers={"Content-Disposition": disposition or ""}
    )


def _words() -> Words:
    return Words(
        unit=_("Kept by"),
        period=_("As to time"),
        author=_("Filled in by"),
        reviewer=_("Reviewed by"),
        made=_("Made on"),
        number=_("No."),
    )


def _local(moment: Any) -> Any:
    return timezone.localtime(moment).replace(tzinfo=None, microsecond=0) if moment else None


def _notices(request: HttpRequest, place: Any) -> tuple[str, list[str], list[list[Any]]]:
    columns = [_("Title"), _("Kind of notice"), _("Place"), _("Published on"), _("Read"), _("Result")]
    rows = [
        [
            row.title,
            row.get_kind_display(),
            row.area.name,
            _local(row.published_at),
            row.readers,  # type: ignore[attr-defined]
            row.get_result_display() or None,
        ]
        for row in notices_queries.notices(request.user, place)[:ROWS]
    ]
    return _("register of notices"), columns, rows


def _jobs(request: HttpRequest, place: Any) -> tuple[str, list[str], list[list[Any]]]:
    columns = [_("Job"), _("Place"), _("State"), _("Queued"), _("Asked by")]
    rows = [
        [
            spoken(row.kind),
            row.area.name if row.area else None,
            row.get_state_display(),
            _local(row.created),
            row.actor.get_full_name() if row.actor else None,
        ]
        for row in queries.jobs(request.user, place, limit=ROWS)
    ]
    return _("register of jobs"), columns, rows


def _events(request: HttpRequest, place: Any) -> tuple[str, list[str], list[list[Any]]]:
    columns = [_("Time"), _("Who"), _("What"), _("Subject"), _("Place")]
    rows = [
        [
            _local(row.at),
            row.actor.get_full_name() if row.actor else _("system"),
            spoken(row.verb),
            row.subject,
            row.area.name if row.area else None,
        ]
        for row in queries.events(request.user, place, limit=ROWS)
    ]
    return _("register of operations"), columns, rows


TABLES: dict[str, Callable[[HttpRequest, Any], tuple[str, list[str], list[list[Any]]]]] = {
    "notices": _notices,
    "jobs": _jobs,
    "events": _events,
}


@require_GET
def register(request: HttpRequest, slug: str, table: str, form: str) -> HttpResponse:
    """A list of the record as a register: right ``view``, of the log ``replay``."""
    place = community.area(request.user, slug)
    if table not in TABLES:
        raise NotFound()
    title, columns, rows = TABLES[table](request, place)
    return register_answer(request, place, title, columns, rows, form)
