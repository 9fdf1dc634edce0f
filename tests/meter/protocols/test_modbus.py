"""The poller against a real pymodbus server on loopback."""

import itertools
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pyarrow as pa
import pytest
from pymodbus.client import AsyncModbusTcpClient
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from tanlin.kernel.errors import BadInput
from tanlin.meter.adapters.modbus import Modbus
from tanlin.readings import derive
from tests.meter.protocols.sinks import Kept, free_port, running, until
from tests.support.loops import run

MAP = """point,unit_id,function,address,type,word_order,scale,unit,channel,kind,seconds
main,1,3,0,uint32,,0.01,kWh,import,,
main,1,3,2,uint32,,0.01,kWh,export,,
pv,1,3,4,float32,,,kWh,,interval,2
nothing,1,3,40,uint16,,,,,,
temperature,1,3,6,float32,,,,,,
"""


def uint32(value: int) -> list[int]:
    return [value >> 16, value & 0xFFFF]


def float32(value: float) -> list[int]:
    return list(struct.unpack(">2H", struct.pack(">f", value)))


class Device:
    """A Modbus server whose registers are written by a client of its own."""

    def __init__(self) -> None:
        self.port = free_port()
        self.words = [*uint32(1_000_000), *uint32(500), *float32(2.5), *float32(float("nan"))]
        self.server: ModbusTcpServer | None = None

    async def start(self) -> None:
        data = SimData(0, values=self.words, datatype=DataType.REGISTERS)
        self.server = ModbusTcpServer(SimDevice(1, [data]), address=("127.0.0.1", self.port))
        await self.server.serve_forever(background=True)

    async def stop(self) -> None:
        assert self.server
        await self.server.shutdown()

    async def count(self, hundredths: int) -> None:
        """Let the import counter stand so."""
        self.words[:2] = uint32(hundredths)
        async with AsyncModbusTcpClient("127.0.0.1", port=self.port) as client:
            await client.write_registers(0, self.words[:2], device_id=1)


@asynccontextmanager
async def device() -> AsyncIterator[Device]:
    found = Device()
    await found.start()
    try:
        yield found
    finally:
        await found.stop()


def config(port: int, rows: str = MAP, **changes: Any) -> dict[str, Any]:
    return {"host": "127.0.0.1", "port": port, "interval": 1, "timeout": 1, "map": rows, **changes}


def imports(sink: Kept) -> list[float]:
    return [s.value for s in sink.samples if (s.point, s.channel) == ("main", "import")]


def effective(sink: Kept) -> pa.Table:
    """The intervals that the readings room makes of the import counter."""
    kept = [s for s in sink.samples if (s.point, s.channel) == ("main", "import")]
    return derive(
        pa.table(
            {
                "meter_id": pa.array([1] * len(kept), pa.int64()),
                "channel": ["import"] * len(kept),
                "start": pa.array([s.start for s in kept], pa.int64()),
                "seconds": pa.array([s.seconds for s in kept], pa.int32()),
                "value": [s.value for s in kept],
                "quality": ["measured"] * len(kept),
                "batch": pa.array(range(len(kept)), pa.int64()),
            }
        )
    ).rows


def test_registers_and_intervals_arrive_with_scale_unit_and_channel():
    async def work() -> None:
        sink = Kept()
        async with device() as meter, running(Modbus(), config(meter.port), sink):
            await until(lambda: any(s.seconds for s in sink.samples))
        found = {(s.point, s.channel, s.seconds): (s.value, s.unit) for s in sink.samples}
        assert found == {
            ("main", "import", 0): (10_000.0, "kWh"),
            ("main", "export", 0): (5.0, "kWh"),
            ("pv", "", 2): (2.5, "kWh"),
        }
        assert all(s.start % 2 == 0 for s in sink.samples if s.seconds)

    run(work())


