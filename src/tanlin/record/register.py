"""台账: any table as a register for inspection, and as XLSX; pure but for the workbook, which is loaded on first use."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final

#: A cell that begins so is a formula, or reaches a program, in a spreadsheet (OWASP, CSV Injection).
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n")
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
#: From so many columns on a register is printed across.
WIDE: Final = 8
DEMONSTRATION: Final = "演示数据·非真实监测数据 Demonstration data"


@dataclass(frozen=True)
class Words:
    """The printed words around the table, in the language of the page."""

    unit: str = "填报单位"
    period: str = "统计期间"
    author: str = "填报人"
    reviewer: str = "审核人"
    made: str = "生成日期"
    number: str = "序号"


@dataclass(frozen=True)
class Register:
    """A table with what a register states of itself. ``unit``: who keeps it; ``period`` as printed.

    ``rows`` hold text, numbers, days or None; a row has a cell for each column. Raises ValueError otherwise.
    """

    title: str
    unit: str
    period: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]
    author: str = ""
    reviewer: str = ""
    made: date | None = None
    demo: bool = False
    words: Words = field(default_factory=Words)

    def __post_init__(self) -> None:
        for number, row in enumerate(self.rows, 1):
            if len(row) != len(self.columns):
                raise ValueError(f"row {number} has {len(row)} cells, the table {len(self.columns)} columns")

    @property
    def is_wide(self) -> bool:
        return len(self.columns) >= WIDE

    def printed(self) -> list[list[tuple[str, bool]]]:
        """The rows as text, each cell with whether it is a number and stands to the right."""
        return [[(text(cell), is_number(cell)) for cell in row] for row in self.rows]


def is_number(cell: Any) -> bool:
    """Whether a cell is a number; a truth value is a word."""
    return isinstance(cell, int | float) and not isinstance(cell, bool)


def text(cell: Any) -> str:
    """A cell as printed: unknown as a dash, days in ISO form."""
    if cell is None or cell == "":
        return "–"
    if isinstance(cell, datetime):
        return cell.strftime("%Y-%m-%d %H:%M")
    return cell.isoformat() if isinstance(cell, date) else str(cell)


def safe(cell: Any) -> Any:
    """A cell that no spreadsheet computes: a text that begins like a formula gets an apostrophe before it."""
    if cell is None or is_number(cell):
        return cell
    plain = _CONTROL.sub("", text(cell))
    return f"'{plain}" if plain.startswith(_FORMULA) else plain


def workbook(register: Register) -> bytes:
    """The register as XLSX: title and what it states of itself, the table numbered, and the people below; A4."""
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Alignment, Font

    words = register.words
    book = Workbook(write_only=True)
    sheet = book.create_sheet(re.sub(r"[\[\]:*?/\\]", " ", register.title)[:31] or "1")
    sheet.page_setup.paperSize = 9  # A4 (ECMA-376 part 1, 18.3.1.63)
    sheet.page_setup.orientation = "landscape" if register.is_wide else "portrait"
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    sheet.freeze_panes = "A4"
    sheet.print_title_rows = "1:3"
    for column, width in zip("ABCDEFGHIJKLMNOPQRSTUVWXYZ", widths(register), strict=False):
        sheet.column_dimensions[column].width = width

    def bold(value: Any, size: int = 11) -> Any:
        cell = WriteOnlyCell(sheet, safe(value))
        cell.font, cell.alignment = Font(bold=True, size=size), Alignment(wrap_text=size == 11)
        return cell

    sheet.append([bold(register.title, 16)])
    made = f"{words.made}：{text(register.made)}"
    mark = [DEMONSTRATION] if register.demo else []
    sheet.append([f"{words.unit}：{register.unit}  {words.period}：{register.period}  {made}", *mark])
    sheet.append([bold(label) for label in (words.number, *register.columns)])
    for number, row in enumerate(register.rows, 1):
        sheet.append([number, *(safe(cell) for cell in row)])
    sheet.append([])
    sheet.append([f"{words.author}：{register.author}    {words.reviewer}：{register.reviewer}"])
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def widths(register: Register) -> list[float]:
    """Column widths in characters from the longest text, a Chinese sign counted twice, between 6 and 40."""
    found: list[float] = [6.0]
    for place, label in enumerate(register.columns):
        texts = [str(label), *(text(row[place]) for row in register.rows[:500])]
        longest = max(sum(2 if ord(sign) > 0x2E80 else 1 for sign in each) for each in texts)
        found.append(float(min(max(longest + 2, 6), 40)))
    return found
