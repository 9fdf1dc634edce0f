"""The register map of a Modbus device: a CSV of points, the reads that fetch them, and values out of words.

Checked against the Modbus application protocol as pymodbus implements it: functions 3 and 4, at most 125
registers a read, words sent high byte first. Word and byte order of longer types are the device maker's.
"""

from __future__ import annotations

import csv
import io
import math
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from tanlin.kernel.errors import BadInput, Where
from tanlin.meter.protocols.faults import fault

COLUMNS: Final = (
    "point", "unit_id", "function", "address", "type", "word_order", "byte_order", "scale", "offset",
    "unit", "channel", "kind", "seconds",
)  # fmt: skip
REQUIRED: Final = ("point", "address", "type")
#: type → struct letter and words
TYPES: Final = {
    "int16": ("h", 1), "uint16": ("H", 1), "int32": ("i", 2), "uint32": ("I", 2),
    "float32": ("f", 2), "int64": ("q", 4), "uint64": ("Q", 4), "float64": ("d", 4),
}  # fmt: skip
MOST_WORDS: Final = 125
_PLAUSIBLE = (1e-6, 1e12)


@dataclass(frozen=True)
class Point:
    """One row of the map. The value is raw · scale + offset in ``unit``; ``seconds`` 0 is a register reading."""

    point: str
    address: int
    type: str
    unit_id: int = 1
    function: int = 3
    word_order: str = "big"
    byte_order: str = "big"
    scale: float = 1.0
    offset: float = 0.0
    unit: str = ""
    channel: str = ""
    seconds: int = 0

    @property
    def words(self) -> int:
        return TYPES[self.type][1]


@dataclass(frozen=True)
class Block:
    """One read: consecutive registers that hold some points."""

    unit_id: int
    function: int
    address: int
    count: int
    points: tuple[Point, ...]


def parse(text: str, file: str = "") -> list[Point]:
    """The points of a CSV with a header of COLUMNS; those of REQUIRED must be there, empty cells take defaults.

    Raises BadInput with row and column: a missing column, an unusable value, a point given twice.
    """
    reader = csv.DictReader(io.StringIO(text.lstrip("\ufeff")), skipinitialspace=True)
    names = [(name or "").strip().lower() for name in reader.fieldnames or ()]
    if missing := [name for name in REQUIRED if name not in names]:
        raise fault("meter.map_columns", Where(file or None, row=1), name=", ".join(missing))
    reader.fieldnames = names
    points: list[Point] = []
    seen: set[tuple[str, str]] = set()
    for cells in reader:
        where = Where(file or None, row=reader.line_num)
        point = _point({k: (v or "").strip() for k, v in cells.items() if isinstance(v, str | None)}, where)
        if (point.point, point.channel) in seen:
            raise fault("meter.map_twice", Where(file or None, None, where.row, "point", point.point))
        seen.add((point.point, point.channel))
        points.append(point)
    if not points:
        raise fault("meter.map_empty", Where(file or None))
    return points


def blocks(points: Iterable[Point], alone: frozenset[Point] = frozenset()) -> list[Block]:
    """The reads that fetch all points: registers that touch or overlap share one, those of ``alone`` never."""
    made: list[Block] = []
    open_: list[Point] = []
    for point in sorted(points, key=lambda p: (p.unit_id, p.function, p.address)):
        if open_ and not _joins(open_, point, alone):
            made.append(_block(open_))
            open_ = []
        open_.append(point)
    return [*made, _block(open_)] if open_ else made


def value(point: Point, words: Sequence[int]) -> float:
    """The value of a point from its registers. Raises BadInput for NaN and infinity."""
    raw = _raw(point, words, point.word_order)
    if not math.isfinite(raw):
        raise fault("meter.map_not_a_number", Where(column=point.point), found=_hex(words))
    return raw * point.scale + point.offset


def words_of(point: Point, block: Block, registers: Sequence[int]) -> Sequence[int]:
    """The registers of a point within those of its block."""
    start = point.address - block.address
    return registers[start : start + point.words]


