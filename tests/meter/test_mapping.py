"""Guessing what columns mean, asking where two readings are possible, remembering."""

from __future__ import annotations

from pathlib import Path

import pytest

from tanlin.kernel.errors import BadInput
from tanlin.meter import headers, mapping, parsing, sheets, words

ROWS = ["M1,2025-01-01 00:00,1", "M1,2025-01-01 01:00,2", "M1,2025-01-01 02:00,3"]


def guess(tmp_path: Path, *lines: str, name: str = "a.csv", **hints: str) -> mapping.Mapping:
    path = tmp_path / name
    path.write_text("\n".join(lines), encoding="utf-8")
    return mapping.guess(sheets.read(path)[0], **hints)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "role", "unit", "carrier"),
    [
        ("表号", "number", None, None),
        ("电表编号", "number", None, "electricity"),
        ("抄表时间", "time", None, None),
        ("用电量(kWh)", "value", "kWh", "electricity"),
        ("用电量（ｋＷｈ）", "value", "kWh", "electricity"),
        ("用水量/吨", "value", "吨", "water"),
        ("用气量 m³", "value", "m3", "gas"),
        ("kwh", "value", "kwh", "electricity"),
        ("energy_kwh", "value", "kwh", "electricity"),
        ("本期示数", "current", None, None),
        ("上期示数", "previous", None, None),
        ("正向有功总示数(kWh)", "register", "kWh", None),
        ("电费(元)", "other", None, None),
        ("功率(kW)", "other", None, "electricity"),
        ("峰电量", "part", None, "electricity"),
        ("合计", "total", None, None),
        ("水泵房", None, None, None),
        ("起止日期", "period", None, None),
    ],
)
def test_headers(text: str, role: str | None, unit: str | None, carrier: str | None) -> None:
    head = words.header(text)
    assert (head.role, head.unit) == (role, unit)
    if role in ("number", "value", None):
        assert head.carrier == carrier


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("2025年1月", ("month", 2025 * 12)),
        ("202503", ("month", 2025 * 12 + 2)),
        ("1月", ("month_of", 1)),
        ("十二月", ("month_of", 12)),
        ("1月5日", ("month_day", 105)),
        ("24:00", ("hour", 86400)),
        ("0:00-1:00", ("hour", 0)),
        ("8时", ("hour", 28800)),
        ("2025-01-05", ("day", 20093)),
        ("用电量(kWh) 2月", ("month_of", 2)),
        ("电费(元) 2月", None),
        ("13月", None),
        ("表号", None),
        ("12.5", None),
        ("1-2", None),
    ],
)
def test_time_headers(text: str, span: tuple[str, int] | None) -> None:
    assert headers.time_header(text) == span


def test_long(tmp_path: Path) -> None:
    found = guess(tmp_path, "表号,抄表时间,用电量(kWh)", *ROWS)
    assert (found.layout, found.kind, found.carrier, found.unit) == ("long", "interval", "electricity", "kWh")
    assert found.columns == {"number": "表号", "time": "抄表时间"}
    assert found.values == ("用电量(kWh)",)
    assert found.questions == ()
    assert found.confidence["number"] > 0.9
    assert any("表号" in t.zh for t in found.why)


def test_wide_meters_keep_their_names_out_of_the_carrier(tmp_path: Path) -> None:
    rows = ["2025-01-01 00:00,1,2,3,3", "2025-01-01 01:00,1,2,3,3"]
    found = guess(tmp_path, "单位：kWh,,,,", "时间,水泵房,1号楼,光伏车棚,合计", *rows)
    assert found.layout == "wide_meters"
    assert found.values == ("水泵房", "1号楼", "光伏车棚")
    assert found.ignore == ("合计",)
    assert (found.unit, found.channel) == ("kWh", "import")
    assert (found.carrier, found.questions) == ("electricity", ())
    cubic = guess(tmp_path, "单位：m3,,", "时间,水泵房,1号楼", *rows)
    assert [q.field for q in cubic.questions] == ["carrier"]
    assert cubic.answer(carrier="gas").questions == ()


def test_unit_and_carrier_are_asked_not_guessed(tmp_path: Path) -> None:
    found = guess(tmp_path, "表号,时间,用量", *ROWS)
    assert [q.field for q in found.questions] == ["carrier", "unit"]
    hinted = guess(tmp_path, "表号,时间,用量", *ROWS, carrier="water", unit="m3")
    assert (hinted.carrier, hinted.unit, hinted.questions) == ("water", "m3", ())


def test_the_file_name_may_tell_the_carrier(tmp_path: Path) -> None:
    assert guess(tmp_path, "表号,时间,用量", *ROWS, name="水表2025.csv").carrier == "water"


def test_several_carriers_in_one_sheet(tmp_path: Path) -> None:
    found = guess(
        tmp_path, "户号,计费月份,用电量(kWh),用水量(吨),电费(元)", "1,2025-01,2,3,4", "2,2025-01,2,3,4"
    )
    assert found.carrier == ""
    assert found.values == ("用电量(kWh)", "用水量(吨)")
    assert found.kind == "bill"


def test_the_total_is_preferred_to_its_parts(tmp_path: Path) -> None:
    found = guess(tmp_path, "表号,抄表时间,峰电量(kWh),谷电量(kWh),总电量(kWh)", *(r + ",1,2" for r in ROWS))
    assert found.values == ("总电量(kWh)",)


