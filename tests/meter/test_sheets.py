"""Reading tables: encodings, delimiters, blocks, row numbers, refusals, safe cells."""

from __future__ import annotations

import datetime as dt
import zipfile
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tanlin.kernel.errors import BadInput
from tanlin.meter import sheets
from tests.meter.corpus import hostile


def rows(sheet: sheets.Sheet, after: int = 0, size: int = 2) -> list[tuple[int, list[str]]]:
    found = []
    for block in sheet.blocks(after, size):
        columns = [c.to_pylist() for c in block.columns]
        lines = [list(line) for line in zip(*columns, strict=True)]
        found += list(zip(block.rows.tolist(), lines, strict=True))
    return found


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "gbk", "gb18030"]
)
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "，", "|"])
def test_encodings_and_delimiters(tmp_path: Path, encoding: str, delimiter: str) -> None:
    path = tmp_path / "a.csv"
    lines = [["表号", "时间", "用电量"], ["甲1", "2025-01-01", "1.5"], ["甲2", "2025-01-02", "2"]]
    path.write_bytes("\r\n".join(delimiter.join(line) for line in lines).encode(encoding))
    sheet = sheets.read(path)[0]
    assert sheet.delimiter == delimiter
    assert [line for _, line in rows(sheet)] == lines
    assert sheet.head == tuple(map(tuple, lines))


def test_rows_are_numbered_as_seen_and_ragged_rows_filled(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text('标题\n\na,b\n"x\ny",2\n3\n', encoding="utf-8")
    sheet = sheets.read(path)[0]
    assert rows(sheet, 2) == [(3, ["a", "b"]), (4, ["x\ny", "2"]), (5, ["3"])]
    assert rows(sheet, 3, 10) == [(4, ["x\ny", "2"]), (5, ["3", ""])]
    assert sheet.tail == ("x\ny", "2") or sheet.tail[-1:] == ("2",)


def test_the_encoding_is_judged_by_the_whole_file(tmp_path: Path) -> None:
    path = tmp_path / "late.csv"
    path.write_bytes(b"a,b\n" + b"1,2\n" * 600_000 + "合计,3\n".encode("gbk"))
    sheet = sheets.read(path)[0]
    assert sheet.encoding == "gb18030"
    assert sheet.tail == ("合计", "3")


def test_workbook_cells_become_text(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    book = openpyxl.Workbook()
    page = book.active
    assert page is not None
    page.append(
        [
            "x",
            dt.datetime.fromisoformat("2025-01-05"),
            dt.datetime.fromisoformat("2025-01-05 08:00:00"),
            dt.time(8, 30),
            3.0,
            0.5,
            True,
        ]
    )
    page.append([1e21, dt.timedelta(hours=24), None, " 空 ", 12, -1, False])
    hidden = book.create_sheet("隐藏")
    hidden.append(["x"])
    hidden.sheet_state = "hidden"
    book.create_sheet("空")
    book.save(path)
    found = sheets.read(path)
    assert [s.name for s in found] == ["Sheet"]
    assert found[0].head == (
        ("x", "2025-01-05", "2025-01-05 08:00:00", "08:30:00", "3", "0.5", "TRUE"),
        ("1.000000000000000E+21", "24:00:00", "", "空", "12", "-1", "FALSE"),
    )
    assert found[0].whole
    assert sheets.read(path, sheet="隐藏")[0].head == (("x",),)
    with pytest.raises(BadInput, match=r"meter\.no_sheet|没有这个工作表"):
        sheets.read(path, sheet="没有")


def test_parquet_streams_typed_columns(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"meter": ["a"] * 5, "kwh": [1.0, 2.0, 3.0, 4.0, None]}), path, row_group_size=2)
    sheet = sheets.read(path, limit=2)[0]
    assert sheet.head == (("meter", "kwh"), ("a", "1"), ("a", "2"))
    assert sheet.tail == ("a", "")
    blocks = list(sheet.blocks(1))
    assert [r for b in blocks for r in b.rows.tolist()] == [2, 3, 4, 5, 6]
    assert blocks[0].columns[1].type == pa.float64()


@pytest.mark.parametrize("limit", [1, 3])
def test_only_the_head_is_kept_of_a_text(tmp_path: Path, limit: int) -> None:
    path = tmp_path / "a.csv"
    path.write_text("a,b\n" + "1,2\n" * 10)
    sheet = sheets.read(path, limit=limit)[0]
    assert len(sheet.head) == limit
    assert not sheet.whole
    assert len(rows(sheet)) == 11