def order_doubtful(point: Point, before: Sequence[int], now: Sequence[int]) -> bool:
    """Do two reads of a point suggest that its word order is the other one?

    A counter that runs on moves its low word; read the wrong way round it jumps by multiples of 65,536. A
    number read the wrong way round is absurdly small or large. True only where the other order is sound.
    """
    if point.words == 1:
        return False
    other = "little" if point.word_order == "big" else "big"
    if point.type.startswith("float"):
        return not _sound(_raw(point, now, point.word_order)) and _sound(_raw(point, now, other))
    step = _raw(point, now, point.word_order) - _raw(point, before, point.word_order)
    other_step = _raw(point, now, other) - _raw(point, before, other)
    return abs(step) >= 65_536 and step % 65_536 == 0 and 0 < other_step < 65_536


def _sound(raw: float) -> bool:
    return raw == 0 or _PLAUSIBLE[0] <= abs(raw) <= _PLAUSIBLE[1]


def _raw(point: Point, words: Sequence[int], order: str) -> float:
    data = struct.pack(f">{len(words)}H", *(words if order == "big" else reversed(words)))
    if point.byte_order == "little":
        data = b"".join(data[i : i + 2][::-1] for i in range(0, len(data), 2))
    return float(struct.unpack(">" + TYPES[point.type][0], data)[0])


def _hex(words: Sequence[int]) -> str:
    return " ".join(f"{word:04X}" for word in words)


def _joins(open_: list[Point], point: Point, alone: frozenset[Point]) -> bool:
    first = open_[0]
    end = max(p.address + p.words for p in open_)
    return (
        (first.unit_id, first.function) == (point.unit_id, point.function)
        and point.address <= end
        and point.address + point.words - first.address <= MOST_WORDS
        and not alone.intersection({point, open_[-1]})
    )


def _block(points: list[Point]) -> Block:
    first = points[0]
    end = max(p.address + p.words for p in points)
    return Block(first.unit_id, first.function, first.address, end - first.address, tuple(points))


def _point(cells: dict[str, str], where: Where) -> Point:
    def bad(column: str, allowed: str) -> BadInput:
        at = Where(where.file, None, where.row, column, cells.get(column, ""))
        return fault("meter.map_value", at, allowed=allowed)

    def whole(column: str, default: int | None, low: int, high: int) -> int:
        text = cells.get(column, "")
        if not text and default is not None:
            return default
        if not (text.isascii() and text.isdigit()) or not low <= int(text) <= high:
            raise bad(column, f"{low}…{high}")
        return int(text)

    def number(column: str, default: float) -> float:
        try:
            found = float(cells.get(column) or default)
        except ValueError as error:
            raise bad(column, "0.001, 1, 10 …") from error
        if not math.isfinite(found):
            raise bad(column, "0.001, 1, 10 …")
        return found

    def one_of(column: str, *allowed: str) -> str:
        text = cells.get(column, "").lower() or allowed[0]
        if text not in allowed:
            raise bad(column, ", ".join(filter(None, allowed)))
        return text

    if not cells.get("point"):
        raise bad("point", "…")
    if cells.get("type", "").lower() not in TYPES:
        raise bad("type", ", ".join(TYPES))
    is_interval = one_of("kind", "register", "interval") == "interval"
    kind = cells["type"].lower()
    return Point(
        point=cells["point"],
        address=whole("address", None, 0, 65_536 - TYPES[kind][1]),
        type=kind,
        unit_id=whole("unit_id", 1, 0, 255),
        function=whole("function", 3, 3, 4),
        word_order=one_of("word_order", "big", "little"),
        byte_order=one_of("byte_order", "big", "little"),
        scale=number("scale", 1.0),
        offset=number("offset", 0.0),
        unit=cells.get("unit", ""),
        channel=one_of("channel", "", "import", "export", "generation"),
        seconds=whole("seconds", None, 1, 86_400) if is_interval else 0,
    )
