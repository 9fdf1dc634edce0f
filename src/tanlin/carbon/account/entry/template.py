"""The workbook people fill in: one sheet for the rows, one that lists the streams with their units."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from tanlin.carbon.account.entry.amounts import units_of
from tanlin.carbon.account.entry.cells import SOURCES
from tanlin.carbon.account.entry.sheet import COLUMNS
from tanlin.carbon.account.streams import streams
from tanlin.kernel.errors import Text

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

ROWS = 500
_SHEET = Text("活动数据", "Activity data")
_LIST = Text("项目清单", "Streams")
_TITLES = (
    Text("项目", "stream"),
    Text("可用单位", "units that fit"),
    Text("GPC 编号", "GPC reference"),
    Text("范围", "scope"),
    Text("默认不确定度（%，项目默认值）", "default uncertainty (%, project default)"),
    Text("归类依据", "why there"),
    Text("代码", "key"),
)
_DAY = "yyyy-mm-dd"


def template(language: str = "zh") -> bytes:
    """An XLSX file with the columns of :data:`~tanlin.carbon.account.entry.sheet.COLUMNS`, empty, with lists to choose from."""
    from openpyxl import Workbook

    book = Workbook()
    sheet = book.active
    sheet.title = _SHEET.pick(language)
    sheet.append([title.pick(language) for title, _ in COLUMNS.values()])
    listed = book.create_sheet(_LIST.pick(language))
    listed.append([title.pick(language) for title in _TITLES])
    for stream in streams().values():
        listed.append(
            [
                stream.name.pick(language),
                units_of(stream).pick(language),
                stream.ref,
                stream.scope,
                stream.default_pct,
                stream.source,
                stream.key,
            ]
        )
    _style(sheet, listed, language)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _style(sheet: Worksheet, listed: Worksheet, language: str) -> None:
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter
    from openpyxl.worksheet.datavalidation import DataValidation

    column = {name: get_column_letter(i) for i, name in enumerate(COLUMNS, 1)}
    chosen = {
        "stream": f"'{listed.title}'!$A$2:$A${listed.max_row}",
        "source": '"' + ",".join(name.pick(language) for name in SOURCES.values()) + '"',
    }
    for name, formula in chosen.items():
        rule = DataValidation(type="list", formula1=formula, allow_blank=True)
        rule.add(f"{column[name]}2:{column[name]}{ROWS}")
        sheet.add_data_validation(rule)
    for name in ("first_day", "last_day"):
        for row in range(2, ROWS + 1):
            sheet[f"{column[name]}{row}"].number_format = _DAY
    for page, widths in (
        (sheet, (32, 16, 12, 12, 12, 10, 10, 12, 30)),
        (listed, (36, 24, 10, 6, 16, 48, 26)),
    ):
        page.freeze_panes = "A2"
        for i, width in enumerate(widths, 1):
            page.column_dimensions[get_column_letter(i)].width = width
        for cell in page[1]:
            cell.font = Font(bold=True)
