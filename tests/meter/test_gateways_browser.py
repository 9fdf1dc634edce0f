"""The page of gateways in a browser: readable, live, no wider than a phone, and a point mapped by hand."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.test import Client

from tanlin.community import services as community
from tanlin.community.models import User
from tanlin.community.queries import SYSTEM
from tanlin.meter import queries, services
from tanlin.meter.gateways import Reject, Sample
from tests.meter.listener import START
from tests.meter.support import world

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def page(browser: "Browser", live_server: Any) -> Iterator["Page"]:
    """A phone in the hands of an engineer of the community."""
    from datetime import date

    areas = world()
    spec = services.Spec(
        owner=areas["here"],
        place=areas["home"],
        carrier="electricity",
        number="G-1",
        unit="kWh",
        valid_from=date(2025, 1, 1),
    )
    services.register([spec], actor=SYSTEM, area=areas["here"])
    user = User.objects.create(username="engineer", password="!")
    community.grant(SYSTEM, user=user, role="engineer", area=areas["here"])
    client = Client()
    client.force_login(user)
    context = browser.new_context(viewport={"width": 390, "height": 844})
    session = client.cookies[settings.SESSION_COOKIE_NAME].value
    cookies = {settings.SESSION_COOKIE_NAME: session, "language": "en"}
    context.add_cookies([{"name": n, "value": v, "url": live_server.url} for n, v in cookies.items()])
    one = context.new_page()
    one.goto(f"{live_server.url}/place/here/meter/gateways/")
    yield one
    context.close()
    queries.inbox().close()


def clean(page: "Page") -> None:
    """No wider than the window, and nothing grave for assistive technology."""
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    found = Axe().run(page).response["violations"]
    assert [(v["id"], v["nodes"][0]["html"]) for v in found if v["impact"] in ("serious", "critical")] == []


def test_from_the_empty_page_to_a_mapped_point(page: "Page", tmp_path: Any) -> None:
    clean(page)
    page.click("text=Set up HTTP push")
    page.fill("#id_name", "Concentrator 3")
    clean(page)
    page.click("button:has-text('Save')")
    token = page.inner_text(".token")
    assert token.startswith("tlg_")
    clean(page)
    gateway = queries.gateways(queries_area())[0].gateway
    row = Sample("A7", START, 900, 1.5, "kWh")
    services.take(gateway.pk, [row], [Reject("A8", "ON", "unreadable")]).result()
    services.flush()
    page.click("text=Map this point", timeout=15_000)  # it appears without a reload
    clean(page)
    page.fill("#id_number", "G-1")
    page.click("button:has-text('Save')")
    assert "1 waiting row" in page.inner_text(".messages")
    assert services.flush().new == 1
    page.reload()
    assert "G-1" in page.inner_text("#live") and "A8" in page.inner_text("#live")
    assert token not in page.content()
    clean(page)
    page.screenshot(path=str(tmp_path / "gateway.png"), full_page=True)
    page.set_viewport_size({"width": 1440, "height": 900})
    page.screenshot(path=str(tmp_path / "gateway-1440.png"))
    page.click("text=All gateways")
    page.screenshot(path=str(tmp_path / "gateways-1440.png"))
    clean(page)


def queries_area() -> Any:
    from tanlin.community.models import Area

    return Area.objects.get(slug="here")
