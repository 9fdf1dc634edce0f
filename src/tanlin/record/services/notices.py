"""Verbs of notices. Nothing is published before its approval is recorded for the text as it reads."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.db import transaction
from django.utils import timezone

from tanlin.community import queries as community
from tanlin.kernel.errors import BadInput, Conflict, Text, Where
from tanlin.record.models import Notice, NoticeRead, Objection
from tanlin.record.queries import notices as queries
from tanlin.record.services import approvals
from tanlin.record.services.core import report_event

#: Who writes, submits and publishes notices of a place: staff that act there.
OFFICE_RIGHT = approvals.DEPUTY_RIGHT


@dataclass(frozen=True)
class NoticeText:
    """What a notice says. A 公示 has a period (days, inclusive) and a contact."""

    kind: str
    title: str
    body: str
    roles: list[str] = field(default_factory=list)
    contact: str = ""
    first_day: date | None = None
    last_day: date | None = None


@transaction.atomic
def write_notice(actor: Any, place: Any, text: NoticeText, row: Notice | None = None) -> Notice:
    """A new draft, or a draft rewritten. Raises BadInput, Forbidden, Conflict for one that waits or is published."""
    community.require(actor, place, OFFICE_RIGHT)
    _check(text)
    if row is not None and not queries.may_edit(row):
        raise Conflict(
            "record.notice_fixed",
            Text(
                "审批中或已发布的通知不能修改。", "A notice that is reviewed or published is not rewritten."
            ),
            remedy=Text("请先撤回审批，或另行起草。", "Withdraw it from the review, or write another one."),
        )
    row = row or Notice(area=place, author=actor, created_at=timezone.now())
    for name, value in vars(text).items():
        setattr(row, name, value)
    row.roles = f"|{'|'.join(sorted(text.roles))}|" if text.roles else ""
    row.save()
    _report("record.notice_written", row, actor)
    return row


def _check(text: NoticeText) -> None:
    if not text.title.strip() or not text.body.strip():
        raise BadInput("record.notice_empty", Text("请填写标题和正文。", "Title and text are needed."))
    if text.kind != Notice.Kind.PUBLICITY:
        return
    if not text.first_day or not text.last_day or text.last_day < text.first_day or not text.contact.strip():
        raise BadInput(
            "record.notice_period",
            Text(
                "公示须有起止日期和联系方式。", "A public notice needs its first and last day and a contact."
            ),
            where=Where(column="first_day"),
        )


@transaction.atomic
def submit_notice(actor: Any, row: Notice) -> Any:
    """Bring a notice to its review. Raises Forbidden, Conflict."""
    community.require(actor, row.area, OFFICE_RIGHT)
    return approvals.submit(queries.subject(row), queries.purpose(row), actor)


@transaction.atomic
def publish_notice(actor: Any, row: Notice) -> Notice:
    """Show it to whom it addresses. Raises Conflict unless the text as it reads is approved, or when it was published."""
    community.require(actor, row.area, OFFICE_RIGHT)
    if not queries.approved(row):
        raise Conflict(
            "record.notice_unapproved",
            Text("未经审批，不能发布。", "It is not published before it is approved."),
            remedy=Text("请先提交审批。", "Submit it for review first."),
        )
    _set(row, "published_at", published_at=timezone.now())
    _report("record.notice_published", row, actor)
    return row


@transaction.atomic
def withdraw_notice(actor: Any, row: Notice, reason: str) -> Notice:
    """Take a published notice off every page, with the reason. Raises BadInput without one, Conflict."""
    community.require(actor, row.area, OFFICE_RIGHT)
    if not reason.strip():
        raise BadInput("record.notice_reason", Text("请填写撤下原因。", "Say why it is withdrawn."))
    if row.published_at is None:
        raise _unfit()
    _set(row, "withdrawn_at", withdrawn_at=timezone.now(), withdrawn_for=reason.strip()[:400])
    _report("record.notice_withdrawn", row, actor, reason=row.withdrawn_for)
    return row


@transaction.atomic
def read_notice(actor: Any, row: Notice) -> None:
    """The reader says it was read; saying it twice changes nothing. Raises Conflict for one not shown."""
    if not row.is_shown:
        raise _unfit()
    _, new = NoticeRead.objects.get_or_create(notice=row, user=actor, defaults={"at": timezone.now()})
    if new:
        _report("record.notice_read", row, actor)


@transaction.atomic
def enter_objection(actor: Any, row: Notice, received: date, text: str) -> Objection:
    """An objection that came within the period. Raises BadInput for a day outside it or no text, Conflict."""
    community.require(actor, row.area, OFFICE_RIGHT)
    if row.concluded_at is not None:
        raise _unfit()
    if not text.strip() or not row.is_open(received) or received > timezone.localdate():
        raise BadInput(
            "record.objection",
            Text(
                "请填写异议内容，收到日期须在公示期内。",
                "Give the objection and a day within the period, not after today.",
            ),
            where=Where(column="received"),
        )
    found = Objection.objects.create(notice=row, received=received, text=text.strip(), entered_by=actor)
    _report("record.objection_entered", row, actor, objection=found.pk)
    return found


@transaction.atomic
def answer_objection(actor: Any, row: Notice, objection_id: int, answer: str) -> None:
    """Answer an objection once. Raises BadInput for no answer, Conflict for one that is answered."""
    community.require(actor, row.area, OFFICE_RIGHT)
    if not answer.strip():
        raise BadInput("record.objection_answer", Text("请填写答复。", "Give the answer."))
    open_ones = Objection.objects.filter(pk=objection_id, notice=row, answered_at__isnull=True)
    if not open_ones.update(answer=answer.strip(), answered_at=timezone.now()):
        raise _unfit()
    _report("record.objection_answered", row, actor, objection=objection_id)


@transaction.atomic
def conclude_notice(actor: Any, row: Notice, result: str) -> Notice:
    """The result of a 公示, after its last day and with every objection answered. Raises BadInput, Conflict."""
    community.require(actor, row.area, OFFICE_RIGHT)
    if result not in Notice.Result.values:
        raise BadInput("record.notice_result", Text("请选择公示结果。", "Choose the result."))
    if not row.is_shown or row.last_day is None or timezone.localdate() <= row.last_day:
        raise Conflict("record.notice_running", Text("公示期未满。", "The period is not over."))
    if row.objections.filter(answered_at__isnull=True).exists():
        raise Conflict(
            "record.notice_unanswered",
            Text("还有异议未答复。", "There are objections without an answer."),
            remedy=Text("请先逐条答复。", "Answer each of them first."),
        )
    _set(row, "concluded_at", concluded_at=timezone.now(), result=result)
    _report("record.notice_concluded", row, actor, result=result)
    return row


def _set(row: Notice, once: str, **values: Any) -> None:
    """Compare and set: of two at once only one act is stored."""
    if not Notice.objects.filter(pk=row.pk, **{f"{once}__isnull": True}).update(**values):
        raise _unfit()
    row.refresh_from_db()


def _unfit() -> Conflict:
    return Conflict(
        "record.notice_state",
        Text("通知的状态已改变，此操作不再适用。", "The notice has moved on; this act no longer fits."),
        remedy=Text("请刷新页面。", "Reload the page."),
    )


def _report(verb: str, row: Notice, actor: Any, **data: Any) -> None:
    report_event(verb, actor=actor, area=row.area, subject=row.title, data={"notice": row.pk, **data})
