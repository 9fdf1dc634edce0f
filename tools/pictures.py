"""The gallery: every main page of the demonstration, at desk and phone width, light and dark.

`python tools/pictures.py` builds a demonstration in a folder of its own, serves it on a free port and renders into
docs/pictures/ as WebP with an index; `--home` takes a built one, `--to` and `--png` are for looking closely.
"""

from __future__ import annotations

import argparse
import base64
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from bench.pages import prepare, wait_for_jobs  # noqa: E402
from bench.site import Visitor, browser, cookies, demonstration  # noqa: E402

MOST_BYTES, MOST_HEIGHT = 200_000, 3000
KEEPER = "demo-operator"


@dataclass(frozen=True)
class Skin:
    """A width, and light or dark; ``scale``: device pixels per CSS pixel."""

    name: str
    width: int
    height: int
    dark: bool = False
    scale: float = 1.0


SKINS = (Skin("1440", 1440, 900), Skin("390", 390, 844), Skin("dark", 1440, 900, dark=True))


def pages(slug: str) -> Iterator[tuple[str, str, str]]:
    """(file name, title, address) of the main pages of a place."""
    from tanlin.community import queries as community
    from tanlin.meter import queries as meter
    from tanlin.record import queries as record

    area = community.area(community.SYSTEM, slug)
    rows = meter.meters(area).filter(meter__carrier="electricity", kind="interval")
    figures = record.figures(area, tables=False)
    newest = max(period for key, period in figures if key == "carbon.co2e")
    asked, checked = (
        meter.imports(area).filter(state="uploaded")[0],
        meter.imports(area).filter(state="checked")[0],
    )
    imported = meter.imports(area).filter(state="done").first()
    job = record.jobs(community.SYSTEM, area, limit=1)[0]
    gateway = meter.gateways(area)[0].gateway
    yield "login", "登录 / Log in", "/login/"
    yield "home", "各社区 / Places", "/"
    yield "overview", "总览 / Overview", f"/place/{slug}/carbon/"
    yield "account", "碳账 / Account", f"/place/{slug}/carbon/account/?view=plain"
    yield (
        "account-expert",
        "碳账（专业视图） / Account, professional view",
        f"/place/{slug}/carbon/account/?view=expert",
    )
    yield "compare", "比较 / Compare", f"/place/{slug}/carbon/compare/"
    yield "receipt", "凭据 / Receipt", f"/receipt/{figures['carbon.co2e', newest].receipt}"
    yield "factors", "排放因子与价格 / Factors and tariffs", f"/place/{slug}/carbon/factors/"
    yield "factor-new", "新增因子 / Add a factor", f"/place/{slug}/carbon/factors/new"
    yield "meters", "表计 / Meters", f"/place/{slug}/meter/"
    yield "meter", "一块表 / One meter", f"/place/{slug}/meter/{rows[0].meter_id}/"
    yield "imports", "导入 / Imports", f"/place/{slug}/meter/imports/"
    yield "import-new", "新的导入 / New import", f"/place/{slug}/meter/imports/new/"
    yield "import-columns", "对应各列 / What the columns mean", f"/place/{slug}/meter/imports/{asked.pk}/"
    yield "import-check", "检查 / Check", f"/place/{slug}/meter/imports/{checked.pk}/"
    if imported is not None:
        yield "import", "导入结果 / Result of an import", f"/place/{slug}/meter/imports/{imported.pk}/"
    yield "quality", "数据质量 / Data quality", f"/place/{slug}/meter/quality/"
    yield "quality-rules", "检查规则 / Rules of the checks", f"/place/{slug}/meter/quality/rules/"
    yield "gateways", "网关 / Gateways", f"/place/{slug}/meter/gateways/"
    yield "gateway", "一个网关 / One gateway", f"/place/{slug}/meter/gateways/{gateway.pk}/"
    yield "job", "一个任务 / One job", f"/job/{job.pk}/"
    yield "jobs", "任务 / Jobs", f"/place/{slug}/record/jobs/"
    yield "events", "操作日志 / Operation log", f"/place/{slug}/record/events/"
    yield "evidence", "佐证材料 / Evidence", f"/place/{slug}/record/evidence/"
    yield "community", "区域与人员 / Area and people", f"/place/{slug}/community/"
    yield "published", "公开数据 / Published figures", "/published/"


