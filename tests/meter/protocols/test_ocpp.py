"""The central system against the client of the ocpp library as the charger."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from ocpp.v16 import ChargePoint, call
from ocpp.v16.enums import AuthorizationStatus, ChargePointErrorCode, ChargePointStatus, RegistrationStatus
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tanlin.kernel.errors import BadInput
from tanlin.meter.adapters.ocpp import Ocpp
from tanlin.meter.protocols import ocpp16
from tests.meter.protocols.sinks import Kept, free_port, running, until
from tests.support.loops import run

EIGHT = 1763625600  # 2025-11-20T08:00:00Z


def at(minute: int) -> str:
    return f"2025-11-20T08:{minute:02d}:00Z"


def config(**changes: Any) -> dict[str, Any]:
    return {"port": free_port(), "chargers": "CP1\nCP2", **changes}


def values(minute: int, *sampled: dict[str, str]) -> dict[str, Any]:
    return {"timestamp": at(minute), "sampled_value": list(sampled)}


@asynccontextmanager
async def charger(
    port: int, name: str = "CP1", response: float = 5, **options: Any
) -> AsyncIterator[ChargePoint]:
    """A charger that has connected and listens."""
    async with connection(port, name, **options) as link:
        point = ChargePoint(name, link, response_timeout=response)
        listening = asyncio.create_task(point.start())
        try:
            yield point
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)


@asynccontextmanager
async def connection(port: int, name: str, password: str = "") -> AsyncIterator[ClientConnection]:
    user = f"{name}:{password}@" if password else ""
    async with connect(f"ws://{user}127.0.0.1:{port}/ocpp/{name}", subprotocols=["ocpp1.6"]) as link:
        yield link


async def session(point: ChargePoint) -> int:
    """A charging session of 20 minutes on connector 2; returns the number of its transaction."""
    started = await point.call(call.StartTransaction(2, "CARD", 1000, at(0)))
    await point.call(call.MeterValues(2, [values(10, {"value": "3500"})], started.transaction_id))
    data = [values(15, {"value": "5.25", "unit": "kWh"})]
    await point.call(call.StopTransaction(7000, at(20), started.transaction_id, transaction_data=data))
    return int(started.transaction_id)


async def ready(settings: dict[str, Any], sink: Kept) -> None:
    await until(lambda: sink.said)


SESSION = {
    ("CP1/2", "import", EIGHT, 0): 1000.0,
    ("CP1/2", "import", EIGHT + 600, 0): 3500.0,
    ("CP1/2", "import", EIGHT + 900, 0): 5.25,
    ("CP1/2", "import", EIGHT + 1200, 0): 7000.0,
}


def test_a_session_becomes_register_readings_of_its_connector():
    async def work() -> None:
        sink, settings = Kept(), config()
        async with running(Ocpp(), settings, sink):
            await ready(settings, sink)
            async with charger(settings["port"]) as point:
                boot = await point.call(call.BootNotification("model", "vendor"))
                assert boot.status == RegistrationStatus.accepted
                await point.call(call.Heartbeat())
                await session(point)
        assert sink.rows() == SESSION
        assert [s.unit for s in sink.samples] == ["Wh", "Wh", "kWh", "Wh"]

    run(work())


def test_a_charger_that_sends_its_queue_again_doubles_nothing():
    async def work() -> None:
        sink, settings = Kept(), config()
        async with running(Ocpp(), settings, sink):
            await ready(settings, sink)
            numbers = []
            for _ in range(3):
                async with charger(settings["port"]) as point:
                    numbers.append(await session(point))
        assert len(sink.samples) == 12
        assert sink.rows() == SESSION
        assert len(set(numbers)) == 1

    run(work())


def test_a_stop_after_a_restart_still_names_its_connector():
    async def work() -> None:
        sink, settings = Kept(), config()
        async with running(Ocpp(), settings, sink):
            await ready(settings, sink)
            async with charger(settings["port"]) as point:
                started = await point.call(call.StartTransaction(2, "CARD", 1000, at(0)))
        again = Kept()
        async with running(Ocpp(), settings, again):
            await ready(settings, again)
            async with charger(settings["port"]) as point:
                await point.call(call.StopTransaction(7000, at(20), started.transaction_id))
        assert again.rows() == {("CP1/2", "import", EIGHT + 1200, 0): 7000.0}

    run(work())


def test_a_stop_of_another_systems_transaction_is_answered_and_kept_aside():
    async def work() -> None:
        sink, settings = Kept(), config()
        async with running(Ocpp(), settings, sink):
            await ready(settings, sink)
            async with charger(settings["port"]) as point:
                assert await point.call(call.StopTransaction(7000, at(20), 17)) is not None
        assert (sink.samples, [(r.point, r.reason) for r in sink.rejects]) == ([], [("CP1", "unreadable")])

    run(work())


def test_no_answer_comes_before_the_reading_is_kept():
    async def work() -> None:
        sink, settings = Kept(), config()
        sink.gate.clear()
        async with running(Ocpp(), settings, sink):
            await ready(settings, sink)
            async with charger(settings["port"]) as point:
                sent = asyncio.create_task(point.call(call.MeterValues(1, [values(0, {"value": "1"})])))
                done, _ = await asyncio.wait({sent}, timeout=0.5)
                assert not done
                sink.gate.set()
                assert await sent is not None
                assert sink.rows() == {("CP1/1", "import", EIGHT, 0): 1.0}

    run(work())


def test_a_full_store_gives_no_answer_and_the_second_try_is_kept_once():
    async def work() -> None:
        sink, settings = Kept(), config()
        sink.is_full = True
        message = call.MeterValues(1, [values(0, {"value": "1"})])
        async with running(Ocpp(), settings, sink):
            await ready(settings, sink)
            async with connection(settings["port"], "CP1") as link:
                point = ChargePoint("CP1", link, response_timeout=1)
                listening = asyncio.create_task(point.start())
                with pytest.raises(TimeoutError):
                    await point.call(message)
                with pytest.raises(ConnectionClosed):
                    await listening
            sink.is_full = False
            async with charger(settings["port"]) as point:
                assert await point.call(message) is not None
        assert [s.value for s in sink.samples] == [1.0]
        assert "meter.full" in sink.errors()

    run(work())


def test_what_is_no_register_is_passed_over_and_what_cannot_be_read_is_kept_aside():
    async def work() -> None:
        sink, settings = Kept(), config()
        sampled = [
            {"value": "11000", "measurand": "Power.Active.Import", "unit": "W"},
            {"value": "80", "measurand": "SoC", "unit": "Percent"},
            {"value": "900", "measurand": "Energy.Active.Export.Register"},
            {"value": "4000", "location": "Inlet"},
            {"value": "OCMF|{}|{}", "format": "SignedData"},
            {"value": "NaN"},
        ]
        async with running(Ocpp(), settings, sink):
            await ready(settings, sink)
            async with charger(settings["port"], "CP2") as point:
                await point.call(call.MeterValues(0, [values(0, *sampled)]))
        assert sink.rows() == {
            ("CP2/0", "export", EIGHT, 0): 900.0,
            ("CP2/0/Inlet", "import", EIGHT, 0): 4000.0,
        }
        assert [r.reason for r in sink.rejects] == ["unreadable", "not_finite"]

    run(work())


def test_a_charger_that_is_not_listed_is_turned_away():
    async def work() -> None:
        sink, settings = Kept(), config()
        async with running(Ocpp(), settings, sink):
            await ready(settings, sink)
            with pytest.raises(InvalidStatus) as caught:
                async with charger(settings["port"], "OTHER"):
                    pass
        assert caught.value.response.status_code == 404

    run(work())


@pytest.mark.parametrize("password", ["", "wrong"])
def test_a_wrong_password_is_turned_away(password: str):
    async def work() -> None:
        sink, settings = Kept(), config()
        async with running(Ocpp(), settings, sink, secret="right"):
            await ready(settings, sink)
            with pytest.raises(InvalidStatus) as caught:
                async with charger(settings["port"], password=password):
                    pass
            assert caught.value.response.status_code == 401
            async with charger(settings["port"], password="right") as point:
                await point.call(call.Heartbeat())

    run(work())


def test_only_listed_cards_are_accepted_where_cards_are_listed():
    async def work() -> None:
        sink, settings = Kept(), config(tags="CARD")
        async with running(Ocpp(), settings, sink):
            await ready(settings, sink)
            async with charger(settings["port"]) as point:
                good = await point.call(call.Authorize("CARD"))
                bad = await point.call(call.Authorize("OTHER"))
        assert good.id_tag_info["status"] == AuthorizationStatus.accepted
        assert bad.id_tag_info["status"] == AuthorizationStatus.invalid

    run(work())


def test_a_fault_of_a_connector_shows_until_it_is_gone():
    async def work() -> None:
        sink, settings = Kept(), config()
        async with running(Ocpp(), settings, sink):
            await ready(settings, sink)
            async with charger(settings["port"]) as point:
                for status in (ChargePointStatus.faulted, ChargePointStatus.available):
                    message = call.StatusNotification(1, ChargePointErrorCode.ground_failure, status)
                    await point.call(message)
                    faults = [error.code for _, error in sink.said[-1:] if error]
                    assert faults == ["meter.charger_fault"] * (status == ChargePointStatus.faulted)

    run(work())


def test_a_port_in_use_is_a_typed_error():
    async def work() -> None:
        sink, settings = Kept(), config()
        async with running(Ocpp(), settings, sink):
            await ready(settings, sink)
            with pytest.raises(BadInput) as caught:
                async with running(Ocpp(), settings, Kept()) as second:
                    await second
        assert caught.value.code == "meter.port_taken"

    run(work())


PHASES = [{"value": str(v), "phase": p} for v, p in ((1, "L1"), (20, "L2"), (300, "L3-N"))]


@pytest.mark.parametrize(
    ("sampled", "found"),
    [
        (PHASES, [321.0]),
        (PHASES[:1], [1.0]),
        ([*PHASES, {"value": "999"}], [999.0]),
        (PHASES[:2], []),
    ],
)
def test_phases_add_up_where_they_are_complete(sampled: list[dict[str, str]], found: list[float]):
    registers, bad = ocpp16.registers([values(0, *sampled)])
    assert [r.value for r in registers] == found
    assert bool(bad) == (not found)


@pytest.mark.parametrize("bad", [{}, {"timestamp": "soon", "sampled_value": []}, {"timestamp": at(0)}])
def test_a_value_without_readable_time_is_unreadable(bad: dict[str, Any]):
    assert [u.finite for u in ocpp16.registers([bad])[1]] == [True]


def test_a_time_without_offset_is_utc():
    assert ocpp16.moment("2025-11-20T08:00:00") == ocpp16.moment("2025-11-20T16:00:00+08:00") == EIGHT
