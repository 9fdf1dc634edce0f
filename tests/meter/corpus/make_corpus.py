"""Writes the nasty files of this folder; every byte is fixed, so a rerun changes nothing.

``expected.csv`` beside it was written by hand and is never generated; ``old.xls`` was saved once in the
Excel 97 format, which no library here writes.
"""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from pathlib import Path
from typing import Any

from openpyxl import Workbook
from openpyxl.worksheet.worksheet import Worksheet

HERE = Path(__file__).parent
FIXED = dt.datetime.fromisoformat("2025-01-01")


def text(name: str, encoding: str, *lines: str, end: str = "\r\n") -> None:
    (HERE / name).write_bytes((end.join(lines) + end).encode(encoding))


def sheet(rows: list[list[Any]]) -> tuple[Workbook, Worksheet]:
    book = Workbook()
    page = book.active
    assert page is not None
    for row in rows:
        page.append(row)
    return book, page


def save(name: str, book: Workbook) -> None:
    """Save with fixed times inside, so that the bytes never change."""
    book.properties.created = book.properties.modified = FIXED
    raw = io.BytesIO()
    book.save(raw)
    with (
        zipfile.ZipFile(raw) as old,
        zipfile.ZipFile(HERE / name, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for item in old.infolist():
            data = old.read(item)
            if item.filename == "docProps/core.xml":
                head, _, tail = data.partition(b"<dcterms:modified")
                data = head + tail.partition(b"</dcterms:modified>")[2]
            new.writestr(zipfile.ZipInfo(item.filename, (2025, 1, 1, 0, 0, 0)), data)


def encodings() -> None:
    text(
        "gbk_titles.csv",
        "gbk",
        "某某小区2025年1月公共用电抄表记录,,",
        "单位：千瓦时,,",
        "",
        "表号,抄表时间,用电量",
        "D001,2025/1/5 0:00,1.5",
        "D001,2025/1/5 1:00,2.5",
        "D001,2025/1/5 2:00,3",
        "合计,,7",
        "制表人：张三,,",
    )
    text(
        "gb18030_tab.csv",
        "gb18030",
        "户号\t地址\t计费月份\t用水量(吨)",
        "0001\t𠮷祥里1号\t2025年1月\t12",
        "0002\t𠮷祥里2号\t2025年1月\t1,205.5",
    )
    text(
        "utf8_bom_semicolon.csv",
        "utf-8-sig",
        "meter;time;energy_kwh",
        "A;2025-01-01T00:00:00Z;1",
        "A;2025-01-01T00:30:00Z;2",
        "A;2025-01-01T01:00:00Z;3",
        end="\n",
    )
    text(
        "utf16_tab.csv",
        "utf-16",
        "表号\t抄表日期\t示数(kWh)",
        "E1\t2025-01-31\t1000.5",
        "E1\t2025-02-28\t1100.25",
    )
    text(
        "fullwidth.csv",
        "utf-8",
        "电表编号，抄表时间，用电量（ｋＷｈ）",
        "Ｅ０１，２０２５－０１－０５　０８：００，１２．５",
        'Ｅ０１，２０２５－０１－０５　０９：００，"１，２３４．５"',
    )
    (HERE / "bad_bytes.csv").write_bytes(
        "表号,时间,用电量(kWh)\r\nM,2025-01-01 00:00,1\r\n".encode("gbk") + b"\xff\xff\xff,2025,2\r\n"
    )  # fmt: skip


def times() -> None:
    text(
        "text_dates_mixed.csv",
        "utf-8",
        "表号,抄表日期,用电量(kWh)",
        "M,2025/1/5,1",
        "M,2025年1月6日,2",
        "M,2025-01-07 00:00:00,3",
        "M,20250108,4",
        "M,45666,5",
        "M,2025.1.10,6",
        "M,2025-02-30,7",
        "M,昨天,8",
    )
    text(
        "ambiguous_dates.csv",
        "utf-8",
        "表号,日期,用电量(kWh)",
        "M,01/02/2025,1",
        "M,02/02/2025,2",
        "M,03/02/2025,3",
    )
    text(
        "dmy_dates.csv",
        "utf-8",
        "表号,日期,用电量(kWh)",
        "M,12/02/2025,1",
        "M,13/02/2025,2",
        "M,14/02/2025,3",
    )
    text(
        "hours_wide.csv",
        "gbk",
        "负荷日数据 单位：kWh" + "," * 25,
        "表号,日期," + ",".join(f"{h}:00" for h in range(1, 25)),
        "M,2025-01-05," + ",".join(str(v) for v in range(1, 25)),
    )
    text(
        "date_hour.csv",
        "utf-8",
        "表号,日期,时段,用电量(kWh)",
        "M,2025-01-05,0:00-1:00,1",
        "M,2025-01-05,1:00-2:00,2",
        "M,2025-01-05,23:00-24:00,3",
    )


def values() -> None:
    head = "表号,时间,用电量(kWh)"
    text(
        "negative.csv", "utf-8", head, "M,2025-01-01 00:00,1", "M,2025-01-01 01:00,-2", "M,2025-01-01 02:00,3"
    )
    text(
        "rollover.csv",
        "utf-8",
        "表号,抄表时间,示数(kWh),倍率",
        "R,2025-01-01 00:00,99950,40",
        "R,2025-02-01 00:00,99990,40",
        "R,2025-03-01 00:00,00012,40",
    )
    text("duplicate_columns.csv", "utf-8", head + ",用电量(kWh)", "M,2025-01-01 00:00,1,2")
    text(
        "formula_injection.csv",
        "utf-8",
        "表号,地址,时间,用电量(kWh)",
        'M1,"=HYPERLINK(""http://x"",""点"")",2025-01-01 00:00,1',
        "M1,@SUM(A1),2025-01-01 01:00,=1+1",
        "M1,-cmd,2025-01-01 02:00,\"=cmd|' /C calc'!A0\"",
        "M1,x,2025-01-01 03:00,4",
    )
    text(
        "huge_number.csv",
        "utf-8",
        head,
        "M,2025-01-01 00:00,1",
        "M,2025-01-01 01:00,1e300",
        "M,2025-01-01 02:00,99999999999999999999",
        "M,2025-01-01 03:00,2",
    )
    text(
        "duplicates.csv",
        "utf-8",
        head,
        "M,2025-01-01 00:00,1",
        "M,2025-01-01 00:00,1.0",
        "M,2025-01-01 01:00,2",
        "M,2025-01-01 01:00,3",
        "M,2025-01-01 02:00,4",
    )
    text("no_unit.csv", "utf-8", "表号,时间,用电量", "M,2025-01-01 00:00,1", "M,2025-01-01 01:00,2")


def bills() -> None:
    text(
        "wide_months.csv",
        "gbk",
        "居民天然气用气量（单位：立方米）,,,,",
        "表号,2025年1月,2025年2月,2025年3月,合计",
        "G01,10,20,30,60",
        "G02,1,2,3,6",
        "合计,11,22,33,66",
    )
    text(
        "bills_from_to.csv",
        "gbk",
        "户号,户名,起始日期,截止日期,上期示数,本期示数,倍率,用电量(度),电费(元)",
        "0101,张三,2025-01-01,2025-01-31,1000,1120,1,120,74.4",
        "0101,张三,2025-02-01,2025-02-28,1120,1200,1,80,49.6",
        "0102,李四,2025-01-01,2025-01-31,5,4,1,-1,0",
        "0103,王五,2025-02-01,2025-01-01,0,9,1,9,5",
    )
    text(
        "period_column.csv",
        "utf-8",
        "气表编号,起止日期,用气量(m³)",
        "G1,2025.01.05-2025.02.05,10",
        "G1,2025.02.05-2025.03.05,12",
    )
    text(
        "area_totals.csv",
        "utf-8",
        "台区名称,月份,总电量(万千瓦时)",
        "海湾1号台,202501,1.25",
        "海湾1号台,202502,1.5",
    )
    text(
        "two_carriers.csv",
        "utf-8",
        "户号,计费月份,用电量(kWh),用水量(吨),用气量(m3)",
        "01,2025-01,100,10,5",
        "02,2025-01,120,12,6",
    )
    text(
        "waste_timed.csv",
        "utf-8",
        "称重时间,垃圾类别,重量(公斤)",
        "2025-01-05 08:10,厨余垃圾,100",
        "2025-01-05 18:20,厨余垃圾,50",
        "2025-01-05 09:00,其他垃圾,70",
    )


def workbooks() -> None:
    book, page = sheet(
        [
            ["2025年一季度居民用电用水表"], ["户号", "地址", "用电量(kWh)"], [None, None, "1月", "2月", "3月"],
            ["1001", "1栋101", 100, 110, 120], ["1002", "1栋102", 90.5, None, 80], ["合计", None, 190.5, 110, 200],
        ]
    )  # fmt: skip
    for span in ("A1:E1", "A2:A3", "B2:B3", "C2:E2"):
        page.merge_cells(span)
    save("merged_header.xlsx", book)
    day = dt.datetime.fromisoformat("2025-03-01")
    hour = dt.timedelta(hours=1)
    rows: list[list[Any]] = [
        [], [], ["", "台区编号", "数据时间", "总电量(kWh)"], [], ["", "TQ01", day + hour, 50], ["", "TQ01", day + 2 * hour, 60],
        [], ["", "TQ01", day + 24 * hour, 70],
    ]  # fmt: skip
    save("blank_rows.xlsx", sheet(rows)[0])
    head = ["表号", "抄表日期", "用电量(kWh)"]
    days = [dt.datetime.fromisoformat(f"2025-01-0{n}") for n in (1, 2, 3)]
    save(
        "formulas.xlsx", sheet([head, ["D1", days[0], 10], ["D1", days[1], "=C2*2"], ["D1", days[2], 30]])[0]
    )
    long = "3300000000000000000001"
    save("number_lost.xlsx", sheet([head, [3.3e21, days[0], 4], [long, days[0], 5], [long, days[1], 6]])[0])
    save(
        "waste.xlsx",
        sheet(
            [
                ["垃圾分类称重台账"], ["日期", "厨余垃圾(kg)", "其他垃圾(kg)", "可回收物(kg)", "合计(kg)", "称重人"],
                [days[0], 10, 20, 5, 35, "赵"], [days[1], 11, 21, None, 32, "钱"], [days[2], 12, "无", 6, 18, "孙"],
                ["合计", 33, 41, 11, 85],
            ]
        )[0],
    )  # fmt: skip


def impostors() -> None:
    (HERE / "empty.csv").write_bytes(b"")
    (HERE / "pdf_renamed.xlsx").write_bytes(b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n%%EOF\n")
    (HERE / "exe_renamed.csv").write_bytes(b"MZ\x90\x00" + bytes(60))
    (HERE / "damaged.xlsx").write_bytes(b"PK\x03\x04" + bytes(200))
    (HERE / "html_renamed.xls").write_bytes("<html><table><tr><td>表号</td></tr></table></html>".encode())
    container = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(1016)
    (HERE / "encrypted.xlsx").write_bytes(container + "EncryptedPackage".encode("utf-16-le") + bytes(480))
    with zipfile.ZipFile(HERE / "zip_renamed.csv", "w") as archive:
        archive.writestr(zipfile.ZipInfo("a.txt", (2025, 1, 1, 0, 0, 0)), "表号")


if __name__ == "__main__":
    for part in (encodings, times, values, bills, workbooks, impostors):
        part()
