"""Readings from the field, end to end: real web server, real broker, real listener, until they stand in the log.

HTTP: batches of JSON over one connection at a time. MQTT: one reading a message, QoS 1, acknowledged after the disk. Each runs
for the given seconds as fast as it is taken; the rate counts until the last reading is in the log.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.timing import machine
from tests.meter.listener import Publisher, Site, expected, row, until
from tests.support.mosquitto import Broker

#: The numbers of MQTT readings begin here; those of HTTP at 0.
MQTT_FIRST = 4_000_000
BATCH, SENDERS, UNDER_WAY = 500, 2, 4_000


def push(site: Site, seconds: float) -> range:
    """Send batches from two devices for so long; the numbers that were taken."""
    lock, numbers = threading.Lock(), iter(range(0, MQTT_FIRST, BATCH))
    end, last = time.monotonic() + seconds, [0]

    def send() -> None:
        while time.monotonic() < end:
            with lock:
                first = next(numbers, None)
                if first is None:
                    return
                last[0] = first + BATCH
            batch = [row(n) for n in range(first, first + BATCH)]
            while site.push(batch) != 202:
                time.sleep(0.2)

    threads = [threading.Thread(target=send) for _ in range(SENDERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return range(last[0])


def publish(broker: Broker, seconds: float) -> range:
    """Publish for so long; the numbers that the broker took."""
    meters, end, n = Publisher(broker.port), time.monotonic() + seconds, MQTT_FIRST
    while time.monotonic() < end:
        meters.send(range(n, n + 100))
        n += 100
        while meters.sent - meters.taken > UNDER_WAY:
            time.sleep(0.005)
    until(meters.all_taken, "the broker has everything")
    meters.client.loop_stop()
    return range(MQTT_FIRST, n)


def timed(site: Site, source: str, send: Callable[[], range]) -> tuple[range, float]:
    """What was sent, and readings per second until all of it is out of the inbox, in the log."""
    before, began = site.received(source), time.monotonic()
    sent = send()
    until(lambda: site.received(source) - before >= len(sent), f"{source}: all is received", 300)
    until(lambda: site.inbox().depth(1) == 0, f"{source}: all is in the log", 300)
    return sent, len(sent) / (time.monotonic() - began)


def main(arguments: list[str]) -> int:
    """Exit code 1 where a reading was lost, doubled or altered, or a rate is below ``--least``."""
    parser = argparse.ArgumentParser(prog="python -m bench gateways", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--least", type=float, default=2_000, help="readings a second that are asked for")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        found = measure(Path(folder), options.seconds)
    slow = min(found["http_rows_per_s"], found["mqtt_rows_per_s"]) < options.least
    print(
        json.dumps(
            {
                "bench": "gateways",
                **machine("deltalake", "duckdb", "paho-mqtt"),
                "seconds": options.seconds,
                **found,
            }
        )
    )
    return int(slow or any(found[fault] for fault in ("lost", "doubled", "sum_differs")))


def measure(folder: Path, seconds: float) -> dict[str, Any]:
    """The rates of both ways, and what the log holds in the end."""
    broker = Broker(folder / "mosquitto").start()
    site = Site(folder / "home", broker.port, TANLIN_FLUSH_SECONDS="5")
    try:
        site.listen()
        site.serve()
        pushed, http = timed(site, "push", lambda: push(site, seconds))
        print(f"HTTP: {len(pushed):,} readings, {http:,.0f}/s")
        published, mqtt = timed(site, "mqtt", lambda: publish(broker, seconds))
        print(f"MQTT: {len(published):,} readings, {mqtt:,.0f}/s")
    finally:
        site.close()
        broker.stop()
    log, wanted = site.count()["log"], expected([*pushed, *published])
    return {
        "http_rows_per_s": round(http),
        "mqtt_rows_per_s": round(mqtt),
        "lost": int(wanted["n"] - log["d"]),
        "doubled": int(log["n"] - log["d"]),
        "sum_differs": log["v"] != wanted["v"],
    }
