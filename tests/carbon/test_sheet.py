"""Sheets of activity data, good and broken: what is read, and what is told of each bad cell."""

from __future__ import annotations

import zipfile
from datetime import date
from pathlib import Path

import openpyxl
import pytest

from tanlin.carbon.account.entry.sheet import MAX_ROWS, read_sheet
from tanlin.carbon.account.entry.template import template
from tanlin.carbon.account.streams import streams
from tanlin.kernel.errors import BadInput

TODAY = date(2026, 11, 20)
HEADER = ["项目", "起", "止", "数量", "单位", "来源"]
GOOD = ["垃圾焚烧", "2025-01-01", "2025-12-31", 12.5, "吨", "单据"]


def workbook(path: Path, *rows: list, header: list | None = None) -> Path:
    book = openpyxl.Workbook()
    for row in (header or HEADER, *rows):
        book.active.append(row)
    book.save(path)
    return path


def text(path: Path, *rows: list, header: list | None = None) -> Path:
    lines = [",".join(map(str, row)) for row in (header or HEADER, *rows)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def only_problem(path: Path) -> BadInput:
    parsed = read_sheet(path, TODAY)
    assert not parsed.rows and len(parsed.problems) == 1, parsed
    return parsed.problems[0]


def test_a_workbook(tmp_path):
    parsed = read_sheet(workbook(tmp_path / "a.xlsx", GOOD), TODAY)
    row = parsed.rows[0]
    assert (row.stream, row.amount, row.source, row.stated) == (
        "waste_incineration",
        12500.0,
        "document",
        "12.5 吨",
    )
    assert (row.first_day, row.last_day, row.where.row) == (date(2025, 1, 1), date(2025, 12, 31), 2)
    assert not parsed.problems


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_csv_of_any_usual_encoding(tmp_path, encoding):
    path = tmp_path / "a.csv"
    path.write_bytes((",".join(HEADER) + "\n" + ",".join(map(str, GOOD)) + "\n").encode(encoding))
    assert read_sheet(path, TODAY).rows[0].amount == 12500.0


def test_english_words(tmp_path):
    header = ["stream", "first_day", "last_day", "amount", "unit", "source", "uncertainty_pct", "note"]
    row = ["metro", "2025-03", "2025-03", "1,200.5", "pkm", "survey", "40%", "sample of 120 homes"]
    path = workbook(tmp_path / "a.xlsx", row, header=header)
    found = read_sheet(path, TODAY).rows[0]
    assert (found.last_day, found.amount, found.uncertainty_pct) == (date(2025, 3, 31), 1200.5, 40.0)
    assert found.note == "sample of 120 homes"


def test_a_year_and_a_month_stand_for_their_days(tmp_path):
    path = text(tmp_path / "a.csv", ["地铁", 2024, 2024, 1, "pkm", "调查"], header=HEADER)
    assert read_sheet(path, TODAY).problems[0].code == "carbon.unknown_stream"
    path = text(tmp_path / "b.csv", ["metro", 2024, 2024, 1, "pkm", "调查"])
    found = read_sheet(path, TODAY).rows[0]
    assert (found.first_day, found.last_day) == (date(2024, 1, 1), date(2024, 12, 31))


def test_dates_of_a_spreadsheet(tmp_path):
    row = [*GOOD]
    row[1], row[2] = date(2025, 2, 1), date(2025, 2, 28)
    assert read_sheet(workbook(tmp_path / "a.xlsx", row), TODAY).rows[0].first_day == date(2025, 2, 1)


def test_blank_rows_and_titles_above_are_passed_over(tmp_path):
    path = workbook(tmp_path / "a.xlsx", HEADER, [None] * 6, GOOD, header=["某社区 2025 年活动数据"])
    found = read_sheet(path, TODAY)
    assert [row.where.row for row in found.rows] == [4]


@pytest.mark.parametrize(
    ("at", "value", "code", "column"),
    [
        (0, "垃圾焚烧厂", "carbon.unknown_stream", "项目"),
        (0, "", "carbon.unknown_stream", "项目"),
        (3, -4, "carbon.amount_negative", "数量"),
        (3, "约十吨", "carbon.no_number", "数量"),
        (3, "", "carbon.no_number", "数量"),
        (3, "1" * 30, "carbon.no_number", "数量"),
        (3, "1e300", "carbon.amount_large", "数量"),
        (3, "=1+1", "carbon.cell_formula", "数量"),
        (4, "立方米", "carbon.activity_unit", "单位"),
        (4, "", "carbon.activity_unit", "单位"),
        (1, "2026-01-01", "carbon.days_cross", "止"),
        (1, "2020-01-01", "carbon.days_long", "止"),
        (2, "2027-01-31", "carbon.day_future", "止"),
        (2, "三月底", "carbon.bad_day", "止"),
        (2, "31/12/2025", "carbon.bad_day", "止"),
        (5, "听说", "carbon.unknown_source", "来源"),
    ],
)
@pytest.mark.parametrize("write", [workbook, text])
def test_a_bad_cell_is_named(tmp_path, write, at, value, code, column):
    if write is text and value == "=1+1":
        value = '"=1+1"'
    row = [*GOOD]
    row[at] = value
    if code == "carbon.day_future":
        row[1] = "2026-10-01"
    if code == "carbon.days_cross":
        row[2] = "2025-12-31"
    error = only_problem(write(tmp_path / ("a.xlsx" if write is workbook else "a.csv"), row))
    assert (error.code, error.where.row, error.where.column) == (code, 2, column)
    assert error.remedy is not None and error.remedy.zh and error.remedy.en


@pytest.mark.parametrize("value", ["-1", "501", "很高"])
def test_a_bad_percentage(tmp_path, value):
    path = text(tmp_path / "a.csv", [*GOOD, value], header=[*HEADER, "不确定度"])
    assert only_problem(path).where.column == "不确定度"


def test_several_bad_cells_of_a_row_are_all_told(tmp_path):
    parsed = read_sheet(text(tmp_path / "a.csv", ["无", "?", "?", "x", "吨", "?"]), TODAY)
    assert [error.where.column for error in parsed.problems] == ["项目", "数量", "起", "止", "来源"]


def test_good_rows_stand_beside_bad_ones(tmp_path):
    parsed = read_sheet(text(tmp_path / "a.csv", GOOD, ["无", *GOOD[1:]]), TODAY)
    assert len(parsed.rows) == 1 and parsed.problems[0].where.row == 3


@pytest.mark.parametrize(
    ("word", "offered"),
    [("垃圾焚烧量", "垃圾焚烧"), ("堆肥", "堆肥（边界内）"), ("柴油", "柴油发电机与锅炉")],
)
def test_near_names_are_offered(tmp_path, word, offered):
    assert offered in only_problem(text(tmp_path / "a.csv", [word, *GOOD[1:]])).remedy.zh


def test_an_equal_row_is_told(tmp_path):
    parsed = read_sheet(text(tmp_path / "a.csv", GOOD, GOOD), TODAY)
    assert len(parsed.rows) == 1
    assert (parsed.problems[0].code, parsed.problems[0].where.row) == ("carbon.row_twice", 3)


@pytest.mark.parametrize(
    ("header", "code"),
    [
        (["项目", "数量", "单位"], "carbon.sheet_columns"),
        (["名称", "值"], "carbon.sheet_header"),
        ([*HEADER, "数量"], "carbon.sheet_twice"),
    ],
)
def test_a_bad_header(tmp_path, header, code):
    with pytest.raises(BadInput) as caught:
        read_sheet(text(tmp_path / "a.csv", [*GOOD, 1], header=header), TODAY)
    assert caught.value.code == code


def test_merged_cells_below_the_header_are_refused(tmp_path):
    path = workbook(tmp_path / "a.xlsx", GOOD, ["垃圾填埋", *GOOD[1:]])
    book = openpyxl.load_workbook(path)
    book.active.merge_cells("D2:D3")
    book.save(path)
    with pytest.raises(BadInput) as caught:
        read_sheet(path, TODAY)
    assert (caught.value.code, caught.value.where.row, caught.value.where.column) == (
        "carbon.sheet_merged",
        2,
        "数量",
    )


def test_a_merged_title_is_no_harm(tmp_path):
    path = workbook(tmp_path / "a.xlsx", HEADER, GOOD, header=["2025 年", *[None] * 5])
    book = openpyxl.load_workbook(path)
    book.active.merge_cells("A1:F1")
    book.save(path)
    assert len(read_sheet(path, TODAY).rows) == 1


def test_a_formula_without_a_result_is_refused(tmp_path):
    row = [*GOOD]
    row[3] = "=2*3"
    assert only_problem(workbook(tmp_path / "a.xlsx", row)).code == "carbon.cell_formula"


def test_hidden_sheets_and_others_are_told(tmp_path):
    path = workbook(tmp_path / "a.xlsx", GOOD)
    book = openpyxl.load_workbook(path)
    book.create_sheet("说明").append(["请填写"])
    book.create_sheet("旧数据").append(HEADER)
    book["旧数据"].sheet_state = "hidden"
    book.save(path)
    remarks = " ".join(remark.zh for remark in read_sheet(path, TODAY).remarks)
    assert "说明" in remarks and "旧数据" in remarks


def test_too_many_rows(tmp_path):
    with pytest.raises(BadInput) as caught:
        read_sheet(text(tmp_path / "a.csv", *[GOOD] * (MAX_ROWS + 1)), TODAY)
    assert caught.value.code == "carbon.sheet_rows"


@pytest.mark.parametrize("content", [b"", b"%PDF-1.7", b"\x00\x01\x02\x03" * 50])
def test_a_file_that_is_no_table(tmp_path, content):
    path = tmp_path / "a.xlsx"
    path.write_bytes(content)
    with pytest.raises(BadInput):
        read_sheet(path, TODAY)


def test_a_zip_bomb_is_refused(tmp_path):
    path = workbook(tmp_path / "a.xlsx", GOOD)
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet9.xml", b"<c/>" * (16 << 20))
    with pytest.raises(BadInput) as caught:
        read_sheet(path, TODAY)
    assert caught.value.code == "meter.bomb"


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_template_reads_back_empty_and_then_filled(tmp_path, language):
    path = tmp_path / "t.xlsx"
    path.write_bytes(template(language))
    with pytest.raises(BadInput) as caught:
        read_sheet(path, TODAY)
    assert caught.value.code == "carbon.sheet_empty"
    book = openpyxl.load_workbook(path)
    sheet, listed = book.worksheets
    names = [row[0].value for row in listed.iter_rows(min_row=2)]
    assert names == [stream.name.pick(language) for stream in streams().values()]
    for number, (name, stream) in enumerate(zip(names, streams().values(), strict=True), 2):
        unit = stream.stock or stream.unit
        for column, value in enumerate([name, "", "2025-01-01", "2025-12-31", 1, unit, "survey"], 1):
            sheet.cell(number, column, value)
    book.save(path)
    parsed = read_sheet(path, TODAY)
    assert [row.stream for row in parsed.rows] == list(streams()) and not parsed.problems
