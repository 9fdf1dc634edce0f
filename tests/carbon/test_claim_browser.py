"""A claim in a real browser: chosen, entered, weighed and kept; accessible, quiet, no wider than a phone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tanlin.carbon import services
from tanlin.carbon.claims import example
from tests.support.world import World, build
from tests.web.test_pages_browser import DESK, PHONE, Site, session

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]


@pytest.fixture
def site(browser: Any, live_server: Any) -> Iterator[tuple[Site, World]]:
    world = build(rooms=False)
    services.load_facts()
    served = Site(live_server.url, browser, {name: session(user) for name, user in world.users.items()})
    yield served, world
    for context in served.contexts:
        context.close()


@pytest.mark.parametrize(
    ("size", "colour", "language"),
    [
        pytest.param(DESK, "light", "zh-hans", id="desk-light-chinese"),
        pytest.param(PHONE, "dark", "en", id="phone-dark-english"),
    ],
)
def test_a_claim_goes_through_its_steps(
    site: tuple[Site, World], size: dict[str, int], colour: str, language: str, tmp_path: Path
) -> None:
    seen, world = site
    context = seen.context("worker", viewport=size, color_scheme=colour)
    context.add_cookies([{"name": "language", "value": language, "url": seen.url}])
    claims = f"/place/{world.a.slug}/carbon/claims/"

    def look(name: str, path: str) -> Any:
        page = seen.look(context, path)
        page.screenshot(path=tmp_path / f"{name}.png", full_page=True)
        seen.check(page, name)
        return page

    look("empty", claims)
    look("kinds", claims + "new")
    page = look("form", claims + "new?example=meisha-970t")
    page.click("button[name=check]")
    page.wait_for_selector("#answer-part")
    page.wait_for_selector("html[data-charts=ready]")
    page.screenshot(path=tmp_path / "answer.png", full_page=True)
    seen.check(page, "answer")
    page.fill("#id_days", "many")
    page.click("button[name=check]")
    page.wait_for_selector(".errorlist")
    page.screenshot(path=tmp_path / "error.png", full_page=True)
    page.fill("#id_days", "365")
    page.click("button[name=check]")
    page.click("button[name=keep]")
    page.wait_for_selector("#stated")
    page.screenshot(path=tmp_path / "kept.png", full_page=True)
    seen.check(page, "kept")
    page.goto(seen.url + page.locator("a.receipt-link").first.get_attribute("href"))
    page.screenshot(path=tmp_path / "receipt.png", full_page=True)
    seen.check(page, "receipt")
    for name in ("jingkou-25kw", "kunshan-6100t"):
        services.keep_claim(world.a, example(name).claim, actor=world.users["worker"])
    look("list", claims)
    # What a refused value answers is no fault of the page.
    faults = [fault for fault in seen.faults if "422" not in fault]
    assert not faults, "\n".join(faults)


def test_the_steps_work_without_script(site: tuple[Site, World]) -> None:
    seen, world = site
    page = seen.context("worker", java_script_enabled=False).new_page()
    page.goto(f"{seen.url}/place/{world.a.slug}/carbon/claims/new")
    page.click("a[href='?kind=solar']")
    page.fill("#id_claimed", "25000")
    page.fill("#id_capacity_kw", "25")
    page.select_option("#id_region", "CN-JS")
    page.click("button[name=check]")
    assert page.is_visible("#answer-part .mark-verified")
    page.click("button[name=keep]")
    assert page.is_visible("#stated") and page.is_visible("#claim .no-script")
