"""The pages of residents in a real browser: accessible, quiet, no wider than a phone; the own page without script."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from tanlin.community import queries, services
from tanlin.community.rights import SYSTEM
from tests.support.world import World, build
from tests.web.test_pages_browser import DESK, PHONE, Site, session

if TYPE_CHECKING:
    from playwright.sync_api import Browser

#: of elder mode: notice 工信部 2021 on pages for the elderly, in px
ELDER_TEXT, ELDER_TARGET = 18, 60


@pytest.fixture
def site(browser: Browser, live_server: Any) -> Iterator[tuple[Site, World]]:
    """A place with a grandmother, her grandchild and one more resident, served."""
    world = build(rooms=False)
    old = services.add_person(
        SYSTEM,
        area=world.a,
        name="欧阳沙岚",
        phone="13912345678",
        birth_year=1958,
        purposes=["service", "photos"],
    )
    services.join_household(SYSTEM, old, place=world.areas["home-a"])
    child = services.add_person(
        SYSTEM, area=world.a, name="欧阳小沙", birth_year=2018, purposes=["activities"], guardian=old
    )
    services.add_person(SYSTEM, area=world.a, name="John Smith", purposes=["survey"])
    world.objects |= {"old": old, "child": child}
    names = ("worker", "district", "auditor")
    served = Site(live_server.url, browser, {name: session(world.users[name]) for name in names})
    yield served, world
    for context in served.contexts:
        context.close()


def pages(world: World) -> list[tuple[str, str]]:
    """(user, path); a path of the own page is looked at after its link."""
    place, child = f"/place/{world.a.slug}/", world.objects["child"].pk
    worker = ("people/", "people/new/", f"people/{child}/", f"people/{child}/reveal/", "processing/")
    return [
        *(("worker", place + path) for path in worker),
        ("worker", f"/place/{world.areas['home-a'].slug}/people/"),
        ("district", "/privacy/"),
        ("auditor", place + "processing/"),
        ("", "/privacy/"),
    ]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("size", "colour"),
    [
        pytest.param(PHONE, "dark", id="phone-dark"),
        pytest.param(DESK, "light", id="desk", marks=pytest.mark.soak),
    ],
)
def test_pages_of_residents_are_accessible_and_fit_a_phone(
    site: tuple[Site, World], size: dict[str, int], colour: str
) -> None:
    seen, world = site
    contexts = {user: seen.context(user, viewport=size, color_scheme=colour) for user in ("", *seen.sessions)}
    for user, path in pages(world):
        page = seen.look(contexts[user], path)
        seen.check(page, path)
        page.close()
    token = services.entry_token(SYSTEM, world.objects["old"])
    seen.check(seen.look(contexts[""], f"/me/enter/{token}/"), "/me/")
    assert not seen.faults, "\n".join(seen.faults)


@pytest.mark.django_db(transaction=True)
def test_the_own_page_on_a_phone_without_script_in_elder_mode(site: tuple[Site, World]) -> None:
    seen, world = site
    old = world.objects["old"]
    context = seen.context("", viewport=PHONE, java_script_enabled=False)
    context.add_cookies([{"name": "size", "value": "elder", "url": seen.url}])
    page = seen.look(context, f"/me/enter/{services.entry_token(SYSTEM, old)}/")
    assert page.url == f"{seen.url}/me/", "the link leaves the address line"
    for button in page.query_selector_all("main button"):
        box = button.bounding_box()
        assert box and box["height"] >= ELDER_TARGET and box["width"] >= ELDER_TARGET, button.inner_text()
        assert float(button.evaluate("e => parseFloat(getComputedStyle(e).fontSize)")) >= ELDER_TEXT
    page.click("button[aria-label^='Agree Low-carbon family contest']")
    assert page.is_visible("button[aria-label^='Withdraw Low-carbon family contest']")
    assert queries.agreed(old, "contest")
    with page.expect_download() as saved:
        page.click("text=Take my data along")
    assert saved.value.suggested_filename == f"person-{old.pk}.zip"
    page.check("input[name=sure]")
    page.click("text=Erase everything about me")
    assert page.is_visible("main h1:has-text('Erased')")
    assert not seen.faults, "\n".join(seen.faults)
