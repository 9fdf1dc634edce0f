"""A workbook is measured before anything opens it: what it unpacks to, how far its cells reach, what its XML declares.

A ZIP may claim anything of itself, so its parts are unpacked piece by piece, counted and forgotten; memory
stays at a few pieces whatever the file holds.
"""

from __future__ import annotations

import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import numpy as np

from tanlin.kernel.errors import Where
from tanlin.meter.problems import refusal

#: Unpacked bytes of all parts together; a sheet of a million full rows of five columns stays below.
MAX_UNPACKED = 256 * 2**20
#: Unpacked ÷ packed bytes of one part. Sheets of equal rows reach about 60; DEFLATE ends at 1032.
MAX_RATIO = 250
#: Smaller parts may compress as they like.
RATIO_FROM = 4 * 2**20
#: Cells from A1 to the last one in use, blank ones too: a million rows of five columns. Reading takes some
#: 270 bytes a cell, so this holds it below 2 GB.
MAX_CELLS = 6_000_000
#: Bytes of text with every shared string repeated where it is used, as reading repeats it.
MAX_TEXT = 2**30
_PIECE = 1 << 20
#: Bytes without the end of a tag: no cell and no tag is that long, though a picture may be.
_LONGEST = 8 * _PIECE
_DECLARED = [
    word.encode(code) for word in ("<!DOCTYPE", "<!ENTITY") for code in ("ascii", "utf-16-le", "utf-16-be")
]
#: Rows and cells without content; the reader leaves them out.
_BLANK = re.compile(rb"<(?:\w+:)?(?:row\b[^>]*|c\b[^>]*/)>")
_ROW = re.compile(rb"""\sr\s*=\s*["'][A-Za-z]*(\d{1,18})["']""")
_ROW_TAG = re.compile(rb"""<(?:\w+:)?row\b[^>]*?\sr\s*=\s*["'](\d{1,18})["']""")
#: A cell that does not say where it is stands in the row of the tag before it.
_UNPLACED = re.compile(rb"<(?:\w+:)?c\b(?! r=)(?![^>]*\sr\s*=)")
_STRINGS = "xl/sharedStrings.xml"
_SHARED = re.compile(rb"""\st\s*=\s*["']s["'][^>]*>\s*<(?:\w+:)?v>\s*(\d{1,9})""")
_COLUMN = re.compile(rb"""\sr\s*=\s*["']([A-Za-z]{1,9})\d""")


@dataclass
class _Reach:
    """The last row and column in use; ``tagged`` is the last row that has a tag, in use or not."""

    placed: int = 0
    tagged: int = 0
    unplaced: bool = False
    columns: int = 0

    @property
    def rows(self) -> int:
        return max(self.placed, self.tagged if self.unplaced else 0)

    def see(self, piece: bytes) -> None:
        self.tagged = max(self.tagged, _largest(_ROW_TAG, piece))
        piece = _BLANK.sub(b"", piece)
        self.placed = max(self.placed, _largest(_ROW, piece))
        self.unplaced = self.unplaced or _UNPLACED.search(piece) is not None
        self.columns = max(self.columns, max(map(column_index, set(_COLUMN.findall(piece))), default=0))


def _largest(number: re.Pattern[bytes], piece: bytes) -> int:
    return max(map(int, set(number.findall(piece))), default=0)


@dataclass
class _Texts:
    """Lengths of the shared strings in order, and the bytes that the cells which use them hold together."""

    lengths: list[int] = field(default_factory=list)
    used: int = 0
    rest: int = 0

    def see_strings(self, piece: bytes) -> None:
        *whole, rest = piece.split(b"</si>")
        for text in whole:
            self.lengths.append(self.rest + len(text))
            self.rest = 0
        self.rest += len(rest)

    def see_cells(self, piece: bytes) -> None:
        if max(self.lengths, default=0) * MAX_CELLS <= MAX_TEXT:
            return
        found = np.array(_SHARED.findall(piece), np.int64)
        lengths = np.array(self.lengths)
        self.used += int(lengths[found[found < len(lengths)]].sum())


def column_index(letters: bytes) -> int:
    """The 1-based number of a column: A is 1, AA is 27."""
    index = 0
    for letter in letters.upper():
        index = index * 26 + letter - 64
    return index


def measure(path: Path, parts: list[zipfile.ZipInfo]) -> None:
    """Unpack every part and let none of it stay.

    Raises BadInput naming the part: ``meter.bomb``, ``meter.too_big``, ``meter.entities``,
    ``meter.too_many_cells``, and ``meter.damaged`` where a part cannot be unpacked.
    """
    total, texts = 0, _Texts()
    with path.open("rb") as file:
        for part in sorted(
            parts, key=lambda part: part.filename != _STRINGS
        ):  # before the cells that use them
            try:
                total = _part(path, file, part, total, texts)
            except (zlib.error, struct.error) as error:
                raise refusal("meter.damaged", Where(path.name, value=part.filename)) from error


def _part(path: Path, file: BinaryIO, part: zipfile.ZipInfo, total: int, texts: _Texts) -> int:
    """``total`` and the unpacked size of one part."""
    where = Where(path.name, value=part.filename)
    markup = part.filename.lower().endswith((".xml", ".rels", ".vml"))
    reach = _Reach()  # of every part: a workbook may keep its sheets anywhere
    size, rest = 0, b""
    for piece in _unpacked(file, part):
        size += len(piece)
        if size > RATIO_FROM and size > MAX_RATIO * part.compress_size:
            raise refusal("meter.bomb", where, ratio=MAX_RATIO)
        if total + size > MAX_UNPACKED:
            raise refusal("meter.too_big", where, limit=MAX_UNPACKED >> 20)
        piece = rest + piece
        if markup and any(word in piece for word in _DECLARED):
            raise refusal("meter.entities", where)
        cut = piece.rfind(b">") + 1
        piece, rest = piece[:cut], piece[cut:]
        if len(rest) > _LONGEST:
            if markup:
                raise refusal("meter.damaged", where)
            rest = b""
        if part.filename == _STRINGS:
            texts.see_strings(piece)
            continue
        texts.see_cells(piece)
        if texts.used > MAX_TEXT:
            raise refusal("meter.too_big", where, limit=MAX_TEXT >> 20)
        reach.see(piece)
        if reach.rows * max(reach.columns, int(reach.unplaced)) > MAX_CELLS:
            raise refusal("meter.too_many_cells", where, rows=reach.rows, columns=reach.columns)
    return total + size


def _unpacked(file: BinaryIO, part: zipfile.ZipInfo) -> Iterator[bytes]:
    """The true content of a part, whatever size it states, at most ``_PIECE`` bytes at a time."""
    file.seek(part.header_offset + 26)
    file.seek(sum(struct.unpack("<HH", file.read(4))), 1)
    left = part.compress_size
    inflate = zlib.decompressobj(-zlib.MAX_WBITS)
    while left > 0 and (packed := file.read(min(_PIECE, left))):
        left -= len(packed)
        if part.compress_type == zipfile.ZIP_STORED:
            yield packed
            continue
        while packed and not inflate.eof:
            yield inflate.decompress(packed, _PIECE)
            packed = inflate.unconsumed_tail
