"""From sheets to readings: numbers, moments, lengths, clock changes, duplicates, the registry, invariances."""

from __future__ import annotations

import datetime as dt
import random
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tanlin.kernel.errors import BadInput
from tanlin.meter import cells, clock, mapping, parsing, sheets, times

HOUR, DAY = 3600, 86400
HEAD = "表号,时间,用电量(kWh)"


def run(path: Path, *lines: str, known: pa.Table | None = None, **choices: Any) -> parsing.Parsed:
    path = path / "a.csv" if path.is_dir() else path
    if lines:
        path.write_text("\n".join(lines), encoding="utf-8")
    sheet = sheets.read(path)[0]
    return parsing.parse(sheet, mapping.guess(sheet).answer(**choices), known=known)


def es(*parts: int) -> int:
    return int(dt.datetime(*parts, tzinfo=dt.UTC).timestamp())  # type: ignore[misc, arg-type]


def bad(parsed: parsing.Parsed) -> list[tuple[int, str]]:
    return list(zip(parsed.errors["row"].to_pylist(), parsed.errors["code"].to_pylist(), strict=True))


# Numbers and moments --------------------------------------------------------------------------------

WIDE = str.maketrans("0123456789.,-", "０１２３４５６７８９．，－")


@given(st.decimals(-(10**9), 10**9, places=3, allow_nan=False))
def test_numbers_round_trip(value: Any) -> None:
    forms = [
        f"{value}",
        f"{value:,}",
        f" {value:f} ",
        f"{value:,}".translate(WIDE),
        f"{value:,}".replace(",", " "),
        f"{value}kWh",
    ]
    read, state = cells.numbers(pa.array(forms), ["kWh"])
    assert state.tolist() == [cells.OK] * len(forms)
    assert read.tolist() == [float(value)] * len(forms)


@pytest.mark.parametrize(
    "text", ["1,5", "12,34,567", "1.2.3", "abc", "-", "—", "/", "无", "5 MWh", "1e999", "--5", "N/A"]
)
def test_what_is_no_number(text: str) -> None:
    assert cells.number(text, ["kwh"]) == cells.BAD


@pytest.mark.parametrize("text", ["=1+1", "@A1", "+SUM(A1)", "-cmd|x"])
def test_formulas_are_told_apart(text: str) -> None:
    assert cells.number(text) == cells.FORMULA


def test_a_comma_may_be_decimal_where_semicolons_separate(tmp_path: Path) -> None:
    found = run(
        tmp_path,
        HEAD.replace(",", ";"),
        "M;2025-01-01 00:00;1,234",
        "M;2025-01-01 01:00;2",
        "M;2025-01-01 02:00;2",
    )
    assert bad(found) == [(2, "meter.not_a_number")]


FORMS = [
    "{0:%Y-%m-%d %H:%M:%S}", "{0:%Y/%m/%d %H:%M:%S}", "{0.year}/{0.month}/{0.day} {0.hour}:{0:%M:%S}", "{0:%Y%m%d%H%M%S}",
    "{0.year}年{0.month}月{0.day}日 {0.hour}时{0:%M}分{0:%S}秒", "{0:%Y-%m-%dT%H:%M:%S}", "{0:%Y.%m.%d %H:%M:%S}", "{0:%Y%m%d %H:%M:%S}",
]  # fmt: skip


@given(st.datetimes(dt.datetime.fromisoformat("1990-01-01"), dt.datetime.fromisoformat("2100-01-01")))
def test_moments_round_trip(value: dt.datetime) -> None:
    value = value.replace(microsecond=0)
    want = int(value.replace(tzinfo=dt.UTC).timestamp())
    forms = [f.format(value) for f in FORMS]
    forms += [f.translate(WIDE) for f in forms]
    serial = (value - dt.datetime.fromisoformat("1899-12-30")) / dt.timedelta(days=1)
    forms.append(repr(serial))
    found = cells.moments(pa.array(forms))
    assert found.state.tolist() == [cells.OK] * len(forms)
    assert found.seconds.tolist() == [want] * len(forms)
    zoned = cells.moment(f"{value:%Y-%m-%dT%H:%M:%S}+08:00")
    assert zoned == (want - 8 * HOUR, cells.SECOND, True)


