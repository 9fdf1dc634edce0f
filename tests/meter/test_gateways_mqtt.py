"""The MQTT adapter at a broker that asks for a password, in both versions of the protocol."""

import asyncio
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from tanlin.kernel.errors import TanlinError
from tanlin.meter.adapters.mqtt import Mqtt
from tanlin.meter.gateways import Reject, Sample, Source
from tests.support.loops import run
from tests.support.mosquitto import Broker

USER, PASSWORD = "tanlin", "a long password"


class Ear:
    """A sink that remembers."""

    def __init__(self) -> None:
        self.samples: list[Sample] = []
        self.rejects: list[Reject] = []
        self.states: list[tuple[str, str | None]] = []

    async def put(self, samples: Sequence[Sample], rejects: Sequence[Reject] = ()) -> None:
        self.samples += samples
        self.rejects += rejects

    def report(self, state: str, error: TanlinError | None = None) -> None:
        self.states.append((state, error.code if error else None))


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    one = Broker(tmp_path / "mosquitto", user=(USER, PASSWORD)).start()
    yield one
    one.stop()


def source(broker: Broker, secret: str, version: str = "5") -> Source:
    config = {
        "host": "127.0.0.1",
        "port": broker.port,
        "username": USER,
        "topics": "site/{point}/energy unit=kWh",
    }
    return Source(1, "broker", "mqtt", "UTC", Mqtt().check({**config, "version": version}), secret)


async def heard(one: Source, ear: Ear, done: Any, publish: Any = None) -> None:
    """Run the adapter until ``done()``."""
    stop = asyncio.Event()
    task = asyncio.create_task(Mqtt().run(one, ear, stop))
    try:
        async with asyncio.timeout(30):
            while not done():
                await asyncio.sleep(0.05)
                if publish is not None and ("connected", None) in ear.states:
                    publish, now = None, publish
                    await asyncio.to_thread(now)
    finally:
        stop.set()
        await task


def test_a_wrong_password_is_told_with_a_remedy(broker: Broker) -> None:
    ear = Ear()
    run(heard(source(broker, "wrong"), ear, lambda: ("failed", "meter.mqtt_refused") in ear.states))


@pytest.mark.parametrize("version", ["5", "3.1.1"])
def test_numbers_rows_and_texts_arrive(broker: Broker, version: str) -> None:
    ear = Ear()

    def publish() -> None:
        from paho.mqtt.publish import multiple

        rows = [{"time": 600, "seconds": 60, "value": 1}, {"time": 660, "seconds": 60, "value": 2}]
        messages = [("site/a/energy", "5.5"), ("site/b/energy", json.dumps(rows)), ("site/c/energy", "OFF")]
        auth = {"username": USER, "password": PASSWORD}
        multiple(
            [(*message, 1, False) for message in messages], port=broker.port, hostname="127.0.0.1", auth=auth
        )

    run(heard(source(broker, PASSWORD, version), ear, lambda: len(ear.rejects) == 1, publish))
    assert [(s.point, s.seconds, s.value, s.unit, s.arrival) for s in ear.samples] == [
        ("a", 0, 5.5, "kWh", True),
        ("b", 60, 1.0, "kWh", False),
        ("b", 60, 2.0, "kWh", False),
    ]
    assert ear.rejects == [("c", "OFF", "unreadable")]


def test_what_was_sent_while_away_arrives_at_the_return(broker: Broker) -> None:
    ear = Ear()
    run(heard(source(broker, PASSWORD), ear, lambda: ("connected", None) in ear.states))
    run(asyncio.sleep(0.5))  # the broker has the subscription

    from paho.mqtt.publish import single

    auth = {"username": USER, "password": PASSWORD}
    single("site/a/energy", "7", qos=1, port=broker.port, hostname="127.0.0.1", auth=auth)
    run(heard(source(broker, PASSWORD), ear, lambda: bool(ear.samples)))
    assert [s.value for s in ear.samples] == [7.0]
