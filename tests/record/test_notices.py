"""Notices: nothing is public before all reviews of the text as it reads; readers, objections, result, withdrawal."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, get_resolver, reverse
from django.utils import timezone

from tanlin.kernel.errors import BadInput, Conflict, Forbidden, NotFound
from tanlin.record import services
from tanlin.record.models import Event, Notice
from tanlin.record.queries import notices as queries
from tests.record.office import colleague
from tests.record.test_office_pages import login, page


@pytest.fixture
def author(world: Any) -> Any:
    return colleague(world, "author", "worker")


@pytest.fixture
def chain(world: Any) -> list[Any]:
    second = colleague(world, "street-2", "street", "street-a")
    return [world.users["worker"], world.users["street"], second, world.users["district"]]


def write(world: Any, author: Any, kind: str = "publicity", **changes: Any) -> Notice:
    today = timezone.localdate()
    period = {
        "first_day": today - timedelta(days=3),
        "last_day": today + timedelta(days=3),
        "contact": "居委会",
    }
    fields = (
        (period if kind == "publicity" else {}) | {"title": "低碳家庭公示", "body": "名单如下。"} | changes
    )
    return services.write_notice(author, world.a, services.NoticeText(kind, **fields))


def release(row: Notice, author: Any, chain: list[Any]) -> Notice:
    paper = services.submit_notice(author, row)
    for reviewer in chain:
        services.decide(paper.pk, reviewer, "pass")
    return services.publish_notice(author, row)


def public_status(row: Notice) -> int:
    return Client().get(f"/notice/{row.token}/").status_code


def test_nothing_is_public_before_every_review_is_recorded(world: Any, author: Any, chain: list[Any]):
    row = write(world, author)
    paper = services.submit_notice(author, row)
    for reviewer in chain:
        with pytest.raises(Conflict):
            services.publish_notice(author, row)
        assert public_status(row) == 404
        services.decide(paper.pk, reviewer, "pass")
    assert public_status(row) == 404, "approved, not yet published"
    services.publish_notice(author, row)
    assert public_status(row) == 200


def test_an_unapproved_notice_is_in_no_page_without_login(world: Any, author: Any):
    """Every address of the site that takes what an outsider could guess of a notice, asked without a login."""
    row = write(world, author, title="尚未审批的标题")
    Notice.objects.filter(pk=row.pk).update(
        published_at=timezone.now()
    )  # even if somebody wrote past the verb
    guesses = {"slug": world.a.slug, "pk": row.pk, "token": row.token}
    asked = 0
    for pattern in named(get_resolver().url_patterns):
        wanted = set(pattern[1].pattern.converters) | set(pattern[1].pattern.regex.groupindex)
        if wanted <= set(guesses):
            answer = Client().get(reverse(pattern[0], kwargs={name: guesses[name] for name in wanted}))
            assert answer.status_code >= 300 or "尚未审批的标题" not in answer.content.decode(), pattern[0]
            asked += 1
    assert asked > 20


def named(patterns: list[Any], space: str = "") -> list[tuple[str, URLPattern]]:
    found = []
    for item in patterns:
        if isinstance(item, URLPattern):
            found += [(f"{space}{item.name}", item)] if item.name else []
        elif item.namespace != "api":
            found += named(item.url_patterns, f"{item.namespace}:" if item.namespace else space)
    return found


def test_a_text_altered_after_its_approval_is_public_no_more(world: Any, author: Any, chain: list[Any]):
    row = release(write(world, author), author, chain)
    Notice.objects.filter(pk=row.pk).update(body="另一份名单。")
    assert public_status(row) == 404


def test_a_notice_to_colleagues_has_no_public_address(world: Any, author: Any):
    row = release(write(world, author, "notice"), author, [world.users["worker"]])
    assert public_status(row) == 404
    assert "名单如下" in page(login(world.users["auditor"]), f"/record/notice/{row.pk}/board")


def test_a_withdrawn_notice_leaves_the_public_page_and_keeps_its_reason(
    world: Any, author: Any, chain: list[Any]
):
    row = release(write(world, author), author, chain)
    with pytest.raises(BadInput):
        services.withdraw_notice(author, row, " ")
    services.withdraw_notice(author, row, "名单有误")
    assert public_status(row) == 404
    assert "名单有误" in page(login(author), f"/record/notice/{row.pk}/")


def test_what_waits_or_is_published_is_not_rewritten(world: Any, author: Any):
    row = write(world, author)
    services.submit_notice(author, row)
    with pytest.raises(Conflict):
        services.write_notice(author, world.a, services.NoticeText("notice", "x", "y"), row)


def test_a_public_notice_needs_its_period_and_a_contact(world: Any, author: Any):
    for changes in (
        {"first_day": None},
        {"contact": ""},
        {"last_day": timezone.localdate() - timedelta(days=9)},
    ):
        with pytest.raises(BadInput):
            write(world, author, **changes)
    with pytest.raises(Forbidden):
        write(world, world.users["auditor"])


def test_readers_are_those_addressed_and_each_counts_once(world: Any, author: Any):
    row = release(
        write(world, author, "notice", roles=["worker", "volunteer"]), author, [world.users["worker"]]
    )
    volunteer = world.users["volunteer"]
    assert queries.notice(volunteer, row.pk) == row
    for outsider in ("guide", "other"):
        with pytest.raises(NotFound):
            queries.notice(world.users[outsider], row.pk)
    for _ in range(2):
        services.read_notice(volunteer, row)
    assert queries.readers(row) == ([volunteer], 3)
    assert "已读" not in page(login(world.users["auditor"]), f"/place/{world.a.slug}/record/notices/")


def test_a_notice_of_the_street_reaches_the_worker_of_the_community(world: Any):
    street, worker = world.users["street"], world.users["worker"]
    row = services.write_notice(
        street, world.areas["street-a"], services.NoticeText("notice", "街道通知", "x")
    )
    assert row not in queries.notices(worker, world.a)
    release(row, street, [world.users["district"]])
    assert row in queries.notices(worker, world.a)
    assert row not in queries.notices(world.users["other"], world.b)


def test_objections_come_within_the_period_and_are_answered_before_the_result(
    world: Any, author: Any, chain: list[Any]
):
    today = timezone.localdate()
    row = release(write(world, author), author, chain)
    with pytest.raises(BadInput):
        services.enter_objection(author, row, today - timedelta(days=4), "早于公示期")
    found = services.enter_objection(author, row, today, "面积有误")
    with pytest.raises(Conflict):
        services.conclude_notice(author, row, "stands")
    row.last_day = today - timedelta(days=1)
    with pytest.raises(Conflict) as refused:
        services.conclude_notice(author, row, "stands")
    assert refused.value.code == "record.notice_unanswered"
    services.answer_objection(author, row, found.pk, "已核对")
    with pytest.raises(Conflict):
        services.answer_objection(author, row, found.pk, "再答一次")
    services.conclude_notice(author, row, "stands")
    public = page(Client(), f"/notice/{row.token}/")
    assert "面积有误" not in public, "objections are counted in public, not printed"
    assert "维持" in public
    assert Event.objects.filter(verb="record.notice_concluded").count() == 1


def test_the_public_page_is_light_and_runs_no_script(world: Any, author: Any, chain: list[Any]):
    row = release(write(world, author), author, chain)
    text = page(Client(), f"/notice/{row.token}/")
    assert "<script" not in text and "style=" not in text
    assert "居委会" in text and "公示期" in text


def test_the_office_acts_on_a_notice_from_its_page(world: Any, author: Any):
    client, path = login(author), f"/place/{world.a.slug}/record/notices/"
    assert "暂无通知" in page(client, path)
    data = {"kind": "notice", "title": "停水通知", "body": "明日上午停水。"}
    there = client.post(f"{path}new", data).headers["Location"]
    assert client.post(f"{there}act", {"act": "publish"}).status_code == 409
    client.post(f"{there}act", {"act": "submit"})
    services.decide(queries.approval(Notice.objects.get()).pk, world.users["worker"], "pass")
    client.post(f"{there}act", {"act": "publish"})
    client.post(f"{there}read")
    assert "已读 1 人" in page(client, there)
    assert client.post(f"{there}act", {"act": "shred"}).status_code == 404
