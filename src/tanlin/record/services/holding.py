"""Who holds the step that waits: by a role at the area, or as a deputy of somebody who has it."""

from __future__ import annotations

from datetime import date
from typing import Any, NamedTuple, cast

from django.db.models import (
    BooleanField,
    CharField,
    Exists,
    ExpressionWrapper,
    F,
    OuterRef,
    Q,
    QuerySet,
    Value,
)
from django.db.models.functions import Concat
from django.utils import timezone

from tanlin.community import queries as community
from tanlin.kernel.errors import Forbidden, Text
from tanlin.record import approval as machine
from tanlin.record.models import Approval, Delegation, Opinion


class Holding(NamedTuple):
    """``holder``: user id of the one stood in for, None in one's own name."""

    holder: int | None


def document(row: Approval) -> machine.Document:
    """The stored document as the machine knows it."""
    acts = tuple(
        machine.Act(
            each.round, each.step, each.by_id, cast(machine.Verdict, each.verdict), each.text, each.holder_id
        )
        for each in row.opinions.all()
    )
    return machine.Document(
        row.steps, row.submitter_id, row.rule["distinct"], row.state, row.round, row.step, acts
    )


def holding(user: Any, row: Approval) -> Holding:
    """How the user may take the step that waits. Raises Forbidden: not a holder, an own document, a second step."""
    found = document(row)
    step = found.waiting
    bars: list[Forbidden] = []
    for each in _holdings(user, row, step.roles if step else frozenset()):
        bar = machine.barred(found, frozenset({user.pk} if each.holder is None else {user.pk, each.holder}))
        if bar is None:
            return each
        bars.append(bar)
    if bars:
        raise bars[0]
    raise Forbidden(
        "record.approval_not_holder",
        Text("当前审批环节不由您办理。", "The step that waits is not yours."),
        remedy=Text("可请该环节的审批人办理或委托。", "Ask its holder to take it, or to hand it to you."),
    )


def _holdings(user: Any, row: Approval, roles: frozenset[str]) -> list[Holding]:
    own = [Holding(None)] if roles & community.roles_at(user, row.area) else []
    deputies = in_force(timezone.localdate()).filter(
        to_id=user.pk, role__in=roles, area_id__in=row.area.ancestor_ids
    )
    return own + [Holding(pk) for pk in deputies.order_by("holder_id").values_list("holder_id", flat=True)]


def in_force(day: date) -> QuerySet[Delegation]:
    """Delegations of the day whose holder still has the role there. One that lost it hands on nothing."""
    return Delegation.objects.filter(
        Q(holder__grants__valid_to__isnull=True) | Q(holder__grants__valid_to__gt=day),
        ended_at__isnull=True,
        first_day__lte=day,
        last_day__gte=day,
        holder__is_active=True,
        holder__grants__role=F("role"),
        holder__grants__valid_from__lte=day,
        area__path__startswith=F("holder__grants__area__path"),
    ).distinct()


def waiting(user: Any) -> QuerySet[Approval]:
    """What waits for the user, as one query: the same answer as ``holding`` for each document."""
    if getattr(user, "pk", None) is None:
        return Approval.objects.none()
    mine = _reaching(community.active_grants(user))
    deputies = _reaching(in_force(timezone.localdate()).filter(to_id=user.pk)).filter(
        Q(outer_own=True) | ~Q(holder_id=F("outer_submitter"))
    )
    deputies = deputies.exclude(
        Exists(_taken(OuterRef(OuterRef("pk")), OuterRef(OuterRef("round")), OuterRef("holder_id"))),
        outer_distinct=True,
    )
    rows = Approval.objects.exclude(roles="").filter(Exists(mine) | Exists(deputies))
    rows = rows.filter(Q(own=True) | ~Q(submitter_id=user.pk))
    return rows.exclude(Exists(_taken(OuterRef("pk"), OuterRef("round"), Value(user.pk))), distinct=True)


def _reaching(rows: QuerySet[Any]) -> QuerySet[Any]:
    """Rows with role and area that reach the document of the outer query."""
    return rows.annotate(
        outer_path=ExpressionWrapper(OuterRef("area__path"), CharField()),
        outer_roles=ExpressionWrapper(OuterRef("roles"), CharField()),
        outer_own=ExpressionWrapper(OuterRef("own"), BooleanField()),
        outer_distinct=ExpressionWrapper(OuterRef("distinct"), BooleanField()),
        outer_submitter=OuterRef("submitter_id"),
    ).filter(
        outer_path__startswith=F("area__path"),
        outer_roles__contains=Concat(Value("|"), F("role"), Value("|")),
    )


def _taken(pk: Any, round_: Any, person: Any) -> QuerySet[Opinion]:
    return Opinion.objects.filter(Q(by_id=person) | Q(holder_id=person), approval_id=pk, round=round_)