def shoot(page: Any, form: str) -> bytes:
    """The page from its top, at most ``MOST_HEIGHT`` high, as WebP small enough to keep, or as PNG."""
    page.evaluate("document.fonts.ready")
    size = page.viewport_size
    tall = min(page.evaluate("document.documentElement.scrollHeight"), MOST_HEIGHT)
    # The window is made as tall as the page, so that what is fixed to its end stands at the end.
    page.set_viewport_size({"width": size["width"], "height": max(tall, size["height"])})
    page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    wire = page.context.new_cdp_session(page)
    for quality in (80, 60, 40, 20):
        asked = {"format": form} | ({"quality": quality} if form == "webp" else {})
        data = base64.b64decode(wire.send("Page.captureScreenshot", asked)["data"])
        if form == "png" or len(data) <= MOST_BYTES:
            return data
    raise RuntimeError(f"{page.url}: {len(data)} bytes at the lowest quality")


def render(url: str, visitor: Visitor, wanted: list[tuple[str, str, str]], folder: Path, form: str) -> None:
    """All pages in all skins, one file each."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        chromium = browser(play)
        for skin in SKINS:
            context = chromium.new_context(
                viewport={"width": skin.width, "height": skin.height},
                color_scheme="dark" if skin.dark else "light",
                device_scale_factor=skin.scale,
                reduced_motion="reduce",
                locale="zh-CN",
            )
            for name, _, path in wanted:
                context.clear_cookies()
                context.add_cookies(cookies(Visitor(url) if name == "login" else visitor, url))
                page = context.new_page()
                answer = page.goto(url + path)
                if answer is None or answer.status != 200:
                    raise RuntimeError(f"{path}: {answer and answer.status}")
                if page.query_selector("[data-chart]"):
                    page.wait_for_selector("html[data-charts=ready]")
                (folder / f"{name}-{skin.name}.{form}").write_bytes(shoot(page, form))
                page.close()
            context.close()
        chromium.close()


def index(wanted: list[tuple[str, str, str]]) -> str:
    """The page docs/pictures/README.md: one line a page, one column a skin."""
    head = (
        "# Pictures\n\nRendered by `make pictures` from the demonstration: generated data of fictional places. "
        "Desk 1440 px, phone 390 px, dark.\n\n| page | desk | phone | dark |\n|---|---|---|---|\n"
    )
    cells = (
        " | ".join([title, *(f"[{skin.name}]({name}-{skin.name}.webp)" for skin in SKINS)])
        for name, title, _ in wanted
    )
    return head + "".join(f"| {line} |\n" for line in cells) + "\n![](overview-1440.webp)\n"


def main(arguments: list[str]) -> int:
    """Render the gallery; raises RuntimeError where a page does not answer."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", help="a TANLIN_HOME with the demonstration; without it a fresh one")
    parser.add_argument("--place", default="haiwan")
    parser.add_argument("--to", type=Path, default=ROOT / "docs" / "pictures")
    parser.add_argument("--png", action="store_true")
    options = parser.parse_args(arguments)
    options.to.mkdir(parents=True, exist_ok=True)
    form = "png" if options.png else "webp"
    with demonstration(options.home) as url:
        import django

        django.setup()
        from tanlin.demo import people

        visitor = Visitor(url)
        visitor.log_in(KEEPER, people.read()[KEEPER])
        remove = prepare(options.place, visitor)
        wait_for_jobs()
        wanted = list(pages(options.place))
        for old in options.to.glob("*.webp"):
            old.unlink()
        render(url, visitor, wanted, options.to, form)
        remove()
    if form == "webp":
        (options.to / "README.md").write_text(index(wanted), encoding="utf-8")
    total = sum(path.stat().st_size for path in options.to.glob(f"*.{form}"))
    print(f"{len(wanted) * len(SKINS)} pictures, {total / 2**20:.1f} MB, in {options.to}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
