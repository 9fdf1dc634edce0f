"""The listener by itself: states in order, and a source that fails harms no other."""

import asyncio
import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future
from typing import Any

import pytest

from tanlin.kernel.errors import TanlinError, Text
from tanlin.meter import listen
from tanlin.meter.gateways import KINDS, Reject, Sample, Sink, Source
from tanlin.meter.services.flushing import Flushed
from tests.support.loops import run


class Memory:
    """An installation in memory; the first writing of a state is slow."""

    flush_seconds = 60.0

    def __init__(self, sources: dict[int, tuple[int, Source]] | None = None) -> None:
        self.found = sources or {}
        self.states: list[tuple[int, str]] = []
        self.rows: list[tuple[int, Sample]] = []
        self.flushes = 0
        self._first = threading.Event()

    def sources(self) -> dict[int, tuple[int, Source]]:
        return self.found

    def take(self, source: int, samples: Sequence[Sample], rejects: Sequence[Reject]) -> Future[None]:
        self.rows += [(source, sample) for sample in samples]
        done: Future[None] = Future()
        done.set_result(None)
        return done

    def stand(self, source: int, state: str, error: dict[str, Any] | None) -> None:
        if not self._first.is_set():
            self._first.set()
            time.sleep(0.2)
        self.states.append((source, state))

    def depth(self) -> int:
        return 0

    def flush(self) -> Flushed:
        self.flushes += 1
        return Flushed()


def test_the_newest_state_is_the_one_that_stays() -> None:
    store = Memory()

    async def main() -> None:
        sink = listen.SourceSink(store, 7)
        for state in ("connecting", "waiting", "connected"):
            sink.report(state)  # type: ignore[arg-type]
            await asyncio.sleep(0.02)
        assert sink.telling is not None
        await sink.telling

    run(main())
    assert store.states == [(7, "connecting"), (7, "connected")]


class Broken:
    """An adapter that fails each time."""

    async def run(self, source: Source, sink: Sink, stop: asyncio.Event) -> None:
        raise TanlinError("test.broken", Text("坏", "broken"))


class Steady:
    """An adapter that hands over a reading now and then."""

    async def run(self, source: Source, sink: Sink, stop: asyncio.Event) -> None:
        sink.report("connected")
        while not stop.is_set():
            await sink.put([Sample("p", len(source.name), 0, 1.0)])
            await asyncio.sleep(0.01)


def test_a_source_that_fails_is_started_anew_and_stops_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(KINDS, "broken", f"{__name__}:Broken")
    monkeypatch.setitem(KINDS, "steady", f"{__name__}:Steady")
    monkeypatch.setattr("tanlin.meter.adapters.load", lambda path: globals()[path.rpartition(":")[2]])
    monkeypatch.setattr(listen, "FIRST_PAUSE", 0.01)
    monkeypatch.setattr(listen, "LOOK_SECONDS", 0.05)
    starts = []
    monkeypatch.setattr(Broken, "__init__", lambda self: starts.append(1))
    store = Memory({1: (1, Source(1, "a", "broken", "UTC")), 2: (1, Source(2, "b", "steady", "UTC"))})

    async def main() -> None:
        stop = asyncio.Event()
        task = asyncio.create_task(listen.listen(store, stop))
        while len(starts) < 3 or len(store.rows) < 3:
            await asyncio.sleep(0.01)
        store.found = {2: (2, Source(2, "longer", "steady", "UTC"))}  # one is gone, the other changed
        while store.rows[-1][1].start != len("longer"):
            await asyncio.sleep(0.01)
        stop.set()
        await task

    run(asyncio.wait_for(main(), 30))
    assert (1, "failed") in store.states and (2, "connected") in store.states
    assert {(1, "stopped"), (2, "stopped"), (listen.LISTENER, "stopped")} <= set(store.states)
    assert store.flushes == 1  # at the end
