"""Reads of 审批: what waits for a user, one document with its steps, and whether a subject is approved."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone

from tanlin.community import queries as community
from tanlin.kernel.errors import Forbidden, NotFound
from tanlin.record import approval as machine
from tanlin.record.models import Approval, Delegation, Opinion
from tanlin.record.services.holding import document, holding, waiting

__all__ = ["Line", "approval", "approval_of", "delegations", "done", "is_approved", "lines", "may_decide"]
__all__ += ["may_withdraw", "mine", "todo", "todo_count", "waiting"]


def todo(user: Any) -> QuerySet[Approval]:
    """待办: documents whose waiting step is the user's, oldest first."""
    return waiting(user).select_related("area", "submitter").order_by("submitted_at", "pk")


def todo_count(user: Any) -> int:
    """How many documents wait for the user: one query."""
    return waiting(user).count()


def done(user: Any) -> QuerySet[Approval]:
    """已办: documents on which the user gave an opinion, the newest first."""
    rows = Approval.objects.filter(pk__in=Opinion.objects.filter(by_id=user.pk).values("approval"))
    return rows.select_related("area", "submitter")


def mine(user: Any) -> QuerySet[Approval]:
    """Documents that the user submitted, the newest first."""
    return Approval.objects.filter(submitter_id=user.pk).select_related("area", "submitter")


def approval(user: Any, pk: int) -> Approval:
    """One document, for its submitter, for whoever holds its step or gave an opinion, and for those who see the place.

    Raises NotFound.
    """
    rows = Approval.objects.select_related("area", "submitter").prefetch_related(
        "opinions__by", "opinions__holder"
    )
    row = rows.filter(pk=pk).first()
    if row is None:
        raise NotFound("record.approval_unknown")
    involved = user.pk == row.submitter_id or any(
        user.pk in (o.by_id, o.holder_id) for o in row.opinions.all()
    )
    if not involved and not waiting(user).filter(pk=pk).exists():
        community.require(user, row.area)
    return row


def may_decide(user: Any, row: Approval) -> bool:
    """Whether the waiting step is the user's."""
    if row.waiting is None:
        return False
    try:
        holding(user, row)
    except Forbidden:
        return False
    return True


def may_withdraw(user: Any, row: Approval) -> bool:
    """Whether the user may take the document back now."""
    return machine.may_withdraw(document(row), user.pk)


@dataclass(frozen=True)
class Line:
    """One step as the page shows it. ``state``: passed, returned, waiting or later."""

    step: machine.Step
    state: str
    opinion: Opinion | None = None


def lines(row: Approval) -> list[Line]:
    """The steps of the present round, each with its opinion."""
    given = {each.step: each for each in row.opinions.all() if each.round == row.round}
    return [
        Line(step, _state(row, number, given.get(number)), given.get(number))
        for number, step in enumerate(row.steps)
    ]


def _state(row: Approval, number: int, opinion: Opinion | None) -> str:
    if opinion is not None:
        return "passed" if opinion.verdict == machine.PASS else "returned"
    return "waiting" if row.state in machine.OPEN and number == row.step else "later"


def approval_of(subject: machine.Subject, purpose: str) -> Approval | None:
    """The newest document of a subject for a purpose, whatever its state. Gives no right: the caller has proved it."""
    rows = Approval.objects.filter(
        room=subject.room, subject_kind=subject.kind, subject_id=subject.id, kind=purpose
    )
    return rows.select_related("area", "submitter").order_by("-pk").first()


def is_approved(subject: machine.Subject, purpose: str) -> bool:
    """Whether the subject, with the content it has now, passed all steps of the purpose."""
    row = approval_of(subject, purpose)
    return row is not None and row.state == Approval.State.APPROVED and row.digest == subject.digest


def delegations(user: Any, place: Any | None = None) -> list[Delegation]:
    """Delegations that the user gave or received and that are not over."""
    rows = Delegation.objects.filter(
        Q(holder_id=user.pk) | Q(to_id=user.pk), ended_at__isnull=True, last_day__gte=timezone.localdate()
    )
    if place is not None:
        rows = rows.filter(area=place)
    return list(rows.select_related("area", "holder", "to"))