@given(st.dates(dt.date(1990, 1, 1), dt.date(2099, 12, 31)))
def test_days_and_months_round_trip(day: dt.date) -> None:
    want = (day - dt.date(1970, 1, 1)).days * DAY
    for form in (
        "{0}",
        "{0:%Y%m%d}",
        "{0.year}/{0.month}/{0.day}",
        "{0.year}年{0.month}月{0.day}日",
        "{0:%Y-%m-%d} 星期一",
    ):
        assert cells.moment(form.format(day)) == (want, cells.TO_DAY, False)
    assert cells.moment(f"{day:%d/%m/%Y}", "dmy") == (want, cells.TO_DAY, False)
    if day.year >= 2000:
        assert cells.moment(f"{day:%m-%d-%y}", "mdy") == (want, cells.TO_DAY, False)
    assert cells.moment(f"{day:%d/%m/%Y}") is None
    first = want - (day.day - 1) * DAY
    for form in (
        "{0:%Y-%m}",
        "{0:%Y%m}",
        "{0.year}年{0.month}月",
        "{0.year}年{0.month}月份",
        "{0.year}/{0.month}",
    ):
        assert cells.moment(form.format(day)) == (first, cells.TO_MONTH, False)


@pytest.mark.parametrize(
    "text",
    ["2025-02-30", "2025-13-01", "昨天", "2025-01-01 25:00", "2025-01-01 24:01", "250105", "1.5", "2025"],
)
def test_what_is_no_moment(text: str) -> None:
    assert cells.moment(text) is None


def test_hours_of_halves_and_midnight() -> None:
    assert cells.clock("下午3:30") == 15 * HOUR + 1800
    assert cells.clock("12:00 AM") == 0
    assert cells.clock("24:00") == DAY
    assert times.joined("2025-01-05 00:00:00", "8") == "2025-01-05 8:00"
    assert times.joined("2025-01-05", "0.5") == "2025-01-05 12:00"
    assert times.pair("2025年1月1日-1月31日") == ("2025年1月1日", "2025-1-31")


@given(st.lists(st.text(max_size=12), max_size=20))
def test_no_text_breaks_the_readers(texts: list[str]) -> None:
    column = pa.array([t.encode("utf-8", "replace").decode() for t in texts], pa.string())
    cells.numbers(column)
    cells.moments(column, "dmy")


# Times of readings ----------------------------------------------------------------------------------


def test_local_hours_become_utc(tmp_path: Path) -> None:
    found = run(tmp_path, HEAD, "M,2025-01-01 00:00,1", "M,2025-01-01 01:00,2", "M,2025-01-01 24:00,3")
    assert found.readings["start"].to_pylist() == [
        es(2024, 12, 31, 16),
        es(2024, 12, 31, 17),
        es(2025, 1, 1, 16),
    ]
    assert set(found.readings["seconds"].to_pylist()) == {HOUR}


def test_each_meter_has_its_own_step(tmp_path: Path) -> None:
    rows = [f"A,2025-01-01 0{h}:00,1" for h in range(5)]
    rows += [f"B,2025-01-01 00:{m:02d},1" for m in (0, 15, 30, 45)]
    rows += [f"C,2025-01-0{d} 00:00,1" for d in (1, 2, 4)]
    found = run(tmp_path, HEAD, *rows)
    pairs = set(zip(found.readings["number"].to_pylist(), found.readings["seconds"].to_pylist(), strict=True))
    assert pairs == {("A", HOUR), ("B", 900), ("C", DAY)}


def test_days_and_months_follow_the_local_calendar(tmp_path: Path) -> None:
    days = run(tmp_path, HEAD, "M,2025-03-29,1", "M,2025-03-30,1", "M,2025-03-31,1", tz="Europe/London")
    assert days.readings["seconds"].to_pylist() == [DAY, 23 * HOUR, DAY]
    months = run(tmp_path, "户号,计费月份,用水量(吨)", "1,2025-02,5", "1,2025年3月,6")
    assert months.readings["start"].to_pylist() == [es(2025, 1, 31, 16), es(2025, 2, 28, 16)]
    assert months.readings["seconds"].to_pylist() == [28 * DAY, 31 * DAY]


