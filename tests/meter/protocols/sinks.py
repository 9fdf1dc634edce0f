"""A sink that keeps what it is given in memory, and can be full, slow or closed for a while."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from tanlin.kernel.errors import TanlinError, Text
from tanlin.meter.gateways import Adapter, Full, Reject, Sample, Source


class Kept:
    """``samples`` and ``rejects`` in order of arrival, ``said`` the reports; ``gate`` holds ``put`` while cleared."""

    def __init__(self) -> None:
        self.samples: list[Sample] = []
        self.rejects: list[Reject] = []
        self.said: list[tuple[str, TanlinError | None]] = []
        self.is_full = False
        self.gate = asyncio.Event()
        self.gate.set()

    async def put(self, samples: Sequence[Sample], rejects: Sequence[Reject] = ()) -> None:
        await self.gate.wait()
        if self.is_full:
            raise Full("meter.full", Text("满", "full"))
        self.samples += samples
        self.rejects += rejects

    def report(self, state: str, error: TanlinError | None = None) -> None:
        self.said.append((state, error))

    def rows(self) -> dict[tuple[str, str, int, int], float]:
        """What counts: the newest value of every point, channel, start and length."""
        return {(s.point, s.channel, s.start, s.seconds): s.value for s in self.samples}

    def errors(self) -> set[str]:
        return {error.code for _, error in self.said if error}


@asynccontextmanager
async def running(
    adapter: Adapter, config: dict[str, Any], sink: Kept, secret: str = "", tz: str = "Asia/Shanghai"
) -> AsyncIterator[asyncio.Task[None]]:
    """The adapter at work with these settings."""
    stop = asyncio.Event()
    source = Source(1, "test", "test", tz, adapter.check(config), secret)
    task = asyncio.create_task(adapter.run(source, sink, stop))
    try:
        yield task
    finally:
        stop.set()
        await asyncio.wait_for(task, 20)


async def until(holds: Callable[[], Any], seconds: float = 15) -> None:
    """Wait until something holds; fails with a TimeoutError."""
    async with asyncio.timeout(seconds):
        while not holds():
            await asyncio.sleep(0.02)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
