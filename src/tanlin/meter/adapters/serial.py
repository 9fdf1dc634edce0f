"""DL/T 645 and CJ/T 188 meters behind a serial-to-TCP collector: asks one meter after the other.

What is read now stands at the collector's answer; a daily freeze stands at the time the electricity meter
says, in the zone of the place, and so fills days without network. The point is the address on the meter (12
digits, or 14 for CJ/T 188); the register of a tariff has the tariff behind it (``…/peak``).
"""

from __future__ import annotations

import asyncio
import datetime as dt
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from tanlin.kernel.errors import BadInput, TanlinError, Text
from tanlin.kernel.period import zone
from tanlin.meter.adapters import polling
from tanlin.meter.gateways import RAW_LENGTH, Field, Reject, Sample, Sink, Source, bad_setting
from tanlin.meter.protocols import cjt188, dlt645
from tanlin.meter.protocols.faults import FrameError, fault
from tanlin.meter.protocols.framing import StreamDecoder

PORT = Field("port", Text("端口", "Port"), "number", 8899)
METERS = Field(
    "meters",
    Text("表计", "Meters"),
    "lines",
    help=Text(
        "每行一表：645 表号 [数据标识…]、645-1997 表号 [数据标识…]、188 类型 表号、188-2004 类型 表号。",
        "One a line: 645 ADDRESS [IDENTIFIER …], 645-1997 ADDRESS [IDENTIFIER …], 188 TYPE ADDRESS, 188-2004 TYPE ADDRESS.",
    ),
    required=True,
)
FREEZES = Field(
    "freezes",
    Text("每天补读的日冻结数", "Daily freezes to read each day"),
    "number",
    0,
    Text("DL/T 645-2007；0 表示不读，最多 62。", "DL/T 645-2007; 0: none, at most 62."),
)
F = TypeVar("F")
_TRIES = 2
_ENERGY = re.compile(r"000[12](0[0-4]|FF)00|90[12][0-4F]")
_DEFAULT = {"645": "00010000", "645-1997": "9010"}
_MOST_FOLLOWS = 10
#: Meters freeze at midnight by their own clock, which may be a little late.
_FREEZE_AFTER_SECONDS = 1800


@dataclass(frozen=True)
class Meter:
    """A meter on the line: what to send for each of its identifiers."""

    protocol: str
    address: str
    identifiers: tuple[str, ...]
    kind: int = 0


class Serial:
    """Meters on a serial line behind a TCP port."""

    title = Text("电表、水表、热表（DL/T 645、CJ/T 188）", "Meters on a line (DL/T 645, CJ/T 188)")
    fields = (polling.HOST, PORT, polling.INTERVAL, polling.TIMEOUT, METERS, FREEZES)

    def check(self, config: Mapping[str, Any]) -> dict[str, Any]:
        """Raises BadInput."""
        rows = polling.lines(config, METERS)
        meters(rows)
        return {
            "host": polling.text(config, polling.HOST),
            "port": int(polling.number(config, PORT, 1, 65535)),
            "interval": polling.number(config, polling.INTERVAL, 1, 86_400),
            "timeout": polling.number(config, polling.TIMEOUT, 0.05, 60),
            "meters": "\n".join(rows),
            "freezes": int(polling.number(config, FREEZES, 0, 62)),
        }

    async def run(self, source: Source, sink: Sink, stop: asyncio.Event) -> None:
        """Poll until stopped."""
        config = self.check(source.config)
        where = f"{config['host']}:{config['port']}"
        patience = polling.Patience()
        poller = _Poller(config, source.tz, sink)
        while not stop.is_set():
            sink.report("connecting")
            try:
                async with asyncio.timeout(config["timeout"]):
                    line = _Line(*await asyncio.open_connection(config["host"], config["port"]))
            except OSError:  # refused, unreachable, no answer in time
                sink.report("waiting", fault("meter.link_down", found=where))
                await polling.pause(stop, patience.seconds())
                continue
            try:
                while not stop.is_set():
                    await poller.poll(line, stop)
                    patience.reset()
                    await polling.pause(stop, polling.until_tick(config["interval"]))
            except OSError:
                sink.report("waiting", fault("meter.link_down", found=where))
                await polling.pause(stop, patience.seconds())
            finally:
                line.writer.close()


