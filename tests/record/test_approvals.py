"""Stored documents: who holds which step, what waits for whom, deputies, rules of an area, and the log."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.utils import timezone

from tanlin.community.models import User
from tanlin.kernel.errors import BadInput, Conflict, Forbidden, NotFound
from tanlin.record import services
from tanlin.record.models import Approval, Event, Opinion
from tanlin.record.queries import approvals as queries
from tests.record.office import colleague, subject


@pytest.fixture
def chain(world: Any) -> list[User]:
    """Who may take the four steps of a release of community A, in their order."""
    second = colleague(world, "street-2", "street", "street-a")
    return [world.users["worker"], world.users["street"], second, world.users["district"]]


@pytest.fixture
def author(world: Any) -> User:
    return colleague(world, "author", "worker")


def everybody() -> list[User]:
    return list(User.objects.order_by("pk"))


def test_four_steps_by_four_persons_release_it(world: Any, author: User, chain: list[User]):
    paper = subject(world)
    row = services.submit(paper, "release", author)
    for reviewer in chain:
        assert not queries.is_approved(paper, "release")
        assert [each.pk for each in queries.todo(reviewer)] == [row.pk]
        row = services.decide(row.pk, reviewer, "pass", "同意")
    assert row.state == "approved" and queries.is_approved(paper, "release")
    assert not queries.is_approved(paper, "agreement"), "for this purpose only"
    assert [each.pk for each in queries.done(chain[0])] == [row.pk]


def test_a_changed_content_is_not_approved(world: Any, author: User):
    services.decide(services.submit(subject(world), "event_link", author).pk, world.users["worker"], "pass")
    assert queries.is_approved(subject(world), "event_link")
    changed = subject(world, digest="sha256:b")
    assert not queries.is_approved(changed, "event_link")
    assert services.submit(changed, "event_link", author).state == "submitted"


def test_a_document_waits_once(world: Any, author: User):
    services.submit(subject(world), "release", author)
    with pytest.raises(Conflict):
        services.submit(subject(world), "release", author)
    assert Approval.objects.count() == 1


def test_the_list_of_what_waits_and_the_verb_agree_for_everybody(world: Any, author: User, chain: list[User]):
    """At each step, over all users, with a deputy of the submitter and one of a reviewer in between."""
    today = timezone.localdate()
    services.delegate(author, world.a, "worker", world.users["engineer"], today, today)
    services.delegate(chain[1], world.areas["street-a"], "street", chain[2], today, today)
    services.delegate(chain[0], world.a, "worker", author, today, today)
    row = services.submit(subject(world), "release", author)
    for reviewer in [*chain, None]:
        for user in everybody():
            listed = queries.todo(user).filter(pk=row.pk).exists()
            assert listed is queries.may_decide(user, row), (user.username, row.step)
            assert queries.todo_count(user) == int(listed)
        if reviewer is not None:
            row = services.decide(row.pk, reviewer, "pass")


def test_the_count_is_one_query(world: Any, author: User, django_assert_num_queries):
    services.submit(subject(world), "release", author)
    with django_assert_num_queries(1):
        assert queries.todo_count(world.users["worker"]) == 1


def test_a_worker_of_another_community_holds_nothing(world: Any, author: User):
    row = services.submit(subject(world), "release", author)
    assert queries.todo_count(world.users["other"]) == 0
    with pytest.raises(Forbidden):
        services.decide(row.pk, world.users["other"], "pass")
    with pytest.raises(NotFound):
        queries.approval(world.users["other"], row.pk)


def test_nobody_takes_two_steps(world: Any, author: User, chain: list[User]):
    row = services.submit(subject(world), "release", author)
    services.decide(row.pk, chain[1], "pass")
    with pytest.raises(Forbidden) as refused:
        services.decide(row.pk, chain[1], "pass")
    assert refused.value.code == "record.approval_twice"


def test_a_deputy_decides_for_the_holder_and_the_log_names_both(world: Any, author: User):
    today, engineer = timezone.localdate(), world.users["engineer"]
    services.delegate(world.users["worker"], world.a, "worker", engineer, today, today)
    row = services.submit(subject(world), "release", author)
    services.decide(row.pk, engineer, "pass")
    opinion = Opinion.objects.get()
    assert (opinion.by, opinion.holder) == (engineer, world.users["worker"])
    event = Event.objects.get(verb="record.approval_decided")
    assert (event.actor_id, event.data["for"]) == (engineer.pk, world.users["worker"].pk)


def hand_over(world: Any, case: str) -> None:
    """A delegation to the engineer that gives nothing today, each for a reason of its own."""
    today, worker, engineer = timezone.localdate(), world.users["worker"], world.users["engineer"]
    later = today + timedelta(days=5)
    row = services.delegate(worker, world.a, "worker", engineer, later if case == "later" else today, later)
    if case == "taken back":
        services.end_delegation(worker, row.pk)


@pytest.mark.parametrize("case", ["later", "taken back"])
def test_a_delegation_that_is_not_in_force_gives_nothing(world: Any, author: User, case: str):
    hand_over(world, case)
    row = services.submit(subject(world), "release", author)
    assert queries.todo_count(world.users["engineer"]) == 0
    with pytest.raises(Forbidden):
        services.decide(row.pk, world.users["engineer"], "pass")


def test_a_holder_who_lost_the_role_hands_on_nothing(world: Any, author: User):
    hand_over(world, "in force")
    row = services.submit(subject(world), "release", author)
    assert queries.todo_count(world.users["engineer"]) == 1
    world.users["worker"].grants.update(valid_from=date(2020, 1, 1), valid_to=date(2020, 1, 2))
    assert queries.todo_count(world.users["engineer"]) == 0
    with pytest.raises(Forbidden):
        services.decide(row.pk, world.users["engineer"], "pass")


def test_a_deputy_hands_on_nothing_and_an_auditor_is_none(world: Any):
    today, worker = timezone.localdate(), world.users["worker"]
    services.delegate(worker, world.a, "worker", world.users["engineer"], today, today)
    with pytest.raises(Forbidden):
        services.delegate(world.users["engineer"], world.a, "worker", world.users["street"], today, today)
    for outsider in ("auditor", "other", "volunteer"):
        with pytest.raises(Forbidden):
            services.delegate(worker, world.a, "worker", world.users[outsider], today, today)


def test_only_the_giver_takes_a_delegation_back(world: Any):
    today = timezone.localdate()
    row = services.delegate(world.users["worker"], world.a, "worker", world.users["engineer"], today, today)
    with pytest.raises(NotFound):
        services.end_delegation(world.users["engineer"], row.pk)


def test_returned_and_submitted_again_keeps_the_first_round(world: Any, author: User):
    row = services.submit(subject(world), "release", author)
    services.decide(row.pk, world.users["worker"], "return", "请补充日期")
    again = services.submit(subject(world, digest="sha256:b"), "release", author)
    assert (again.pk, again.round, again.digest) == (row.pk, 2, "sha256:b")
    services.decide(row.pk, world.users["worker"], "pass")
    assert list(Opinion.objects.values_list("round", "verdict")) == [(1, "return"), (2, "pass")]


def test_another_one_does_not_submit_what_was_returned(world: Any, author: User):
    row = services.submit(subject(world), "release", author)
    services.decide(row.pk, world.users["worker"], "return", "请补充日期")
    with pytest.raises(Forbidden):
        services.submit(subject(world), "release", world.users["street"])


def test_a_form_of_an_earlier_step_decides_nothing(world: Any, author: User, chain: list[User]):
    row = services.submit(subject(world), "release", author)
    seen = row.version
    services.decide(row.pk, chain[0], "pass", version=seen)
    with pytest.raises(Conflict):
        services.decide(row.pk, chain[1], "pass", version=seen)


def test_an_area_has_steps_of_its_own_from_a_day_on(world: Any, author: User):
    step = {"key": "one", "zh": "审批", "en": "Approval", "roles": ["engineer"]}
    today = timezone.localdate()
    services.set_rule(world.users["street"], world.areas["street-a"], "release", [step], valid_from=today)
    before = services.submit(subject(world), "release", author)
    services.set_rule(
        world.users["street"],
        world.a,
        "release",
        [step | {"roles": ["auditor"]}],
        valid_from=today + timedelta(days=1),
    )
    assert [each.key for each in before.steps] == ["one"]
    assert services.decide(before.pk, world.users["engineer"], "pass").state == "approved"


def test_a_rule_needs_the_right_and_known_roles(world: Any):
    step = {"key": "one", "zh": "审批", "en": "Approval", "roles": ["mayor"]}
    today = timezone.localdate()
    with pytest.raises(BadInput):
        services.set_rule(world.users["street"], world.a, "release", [step], valid_from=today)
    with pytest.raises(Forbidden):
        services.set_rule(world.users["worker"], world.a, "release", [step], valid_from=today)
    with pytest.raises(BadInput):
        services.submit(subject(world), "poem", world.users["worker"])


def test_every_verb_reports(world: Any, author: User):
    row = services.submit(subject(world), "release", author)
    services.withdraw(row.pk, author)
    verbs = Event.objects.filter(verb__startswith="record.approval").values_list("verb", "subject", "area")
    assert list(verbs) == [
        ("record.approval_submitted", "垃圾分类倡议", world.a.pk),
        ("record.approval_withdrawn", "垃圾分类倡议", world.a.pk),
    ]


def test_removed_places_take_their_documents_along(world: Any, author: User):
    services.submit(subject(world), "release", author)
    services.erase_places([world.a.pk])
    assert not Approval.objects.exists()
