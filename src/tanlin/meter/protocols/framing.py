"""Frames that start with 68H and end with a checksum and 16H, found in a stream with noise.

Both DL/T 645 and CJ/T 188 are framed so; each says where its length stands and how long it may be.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from tanlin.meter.protocols.faults import FrameError, frame_fault

START, END, PREAMBLE = 0x68, 0x16, 0xFE
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


class StreamDecoder(Generic[T]):
    """Bytes in any pieces in, whole frames out; what is no frame is skipped.

    Args:
        size: length of the frame that starts at byte 0 of the buffer, 0 if more bytes are needed, -1 if
            no frame starts there.
        build: a checked frame from its bytes.

    ``errors`` collects a FrameError for every candidate that failed; the caller empties it. The frames do
    not depend on how the bytes were cut.
    """

    def __init__(self, size: Callable[[bytes], int], build: Callable[[bytes], T]) -> None:
        self._size, self._build = size, build
        self._buffer = b""
        self.errors: list[FrameError] = []

    def feed(self, data: bytes) -> list[T]:
        """The frames completed by these bytes."""
        self._buffer += data
        frames: list[T] = []
        while (start := self._buffer.find(START)) >= 0:
            self._buffer = self._buffer[start:]
            size = self._size(self._buffer)
            if size == 0 or size > len(self._buffer):
                return frames
            # after a bad candidate only its first byte is skipped: the real frame may start inside it
            self._buffer = self._buffer[self._take(size, frames) :]
        self._buffer = b""
        return frames

    def finish(self) -> list[T]:
        """The frames behind a candidate that was never completed; call it when the line falls silent."""
        frames: list[T] = []
        while self._buffer:
            self.errors.append(frame_fault("meter.frame_truncated", self._buffer, found=len(self._buffer)))
            rest, self._buffer = self._buffer[1:], b""
            frames += self.feed(rest)
        return frames

    def _take(self, size: int, frames: list[T]) -> int:
        if size < 0:
            return 1
        try:
            frames.append(self._build(checked(self._buffer[:size])))
        except FrameError as error:
            self.errors.append(error)
            return 1
        return size


def checked(frame: bytes) -> bytes:
    """The frame, if it ends with 16H and its checksum holds. Raises FrameError."""
    if frame[-1] != END:
        raise frame_fault("meter.frame_end", frame)
    expected = checksum(frame[:-2])
    if frame[-2] != expected:
        raise frame_fault("meter.frame_checksum", frame, expected=expected, found=frame[-2])
    return frame