def test_a_refused_point_is_named_with_its_code_and_the_others_go_on():
    async def work() -> None:
        sink = Kept()
        async with device() as meter, running(Modbus(), config(meter.port), sink):
            await until(lambda: "meter.points_failed" in sink.errors())
        error = next(e for _, e in sink.said if e)
        assert (
            error.text.en == "Some points cannot be read: nothing (illegal data address). The others go on."
        )
        assert imports(sink)

    run(work())


def test_registers_that_share_a_read_with_a_refused_one_are_still_read():
    async def work() -> None:
        sink = Kept()
        rows = MAP + "next,1,3,8,uint16,,,,,,\n"
        async with device() as meter, running(Modbus(), config(meter.port, rows), sink):
            await until(lambda: "meter.points_failed" in sink.errors())
        assert imports(sink)
        assert "next (illegal data address)" in next(e.text.en for _, e in sink.said if e)

    run(work())


def test_a_value_that_is_no_number_is_kept_aside_once():
    async def work() -> None:
        sink = Kept()
        async with device() as meter, running(Modbus(), config(meter.port), sink):
            await until(lambda: len(imports(sink)) >= 3)
        assert [(r.point, r.raw, r.reason) for r in sink.rejects] == [
            ("temperature", "temperature: 7FC0 0000", "not_finite")
        ]

    run(work())


def test_after_an_outage_the_total_is_exact():
    async def work() -> None:
        sink = Kept()
        async with device() as meter, running(Modbus(), config(meter.port), sink):
            await until(lambda: imports(sink))
            await meter.stop()
            await until(lambda: "meter.link_down" in sink.errors())
            meter.words[:2] = uint32(1_234_500)
            await meter.start()
            await until(lambda: imports(sink)[-1] != 10_000.0)
            await meter.count(1_300_000)
            await until(lambda: imports(sink)[-1] == 13_000.0)
        rows = effective(sink).to_pylist()
        assert sum(row["value"] for row in rows) == 3_000.0
        outage = max(rows, key=lambda row: row["value"])
        assert (outage["value"], outage["seconds"] >= 1) == (2_345.0, True)
        assert all(a["start"] + a["seconds"] == b["start"] for a, b in itertools.pairwise(rows))

    run(work())


def test_while_the_store_is_full_readings_wait_and_arrive_later():
    async def work() -> None:
        sink = Kept()
        sink.is_full = True
        async with device() as meter, running(Modbus(), config(meter.port), sink):
            await until(lambda: [state for state, _ in sink.said].count("failed") >= 2)
            sink.is_full = False
            await until(lambda: sink.samples)
        assert len({s.start for s in sink.samples if not s.seconds}) >= 2

    run(work())


def test_a_wrong_word_order_raises_a_doubt():
    async def work() -> None:
        sink = Kept()
        rows = "point,address,type,word_order\nmain,0,uint32,little\n"
        async with device() as meter, running(Modbus(), config(meter.port, rows), sink):
            await until(lambda: sink.samples)
            await meter.count(1_000_007)
            await until(lambda: "meter.word_order_doubt" in sink.errors())

    run(work())


def test_a_device_that_is_not_there_is_told_and_stop_ends_the_wait():
    async def work() -> None:
        sink = Kept()
        async with running(Modbus(), config(free_port()), sink):
            await until(lambda: "meter.link_down" in sink.errors())
        assert sink.said[0][0] == "connecting"

    run(work())


@pytest.mark.parametrize(
    ("changes", "column"),
    [
        ({"host": ""}, "host"),
        ({"port": 0}, "port"),
        ({"interval": "soon"}, "interval"),
        ({"timeout": -1}, "timeout"),
        ({"map": ""}, "map"),
        ({"map": "point,address,type\na,1,int8"}, "map"),
    ],
)
def test_a_wrong_setting_is_named(changes: dict[str, Any], column: str):
    with pytest.raises(BadInput) as caught:
        Modbus().check({**config(502), **changes})
    assert caught.value.where
    assert caught.value.where.column == column
