"""Pages rendered with Django's engine from sample data, and a browser that is served them without a network."""

from __future__ import annotations

import mimetypes
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from django.contrib.auth.models import AnonymousUser
from django.contrib.staticfiles import finders
from django.http import HttpResponse
from django.template import Context, Engine
from django.test import RequestFactory, override_settings
from django.urls import path
from django.utils import translation

from tanlin.carbon.overview import DeadMeter, overview
from tanlin.kernel.errors import Text
from tests.carbon.samples import NAMES, days_table, figures, year_table

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page, Route

ROOT = Path(__file__).parents[2] / "src" / "tanlin"
ENGINE = Engine(
    dirs=[str(ROOT / room / "templates") for room in ("web", "carbon")],
    libraries={
        "i18n": "django.templatetags.i18n",
        "static": "django.templatetags.static",
        "tanlin": "tanlin.web.templatetags.tanlin",
    },
)
# The policy of the settings: what it blocks must not be needed.
POLICY = "default-src 'self'; img-src 'self' data: blob:; object-src 'none'"
NAV = [
    {"title": Text(zh, en), "url": f"/{icon}", "icon": icon, "active": icon == "home"}
    for zh, en, icon in (
        ("总览", "Overview", "home"),
        ("表计", "Meters", "meter"),
        ("导入", "Import", "import"),
        ("排放因子与价格", "Factors and tariffs", "factor"),
        ("操作日志", "Operation log", "history"),
    )
]


urlpatterns = [
    path(f"{name}/", lambda request: HttpResponse(), name=name)
    for name in ("set_language", "login", "logout")
]


def sample_overview() -> Any:
    return overview(
        year=2026,
        today=date(2026, 11, 20),
        this=year_table(2026, 11, 0.94),
        last=year_table(2025),
        days=days_table(date(2025, 1, 1), date(2026, 11, 19)),
        figures=figures(),
        places=NAMES,
        dead=[DeadMeter("SZ-0417", NAMES["south"], date(2026, 11, 3))],
    )


def render(template: str, language: str = "zh-hans", **context: Any) -> str:
    user = SimpleNamespace(is_authenticated=True, get_full_name="李敏", get_username="limin")
    place = SimpleNamespace(name="海湾社区", name_en="Haiwan Community", slug="haiwan")
    other = SimpleNamespace(name="运河社区", name_en="Canal Community", slug="yunhe")
    request = RequestFactory().get("/place/haiwan/carbon/")
    request.user = AnonymousUser()
    base = {
        "request": request,
        "user": user,
        "place": place,
        "places": [place, other],
        "nav": NAV,
        "demo": True,
    }
    with override_settings(ROOT_URLCONF=__name__), translation.override(language):
        return ENGINE.get_template(template).render(Context(base | context))


def render_overview(language: str = "zh-hans") -> str:
    links = {"factors": "/factors", "meters": "/meters", "import": "/import"}
    return render(
        "carbon/overview.html",
        language,
        view=sample_overview(),
        year=2026,
        years=[2026, 2025],
        links=links,
        compute_url="/place/haiwan/carbon/compute",
        receipt="sha256:" + "ab" * 32,
    )


def open_page(context: BrowserContext, html: str) -> tuple[Page, list[str]]:
    """The page as served by the site, with everything the console complains about."""
    page, complaints = context.new_page(), []
    page.on("console", lambda m: complaints.append(m.text) if m.type in ("error", "warning") else None)
    page.on("pageerror", lambda e: complaints.append(str(e)))

    def serve(route: Route) -> None:
        path = route.request.url.split("tanlin.test", 1)[1].split("?")[0].split("#")[0]
        if path.startswith("/receipt/"):
            body = "<main><div data-content><p id='opened'>ok</p></div></main>"
            route.fulfill(body=body, content_type="text/html")
        elif path.startswith("/static/"):
            found = finders.find(path.removeprefix("/static/"))
            kind = mimetypes.guess_type(path)[0] or "application/octet-stream"
            route.fulfill(
                status=200, body=Path(found).read_bytes(), content_type=kind
            ) if found else route.fulfill(status=404)
        else:
            route.fulfill(
                body=html,
                content_type="text/html; charset=utf-8",
                headers={"Content-Security-Policy": POLICY},
            )

    page.route("**/*", serve)
    page.goto("http://tanlin.test/place/haiwan/carbon/")
    page.wait_for_load_state("load")
    if "data-chart=" in html:
        page.wait_for_selector("html[data-charts=ready]")
    return page, complaints
