"""One session: the database is chosen first, then Django loads; every test has a TANLIN_HOME of its own."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from tests.support import postgres, shared, skips

if TYPE_CHECKING:
    from playwright.sync_api import Browser

# A busy machine makes no test fail: examples have no time limit.
settings.register_profile("tanlin", deadline=None)
settings.load_profile("tanlin")

DATABASE_FIXTURES = {"db", "transactional_db", "live_server", "django_db_setup", "client", "admin_client"}
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM_ARGS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--database", choices=["sqlite", "postgres"], default="sqlite", help="run tests on this")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    skips.install(config)
    if not hasattr(config, "workerinput"):  # workers inherit the environment of the controller
        _prepare_environment(config)
    import django

    django.setup()


def _prepare_environment(config: pytest.Config) -> None:
    home = tempfile.mkdtemp(prefix="tanlin-test-")
    config.add_cleanup(lambda: shutil.rmtree(home))
    os.environ["TANLIN_HOME"] = home
    os.environ["DJANGO_SETTINGS_MODULE"] = "tanlin.web.settings"
    os.environ.pop("DATABASE_URL", None)  # tests never touch a database they did not make
    os.environ.pop("TANLIN_TEST_SKIP_DATABASE", None)
    if config.getoption("--database") == "postgres":
        binaries = postgres.find_binaries()
        if binaries is None:
            os.environ["TANLIN_TEST_SKIP_DATABASE"] = "PostgreSQL (initdb, postgres) is not installed"
        else:
            os.environ["DATABASE_URL"], stop = postgres.start(binaries)
            config.add_cleanup(stop)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what asks for a browser or the database, so that `-m` needs no list; browser tests run on SQLite only."""
    for item in items:
        fixtures = set(getattr(item, "fixturenames", ()))
        if "browser" in fixtures or item.get_closest_marker("browser"):
            item.add_marker(pytest.mark.browser)
        elif item.get_closest_marker("sqlite"):
            continue
        elif fixtures & DATABASE_FIXTURES or item.get_closest_marker("django_db"):
            item.add_marker(pytest.mark.database)


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("shared"):
        shared()
    reason = os.environ.get("TANLIN_TEST_SKIP_DATABASE")
    if reason and item.get_closest_marker("database"):
        pytest.skip(reason)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The TANLIN_HOME of this test, empty."""
    folder = tmp_path / "tanlin-home"
    folder.mkdir()
    monkeypatch.setenv("TANLIN_HOME", str(folder))
    return folder


@pytest.fixture(scope="session")
def browser() -> Iterator["Browser"]:
    """A headless Chromium of the system; make one context a test: `browser.new_context(...)`."""
    program = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if program is None:
        pytest.skip(f"no browser found (looked for {', '.join(CHROMIUM)})")
    from playwright.sync_api import sync_playwright

    # Playwright keeps an event loop in this thread, which Django would take for asynchronous code.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as play:
        chromium = play.chromium.launch(executable_path=program, args=CHROMIUM_ARGS)
        yield chromium
        chromium.close()
