"""Modbus TCP: polls the registers of a map.

The device keeps no history: an outage lengthens the interval between two register readings, and the total
stays exact. A register of finished intervals is read as the interval that ended last, a little after its end.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Mapping, Sequence
from typing import Any

from pymodbus.client import AsyncModbusTcpClient
from pymodbus.exceptions import ModbusException

from tanlin.kernel.errors import BadInput, TanlinError, Text
from tanlin.meter.adapters import polling
from tanlin.meter.gateways import RAW_LENGTH, Field, Reject, Sample, Sink, Source, bad_setting
from tanlin.meter.protocols import modbus_map
from tanlin.meter.protocols.faults import fault
from tanlin.meter.protocols.modbus_map import Block, Point

# what fails is told on the page; the library would log every frame of it
logging.getLogger("pymodbus.logging").setLevel(logging.CRITICAL)
PORT = Field("port", Text("端口", "Port"), "number", 502)
MAP = Field(
    "map",
    Text("寄存器表（CSV）", "Register map (CSV)"),
    "lines",
    help=Text(
        f"首行为列名：{','.join(modbus_map.COLUMNS)}；必填 {','.join(modbus_map.REQUIRED)}。",
        f"Columns in the first line: {','.join(modbus_map.COLUMNS)}; needed: {','.join(modbus_map.REQUIRED)}.",
    ),
    required=True,
)
_CODES = {
    1: ("不支持此功能码", "illegal function"),
    2: ("地址不存在", "illegal data address"),
    3: ("请求值不合法", "illegal data value"),
    4: ("设备故障", "device failure"),
    6: ("设备忙", "device busy"),
    10: ("网关路径不可用", "gateway path unavailable"),
    11: ("网关后的设备无应答", "gateway target does not answer"),
}
_SILENT = ("无应答", "no answer")


class Modbus:
    """A Modbus TCP device, or several behind one gateway."""

    title = Text("Modbus TCP", "Modbus TCP")
    fields = (polling.HOST, PORT, polling.INTERVAL, polling.TIMEOUT, MAP)

    def check(self, config: Mapping[str, Any]) -> dict[str, Any]:
        """Raises BadInput; a wrong cell of the map is named by row and column."""
        rows = polling.lines(config, MAP)
        try:
            modbus_map.parse("\n".join(rows))
        except BadInput as error:
            where = error.where.text() if error.where else Text("", "")
            raise bad_setting(
                MAP.name,
                "",
                Text(f"{where.zh}：{error.text.zh}", f"{where.en}: {error.text.en}"),
                error.remedy,
            ) from error
        return {
            "host": polling.text(config, polling.HOST),
            "port": int(polling.number(config, PORT, 1, 65535)),
            "interval": polling.number(config, polling.INTERVAL, 1, 86_400),
            "timeout": polling.number(config, polling.TIMEOUT, 0.1, 60),
            "map": "\n".join(rows),
        }

    async def run(self, source: Source, sink: Sink, stop: asyncio.Event) -> None:
        """Poll until stopped."""
        poller = _Poller(source, sink)
        patience = polling.Patience()
        try:
            while not stop.is_set():
                error = await poller.poll()
                if error is None:
                    patience.reset()
                    await polling.pause(stop, polling.until_tick(poller.interval, poller.lag))
                else:
                    sink.report("waiting", error)
                    await polling.pause(stop, patience.seconds())
        finally:
            poller.client.close()


class _Poller:
    """One connection and what was learned about its points."""

    def __init__(self, source: Source, sink: Sink) -> None:
        config = Modbus().check(source.config)
        self.interval: float = config["interval"]
        self.address = f"{config['host']}:{config['port']}"
        self.sink, self.outbox = sink, polling.Outbox(sink)
        self.points = modbus_map.parse(config["map"])
        self.lag = max(map(_lag, self.points))
        self.alone: frozenset[Point] = frozenset()
        self.before: dict[Point, Sequence[int]] = {}
        self.doubtful: set[str] = set()
        self.refused: dict[Point, Sequence[int]] = {}
        # this class reconnects, so that the page always knows how the device stands
        self.client = AsyncModbusTcpClient(
            config["host"], port=config["port"], timeout=config["timeout"], retries=1, reconnect_delay=0
        )

    async def poll(self) -> TanlinError | None:
        """Read every point once and hand over the values; the error that ended the connection, if one did."""
        if not self.client.connected:
            self.sink.report("connecting")
            if not await self.client.connect():
                return fault("meter.link_down", found=self.address)
        words: dict[Point, Sequence[int]] = {}
        failed: dict[Point, tuple[str, str]] = {}
        for block in modbus_map.blocks(self.points, self.alone):
            if self.client.connected:
                await self._read(block, words, failed)
        samples, rejects = self._values(words)
        is_kept = await self.outbox.put(samples, rejects)
        if not self.client.connected or (not words and all(why == _SILENT for why in failed.values())):
            self.client.close()
            return fault("meter.link_down", found=self.address)
        if is_kept:
            self.sink.report("connected", self._complaint(failed))
        return None

    async def _read(
        self, block: Block, words: dict[Point, Sequence[int]], failed: dict[Point, tuple[str, str]]
    ) -> None:
        """One read; where a device refuses several points together, each is read alone from now on."""
        client = self.client
        read = client.read_holding_registers if block.function == 3 else client.read_input_registers
        try:
            answer = await read(block.address, count=block.count, device_id=block.unit_id)
        except ModbusException:  # a lost connection or an answer that did not come; both are told by `poll`
            failed.update(dict.fromkeys(block.points, _SILENT))
            return
        if not answer.isError() and len(answer.registers) == block.count:
            words.update({p: modbus_map.words_of(p, block, answer.registers) for p in block.points})
        elif len(block.points) > 1:
            self.alone |= frozenset(block.points)
            for part in modbus_map.blocks(block.points, self.alone):
                await self._read(part, words, failed)
        else:
            code = answer.exception_code
            failed[block.points[0]] = _CODES.get(code, (f"异常码 {code}", f"exception code {code}"))

    def _values(self, words: Mapping[Point, Sequence[int]]) -> tuple[list[Sample], list[Reject]]:
        clock = time.time()
        now = int(clock)
        samples, rejects = [], []
        for point, read in words.items():
            if point.seconds and clock % point.seconds < _lag(point):
                continue
            try:
                value = modbus_map.value(point, read)
            except BadInput as error:
                if self.refused.get(point) != read and error.where:
                    raw = f"{error.where.column}: {' '.join(f'{w:04X}' for w in read)}"
                    rejects.append(Reject(point.point, raw[:RAW_LENGTH], "not_finite"))
                self.refused[point] = read
                continue
            self.refused.pop(point, None)
            if modbus_map.order_doubtful(point, self.before.get(point, read), read):
                self.doubtful.add(point.point)
            self.before[point] = read
            start = now if not point.seconds else (now // point.seconds - 1) * point.seconds
            samples.append(
                Sample(point.point, start, point.seconds, value, point.unit or None, point.channel)
            )
        return samples, rejects

    def _complaint(self, failed: Mapping[Point, tuple[str, str]]) -> TanlinError | None:
        if failed:
            zh = "、".join(f"{p.point}（{why[0]}）" for p, why in failed.items())
            en = ", ".join(f"{p.point} ({why[1]})" for p, why in failed.items())
            return fault("meter.points_failed", zh=zh, en=en)
        if self.doubtful:
            return fault("meter.word_order_doubt", found=", ".join(sorted(self.doubtful)))
        return None


def _lag(point: Point) -> float:
    """How long after the end of an interval the device may still show the one before, as clocks differ."""
    return min(30.0, point.seconds / 20)
