"""From the quality page to the figure: what people decide there changes the Overview and its receipt."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pytest
from django.conf import settings
from django.test import Client

from tanlin.community import services as community
from tanlin.community.models import User
from tanlin.community.queries import SYSTEM
from tanlin.meter import services as meter
from tanlin.meter.models import Exceptional
from tanlin.record import jobs
from tests.carbon.test_late import DAY, START, Town, derive_due

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]
QUALITY, OVERVIEW = "/place/b0/meter/quality/", "/place/b0/carbon/"
CARD = '[data-figure="carbon.electricity"]'


class Shown(NamedTuple):
    """The card of a figure as a reader sees it."""

    value: float
    words: str
    receipt: str


@pytest.fixture
def town() -> Town:
    """A building with a gap, a spike, a negative value and a stuck hour or thirty."""
    made = Town(buildings=1, homes=4, days=70)
    made.values[1, 600] = 80.0
    made.values[2, 700] = -4.0
    made.values[3, 900:930] = 0.777
    every = np.arange(4)
    parts = [
        made.rows(every[1:], 0, 70 * 24),
        made.rows(every[:1], 0, 800),
        made.rows(every[:1], 830, 70 * 24),
    ]
    meter.add_readings(pa.concat_tables(parts), source="file", actor=SYSTEM, area=made.garden)
    meter.refresh()
    meter.validate(now=START + 70 * DAY)
    derive_due()
    return made


def work() -> None:
    """What the worker does next: the jobs that wait, then the figures that are due."""
    while jobs.work_once():
        pass
    derive_due()


def test_accept_estimate_edit_and_bulk_with_the_figure_before_and_after(
    town: Town, browser: Any, live_server: Any, tmp_path: Path
) -> None:
    assert {e.kind for e in Exceptional.objects.all()} == {"gap", "spike", "negative", "stuck"}
    user = User.objects.create(username="engineer", password="!")
    community.grant(SYSTEM, user=user, role="engineer", area=town.garden)
    client = Client()
    client.force_login(user)
    context = browser.new_context(viewport={"width": 1280, "height": 900}, locale="zh-CN")
    session = client.cookies[settings.SESSION_COOKIE_NAME].value
    context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url}])
    page = context.new_page()

    def shown(name: str) -> Shown:
        page.goto(live_server.url + OVERVIEW)
        page.screenshot(path=tmp_path / f"overview-{name}.png")
        card = page.locator(CARD)
        value = float(card.locator("data").get_attribute("value"))
        return Shown(value, card.inner_text(), card.locator(".receipt-link").get_attribute("href"))

    def quality(kind: str = "") -> None:
        page.goto(live_server.url + QUALITY + (f"?kind={kind}" if kind else ""))
        page.screenshot(path=tmp_path / f"quality-{kind or 'all'}.png", full_page=True)

    before = shown("before")
    quality("stuck")
    page.click("button:text-is('接受')")
    page.wait_for_selector("text=已接受 1 条异常")
    work()
    assert shown("accepted") == before  # it was right as it was

    quality("spike")
    page.click("button:text-is('估算')")
    page.wait_for_selector("text=已估算 1 条异常")
    work()
    estimated = shown("estimated")
    assert before.value - 80 < estimated.value < before.value - 70
    assert estimated.receipt != before.receipt

    quality("negative")
    page.fill("#reason", "人工抄表")
    page.fill("[data-key=d]", "2.5")
    page.click("button:text-is('修正')")
    page.wait_for_selector("text=数值已保存")
    work()
    edited = shown("edited")
    assert edited.value == pytest.approx(estimated.value + 6.5)

    page.goto(live_server.url + QUALITY + "?state=all")
    for kind in ("缺失", "突变", "负值"):  # the gap waits; the others are taken back together
        page.check(f".doubt:has-text('{kind}') input[name=id]")
    page.uncheck(".doubt:has-text('缺失') input[name=id]")
    page.click("button:text-is('撤销所选')")
    page.wait_for_selector("text=2 条异常已恢复为待处理")
    work()
    assert shown("undone")[::2] == before[::2]

    quality()
    page.check("[data-all]")
    page.click("button:text-is('估算所选')")
    page.wait_for_selector("text=已估算 3 条异常")
    work()
    after = shown("after")
    assert "估算" in after.words and after.receipt not in (before.receipt, edited.receipt)
    page.goto(live_server.url + after.receipt)
    page.screenshot(path=tmp_path / "receipt.png", full_page=True)
    assert "carbon.electricity" in page.content() or "用电" in page.content()
    context.close()
    assert len(list(tmp_path.glob("*.png"))) >= 11
