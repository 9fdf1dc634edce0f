"""Tables as community workers keep them, read as plain text cells: CSV, XLSX, XLS and Parquet.

The content decides what a file is, not its name. CSV and Parquet are streamed; a workbook is read sheet
by sheet. Row numbers are those a person sees in a spreadsheet (1-based, blank rows counted).
"""

from __future__ import annotations

import csv
import datetime as dt
import itertools
import zipfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
import pyarrow as pa

from tanlin.kernel.errors import Where
from tanlin.meter.problems import refusal

HEAD = 2000
CHUNK = 65_536
MAX_UNPACKED = 1 << 30
DELIMITERS = (",", "\t", ";", "，", "|")
_MAGIC = (
    (b"%PDF", "PDF"),
    (b"MZ", "EXE"),
    (b"\x7fELF", "ELF"),
    (b"\x89PNG", "PNG"),
    (b"\xff\xd8\xff", "JPEG"),
    (b"GIF8", "GIF"),
    (b"\x1f\x8b", "GZIP"),
    (b"7z\xbc\xaf", "7Z"),
    (b"Rar!", "RAR"),
    (b"BZh", "BZ2"),
    (b"SQLite format 3", "SQLite"),
)
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_INJECTION = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")


class Block(NamedTuple):
    """Consecutive rows: their numbers (int64) and one Arrow array a column (text, or typed in Parquet)."""

    rows: np.ndarray
    columns: list[pa.Array]


@dataclass(frozen=True)
class Sheet:
    """One table of a file with its first rows as text; ``blocks`` streams the rest.

    ``head[0]`` is row 1. ``tail`` is the last row that is not blank. ``merges`` are 1-based inclusive
    (top, left, bottom, right). In Parquet the column names are row 1.
    """

    path: Path
    file: str
    name: str
    kind: Literal["csv", "excel", "parquet"]
    head: tuple[tuple[str, ...], ...]
    tail: tuple[str, ...] = ()
    encoding: str = ""
    delimiter: str = ""
    merges: tuple[tuple[int, int, int, int], ...] = ()
    rows: list[list[str]] | None = field(default=None, repr=False, compare=False)

    def where(self, row: int | None = None, column: str | None = None) -> Where:
        return Where(self.file, self.name or None, row, column)

    @property
    def whole(self) -> bool:
        """Does ``head`` hold every row?"""
        return self.kind == "excel" and len(self.rows or ()) == len(self.head)

    def blocks(self, after: int = 0, size: int = CHUNK) -> Iterator[Block]:
        """Rows below row ``after``, at most ``size`` a block."""
        if self.kind == "parquet":
            yield from _parquet_blocks(self.path, after, size)
            return
        source = iter(self.rows) if self.rows is not None else _csv_rows(self)
        row = after + 1
        source = itertools.islice(source, after, None)
        while chunk := list(itertools.islice(source, size)):
            width = max(map(len, chunk))
            if min(map(len, chunk)) < width:
                chunk = [line + [""] * (width - len(line)) for line in chunk]
            columns = [pa.array(c, pa.string()) for c in zip(*chunk, strict=True)]
            yield Block(np.arange(row, row + len(chunk), dtype=np.int64), columns)
            row += len(chunk)


def read(path: str | Path, *, sheet: str | None = None, limit: int = HEAD) -> list[Sheet]:
    """The sheets of a file that hold anything (or the one named), with their first ``limit`` rows.

    Raises BadInput, with place and remedy, for an empty, encrypted, damaged or non-tabular file, an
    unreadable encoding, and an unknown sheet.
    """
    path = Path(path)
    where = Where(path.name)
    if path.stat().st_size == 0:
        raise refusal("meter.empty_file", where)
    kind = _kind(path, where)
    if kind == "parquet":
        found = [_parquet(path, limit)]
    elif kind == "excel":
        found = list(_excel(path, sheet, limit))
    else:
        found = [_csv(path, limit)]
    if sheet and kind != "excel" and sheet != found[0].name:
        raise refusal("meter.no_sheet", Where(path.name, sheet))
    found = [s for s in found if any(any(row) for row in s.head)]
    if not found:
        raise refusal("meter.no_data", where)
    return found


def safe_cell(value: object) -> object:
    """The value for an export: text that a spreadsheet would run as a formula gets a leading apostrophe."""
    if isinstance(value, str) and value.lstrip(" \n").startswith(_INJECTION):
        return "'" + value
    return value