def meters(rows: list[str]) -> list[Meter]:
    """The meters of the setting. Raises BadInput with the line."""
    found: list[Meter] = []
    for row in rows:
        try:
            meter = _meter(row.upper().replace(",", " ").split())
        except (FrameError, ValueError, IndexError) as error:
            raise _bad_row(row) from error
        if meter in found:
            raise _bad_row(row)
        found.append(meter)
    return found


def _bad_row(row: str) -> BadInput:
    return bad_setting(
        METERS.name,
        row,
        Text(f"看不懂这一行，或与前面重复：{row}", f"This line cannot be read, or repeats another: {row}"),
        METERS.help,
    )


def _meter(words: list[str]) -> Meter:
    protocol = words[0]
    if protocol in ("188", "188-2004"):
        kind = int(words[1], 16)
        cjt188.carrier(kind)
        if len(words) != 3:
            raise ValueError(words)
        return Meter(protocol, cjt188.address(words[2]), (cjt188.CURRENT,), kind)
    identifiers = tuple(words[2:]) or (_DEFAULT[protocol],) if protocol in _DEFAULT else ()
    width = 4 if protocol == "645-1997" else 8
    if not identifiers or any(len(i) != width or not _ENERGY.fullmatch(i) for i in identifiers):
        raise ValueError(words)
    return Meter(protocol, dlt645.address(words[1]), identifiers)


