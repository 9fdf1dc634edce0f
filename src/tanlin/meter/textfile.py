"""Delimited text read in bounded memory: its encoding, its delimiter, its records.

The whole file is decoded once beforehand, so that what cannot be read is refused with its row before any
row is taken.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import TextIO

from tanlin.kernel.errors import Where
from tanlin.meter.problems import refusal

DELIMITERS = (",", "\t", ";", "，", "|")
#: Characters of one record; a year of hours in one row takes a tenth.
MAX_LINE = 1 << 20
#: Columns of one row: as many as a spreadsheet has.
MAX_COLUMNS = 16_384
#: Cells and characters of one block of rows, whatever the rows are like.
BLOCK_CELLS, BLOCK_CHARS = 4_000_000, 64 * 2**20
#: Rows taken between two looks at these limits.
_STRIDE = 64
_PIECE = 1 << 20
_CELLS = re.compile(rb'[,;\t\r\n"]+')
#: A Chinese character in UTF-8; text in GBK that decodes as UTF-8 with one of these is itself garbled.
_UTF8_HAN = re.compile(rb"[\xe3-\xe9\xef][\x80-\xbf]{2}")


def encoding(path: Path) -> str:
    """The encoding in which the whole file decodes; GB18030 contains GBK and GB2312.

    Raises BadInput with the row: ``meter.encoding``, ``meter.mixed_encoding``, ``meter.nul``, ``meter.long_line``.
    """
    with path.open("rb") as file:
        start = file.read(4096)
    if start.startswith(b"\xef\xbb\xbf"):
        candidates: tuple[str, ...] = ("utf-8-sig",)
    elif start.startswith((b"\xff\xfe", b"\xfe\xff")):
        candidates = ("utf-16",)
    elif start[1::2].count(0) > len(start) // 4:
        candidates = ("utf-16-le",)
    elif start[0::2].count(0) > len(start) // 4:
        candidates = ("utf-16-be",)
    else:
        candidates = ("utf-8", "gb18030")
    for candidate in candidates:
        if candidate == "gb18030":
            _refuse_mixed(path)
        try:
            _decode(path, candidate)
            return candidate
        except UnicodeError:
            continue
    raise refusal("meter.encoding", Where(path.name, row=_bad_row(path, candidates[-1])))


def _decode(path: Path, name: str) -> None:
    """Read all of a file. A piece without a line end lies in a line too long to be read as one."""
    row = 1
    with path.open(encoding=name, newline="") as reader:
        while text := reader.read(_PIECE):
            if "\0" in text:
                row += text[: text.index("\0")].count("\n")
                raise refusal("meter.nul", Where(path.name, row=row))
            lines = text.count("\n")
            if not lines and len(text) == _PIECE and "\r" not in text:
                raise refusal("meter.long_line", Where(path.name, row=row), limit=MAX_LINE)
            row += lines


def _refuse_mixed(path: Path) -> None:
    """Raise BadInput where some cells are UTF-8 and others GBK, at the first that differs from those before."""
    row, utf8, rest = 1, None, b""
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            piece = rest + piece
            cut = piece.rfind(b"\n") + 1
            piece, rest = (piece[:cut], piece[cut:]) if cut else (piece, b"")
            kinds = {cell: _is_utf8(cell) for cell in set(_CELLS.split(piece)) if not cell.isascii()}
            mixed = len({utf8, *kinds.values()} - {None}) > 1
            # Their order costs a search for each, and matters only where there is something to refuse.
            for cell, kind in sorted(kinds.items(), key=lambda one: piece.index(one[0]) if mixed else 0):
                if utf8 is not None and kind != utf8:
                    shown = cell.decode("utf-8" if kind else "gb18030", "replace")[:40]
                    where = Where(path.name, row=row + piece[: piece.index(cell)].count(b"\n"), value=shown)
                    raise refusal("meter.mixed_encoding", where)
                utf8 = kind
            row += piece.count(b"\n")


def _is_utf8(cell: bytes) -> bool:
    try:
        cell.decode()
    except UnicodeError:
        return False
    return _UTF8_HAN.search(cell) is not None


def _bad_row(path: Path, name: str) -> int | None:
    """The first line that does not decode; None in encodings where bytes of a line end mean other things."""
    if name.startswith("utf-16"):
        return None
    row = 1
    with path.open("rb") as file:
        while line := file.readline(_PIECE):
            try:
                line.decode(name)
            except UnicodeError:
                return row
            row += line.endswith(b"\n")
    return None


def delimiter(sample: str) -> str:
    """The delimiter under which most lines have the same number (at least two) of cells."""
    lines = [line for line in sample.splitlines()[:-1] or [sample] if line.strip()][:200]

    def score(mark: str) -> tuple[int, int]:
        widths = Counter(len(r) for r in csv.reader(lines, delimiter=mark) if len(r) > 1)
        if not widths:
            return 0, 0
        width, count = max(widths.items(), key=lambda item: (item[1], item[0]))
        return count, width

    return max(DELIMITERS, key=score)


class Records:
    """The rows of a file. ``chars`` counts what was read so far.

    Iterating raises BadInput with the row: ``meter.csv_broken``, ``meter.long_line``, ``meter.too_many_columns``.
    """

    def __init__(self, path: Path, name: str, mark: str, where: Where) -> None:
        self.chars = 0
        self._path, self._name, self._mark, self._where = path, name, mark, where
        self._row, self._begun = 0, 0

    def __iter__(self) -> Iterator[list[str]]:
        try:
            with self._path.open(encoding=self._name, newline="") as file:
                for line in csv.reader(self._lines(file), delimiter=self._mark):
                    self._row += 1
                    self._begun = self.chars
                    if len(line) > MAX_COLUMNS:
                        raise self._refusal("meter.too_many_columns", self._row, limit=MAX_COLUMNS)
                    yield line
        except csv.Error as error:
            raise self._refusal("meter.csv_broken", self._row + 1) from error

    def _lines(self, file: TextIO) -> Iterator[str]:
        for line in file:
            self.chars += len(line)
            if self.chars - self._begun > MAX_LINE:  # unmatched quotes join lines to one record
                raise self._refusal("meter.long_line", self._row + 1, limit=MAX_LINE)
            yield line

    def _refusal(self, code: str, row: int, **values: int) -> Exception:
        return refusal(code, Where(self._where.file, self._where.sheet, row), **values)


def chunks(rows: Iterator[list[str]], size: int, records: Records | None = None) -> Iterator[list[list[str]]]:
    """Rows in lists of at most ``size``, shorter where they are wide or long."""
    chunk: list[list[str]] = []
    begun = width = 0
    while part := list(islice(rows, min(_STRIDE, size - len(chunk)))):
        chunk += part
        width = max(width, *map(len, part))
        chars = records.chars - begun if records else 0
        if len(chunk) >= size or len(chunk) * width > BLOCK_CELLS or chars > BLOCK_CHARS:
            yield chunk
            chunk, width, begun = [], 0, records.chars if records else 0
    if chunk:
        yield chunk


def last_row(path: Path, name: str, mark: str) -> tuple[str, ...]:
    """The last row that is not blank, as far as the end of the file tells; () where it does not."""
    if name.startswith("utf-16"):
        return ()
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - 8192))
        # the first line may start inside a character or a cell; the last ones do not
        text = file.read().decode(name, "replace")
    lines = text.splitlines()[1:] or text.splitlines()
    rows = list(csv.reader(lines, delimiter=mark))
    return next((tuple(r) for r in reversed(rows) if sum(map(bool, r)) > 1), ())