def _kind(path: Path, where: Where) -> str:
    with path.open("rb") as file:
        start = file.read(4096)
    if start.startswith(b"PAR1"):
        return "parquet"
    if start.startswith(b"PK"):
        return _zip_kind(path, where)
    if start.startswith(_OLE):
        if "EncryptedPackage".encode("utf-16-le") in path.read_bytes():
            raise refusal("meter.encrypted", where)
        return "excel"
    for magic, found in _MAGIC:
        if start.startswith(magic):
            raise refusal("meter.wrong_type", where, found=found)
    if start.lstrip(b"\xef\xbb\xbf \r\n\t").lower().startswith((b"<html", b"<!doctype", b"<table", b"<?xml")):
        raise refusal("meter.wrong_type", where, found="HTML / XML")
    return "csv"


def _zip_kind(path: Path, where: Where) -> str:
    try:
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
            size = sum(item.file_size for item in archive.infolist())
    except zipfile.BadZipFile as error:
        raise refusal("meter.damaged", where) from error
    if not names & {"xl/workbook.xml", "xl/workbook.bin", "content.xml"}:
        found = "DOCX" if "word/document.xml" in names else "ZIP"
        raise refusal("meter.wrong_type", where, found=found)
    if size > MAX_UNPACKED:
        raise refusal("meter.too_big", where)
    return "excel"


# CSV ------------------------------------------------------------------------------------------------


def _csv(path: Path, limit: int) -> Sheet:
    encoding = _encoding(path)
    with path.open(encoding=encoding, newline="") as reader:
        sample = reader.read(65_536)
    if any(c < " " and c not in "\t\r\n\f\x1a" for c in sample):
        raise refusal("meter.wrong_type", Where(path.name), found="binary")
    delimiter = _delimiter(sample)
    bare = Sheet(path, path.name, "", "csv", (), encoding=encoding, delimiter=delimiter)
    head = tuple(map(tuple, itertools.islice(_csv_rows(bare), limit)))
    tail = _csv_tail(bare) or next((r for r in reversed(head) if any(r)), ())
    return Sheet(path, path.name, "", "csv", head, tail, encoding, delimiter)


def _encoding(path: Path) -> str:
    """The encoding in which the whole file decodes; GB18030 contains GBK and GB2312."""
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
    for encoding in candidates:
        try:
            with path.open(encoding=encoding, newline="") as reader:
                while reader.read(1 << 20):
                    pass
            return encoding
        except UnicodeError:
            continue
    raise refusal("meter.encoding", Where(path.name, row=_bad_row(path, candidates[-1])))


def _bad_row(path: Path, encoding: str) -> int | None:
    """The first line that does not decode; None in encodings where bytes of a line end mean other things."""
    if encoding.startswith("utf-16"):
        return None
    with path.open("rb") as file:
        for row, line in enumerate(file, 1):
            try:
                line.decode(encoding)
            except UnicodeError:
                return row
    return None


def _delimiter(sample: str) -> str:
    """The delimiter under which most lines have the same number (at least two) of cells."""
    lines = [line for line in sample.splitlines()[:-1] or [sample] if line.strip()][:200]

    def score(delimiter: str) -> tuple[int, int]:
        widths = Counter(len(r) for r in csv.reader(lines, delimiter=delimiter) if len(r) > 1)
        if not widths:
            return 0, 0
        width, count = max(widths.items(), key=lambda item: (item[1], item[0]))
        return count, width

    return max(DELIMITERS, key=score)


def _csv_rows(sheet: Sheet) -> Iterator[list[str]]:
    row = 0
    try:
        with sheet.path.open(encoding=sheet.encoding, newline="") as file:
            for line in csv.reader(file, delimiter=sheet.delimiter):
                row += 1
                yield line
    except csv.Error as error:
        raise refusal("meter.csv_broken", sheet.where(row + 1)) from error


def _csv_tail(sheet: Sheet) -> tuple[str, ...]:
    size = sheet.path.stat().st_size
    if sheet.encoding.startswith("utf-16"):
        return ()
    with sheet.path.open("rb") as file:
        file.seek(max(0, size - 8192))
        # the first line may start inside a character or a cell; the last ones do not
        text = file.read().decode(sheet.encoding, "replace")
    lines = text.splitlines()[1:] or text.splitlines()
    rows = list(csv.reader(lines, delimiter=sheet.delimiter))
    return next((tuple(r) for r in reversed(rows) if sum(map(bool, r)) > 1), ())


