"""What pollers of devices share: settings, a schedule without drift, patience, rows that wait for the store."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Mapping, Sequence
from typing import Any

from tanlin.kernel.errors import Text
from tanlin.meter.gateways import Field, Full, Reject, Sample, Sink, bad_setting

HOST = Field("host", Text("主机", "Host"), required=True)
INTERVAL = Field(
    "interval",
    Text("轮询间隔（秒）", "Poll every, s"),
    "number",
    900,
    Text("按钟点整数倍读取。", "Read at whole multiples on the clock."),
)
TIMEOUT = Field("timeout", Text("应答时限（秒）", "Time for an answer, s"), "number", 3)
MOST_WAITING = 20_000
_LONGEST_PAUSE = 60.0
#: A timer may fire a little early; a reading just before the tick would bear the second before it.
_LATE = 0.01


def number(config: Mapping[str, Any], field: Field, low: float, high: float) -> float:
    """A number setting. Raises BadInput outside ``low`` to ``high``."""
    given = config.get(field.name)
    given = field.default if given in (None, "") else given
    try:
        value = float(given)
    except (TypeError, ValueError):
        value = math.nan
    if not low <= value <= high:
        raise bad_setting(
            field.name,
            given,
            Text(f"「{field.label.zh}」须为 {low:g} 至 {high:g}。", f"“{field.label.en}” must be {low:g} to {high:g}."),
        )  # fmt: skip
    return value


def text(config: Mapping[str, Any], field: Field) -> str:
    """A text setting. Raises BadInput where a required one is empty."""
    value = str(config.get(field.name) or field.default or "").strip()
    if field.required and not value:
        raise bad_setting(
            field.name,
            value,
            Text(f"请填写「{field.label.zh}」。", f"Enter “{field.label.en}”."),
        )
    return value


def lines(config: Mapping[str, Any], field: Field) -> list[str]:
    """The lines of a setting, given as text or as a list; blank ones and comments (#) are left out."""
    given = config.get(field.name) or []
    rows = given.splitlines() if isinstance(given, str) else [str(row) for row in given]
    found = [row.strip() for row in rows if row.strip() and not row.lstrip().startswith("#")]
    if field.required and not found:
        text({}, field)
    return found


async def pause(stop: asyncio.Event, seconds: float) -> None:
    """Wait so long, or until ``stop`` is set."""
    if seconds <= 0:
        return
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        return


def until_tick(interval: float, after: float = 0.0) -> float:
    """Seconds until ``after`` seconds past the next multiple of ``interval``; a missed tick is not made up for."""
    now = time.time() - after
    return (math.floor(now / interval) + 1) * interval - now + _LATE


class Patience:
    """How long to wait after the n-th failure in a row: 1, 2, 4 … 60 s."""

    def __init__(self) -> None:
        self._next = 1.0

    def reset(self) -> None:
        self._next = 1.0

    def seconds(self) -> float:
        now, self._next = self._next, min(2 * self._next, _LONGEST_PAUSE)
        return now


class Outbox:
    """Rows read from devices that keep no history; they wait here while the store is full, the oldest give way."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._samples: list[Sample] = []
        self._rejects: list[Reject] = []

    async def put(self, samples: Sequence[Sample], rejects: Sequence[Reject]) -> bool:
        """Hand over these rows and those that wait; False, and the page told, where the store is full."""
        self._samples = [*self._samples, *samples][-MOST_WAITING:]
        self._rejects = [*self._rejects, *rejects][-MOST_WAITING:]
        if not self._samples and not self._rejects:
            return True
        try:
            await self._sink.put(self._samples, self._rejects)
        except Full as error:
            self._sink.report("failed", error)
            return False
        self._samples, self._rejects = [], []
        return True
