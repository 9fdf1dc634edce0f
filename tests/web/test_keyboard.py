"""Every page by keyboard and by screen reader: landmarks, titles, focus that is seen and moves in reading order, no traps."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.carbon import place as garden
from tests.web.test_pages_browser import DESK, PHONE, Site, pages, site

if TYPE_CHECKING:
    from playwright.sync_api import Page

__all__ = ["site"]
MOST_STOPS = 400

# The focused element: where it stands in the document, its name, and whether its focus can be seen.
FOCUSED = """() => {
  const at = document.activeElement;
  if (!at || at === document.body) return null;
  const all = [...document.querySelectorAll('*')], style = getComputedStyle(at), box = at.getBoundingClientRect();
  const drawn = (style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 1) || style.boxShadow !== 'none';
  return {order: all.indexOf(at), html: at.outerHTML.slice(0, 120), drawn, area: box.width * box.height,
          name: (at.getAttribute('aria-label') || at.innerText || at.value || at.id || at.name || '').trim()};
}"""
# What a reader of landmarks and headings needs; an empty list is well.
STRUCTURE = """() => {
  const wrong = [], count = (one) => document.querySelectorAll(one).length;
  if (count('main') !== 1) wrong.push(`${count('main')} main landmarks`);
  if (count('h1') !== 1) wrong.push(`${count('h1')} first headings`);
  if (!/^(zh-Hans|en)$/.test(document.documentElement.lang)) wrong.push(`lang ${document.documentElement.lang}`);
  const first = document.querySelector('a[href], button');
  if (!first.matches('.skip')) wrong.push('the skip link is not first');
  for (const each of document.querySelectorAll('nav, table, [role=region], dialog')) {
    const named = each.matches('table') ? each.closest('[aria-label], [aria-labelledby], figure') || each.caption
      : each.getAttribute('aria-label') || each.getAttribute('aria-labelledby');
    if (!named) wrong.push('unnamed ' + each.outerHTML.slice(0, 80));
  }
  for (const each of document.querySelectorAll('figure.chart')) {
    if (each.querySelector('[data-chart]') && !each.querySelector('table')) wrong.push('no table of ' + each.id);
  }
  let level = 0;
  for (const each of document.querySelectorAll('main :is(h1, h2, h3, h4)')) {
    if (!each.checkVisibility()) continue;
    const now = Number(each.tagName[1]);
    if (now > level + 1) wrong.push(`h${now} after h${level}: ${each.textContent.trim().slice(0, 40)}`);
    level = now;
  }
  return wrong;
}"""


def walk(seen: Site, page: Page, path: str) -> list[str]:
    """Tab through the page from its top; the names of the stops. What is wrong is kept with the site."""
    page.evaluate("document.activeElement.blur(); scrollTo(0, 0)")
    names, last = [], -1
    for _ in range(MOST_STOPS):
        page.keyboard.press("Tab")
        at = page.evaluate(FOCUSED)
        if at is None or (names and at["order"] < last):
            break  # out of the page, or round again at its top
        if not at["drawn"]:
            seen.complain(path, f"focus cannot be seen: {at['html']}")
        if at["area"] < 1:
            seen.complain(path, f"focus on something that is not there: {at['html']}")
        if not at["name"]:
            seen.complain(path, f"no name: {at['html']}")
        names.append(at["name"])
        last = at["order"]
    else:
        seen.complain(path, "a trap: Tab does not reach the end")
    return names


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "size", [pytest.param(DESK, id="desk"), pytest.param(PHONE, id="phone", marks=pytest.mark.soak)]
)
def test_every_page_is_walked_by_tab_and_has_landmarks_and_a_title_of_its_own(
    site: tuple[Site, garden.Place], size: dict[str, int]
) -> None:
    seen, made = site
    contexts = {user: seen.context(user, viewport=size) for user in ("", "keeper", "stranger")}
    titles: dict[str, str] = {}
    for user, path, status in pages(made):
        page = seen.look(contexts[user], path, status)
        for fault in page.evaluate(STRUCTURE):
            seen.complain(path, fault)
        names = walk(seen, page, path)
        if user != "" and names[:1] != ["Skip to content"]:
            seen.complain(path, f"begins with {names[:1]}")
        bare = path.split("?")[0]
        if status == 200 and titles.setdefault(page.title(), bare) != bare:
            seen.complain(path, f"title {page.title()!r} is that of {titles[page.title()]}")
        page.close()
    assert not seen.faults, "\n".join(seen.faults)


@pytest.mark.django_db(transaction=True)
def test_from_the_overview_to_a_replayed_receipt_by_keyboard(site: tuple[Site, garden.Place]) -> None:
    seen, _ = site
    page = seen.look(seen.context("keeper", viewport=DESK), "/place/garden/carbon/?year=2023")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")  # skip link
    assert page.evaluate("document.activeElement.id") == "content"
    page.focus(".switcher > summary")
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    assert not page.is_visible(".switcher .menu")
    assert page.evaluate("document.activeElement.matches('.switcher > summary')")
    trace = "[data-figure='carbon.co2e'] a[data-panel]"
    page.focus(trace)
    page.keyboard.press("Enter")
    page.wait_for_selector("#panel[open] form[action$='/replay'] button")
    assert page.evaluate("document.querySelector('#panel').contains(document.activeElement)")
    page.focus("#panel form[action$='/replay'] button")
    page.keyboard.press("Enter")
    page.wait_for_selector("#panel [data-answer=equal]")
    page.keyboard.press("Escape")
    assert not page.is_visible("#panel")
    assert page.evaluate(f"document.activeElement.matches({trace!r})"), "focus does not return to the link"
    assert not seen.faults, "\n".join(seen.faults)


@pytest.mark.django_db(transaction=True)
def test_faults_of_a_form_are_tied_to_their_fields(site: tuple[Site, garden.Place]) -> None:
    seen, _ = site
    page = seen.context("keeper").new_page()
    page.goto(seen.url + "/place/garden/carbon/factors/new")
    page.evaluate("document.querySelector('main form').noValidate = true")
    page.click("main form button")
    wrong = page.evaluate(
        """() => [...document.querySelectorAll('main [aria-invalid=true]')].filter((field) =>
             !(field.getAttribute('aria-describedby') || '').split(' ').some((id) =>
               document.getElementById(id)?.textContent.trim())).map((field) => field.name)"""
    )
    assert page.locator("main [aria-invalid=true]").count() > 3
    assert wrong == []


@pytest.mark.django_db(transaction=True)
def test_a_screen_reader_is_told_the_overview_in_order(site: tuple[Site, garden.Place]) -> None:
    seen, _ = site
    page = seen.look(seen.context("keeper", viewport=DESK), "/place/garden/carbon/?year=2023")
    told = page.locator("body").aria_snapshot()
    landmarks = [
        'link "Skip to content"',
        "banner",
        'navigation "Main navigation"',
        "main",
        "heading",
        "contentinfo",
    ]
    places = [told.find(each) for each in landmarks]
    assert -1 not in places and places == sorted(places), told
    assert 'region "Key figures"' in told
    assert 'img "From energy to carbon"' in told
