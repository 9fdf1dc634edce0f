"""Sheets of an XLSX file ready to print: title, heading, table on A4. Text never runs as a formula; formulas say so."""

from __future__ import annotations

import io
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from tanlin.kernel.errors import Text
from tanlin.meter import safe_cell

DEMONSTRATION = Text("演示数据·非真实监测数据", "Demonstration data, not measured")
CONTENT_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_WIDEST = 60


class Formula(NamedTuple):
    """A formula of a cell, without its ``=``. Only code makes one: what people wrote stays text."""

    text: str


class Head(NamedTuple):
    """A column: its title and how its numbers are printed ("" as they are)."""

    title: Text
    number: str = ""


class Sheet:
    """A sheet that is written downwards, in one language; ``boxed``: its tables have lines around their cells."""

    def __init__(
        self, book: Any, title: str, lang: str, *, landscape: bool = True, boxed: bool = False
    ) -> None:
        self.sheet, self.lang, self.row = book.create_sheet(title), lang, 0
        self.name, self.boxed, self._formats = title, boxed, [""]
        self._said: set[int] = set()
        setup = self.sheet.page_setup
        setup.paperSize = int(self.sheet.PAPERSIZE_A4)
        setup.orientation = "landscape" if landscape else "portrait"
        setup.fitToWidth, setup.fitToHeight = 1, 0
        self.sheet.sheet_properties.pageSetUpPr.fitToPage = True

    def say(
        self, text: Text | str, *, bold: bool = False, size: int = 11, merge: int = 0, high: int = 1
    ) -> int:
        """A line of text, centred over ``merge`` columns if any, or a note ``high`` lines high; its row number."""
        from openpyxl.styles import Alignment, Font

        self.row += 1
        at = self.row
        self._said.add(at)
        cell = self.sheet.cell(at, 1, self._plain(text))
        cell.font = Font(bold=bold, size=size)
        if merge:
            self.sheet.merge_cells(start_row=at, end_row=at, start_column=1, end_column=merge)
            side = "center" if high == 1 else "left"
            cell.alignment = Alignment(horizontal=side, vertical="center", wrap_text=True)
            self.sheet.row_dimensions[at].height = 1.5 * size * high
        return at

    def head(self, columns: Sequence[Head], *, repeat: bool = True) -> int:
        """The heading of a table; on paper it stands on each page. Its row number."""
        from openpyxl.styles import Alignment, Font, PatternFill

        self._formats = [""] * len(columns)
        at = self.write([column.title for column in columns])
        self._formats = [column.number for column in columns]
        for cell, column in zip(self.sheet[at], columns, strict=False):
            cell.font, cell.fill = Font(bold=True), PatternFill("solid", fgColor="E8EEF0")
            side = "right" if column.number else "left"
            cell.alignment = Alignment(wrap_text=True, vertical="center", horizontal=side)
        if repeat:
            self.sheet.print_title_rows = f"{at}:{at}"
            self.sheet.freeze_panes = f"A{at + 1}"
        return at

    def write(self, cells: Sequence[Any], *, bold: bool = False) -> int:
        """A row of texts, numbers, Text in both languages and Formula; None stays empty. Its row number."""
        from openpyxl.styles import Font

        self.row += 1
        for column, value in enumerate(cells, start=1):
            if self.boxed:
                self.sheet.cell(self.row, column).border = _box()
            if value is None:
                continue
            cell = self.sheet.cell(self.row, column, self._plain(value))
            if column <= len(self._formats) and self._formats[column - 1]:
                cell.number_format = self._formats[column - 1]
            if bold:
                cell.font = Font(bold=True)
        return self.row

    def _plain(self, value: Any) -> Any:
        if isinstance(value, Formula):
            return f"={value.text}"
        if isinstance(value, Text):
            value = value.pick(self.lang)
        if isinstance(value, bool):
            value = Text("是" if value else "否", "yes" if value else "no").pick(self.lang)
        return safe_cell(value)

    def gap(self) -> None:
        """An empty row; numbers after it are printed as they are."""
        self.row += 1
        self._formats = [""]

    def fit(self) -> None:
        """Columns as wide as their longest text in tables, Chinese counting double."""
        from openpyxl.utils import get_column_letter

        for number, column in enumerate(self.sheet.iter_cols(), start=1):
            texts = [
                str(c.value)
                for c in column
                if c.value is not None and c.row not in self._said and not str(c.value).startswith("=")
            ]
            width = max((sum(2 if ord(ch) > 255 else 1 for ch in text) for text in texts), default=8)
            self.sheet.column_dimensions[get_column_letter(number)].width = min(max(width + 2, 10), _WIDEST)


@lru_cache(maxsize=1)
def _box() -> Any:
    from openpyxl.styles import Border, Side

    thin = Side(style="thin")
    return Border(left=thin, right=thin, top=thin, bottom=thin)


def quoted(name: str) -> str:
    """The name of a sheet as formulas write it."""
    return "'" + name.replace("'", "''") + "'"


def workbook() -> Any:
    """An empty book."""
    from openpyxl import Workbook

    book = Workbook()
    book.remove(book.active)
    return book


def saved(book: Any) -> bytes:
    """The file."""
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()