@dataclass
class _Line:
    """The connection to the collector."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def ask(
        self, request: bytes, decoder: StreamDecoder[F], fits: Callable[[F], bool], seconds: float
    ) -> F | None:
        """The first frame that answers, or None in time; raises ConnectionError where the line ends."""
        self.writer.write(request)
        await self.writer.drain()
        try:
            async with asyncio.timeout(seconds):
                while data := await self.reader.read(4096):
                    for frame in decoder.feed(data):
                        if fits(frame):
                            return frame
        except TimeoutError:
            return next(filter(fits, decoder.finish()), None)
        raise ConnectionResetError


class _Poller:
    """Asks all meters and hands over what they tell."""

    def __init__(self, config: Mapping[str, Any], tz: str, sink: Sink) -> None:
        self.meters = meters(polling.lines(config, METERS))
        self.timeout: float = config["timeout"]
        self.freezes: int = config["freezes"]
        self.zone = zone(tz)
        self.sink, self.outbox = sink, polling.Outbox(sink)
        self.frozen: dict[str, dt.date] = {}
        self.samples: list[Sample] = []
        self.rejects: list[Reject] = []

    async def poll(self, line: _Line, stop: asyncio.Event) -> None:
        """One round. Raises OSError where the line ends; what was read until then is handed over."""
        failed: dict[str, Text] = {}
        try:
            for meter in self.meters:
                if stop.is_set():
                    break
                why = await self._read(line, meter)
                if why is not None:
                    failed[meter.address] = why
        finally:
            samples, rejects, self.samples, self.rejects = self.samples, self.rejects, [], []
            is_kept = await self.outbox.put(samples, rejects)
        if is_kept:
            self.sink.report("connected", _complaint(failed))

    async def _read(self, line: _Line, meter: Meter) -> Text | None:
        """All of one meter; why it could not be read, or None."""
        try:
            if meter.protocol.startswith("188"):
                return await self._read_188(line, meter)
            for identifier in meter.identifiers:
                items = await self._items(line, meter, identifier)
                if items is None:
                    return _SILENT
                self._keep(meter, items, int(time.time()))
            return await self._read_freezes(line, meter)
        except FrameError as error:
            if error.code != "meter.frame_refused" and error.where and error.where.value:
                self.rejects.append(Reject(meter.address, error.where.value[:RAW_LENGTH], "unreadable"))
            return error.text

    async def _read_188(self, line: _Line, meter: Meter) -> Text | None:
        request = cjt188.read(meter.kind, meter.address, swapped=meter.protocol == "188")
        frame = await self._ask(line, meter, request.encode(4), cjt188.decoder, _answers_188(meter))
        if frame is None:
            return _SILENT
        total = cjt188.decode(frame).total
        self.samples.append(Sample(meter.address, int(time.time()), 0, total.value, total.unit))
        return None

    async def _read_freezes(self, line: _Line, meter: Meter) -> Text | None:
        """Once a local day: the last daily freezes, each at the time the meter says."""
        today = dt.datetime.fromtimestamp(time.time() - _FREEZE_AFTER_SECONDS, self.zone).date()
        if not self.freezes or meter.protocol != "645" or self.frozen.get(meter.address) == today:
            return None
        for back in range(1, self.freezes + 1):
            when = await self._items(line, meter, f"050600{back:02X}")
            if when is None:
                return _SILENT
            assert when[0].time is not None
            start = int(when[0].time.replace(tzinfo=self.zone).timestamp())
            for direction in sorted({identifier[3] for identifier in meter.identifiers}):
                items = await self._items(line, meter, f"05060{direction}{back:02X}")
                if items is None:
                    return _SILENT
                self._keep(meter, [item for item in items if item.tariff == "total"], start)
        self.frozen[meter.address] = today
        return None

    def _keep(self, meter: Meter, items: list[dlt645.Item], start: int) -> None:
        for item in items:
            point = meter.address if item.tariff == "total" else f"{meter.address}/{item.tariff}"
            self.samples.append(Sample(point, start, 0, item.value, item.unit, item.name))

    async def _items(self, line: _Line, meter: Meter, identifier: str) -> list[dlt645.Item] | None:
        """The values of an identifier, joined from follow-up frames; None without answer. Raises FrameError."""
        request = dlt645.read(meter.address, identifier)
        frames: list[dlt645.Frame] = []
        while len(frames) <= _MOST_FOLLOWS:
            frame = await self._ask(
                line, meter, request.encode(4), dlt645.decoder, _answers_645(request, identifier)
            )
            if frame is None:
                return None
            if frame.is_refusal:
                raise dlt645.refusal(frame)
            frames.append(frame)
            if not frame.follows:
                break
            request = dlt645.read_follow(meter.address, identifier, len(frames))
        return dlt645.decode(dlt645.joined(frames))

    async def _ask(
        self,
        line: _Line,
        meter: Meter,
        request: bytes,
        decoder: Callable[[], StreamDecoder[F]],
        fits: Callable[[F], bool],
    ) -> F | None:
        """The answer to a request, asked again after silence; broken frames are kept aside."""
        frame = None
        for _ in range(_TRIES):
            decoding = decoder()
            frame = await line.ask(request, decoding, fits, self.timeout)
            for error in decoding.errors:
                reason = "checksum" if error.code == "meter.frame_checksum" else "unreadable"
                raw = (error.where.value if error.where else None) or ""
                self.rejects.append(Reject(meter.address, raw[:RAW_LENGTH], reason))
            if frame is not None:
                break
        return frame


_SILENT = Text("无应答", "no answer")


def _answers_645(request: dlt645.Frame, identifier: str) -> Callable[[dlt645.Frame], bool]:
    def fits(frame: dlt645.Frame) -> bool:
        if not frame.is_answer or frame.address != request.address:
            return False
        if frame.is_refusal:
            return True
        return frame.control & 0x1F == request.control and frame.identifier == identifier

    return fits


def _answers_188(meter: Meter) -> Callable[[cjt188.Frame], bool]:
    def fits(frame: cjt188.Frame) -> bool:
        return frame.is_answer and frame.address == meter.address

    return fits


def _complaint(failed: Mapping[str, Text]) -> TanlinError | None:
    if not failed:
        return None
    zh = "；".join(f"{address}（{why.zh}）" for address, why in failed.items())
    en = "; ".join(f"{address} ({why.en})" for address, why in failed.items())
    return fault("meter.points_failed", zh=zh, en=en)
