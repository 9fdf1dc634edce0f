"""Pages of notices: the list, one notice with its acts, the sheet for the notice board, and the public page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tanlin.community import queries as community
from tanlin.kernel.errors import BadInput, NotFound
from tanlin.record.forms import NoticeForm
from tanlin.record.models import Notice
from tanlin.record.queries import notices as queries
from tanlin.record.services import notices as services

PAGE = 50
VERBS = (
    gettext_noop("record.notice_written"),
    gettext_noop("record.notice_published"),
    gettext_noop("record.notice_withdrawn"),
    gettext_noop("record.notice_read"),
    gettext_noop("record.notice_concluded"),
    gettext_noop("record.objection_entered"),
    gettext_noop("record.objection_answered"),
)


@require_GET
def notices(request: HttpRequest, slug: str) -> HttpResponse:
    """Notices of a place and below it, and those from above that address the reader: right ``view``."""
    place = community.area(request.user, slug)
    page = Paginator(queries.notices(request.user, place), PAGE).get_page(request.GET.get("page"))
    may_write = community.may(request.user, place, services.OFFICE_RIGHT)
    return render(request, "record/notices.html", {"page": page, "may_write": may_write})


@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest, slug: str) -> HttpResponse:
    """A new draft."""
    return _write(request, community.area(request.user, slug, services.OFFICE_RIGHT), None)


@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """A draft rewritten."""
    row = queries.notice(request.user, pk)
    return _write(request, community.require(request.user, row.area, services.OFFICE_RIGHT), row)


def _write(request: HttpRequest, place: Any, row: Notice | None) -> HttpResponse:
    initial = {name: getattr(row, name) for name in NoticeForm.base_fields} if row else {}
    if row:
        initial["roles"] = row.role_list
    form = NoticeForm(request.POST if request.method == "POST" else None, initial=initial)
    if form.is_bound and form.is_valid():
        try:
            saved = services.write_notice(request.user, place, form.text(), row)
        except BadInput as error:
            form.add_error(None, error.message(request.LANGUAGE_CODE))
        else:
            return redirect("record:notice", pk=saved.pk)
    context = {"form": form, "notice": row, "place": place, "demo": place.is_demo}
    return render(request, "record/notice_form.html", context, status=422 if form.errors else 200)


@require_GET
def notice(request: HttpRequest, pk: int) -> HttpResponse:
    """One notice: its text, who has read it, its approval, objections and result."""
    row = queries.notice(request.user, pk)
    read, addressed = queries.readers(row)
    may_write = community.may(request.user, row.area, services.OFFICE_RIGHT)
    today = timezone.localdate()
    context = {
        "notice": row,
        "approval": queries.approval(row) if may_write else None,
        "approved": queries.approved(row),
        "may_write": may_write,
        "may_edit": may_write and queries.may_edit(row),
        "read": read,
        "addressed": addressed,
        "has_read": request.user in read,
        "objections": list(row.objections.all()) if may_write else [],
        "open": row.is_open(today),
        "over": bool(row.last_day and row.last_day < today),
        "results": Notice.Result.choices,
        "today": today,
        "demo": row.area.is_demo,
    }
    return render(request, "record/notice.html", context)


@require_POST
def read(request: HttpRequest, pk: int) -> HttpResponse:
    """The reader says it was read."""
    services.read_notice(request.user, queries.notice(request.user, pk))
    return redirect("record:notice", pk=pk)


@require_POST
def act(request: HttpRequest, pk: int) -> HttpResponse:
    """One of the acts of the office on a notice."""
    row = queries.notice(request.user, pk)
    community.require(request.user, row.area, services.OFFICE_RIGHT)
    run = ACTS.get(request.POST.get("act", ""))
    if run is None:
        raise NotFound()
    try:
        said = run(request, row)
    except BadInput as error:
        messages.error(request, error.message(request.LANGUAGE_CODE))
    else:
        messages.success(request, said)
    return redirect("record:notice", pk=pk)


def _submit(request: HttpRequest, row: Notice) -> str:
    services.submit_notice(request.user, row)
    return _("Submitted for review.")


def _publish(request: HttpRequest, row: Notice) -> str:
    services.publish_notice(request.user, row)
    return _("Published.")


def _withdraw(request: HttpRequest, row: Notice) -> str:
    services.withdraw_notice(request.user, row, request.POST.get("reason", ""))
    return _("Withdrawn; it is on no page any more.")


def _objection(request: HttpRequest, row: Notice) -> str:
    day = parse_date(request.POST.get("received", "")) or timezone.localdate()
    services.enter_objection(request.user, row, day, request.POST.get("text", ""))
    return _("The objection is entered.")


def _answer(request: HttpRequest, row: Notice) -> str:
    number = request.POST.get("objection", "")
    services.answer_objection(
        request.user, row, int(number) if number.isdecimal() else 0, request.POST.get("answer", "")
    )
    return _("The answer is entered.")


def _conclude(request: HttpRequest, row: Notice) -> str:
    services.conclude_notice(request.user, row, request.POST.get("result", ""))
    return _("The result is entered.")


ACTS: dict[str, Callable[[HttpRequest, Notice], str]] = {
    "submit": _submit,
    "publish": _publish,
    "withdraw": _withdraw,
    "objection": _objection,
    "answer": _answer,
    "conclude": _conclude,
}


@require_GET
def board(request: HttpRequest, pk: int) -> HttpResponse:
    """The sheet for the notice board, A4: only what is approved as it reads."""
    row = queries.notice(request.user, pk)
    if not row.is_shown or not queries.approved(row):
        raise NotFound("record.notice_unknown")
    return _sheet(request, row, board=True)


@login_not_required
@require_GET
def public(request: HttpRequest, token: str) -> HttpResponse:
    """A published announcement or 公示 for everybody, at an address that lasts."""
    return _sheet(request, queries.public(token), board=False)


def _sheet(request: HttpRequest, row: Notice, board: bool) -> HttpResponse:
    context = {
        "notice": row,
        "board": board,
        "objections": row.objections.count(),
        "open": row.is_open(timezone.localdate()),
        "address": request.build_absolute_uri(f"/notice/{row.token}/") if row.is_public else "",
        "demo": row.area.is_demo,
    }
    return render(request, "record/notice_sheet.html", context)
