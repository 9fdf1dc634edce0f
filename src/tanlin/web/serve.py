"""``tanlin serve``: web, worker and listener under one supervisor in one terminal. ``tanlin migrate``: tables up to date."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from types import FrameType

import click

from tanlin.kernel import cli as shared
from tanlin.kernel.errors import BadInput, Text

STOP_SECONDS = 15  # a worker finishes its present step
QUICK_SECONDS = 5  # a child that dies sooner than this did not really start
QUICK_DEATHS = 5


@dataclass
class Child:
    """One supervised process; restarted when it dies, with a growing pause."""

    name: str
    command: list[str]
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    deaths: int = 0
    due: float = 0.0

    def start(self) -> None:
        # A session of its own: Ctrl-C reaches the supervisor only, which stops the children in order.
        self.process = subprocess.Popen(self.command, start_new_session=True)
        self.started = time.monotonic()

    def watch(self, now: float) -> None:
        """Start or restart it when due. Raises RuntimeError after five quick deaths in a row."""
        if self.process is None:
            if now >= self.due:
                self.start()
            return
        code = self.process.poll()
        if code is None:
            return
        self.deaths = self.deaths + 1 if now - self.started < QUICK_SECONDS else 1
        if self.deaths >= QUICK_DEATHS:
            raise RuntimeError(f"{self.name} died {self.deaths} times at its start (exit code {code})")
        pause = min(30.0, 2.0 ** (self.deaths - 1))
        click.echo(f"{self.name}: exit code {code}, again in {pause:.0f} s", err=True)
        self.process, self.due = None, now + pause

    def ask_to_stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()

    def wait(self, deadline: float) -> None:
        if self.process is None:
            return
        try:
            self.process.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def supervise(children: list[Child], ready: Callable[[], bool] = lambda: True) -> None:
    """Run the children until SIGINT or SIGTERM; then stop all of them and return.

    ``ready`` is asked again and again until it says yes (and has announced so).
    """
    stopping = announced = False

    def stop(_signal: int, _frame: FrameType | None) -> None:
        nonlocal stopping
        stopping = True

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        for child in children:
            child.start()
        while not stopping:
            time.sleep(0.2)
            announced = announced or ready()
            for child in children:
                child.watch(time.monotonic())
    finally:
        deadline = time.monotonic() + STOP_SECONDS
        for child in children:
            child.ask_to_stop()
        for child in children:
            child.wait(deadline)
        for number, handler in before.items():
            signal.signal(number, handler)


def check_port(host: str, port: int) -> None:
    """Raises BadInput where the address cannot be listened on."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with closing(socket.socket(family, socket.SOCK_STREAM)) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise BadInput(
                "web.port_taken",
                Text(
                    f"无法在 {host}:{port} 上提供服务：{error.strerror}。",
                    f"Cannot listen on {host}:{port}: {error.strerror}.",
                ),
                remedy=Text("请用 --port 换一个端口。", "Choose another one with --port."),
            ) from error


def prepare() -> None:
    """Bring tables and static files up to date, side by side. Raises RuntimeError where the files cannot be written."""
    os.environ["TANLIN_STATIC"] = "manifest"
    # A process of its own: this one may have loaded its settings with plain names.
    collect = subprocess.Popen(
        [sys.executable, "-m", "django", "collectstatic", "--noinput", "--verbosity", "0"],
        env=os.environ | {"DJANGO_SETTINGS_MODULE": "tanlin.web.settings"},
    )
    shared.setup(check=False)
    from django.core.management import call_command

    try:
        call_command("migrate", interactive=False, verbosity=0)
    finally:
        code = collect.wait()
    if code != 0:
        raise RuntimeError(f"collectstatic ended with exit code {code}")


def run_site(host: str, port: int) -> None:
    """Prepare, then serve until Ctrl-C. Raises BadInput (address taken), RuntimeError (a child cannot start)."""
    check_port(host, port)
    prepare()
    web = [
        sys.executable, "-m", "granian", "--interface", "wsgi", "--host", host, "--port", str(port),
        "--workers", "1", "--blocking-threads", "4", "--log-level", "warning", "tanlin.web.wsgi:application",
    ]  # fmt: skip
    work = [sys.executable, "-m", "tanlin", "work"]
    listen = [sys.executable, "-m", "tanlin", "meter", "listen"]
    here = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)

    def ready() -> bool:
        family = socket.AF_INET6 if ":" in here else socket.AF_INET
        with closing(socket.socket(family, socket.SOCK_STREAM)) as probe:
            probe.settimeout(1)
            if probe.connect_ex((here, port)) != 0:
                return False
        shown = f"[{here}]" if ":" in here else here
        click.echo(f"http://{shown}:{port}/  （Ctrl-C 停止 / to stop）")
        return True

    supervise([Child("web", web), Child("work", work), Child("listen", listen)], ready)


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="监听地址 / address to listen on")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535), help="端口 / port")
def serve(host: str, port: int) -> None:
    """提供网站、后台任务与网关监听。 / Serve the site, its worker and its listener."""
    run_site(host, port)


@click.command()
def migrate() -> None:
    """建立或更新数据库表。 / Create or update the tables."""
    shared.setup(check=False)
    from django.core.management import call_command

    call_command("migrate", interactive=False, verbosity=1)
