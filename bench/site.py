"""The demonstration served by the real server for a bench or for pictures, and a visitor who asks for its pages."""

from __future__ import annotations

import http.client
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import urlencode

START_SECONDS = 120
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM_ARGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]


@contextmanager
def demonstration(home: str | None) -> Iterator[str]:
    """Address of the demonstration, served from ``home`` or from a folder that is removed afterwards.

    The environment points at it meanwhile, so that Django may be set up. Raises RuntimeError where it does not start.
    """
    folder = home or tempfile.mkdtemp(prefix="tanlin-site-")
    os.environ |= {"TANLIN_HOME": folder, "DJANGO_SETTINGS_MODULE": "tanlin.web.settings"}
    try:
        subprocess.run(
            [sys.executable, "-m", "tanlin", "demo", "build"], check=True, stdout=subprocess.DEVNULL
        )
        with _served() as url:
            yield url
    finally:
        if home is None:
            shutil.rmtree(folder)


@contextmanager
def _served() -> Iterator[str]:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "-m", "tanlin", "serve", "--port", str(port)], stdout=subprocess.DEVNULL
    )
    try:
        _await(server, port)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.send_signal(signal.SIGINT)
        server.wait()


def _await(server: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        with closing(socket.socket()) as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.2)
    raise RuntimeError("the site did not start")


class Visitor:
    """One browser session over one kept connection; answers stay compressed, as they were sent."""

    def __init__(self, url: str, language: str = "zh-hans") -> None:
        self.connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=60)
        self.cookies = {"language": language}

    def ask(
        self, path: str, form: dict[str, str] | None = None
    ) -> tuple[int, bytes, http.client.HTTPMessage, float]:
        """Status, body, headers and seconds until the last byte of one request."""
        headers = {"Accept-Encoding": "gzip"}
        headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        body = None
        if form is not None:
            body = urlencode({"csrfmiddlewaretoken": self.cookies["csrftoken"], **form})
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        begin = time.perf_counter()
        try:
            answer = self._answer("GET" if form is None else "POST", path, body, headers)
        except http.client.RemoteDisconnected:  # the server closed a connection that was idle for long
            self.connection.close()
            answer = self._answer("GET" if form is None else "POST", path, body, headers)
        content = answer.read()
        seconds = time.perf_counter() - begin
        for line in answer.headers.get_all("Set-Cookie", []):
            self.cookies |= {name: morsel.value for name, morsel in SimpleCookie(line).items()}
        return answer.status, content, answer.headers, seconds

    def _answer(
        self, method: str, path: str, body: str | None, headers: dict[str, str]
    ) -> http.client.HTTPResponse:
        self.connection.request(method, path, body, headers)
        return self.connection.getresponse()

    def log_in(self, username: str, password: str) -> None:
        """Raises RuntimeError where the site does not let the user in."""
        self.ask("/login/")
        status, _, _, _ = self.ask("/login/", {"username": username, "password": password})
        if status != 302:
            raise RuntimeError(f"{username} cannot log in: {status}")


def browser(play: Any) -> Any:
    """The Chromium of the system, headless. Raises RuntimeError where there is none."""
    program = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if program is None:
        raise RuntimeError(f"no browser found (looked for {', '.join(CHROMIUM)})")
    return play.chromium.launch(executable_path=program, args=CHROMIUM_ARGS)


def cookies(visitor: Visitor, url: str) -> list[dict[str, str]]:
    """The visitor's cookies as a browser context takes them."""
    return [{"name": name, "value": value, "url": url} for name, value in visitor.cookies.items()]
