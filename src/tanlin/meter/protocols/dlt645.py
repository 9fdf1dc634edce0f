"""DL/T 645: frames of electricity meters, 2007 and the reading part of 1997.

Checked against published frames and open implementations: the framing, +33H, control codes 11H/91H/12H,
the identifiers below with their lengths and decimals (reading, voltage, current, power, daily freeze),
1997 identifiers 9010 and 9020. Kept from memory of the standard, unchecked: the bits of the error word,
the sign in the highest bit of power and current, the layout of the sequence number of follow-up frames.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Final, NamedTuple

from tanlin.meter.protocols.faults import FrameError, frame_fault
from tanlin.meter.protocols.framing import END, PREAMBLE, START, Answer, StreamDecoder, bcd, checksum, to_bcd

READ_1997: Final = 0x01
READ: Final = 0x11
READ_FOLLOW: Final = 0x12
_OFFSET = 0x33
_HEAD = 10  # 68H, address, 68H, control, length
_MAX_DATA = 200  # a read may carry no more
_FOLLOWS = 0x20
TARIFFS: Final = ("total", "sharp", "peak", "flat", "valley")
_REFUSALS = (
    ("其他错误", "other error"),
    ("无请求数据", "no such data"),
    ("密码错或未授权", "wrong password or no right"),
    ("通信速率不能更改", "the baud rate cannot be changed"),
    ("年时区数超", "too many seasons"),
    ("日时段数超", "too many periods in a day"),
    ("费率数超", "too many tariffs"),
    ("保留", "reserved"),
)


@dataclass(frozen=True)
class Frame(Answer):
    """One frame: address as the 12 digits on the meter, control code, data without +33H."""

    address: str
    control: int
    data: bytes = b""

    @property
    def follows(self) -> bool:
        """Does the meter hold more of this block?"""
        return self.is_answer and bool(self.control & _FOLLOWS)

    @property
    def identifier(self) -> str:
        """The data identifier: 8 hex digits, 4 in the protocol of 1997. Raises FrameError if there is none."""
        width = 2 if self.control & 0x1F == READ_1997 else 4
        if self.is_refusal or len(self.data) < width:
            raise frame_fault("meter.frame_length", self.data, found=len(self.data))
        return self.data[:width][::-1].hex().upper()

    @property
    def payload(self) -> bytes:
        """The data behind the identifier, without the sequence number of a follow-up frame."""
        start = len(self.identifier) // 2
        return self.data[start:-1] if self.control & 0x1F == READ_FOLLOW else self.data[start:]

    def encode(self, preamble: int = 0) -> bytes:
        """The bytes of the frame after ``preamble`` bytes FEH."""
        data = bytes((b + _OFFSET) & 0xFF for b in self.data)
        body = bytes([START]) + to_bcd(self.address) + bytes([START, self.control, len(data)]) + data
        return bytes([PREAMBLE]) * preamble + body + bytes([checksum(body), END])


class Item(NamedTuple):
    """One value of an answer. ``name``: import, export, voltage_1…3, current_1…3, power, power_1…3, freeze_time.

    ``tariff`` is one of TARIFFS for energy; ``freeze`` counts back daily freezes (1 = the last), 0 = now.
    ``time`` is the meter's local clock and stands for freeze_time alone.
    """

    name: str
    value: float
    unit: str
    tariff: str = ""
    freeze: int = 0
    time: dt.datetime | None = None


def decoder() -> StreamDecoder[Frame]:
    """A decoder for a stream of frames."""
    return StreamDecoder(_size, _build)


def address(text: str) -> str:
    """The 12 digits of a meter's address, shorter ones filled with zeros. Raises FrameError."""
    digits = text.strip().zfill(12)
    if len(digits) != 12 or not (digits.isascii() and digits.isdigit()):
        raise frame_fault("meter.frame_address", b"", found=text)
    return digits


def read(meter: str, identifier: str) -> Frame:
    """The request for a data identifier: 8 hex digits, or 4 for a meter of 1997."""
    control = READ_1997 if len(identifier) == 4 else READ
    return Frame(address(meter), control, bytes.fromhex(identifier)[::-1])


def read_follow(meter: str, identifier: str, sequence: int) -> Frame:
    """The request for part ``sequence`` (from 1) of a block whose answer said that more follows."""
    return Frame(address(meter), READ_FOLLOW, bytes.fromhex(identifier)[::-1] + bytes([sequence]))


def joined(frames: list[Frame]) -> Frame:
    """One answer out of an answer and its follow-up frames, in order."""
    first = frames[0]
    start = len(first.identifier) // 2
    data = first.data[:start] + b"".join(frame.payload for frame in frames)
    return Frame(first.address, first.control & ~_FOLLOWS, data)


