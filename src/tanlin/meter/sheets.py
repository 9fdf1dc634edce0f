"""Tables as community workers keep them, read as plain text cells: CSV, XLSX, XLS and Parquet.

The content decides what a file is, not its name. CSV and Parquet are streamed; a workbook is read sheet
by sheet. Row numbers are those a person sees in a spreadsheet (1-based, blank rows counted).
"""

from __future__ import annotations

import datetime as dt
import itertools
import math
import zipfile
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, NamedTuple
from xml.etree.ElementTree import ParseError

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tanlin.kernel.errors import BadInput, Where
from tanlin.meter import textfile
from tanlin.meter.archive import MAX_CELLS, measure
from tanlin.meter.problems import refusal
from tanlin.meter.protocols import tables

HEAD = 2000
CHUNK = 65_536
#: Rows of one file. Checking takes some 200 bytes a row, so this holds a check below 4 GB.
MAX_ROWS = 20_000_000
#: Characters of one cell: as many as a spreadsheet keeps.
MAX_CELL = 32_767
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
#: Unpacked bytes of one row group of a Parquet file, as its footer states them; writers keep to a tenth.
MAX_GROUP = 1 << 30
_PARTS = {"word/document.xml": "DOCX", "xl/workbook.bin": "XLSB", "content.xml": "ODS"}
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
    (top, left, bottom, right). ``hidden`` names the sheets of the workbook that are not shown and not read.
    In Parquet the column names are row 1; so they are in the ``table`` that a Green Button or charging file
    is turned into, with the quality of each row below and what was left out.
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
    hidden: tuple[str, ...] = ()
    rows: list[list[str]] | None = field(default=None, repr=False, compare=False)
    table: pa.Table | None = field(default=None, repr=False, compare=False)
    quality: pa.Array | None = field(default=None, repr=False, compare=False)
    problems: tuple[BadInput, ...] = ()

    def where(self, row: int | None = None, column: str | None = None) -> Where:
        return Where(self.file, self.name or None, row, column)

    @property
    def whole(self) -> bool:
        """Does ``head`` hold every row?"""
        return self.kind == "excel" and len(self.rows or ()) == len(self.head)

    def blocks(self, after: int = 0, size: int = CHUNK) -> Iterator[Block]:
        """Rows below row ``after``, at most ``size`` a block."""
        if self.kind == "parquet":
            whole = self.table
            yield from (
                _parquet_blocks(self.path, after, size) if whole is None else _blocks(whole, after, size)
            )
            return
        records = textfile.Records(self.path, self.encoding, self.delimiter, self.where())
        source = itertools.islice(records if self.rows is None else self.rows, after, None)
        row = after + 1
        for chunk in textfile.chunks(source, size, records):
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
    elif kind == "csv":
        found = [_csv(path, limit)]
    else:
        found = [s for s in _protocol(path, kind, limit) if sheet in (None, s.name)]
    if sheet and kind != "excel" and (not found or sheet != found[0].name):
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


def _kind(path: Path, where: Where) -> Literal["csv", "excel", "parquet"] | tables.Kind:
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
    if protocol := tables.kind_of(start):
        return protocol
    if start.lstrip(b"\xef\xbb\xbf \r\n\t").lower().startswith((b"<html", b"<!doctype", b"<table", b"<?xml")):
        raise refusal("meter.wrong_type", where, found="HTML / XML")
    return "csv"


def _zip_kind(path: Path, where: Where) -> Literal["excel"]:
    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError) as error:  # also for names and versions
        raise refusal("meter.damaged", where) from error
    names = {part.filename for part in parts}
    if "xl/workbook.xml" not in names:
        found = next((kind for name, kind in _PARTS.items() if name in names), "ZIP")
        raise refusal("meter.wrong_type", where, found=found)
    measure(path, parts)
    return "excel"


# CSV ------------------------------------------------------------------------------------------------