# Workbooks ------------------------------------------------------------------------------------------


def _excel(path: Path, wanted: str | None, limit: int) -> Iterator[Sheet]:
    import python_calamine as calamine

    where = Where(path.name, wanted)
    try:
        with calamine.CalamineWorkbook.from_path(str(path)) as book:
            visible = [
                s.name
                for s in book.sheets_metadata
                if s.typ == calamine.SheetTypeEnum.WorkSheet
                and s.visible == calamine.SheetVisibleEnum.Visible
            ]
            if wanted and wanted not in book.sheet_names:
                raise refusal("meter.no_sheet", where)
            for name in [wanted] if wanted else visible:
                yield _excel_sheet(path, book.get_sheet_by_name(name), limit)
    except calamine.PasswordError as error:
        raise refusal("meter.encrypted", where) from error
    except calamine.CalamineError as error:
        raise refusal("meter.damaged", where) from error


def _excel_sheet(path: Path, sheet: object, limit: int) -> Sheet:
    from tanlin.meter.formulas import uncached

    name = str(sheet.name)  # type: ignore[attr-defined]
    cells = sheet.to_python(skip_empty_area=False)  # type: ignore[attr-defined]
    rows = [[_text(cell) for cell in line] for line in cells]
    for row, column, formula in uncached(path, name):
        if row <= len(rows) and column <= len(rows[row - 1]):
            rows[row - 1][column - 1] = formula
    merged = sheet.merged_cell_ranges or ()  # type: ignore[attr-defined]
    merges = tuple((t + 1, c + 1, b + 1, r + 1) for (t, c), (b, r) in merged)
    head = tuple(map(tuple, rows[:limit]))
    tail = next((tuple(r) for r in reversed(rows) if sum(map(bool, r)) > 1), ())
    return Sheet(path, path.name, name, "excel", head, tail, merges=merges, rows=rows)


def _text(cell: object) -> str:
    if isinstance(cell, str):
        return cell.strip()
    if isinstance(cell, bool):
        return str(cell).upper()
    if isinstance(cell, float | int):
        if abs(cell) >= 1e15:  # a spreadsheet keeps 15 digits; mark what is lost
            return f"{cell:.15E}"
        return str(int(cell)) if cell == int(cell) else repr(cell)
    if isinstance(cell, dt.datetime):
        cell = (cell + dt.timedelta(microseconds=500_000)).replace(microsecond=0)
        return str(cell.date() if cell.time() == dt.time() else cell)
    if isinstance(cell, dt.timedelta):
        seconds = round(cell.total_seconds())
        return f"{seconds // 3600}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
    return str(cell)


# Parquet --------------------------------------------------------------------------------------------


def _parquet(path: Path, limit: int) -> Sheet:
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            names = tuple(file.schema_arrow.names)
            first = next(file.iter_batches(batch_size=limit), None)
            groups = file.metadata.num_row_groups
            last = file.read_row_group(groups - 1) if groups else None
    except (pa.ArrowException, OSError) as error:
        raise refusal("meter.damaged", Where(path.name)) from error
    if first is None or last is None or not first.num_rows:
        raise refusal("meter.no_data", Where(path.name))
    tail = _texts(last.slice(last.num_rows - 1).columns)[0]
    return Sheet(path, path.name, "", "parquet", (names, *_texts(first.columns)), tail)


def _texts(columns: Sequence[pa.Array | pa.ChunkedArray]) -> list[tuple[str, ...]]:
    lists = [[_plain(v) for v in column.to_pylist()] for column in columns]
    return list(zip(*lists, strict=True))


def _plain(value: object) -> str:
    return "" if value is None else _text(value)


def _parquet_blocks(path: Path, after: int, size: int) -> Iterator[Block]:
    import pyarrow.parquet as pq

    row = 2
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(batch_size=max(size, CHUNK)):
            skip = max(0, after + 1 - row)
            if skip < batch.num_rows:
                part = batch.slice(skip)
                rows = np.arange(row + skip, row + batch.num_rows, dtype=np.int64)
                yield Block(rows, part.columns)
            row += batch.num_rows
