"""台账: the same table as a sheet and as XLSX, stating its unit, period and people, and computing nothing."""

import io
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook

from tanlin.record import register as registers
from tanlin.record import services
from tanlin.record.register import Register
from tests.record.test_office_pages import login, page

CELLS = st.none() | st.integers(-(10**9), 10**9) | st.text(max_size=20) | st.dates()


def made(rows: list[list[Any]], columns: list[str] | None = None, **more: Any) -> Register:
    fields = {
        "title": "甲社区设备台账",
        "unit": "甲社区",
        "period": "截至 2026-11-20",
        "author": "李敏",
    } | more
    return Register(columns=columns or ["名称", "数量"], rows=rows, **fields)


def cells(register: Register) -> list[list[Any]]:
    sheet = load_workbook(io.BytesIO(registers.workbook(register))).worksheets[0]
    return [list(row) for row in sheet.iter_rows(values_only=True)]


@given(st.lists(st.lists(CELLS, min_size=2, max_size=2), max_size=5))
def test_no_cell_of_the_workbook_is_a_formula(rows: list[list[Any]]):
    book = load_workbook(io.BytesIO(registers.workbook(made(rows))))
    for row in book.worksheets[0].iter_rows():
        for cell in row:
            assert cell.data_type != "f"
            if isinstance(cell.value, str):
                assert not cell.value.startswith(("=", "+", "-", "@"))


@pytest.mark.parametrize("attack", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "=cmd|' /C calc'!A0"])
def test_a_text_like_a_formula_becomes_a_text(attack: str):
    assert registers.safe(attack).startswith("'")


def test_numbers_stay_numbers_and_unknown_stays_empty():
    found = cells(made([["灯", -3], ["桩", None]]))
    assert (found[3][:3], found[4][2]) == ([1, "灯", -3], None)


def test_the_sheet_states_title_unit_period_and_people():
    found = cells(made([["灯", 3]], reviewer="王强", made=date(2026, 11, 20)))
    assert found[0][0] == "甲社区设备台账"
    assert found[1][0] == "填报单位：甲社区  统计期间：截至 2026-11-20  生成日期：2026-11-20"
    assert found[2][:3] == ["序号", "名称", "数量"]
    assert found[-1][0] == "填报人：李敏    审核人：王强"


def test_demonstration_data_says_so_in_the_file():
    assert registers.DEMONSTRATION in cells(made([["灯", 3]], demo=True))[1]


def test_a_unit_that_looks_like_a_formula_is_no_formula():
    assert all(
        not str(cell).startswith("=") for row in cells(made([], title="=1+1", unit="=2")) for cell in row
    )


def test_it_prints_on_a4_and_across_when_wide():
    narrow, wide = made([]), made([], [str(n) for n in range(9)])
    sheets = [load_workbook(io.BytesIO(registers.workbook(each))).worksheets[0] for each in (narrow, wide)]
    assert [(str(s.page_setup.paperSize), s.page_setup.orientation) for s in sheets] == [
        ("9", "portrait"),
        ("9", "landscape"),
    ]


def test_a_row_of_another_length_is_refused():
    with pytest.raises(ValueError, match="row 1"):
        made([["灯"]])


def test_cells_are_printed_plainly():
    row = [None, 3, date(2026, 1, 2), datetime(2026, 1, 2, 3, 4, tzinfo=UTC), True, ""]
    printed = made([row], [str(n) for n in range(6)]).printed()[0]
    assert [text for text, _ in printed] == ["–", "3", "2026-01-02", "2026-01-02 03:04", "True", "–"]
    assert [numeric for _, numeric in printed] == [False, True, False, False, False, False]


@pytest.mark.parametrize("table", ["notices", "jobs", "events"])
def test_each_list_of_the_record_is_a_register(world: Any, table: str):
    services.write_notice(
        world.users["worker"], world.a, services.NoticeText("notice", "=停水通知", "明日上午停水。")
    )
    client = login(world.users["worker"])
    path = f"/place/{world.a.slug}/record/register/{table}"
    text = page(client, f"{path}.print")
    assert "甲社区" in text and "填报人" in text and "审核人" in text and "<script" not in text
    answer = client.get(f"{path}.xlsx")
    assert answer.headers["Content-Type"] == registers.XLSX
    sheet = load_workbook(io.BytesIO(answer.content)).worksheets[0]
    said = [str(cell) for row in sheet.iter_rows(values_only=True) for cell in row if cell is not None]
    assert table == "jobs" or any("停水通知" in each for each in said)
    assert client.get(f"/place/{world.a.slug}/record/register/poems.print").status_code == 404


def test_the_register_of_the_log_needs_the_right_to_it(world: Any):
    path = f"/place/{world.a.slug}/record/register/events.print"
    assert login(world.users["grid"]).get(path).status_code == 403