def _csv(path: Path, limit: int) -> Sheet:
    encoding = textfile.encoding(path)
    with path.open(encoding=encoding, newline="") as reader:
        sample = reader.read(65_536)
    if any(c < " " and c not in "\t\r\n\f\x1a" for c in sample):
        raise refusal("meter.wrong_type", Where(path.name), found="binary")
    delimiter = textfile.delimiter(sample)
    records = textfile.Records(path, encoding, delimiter, Where(path.name))
    head = tuple(map(tuple, itertools.islice(records, limit)))
    tail = textfile.last_row(path, encoding, delimiter)
    tail = tail or next((r for r in reversed(head) if any(r)), ())
    return Sheet(path, path.name, "", "csv", head, tail, encoding, delimiter)


# Workbooks ------------------------------------------------------------------------------------------


def _excel(path: Path, wanted: str | None, limit: int) -> Iterator[Sheet]:
    import python_calamine as calamine

    where = Where(path.name, wanted)
    try:
        with calamine.CalamineWorkbook.from_path(str(path)) as book:
            pages = [s for s in book.sheets_metadata if s.typ == calamine.SheetTypeEnum.WorkSheet]
            visible = [s.name for s in pages if s.visible == calamine.SheetVisibleEnum.Visible]
            hidden = () if wanted else tuple(s.name for s in pages if s.name not in visible)
            if wanted and wanted not in book.sheet_names:
                raise refusal("meter.no_sheet", where)
            for name in [wanted] if wanted else visible:
                yield _excel_sheet(path, book.get_sheet_by_name(name), limit, hidden)
    except calamine.PasswordError as error:
        raise refusal("meter.encrypted", where) from error
    except (
        calamine.CalamineError,
        zipfile.BadZipFile,
        ParseError,
    ) as error:  # also where formulas are looked for
        raise refusal("meter.damaged", where) from error


def _excel_sheet(path: Path, sheet: object, limit: int, hidden: tuple[str, ...]) -> Sheet:
    from tanlin.meter.formulas import uncached

    name = str(sheet.name)  # type: ignore[attr-defined]
    height, width = int(sheet.total_height), int(sheet.total_width)  # type: ignore[attr-defined]
    if height * width > MAX_CELLS:
        raise refusal("meter.too_many_cells", Where(path.name, name), rows=height, columns=width)
    cells = sheet.to_python(skip_empty_area=False)  # type: ignore[attr-defined]
    rows = [[_text(cell) for cell in line] for line in cells]
    _refuse_long(path, name, rows)
    for row, column, formula in uncached(path, name):
        if row <= len(rows) and column <= len(rows[row - 1]):
            rows[row - 1][column - 1] = formula
    merged = sheet.merged_cell_ranges or ()  # type: ignore[attr-defined]
    merges = tuple((t + 1, c + 1, b + 1, r + 1) for (t, c), (b, r) in merged)
    head = tuple(map(tuple, rows[:limit]))
    tail = next((tuple(r) for r in reversed(rows) if sum(map(bool, r)) > 1), ())
    return Sheet(path, path.name, name, "excel", head, tail, merges=merges, hidden=hidden, rows=rows)


def _refuse_long(path: Path, name: str, rows: list[list[str]]) -> None:
    for number, line in enumerate(rows, 1):
        if max(map(len, line), default=0) > MAX_CELL:
            column = next(i for i, cell in enumerate(line) if len(cell) > MAX_CELL)
            where = Where(path.name, name, number, rows[0][column][:40] or str(column + 1))
            raise refusal("meter.long_cell", where, limit=MAX_CELL)


def _text(cell: object) -> str:
    if isinstance(cell, str):
        return cell.strip()
    if isinstance(cell, bool):
        return str(cell).upper()
    if isinstance(cell, float | int):
        if math.isnan(cell):
            return "NaN"
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


def _parquet_file(path: Path) -> Any:
    """The open file; texts stay coded, so that one used a million times is held once."""
    import pyarrow.parquet as pq

    texts = [f.name for f in pq.read_schema(path) if pa.types.is_string(f.type)]
    return pq.ParquetFile(path, read_dictionary=texts)


