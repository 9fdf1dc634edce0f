"""The Overview's view model: honest comparison, gaps that stay gaps, widths that sum, and what needs a person."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, date, datetime

import pyarrow as pa
import pytest

from tanlin.carbon.factors import Fact
from tanlin.carbon.overview import DeadMeter, Overview, overview
from tanlin.carbon.rows import Rows, month_run
from tanlin.carbon.timeline import timeline_picture
from tanlin.kernel.errors import Text
from tanlin.kernel.words import digits
from tanlin.kernel.words import percent as share
from tests.carbon.samples import DAY, NAMES, days_table, figure, figures, row, table, year_table

TODAY = date(2026, 11, 20)


def plain(text: Text) -> Text:
    return Text(text.zh.replace("\u00a0", " "), text.en.replace("\u00a0", " "))


def view(this: pa.Table, last: pa.Table | None = None, **over: object) -> Overview:
    return overview(**({"year": 2026, "today": TODAY, "this": this, "last": last} | over))  # type: ignore[arg-type]


def electricity(year: int, months: range, value: float, **over: object) -> list[dict]:
    return [row(year * 100 + m, "electricity", value, **over) for m in months]


def test_sentence_compares_the_same_months_only() -> None:
    this = table(electricity(2026, range(1, 12), 90_000.0, estimated=16_200.0))  # November is not over
    last = table(electricity(2025, range(1, 13), 100_000.0))
    sentence = plain(view(this, last).sentence)
    # Meters of one place err alike through the year: ±2 % each year, 0.9 × √2 × 2 % of the ratio.
    assert sentence.zh == "今年 1–10月用电 900 MWh，比去年同期少 10.0 %（± 2.5 %），其中 82 % 为实测。"
    assert sentence.en == (
        "This year, January to October: 900 MWh of electricity, "
        "10.0 % less than in the same months last year (± 2.5 %); 82 % of it measured."
    )


def test_months_missing_last_year_are_left_out_of_both() -> None:
    this = table(electricity(2026, range(1, 11), 100_000.0))
    last = table(electricity(2025, range(4, 7), 50_000.0))
    assert plain(view(this, last).sentence).zh.startswith("今年 4–6月用电 300 MWh，比去年同期多 100.0 %")


def test_a_credit_lowers_the_sum_and_an_export_counts_against_use() -> None:
    rows = Rows(table([row(202601, "electricity", -30.0), row(202602, "electricity", 100.0)]))
    assert rows.sum("value", rows.mask()) == 70.0
    sold = Rows(table([row(202601, "electricity", 30.0, channel="export")]))
    assert sold.sum("value", sold.mask()) == -30.0


def test_without_last_year_no_comparison_is_made() -> None:
    sentence = plain(view(table(electricity(2026, range(1, 11), 100.0))).sentence)
    assert "去年同期暂无数据，不作比较" in sentence.zh
    assert "1,000 kWh" in sentence.zh
    assert "no comparison" in sentence.en


def test_a_change_within_the_interval_is_not_called_a_change() -> None:
    this, last = (table(electricity(y, range(1, 11), v)) for y, v in ((2026, 99_500.0), (2025, 100_000.0)))
    assert "与去年同期基本持平（−0.5 % ± 2.8 %）" in plain(view(this, last).sentence).zh


def test_years_of_unlike_coverage_are_not_compared() -> None:
    this = table(electricity(2026, range(1, 11), 60_000.0, seconds_present=18 * DAY))
    last = table(electricity(2025, range(1, 11), 100_000.0))
    assert "不宜与去年同期比较" in view(this, last).sentence.zh


def test_no_complete_month_is_said_plainly() -> None:
    empty = table([])
    shown = view(empty)
    assert "还没有完整月份" in shown.sentence.zh
    assert shown.note.zh == "碳排放暂无数据。"
    assert all(p.spec is None for p in (shown.carbon, shown.energy, shown.flow, shown.days, shown.quality))
    assert shown.needs == ()


def test_export_and_generation() -> None:
    rows = [
        row(202601, "electricity", 1000.0),
        row(202601, "electricity", 300.0, channel="generation", tco2e=0.0),
    ]
    rows.append(row(202601, "electricity", 200.0, channel="export", tco2e=None))
    shown = view(table(rows))
    assert "用电 1,100 kWh" in plain(shown.sentence).zh
    series = {s["thing"]: s["values"][0] for s in shown.energy.spec["series"]}  # type: ignore[index]
    assert series == pytest.approx({"electricity": 0.8, "pv": 0.3})
    assert not [need for need in shown.needs if need.level == "act"]  # export lacks no factor


def test_an_unknown_month_is_null_and_a_gap() -> None:
    rows = electricity(2026, range(1, 11), 1000.0)
    rows[4] |= {"value": None, "energy_kwh": None, "tco2e": None, "u_energy": None, "seconds_present": 0}
    spec = view(table(rows)).carbon.spec
    assert spec is not None
    assert spec["series"][0]["values"][4] is None
    assert spec["gaps"] == ["2026-05", "2026-11"]  # December has not come yet
    assert "unknown" in spec["marks"]


def test_widths_of_the_flow_sum_to_the_total() -> None:
    spec = view(year_table(2026, 10), places=NAMES).flow.spec
    assert spec is not None
    by_depth: dict[int, float] = {}
    for node in spec["nodes"]:
        by_depth[node["depth"]] = by_depth.get(node["depth"], 0.0) + node["value"]
    assert by_depth == pytest.approx(dict.fromkeys((0, 1, 2), spec["total"]))
    assert sum(link["value"] for link in spec["links"]) == pytest.approx(2 * spec["total"])


def test_many_places_are_gathered() -> None:
    rows = [row(202601, "electricity", 1000.0 + i, place=f"p{i}") for i in range(9)]
    spec = view(table(rows)).flow.spec
    assert spec is not None
    assert [n["name"].zh for n in spec["nodes"] if n["depth"] == 1].count("其他") == 1
    assert len([n for n in spec["nodes"] if n["depth"] == 1]) == 6


def test_days_absent_between_the_first_and_the_last_are_unknown() -> None:
    picture = view(table([]), days=days_table(date(2026, 6, 1), date(2026, 6, 30))).days
    assert picture.spec is not None
    assert [day for day, value in picture.spec["days"] if value is None] == [
        f"2026-06-{d:02d}" for d in range(8, 18)
    ]
    assert picture.table is not None
    assert picture.table["rows"][0][1 + 7] is None  # 8 June: no data
    assert picture.table["rows"][0][31] == ""  # there is no 31 June


def test_what_needs_a_person() -> None:
    stale = figure("carbon.co2e", 1.0, "tCO2e", stale_since=datetime(2026, 11, 1, tzinfo=UTC))
    dead = [DeadMeter("A-1", NAMES["south"], date(2026, 11, 3)), DeadMeter("A-2", NAMES["north"], None)]
    shown = view(year_table(2026, 11), places=NAMES, figures={"carbon.co2e": stale}, dead=dead)
    said = [(need.level, need.target, plain(need.text).zh) for need in shown.needs]
    assert said == [
        ("act", "meters", "海湾南小区的表计 A-1 自 2026-11-03 起没有读数，另有 1 块。"),
        ("act", "factors", "热未计入排放：没有适用的排放因子。"),
        ("act", "import", "2026-10 电的数据完整率只有 88 %，最低的是海湾南小区（63 %）。"),
        ("info", "factors", "部分月份使用暂用因子（†），新因子公布后会自动重算。"),
        ("info", "factors", "1 个排放因子的来源尚未核对。"),
        ("info", "meters", "1 个数字正在更新，所示为上一次的结果。"),
    ]
    assert "不含缺少因子的热" in shown.note.zh


def test_cards_keep_their_order_and_the_missing_ones() -> None:
    cards = view(year_table(2026, 10), year_table(2025), figures=figures()).cards
    assert [card.key for card in cards] == list(figures())
    assert cards[-1].figure is None
    assert cards[0].note is not None
    assert all(card.title.zh for card in cards)


def test_standard_coal_is_told_beside_kwh_and_on_both_bases() -> None:
    heat = {"carbon.tce": figure("carbon.tce", 12.3, "tce")}
    coal = figure("carbon.tce_equivalent", 30.2, "tce", provisional=True)
    this = table(electricity(2026, range(1, 11), 10_000.0))
    told = [plain(view(this, figures=heat, equivalent=one).cards[0].note) for one in (coal, None)]
    assert told[0] == ("即 100 MWh；等价值 30.2 tce†", "100 MWh; on the equivalent basis 30.2 tce†")
    assert told[1].zh == "即 100 MWh；等价值 暂无数据"


def test_specs_are_json() -> None:
    shown = view(year_table(2026, 10), year_table(2025), days=days_table(date(2026, 1, 1), date(2026, 3, 1)))
    for picture in (shown.carbon, shown.energy, shown.flow, shown.days, shown.quality):
        json.dumps(picture.spec, allow_nan=False)
        assert picture.table is not None
        assert {len(r) for r in picture.table["rows"]} == {len(picture.table["columns"])}


def test_timeline_of_factors() -> None:
    facts = [
        Fact(
            "grid.a.2023",
            "grid_location",
            "CN",
            0.55,
            "kgCO2/kWh",
            valid_from=date(2023, 1, 1),
            valid_to=date(2023, 12, 31),
        ),
        Fact(
            "grid.a.2024",
            "grid_location",
            "CN",
            0.53,
            "kgCO2/kWh",
            valid_from=date(2024, 1, 1),
            verified=True,
        ),
    ]
    picture = timeline_picture(facts, TODAY)
    assert picture.spec is not None
    (line,) = picture.spec["rows"]
    assert line["thing"] == "electricity"
    assert line["spans"][0]["label"] == "0.55"
    assert picture.table is not None
    assert picture.table["rows"][0][1] == "0.55\u00a0kgCO2/kWh"
    assert [(s["from"], s["to"], s["verified"]) for s in line["spans"]] == [
        ("2023-01-01", "2023-12-31", False),
        ("2024-01-01", None, True),
    ]
    assert timeline_picture([], TODAY).spec is None


def test_words() -> None:
    assert month_run([1, 2, 3, 5]) == Text("1–3、5月", "January to March, May")
    assert [digits(v) for v in (0, 0.1234, 1.234, 12.34, 99.96, 1234.5, -5)] == [
        *("0", "0.123", "1.23", "12.3", "100", "1,234", "−5.00"),
    ]
    assert share(0.9996) == "99\u00a0%"
    assert share(1.0) == "100\u00a0%"


def test_pure() -> None:
    code = "import sys, tanlin.carbon.overview; sys.exit('django' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
