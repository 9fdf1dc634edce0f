"""The quality page by its forms, and with keys in a browser on a phone."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from tanlin.community import services as community
from tanlin.community.models import User
from tanlin.community.queries import SYSTEM
from tanlin.meter import services
from tanlin.meter.models import Exceptional, VeeRule
from tests.meter.test_quality import Stand, spoiled

pytestmark = pytest.mark.django_db(transaction=True)
URL = "/place/here/meter/quality/"


@pytest.fixture
def stand() -> Stand:
    made = Stand()
    made.read(spoiled(made))
    made.check()
    return made


def client_of(stand: Stand, role: str) -> Client:
    user = User.objects.create(username=role, password="!")
    community.grant(SYSTEM, user=user, role=role, area=stand.here)
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def engineer(stand: Stand) -> Client:
    return client_of(stand, "engineer")


def shown(client: Client, query: str = "") -> str:
    answer = client.get(URL + query)
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_page_lists_what_waits_and_filters_by_kind(engineer: Client) -> None:
    page = shown(engineer)
    assert all(word in page for word in ("突变", "负值", "M-2", "2024-01"))
    assert page.count("data-doubt=") == 3
    assert shown(engineer, "?kind=gap").count("data-doubt=") == 1
    assert "没有待处理的异常" in shown(engineer, "?kind=stuck")
    assert shown(engineer, "?kind=%27&state=x&meter=-1").count("data-doubt=") == 3


def test_one_is_accepted_others_are_estimated_together_and_taken_back(engineer: Client) -> None:
    spike = Exceptional.objects.get(kind="spike")
    engineer.post(URL + "act/", {"do": f"accept:{spike.pk}", "reason": "party"})
    spike.refresh_from_db()
    assert (spike.state, spike.reason, spike.actor.username) == ("accepted", "party", "engineer")
    others = list(Exceptional.objects.exclude(pk=spike.pk).values_list("pk", flat=True))
    engineer.post(URL + "act/", {"do": "estimate", "id": others, "reason": "storm"})
    assert set(Exceptional.objects.filter(pk__in=others).values_list("state", flat=True)) == {"estimated"}
    engineer.post(URL + "act/", {"do": "undo", "id": [spike.pk, *others]})
    assert set(Exceptional.objects.values_list("state", flat=True)) == {"reopened"}


def test_an_edit_without_a_reason_or_a_number_is_refused_in_words(engineer: Client) -> None:
    gap = Exceptional.objects.get(kind="gap")
    for value, reason in (("30", ""), ("much", "read")):
        data = {"do": f"edit:{gap.pk}", f"value-{gap.pk}": value, "reason": reason}
        assert "修正原因" in engineer.post(URL + "act/", data, follow=True).content.decode()
    data = {"do": f"edit:{gap.pk}", f"value-{gap.pk}": "30", "reason": "read by hand"}
    engineer.post(URL + "act/", data)
    gap.refresh_from_db()
    assert gap.state == "edited"


def test_a_reader_sees_no_buttons_and_an_engineer_adds_a_rule(stand: Stand, engineer: Client) -> None:
    auditor = client_of(stand, "auditor")
    assert 'name="do"' not in shown(auditor)
    rule = {
        "parameter": "range.rated",
        "value": "2",
        "valid_from": "2024-02-01",
        "reason": "rated",
        "number": "M-1",
    }
    assert auditor.post(URL + "rules/", rule).status_code == 403
    assert engineer.post(URL + "rules/", rule | {"value": "-1"}).status_code == 422
    assert engineer.post(URL + "rules/", rule).status_code == 302
    assert VeeRule.objects.get().meter_id == stand.ids["M-1"]
    assert "rated" in engineer.get(URL + "rules/").content.decode()


@pytest.mark.browser
def test_keys_accept_estimate_and_edit_on_a_phone(stand: Stand, browser: Any, live_server: Any) -> None:
    from django.conf import settings

    client = client_of(stand, "engineer")
    context = browser.new_context(viewport={"width": 390, "height": 800}, locale="zh-CN")
    cookie = {
        "name": settings.SESSION_COOKIE_NAME,
        "value": client.cookies[settings.SESSION_COOKIE_NAME].value,
    }
    context.add_cookies([cookie | {"url": live_server.url}])
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.goto(live_server.url + URL)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    kinds = [e.kind for e in Exceptional.objects.all()]  # newest first, as listed
    assert kinds == ["gap", "negative", "spike"]
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("a")
    page.wait_for_selector("text=已接受 1 条异常")
    page.keyboard.press("j")
    page.keyboard.press("e")
    page.wait_for_selector("text=已估算 1 条异常")
    page.fill("#reason", "人工抄表")
    page.keyboard.press("Tab")
    page.focus("[data-doubt]")
    page.keyboard.press("d")
    page.keyboard.type("2.5")
    page.click("button:has-text('修正')")
    page.wait_for_selector("text=数值已保存")
    context.close()
    assert {e.kind: e.state for e in Exceptional.objects.all()} == {
        "gap": "estimated",
        "negative": "accepted",
        "spike": "edited",
    }
    assert errors == []
    services.refresh()
    assert stand.effective("M-0", 600) == [(2.5, "edited")]
