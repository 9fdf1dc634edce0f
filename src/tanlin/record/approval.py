"""审批 as a state machine: pure functions from a document and an act to the next document.

draft → submitted → under review → approved, with the side ways returned (and submitted again) and withdrawn.
The steps of a kind of document are data (``data/approvals.json`` and the rows of an area); nothing here names one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, Final, Literal

from tanlin.kernel.errors import BadInput, Conflict, Forbidden, Text, Where

DRAFT, SUBMITTED, UNDER_REVIEW = "draft", "submitted", "under_review"
RETURNED, APPROVED, WITHDRAWN = "returned", "approved", "withdrawn"
STATES: Final = (DRAFT, SUBMITTED, UNDER_REVIEW, RETURNED, APPROVED, WITHDRAWN)
OPEN: Final = frozenset({SUBMITTED, UNDER_REVIEW})
PASS, RETURN = "pass", "return"
Verdict = Literal["pass", "return"]
#: A holder may hand a step to a colleague for so many days at most.
LONGEST_DELEGATION_DAYS: Final = 92


@dataclass(frozen=True)
class Subject:
    """What is to be approved, opaque to the record. ``digest``: hash of the content that is judged.

    A content that changed after its approval has another digest and is not approved.
    """

    room: str
    kind: str
    id: str
    title: str
    url: str
    area: Any
    digest: str = ""


@dataclass(frozen=True)
class Step:
    """One step: held by whoever has one of the ``roles`` at the area. ``own``: the submitter may take it too."""

    key: str
    title: Text
    roles: frozenset[str]
    own: bool = False


@dataclass(frozen=True)
class Act:
    """An opinion given: at which round and step, by whom, for whom as a deputy (user ids)."""

    round: int
    step: int
    by: int
    verdict: Verdict
    text: str = ""
    holder: int | None = None

    @property
    def persons(self) -> frozenset[int]:
        return frozenset({self.by} if self.holder is None else {self.by, self.holder})


@dataclass(frozen=True)
class Document:
    """A document on its way. ``step`` is the index of the step that waits, ``distinct``: each step another person."""

    steps: tuple[Step, ...]
    submitter: int
    distinct: bool = True
    state: str = DRAFT
    round: int = 0
    step: int = 0
    acts: tuple[Act, ...] = field(default=())

    @property
    def waiting(self) -> Step | None:
        """The step that waits for an opinion, or None."""
        return self.steps[self.step] if self.state in OPEN else None


def submit(document: Document, actor: int) -> Document:
    """A draft or a returned document goes to its first step. Raises Forbidden, Conflict."""
    if actor != document.submitter:
        raise Forbidden(
            "record.approval_not_submitter", Text("只能由填报人提交。", "Only its author may submit it.")
        )
    if document.state not in (DRAFT, RETURNED):
        raise _unfit(document)
    return replace(document, state=SUBMITTED, round=document.round + 1, step=0)


def decide(
    document: Document, actor: int, verdict: Verdict, text: str = "", holder: int | None = None
) -> Document:
    """Pass the waiting step or return the document. ``holder``: whose step it is when a deputy decides.

    The caller has proved that ``holder`` (or the actor) holds the step. Raises Forbidden for self-approval and for a
    second step of one person, BadInput for a return without a reason, Conflict when nothing waits.
    """
    step = document.waiting
    if step is None:
        raise _unfit(document)
    act = Act(document.round, document.step, actor, verdict, text.strip(), holder)
    bar = barred(document, act.persons)
    if bar is not None:
        raise bar
    if verdict == RETURN and not act.text:
        raise BadInput(
            "record.approval_reason",
            Text("退回时须填写意见。", "A return needs its reason."),
            where=Where(column="opinion"),
        )
    acts = (*document.acts, act)
    if verdict == RETURN:
        return replace(document, state=RETURNED, acts=acts)
    if document.step + 1 == len(document.steps):
        return replace(document, state=APPROVED, acts=acts)
    return replace(document, state=UNDER_REVIEW, step=document.step + 1, acts=acts)


def barred(document: Document, persons: frozenset[int]) -> Forbidden | None:
    """Why these persons (who decides, and for whom) may not take the waiting step; None if they may."""
    step = document.waiting
    if step is not None and not step.own and document.submitter in persons:
        return Forbidden(
            "record.approval_own",
            Text(
                "不能审批本人提交的文件，也不能由他人代本人审批。",
                "Nobody approves an own document, nor has it done by a deputy.",
            ),
        )
    earlier = {person for act in document.acts if act.round == document.round for person in act.persons}
    if document.distinct and earlier & persons:
        return Forbidden(
            "record.approval_twice",
            Text("同一人不能办理同一文件的两个审批环节。", "One person takes one step of a document only."),
        )
    return None


def may_withdraw(document: Document, actor: int) -> bool:
    """The submitter, until the final step has the document; before any opinion also where one step is all there is."""
    if actor != document.submitter:
        return False
    before_final = document.step + 1 < len(document.steps)
    return document.state in (SUBMITTED, RETURNED) or (document.state == UNDER_REVIEW and before_final)


def withdraw(document: Document, actor: int) -> Document:
    """Take a document back. Raises Forbidden for anybody but the submitter, Conflict once the final step has it."""
    if actor != document.submitter:
        raise Forbidden(
            "record.approval_not_submitter", Text("只能由填报人撤回。", "Only its author may withdraw it.")
        )
    if not may_withdraw(document, actor):
        raise Conflict(
            "record.approval_final",
            Text(
                "文件已到终审环节或已办结，不能撤回。",
                "The final step has it, or it is over: too late to withdraw.",
            ),
            remedy=Text("可请审批人退回。", "Ask the reviewer to return it."),
        )
    return replace(document, state=WITHDRAWN)


def checked_delegation(holder: int, to: int, first: date, last: date, today: date) -> None:
    """Raises BadInput for a delegation to oneself, of no day, of days gone by, or longer than a quarter."""
    faults = (
        (holder == to, Text("不能委托给本人。", "A step is not handed to oneself.")),
        (last < first, Text("结束日期早于开始日期。", "The last day is before the first.")),
        (last < today, Text("委托期限已过。", "These days are over.")),
        (
            (last - first).days >= LONGEST_DELEGATION_DAYS,
            Text(f"委托不得超过 {LONGEST_DELEGATION_DAYS} 天。", f"At most {LONGEST_DELEGATION_DAYS} days."),
        ),
    )
    for wrong, text in faults:
        if wrong:
            raise BadInput("record.delegation", text)


def steps_of(rows: Any) -> tuple[Step, ...]:
    """Steps from their JSON rows ``{key, zh, en, roles, own}``. Raises BadInput for a rule that cannot be followed."""
    try:
        steps = tuple(
            Step(row["key"], Text(row["zh"], row["en"]), frozenset(row["roles"]), row.get("own", False))
            for row in rows
        )
    except (KeyError, TypeError) as error:
        raise _bad_rule(str(error)) from error
    if not steps or not all(step.roles for step in steps) or len({step.key for step in steps}) < len(steps):
        raise _bad_rule("")
    return steps


def _bad_rule(value: str) -> BadInput:
    return BadInput(
        "record.approval_rule",
        Text("审批环节的规则不完整。", "The rule of the steps is incomplete."),
        remedy=Text(
            "每个环节须有不重复的编号、中英文名称和角色。",
            "Each step needs a key of its own, both names and roles.",
        ),
        where=Where(value=value or None),
    )


def rule_json(rule: Mapping[str, Any], roles: frozenset[str]) -> dict[str, Any]:
    """A rule as stored, once its steps are sound and name known roles. Raises BadInput."""
    unknown = {role for step in steps_of(rule["steps"]) for role in step.roles} - roles
    if unknown:
        raise _bad_rule(", ".join(sorted(unknown)))
    return {"steps": list(rule["steps"]), "distinct": bool(rule.get("distinct", True))}


def _unfit(document: Document) -> Conflict:
    return Conflict(
        "record.approval_state",
        Text("文件的状态已改变，此操作不再适用。", "The document has moved on; this act no longer fits."),
        remedy=Text("请刷新页面。", "Reload the page."),
        where=Where(value=document.state),
    )
