"""CJ/T 188: frames of water, gas and heat meters, editions 2004 and 2018.

Checked against published frames and open implementations: the framing, meter types, control codes 01H/81H,
the order and lengths of the fields under 901F for water, gas and heat, units 05H, 2CH and their places, both
orders of the identifier on the wire (901F is sent 90 1F or 1F 90). Kept from memory of the standard,
unchecked: the other unit codes, the four decimals of flow, history identifiers D120 to D12B, the refusal C1H.
Public sources disagree on the order of the status bits; this module counts D0 from the lowest bit and keeps
both raw bytes. Some makers put the unit before the value; such frames fail with an unknown unit.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Final, NamedTuple

from tanlin.meter.protocols.faults import FrameError, frame_fault
from tanlin.meter.protocols.framing import END, PREAMBLE, START, Answer, StreamDecoder, bcd, checksum, to_bcd

READ: Final = 0x01
_HEAD = 11  # 68H, type, address, control, length
_MAX_DATA = 100
CURRENT: Final = "901F"
#: The settlement days of the last twelve months, D120 the most recent.
HISTORY: Final = tuple(f"D12{i:X}" for i in range(12))
#: Unit code → unit and the factor on it.
UNITS: Final = {
    0x01: ("J", 1.0), 0x02: ("Wh", 1.0), 0x05: ("kWh", 1.0), 0x08: ("MWh", 1.0), 0x0A: ("MWh", 100.0),
    0x0B: ("kJ", 1.0), 0x0E: ("MJ", 1.0), 0x11: ("GJ", 1.0), 0x13: ("GJ", 100.0),
    0x14: ("W", 1.0), 0x17: ("kW", 1.0), 0x1A: ("MW", 1.0),
    0x29: ("L", 1.0), 0x2C: ("m3", 1.0), 0x32: ("L/h", 1.0), 0x35: ("m3/h", 1.0),
}  # fmt: skip
_VALVES = {0: "open", 1: "closed", 3: "fault"}


@dataclass(frozen=True)
class Frame(Answer):
    """One frame: meter type, address as 14 digits (highest first, the maker's four digits in front), data."""

    kind: int
    address: str
    control: int
    data: bytes = b""

    @property
    def identifier(self) -> str:
        """The data identifier as in the standard's table, whichever way round it was sent."""
        if self.is_refusal or len(self.data) < 3:
            raise frame_fault("meter.frame_length", self.data, found=len(self.data))
        sent = self.data[:2].hex().upper()
        return sent if sent == CURRENT or sent in HISTORY else sent[2:] + sent[:2]

    @property
    def payload(self) -> bytes:
        """The data behind identifier and serial number."""
        return self.data[3:]

    def encode(self, preamble: int = 0) -> bytes:
        """The bytes of the frame after ``preamble`` bytes FEH."""
        body = bytes([START, self.kind]) + to_bcd(self.address)
        body += bytes([self.control, len(self.data)]) + self.data
        return bytes([PREAMBLE]) * preamble + body + bytes([checksum(body), END])


class Quantity(NamedTuple):
    """A value with its unit; the factor of the unit code is applied."""

    value: float
    unit: str


@dataclass(frozen=True)
class Status:
    """The two status bytes: valve (open, closed, fault, unknown), low battery, and the bytes themselves."""

    valve: str
    battery_low: bool
    raw: bytes


@dataclass(frozen=True)
class Usage:
    """What a meter tells of now; a field the kind of meter does not have is None. Times are the meter's clock."""

    carrier: str
    total: Quantity
    settled: Quantity
    time: dt.datetime
    status: Status
    power: Quantity | None = None
    flow: Quantity | None = None
    volume: Quantity | None = None
    supply_celsius: float | None = None
    return_celsius: float | None = None
    hours: int | None = None


def decoder() -> StreamDecoder[Frame]:
    """A decoder for a stream of frames."""
    return StreamDecoder(_size, _build)


def carrier(kind: int) -> str:
    """The carrier a meter type measures.

    Raises FrameError for a custom type, and for 22H (heat and cooling), whose fields are not known here.
    """
    found = {0x20: "heat", 0x21: "cooling"}.get(kind) or {1: "water", 3: "gas"}.get(kind >> 4)
    if found is None or kind & 0xF > 9:
        raise frame_fault("meter.frame_unknown_data", bytes([kind]), found=f"T={kind:02X}")
    return found


def address(text: str) -> str:
    """The 14 digits of a meter's address, shorter ones filled with zeros. Raises FrameError."""
    digits = text.strip().upper().zfill(14)
    if len(digits) != 14 or set(digits) - set("0123456789ABCDEF"):
        raise frame_fault("meter.frame_address", b"", found=text)
    return digits


def read(kind: int, meter: str, identifier: str = CURRENT, serial: int = 0, swapped: bool = True) -> Frame:
    """The request; ``swapped`` sends 901F as 1F 90 (edition 2018), else as 90 1F."""
    sent = bytes.fromhex(identifier)
    return Frame(kind, address(meter), READ, (sent[::-1] if swapped else sent) + bytes([serial]))


def decode(frame: Frame) -> Usage:
    """The answer to 901F. Raises FrameError: a refusal, another identifier, a wrong length, digit or unit."""
    if frame.is_refusal:
        raise refusal(frame)
    if frame.identifier != CURRENT:
        raise frame_fault("meter.frame_unknown_data", frame.data, found=frame.identifier)
    what, data = carrier(frame.kind), frame.payload
    if what in ("heat", "cooling"):
        return _heat(what, _long(data, 43))
    data = _long(data, 19)
    return Usage(what, _quantity(data[:5]), _quantity(data[5:10]), _time(data[10:17]), _status(data[17:]))


def decode_history(frame: Frame) -> tuple[int, Quantity]:
    """Months back (1 = the last settlement day) and the total then, from an answer to D120…D12B."""
    if frame.is_refusal:
        raise refusal(frame)
    if frame.identifier not in HISTORY:
        raise frame_fault("meter.frame_unknown_data", frame.data, found=frame.identifier)
    return HISTORY.index(frame.identifier) + 1, _quantity(_long(frame.payload, 5))


def refusal(frame: Frame) -> FrameError:
    """The error that an answer with the refusal bit stands for."""
    return frame_fault("meter.frame_refused", frame.encode(), zh="从站异常应答", en="refusal by the slave")


def _heat(what: str, data: bytes) -> Usage:
    settled, total, power, flow, volume = (data[i : i + 5] for i in range(0, 25, 5))
    return Usage(
        what,
        _quantity(total),
        _quantity(settled),
        _time(data[34:41]),
        _status(data[41:]),
        power=_quantity(power),
        flow=_quantity(flow, 4),
        volume=_quantity(volume),
        supply_celsius=bcd(data[25:28], 2),
        return_celsius=bcd(data[28:31], 2),
        hours=int(bcd(data[31:34])),
    )


def _size(buffer: bytes) -> int:
    if len(buffer) < _HEAD:
        return 0
    return _HEAD + buffer[10] + 2 if buffer[10] <= _MAX_DATA else -1


def _build(frame: bytes) -> Frame:
    return Frame(frame[1], frame[2:9][::-1].hex().upper(), frame[9], frame[_HEAD:-2])


def _long(data: bytes, size: int) -> bytes:
    if len(data) != size:
        raise frame_fault("meter.frame_length", data, found=len(data))
    return data


def _quantity(field: bytes, decimals: int = 2) -> Quantity:
    unit = UNITS.get(field[4])
    if unit is None:
        raise frame_fault("meter.frame_unknown_unit", field, found=field[4])
    return Quantity(bcd(field[:4], decimals) * unit[1], unit[0])


def _time(field: bytes) -> dt.datetime:
    text = field[::-1].hex()
    try:
        return dt.datetime.strptime(text, "%Y%m%d%H%M%S")  # noqa: DTZ007 - the meter's own clock has no zone
    except ValueError as error:
        raise frame_fault("meter.frame_time", field, found=text.upper()) from error


def _status(field: bytes) -> Status:
    return Status(_VALVES.get(field[0] & 3, "unknown"), bool(field[0] & 4), field)
