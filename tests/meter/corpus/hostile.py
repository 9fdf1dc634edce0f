"""Writes the hostile and the odd files of this folder: ``python -m tests.meter.corpus.hostile``.

``GENERATED`` names those too large to keep; ``file`` makes them where a test wants them. What is to become of
each was written into ``expected.csv`` by hand beforehand.
"""

from __future__ import annotations

import datetime as dt
import gzip
import struct
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from tests.meter.corpus.make_corpus import FIXED, HERE, save, sheet, text

HEAD = "表号,时间,用电量(kWh)"
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
SHEET_PART = "xl/worksheets/sheet1.xml"
ROWS = (("表号", "时间", "用电量(kWh)"), ("M", "2025-01-01 00:00", 1), ("M", "2025-01-01 01:00", 2))


def cells(rows: tuple[tuple[object, ...], ...] = ROWS) -> str:
    """Rows as the XML of a sheet, texts inline."""
    lines = []
    for number, row in enumerate(rows, 1):
        line = ""
        for letter, value in zip("ABCDEFGH", row, strict=False):
            place = f'r="{letter}{number}"'
            inline = f'<c {place} t="inlineStr"><is><t>{value}</t></is></c>'
            line += inline if isinstance(value, str) else f"<c {place}><v>{value}</v></c>"
        lines.append(f'<row r="{number}">{line}</row>')
    return "".join(lines)


def page(data: str, before: str = "", declared: str = "") -> str:
    return f'<?xml version="1.0"?>{declared}<worksheet xmlns="{MAIN}">{before}<sheetData>{data}</sheetData></worksheet>'


def parts(sheet_xml: str, **more: str | bytes) -> dict[str, str | bytes]:
    """The parts of a workbook of one sheet."""
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    return {
        "[Content_Types].xml": f'<Types xmlns="{PACKAGE}/content-types"><Default Extension="rels" '
        f'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{kind}.sheet.main+xml"/>'
        f'<Override PartName="/{SHEET_PART}" ContentType="{kind}.worksheet+xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="r1" '
        f'Type="{OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets>'
        '<sheet name="Sheet1" sheetId="1" r:id="r1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="r1" '
        f'Type="{OFFICE}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
        SHEET_PART: sheet_xml,
        **more,
    }


def pack(name: str, content: dict[str, str | bytes]) -> None:
    with zipfile.ZipFile(HERE / name, "w", zipfile.ZIP_DEFLATED) as archive:
        for part, data in content.items():
            archive.writestr(zipfile.ZipInfo(part, (2025, 1, 1, 0, 0, 0)), data, zipfile.ZIP_DEFLATED)


def clocks() -> None:
    rows = ("M,2025-01-01T08:00:00+08:00,1", "M,2025-01-01T01:00:00Z,2", "M,2025-01-01T03:00:00+01:00,3")
    text("mixed_zones.csv", "utf-8", HEAD, *rows)
    text("zone_missing.csv", "utf-8", HEAD, *rows, "M,2025-01-01 11:00:00,4")
    hours = [
        f"M,2025-10-26 {hour},{n}" for n, hour in enumerate(("00:00", "01:00", "01:00", "02:00", "03:00"), 1)
    ]
    text("dst_autumn_both.csv", "utf-8", HEAD, *hours)
    text("dst_autumn_once.csv", "utf-8", HEAD, *hours[:2], *hours[3:])
    text("dst_spring.csv", "utf-8", HEAD, *(f"M,2025-03-30 0{h}:00,{h + 1}" for h in range(4)))
    text("dst_days.csv", "utf-8", HEAD, *(f"M,2025-10-{day},{day}" for day in (25, 26, 27)))
    slipped = [f"M,2025-01-01 {h:02d}:00,1" for h in range(10)] + [
        f"M,2025-01-01 {h}:30,1" for h in range(10, 14)
    ]
    text("clock_slip.csv", "utf-8", HEAD, *slipped)