def test_clocks_go_forward_and_back(tmp_path: Path) -> None:
    spring = [f"M,2025-03-30 {t},1" for t in ("00:00", "00:30", "01:00", "01:30", "02:00")]
    found = run(tmp_path, HEAD, *spring, tz="Europe/London")
    assert bad(found) == [(4, "meter.nonexistent_time"), (5, "meter.nonexistent_time")]
    autumn = [f"M,2025-10-26 {t},1" for t in ("00:00", "01:00", "01:00", "02:00")]
    found = run(tmp_path, HEAD, *autumn, tz="Europe/London")
    want = [es(2025, 10, 25, 23), es(2025, 10, 26, 0), es(2025, 10, 26, 1), es(2025, 10, 26, 2)]
    assert (found.readings["start"].to_pylist(), bad(found)) == (want, [])
    found = run(tmp_path, HEAD, *reversed(autumn), tz="Europe/London")
    assert (found.readings["start"].to_pylist(), bad(found)) == (want[::-1], [])
    found = run(tmp_path, HEAD, *autumn[:2], autumn[3], tz="Europe/London")
    assert bad(found) == [(3, "meter.ambiguous_time")]


@given(
    st.integers(es(2020, 1, 1), es(2030, 1, 1)),
    st.sampled_from(["Asia/Shanghai", "Europe/London", "America/New_York", "Australia/Lord_Howe"]),
)
def test_local_time_returns_to_utc(second: int, tz: str) -> None:
    import zoneinfo

    local = dt.datetime.fromtimestamp(second, zoneinfo.ZoneInfo(tz)).replace(tzinfo=dt.UTC)
    early, late, verdict = clock.to_utc(np.array([int(local.timestamp())]), tz)
    assert second in (early[0], late[0])
    assert verdict[0] == (clock.FINE if early[0] == late[0] else clock.TWICE)


def test_stamps_at_the_end(tmp_path: Path) -> None:
    rows = [f"M,2025-01-01 {h:02d}:00,{h}" for h in range(1, 25)]
    found = run(tmp_path, HEAD, *rows)
    assert found.readings["start"].to_pylist()[0] == es(2024, 12, 31, 16)
    assert found.readings["start"].to_pylist()[-1] == es(2025, 1, 1, 15)


def test_hours_across_the_sheet(tmp_path: Path) -> None:
    head = "表号,日期," + ",".join(f"{h}:00" for h in range(24))
    found = run(
        tmp_path,
        "单位：kWh",
        head,
        "M,2025-01-05," + ",".join("1" * 24),
        "M,2025-01-06," + ",".join("2" * 24),
        carrier="electricity",
    )
    starts = sorted(found.readings["start"].to_pylist())
    assert starts == [es(2025, 1, 4, 16) + h * HOUR for h in range(48)]


def test_bills_registers_and_previous_readings(tmp_path: Path) -> None:
    head = "户号,起始日期,截止日期,上期示数(kWh),本期示数(kWh)"
    found = run(
        tmp_path,
        head,
        "1,2025-01-01,2025-02-01,100,150",
        "1,2025-02-01,2025-03-01,150,170",
        carrier="electricity",
    )
    table = found.readings.sort_by("start")
    assert table["value"].to_pylist() == [100, 150, 170]
    assert set(table["seconds"].to_pylist()) == {0}
    assert found.stats["same"] == 1


def test_unclear_lengths_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput) as caught:
        run(tmp_path, HEAD, "M,2025-01-01 00:00,1")
    assert caught.value.code == "meter.open_questions"
    found = run(tmp_path, HEAD, "M,2025-01-01 00:00,1", step=900)
    assert found.readings["seconds"].to_pylist() == [900]


# Registry, units, words -----------------------------------------------------------------------------


