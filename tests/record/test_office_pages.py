"""待办, one document and delegations as a reviewer sees them, in both languages and without script."""

import re
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from tanlin.record import services
from tanlin.record.models import Approval, Delegation
from tests.record.office import colleague, subject


@pytest.fixture
def author(world: Any) -> Any:
    return colleague(world, "author", "worker")


def login(user: Any, language: str = "zh-hans") -> Client:
    client = Client()
    client.force_login(user)
    client.cookies["language"] = language
    return client


def page(client: Client, path: str) -> str:
    return client.get(path).content.decode()


@pytest.mark.parametrize(
    ("language", "empty", "title"),
    [("zh-hans", "暂无待办", "复审"), ("en", "Nothing waits for you", "Second review")],
)
def test_the_list_says_what_waits_and_at_which_step(
    world: Any, author: Any, language: str, empty: str, title: str
):
    assert empty in page(login(world.users["street"], language), "/todo/")
    row = services.submit(subject(world), "release", author)
    services.decide(row.pk, world.users["worker"], "pass", "同意")
    text = page(login(world.users["street"], language), "/todo/")
    assert f"/approval/{row.pk}/" in text and title in text and empty not in text
    assert f"/approval/{row.pk}/" in page(login(world.users["worker"], language), "/todo/?view=done")
    assert f"/approval/{row.pk}/" in page(login(author, language), "/todo/?view=mine")


def test_the_navigation_counts_what_waits(world: Any, author: Any):
    client = login(world.users["worker"])
    assert "nav-count" not in page(client, "/todo/")
    services.submit(subject(world), "release", author)
    assert re.search(r'class="nav-count">1<', page(client, f"/place/{world.a.slug}/record/jobs/"))


def test_only_the_holder_has_the_form_and_only_the_author_takes_it_back(world: Any, author: Any):
    row = services.submit(subject(world), "release", author)
    path = f"/approval/{row.pk}/"
    decide, withdraw = f"{path}decide", f"{path}withdraw"
    assert decide in page(login(world.users["worker"]), path)
    for name in ("district", "auditor"):
        text = page(login(world.users[name]), path)
        assert decide not in text and withdraw not in text
    text = page(login(author), path)
    assert decide not in text and withdraw in text
    assert login(world.users["auditor"]).post(decide, {"verdict": "pass", "version": 0}).status_code == 403
    assert login(author).post(decide, {"verdict": "pass", "version": 0}).status_code == 403


def test_a_reviewer_passes_and_the_opinion_stands_on_the_page(world: Any, author: Any):
    row = services.submit(subject(world), "release", author)
    client = login(world.users["worker"])
    answer = client.post(
        f"/approval/{row.pk}/decide", {"verdict": "pass", "text": "内容属实", "version": row.version}
    )
    assert answer.headers["Location"] == "/todo/"
    assert "内容属实" in page(client, f"/approval/{row.pk}/")


def test_a_return_without_reason_keeps_what_was_typed_and_stores_nothing(world: Any, author: Any):
    row = services.submit(subject(world), "release", author)
    client = login(world.users["worker"])
    answer = client.post(
        f"/approval/{row.pk}/decide", {"verdict": "return", "text": " ", "version": row.version}
    )
    assert answer.status_code == 400 and "退回时须填写意见" in answer.content.decode()
    assert client.post(f"/approval/{row.pk}/decide", {"version": row.version}).status_code == 400
    assert Approval.objects.get().state == "submitted"


def test_an_opinion_on_a_version_that_is_gone_is_told_so(world: Any, author: Any):
    row = services.submit(subject(world), "release", author)
    services.decide(row.pk, world.users["worker"], "pass")
    stale = {"verdict": "pass", "version": row.version}
    assert login(world.users["street"]).post(f"/approval/{row.pk}/decide", stale).status_code == 409


def test_the_author_takes_a_document_back(world: Any, author: Any):
    row = services.submit(subject(world), "release", author)
    assert "已撤回" in login(author).post(f"/approval/{row.pk}/withdraw", follow=True).content.decode()


def test_an_opinion_is_no_markup(world: Any, author: Any):
    row = services.submit(subject(world, title="<b>x</b>"), "release", author)
    services.decide(row.pk, world.users["worker"], "return", "<script>alert(1)</script>")
    text = page(login(world.users["worker"]), f"/approval/{row.pk}/")
    assert "<script>alert" not in text and "<b>x</b>" not in text


def test_steps_are_handed_over_and_taken_back(world: Any):
    path, today = f"/place/{world.a.slug}/record/delegations/", timezone.localdate().isoformat()
    client, engineer = login(world.users["worker"]), world.users["engineer"]
    assert "暂无委托" in page(client, path)
    data = {"role": "worker", "to": engineer.pk, "first_day": today, "last_day": today}
    assert client.post(path, data).status_code == 302
    assert "收回" in page(client, path) and "收回" not in page(login(engineer), path)
    assert client.post(path, data | {"to": world.users["auditor"].pk}).status_code == 422
    client.post(f"/delegation/{Delegation.objects.get().pk}/end")
    assert "暂无委托" in page(client, path)
