"""The pages of the account in a browser: simple and professional, with and without script, empty, and on a phone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from tanlin.carbon import services as carbon
from tests.carbon import place as garden

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]
ACCOUNT, COMPARE = "/place/garden/carbon/account/", "/place/garden/carbon/compare/"
PHONE, DESK = {"width": 390, "height": 844}, {"width": 1440, "height": 900}


class Site:
    """The served garden as its keeper sees it."""

    def __init__(self, browser: Any, url: str, session: str) -> None:
        self.browser, self.url, self.session = browser, url, session
        self.contexts: list[Any] = []

    def context(self, language: str = "zh-hans", **options: Any) -> Any:
        context = self.browser.new_context(**options)
        self.contexts.append(context)
        cookies = {settings.SESSION_COOKIE_NAME: self.session, "language": language}
        context.add_cookies([{"name": n, "value": v, "url": self.url} for n, v in cookies.items()])
        return context

    def open(self, path: str, language: str = "zh-hans", **options: Any) -> Any:
        page = self.context(language, **options).new_page()
        page.goto(self.url + path)
        if options.get("java_script_enabled", True) and page.query_selector("[data-chart]"):
            page.wait_for_selector("html[data-charts=ready]")
        return page


@pytest.fixture
def site(browser: Any, live_server: Any) -> Iterator[Site]:
    made = garden.build("demonstration")
    carbon.derive(made.area, garden.YEAR)
    client = Client()
    client.force_login(made.users["keeper"])
    served = Site(browser, live_server.url, client.cookies[settings.SESSION_COOKIE_NAME].value)
    yield served
    for context in served.contexts:
        context.close()


def test_the_simple_view_is_the_default_and_the_choice_is_kept_without_script(site: Site) -> None:
    page = site.open(ACCOUNT, java_script_enabled=False)
    assert page.is_visible("[data-figure='carbon.basic'] .figure-value") and not page.query_selector("#gpc")
    page.click("text=专业视图")
    assert page.is_visible("#gpc") and page.is_visible("#scope2") and "BASIC+" in page.inner_text("main")
    page.goto(site.url + ACCOUNT)
    assert page.is_visible("#gpc")
    page.click("text=简明视图")
    page.goto(site.url + ACCOUNT)
    assert not page.query_selector("#gpc")


def test_a_figure_of_the_account_opens_its_receipt_and_replays_equal(site: Site) -> None:
    page = site.open(ACCOUNT, viewport=DESK)
    page.click("[data-figure='carbon.basic'] a[data-panel]")
    page.click("#panel form[action$='/replay'] button")
    page.wait_for_selector("#panel [data-answer=equal]")


def test_a_figure_per_person_stands_beside_its_boundary_and_unknown_is_a_word(site: Site) -> None:
    page = site.open(ACCOUNT, viewport=DESK)
    card = page.inner_text("[data-figure='carbon.per_person']")
    assert "暂无数据" in card and "0" not in card  # nobody has stated a population
    assert "未说明" in page.inner_text("section[aria-labelledby=boundary]")
    assert "未估算" in page.inner_text("section[aria-labelledby=gaps]")


def test_the_professional_view_shows_references_keys_gases_and_both_ways_of_scope_2(site: Site) -> None:
    page = site.open(ACCOUNT + "?view=expert", viewport=DESK)
    table = page.inner_text("section[aria-labelledby=gpc] table >> nth=0")
    assert "I.6" in table and "NE" in table and "III.3" in table
    assert "CO₂" in page.inner_text("section[aria-labelledby=gases]")
    assert page.is_visible("[data-figure='carbon.location']") and page.is_visible(
        "[data-figure='carbon.market']"
    )
    assert page.locator("#tornado .chart-canvas svg").count() == 1


def test_pages_without_an_account_say_what_to_do(site: Site) -> None:
    for path in ("/place/meadow/carbon/account/", "/place/meadow/carbon/compare/"):
        assert "还没有碳账" in site.open(path).inner_text(".empty")
    page = site.open("/place/garden/carbon/account/?year=2019")
    assert page.is_visible("form.empty-act[action$='/derive'] button:text('计算 2019 年')")


def test_nothing_is_wider_than_a_phone(site: Site) -> None:
    pages = (ACCOUNT, ACCOUNT + "?view=expert", COMPARE, "/place/garden/carbon/")
    for path, language in [(path, language) for path in pages for language in ("zh-hans", "en")]:
        page = site.open(path, language, viewport=PHONE)
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], path
