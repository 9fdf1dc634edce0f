"""Verbs of 审批: submit, decide, withdraw, delegate. Each locks the document by its version, so that one act wins."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from tanlin.community import queries as community
from tanlin.community.queries.places import ROLE_RIGHTS
from tanlin.kernel.errors import BadInput, Conflict, Forbidden, NotFound, Text
from tanlin.record import approval as machine
from tanlin.record.models import Approval, ApprovalRule, Delegation, Opinion
from tanlin.record.rules import shipped
from tanlin.record.services.core import report_event
from tanlin.record.services.holding import document, holding

#: Who may stand in for a holder: staff that act at the place, so not an auditor, who changes nothing.
DEPUTY_RIGHT = "derive"


@transaction.atomic
def submit(subject: machine.Subject, kind: str, actor: Any) -> Approval:
    """Bring a subject to the first step of its kind; a returned one again, with its new content.

    The caller has proved that the actor may submit it. Raises Conflict when it waits already or is approved as it is,
    Forbidden when another one submitted what was returned, BadInput for a kind without steps.
    """
    latest = _of(subject, kind).select_for_update(of=("self",)).order_by("-pk").first()
    if latest is not None and latest.state in (Approval.State.RETURNED, *machine.OPEN):
        row = _moved(latest, machine.submit(document(latest), actor.pk), subject)
    elif latest is not None and latest.state == Approval.State.APPROVED and latest.digest == subject.digest:
        raise Conflict(
            "record.approval_stands",
            Text("此文件已批准，内容未变。", "It is approved, and nothing in it has changed."),
        )
    else:
        row = _new(subject, kind, actor)
    _report("record.approval_submitted", row, actor, {"round": row.round})
    return row


def _new(subject: machine.Subject, kind: str, actor: Any) -> Approval:
    rule = rule_for(kind, subject.area, timezone.localdate())
    draft = machine.Document(machine.steps_of(rule["steps"]), actor.pk, rule["distinct"])
    first, now = machine.submit(draft, actor.pk), timezone.now()
    try:
        with transaction.atomic():
            return Approval.objects.create(
                kind=kind,
                room=subject.room,
                subject_kind=subject.kind,
                subject_id=subject.id,
                area=subject.area,
                submitter=actor,
                rule=rule,
                submitted_at=now,
                **_columns(first),
                **_content(subject),
            )
    except IntegrityError as error:  # submitted twice at once: the unique key keeps the first
        raise Conflict(
            "record.approval_state", Text("此文件已在审批中。", "It is being reviewed already.")
        ) from error


@transaction.atomic
def decide(
    approval_id: int, actor: Any, verdict: machine.Verdict, text: str = "", *, version: int | None = None
) -> Approval:
    """Pass the waiting step, or return the document with a reason; a deputy decides for the holder.

    ``version``: of the document that the actor looked at. Raises NotFound, Forbidden (``holding``), BadInput,
    Conflict when the document moved on meanwhile.
    """
    row = _locked(approval_id, version)
    found = document(row)
    if found.waiting is None:
        machine.decide(found, actor.pk, verdict, text)  # raises: nothing waits
    holder = holding(actor, row).holder
    after = machine.decide(found, actor.pk, verdict, text, holder)
    act = after.acts[-1]
    Opinion.objects.create(
        approval=row,
        round=act.round,
        step=act.step,
        by_id=act.by,
        holder_id=act.holder,
        verdict=act.verdict,
        text=act.text,
        at=timezone.now(),
    )
    row = _moved(row, after)
    data = {"round": act.round, "step": row.steps[act.step].key, "verdict": act.verdict, "state": row.state}
    _report("record.approval_decided", row, actor, data | ({"for": holder} if holder else {}))
    return row


@transaction.atomic
def withdraw(approval_id: int, actor: Any) -> Approval:
    """Take an own document back, before its final step has it. Raises NotFound, Forbidden, Conflict."""
    row = _locked(approval_id, None)
    row = _moved(row, machine.withdraw(document(row), actor.pk))
    _report("record.approval_withdrawn", row, actor, {"round": row.round})
    return row


def _locked(approval_id: int, version: int | None) -> Approval:
    rows = Approval.objects.select_related("area")
    row = rows.select_for_update(of=("self",)).filter(pk=approval_id).first()
    if row is None:
        raise NotFound("record.approval_unknown")
    if version is not None and row.version != version:
        raise _overtaken()
    return row


def _moved(row: Approval, after: machine.Document, subject: machine.Subject | None = None) -> Approval:
    """Compare and set: only one of two acts on the same version is stored."""
    fields = _columns(after) | {"version": row.version + 1}
    if subject is not None:
        fields |= _content(subject) | {"submitted_at": timezone.now()}
    if not Approval.objects.filter(pk=row.pk, version=row.version).update(**fields):
        raise _overtaken()
    return Approval.objects.select_related("area").get(pk=row.pk)


def _columns(found: machine.Document) -> dict[str, Any]:
    step = found.waiting
    return {
        "state": found.state,
        "round": found.round,
        "step": found.step,
        "roles": f"|{'|'.join(sorted(step.roles))}|" if step else "",
        "own": bool(step and step.own),
        "distinct": found.distinct,
        "changed_at": timezone.now(),
    }


def _content(subject: machine.Subject) -> dict[str, Any]:
    return {"title": subject.title[:200], "url": subject.url, "digest": subject.digest}


def _of(subject: machine.Subject, kind: str) -> Any:
    return Approval.objects.filter(
        room=subject.room, subject_kind=subject.kind, subject_id=subject.id, kind=kind
    )


def _overtaken() -> Conflict:
    return Conflict(
        "record.approval_overtaken",
        Text("此文件刚由他人办理。", "Somebody else has just acted on this document."),
        remedy=Text("请刷新页面，查看当前环节。", "Reload the page to see where it stands."),
    )


def _report(verb: str, row: Approval, actor: Any, data: dict[str, Any]) -> None:
    subject = f"{row.room}.{row.subject_kind}:{row.subject_id}"
    report_event(
        verb, actor=actor, area=row.area, subject=row.title, data={"of": subject, "kind": row.kind, **data}
    )


# --- rules of steps ------------------------------------------------------------------------------------------------
def rule_for(kind: str, place: Any, day: date) -> dict[str, Any]:
    """Title, steps and ``distinct`` in force for a kind at an area: its own rule, the nearest above, else the shipped.

    Raises BadInput for a kind that nobody shipped.
    """
    base = shipped().get(kind)
    if base is None:
        raise BadInput(
            "record.approval_kind",
            Text(f"没有此类审批：{kind}。", f"There are no steps for the kind {kind}."),
        )
    rows = ApprovalRule.objects.filter(kind=kind, area_id__in=place.ancestor_ids, valid_from__lte=day)
    nearest = rows.select_related("area").order_by("-area__path", "-valid_from").first()
    own = nearest.rule if nearest else {"steps": base["steps"], "distinct": base["distinct"]}
    return {"title": base["title"], **own}


@transaction.atomic
def set_rule(
    actor: Any, place: Any, kind: str, steps: list[dict[str, Any]], *, valid_from: date, distinct: bool = True
) -> ApprovalRule:
    """Give an area steps of its own from a day on; documents on their way keep theirs. Needs the right ``users``.

    Raises BadInput for an unknown kind or role, Conflict for a second rule of the same day.
    """
    community.require(actor, place, "users")
    rule_for(kind, place, valid_from)
    rule = machine.rule_json({"steps": steps, "distinct": distinct}, frozenset(ROLE_RIGHTS))
    row, new = ApprovalRule.objects.get_or_create(
        kind=kind, area=place, valid_from=valid_from, defaults={"rule": rule}
    )
    if not new and row.rule != rule:
        raise Conflict(
            "record.approval_rule_day",
            Text("同一天已有规则。", "There is a rule from this day on already."),
            remedy=Text("请从次日起执行。", "Let it begin a day later."),
        )
    if new:
        report_event("record.approval_rule_set", actor=actor, area=place, subject=kind, data=rule)
    return row


# --- delegation ----------------------------------------------------------------------------------------------------
@transaction.atomic
def delegate(actor: Any, place: Any, role: str, to: Any, first_day: date, last_day: date) -> Delegation:
    """Hand one's steps of a role at an area to a colleague for some days, both inclusive.

    Raises Forbidden when the actor does not hold the role there (a deputy hands on nothing) or the colleague may not
    act at the place, BadInput for the days.
    """
    machine.checked_delegation(actor.pk, to.pk, first_day, last_day, timezone.localdate())
    if role not in community.roles_at(actor, place):
        raise Forbidden(
            "record.delegation_not_held", Text("您在此区域没有该角色。", "You do not hold this role here.")
        )
    if not community.may(to, place, DEPUTY_RIGHT):
        raise Forbidden(
            "record.delegation_no_right",
            Text("受托人在此区域没有办理权限。", "The colleague has no right to act at this place."),
            remedy=Text("请选择本区域的工作人员。", "Choose a colleague who works at this place."),
        )
    row = Delegation.objects.create(
        holder=actor,
        role=role,
        area=place,
        to=to,
        first_day=first_day,
        last_day=last_day,
        made_at=timezone.now(),
    )
    days = {"to": to.pk, "role": role, "first_day": first_day.isoformat(), "last_day": last_day.isoformat()}
    report_event("record.delegated", actor=actor, area=place, subject=to.get_full_name(), data=days)
    return row


@transaction.atomic
def end_delegation(actor: Any, delegation_id: int) -> Delegation:
    """Take a delegation back, at once. Raises NotFound for one that the actor did not give."""
    row = Delegation.objects.select_related("area", "to").filter(pk=delegation_id, holder=actor).first()
    if row is None:
        raise NotFound("record.delegation_unknown")
    if row.ended_at is None:
        row.ended_at = timezone.now()
        row.save(update_fields=["ended_at"])
        report_event("record.delegation_ended", actor=actor, area=row.area, subject=row.to.get_full_name())
    return row
