"""A site with listener and web as processes of their own, to be killed; `python -m tests.meter.listener early` is the
listener that acknowledges before it stores, as a control."""

import asyncio
import json
import os
import secrets
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import psycopg

from tests.support import ROOT
from tests.support.mosquitto import free_port

#: Readings start here, a minute after the other.
START = 1_600_000_000 // 60 * 60
PREPARE = """
import django, sys, json; django.setup()
from datetime import date
from django.core.management import call_command
call_command("migrate", verbosity=0)
from tanlin.community.queries import SYSTEM
from tanlin.meter import services
from tests.meter.support import world
areas = world()
specs = [services.Spec(owner=areas["here"], place=areas["home"], carrier="electricity", number=f"G-{n}", unit="kWh",
    valid_from=date(2020, 1, 1)) for n in range(4)]
services.register(specs, actor=SYSTEM, area=areas["here"])
push = services.create_gateway(areas["here"], kind="http", name="push", config={"seconds": 60}, actor=SYSTEM)
config = {"host": "127.0.0.1", "port": int(sys.argv[1]), "topics": "site/{point}/energy unit=kWh seconds=60"}
mqtt = services.create_gateway(areas["here"], kind="mqtt", name="mqtt", config=config, actor=SYSTEM)
print(json.dumps({"token": services.new_token(push, actor=SYSTEM), "push": push.pk, "mqtt": mqtt.pk}))
"""
MAP = """
import django, sys; django.setup()
from tanlin.community.queries import SYSTEM
from tanlin.meter import queries, services
from tanlin.meter.models import Gateway
gateway = Gateway.objects.get(pk=int(sys.argv[1]))
services.map_point(gateway, sys.argv[2], queries.meter_by_number(gateway.area, sys.argv[3]), actor=SYSTEM)
"""
COUNT = """
import django, json; django.setup()
from tanlin.meter import services
from tanlin.readings import queries
services.flush_all()
services.refresh()
sql = "SELECT COUNT(*) AS n, SUM(value) AS v, COUNT(DISTINCT meter_id * 10000000000 + start) AS d FROM {}"
snapshot = queries.snapshot()
print(json.dumps({name: snapshot.query(sql.format(name)).to_pylist()[0] for name in ("log", "current")}))
"""


