"""Figure cards, charts and layouts: what they print, and how they look and behave in a browser."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.core.paginator import Paginator
from django.template import Context
from django.utils import timezone, translation

from tanlin.kernel.errors import Text
from tanlin.web.templatetags import present
from tests.carbon.samples import figure
from tests.web.pages import ENGINE, open_page, render, render_overview

if TYPE_CHECKING:
    from playwright.sync_api import Browser


def tag(source: str, language: str = "zh-hans", **context: Any) -> str:
    with translation.override(language):
        return ENGINE.from_string("{% load tanlin %}" + source).render(Context(context))


def card(fig: Any, language: str = "zh-hans", **context: Any) -> str:
    html = tag(
        "{% figure fig title=title compute_url='/go' key='carbon.co2e' %}",
        language,
        fig=fig,
        title="碳排放",
        **context,
    )
    return re.sub(r"\s+", " ", html).replace("\u00a0", " ").replace("\u2009", " ")


# ---- numbers ----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("value", "unit", "language", "shown"),
    [
        (9_999.0, "kWh", "zh", ("9,999", "kWh")),
        (12_345.0, "kWh", "zh", ("12.3", "MWh")),
        (12_345_678.0, "kWh", "zh", ("12.3", "GWh")),
        (0.0, "kWh", "zh", ("0", "kWh")),
        (-5.25, "tCO2e", "zh", ("−5.25", "tCO₂e")),
        (1180.6, "CNY", "zh", ("1,181", "元")),
        (1180.6, "CNY", "en", ("1,181", "CNY")),
        (0.581, "kgCO2e/kWh", "zh", ("0.581", "kgCO₂e/kWh")),
        (12.0, "m3", "zh", ("12.0", "m³")),
        (0.00042, "tCO2", "zh", ("0.00042", "tCO₂")),
    ],
)
def test_quantity(value: float, unit: str, language: str, shown: tuple[str, str]) -> None:
    assert present.quantity(value, unit, language) == shown


def test_spread() -> None:
    def said(fig: Any) -> str:
        return present.spread(fig).replace("\u00a0", " ")

    assert said(figure("k", 100.0, "tCO2e", low=97.7, high=102.3)) == "± 2.3 %"
    assert said(figure("k", 100.0, "tCO2e", low=90.0, high=130.0)) == "90.0 – 130 tCO₂e"
    assert said(figure("k", 20_000.0, "kWh", low=19_000.0, high=26_000.0)) == "19.0 – 26.0 MWh"
    assert said(figure("k", 0.0, "kWh", low=0.0, high=0.0)) == "0 – 0 kWh"
    assert said(figure("k", 5.0, "kWh", low=None, high=None)) == ""


def test_percent_never_rounds_up_to_all() -> None:
    assert [present.percent(v).replace("\u00a0", "") for v in (0.9996, 1.0, 0.994, 0.0)] == [
        "99%",
        "100%",
        "99%",
        "0%",
    ]


def test_spaced() -> None:
    assert (
        present.spaced("今年10月用电5 MWh，占82%的量")
        == "今年\u200910\u2009月用电\u20095 MWh，占\u200982%\u2009的量"
    )


def test_age() -> None:
    now = datetime(2026, 11, 20, tzinfo=UTC)
    assert present.age(now - timedelta(hours=5), now, "en") == "5 hours"
    assert present.age(now - timedelta(seconds=5), now, "en") == "1 minute"
    assert present.age(now - timedelta(days=2), now, "zh") == "2\u00a0天"


# ---- cards ------------------------------------------------------------------------------------------------------------
def test_card_of_a_known_figure() -> None:
    html = card(figure("carbon.co2e", 1182.4, "tCO2e", provisional=True, origin="demonstration"))
    assert '<data class="number" value="1182.4">1,182</data>' in html  # the whole number stays in the page
    assert "tCO₂e" in html and "± 2.3 %" in html and "†" in html
    assert "数据完整率 97 %，估算 11 %" in html
    assert "演示数据" in html
    assert 'width="86.7%"' in html and 'x="86.7%" width="10.7%" height="6" fill="url(#hatch)"' in html
    assert 'href="/receipt/sha256:abab' in html and 'hx-target="#panel-body"' in html


def test_card_of_zero_is_a_number() -> None:
    html = card(figure("carbon.co2e", 0.0, "tCO2e"))
    assert 'value="0.0">0</data>' in html
    assert "is-unknown" not in html


def test_card_of_an_unknown_figure_gives_the_reason_and_never_zero() -> None:
    fig = figure("carbon.cost", None, "CNY", coverage=None, reason=Text("表计未设电价。", "No tariff."))
    html = card(fig)
    assert "暂无数据" in html and "表计未设电价。" in html and "is-unknown" in html
    assert "<data" not in html
    assert "No tariff." in card(fig, "en") and "no data" in card(fig, "en")


def test_card_of_a_missing_figure_posts() -> None:
    html = card(None, csrf_token="token")
    assert "尚未计算" in html
    assert '<form method="post" action="/go">' in html
    assert 'name="csrfmiddlewaretoken" value="token"' in html and 'name="figure" value="carbon.co2e"' in html


def test_card_of_a_stale_figure_shows_its_age() -> None:
    fig = figure("carbon.co2e", 1.0, "tCO2e", stale_since=timezone.now() - timedelta(days=3))
    assert "待更新，已过 3 天" in card(fig)


def test_badges_show_a_sign_with_the_word() -> None:
    assert "已核实" in tag("{% badge 'verified' %}") and "#check" in tag("{% badge 'verified' %}")
    assert "数据尚不足" in tag("{% badge 'claimed' %}")
    assert "url(#hatch)" in tag("{% badge 'estimated' %}")


# ---- charts -----------------------------------------------------------------------------------------------------------
def test_chart_carries_its_data_safely() -> None:
    spec = {"kind": "months", "name": Text("</script><b>电", "x"), "values": [1.5, None]}
    columns = [Text("月份", "Month"), Text("用电", "Use")]
    html = tag(
        "{% chart 'c' title spec table summary='一句话' %}",
        title=Text("逐月", "By month"),
        spec=spec,
        table={"columns": columns, "rows": [["2026-01", 1234.5], ["2026-02", None]]},
    )
    data = re.search(r'<script type="application/json" id="c-data">(.*?)</script>', html)
    assert data is not None
    assert json.loads(data[1]) == {"kind": "months", "name": "</script><b>电", "values": [1.5, None]}
    assert 'aria-labelledby="c-title"' in html and 'aria-describedby="c-summary"' in html
    assert '<td data-raw="1234.5" class="num">1,234</td>' in html
    assert '<td data-raw="" class="num muted">暂无数据</td>' in html


def test_chart_refuses_what_is_not_a_number() -> None:
    with pytest.raises(ValueError, match="Out of range"):
        tag("{% chart 'c' 't' spec %}", spec={"kind": "months", "values": [float("nan")]})


def test_chart_without_data_says_so() -> None:
    html = tag("{% chart 'c' 't' spec %}", spec=None)
    assert "暂无数据" in html and "data-chart" not in html


def test_pager_keeps_the_search() -> None:
    from django.test import RequestFactory

    page = Paginator(range(95), 10).page(2)
    html = tag("{% pager page %}", page=page, request=RequestFactory().get("/x?q=电&page=2"))
    assert "第 2 页，共 10 页，95 行" in html
    assert "?q=%E7%94%B5&amp;page=3" in html


# ---- layouts ----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("demo", [True, False])
def test_demonstration_ribbon(demo: bool) -> None:
    assert ("演示数据·非真实监测数据" in render("web/base.html", demo=demo)) is demo


@pytest.mark.parametrize("layout", ["list", "object", "wizard"])
def test_layouts_render(layout: str) -> None:
    steps = [
        {"title": Text("选文件", "Choose"), "state": "done"},
        {"title": Text("对应列", "Map"), "state": "now"},
    ]
    html = render(
        f"web/{layout}.html",
        steps=steps,
        tabs=[{"title": Text("多少", "How much"), "url": "?", "active": True}],
    )
    assert html.count("<h1>") == 1


def test_base_works_without_script() -> None:
    html = render("web/base.html")
    assert '<form class="language" method="post" action="/set_language/">' in html
    assert '<form class="account" method="post" action="/logout/">' in html
    assert '<a class="skip" href="#content">' in html
    assert '<html lang="zh-Hans"' in html and '<html lang="en"' in render("web/base.html", "en")


# ---- in a browser -----------------------------------------------------------------------------------------------------
CASES = [(w, s, lang) for w in (1440, 390) for s in ("light", "dark") for lang in ("zh-hans", "en")]


@pytest.mark.parametrize(("width", "scheme", "language"), CASES)
def test_overview_in_a_browser(
    browser: Browser, tmp_path: Path, width: int, scheme: Any, language: str
) -> None:
    from axe_playwright_python.sync_playwright import Axe

    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=scheme, bypass_csp=False
    )
    page, complaints = open_page(context, render_overview(language))
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.locator(".chart-canvas svg").count() == 5
    page.screenshot(path=tmp_path / f"overview-{width}-{scheme}-{language}.png", full_page=True)
    assert complaints == []  # among them: anything the content security policy blocked
    found = Axe().run(page).response["violations"]
    serious = [
        (v["id"], [n["target"] for n in v["nodes"]][:3])
        for v in found
        if v["impact"] in ("serious", "critical")
    ]
    assert serious == []
    context.close()


def test_receipt_opens_in_the_side_panel(browser: Browser) -> None:
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page, complaints = open_page(context, render_overview())
    page.locator(".figure .receipt-link").first.click()
    page.wait_for_selector("#panel[open] #opened")
    assert page.locator("#panel-page").get_attribute("href").startswith("http://tanlin.test/receipt/sha256:")  # type: ignore[union-attr]
    page.keyboard.press("Escape")
    page.wait_for_selector("#panel:not([open])", state="attached")
    assert complaints == []
    context.close()


def test_chart_hover_csv_and_table(browser: Browser, tmp_path: Path) -> None:
    context = browser.new_context(viewport={"width": 1440, "height": 900}, accept_downloads=True)
    page, complaints = open_page(context, render_overview())
    box = page.locator("#carbon .chart-canvas").bounding_box()
    assert box is not None
    page.locator("#carbon").scroll_into_view_if_needed()
    page.locator("#carbon .chart-canvas").hover(position={"x": 60, "y": 200})
    shown = page.locator("#carbon .tip").inner_text().replace("\u00a0", " ")
    assert "2026-01" in shown and "tCO₂e" in shown and "数据完整率" in shown and "factor.electricity" in shown
    with page.expect_download() as download:
        page.locator('#carbon [data-act="csv"]').click()
    download.value.save_as(tmp_path / "carbon.csv")
    lines = (tmp_path / "carbon.csv").read_text("utf-8-sig").splitlines()
    assert "演示数据·非真实监测数据" in lines[0]
    assert lines[2].startswith("2026-01,")
    page.locator("#carbon summary").click()
    assert page.locator("#carbon table").is_visible()
    assert complaints == []
    context.close()


def test_page_without_script(browser: Browser) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 900}, java_script_enabled=False)
    page = context.new_page()
    page.set_content(render_overview())
    assert page.locator("#carbon table").count() == 1
    assert page.locator("text=下面的表格是同样的数据").count() == 5
    context.close()


def test_charts_follow_a_change_of_theme_and_paper(browser: Browser, tmp_path: Path) -> None:
    context = browser.new_context(viewport={"width": 1440, "height": 900}, color_scheme="light")
    page, complaints = open_page(context, render_overview())
    page.wait_for_selector('#flow .chart-canvas text[fill="#1b2733"]', state="attached")
    page.emulate_media(color_scheme="dark")
    page.wait_for_selector('#flow .chart-canvas text[fill="#e8edf1"]', state="attached")
    page.pdf(path=tmp_path / "overview.pdf")
    assert (tmp_path / "overview.pdf").stat().st_size > 10_000
    assert complaints == []
    context.close()
