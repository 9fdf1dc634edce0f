"""Every page of a small site in a real browser: accessible, quiet, no wider than a phone, and readable without script."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from io import BytesIO
from typing import TYPE_CHECKING, Any

import pytest
from django.conf import settings
from django.test import Client

from tanlin.carbon import services as carbon
from tanlin.carbon.services import activities
from tanlin.community.queries import SYSTEM
from tanlin.record import queries as record
from tanlin.record import services
from tanlin.record.approval import Subject
from tests.carbon import place as garden

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

GRAVE = {"serious", "critical"}
# What follows from the status on purpose is no fault of the page.
EXPECTED = ("the server responded with a status of 40",)


@dataclass
class Site:
    """The served site: its address, sessions by user, and the pages with the status each answers."""

    url: str
    browser: Browser
    sessions: dict[str, str]
    faults: list[str] = field(default_factory=list)
    contexts: list[BrowserContext] = field(default_factory=list)

    def context(self, user: str, **options: Any) -> BrowserContext:
        context = self.browser.new_context(**options)
        self.contexts.append(context)
        cookies = {"language": "en"}
        if user:
            cookies[settings.SESSION_COOKIE_NAME] = self.sessions[user]
        context.add_cookies([{"name": n, "value": v, "url": self.url} for n, v in cookies.items()])
        return context

    def look(self, context: BrowserContext, path: str, status: int = 200) -> Page:
        """Open a page; keep what is wrong with it."""
        page = context.new_page()
        page.on("console", lambda m: self.complain(path, m.text) if m.type in ("error", "warning") else None)
        page.on("pageerror", lambda e: self.complain(path, str(e)))
        answer = page.goto(self.url + path)
        if answer is None or answer.status != status:
            self.complain(path, f"answered {answer and answer.status}, not {status}")
        if page.query_selector("[data-chart]"):
            page.wait_for_selector("html[data-charts=ready]")
        return page

    def complain(self, path: str, text: str) -> None:
        if not any(part in text for part in EXPECTED):
            self.faults.append(f"{path}: {text}")

    def check(self, page: Page, path: str) -> None:
        """Grave violations that axe finds, and anything that makes the page wider than the screen."""
        from axe_playwright_python.sync_playwright import Axe

        found = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
        for each in found:
            if each["impact"] in GRAVE:
                nodes = "; ".join(node["html"][:120] for node in each["nodes"][:2])
                self.complain(path, f"{each['impact']} {each['id']}: {nodes}")
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        if wide > 0:
            self.complain(path, f"{wide} px wider than the screen")


def session(user: Any) -> str:
    client = Client()
    client.force_login(user)
    return client.cookies[settings.SESSION_COOKIE_NAME].value


@pytest.fixture
def site(browser: Browser, live_server: Any) -> Iterator[tuple[Site, garden.Place]]:
    """The garden with derived figures, served. Contexts close before the server does, which ends its threads."""
    made = garden.build("demonstration")
    carbon.derive(made.area, garden.YEAR)
    sessions = {name: session(user) for name, user in made.users.items()}
    served = Site(live_server.url, browser, sessions)
    yield served, made
    for context in served.contexts:
        context.close()


def pages(made: garden.Place) -> list[tuple[str, str, int]]:
    """(user, path, status) of every page."""
    client = Client()
    client.force_login(made.users["keeper"])
    job = client.post("/place/garden/carbon/derive", {"period": ""})["Location"]
    figures = record.figures(made.area, "2023", tables=False)
    receipts = [f"/receipt/{figures[key, '2023'].receipt}" for key in ("carbon.cost", "carbon.inventory")]
    fact = record.facts()[0].fact_id
    meter = f"/place/garden/meter/{made.ids['MAIN']}/"
    sheet, kept = activity_sheets(made)
    green_power(made)
    paper = f"/approval/{submitted(made)}/"
    entered = "/place/garden/carbon/activities/"
    keeper = [
        *(entered, f"{entered}?year=2023", "/place/meadow/carbon/activities/", f"{entered}new"),
        *(f"{entered}import", f"{entered}import/{kept}/", f"{entered}{sheet}/"),
        *("/", "/place/garden/carbon/?year=2023", "/place/meadow/carbon/", *receipts, job),
        *("/place/garden/carbon/factors/", "/place/garden/carbon/factors/?kind=all&region=all"),
        *(
            "/place/garden/carbon/account/",
            "/place/garden/carbon/account/?view=expert",
            "/place/meadow/carbon/account/",
        ),
        *("/place/garden/carbon/compare/", "/place/garden/carbon/boundary/"),
        *("/place/garden/carbon/instruments/", "/place/garden/carbon/instruments/new"),
        "/place/meadow/carbon/instruments/",
        *("/place/garden/carbon/factors/?q=nothing+like+this", "/place/garden/carbon/factors/new"),
        *("/place/garden/carbon/factors/file", "/place/garden/carbon/factors/gwp"),
        *("/place/garden/record/jobs/", "/place/garden/record/events/", "/place/garden/community/"),
        *("/todo/", "/todo/?view=mine", paper, "/place/garden/record/delegations/"),
        *("/place/garden/meter/", meter, "/place/garden/meter/new/", "/place/garden/meter/imports/"),
        *(
            "/place/garden/meter/imports/new/",
            "/place/garden/record/evidence/",
            f"/fact/{fact}/",
            "/published/",
        ),
    ]
    return [
        ("", "/login/", 200),
        *(("keeper", path, 200) for path in keeper),
        ("keeper", "/place/nowhere/carbon/", 404),
        ("stranger", "/place/meadow/carbon/factors/new", 403),
    ]


def submitted(made: garden.Place) -> int:
    """A document that waits for its first review."""
    notice = Subject("test", "notice", "1", "Sorting day", "/place/garden/carbon/", made.area)
    return services.submit(notice, "release", made.users["keeper"]).pk


def green_power(made: garden.Place) -> None:
    """Two certificates, one of them larger than what is left to cover."""
    days = (date(2023, 1, 1), date(2023, 12, 31))
    for number, kwh in (("GEC-1", 1000.0), ("GEC-2", 9e6)):
        carbon.enter_instrument(
            carbon.NewInstrument(made.area, "certificate", "Registry", number, *days, kwh), actor=SYSTEM
        )
    carbon.derive_account(made.area, 2023)


def activity_sheets(made: garden.Place) -> tuple[int, str]:
    """A sheet of activity data that was entered, and the hash of one that waits with a bad row."""
    days = {"first_day": date(2023, 1, 1), "last_day": date(2023, 12, 31)}
    rows = [
        activities.New(made.area, name, amount=1200.0, unit=unit, source="survey", **days)
        for name, unit in (("metro", "pkm"), ("green_grass", "m2"), ("waste_incineration", "kg"))
    ]
    text = "stream,first_day,last_day,amount,unit,source\nmetro,2023,2023,1,pkm,survey\nsteam,2023,2023,1,t,bill\n"
    kept = activities.keep_sheet(made.area, BytesIO(text.encode()), "sheet.csv", actor=SYSTEM)
    sheet = activities.enter_many(made.area, "Survey", rows, actor=SYSTEM)
    return sheet.pk, kept.removeprefix("sha256:")


DESK, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("size", "colour"),
    [
        pytest.param(PHONE, "dark", id="phone-dark"),
        pytest.param(DESK, "light", id="desk-light", marks=pytest.mark.soak),
        pytest.param(DESK, "dark", id="desk-dark", marks=pytest.mark.soak),
        pytest.param(PHONE, "light", id="phone-light", marks=pytest.mark.soak),
    ],
)
def test_every_page_is_accessible_quiet_and_fits_a_phone(
    site: tuple[Site, garden.Place], size: dict[str, int], colour: str
) -> None:
    seen, made = site
    skin = {"viewport": size, "color_scheme": colour}
    contexts = {user: seen.context(user, **skin) for user in ("", "keeper", "stranger")}
    for user, path, status in pages(made):
        page = seen.look(contexts[user], path, status)
        seen.check(page, path)
        page.close()
    elder = contexts["keeper"]
    elder.add_cookies([{"name": "size", "value": "elder", "url": seen.url}])
    page = seen.look(elder, "/place/garden/carbon/?year=2023")
    seen.check(page, "elder mode")
    assert not seen.faults, "\n".join(seen.faults)


@pytest.mark.django_db(transaction=True)
def test_a_figure_is_traced_and_replayed_beside_the_page_and_read_without_script(
    site: tuple[Site, garden.Place],
) -> None:
    seen, _ = site
    page = seen.look(seen.context("keeper"), "/place/garden/carbon/?year=2023")
    page.click("[data-figure='carbon.co2e'] a[data-panel]")
    page.click("#panel form[action$='/replay'] button")
    page.wait_for_selector("#panel [data-answer=equal]")
    assert page.title().startswith("Overview")
    seen.check(page, "side panel")

    bare = seen.context("keeper", java_script_enabled=False).new_page()
    bare.goto(seen.url + "/place/garden/carbon/?year=2023")
    assert bare.is_visible("[data-figure='carbon.co2e'] .figure-value")
    assert bare.is_visible("#flow .no-script") and not bare.is_visible("#flow .chart-canvas")
    bare.click("#flow .chart-table > summary")
    assert bare.is_visible("#flow table")
    bare.click("[data-figure='carbon.co2e'] a[data-panel]")
    assert "/receipt/" in bare.url
    bare.click("form[action$='/replay'] button")
    assert bare.is_visible("[data-answer=equal]")
    assert not seen.faults, "\n".join(seen.faults)