def bytes_of_text() -> None:
    gbk = "表号,抄表时间,用电量(kWh)\r\n一号楼,2025-01-01 00:00,1\r\n".encode("gbk")
    utf8 = "二号楼,2025-01-01 01:00,2\r\n".encode()
    (HERE / "mixed_gbk_then_utf8.csv").write_bytes(gbk + utf8)
    (HERE / "mixed_utf8_then_gbk.csv").write_bytes(
        f"{HEAD}\r\n一号楼,2025-01-01 00:00,1\r\n".encode() + "二号楼,2025-01-01 01:00,2\r\n".encode("gbk")
    )
    nul = f"{HEAD}\r\nM,2025-01-01 00:00,1\r\nM\0\0\0\0,2025-01-01 01:00,2\r\n"
    (HERE / "nul_bytes.csv").write_bytes(nul.encode())
    text("many_columns.csv", "utf-8", "表号,时间" + ",用电量" * 20_000)
    (HERE / "gzip_renamed.csv").write_bytes(gzip.compress(bytes(8 << 20), mtime=0))
    (HERE / "pdf_renamed.csv").write_bytes(b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n%%EOF\n")
    (HERE / "old_renamed.csv").write_bytes((HERE / "old.xls").read_bytes())


def archives() -> None:
    pack("bomb_ratio.xlsx", parts(page(cells()) + " " * (16 << 20)))
    overlapping("bomb_total.xlsx", 100)
    repeated("repeated_text.xlsx")
    laughs = '<!ENTITY a0 "哈">' + "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
    declared = f"<!DOCTYPE worksheet [{laughs}]>"
    rows = (*ROWS, ("&a9;", "2025-01-01 02:00", 3))
    pack("billion_laughs.xlsx", parts(page(cells(rows), declared=declared)))
    outside = '<!DOCTYPE worksheet [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
    pack(
        "external_entity.xlsx", parts(page(cells((*ROWS, ("&x;", "2025-01-01 02:00", 3))), declared=outside))
    )
    pack("nested_part.xlsx", parts(page(cells() + "<x>" * 200_000 + "</x>" * 200_000)))
    pack("macros.xlsm", parts(page(cells()), **{"xl/vbaProject.bin": bytes(64)}))
    empty = (
        "".join(f'<row r="{n}"><c r="C{n}" s="0"/></row>' for n in range(4, 20_000)) + '<row r="1048576"/>'
    )
    pack("declared_rows.xlsx", parts(page(cells() + empty, '<dimension ref="A1:XFD1048576"/>')))
    corner = '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
    pack("far_corner.xlsx", parts(page(cells() + corner)))
    head = ("表号", "时间", "用电量(kWh)", "地址")
    pack("long_cell.xlsx", parts(page(cells((head, ("M", "2025-01-01 00:00", 1, "址" * 40_000))))))


def repeated(name: str) -> None:
    """One text of 30,000 characters that 40,000 cells use: 300 KB that would read as 1.2 GB."""
    used = "".join(f'<row r="{n}"><c r="A{n}" t="s"><v>0</v></c></row>' for n in range(2, 40_002))
    content = parts(
        page(used), **{"xl/sharedStrings.xml": f'<sst xmlns="{MAIN}"><si><t>{"x" * 30_000}</t></si></sst>'}
    )
    relation = (
        f'<Relationship Id="r2" Type="{OFFICE}/sharedStrings" Target="sharedStrings.xml"/></Relationships>'
    )
    relations = str(content["xl/_rels/workbook.xml.rels"]).replace("</Relationships>", relation)
    pack(name, {**content, "xl/_rels/workbook.xml.rels": relations})


def overlapping(name: str, times: int) -> None:
    """A workbook whose directory lists one blank part of almost 4 MB many times under different names."""
    pack(name, parts(page(cells()), **{"xl/media/000.xml": " " * ((4 << 20) - 1)}))
    data = (HERE / name).read_bytes()
    at, end = data.rindex(b"PK\x01\x02"), data.rindex(b"PK\x05\x06")
    entry, tail = data[at:end], data[end:]
    more = b"".join(entry.replace(b"media/000", f"media/{n:03d}".encode()) for n in range(1, times))
    count, size = (
        struct.unpack_from("<H", tail, 10)[0] + times - 1,
        struct.unpack_from("<I", tail, 12)[0] + len(more),
    )
    tail = tail[:8] + struct.pack("<HHI", count, count, size) + tail[16:]
    (HERE / name).write_bytes(data[:end] + more + tail)


def workbooks() -> None:
    day = dt.datetime.fromisoformat("2025-03-01")
    head = ["表号", "抄表日期", "用电量(kWh)"]
    rows = [[f"D{n}", day + dt.timedelta(days=k), n + k] for n in (1, 2) for k in (0, 1)]
    book, _ = sheet([head, *rows])
    book.epoch = dt.datetime.fromisoformat("1904-01-01")
    save("date_1904.xlsx", book)
    book, _ = sheet([head, *rows])
    other = book.create_sheet("往年")
    other.append(head)
    other.append(["D1", FIXED, 99])
    other.sheet_state = "hidden"
    save("hidden_sheets.xlsx", book)


def parquets() -> None:
    table = pa.table(
        {
            "meter": ["M", "M"],
            "time": [dt.datetime.fromisoformat(f"2025-01-01 0{h}:00") for h in (0, 1)],
            "kwh": [1.0, 2.0],
        }
    )
    pq.write_table(table, HERE / "corrupt_footer.parquet")
    data = bytearray((HERE / "corrupt_footer.parquet").read_bytes())
    broken = bytearray(data)
    broken[4:60] = b"\xff" * 56
    (HERE / "corrupt_page.parquet").write_bytes(broken)
    data[-40:-8] = b"\xff" * 32
    (HERE / "corrupt_footer.parquet").write_bytes(data)
    long = pa.DictionaryArray.from_arrays(pa.array([0] * 100_000, pa.int32()), ["x" * (1 << 20)])
    pq.write_table(pa.table({"meter": long, "kwh": [1.0] * 100_000}), HERE / "repeated_text.parquet")
    nested = table.set_column(2, "kwh", pa.array([[1.0], [2.0, 3.0]]))
    pq.write_table(nested, HERE / "nested_column.parquet")


def huge_cell(path: Path) -> None:
    """A cell of 100 MB in an otherwise good file."""
    with path.open("w", encoding="utf-8") as file:
        file.write(f"{HEAD}\nM,2025-01-01 00:00,1\nM,2025-01-01 01:00,")
        for _ in range(100):
            file.write("9" * (1 << 20))
        file.write("\nM,2025-01-01 02:00,3\n")


def endless_line(path: Path) -> None:
    """64 MB of cells without a line end."""
    with path.open("w", encoding="utf-8") as file:
        for _ in range(64):
            file.write("M,2025-01-01 00:00,1,;" * ((1 << 20) // 22))


def open_quote(path: Path) -> None:
    """A quote that is opened and never closed: all that follows is one record of short cells."""
    with path.open("w", encoding="utf-8") as file:
        file.write(f'{HEAD}\nM,2025-01-01 00:00,1\nM,"')
        for _ in range(64):
            file.write('x\n","' * ((1 << 20) // 5))


def many_rows(path: Path) -> None:
    """25 million rows in a Parquet file of some kilobytes."""
    table = pa.table({"kwh": pa.nulls(1_000_000, pa.int8())})
    with pq.ParquetWriter(path, table.schema) as writer:
        for _ in range(25):
            writer.write_table(table)


GENERATED: dict[str, Callable[[Path], None]] = {
    "huge_cell.csv": huge_cell,
    "endless_line.csv": endless_line,
    "open_quote.csv": open_quote,
    "many_rows.parquet": many_rows,
}


def file(name: str, folder: Path) -> Path:
    """A file of the corpus: that of this folder, or one made in ``folder`` at its first use."""
    if name not in GENERATED:
        return HERE / name
    path = folder / name
    if not path.exists():
        GENERATED[name](path)
    return path


def stored() -> Iterator[Callable[[], None]]:
    yield from (clocks, bytes_of_text, archives, workbooks, parquets)


if __name__ == "__main__":
    for write in stored():
        write()
