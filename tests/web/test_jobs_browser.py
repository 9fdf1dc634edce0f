"""A slow job in a real browser: its progress moves, the button that cancels it keeps the focus, nothing is changed.

The job itself looks at the page between its reports, so that nothing depends on a clock.
"""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from tanlin.kernel.errors import Text
from tanlin.record import jobs
from tanlin.record import queries as record
from tests.carbon import place as garden
from tests.web.test_pages_browser import Site, site

__all__ = ["site"]
STEPS = 10


def asked(made: garden.Place) -> str:
    """Address of a waiting job that the keeper asked for."""
    client = Client()
    client.force_login(made.users["keeper"])
    return str(client.post("/place/garden/carbon/derive", {"period": "2023"})["Location"])


def receipts(made: garden.Place) -> dict[Any, Any]:
    return {key: figure.receipt for key, figure in record.figures(made.area, tables=False).items()}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("width", [1440, 390])
def test_a_slow_job_shows_its_progress_and_is_cancelled_by_the_keyboard(
    site: tuple[Site, garden.Place], width: int
) -> None:
    seen, made = site
    before, path = receipts(made), asked(made)
    page = seen.look(seen.context("keeper", viewport={"width": width, "height": 844}), path)
    page.wait_for_selector("[data-state=queued] progress:not([value])")
    told = []

    def work(run: jobs.Run, **_: Any) -> dict[str, Any]:
        for step in (2, 5):
            run.progress(step, STEPS, Text(f"第 {step} 步", f"step {step}"))
            page.wait_for_selector(f"progress[value='{step}'][max='{STEPS}']")
            told.append(page.inner_text("#said"))
            if step == 2:
                page.focus("button[id$='-cancel']")
        assert page.evaluate("document.activeElement.id").endswith("-cancel")
        seen.check(page, "a running job")
        page.keyboard.press("Enter")
        page.wait_for_selector("text=stopping at the next step")
        run.progress(6, STEPS)
        raise AssertionError("a cancelled job went on")

    over = jobs.work_once({"carbon.derive": work})
    page.wait_for_selector("[data-state=cancelled]")
    assert over is not None and over.state == "cancelled"
    assert told == ["running 20 %", "running 50 %"]
    assert "Someone stopped it" in page.inner_text("main")
    assert not page.query_selector("progress, button[id$='-cancel']")
    assert receipts(made) == before
    seen.check(page, "a cancelled job")
    assert not seen.faults, "\n".join(seen.faults)


@pytest.mark.django_db(transaction=True)
def test_a_job_is_followed_and_cancelled_without_script(site: tuple[Site, garden.Place]) -> None:
    seen, made = site
    path = asked(made)
    page = seen.context("keeper", java_script_enabled=False).new_page()
    page.goto(seen.url + path)
    assert page.get_attribute("meta[http-equiv=refresh]", "content") == "3"

    def work(run: jobs.Run, **_: Any) -> dict[str, Any]:
        run.progress(4, STEPS)
        page.reload()
        assert "40 % (4 / 10)" in page.inner_text("main")
        page.click("button[id$='-cancel']")
        run.progress(5, STEPS)
        raise AssertionError("a cancelled job went on")

    over = jobs.work_once({"carbon.derive": work})
    page.reload()
    assert over is not None and over.state == "cancelled"
    assert "Ask for it again" in page.inner_text("main")
    assert not page.query_selector("meta[http-equiv=refresh]")


@pytest.mark.django_db(transaction=True)
def test_a_failed_job_says_what_to_do(site: tuple[Site, garden.Place]) -> None:
    seen, made = site
    path = asked(made)

    def work(run: jobs.Run, **_: Any) -> dict[str, Any]:
        raise RuntimeError("unforeseen")

    jobs.work_once({"carbon.derive": work})
    page = seen.look(seen.context("keeper"), path)
    said = page.inner_text("[role=alert]")
    assert "The job broke off" in said and "tell the operator" in said
    assert "unforeseen" not in page.content()