def decode(frame: Frame) -> list[Item]:
    """The values of an answer.

    Raises FrameError: a refusal by the meter, an identifier this module does not know, a wrong length,
    digits that are none.
    """
    if frame.is_refusal:
        raise refusal(frame)
    identifier, data = frame.identifier, frame.payload
    if len(identifier) == 4:
        return _energy_1997(identifier, data, frame)
    d3, d2, d1, d0 = bytes.fromhex(identifier)
    if (d3, d0) == (0, 0) and d2 in _ENERGY and (d1 < len(TARIFFS) or d1 == 0xFF):
        return _energies(_ENERGY[d2], data, None if d1 == 0xFF else d1)
    if d3 == 2 and d0 == 0 and d2 in _INSTANT:
        return _instants(d2, d1, data, frame)
    if (d3, d2) == (5, 6) and d1 in (0, 1, 2) and d0:
        return _freeze(d1, d0, data)
    raise frame_fault("meter.frame_unknown_data", frame.data, found=identifier)


def refusal(frame: Frame) -> FrameError:
    """The error that an answer with the refusal bit stands for."""
    word = frame.data[0] if frame.data else 0
    bits = [text for i, text in enumerate(_REFUSALS) if word >> i & 1] or [("未说明", "no reason given")]
    zh, en = "、".join(t[0] for t in bits), ", ".join(t[1] for t in bits)
    return frame_fault("meter.frame_refused", frame.encode(), zh=zh, en=en)


_ENERGY = {1: "import", 2: "export"}
#: second byte of the identifier → name, bytes, decimals, unit, first and last index, sign in the highest bit
_INSTANT = {
    1: ("voltage", 2, 1, "V", 1, 3, False),
    2: ("current", 3, 3, "A", 1, 3, True),
    3: ("power", 3, 4, "kW", 0, 3, True),
}


def _size(buffer: bytes) -> int:
    if len(buffer) > 7 and buffer[7] != START:
        return -1
    if len(buffer) < _HEAD:
        return 0
    return _HEAD + buffer[9] + 2 if buffer[9] <= _MAX_DATA else -1


def _build(frame: bytes) -> Frame:
    digits = frame[1:7][::-1].hex().upper()
    if not digits.replace("A", "").isdigit() and digits != "A" * 12:
        raise frame_fault("meter.frame_bcd", frame, found=digits)
    return Frame(digits, frame[8], bytes((b - _OFFSET) & 0xFF for b in frame[_HEAD:-2]))


def _cut(data: bytes, width: int) -> list[bytes]:
    if not data or len(data) % width:
        raise frame_fault("meter.frame_length", data, found=len(data))
    return [data[i : i + width] for i in range(0, len(data), width)]


def _energies(name: str, data: bytes, tariff: int | None, freeze: int = 0) -> list[Item]:
    """One energy, or (``tariff`` None) the block of the total and the tariffs the meter has."""
    parts = _cut(data, 4)
    if (tariff is not None and len(parts) != 1) or len(parts) > len(TARIFFS):
        raise frame_fault("meter.frame_length", data, found=len(data))
    return [Item(name, bcd(p, 2), "kWh", TARIFFS[tariff or i], freeze) for i, p in enumerate(parts)]


def _energy_1997(identifier: str, data: bytes, frame: Frame) -> list[Item]:
    name = {"901": "import", "902": "export"}.get(identifier[:3])
    last = int(identifier[3], 16)
    if name is None or (last >= len(TARIFFS) and last != 0xF):
        raise frame_fault("meter.frame_unknown_data", frame.data, found=identifier)
    return _energies(name, data, None if last == 0xF else last)


def _instants(kind: int, index: int, data: bytes, frame: Frame) -> list[Item]:
    name, width, decimals, unit, first, last, signed = _INSTANT[kind]
    parts = _cut(data, width)
    indices = list(range(first, last + 1)) if index == 0xFF else [index]
    if not first <= indices[0] <= last or len(parts) > len(indices) or (index != 0xFF and len(parts) != 1):
        raise frame_fault("meter.frame_unknown_data", frame.data, found=frame.identifier)
    return [
        Item(f"{name}_{i}" if i else name, _signed(part, decimals, signed), unit)
        for i, part in zip(indices, parts, strict=False)
    ]


def _signed(part: bytes, decimals: int, signed: bool) -> float:
    if not signed or part[-1] < 0x80:
        return bcd(part, decimals)
    return -bcd(part[:-1] + bytes([part[-1] & 0x7F]), decimals)


def _freeze(kind: int, back: int, data: bytes) -> list[Item]:
    if kind:
        return _energies(_ENERGY[kind], data, None, back)
    if len(data) != 5:
        raise frame_fault("meter.frame_length", data, found=len(data))
    text = data[::-1].hex()
    try:
        time = dt.datetime.strptime("20" + text, "%Y%m%d%H%M")  # noqa: DTZ007 - the meter's own clock has no zone
    except ValueError as error:
        raise frame_fault("meter.frame_time", data, found=text.upper()) from error
    return [Item("freeze_time", 0.0, "", "", back, time)]
