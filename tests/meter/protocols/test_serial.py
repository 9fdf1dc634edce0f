"""The poller of meters against a TCP collector that knows requests and answers from the golden files alone."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from tanlin.kernel.errors import BadInput
from tanlin.meter.adapters.serial import Serial, meters
from tests.meter.protocols.golden_files import frames
from tests.meter.protocols.sinks import Kept, free_port, running, until
from tests.support.loops import run

E, W = frames("dlt645"), frames("cjt188")
POWER, WATER = "202511200001", "78330011223344"
MIDNIGHT = 1763568000  # 2025-11-20 00:00 in Shanghai


def bare(frame: bytes) -> bytes:
    return frame.lstrip(b"\xfe")


class Collector:
    """Answers a request it knows with the parts listed for it, a pause between them; else it is silent."""

    def __init__(self, answers: dict[bytes, list[bytes]]) -> None:
        self.answers = {bare(request): parts for request, parts in answers.items()}
        self.port = free_port()
        self.asked: list[bytes] = []
        self.writers: set[asyncio.StreamWriter] = set()
        self.server: asyncio.Server | None = None

    async def start(self) -> None:
        self.server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)

    async def stop(self) -> None:
        assert self.server
        self.server.close()
        for writer in self.writers:
            writer.close()
        await self.server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writers.add(writer)
        while data := await reader.read(1024):
            request = bare(data)
            self.asked.append(request)
            for part in self.answers.get(request, []):
                writer.write(part)
                await writer.drain()
                await asyncio.sleep(0.005)
        self.writers.discard(writer)
        writer.close()


@asynccontextmanager
async def collector(answers: dict[bytes, list[bytes]]) -> AsyncIterator[Collector]:
    found = Collector(answers)
    await found.start()
    try:
        yield found
    finally:
        await found.stop()


def config(port: int, rows: str, **changes: Any) -> dict[str, Any]:
    return {"host": "127.0.0.1", "port": port, "interval": 1, "timeout": 0.3, "meters": rows, **changes}


async def first_round(answers: dict[bytes, list[bytes]], rows: str, **changes: Any) -> Kept:
    """What one round over these meters brings."""
    sink = Kept()
    async with collector(answers) as line, running(Serial(), config(line.port, rows, **changes), sink):
        await until(lambda: [state for state, _ in sink.said].count("connected"))
    return sink


def values(sink: Kept) -> set[tuple[str, str, float, str | None]]:
    return {(s.point, s.channel, s.value, s.unit) for s in sink.samples}


def test_electricity_water_gas_and_heat_read_on_one_line():
    answers = {
        E["request_import"]: [E["answer_import"]],
        E["request_export"]: [E["answer_export"]],
        W["request_water"]: [W["answer_water"]],
        W["request_gas"]: [W["answer_gas"]],
        W["request_heat"]: [W["answer_heat"]],
    }
    rows = f"645 {POWER} 00010000 00020000\n188 10 {WATER}\n188-2004 30 {WATER}\n188 20 {WATER}"
    sink = run(first_round(answers, rows))
    assert values(sink) == {
        (POWER, "import", 123456.78, "kWh"),
        (POWER, "export", 12.5, "kWh"),
        (WATER, "", 1234.56, "m3"),
        (WATER, "", 987.6, "m3"),
        (WATER, "", 1234.56, "kWh"),
    }
    assert {s.seconds for s in sink.samples} == {0}


def test_a_meter_of_1997_reads():
    sink = run(first_round({E["request_1997"]: [E["answer_1997"]]}, f"645-1997 {POWER.lstrip('0')}"))
    assert values(sink) == {(POWER, "import", 777.77, "kWh")}


def test_follow_up_frames_are_fetched_and_joined():
    answers = {E["request_block"]: [E["answer_follows"]], E["request_rest"]: [E["answer_rest"]]}
    sink = run(first_round(answers, f"645 {POWER} 0001FF00"))
    assert values(sink) == {
        (POWER, "import", 123456.78, "kWh"),
        (f"{POWER}/sharp", "import", 1.0, "kWh"),
        (f"{POWER}/peak", "import", 23456.78, "kWh"),
        (f"{POWER}/flat", "import", 60000.0, "kWh"),
        (f"{POWER}/valley", "import", 39999.0, "kWh"),
    }


def test_a_daily_freeze_stands_at_the_time_the_meter_says():
    answers = {
        E["request_import"]: [E["answer_import"]],
        E["request_freeze_time"]: [E["answer_freeze_time"]],
        E["request_freeze"]: [E["answer_freeze"]],
    }
    sink = run(first_round(answers, f"645 {POWER}", freezes=1))
    assert [(s.point, s.value) for s in sink.samples if s.start == MIDNIGHT] == [(POWER, 123400.0)]


def test_freezes_are_read_once_a_day():
    async def work() -> None:
        answers = {
            E["request_import"]: [E["answer_import"]],
            E["request_freeze_time"]: [E["answer_freeze_time"]],
            E["request_freeze"]: [E["answer_freeze"]],
        }
        sink = Kept()
        settings = {"freezes": 1}
        async with collector(answers) as line:
            async with running(Serial(), config(line.port, f"645 {POWER}", **settings), sink):
                await until(lambda: line.asked.count(bare(E["request_import"])) >= 3)
            assert line.asked.count(bare(E["request_freeze"])) == 1

    run(work())


@pytest.mark.parametrize(
    "parts",
    [
        [E["answer_import"][:5], E["answer_import"][5:9], E["answer_import"][9:]],
        [b"\xfe\xfe\xfe\xfe" + E["answer_import"]],
        [b"\x00\x68\xff noise" + E["answer_import"]],
        [bare(E["request_import"]) + E["answer_import"]],
        [E["answer_total"] + E["answer_export"] + E["answer_import"]],
    ],
    ids=["in pieces", "preamble", "noise", "echo", "answers of others"],
)
def test_an_answer_is_found_in_what_comes(parts: list[bytes]):
    sink = run(first_round({E["request_import"]: parts}, f"645 {POWER}"))
    assert values(sink) == {(POWER, "import", 123456.78, "kWh")}


def test_a_broken_frame_is_kept_aside_and_the_meter_asked_again():
    answers = {E["request_export"]: [E["bad_checksum"]]}
    sink = run(first_round(answers, f"645 {POWER} 00020000"))
    assert not sink.samples
    assert {(r.point, r.reason) for r in sink.rejects} >= {(POWER, "checksum")}
    assert E["bad_checksum"].hex(" ").upper() in {r.raw for r in sink.rejects}
    assert sink.said[-1][1].text.en == f"Some points cannot be read: {POWER} (no answer). The others go on."


def test_a_silent_and_a_refusing_meter_do_not_hold_up_the_others():
    answers = {
        E["request_import"]: [E["refusal"]],
        W["request_water"]: [W["answer_water"]],
    }
    sink = run(first_round(answers, f"645 161\n645 {POWER}\n188 10 {WATER}"))
    assert values(sink) == {(WATER, "", 1234.56, "m3")}
    error = sink.said[-1][1].text.en
    assert "000000000161 (no answer)" in error
    assert f"{POWER} (The meter refused the request: no such data.)" in error


def test_an_unreadable_value_is_kept_aside():
    sink = run(first_round({E["request_import"]: [E["bad_digit"]]}, f"645 {POWER}"))
    assert [r.reason for r in sink.rejects] == ["unreadable"]


def test_after_the_collector_was_away_polling_goes_on():
    async def work() -> None:
        sink = Kept()
        async with (
            collector({E["request_import"]: [E["answer_import"]]}) as line,
            running(Serial(), config(line.port, f"645 {POWER}"), sink),
        ):
            await until(lambda: sink.samples)
            await line.stop()
            await until(lambda: "meter.link_down" in sink.errors())
            before = len(sink.samples)
            await line.start()
            await until(lambda: len(sink.samples) > before)

    run(work())


@pytest.mark.parametrize(
    "row",
    [
        "646 1",
        "645",
        "645 1234567890123",
        "645 1 02010100",
        "645 1 9010",
        "645-1997 1 00010000",
        "188 10",
        "188 40 1",
        "188 xx 1",
        "188 10 1 901F",
    ],
)
def test_a_line_that_is_no_meter_is_named(row: str):
    with pytest.raises(BadInput) as caught:
        Serial().check(config(1, f"645 161\n{row}"))
    assert caught.value.where
    assert (caught.value.where.column, caught.value.where.value) == ("meters", row)


def test_a_meter_given_twice_is_refused():
    with pytest.raises(BadInput):
        meters(["645 161", "645 000000000161"])
