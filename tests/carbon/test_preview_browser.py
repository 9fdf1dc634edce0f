"""From the factors page to new receipts: enter, preview, store, derive again; and what stands in the way."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from tanlin.carbon import services
from tanlin.carbon.models import FactPreview
from tanlin.community import services as community
from tanlin.community.models import User
from tanlin.community.queries import SYSTEM
from tanlin.record import queries as record
from tests.carbon.test_fact_files import PRICE, ROW, csv
from tests.carbon.test_preview import grid, town, work

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]
FACTORS = "/place/garden/carbon/factors/"
FIELDS = {
    "fact_id": "grid.cn-gd.avg.2024",
    "name_zh": "广东 2024 年电网因子",
    "region": "CN-GD",
    "value": "0.4",
    "unit": "kgCO2/kWh",
    "valid_from": "2024-01-01",
    "valid_to": "2024-12-31",
    "published": "2026-10-01",
    "source": "公告",
}
__all__ = ["town"]


@pytest.fixture
def page(town: dict[str, Any], browser: Any, live_server: Any) -> Iterator[Any]:
    """The browser of someone who may edit factors, in Chinese, on the factors page; console faults fail."""
    user = User.objects.create(username="operator", password="!")
    community.grant(SYSTEM, user=user, role="operator", area=town["street"])
    client = Client()
    client.force_login(user)
    context = browser.new_context(
        viewport={"width": 1440, "height": 900}, locale="zh-CN", base_url=live_server.url
    )
    session = client.cookies[settings.SESSION_COOKIE_NAME].value
    context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url}])
    page, faults = context.new_page(), []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.goto(FACTORS)
    yield page
    context.close()
    assert not faults


def enter(page: Any, **over: str) -> None:
    page.click("a:has-text('新增因子')")
    page.select_option("[name=kind]", "grid_location")
    for name, value in (FIELDS | over).items():
        page.fill(f"[name={name}]", value)
    page.click("main button:text-is('预览影响')")


def fits(page: Any, path: Path, name: str) -> None:
    """Nothing is wider than a desk or a phone, and axe finds nothing grave."""
    from axe_playwright_python.sync_playwright import Axe

    for width in (1440, 390):
        page.set_viewport_size({"width": width, "height": 900})
        page.screenshot(path=path / f"{name}-{width}.png", full_page=True)
        assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
        found = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
        assert not [
            (each["id"], each["nodes"][0]["html"])
            for each in found
            if each["impact"] in ("serious", "critical")
        ]
    page.set_viewport_size({"width": 1440, "height": 900})


def test_enter_preview_store_and_compare_the_receipts(
    town: dict[str, Any], page: Any, tmp_path: Path
) -> None:
    old = record.figure(town["garden"], "carbon.co2e", "2024")
    enter(page)
    page.wait_for_selector("text=尚未保存")
    assert "转为正式" in page.inner_text("#preview")
    listed = len(services.Preview.read(FactPreview.objects.latest("pk").result).moved)
    assert 0 < page.locator("[data-moved] tbody tr").count() < listed  # tables are named below, folded
    assert f"{listed} 个已发布指标将变动" in page.inner_text("#preview")
    fits(page, tmp_path, "preview")
    page.click("button:text-is('保存并重新核算')")
    page.wait_for_selector("text=已保存，受影响的指标正在重新核算")
    assert f"已重新核算 0 / {listed} 个" in page.inner_text("#preview")
    work()
    page.reload()
    page.wait_for_selector("text=已全部重新核算")
    fits(page, tmp_path, "done")
    fresh = record.figure(town["garden"], "carbon.co2e", "2024")
    row = page.locator("[data-moved] tr", has_text="garden").filter(has_text="碳排放").first
    links = [link.get_attribute("href") for link in row.locator(".receipt-link").all()]
    assert links == [f"/receipt/{old.receipt}", f"/receipt/{fresh.receipt}"]
    for link in links:
        page.goto(link)
        page.click("form[action$='/replay'] button")
        page.wait_for_selector("[data-answer=equal]")


def test_a_fact_that_came_between_is_told_and_previewed_again(
    town: dict[str, Any], page: Any, tmp_path: Path
) -> None:
    enter(page)
    page.wait_for_selector("text=尚未保存")
    services.add_factor(grid(0.39, published=date(2026, 9, 1)), actor=SYSTEM)
    page.click("button:text-is('保存并重新核算')")
    page.wait_for_selector("text=未保存任何内容")
    fits(page, tmp_path, "outdated")
    page.click("button:text-is('重新预览')")
    page.wait_for_selector("button:text-is('保存并重新核算')")
    work()
    assert record.fact_history("grid.cn-gd.avg.2024") == []


def test_where_nothing_moves_the_page_says_so(town: dict[str, Any], page: Any, tmp_path: Path) -> None:
    enter(page, region="CN-JS", fact_id="grid.cn-js.avg.2024")
    page.wait_for_selector("text=没有已发布指标会变动")
    fits(page, tmp_path, "nothing")


def test_notices_tariffs_and_the_set_of_potentials_are_previewed(
    town: dict[str, Any], page: Any, tmp_path: Path
) -> None:
    def upload(name: str, data: bytes) -> None:
        page.goto(FACTORS + "file")
        page.set_input_files("[name=file]", {"name": name, "mimeType": "text/plain", "buffer": data})
        page.click("main button:text-is('预览影响')")

    page.goto(FACTORS + "file")
    fits(page, tmp_path, "file")
    upload("notice.csv", csv(ROW, ROW.replace("avg", "avg2").replace("0.4400", "none")))
    assert "第 3 行" in page.inner_text(".message-error") and "列「value」" in page.inner_text(
        ".message-error"
    )
    upload("notice.csv", csv(ROW))
    page.wait_for_selector("text=2024 在 3 个区域转为正式值")
    upload("shop.json", json.dumps(PRICE | {"hours": {"all": {"flat": ["08:00-22:00"]}}}).encode())
    assert "hours.all" in page.inner_text(".message-error")
    upload("shop.json", json.dumps(PRICE).encode())
    page.wait_for_selector("text=没有已发布指标会变动")
    page.goto(FACTORS + "gwp")
    fits(page, tmp_path, "gwp")
    page.select_option("[name=gwp]", "ar6")
    for name, value in {"valid_from": "2024-01-01", "published": "2026-10-01", "source": "决定"}.items():
        page.fill(f"[name={name}]", value)
    page.click("main button:text-is('预览影响')")
    page.wait_for_selector("text=IPCC AR6")
    assert page.locator("[data-moved] tbody tr").count() > 3