def _batches(path: Path, file: Any, **how: Any) -> Iterator[pa.RecordBatch]:
    """Batches of rows whose texts a spreadsheet could hold. Raises BadInput with the column of a longer one."""
    for batch in file.iter_batches(**how):
        for name, column in zip(batch.schema.names, batch.columns, strict=True):
            if pa.types.is_dictionary(column.type) and pa.types.is_string(column.type.value_type):
                longest = pc.max(pc.utf8_length(column.dictionary)).as_py() or 0
                if longest > MAX_CELL:
                    raise refusal("meter.long_cell", Where(path.name, column=name), limit=MAX_CELL)
        yield batch


def _parquet(path: Path, limit: int) -> Sheet:
    where = Where(path.name)
    try:
        with _parquet_file(path) as file:
            if file.metadata.num_rows > MAX_ROWS:
                raise refusal("meter.too_many_rows", where, limit=MAX_ROWS)
            if file.metadata.num_columns > textfile.MAX_COLUMNS:
                raise refusal("meter.too_many_columns", where, limit=textfile.MAX_COLUMNS)
            groups = range(file.num_row_groups)
            if any(file.metadata.row_group(n).total_byte_size > MAX_GROUP for n in groups):
                raise refusal("meter.too_big", where, limit=MAX_GROUP >> 20)
            names = tuple(file.schema_arrow.names)
            for column in file.schema_arrow:
                if pa.types.is_nested(column.type):
                    where = Where(path.name, column=column.name, value=str(column.type))
                    raise refusal("meter.column_type", where)
            first = next(_batches(path, file, batch_size=limit), None)
            last = deque(_batches(path, file, row_groups=list(groups[-1:])), maxlen=1) if groups else None
    except (pa.ArrowException, OSError) as error:
        raise refusal("meter.damaged", where) from error
    if first is None or not last or not first.num_rows:
        raise refusal("meter.no_data", where)
    tail = _texts(last[0].slice(last[0].num_rows - 1).columns)[0]
    return Sheet(path, path.name, "", "parquet", (names, *_texts(first.columns)), tail)


def _protocol(path: Path, kind: tables.Kind, limit: int) -> Iterator[Sheet]:
    """The tables of a Green Button file or of charging orders (T/CEC 102)."""
    with path.open("rb") as file:
        found = tables.read(kind, file, path.name)
    for one in found:
        names, columns = tuple(one.columns.column_names), one.columns
        head = (names, *_texts(columns.slice(0, limit - 1).columns))
        tail = _texts(columns.slice(columns.num_rows - 1).columns)[0]
        yield Sheet(
            path,
            path.name,
            one.name,
            "parquet",
            head,
            tail,
            table=columns,
            quality=one.quality,
            problems=one.problems,
        )


def _blocks(table: pa.Table, after: int, size: int) -> Iterator[Block]:
    row = max(after + 1, 2)  # row 1 holds the names
    for batch in table.slice(row - 2).to_batches(max_chunksize=size):
        yield Block(np.arange(row, row + batch.num_rows, dtype=np.int64), batch.columns)
        row += batch.num_rows


def _texts(columns: Sequence[pa.Array | pa.ChunkedArray]) -> list[tuple[str, ...]]:
    lists = [[_plain(v) for v in column.to_pylist()] for column in columns]
    return list(zip(*lists, strict=True))


def _plain(value: object) -> str:
    return "" if value is None else _text(value)


def _parquet_blocks(path: Path, after: int, size: int) -> Iterator[Block]:
    row = 2
    try:
        with _parquet_file(path) as file:
            for batch in _batches(path, file, batch_size=max(size, CHUNK)):
                skip = max(0, after + 1 - row)
                if skip < batch.num_rows:
                    part = batch.slice(skip)
                    yield Block(np.arange(row + skip, row + batch.num_rows, dtype=np.int64), part.columns)
                row += batch.num_rows
    except (pa.ArrowException, OSError) as error:
        raise refusal("meter.damaged", Where(path.name, row=row)) from error
