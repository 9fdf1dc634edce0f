"""The account's page as a view model: the sentence, the parts, what is not known, and the GPC table."""

from __future__ import annotations

from datetime import date
from typing import Any

import pyarrow as pa

from tanlin.carbon.account.boundary import boundary_of
from tanlin.carbon.account.gpc import gpc_table
from tanlin.carbon.account.lines import LINES
from tanlin.carbon.account.shown.gpc import gaps, table
from tanlin.carbon.account.shown.page import page
from tanlin.carbon.account.words import cause_name, stream_name
from tanlin.kernel.errors import Text
from tanlin.kernel.figure import Figure

HAIWAN = Text("海湾社区", "Haiwan")


def line(ref: str, tonnes: float | None, **over: Any) -> dict[str, Any]:
    """One line with an error of ten percent by a cause of its own."""
    base = {
        "ref": ref,
        "level": "basic",
        "scope": 2,
        "place": "haiwan",
        "month": 202501,
        "stream": "electricity.import",
        "source": "meter",
        "activity": 1.0,
        "unit": "kWh",
        "gas": "CO2",
        "mass_t": tonnes,
        "tco2e": tonnes,
        "factor_id": f"factor.{ref}",
        "causes": [{"cause": f"factor.{ref}", "pct": 10.0, "shape": "normal"}],
        "coverage": 1.0,
        "estimated": 0.0,
        "provisional": False,
        "verified": True,
        "key": None,
        "reason": None if tonnes is not None else "factor.none",
    }
    return base | over


LINES_OF = [
    line("I.1.2", 100.0),
    line("I.6.2", 40.0, provisional=True),
    line("I.6.1", 10.0, scope=1, verified=False),
    line("I.4.4", 0.0, level="territorial", scope=1),
    line("III.3.2", 20.0, scope=3, source="document"),
    line("III.3.2", None, scope=3, stream="waste.unknown"),
    line("V.2", -5.0, level="basic_plus", scope=1, source="survey"),
]
SUMS = [
    {"sector": name}
    | {
        f"{level}{end}": value
        for level in ("basic", "basic_plus")
        for end, value in zip(("", "_low", "_high"), sums, strict=True)
    }
    for name, sums in (("I", (150.0, 140.0, 160.0)), ("III", (20.0, 18.0, 22.0)))
]


def rows(stated: dict[str, tuple[str, str]] | None = None) -> list[dict[str, Any]]:
    return gpc_table(pa.Table.from_pylist(LINES_OF, LINES), stated or {})


def figure(key: str, value: float | None, unit: str = "tCO2e", **over: Any) -> Figure:
    return Figure(key, "haiwan", "2025", value, unit, **over)


def made(expert: bool = False, attributes: list[dict[str, Any]] | None = None) -> Any:
    boundary = boundary_of("haiwan", 2025, attributes or [])
    tables = {"carbon.gpc": rows(), "carbon.sectors": SUMS, "carbon.boundary": boundary.rows()}
    figures = {key: figure(key, None, table=held) for key, held in tables.items()}
    figures["carbon.basic"] = figure("carbon.basic", 170.0, low=158.0, high=182.0)
    figures["carbon.tce"] = figure("carbon.tce", 12.3, "tce")
    return page(HAIWAN, 2025, figures, energy_kwh=123_000.0, expert=expert)


def test_the_total_is_said_with_the_range_in_which_it_lies() -> None:
    said = made().sentence
    assert (
        said.zh.replace("\u00a0", " ")
        == "2025 年，海湾社区的生活和运行共排放约 170 tCO₂e，大约在 158 到 182 之间。"
    )
    assert "somewhere between 158 and 182" in said.en


def test_a_sector_is_a_bar_and_one_without_data_a_word() -> None:
    bars = made().sectors.spec["rows"]
    assert [(bar["name"].zh, bar["value"]) for bar in bars] == [
        ("建筑用能", 150.0),
        ("交通出行", None),
        ("垃圾和污水", 20.0),
    ]
    assert bars[1]["word"].zh == "未估算"
    assert bars[0]["low"] == 140.0 and bars[0]["share"] == 150 / 170


