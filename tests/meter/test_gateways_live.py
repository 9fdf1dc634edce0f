"""Gateways against real peers: whatever dies, rows = distinct = expected."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.meter.listener import Publisher, Site, expected, row, until
from tests.support.mosquitto import Broker

pytestmark = pytest.mark.database
BATCH = 100


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    one = Broker(tmp_path / "mosquitto").start()
    yield one
    one.stop()


@pytest.fixture
def site(home: Path, broker: Broker) -> Iterator[Site]:
    reason = os.environ.get("TANLIN_TEST_SKIP_DATABASE")
    if reason:
        pytest.skip(reason)
    one = Site(home, broker.port, os.environ.get("DATABASE_URL"), TANLIN_INBOX_ROWS="10000")
    yield one
    one.close()


def connected(site: Site, early: bool = False) -> None:
    """Start the listener; it is connected to the broker."""
    began = int(time.time())
    site.listen(early)

    def state() -> bool:
        found = site.inbox().standings().get(site.ids["mqtt"])
        return found is not None and found.state == "connected" and (found.at or 0) >= began

    until(state, "the listener is connected")


def test_mqtt_survives_kills_of_listener_and_broker(site: Site, broker: Broker) -> None:
    rows = 3_000
    connected(site)
    meters = Publisher(broker.port)
    meters.send(range(1_000))
    until(lambda: site.received("mqtt") > 0, "readings arrive")
    site.kill("listen")  # in the middle of what comes in
    meters.send(range(500, 1_500))  # half of it once more
    site.listen()
    until(lambda: site.received("mqtt") >= 1_500, "the queue of the broker is taken in")
    broker.stop()
    meters.send(range(1_500, rows))  # held by the sender while the broker is away
    broker.start()
    until(meters.all_taken, "the broker has everything")
    until(lambda: site.count()["log"]["n"] >= rows, "all is taken in")
    site.kill("listen")  # between inbox and log, or after
    meters.client.loop_stop()
    found = site.count()
    assert found["log"] == found["current"] == expected(range(rows))


def test_an_acknowledgement_before_the_disk_loses_rows(site: Site, broker: Broker) -> None:
    """The control: with the mistake built in, the same kill loses readings and the count shows it."""
    connected(site, early=True)
    meters = Publisher(broker.port)
    meters.send(range(200))
    until(lambda: site.received("mqtt") >= 200, "the first are stored, seconds after their acknowledgement")
    meters.send(range(200, 1_000))
    until(meters.all_taken, "the broker has everything")
    time.sleep(0.5)  # acknowledged at once, stored two seconds later: the kill falls in between
    site.kill("listen")
    connected(site)
    meters.send(range(1_000, 1_001))
    until(lambda: site.received("mqtt") >= 201, "what the broker still holds arrives")
    meters.client.loop_stop()
    site.kill("listen")
    assert site.count()["log"]["n"] < 1_001


def test_http_push_survives_a_kill_and_repeats(site: Site) -> None:
    rows = 2_000
    site.serve()
    for n, first in enumerate(range(0, rows, BATCH)):
        batch = [row(k) for k in range(first, first + BATCH)]
        if n == 7:
            site.kill("web")
            assert site.push(batch) is None  # nobody answers, so the device keeps its batch
            site.serve()
        until(lambda batch=batch: site.push(batch) == 202, "the batch is taken")
        if n % 3 == 0:
            assert site.push(batch) == 202  # once more, as after a lost answer
    site.kill("web")
    found = site.count()
    assert found["log"] == found["current"] == expected(range(rows))


def test_a_full_inbox_makes_the_broker_wait_and_loses_nothing(site: Site, broker: Broker) -> None:
    """More than the inbox holds, of a point that nobody has mapped: it goes on once someone does."""
    rows = 14_000
    connected(site)
    meters = Publisher(broker.port)
    meters.send(range(rows), point="Z9")

    def refused() -> bool:
        standing = site.inbox().standings()[site.ids["mqtt"]]
        return standing.state == "waiting" and standing.error is not None

    until(refused, "the source is told to wait, and the page says why")
    assert site.received("mqtt") <= 10_000
    site.map("mqtt", "Z9", "G-1")
    until(meters.all_taken, "the broker has everything")
    until(lambda: site.received("mqtt") >= rows, "the rest comes in")
    meters.client.loop_stop()
    until(lambda: site.inbox().depth(1) == 0, "all is in the log")
    site.kill("listen")
    assert site.count()["log"] == expected(range(rows))