def known(**columns: list[Any]) -> pa.Table:
    size = len(columns["number"])
    base: dict[str, list[Any]] = {
        "carrier": ["electricity"] * size, "channel": ["import"] * size, "meter_id": list(range(size)), "kind": ["interval"] * size,
        "unit": [None] * size, "tz": [None] * size,
    }  # fmt: skip
    return pa.table(base | columns)


def test_the_registry_tells_unit_zone_channel_and_carrier(tmp_path: Path) -> None:
    frame = known(
        number=["A", "B"],
        carrier=["electricity", "gas"],
        channel=["generation", "import"],
        unit=["MWh", "m3"],
        tz=["UTC", None],
    )
    rows = ["A,2025-01-01 00:00,1", "A,2025-01-01 01:00,2", "B,2025-01-01 00:00,3", "C,2025-01-01 00:00,4"]
    found = run(tmp_path, "表号,时间,用量", *rows, known=frame, carrier="", unit=None)
    got = found.readings.select(["number", "carrier", "channel", "start", "value"]).to_pylist()
    assert got[0] == {
        "number": "A",
        "carrier": "electricity",
        "channel": "generation",
        "start": es(2025, 1, 1),
        "value": 1000.0,
    }
    assert got[2]["start"] == es(2024, 12, 31, 16)
    assert (found.numbers, bad(found)) == ([], [(5, "meter.bad_word")])


def test_unknown_numbers_come_with_what_the_file_says(tmp_path: Path) -> None:
    found = run(
        tmp_path,
        "户号,地址,计费月份,用电量(kWh),倍率",
        "1,1栋101,2025-01,5,40",
        "2,1栋102,2025-01,6,1",
        known=known(number=["2"]),
    )
    assert found.numbers == [("1", "electricity", "import", 1, 2, "1栋101", 40.0)]


def test_a_register_file_does_not_fill_an_interval_meter(tmp_path: Path) -> None:
    found = run(
        tmp_path,
        "表号,时间,示数(kWh)",
        "A,2025-01-01,5",
        "A,2025-01-02,6",
        known=known(number=["A"]),
        carrier="electricity",
    )
    assert bad(found) == [(2, "meter.kind_mismatch"), (3, "meter.kind_mismatch")]


def test_units_and_directions_by_row(tmp_path: Path) -> None:
    rows = ["A,2025-01,电,正向,MWh,1", "B,2025-01,水,,吨,2", "C,2025-01,火,,吨,3", "D,2025-01,电,,吨,4"]
    found = run(tmp_path, "表号,月份,能源类型,方向,单位,用量", *rows)
    assert found.readings["value"].to_pylist() == [1000.0, 2.0]
    assert bad(found) == [(4, "meter.bad_word"), (5, "meter.bad_unit")]


def test_a_unit_that_does_not_fit_refuses_the_file(tmp_path: Path) -> None:
    with pytest.raises(BadInput) as caught:
        run(tmp_path, HEAD, "M,2025-01-01 00:00,1", "M,2025-01-01 01:00,1", carrier="water")
    assert caught.value.code == "kernel.unknown_unit"


