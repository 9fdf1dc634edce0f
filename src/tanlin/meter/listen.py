"""The listener: every enabled source in one process, and the flusher that takes the inbox into the log.

A source that fails is shown and started anew after a growing pause; it never stops the others or the flusher.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import time
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Protocol

from tanlin.kernel.errors import TanlinError, Text
from tanlin.meter.adapters import adapter
from tanlin.meter.gateways import Reject, Sample, Source, State

log = logging.getLogger("tanlin.meter.listen")
#: How often the list of sources is read, and the pauses of a source that fails.
LOOK_SECONDS, FIRST_PAUSE, LONGEST_PAUSE = 3.0, 1.0, 60.0
#: Signs of life for the page.
BEAT_SECONDS = 10.0
#: Under these numbers the listener and the flusher tell how they stand.
LISTENER, FLUSHER = 0, -1
#: Rows that make the flusher start before its time.
FLUSH_ROWS = 50_000


class Store(Protocol):
    """What the listener needs of the installation; every call may wait, and none is made on the loop's own thread."""

    flush_seconds: float

    def sources(self) -> dict[int, tuple[int, Source]]:
        """Sources to speak with, by id, each with its revision."""

    def take(self, source: int, samples: Sequence[Sample], rejects: Sequence[Reject]) -> Future[None]:
        """Put rows into the inbox."""

    def stand(self, source: int, state: str, error: dict[str, Any] | None) -> None:
        """Write down how a source, LISTENER or FLUSHER stands."""

    def depth(self) -> int:
        """Rows that wait, counted up to FLUSH_ROWS."""

    def flush(self) -> Any:
        """Take what waits into the log."""


@dataclass
class SourceSink:
    """The sink of one source. ``news`` is its newest state, ``told`` the one that was written last."""

    store: Store
    source: int
    news: tuple[str, dict[str, Any] | None] | None = None
    told: tuple[str, dict[str, Any] | None] | None = None
    telling: asyncio.Task[None] | None = None

    async def put(self, samples: Sequence[Sample], rejects: Sequence[Reject] = ()) -> None:
        """See ``gateways.Sink``."""
        if samples or rejects:
            await asyncio.wrap_future(self.store.take(self.source, samples, rejects))

    def report(self, state: State, error: TanlinError | None = None) -> None:
        """Written in the background, one after the other, and only when something changed."""
        self.news = (state, error.as_dict() if error else None)
        if self.telling is None or self.telling.done():
            self.telling = asyncio.create_task(self._tell())

    async def _tell(self) -> None:
        while self.news is not None and self.told != self.news:
            self.told = self.news
            await quietly(asyncio.to_thread(self.store.stand, self.source, *self.told))


@dataclass
class _Running:
    revision: int
    stop: asyncio.Event
    task: asyncio.Task[None]


async def quietly(work: Awaitable[Any]) -> None:
    """What the page shows may fail (a full disk) without harm to what is received."""
    try:
        await work
    except Exception:
        log.exception("the state of a source could not be written")


async def listen(store: Store, stop: asyncio.Event) -> None:
    """Run until ``stop`` is set; then every source ends, and what it has received is flushed."""
    running: dict[int, _Running] = {}
    helpers = [asyncio.create_task(_flusher(store, stop)), asyncio.create_task(_beat(store, stop))]
    try:
        while not stop.is_set():
            await _look(store, running)
            await _wait(stop, LOOK_SECONDS)
    finally:
        stop.set()
        await asyncio.gather(*(_end(one) for one in running.values()))
        await asyncio.gather(*helpers)


async def _look(store: Store, running: dict[int, _Running]) -> None:
    """Start what is new, end what is gone, and start anew what changed or died."""
    try:
        wanted = await asyncio.to_thread(store.sources)
    except Exception:
        log.exception("the list of gateways cannot be read")
        return
    for key in list(running):
        if key not in wanted or wanted[key][0] != running[key].revision:
            await _end(running.pop(key))
    for key, (revision, source) in wanted.items():
        if key not in running:
            stop = asyncio.Event()
            task = asyncio.create_task(_keep(store, source, stop))
            running[key] = _Running(revision, stop, task)


async def _keep(store: Store, source: Source, stop: asyncio.Event) -> None:
    """One source, started again after a pause whenever its adapter ends or fails."""
    sink, pause = SourceSink(store, source.id), FIRST_PAUSE
    while not stop.is_set():
        began = time.monotonic()
        try:
            await adapter(source.kind).run(source, sink, stop)
        except Exception as error:
            log.exception("gateway %s (%s) failed", source.name, source.kind)
            sink.report("failed", error if isinstance(error, TanlinError) else _defect(error))
        if not stop.is_set():
            pause = FIRST_PAUSE if time.monotonic() - began > LONGEST_PAUSE else min(2 * pause, LONGEST_PAUSE)
            await _wait(stop, pause)
    sink.report("stopped")
    if sink.telling is not None:
        await sink.telling


async def _end(one: _Running) -> None:
    one.stop.set()
    done, _ = await asyncio.wait({one.task}, timeout=10)
    if not done:
        one.task.cancel()
        await asyncio.wait({one.task}, timeout=5)


async def _flusher(store: Store, stop: asyncio.Event) -> None:
    """Flush every ``flush_seconds``, or as soon as FLUSH_ROWS wait, and once at the end."""
    due = time.monotonic() + store.flush_seconds
    while not stop.is_set():
        await _wait(stop, 1)
        if time.monotonic() < due and not await _many(store):
            continue
        await _flush(store)
        due = time.monotonic() + store.flush_seconds
    await _flush(store)


async def _many(store: Store) -> bool:
    try:
        return await asyncio.to_thread(store.depth) >= FLUSH_ROWS
    except TanlinError:
        return False


async def _flush(store: Store) -> None:
    try:
        done = await asyncio.to_thread(store.flush)
        await asyncio.to_thread(store.stand, FLUSHER, "connected", None)
        if done.rows:
            log.info("flushed %s rows: %s new, %s held", done.rows, done.new, done.held)
    except Exception as error:
        log.exception("the inbox could not be flushed; its rows wait on")
        told = error if isinstance(error, TanlinError) else _defect(error)
        await quietly(asyncio.to_thread(store.stand, FLUSHER, "failed", told.as_dict()))


async def _beat(store: Store, stop: asyncio.Event) -> None:
    """A sign of life for the page."""
    while not stop.is_set():
        await quietly(asyncio.to_thread(store.stand, LISTENER, "connected", None))
        await _wait(stop, BEAT_SECONDS)
    await quietly(asyncio.to_thread(store.stand, LISTENER, "stopped", None))


async def _wait(stop: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return


def _defect(error: Exception) -> TanlinError:
    return TanlinError(
        "meter.gateway_failed",
        Text(
            f"网关出错：{type(error).__name__}: {error}",
            f"The gateway failed: {type(error).__name__}: {error}",
        ),
        remedy=Text("会自动重试；详情见日志。", "It starts again by itself; the log has the details."),
    )


def run(store: Store, announce: Callable[[str], None]) -> None:
    """Listen until SIGTERM or SIGINT."""

    async def main() -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        announce("正在监听；Ctrl-C 停止。 / Listening; Ctrl-C stops.")
        await listen(store, stop)

    asyncio.run(main())