def test_stamp_is_guessed_where_it_is_clear(tmp_path: Path) -> None:
    hours = [f"M,2025-01-01 {h:02d}:00,1" for h in range(1, 24)]
    end = guess(tmp_path, "表号,时间,用电量(kWh)", *hours, "M,2025-01-02 00:00,1")
    assert (end.stamp, end.confidence["stamp"]) == ("end", 0.95)
    assert guess(tmp_path, "表号,时间,用电量(kWh)", *hours, "M,2025-01-01 24:00,1").stamp == "end"
    start = guess(tmp_path, "表号,时间,用电量(kWh)", "M,2025-01-01 00:00,1", *hours)
    assert (start.stamp, start.confidence["stamp"]) == ("start", 0.95)
    unclear = guess(tmp_path, "表号,时间,用电量(kWh)", *hours[:9])
    assert (unclear.stamp, unclear.confidence["stamp"]) == ("start", 0.5)


def test_day_month_order_needs_the_whole_column(tmp_path: Path) -> None:
    early = [f"M,{d:02d}/01/2025,1" for d in range(1, 13)] * 300
    head = "表号,日期,用电量(kWh)"
    asked = guess(tmp_path, head, *early)
    assert [(q.field, q.options) for q in asked.questions] == [("date_format", ("dmy", "mdy"))]
    assert guess(tmp_path, head, *early, "M,13/01/2025,1").date_format == "dmy"
    assert guess(tmp_path, head, *early, "M,01/13/2025,1").date_format == "mdy"
    contradictory = guess(tmp_path, head, "M,13/01/2025,1", "M,01/13/2025,1")
    assert [q.field for q in contradictory.questions] == ["date_format"]


def test_end_of_bills(tmp_path: Path) -> None:
    head = "户号,起始日期,截止日期,用电量(kWh)"
    assert guess(tmp_path, head, "1,2025-01-01,2025-01-31,5").end == "inclusive"
    chained = guess(tmp_path, head, "1,2025-01-05,2025-02-05,5", "1,2025-02-05,2025-03-05,5")
    assert chained.end == "exclusive"
    asked = guess(tmp_path, head, "1,2025-01-05,2025-02-04,5")
    assert [q.field for q in asked.questions] == ["end"]


def test_one_reading_a_meter_leaves_its_length_open(tmp_path: Path) -> None:
    found = guess(tmp_path, "表号,抄表日期,用电量(kWh)", "A,2025-01-28,5", "B,2025-01-28,6")
    assert [q.field for q in found.questions] == ["step"]
    monthly = guess(tmp_path, "表号,抄表日期,用电量(kWh)", "A,2025-01-31,5", "A,2025-02-28,6")
    assert (monthly.kind, monthly.step) == ("bill", "month")


def test_a_sheet_without_dates_takes_the_month_of_its_title(tmp_path: Path) -> None:
    found = guess(tmp_path, "2025年3月居民用电量,,", "户号,户名,用电量(kWh)", "1,张三,5", "2,李四,6")
    assert (found.period, found.kind, found.questions) == ("2025-03", "bill", ())
    asked = guess(tmp_path, "户号,户名,用电量(kWh)", "1,张三,5", "2,李四,6")
    assert [q.field for q in asked.questions] == ["period"]


def test_no_header_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput) as caught:
        guess(tmp_path, "随便,写写", "没有,数据")
    assert caught.value.code == "meter.no_header"


def test_a_mapping_is_remembered_as_json(tmp_path: Path) -> None:
    found = guess(tmp_path, "表号,时间,用量", *ROWS)
    assert mapping.Mapping.from_json(found.to_json()) == found


def test_waste_points_are_told_apart(tmp_path: Path) -> None:
    found = guess(
        tmp_path,
        "投放点,称重日期,垃圾类别,净重(kg)",
        "1号点,2025-01-01,厨余垃圾,10",
        "2号点,2025-01-01,厨余垃圾,20",
    )
    assert (found.columns["number"], found.columns["stream"]) == ("投放点", "垃圾类别")
    unnamed = guess(tmp_path, "日期,垃圾类别,名称,净重(kg)", "2025-01-01,厨余垃圾,食堂,10")
    assert "number" not in unnamed.columns


def test_no_value_column_is_dropped_silently(tmp_path: Path) -> None:
    streams = guess(
        tmp_path, "点位,日期,厨余垃圾(kg),其他垃圾(kg)", "1号点,2025-01-01,10,20", "1号点,2025-01-02,11,21"
    )
    assert streams.values == ("厨余垃圾(kg)", "其他垃圾(kg)")
    both = guess(
        tmp_path,
        "电表编号,时间,正向有功总(kWh),反向有功总(kWh)",
        "M,2025-01-01 00:00,1,2",
        "M,2025-01-01 01:00,1,2",
    )
    assert (both.values, both.kind) == (("正向有功总(kWh)", "反向有功总(kWh)"), "register")
    rivals = guess(tmp_path, "台区编号,日期,供电量(kWh),售电量(kWh)", "T,2025-01-01,1,2", "T,2025-01-02,1,2")
    assert [q.field for q in rivals.questions] == ["values"]
    assert rivals.answer(values="供电量(kWh)").values == ("供电量(kWh)",)


def test_building_and_flat_stand_for_a_number(tmp_path: Path) -> None:
    found = guess(tmp_path, "2025年1月,,", "楼栋,房号,用水量(吨)", "1栋,101,5", "1栋,102,6", "2栋,101,7")
    assert found.columns == {"number": "楼栋", "number2": "房号"}
    parsed = parsing.parse(tmp_path / "a.csv", found)
    assert parsed.readings["number"].to_pylist() == ["1栋 101", "1栋 102", "2栋 101"]
