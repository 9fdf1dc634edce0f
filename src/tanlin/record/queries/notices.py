"""Reads of notices: for colleagues by area and role, for everybody only what is approved and published."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from tanlin.community import queries as community
from tanlin.kernel.errors import NotFound
from tanlin.kernel.receipt import canonical, sha256
from tanlin.record.approval import Subject
from tanlin.record.models import Approval, Notice, NoticeRead
from tanlin.record.queries.approvals import approval_of, is_approved


def subject(row: Notice) -> Subject:
    """The notice as the approval knows it: the digest covers all that will be shown."""
    shown = {
        "kind": row.kind,
        "title": row.title,
        "body": row.body,
        "contact": row.contact,
        "roles": row.role_list,
        "days": [day.isoformat() if day else "" for day in (row.first_day, row.last_day)],
    }
    url = f"/record/notice/{row.pk}/"
    return Subject("record", "notice", str(row.pk), row.title, url, row.area, sha256(canonical(shown)))


def purpose(row: Notice) -> str:
    """What kind of approval it needs: colleagues are told with one signature, the public after all reviews."""
    return "release" if row.is_public else "notice"


def approval(row: Notice) -> Approval | None:
    """The newest approval of a notice."""
    return approval_of(subject(row), purpose(row))


def approved(row: Notice) -> bool:
    """Whether the notice, as it reads now, passed all its steps."""
    return is_approved(subject(row), purpose(row))


def may_edit(row: Notice) -> bool:
    """A draft, or one that was returned or taken back."""
    last = approval(row)
    free = last is None or last.state in (Approval.State.RETURNED, Approval.State.WITHDRAWN)
    return row.published_at is None and free


def notices(user: Any, place: Any) -> QuerySet[Notice]:
    """Of a place and below it all; of the places above what is published and addresses the user. Newest first."""
    community.require(user, place)
    above = Q(area_id__in=place.ancestor_ids[:-1], published_at__isnull=False, withdrawn_at__isnull=True)
    addressed = Q(roles="")
    for role in community.roles_at(user, place):
        addressed |= Q(roles__contains=f"|{role}|")
    rows = Notice.objects.filter(Q(area__path__startswith=place.path) | above & addressed)
    mine = NoticeRead.objects.filter(notice=OuterRef("pk"), user_id=user.pk)
    return (
        rows.select_related("area", "author")
        .annotate(read=Exists(mine), readers=Count("reads"))
        .order_by("-created_at", "-pk")
    )


def notice(user: Any, pk: int) -> Notice:
    """One notice, for those who see its place and for those it addresses. Raises NotFound."""
    row = Notice.objects.select_related("area", "author").filter(pk=pk).first()
    if row is None:
        raise NotFound("record.notice_unknown")
    if not community.may(user, row.area) and not (
        row.is_shown and recipients(row).filter(pk=user.pk).exists()
    ):
        raise NotFound("record.notice_unknown")
    return row


def recipients(row: Notice) -> Any:
    """Users whom a notice addresses: those with one of its roles at its place, above or below it."""
    held = community.grants(community.SYSTEM, row.area.slug)
    people = {grant.user_id for grant in held if not row.roles or grant.role in row.role_list}
    return get_user_model().objects.filter(pk__in=people, is_active=True)


def readers(row: Notice) -> tuple[list[Any], int]:
    """Who has said that it was read, in their order, and how many it addresses."""
    read = [each.user for each in row.reads.select_related("user").order_by("at", "pk")]
    return read, recipients(row).count()


def public(token: str) -> Notice:
    """A notice for everybody. Raises NotFound unless it is public, published, not withdrawn, and approved as it reads."""
    row = Notice.objects.select_related("area").filter(token=token).first()
    if row is None or not row.is_public or not row.is_shown or not approved(row):
        raise NotFound("record.notice_unknown")
    return row
