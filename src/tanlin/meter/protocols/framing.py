"""Frames that start with 68H and end with a checksum and 16H, found in a stream with noise.

Both DL/T 645 and CJ/T 188 are framed so; each says where its length stands and how long it may be.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from tanlin.meter.protocols.faults import FrameError, frame_fault

START, END, PREAMBLE = 0x68, 0x16, 0xFE
#: Bytes that tell the length of a frame; errors kept of a line of noise.
HEAD, MOST_ERRORS = 11, 100
T = TypeVar("T")


def checksum(data: bytes) -> int:
    """Sum of the bytes modulo 256."""
    return sum(data) & 0xFF


def bcd(data: bytes, decimals: int = 0) -> float:
    """The number in BCD bytes, lowest byte first. Raises FrameError where a nibble is no digit."""
    text = data[::-1].hex()
    if not text.isdigit():
        raise frame_fault("meter.frame_bcd", data, found=text.upper())
    # dividing an integer by a power of ten gives the nearest double, as reading the decimal would
    return int(text) / 10**decimals


def to_bcd(digits: str) -> bytes:
    """Digits (an even number of them) as BCD, lowest byte first; A stands for the wildcard."""
    return bytes.fromhex(digits)[::-1]


class Answer:
    """What the control byte of a frame tells: bit 7 it answers, bit 6 it refuses (DL/T 645 and CJ/T 188 alike)."""

    control: int

    @property
    def is_answer(self) -> bool:
        return bool(self.control & 0x80)

    @property
    def is_refusal(self) -> bool:
        return self.is_answer and bool(self.control & 0x40)


class StreamDecoder(Generic[T]):
    """Bytes in any pieces in, whole frames out; what is no frame is skipped.

    Args:
        size: length of the frame that starts with these bytes (at most HEAD of them), 0 if more bytes are
            needed, -1 if no frame starts so.
        build: a checked frame from its bytes.

    ``errors`` collects a FrameError for each candidate that failed, at most MOST_ERRORS; the caller empties
    it. The frames do not depend on how the bytes were cut.
    """

    def __init__(self, size: Callable[[bytes], int], build: Callable[[bytes], T]) -> None:
        self._size, self._build = size, build
        self._buffer = b""
        self.errors: list[FrameError] = []

    def feed(self, data: bytes) -> list[T]:
        """The frames completed by these bytes."""
        self._buffer += data
        frames, at = self._scan(0)
        self._buffer = self._buffer[at:]
        return frames

    def finish(self) -> list[T]:
        """The frames behind a candidate that was never completed; call it when the line falls silent."""
        frames: list[T] = []
        at = 0
        while (at := self._buffer.find(START, at)) >= 0:
            rest = self._buffer[at:]
            self._note(frame_fault("meter.frame_truncated", rest, found=len(rest)))
            found, at = self._scan(at + 1)
            frames += found
        self._buffer = b""
        return frames

    def _scan(self, at: int) -> tuple[list[T], int]:
        """The whole frames from ``at`` on, and where the first candidate that lacks bytes starts."""
        frames: list[T] = []
        buffer = self._buffer
        while (at := buffer.find(START, at)) >= 0:
            size = self._size(buffer[at : at + HEAD])
            if size == 0 or size > len(buffer) - at:
                return frames, at
            frame = self._checked(buffer[at : at + size]) if size > 0 else None
            if frame is not None:
                frames.append(frame)
            # after a bad candidate only its first byte is skipped: the real frame may start inside it
            at += 1 if frame is None else size
        return frames, len(buffer)

    def _checked(self, frame: bytes) -> T | None:
        try:
            return self._build(checked(frame))
        except FrameError as error:
            self._note(error)
            return None

    def _note(self, error: FrameError) -> None:
        if len(self.errors) < MOST_ERRORS:
            self.errors.append(error)


def checked(frame: bytes) -> bytes:
    """The frame, if it ends with 16H and its checksum holds. Raises FrameError."""
    if frame[-1] != END:
        raise frame_fault("meter.frame_end", frame)
    expected = checksum(frame[:-2])
    if frame[-2] != expected:
        raise frame_fault("meter.frame_checksum", frame, expected=expected, found=frame[-2])
    return frame