def test_gaps_name_what_is_not_estimated_and_what_is_left_out_and_not_what_is_counted_elsewhere() -> None:
    said = {gap.sector.zh: gap for gap in gaps(rows())}
    assert "道路交通" in said["交通出行"].text.zh and "不存在：航空" in said["交通出行"].text.zh
    assert said["交通出行"].target == "activities" and said["建筑用能"].target == "meters"
    assert "部分数据未计入：没有适用的排放因子" in said["垃圾和污水"].text.zh
    assert "商业与公共建筑" not in said["建筑用能"].text.zh  # its meters state no use: counted in I.6


def test_a_stated_key_is_believed() -> None:
    stated = {f"II.{n}.{scope}": ("NO", "没有") for n in range(1, 6) for scope in (1, 2)}
    said = {gap.sector.zh: gap.text.zh for gap in gaps(rows(stated))}
    assert "未估算" not in said["交通出行"]


def test_the_gpc_table_adds_levels_and_never_the_territorial() -> None:
    lines = {one.ref: one for one in table(rows())}
    assert [cell.value for cell in lines["I"].cells] == [10.0, 140.0, None]
    assert (lines["I"].basic, lines["I"].plus, lines["I"].territorial.value) == (150.0, 150.0, 0.0)
    assert (lines["V"].basic, lines["V"].plus) == (None, -5.0)
    assert lines["III.3"].cells[2].value == 20.0 and lines["III.3"].cells[2].marked
    assert lines["I.6"].provisional and lines["I.6"].unverified and lines["I.6"].quality == "L"
    assert lines["II.4"].cells[0].key == "NO"


def test_a_figure_per_person_prints_its_boundary_beside_it() -> None:
    since = date(2025, 1, 1)
    given = (("population", 8200), ("population.definition", "常住人口"))
    held = [{"key": key, "value": value, "valid_from": since, "source": "census"} for key, value in given]
    shown = made(attributes=held)
    card = next(card for card in shown.cards if card.key == "carbon.per_person")
    assert card.note.zh.replace("\u00a0", " ") == "2025 年，8,200 人，常住人口"
    assert [fact.name.zh for fact in shown.boundary if fact.value is None] == [
        "建筑面积",
        "占地面积",
        "纳入与排除规则",
    ]


def test_standard_coal_has_its_energy_beside_it() -> None:
    assert made().energy[0].note.zh.replace("\u00a0", " ") == "即 123 MWh"


def test_the_professional_view_is_made_only_when_asked_for() -> None:
    assert made().expert is None
    assert len(made(expert=True).expert.keys) == 4


def test_causes_are_named() -> None:
    facts, places = {"grid.2023": Text("电网", "Grid")}, {"haiwan": HAIWAN}
    assert cause_name("grid.2023", facts, places).zh == "因子：电网"
    assert (
        cause_name("meter:haiwan/electricity/generation//", facts, places).zh == "计量：海湾社区 · 光伏发电"
    )
    assert cause_name("survey:12", facts, places).en == "Survey 12"
    assert cause_name("other", facts, places).en == "Factor other"


def test_a_line_that_is_only_shown_adds_to_no_reference() -> None:
    shown = line("II.1.2", 9.0, level="memo", stream="ebike")
    held = {
        row["ref"]: row
        for row in gpc_table(pa.Table.from_pylist([*LINES_OF, line("II.1.2", 25.0), shown], LINES), {})
    }
    assert held["II.1.2"]["total"] == 25.0 and held[""]["total"] == 9.0


def test_metered_streams_are_named() -> None:
    assert stream_name("electricity.import.loss").zh == "电（输配损失）"
    assert stream_name("gas.natural_gas").en == "Gas (natural gas)"