def test_unmatched_quotes_are_refused_with_their_row(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("a,b\n1,2\n" + '"' + "x,1\n" * 60_000)
    with pytest.raises(BadInput) as caught:
        list(sheets.read(path)[0].blocks())
    assert caught.value.code == "meter.csv_broken"
    assert caught.value.where and caught.value.where.row == 3


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", " =1", "＝1+1"])
def test_safe_cell_disarms_formulas(text: str) -> None:
    assert sheets.safe_cell(text) == "'" + text


@pytest.mark.parametrize("value", ["表号", "1-2", "", 3, -1.5, None])
def test_safe_cell_leaves_the_rest(value: object) -> None:
    assert sheets.safe_cell(value) == value


def test_a_row_group_too_large_is_refused_by_its_footer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"kwh": [float(n) for n in range(1000)]}), path)
    assert sheets.read(path)
    monkeypatch.setattr(sheets, "MAX_GROUP", 1000)
    with pytest.raises(BadInput) as caught:
        sheets.read(path)
    assert caught.value.code == "meter.too_big"


def test_wide_rows_come_in_short_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.csv"
    path.write_text("a,b\n" + "1,2\n" * 999)
    monkeypatch.setattr("tanlin.meter.textfile.BLOCK_CELLS", 200)
    sizes = [len(block.rows) for block in sheets.read(path)[0].blocks()]
    assert sum(sizes) == 1000
    assert max(sizes) == 128


CORNERS = {
    "cells without a place": '<row r="1"><c r="XFD1"><v>1</v></c></row><row r="2000"><c><v>1</v></c></row>',
    "small letters": '<row r="1"><c r="xfd1"><v>1</v></c></row><row r="2000"><c r="a2000"><v>1</v></c></row>',
    "many digits": '<row r="1"><c r="XFD1"><v>1</v></c></row><row r="2000"><c r="A00002000"><v>1</v></c></row>',
    "no such row": '<row r="1"><c r="A1"><v>1</v></c></row><row r="10000000"><c r="A10000000"><v>1</v></c></row>',
}


@pytest.mark.parametrize("data", CORNERS.values(), ids=CORNERS)
def test_a_far_cell_is_refused_however_its_place_is_written(tmp_path: Path, data: str) -> None:
    path = tmp_path / "far.xlsx"
    hostile.pack(path, hostile.parts(hostile.page(data)))
    with pytest.raises(BadInput) as error:
        sheets.measure(path, zipfile.ZipFile(path).infolist())
    assert error.value.code == "meter.too_many_cells"


def test_a_far_cell_is_refused_wherever_the_workbook_keeps_its_sheet(tmp_path: Path) -> None:
    content = hostile.parts(hostile.page(CORNERS["small letters"]))
    content["xl/elsewhere/one.dat"] = content.pop(hostile.SHEET_PART)
    path = tmp_path / "far.xlsx"
    hostile.pack(path, content)
    with pytest.raises(BadInput) as error:
        sheets.measure(path, zipfile.ZipFile(path).infolist())
    assert error.value.code == "meter.too_many_cells"


def test_blank_rows_far_below_are_no_reach(tmp_path: Path) -> None:
    blank = '<row r="1048576"><c r="A1048576" s="1"/><c r="XFD1048576" s="1"/></row>'
    path = tmp_path / "blank.xlsx"
    hostile.pack(path, hostile.parts(hostile.page(hostile.cells() + blank)))
    assert len(sheets.read(path)[0].head) == len(hostile.ROWS)


@pytest.mark.parametrize(("at", "byte"), [(6, 99), (46, 0xFF)], ids=["version", "name"])
def test_a_zip_directory_that_python_cannot_read_is_damaged(tmp_path: Path, at: int, byte: int) -> None:
    path = tmp_path / "odd.xlsx"
    hostile.pack(path, hostile.parts(hostile.page(hostile.cells())))
    content = bytearray(path.read_bytes())
    entry = content.find(b"PK\x01\x02")
    content[entry + 9] |= 8  # names are UTF-8
    content[entry + at] = byte
    path.write_bytes(content)
    with pytest.raises(BadInput) as error:
        sheets.read(path)
    assert error.value.code == "meter.damaged"


def test_a_cell_that_is_no_number_is_shown_as_such(tmp_path: Path) -> None:
    path = tmp_path / "nan.xlsx"
    hostile.pack(path, hostile.parts(hostile.page('<row r="1"><c r="A1"><v>NaN</v></c></row>')))
    assert sheets.read(path)[0].head == (("NaN",),)
    pq.write_table(pa.table({"v": [1.5, float("nan")]}), tmp_path / "nan.parquet")
    assert sheets.read(tmp_path / "nan.parquet")[0].head == (("v",), ("1.5",), ("NaN",))


@pytest.mark.parametrize(
    ("good", "bad"),
    [("</workbook>", "<x:y/></workbook>"), ("</workbook>", "<a></workbook>")],
    ids=["prefix", "nesting"],
)
def test_a_workbook_that_only_one_of_its_readers_takes_is_damaged(
    tmp_path: Path, good: str, bad: str
) -> None:
    content = hostile.parts(hostile.page(hostile.cells()))
    content["xl/workbook.xml"] = str(content["xl/workbook.xml"]).replace(good, bad)
    path = tmp_path / "odd.xlsx"
    hostile.pack(path, content)
    with pytest.raises(BadInput) as error:
        sheets.read(path)
    assert error.value.code == "meter.damaged"
