"""Devices against the listener as a process: it is killed, devices go away, and the totals stay exact."""

import asyncio
import datetime as dt
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from ocpp.v16 import ChargePoint, call
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from tests.meter import listener
from tests.meter.protocols.golden_files import frames
from tests.meter.protocols.sinks import free_port
from tests.meter.protocols.test_modbus import device
from tests.meter.protocols.test_serial import POWER, Collector, collector
from tests.support.loops import run

pytestmark = pytest.mark.database
GOLDEN = frames("dlt645")
ADD = """
import django, json, sys; django.setup()
from datetime import date
from tanlin.community.models import Area
from tanlin.community.queries import SYSTEM
from tanlin.meter import services
here, home = (Area.objects.get(slug=slug) for slug in ("here", "home"))
ids = {}
for number, kind, config in json.loads(sys.argv[1]):
    spec = services.Spec(owner=here, place=home, carrier="electricity", number=number, unit="kWh", kind="register",
        valid_from=date(2025, 1, 1))
    ids[number] = list(services.register([spec], actor=SYSTEM, area=here).values())[0]
    ids[kind] = services.create_gateway(here, kind=kind, name=kind, config=config, actor=SYSTEM).pk
print(json.dumps(ids))
"""
COUNT = """
import django, json; django.setup()
from tests.support.loops import run
from tanlin.meter import services
from tanlin.readings import queries
services.flush_all()
services.refresh()
sql = "SELECT meter_id, COUNT(*) AS n, COUNT(DISTINCT start) AS d, SUM(value) AS v, MAX(value) AS m FROM {} GROUP BY meter_id"
snapshot = queries.snapshot()
print(json.dumps({name: snapshot.query(sql.format(name)).to_pylist() for name in ("log", "current")}))
"""
#: The charger's register goes up by so much a message, in Wh.
STEP = 250
FIRST = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


class Charger:
    """Keeps its messages until they are answered, as a charger does, and sends them again from the oldest on."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.queue: list[int] = []
        self.answered = 0

    async def run(self) -> None:
        while True:
            try:
                async with connect(f"ws://127.0.0.1:{self.port}/CP1", subprotocols=["ocpp1.6"]) as link:  # type: ignore[list-item]
                    point = ChargePoint("CP1", link, response_timeout=5)
                    listening = asyncio.create_task(point.start())
                    try:
                        while True:
                            await self.send(point)
                    finally:
                        listening.cancel()
                        await asyncio.gather(listening, return_exceptions=True)
            except (OSError, ConnectionClosed, InvalidHandshake, TimeoutError):
                await asyncio.sleep(0.2)

    async def send(self, point: ChargePoint) -> None:
        if not self.queue:
            await asyncio.sleep(0.02)
            return
        n = self.queue[0]
        time = (FIRST + dt.timedelta(minutes=n)).isoformat()
        values = [{"timestamp": time, "sampled_value": [{"value": str(n * STEP)}]}]
        assert await point.call(call.MeterValues(1, values)) is not None
        self.queue.pop(0)
        self.answered += 1


@pytest.fixture
def site(home: Path) -> Iterator[listener.Site]:
    reason = os.environ.get("TANLIN_TEST_SKIP_DATABASE")
    if reason:
        pytest.skip(reason)
    one = listener.Site(home, free_port(), os.environ.get("DATABASE_URL"))
    yield one
    one.close()


async def until(holds: Callable[[], Any], what: str) -> None:
    """Wait without holding up the devices of this process."""
    async with asyncio.timeout(60):
        while not await asyncio.to_thread(holds):
            await asyncio.sleep(0.1)
    assert what


async def field(site: listener.Site) -> tuple[dict[str, int], int]:
    """Let the devices work through a kill of the listener and an outage of their own; returns meter ids and messages."""
    charger = Charger(free_port())
    async with device() as modbus, collector({GOLDEN["request_import"]: [GOLDEN["answer_import"]]}) as line:
        ids = await asyncio.to_thread(add, site, modbus.port, charger.port, line)
        sending = asyncio.create_task(charger.run())
        await asyncio.to_thread(site.listen)
        charger.queue += range(100)
        await until(lambda: charger.answered >= 40, "the charger is answered")
        await until(lambda: site.received("modbus") and site.received("serial"), "the others are read")
        await asyncio.to_thread(site.kill, "listen")
        charger.queue += range(100, 200)
        await modbus.count(1_100_000)
        await line.stop()
        await asyncio.to_thread(site.listen)
        await until(lambda: charger.answered >= 200, "the queue of the charger is taken")
        await line.start()
        await modbus.stop()
        modbus.words[:2] = [1_234_500 >> 16, 1_234_500 & 0xFFFF]
        await modbus.start()
        for name in ("modbus", "serial"):
            before = site.received(name)
            await until(lambda name=name, before=before: site.received(name) >= before + 3, "readings go on")
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)
        await asyncio.to_thread(site.kill, "listen")
    return ids, charger.answered


def add(site: listener.Site, modbus: int, ocpp: int, line: Collector) -> dict[str, int]:
    rows = "point,address,type,scale,unit\nmain,0,uint32,0.01,kWh"
    poll = {"host": "127.0.0.1", "interval": 1, "timeout": 0.5}
    gateways = [
        ("main", "modbus", {**poll, "port": modbus, "map": rows}),
        ("CP1/1", "ocpp", {"port": ocpp, "chargers": "CP1"}),
        (POWER, "serial", {**poll, "port": line.port, "meters": f"645 {POWER}"}),
    ]
    found: dict[str, int] = json.loads(site.run("-c", ADD, json.dumps(gateways)))
    site.ids |= found
    return found


def test_totals_are_exact_through_a_kill_and_outages(site: listener.Site) -> None:
    ids, messages = run(field(site))
    found = json.loads(site.run("-c", COUNT))
    log = {row["meter_id"]: row for row in found["log"]}
    current = {row["meter_id"]: row for row in found["current"]}
    assert all(row["n"] == row["d"] for row in log.values())
    assert (messages, log[ids["CP1/1"]]["n"]) == (200, 200)
    assert current[ids["CP1/1"]]["v"] == pytest.approx(199 * STEP / 1000, abs=1e-9)
    assert current[ids["main"]]["v"] == pytest.approx(2_345.0, abs=1e-9)
    assert log[ids[POWER]]["m"] == 123456.78
