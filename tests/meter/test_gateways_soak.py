"""Gateways at full rate, and what a broker kept over a long outage: nothing lost, nothing doubled."""

from pathlib import Path

import pytest

from bench.gateways import measure
from tests.meter.listener import Publisher, Site, expected, until
from tests.support.mosquitto import Broker

pytestmark = pytest.mark.soak
#: Ten minutes of 200 readings a second.
OUTAGE = 120_000


def test_full_rate(tmp_path: Path) -> None:
    found = measure(tmp_path, seconds=20)
    print(found)
    assert (found["lost"], found["doubled"], found["sum_differs"]) == (0, 0, False)


def test_the_readings_of_an_outage_arrive_once(tmp_path: Path) -> None:
    broker = Broker(tmp_path / "mosquitto").start()
    site = Site(tmp_path / "home", broker.port)
    try:
        site.listen()
        until(lambda: site.inbox().standings().get(site.ids["mqtt"]) is not None, "the listener reports")
        meters = Publisher(broker.port)
        meters.send(range(1_000))
        until(lambda: site.received("mqtt") >= 1_000, "it listens")
        site.kill("listen")
        for first in range(
            1_000, OUTAGE, 1_000
        ):  # the publishing client is slow with a long queue of its own
            meters.send(range(first, first + 1_000))
            until(lambda: meters.sent - meters.taken < 2_000, "the broker takes them")
        until(meters.all_taken, "the broker keeps everything")
        broker.stop()
        broker.start()
        site.listen()
        until(lambda: site.received("mqtt") >= OUTAGE // 2, "half of it is taken in", 300)
        site.kill("listen")
        site.listen()
        until(lambda: site.count()["log"]["n"] >= OUTAGE, "all is taken in", 300)
        meters.client.loop_stop()
        assert site.count()["log"] == expected(range(OUTAGE))
    finally:
        site.close()
        broker.stop()