def test_a_remembered_mapping_does_not_guess_the_order_of_dates(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(f"{HEAD}\nM,2025-01-01,1\nM,2025-01-02,1\n")
    remembered = mapping.guess(sheets.read(path)[0])
    path.write_text(f"{HEAD}\nM,2025-01-01,1\nM,02/01/2025,1\n")
    with pytest.raises(BadInput) as caught:
        parsing.parse(path, remembered)
    assert caught.value.code == "meter.ambiguous_dates"
    assert caught.value.where
    assert (caught.value.where.row, caught.value.where.column) == (3, "时间")


def test_missing_columns_and_other_layouts_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(f"{HEAD}\nM,2025-01-01 00:00,1\nM,2025-01-01 01:00,1\n")
    remembered = mapping.guess(sheets.read(path)[0])
    path.write_text("表号,日期,用电量(kWh)\nM,2025-01-01 00:00,1\n")
    with pytest.raises(BadInput) as caught:
        parsing.parse(path, remembered)
    assert caught.value.code == "meter.missing_columns"
    assert "时间" in caught.value.text.zh


# Workbooks ------------------------------------------------------------------------------------------


def test_merged_cells_below_the_header_name_every_row_but_add_no_value(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    page = book.active
    assert page is not None
    for row in (
        ["户号", "计费月份", "用水量(吨)"],
        ["1", "2025-01", 5],
        [None, "2025-02", None],
        ["2", "2025-01", 7],
    ):
        page.append(row)
    page.merge_cells("A2:A3")
    page.merge_cells("C2:C3")
    book.save(tmp_path / "a.xlsx")
    found = run(tmp_path / "a.xlsx")
    assert found.readings.select(["number", "value"]).to_pylist() == [
        {"number": "1", "value": 5.0},
        {"number": "2", "value": 7.0},
    ]
    assert bad(found) == []


def test_quoted_numbers_keep_their_zeros(tmp_path: Path) -> None:
    found = run(tmp_path, HEAD, '"=""0012""",2025-01-01 00:00,1', "'0012,2025-01-01 01:00,2")
    assert found.readings["number"].to_pylist() == ["0012", "0012"]


def test_errors_name_both_rows_in_both_languages(tmp_path: Path) -> None:
    found = run(tmp_path, HEAD, "M,2025-01-01 00:00,1", "M,2025-01-01 00:00,2", "M,2025-01-01 01:00,3")
    first = found.errors.to_pylist()[0]
    assert (first["file"], first["row"], first["column"], first["value"]) == ("a.csv", 2, "用电量(kWh)", "1")
    assert "第 3 行" in first["message_zh"]
    assert "row 3" in first["message_en"]
    assert first["remedy_zh"]
    assert first["remedy_en"]


def test_preview_shows_rows_and_carries_problems(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("\n".join([HEAD, *(f"M,2025-01-01 {h:02d}:00,{h}" for h in range(24))]))
    sheet = sheets.read(path)[0]
    guessed = mapping.guess(sheet)
    shown = parsing.preview(sheet, guessed, rows=5)
    assert (len(shown.cells), shown.problem) == (5, None)
    assert shown.parsed is not None
    assert shown.parsed.readings["value"].to_pylist() == [0, 1, 2, 3, 4]
    asked = parsing.preview(
        sheet, mapping.Mapping.from_json(guessed.to_json()).answer(columns={"time": "没有"})
    )
    assert asked.parsed is None
    assert asked.problem is not None
    assert asked.problem.code == "meter.missing_columns"


# Invariances ----------------------------------------------------------------------------------------

ROWS = st.lists(
    st.tuples(
        st.sampled_from("ABC"), st.integers(0, 30), st.sampled_from(["1", "2", "x", "", "-1", "1,000"])
    ),
    min_size=1,
    max_size=40,
)


def _key(parsed: parsing.Parsed) -> tuple[list[Any], list[Any]]:
    readings = sorted(tuple(r.values()) for r in parsed.readings.drop_columns(["row"]).to_pylist())
    errors = sorted((e["value"], e["code"]) for e in parsed.errors.to_pylist())
    return readings, errors


@settings(max_examples=40, deadline=None)
@given(ROWS, st.integers(0, 2**16), st.integers(1, 7))
def test_order_and_batches_do_not_matter(rows: list[tuple[str, int, str]], seed: int, size: int) -> None:
    lines = [f'{n},2025-01-{1 + h // 24:02d} {h % 24:02d}:00,"{v}"' for n, h, v in rows]
    shuffled = lines[:]
    random.Random(seed).shuffle(shuffled)
    fixed = mapping.Mapping(
        columns={"number": "表号", "time": "时间"},
        values=("用电量(kWh)",),
        carrier="electricity",
        unit="kWh",
        step=HOUR,
    )
    with tempfile.TemporaryDirectory() as folder:
        found = []
        for name, body in (("a", lines), ("b", shuffled)):
            path = Path(folder) / f"{name}.csv"
            path.write_text("\n".join([HEAD, *body]), encoding="utf-8")
            sheet = sheets.read(path)[0]
            found.append(_key(parsing.parse(sheet, fixed)))
            found.append(_key(parsing.parse(_Small(sheet, size), fixed)))
    assert all(f == found[0] for f in found[1:])


def _Small(sheet: sheets.Sheet, size: int) -> sheets.Sheet:
    """The same sheet read in blocks of ``size`` rows."""
    whole = sheets.Sheet.blocks

    class Small(sheets.Sheet):
        def blocks(self, after: int = 0, _: int = 0) -> Any:
            return whole(self, after, size)

    return Small(**{f: getattr(sheet, f) for f in sheet.__dataclass_fields__})


def test_parquet_equals_text(tmp_path: Path) -> None:
    hours = np.arange("2025-01-01", "2025-01-03", dtype="datetime64[h]")
    values = np.arange(len(hours), dtype=np.float32) / 4
    table = pa.table(
        {
            "meter": pa.array(["b0"] * len(hours)).dictionary_encode(),
            "time": hours.astype("datetime64[us]"),
            "kwh": values,
        }
    )
    pq.write_table(table, tmp_path / "a.parquet")
    lines = [f"b0,{str(h).replace('T', ' ')}:00,{v}" for h, v in zip(hours, values, strict=True)]
    assert _key(run(tmp_path / "a.parquet")) == _key(run(tmp_path, "meter,time,kwh", *lines))


def test_all_bad_rows_are_counted_and_the_first_described(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tanlin.meter.bad.KEPT", 10)
    path = tmp_path / "a.csv"
    good = "M,2025-01-01 00:00,1\nM,2025-01-01 01:00,1\n"
    bad = "".join(f"M,2025-01-02 {h:02d}:00,{'坏' * 500}\n" for h in range(20))
    path.write_text(f"表号,时间,用电量(kWh)\n{good}{bad}", encoding="utf-8")
    sheet = sheets.read(path)[0]
    parsed = parsing.parse(sheet, mapping.guess(sheet))
    assert (parsed.stats["good"], parsed.stats["bad"]) == (2, 20)
    assert parsed.errors["row"].to_pylist() == list(range(4, 14))
    assert {len(text) for text in parsed.errors["value"].to_pylist()} == {200}


@pytest.mark.parametrize(
    ("to", "code"),
    [
        ("2125-01-31", "meter.long_period"),
        ("2161-02-07", "meter.long_period"),
        ("9999-12-31", "meter.far_time"),
    ],
)
def test_a_bill_with_a_mistyped_year_is_a_bad_row(tmp_path: Path, to: str, code: str) -> None:
    """136 years are a little more than 2**32 seconds: they must not become the 17 hours that are left."""
    path = tmp_path / "bill.csv"
    path.write_text(
        f"表号,起始日期,截止日期,用电量(kWh)\nM,2025-01-01,{to},5\nM,2025-02-01,2025-03-01,6\n",
        encoding="utf-8",
    )
    plan = replace(mapping.guess(sheets.read(path)[0]), questions=(), end="inclusive")
    found = parsing.parse(path, plan)
    assert found.errors.select(["row", "code"]).to_pylist() == [{"row": 2, "code": code}]
    assert found.readings["value"].to_pylist() == [6.0]


def test_a_time_that_the_log_cannot_take_is_a_bad_row(tmp_path: Path) -> None:
    path = tmp_path / "far.csv"
    times = [
        "2025-01-01 00:00",
        "2025-01-01 01:00",
        "2225-01-01 00:00",
        "9999-12-31 23:00",
        "1970-01-01 00:00",
    ]
    path.write_text("表号,时间,用电量(kWh)\n" + "".join(f"M,{t},1\n" for t in times), encoding="utf-8")
    found = parsing.parse(path, mapping.guess(sheets.read(path)[0]))
    assert found.errors.select(["row", "code"]).to_pylist() == [
        {"row": row, "code": "meter.far_time"} for row in (4, 5, 6)
    ]
    assert found.readings.num_rows == 2
