"""The state machine of 审批 over generated steps, persons and acts, against what a chief clerk would demand."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tanlin.kernel.errors import BadInput, Conflict, Forbidden, TanlinError, Text
from tanlin.record import approval as machine

PERSONS = st.integers(1, 5)
TODAY = date(2026, 11, 20)


def steps(owns: list[bool]) -> tuple[machine.Step, ...]:
    return tuple(
        machine.Step(f"s{n}", Text(f"第 {n} 步", f"step {n}"), frozenset({"worker"}), own)
        for n, own in enumerate(owns)
    )


class Office(RuleBasedStateMachine):
    """Five persons do whatever they like with one document; refused acts change nothing."""

    @initialize(
        owns=st.lists(st.booleans(), min_size=1, max_size=4), submitter=PERSONS, distinct=st.booleans()
    )
    def begin(self, owns: list[bool], submitter: int, distinct: bool) -> None:
        self.document = machine.Document(steps(owns), submitter, distinct)

    def attempt(self, act, *arguments) -> bool:
        before = self.document
        try:
            self.document = act(before, *arguments)
        except TanlinError:
            return False
        return self.document != before

    @rule(actor=PERSONS)
    def submit(self, actor: int) -> None:
        before = self.document
        if self.attempt(machine.submit, actor):
            assert actor == before.submitter and before.state in ("draft", "returned")
            assert (self.document.state, self.document.step) == ("submitted", 0)

    @rule(
        actor=PERSONS,
        verdict=st.sampled_from(["pass", "pass", "return"]),
        text=st.sampled_from(["", "改标题"]),
        holder=st.none() | PERSONS,
    )
    def decide(self, actor: int, verdict: str, text: str, holder: int | None) -> None:
        before = self.document
        if self.attempt(machine.decide, actor, verdict, text, holder):
            assert before.state in ("submitted", "under_review")
            assert len(self.document.acts) == len(before.acts) + 1
            if verdict == "return":
                assert self.document.state == "returned" and text

    @rule(actor=PERSONS)
    def withdraw(self, actor: int) -> None:
        before = self.document
        if self.attempt(machine.withdraw, actor):
            assert actor == before.submitter
            begun = any(act.round == before.round for act in before.acts)
            final_has_it = before.state == "under_review" and before.step + 1 == len(before.steps)
            assert not (begun and final_has_it) and before.state != "approved"

    @invariant()
    def no_step_is_skipped(self) -> None:
        document = self.document
        passed = [a.step for a in document.acts if a.round == document.round and a.verdict == "pass"]
        assert passed == list(range(len(passed)))
        if document.state == "approved":
            assert len(passed) == len(document.steps)
        if document.state == "under_review":
            assert 0 < document.step == len(passed) < len(document.steps)

    @invariant()
    def nobody_approves_an_own_document_where_that_is_forbidden(self) -> None:
        for act in self.document.acts:
            assert self.document.steps[act.step].own or self.document.submitter not in act.persons

    @invariant()
    def each_step_has_another_person_where_that_is_asked(self) -> None:
        document = self.document
        persons = [p for act in document.acts if act.round == document.round for p in act.persons]
        assert not document.distinct or len(persons) == len(set(persons))

    @invariant()
    def what_is_over_stays_over(self) -> None:
        if self.document.state in ("approved", "withdrawn"):
            for actor in range(1, 6):
                for act, more in ((machine.submit, ()), (machine.decide, ("pass",)), (machine.withdraw, ())):
                    with pytest.raises((Conflict, Forbidden)):
                        act(self.document, actor, *more)


TestOffice = Office.TestCase


def test_the_checks_see_a_machine_that_skips_a_step(monkeypatch: pytest.MonkeyPatch):
    """Control: the same walk over a machine that approves at the first pass must be found out."""
    real = machine.decide

    def hasty(document, actor, verdict, text="", holder=None):
        after = real(document, actor, verdict, text, holder)
        return machine.replace(after, state="approved") if verdict == "pass" else after

    monkeypatch.setattr(machine, "decide", hasty)
    office = Office()
    office.document = machine.submit(machine.Document(steps([False, False]), 1), 1)
    office.decide(2, "pass", "", None)
    with pytest.raises(AssertionError):
        office.no_step_is_skipped()


def test_a_document_of_one_step_may_be_withdrawn_until_it_is_decided():
    waiting = machine.submit(machine.Document(steps([False]), 1), 1)
    assert machine.withdraw(waiting, 1).state == "withdrawn"
    with pytest.raises(Conflict):
        machine.withdraw(machine.decide(waiting, 2, "pass"), 1)


def test_once_the_final_step_has_it_no_withdrawal():
    final = machine.decide(machine.submit(machine.Document(steps([False, False]), 1), 1), 2, "pass")
    with pytest.raises(Conflict) as refused:
        machine.withdraw(final, 1)
    assert refused.value.code == "record.approval_final"


def test_a_deputy_does_not_approve_for_the_submitter():
    waiting = machine.submit(machine.Document(steps([False]), 1), 1)
    with pytest.raises(Forbidden):
        machine.decide(waiting, 2, "pass", holder=1)


def test_a_returned_document_begins_again_at_the_first_step():
    waiting = machine.submit(machine.Document(steps([False, False]), 1), 1)
    returned = machine.decide(machine.decide(waiting, 2, "pass"), 3, "return", "缺附件")
    again = machine.submit(returned, 1)
    assert (again.state, again.round, again.step) == ("submitted", 2, 0)


@given(first=st.integers(-200, 200), days=st.integers(-3, 200), holder=PERSONS, to=PERSONS)
def test_a_delegation_has_another_person_and_days_to_come(first: int, days: int, holder: int, to: int):
    begin = TODAY + timedelta(days=first)
    last = begin + timedelta(days=days)
    sound = holder != to and 0 <= days < 92 and last >= TODAY
    try:
        machine.checked_delegation(holder, to, begin, last, TODAY)
    except BadInput:
        assert not sound
    else:
        assert sound


@pytest.mark.parametrize(
    "rows",
    [
        [],
        [{"key": "a"}],
        [{"key": "a", "zh": "初审", "en": "First", "roles": []}],
        [{"key": "a", "zh": "初审", "en": "x", "roles": ["worker"]}] * 2,
    ],
)
def test_a_rule_that_cannot_be_followed_is_refused(rows):
    with pytest.raises(BadInput):
        machine.steps_of(rows)