class Site:
    """A home and a database of its own; `postgres` is the address of a server, or None for SQLite."""

    def __init__(self, home: Path, broker_port: int, postgres: str | None = None, **options: str) -> None:
        self.env = {**os.environ, "TANLIN_HOME": str(home), "DJANGO_SETTINGS_MODULE": "tanlin.web.settings"}
        self.env |= {"TANLIN_FLUSH_SECONDS": "1", "TANLIN_LOG_LEVEL": "WARNING", **options}
        self.env.pop("DATABASE_URL", None)
        self.home, self.port = home, free_port()
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        if postgres is not None:
            name = f"gateway_{secrets.token_hex(4)}"
            with psycopg.connect(postgres, autocommit=True) as server:
                server.execute(f"CREATE DATABASE {name}")
            self.env["DATABASE_URL"] = postgres.rsplit("/", 1)[0] + f"/{name}"
        self.ids = json.loads(self.run("-c", PREPARE, str(broker_port)))

    def run(self, *arguments: str) -> bytes:
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=ROOT,
            env=self.env,
            stdout=subprocess.PIPE,
            check=True,
            timeout=180,
        ).stdout

    def start(self, name: str, *arguments: str) -> None:
        command = [sys.executable, "-m", *arguments]
        self.processes[name] = subprocess.Popen(command, cwd=ROOT, env=self.env, start_new_session=True)

    def listen(self, early: bool = False) -> None:
        """Start the listener and wait for its sign of life."""
        program = ("tests.meter.listener", "early") if early else ("tanlin", "meter", "listen")
        self.start("listen", *program)

    def serve(self) -> None:
        """Start the web server and wait for its answer."""
        self.start(
            "web",
            *("granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(self.port)),
            *(
                "--workers",
                "1",
                "--blocking-threads",
                "4",
                "--log-level",
                "error",
                "tanlin.web.wsgi:application",
            ),
        )
        until(lambda: self.push([]) is not None, "the web server answers")

    def kill(self, name: str) -> None:
        """kill -9 of the process and its children."""
        process = self.processes.pop(name)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(10)

    def close(self) -> None:
        for name in list(self.processes):
            self.kill(name)

    def push(self, rows: list[dict[str, Any]]) -> int | None:
        """Send rows once; the status, or None where nobody answers."""
        headers = {"Authorization": f"Bearer {self.ids['token']}", "Content-Type": "application/json"}
        address = f"http://127.0.0.1:{self.port}/api/v1/push"
        request = urllib.request.Request(address, json.dumps(rows).encode(), headers, method="POST")
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            return None

    def inbox(self) -> Any:
        """The inbox as another process sees it."""
        from tanlin.readings import Inbox

        if "DATABASE_URL" in self.env:
            return Inbox({"conninfo": self.env["DATABASE_URL"]})
        return Inbox(self.home / "inbox.sqlite3")

    def received(self, source: str) -> int:
        """Rows of a source that were ever put into the inbox, doubles included."""
        standing = self.inbox().standings().get(self.ids[source])
        return standing.day if standing else 0

    def map(self, source: str, point: str, number: str) -> None:
        """Say which meter a point is, as the page does."""
        self.run("-c", MAP, str(self.ids[source]), point, number)

    def count(self) -> dict[str, dict[str, float]]:
        """Flush and refresh what is left; rows, distinct keys and sum of the log and of what counts."""
        found: dict[str, dict[str, float]] = json.loads(self.run("-c", COUNT))
        return found


def row(n: int) -> dict[str, Any]:
    """Reading n: spread over four meters."""
    return {"point": f"G-{n % 4}", "time": START + n // 4 * 60, "seconds": 60, "value": n}


def expected(numbers: Iterable[int]) -> dict[str, float]:
    """What the log holds after these readings."""
    values = sorted(set(numbers))
    return {"n": len(values), "d": len(values), "v": float(sum(values))}


class Publisher:
    """A meter head-end that keeps what it has sent until the broker has it."""

    def __init__(self, port: int) -> None:
        from paho.mqtt.client import Client
        from paho.mqtt.enums import CallbackAPIVersion

        self.sent = self.taken = 0
        self.client = Client(CallbackAPIVersion.VERSION2, client_id="head-end", clean_session=False)
        self.client.max_queued_messages_set(0)
        self.client.max_inflight_messages_set(500)
        self.client.reconnect_delay_set(1, 1)
        self.client.on_publish = self._published
        self.client.connect("127.0.0.1", port)
        self.client.loop_start()

    def _published(self, *_: Any) -> None:
        self.taken += 1

    def send(self, numbers: Iterable[int], point: str = "") -> None:
        """Queue readings; offline they wait for the connection. ``point``: one for all, a minute a reading."""
        for n in numbers:
            body = {"time": START + n * 60, "seconds": 60, "value": n} if point else row(n)
            name = point or body.pop("point")
            self.client.publish(f"site/{name}/energy", json.dumps(body), qos=1)
            self.sent += 1

    def all_taken(self) -> bool:
        """Whether the broker has acknowledged everything."""
        return self.taken >= self.sent


def until(condition: Callable[[], bool], what: str, seconds: float = 90) -> None:
    """Wait for something that must come."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"not in {seconds} s: {what}")
        time.sleep(0.1)


def early() -> None:
    """The listener with the mistake of acknowledging before the rows are on disk."""
    import django

    django.setup()
    from tanlin.meter import listen
    from tanlin.meter.services.listening import Installation

    honest = listen.SourceSink.put
    late: set[asyncio.Task[None]] = set()

    async def put(self: Any, samples: Any, rejects: Any = ()) -> None:
        async def later() -> None:
            await asyncio.sleep(2)
            await honest(self, samples, rejects)

        late.add(asyncio.create_task(later()))

    listen.SourceSink.put = put  # type: ignore[method-assign]
    listen.run(Installation(), print)


if __name__ == "__main__":
    early()
