"""Years and places side by side in words and pictures."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from tanlin.carbon.account.boundary import ATTRIBUTES
from tanlin.carbon.account.compare import CHANGE, Comparison
from tanlin.carbon.account.shown.compare import decline_picture, places_shown, target_shown, years_shown
from tanlin.carbon.account.shown.pictures import YearValue
from tanlin.carbon.account.targets import Point
from tanlin.kernel.errors import Text
from tanlin.kernel.figure import Figure


def part(stream: str, before: float, after: float, factor: float = 0.0, **over: Any) -> dict[str, Any]:
    row = dict.fromkeys(CHANGE.names)
    row |= {"stream": stream, "before": before, "after": after, "months": 12, "factor": factor}
    return row | {"activity": after - before - factor, "structure": 0.0} | over


def comparison(*rows: dict[str, Any], frozen: float | None = None, half: float = 1.0) -> Comparison:
    good = [row for row in rows if row["reason"] is None]
    before, after = (sum(row[side] for row in good) for side in ("before", "after"))
    effects = {name: sum(row[name] for row in good) for name in ("activity", "structure", "factor")}
    change = after - before
    span = {"value": change, "low": change - half, "high": change + half}
    table = pa.Table.from_pylist(list(rows), CHANGE)
    return Comparison(table, tuple(range(1, 13)), before, after, frozen, effects, span)


def plain(text: str) -> str:
    return text.replace("\u00a0", " ")


MADE = comparison(
    part("electricity.import", 100.0, 90.0, -4.0),
    part("gas.natural_gas", 20.0, 22.0),
    dict.fromkeys(CHANGE.names) | {"stream": "waste.landfill", "reason": "compare.one_year"},
    frozen=116.0,
)


def test_the_change_is_said_with_its_uncertainty_and_share() -> None:
    assert (
        plain(years_shown(2024, 2025, MADE).sentence.zh)
        == "2025 年比 2024 年减少 8.00 ± 1.00 tCO₂e（6.7 %）。"
    )


def test_a_change_within_its_uncertainty_is_neither_rise_nor_fall() -> None:
    made = comparison(part("electricity.import", 100.0, 99.0), half=5.0)
    said = years_shown(2024, 2025, made).sentence
    assert "不能说升了还是降了" in said.zh and "neither a rise nor a fall" in said.en


def test_the_steps_lead_from_one_level_to_the_other() -> None:
    steps = years_shown(2024, 2025, MADE).steps.spec["steps"]  # type: ignore[index]
    assert [step["level"] for step in steps] == [True, False, False, False, True]
    assert steps[0]["value"] + sum(step["value"] for step in steps[1:-1]) == pytest.approx(steps[-1]["value"])


def test_streams_stand_in_the_order_of_their_change_and_what_is_left_out_has_a_reason() -> None:
    shown = years_shown(2024, 2025, MADE)
    assert [bar["name"].zh for bar in shown.streams.spec["rows"]] == ["电", "燃气（天然气）"]  # type: ignore[index]
    assert [(name.zh, why.zh) for name, why in shown.left_out] == [("垃圾（填埋）", "只有一年有数据。")]


def test_years_are_linked_as_a_chain_with_moving_and_frozen_factors() -> None:
    first = comparison(part("electricity.import", 200.0, 180.0, -10.0), frozen=190.0)
    picture = decline_picture(
        {2024: first, 2025: comparison(part("electricity.import", 100.0, 90.0), frozen=95.0)}
    )
    assert picture is not None and picture.spec is not None
    assert picture.spec["years"] == [2023, 2024, 2025]
    moving, frozen = (one["values"] for one in picture.spec["series"])
    assert moving == pytest.approx([100.0, 90.0, 81.0]) and frozen == pytest.approx([100.0, 95.0, 90.25])


def test_a_chain_begins_after_its_last_gap() -> None:
    made = comparison(part("electricity.import", 100.0, 90.0), frozen=90.0)
    picture = decline_picture({2021: made, 2025: made})
    assert picture is not None and picture.spec is not None
    assert picture.spec["years"] == [2024, 2025]
    assert decline_picture({}) is None


def place(slug: str, value: float | None, **bound: Any) -> tuple[str, Text, dict[str, Figure]]:
    rows = [{"key": key.replace("__", "."), "value": each} for key, each in bound.items()]
    figures = {
        "carbon.basic": Figure("carbon.basic", slug, "2025", 100.0, "tCO2e"),
        "carbon.per_person": Figure("carbon.per_person", slug, "2025", value, "tCO2e"),
        "carbon.boundary": Figure("carbon.boundary", slug, "2025", None, "", table=rows),
    }
    return slug, Text(slug, slug), figures


HERE = place("here", 0.7, population=1000, population__definition="常住", boundary__rules="全部")


def test_places_with_one_boundary_are_compared_and_others_refused_with_the_reason() -> None:
    same = place("same", 0.6, population=10, population__definition="常住", boundary__rules="全部")
    other = place("other", 0.5, population=10, population__definition="户籍", boundary__rules="全部")
    silent = place("silent", 0.5, population=10)
    places = places_shown([HERE, same, other, silent], ATTRIBUTES)
    shown = {one.slug: one for one in places.rows}
    assert not places.common
    assert shown["here"].refused is None and shown["same"].refused is None
    assert shown["other"].refused and shown["other"].refused.zh == "人口口径不一致，不能比较"
    assert shown["silent"].refused and "未填写" in shown["silent"].refused.zh
    assert plain(shown["here"].boundary[0].zh) == "人口 1,000 人"


def test_a_rule_that_all_places_share_is_said_once() -> None:
    same = place("same", 0.6, population=10, population__definition="常住", boundary__rules="全部")
    made = places_shown([same, same], ATTRIBUTES)
    assert [text.zh for text in made.common] == ["人口口径 常住", "纳入与排除规则 全部"]
    assert [plain(text.zh) for text in made.rows[1].boundary] == ["人口 10 人"]


def test_a_year_above_the_path_is_said_with_both_numbers() -> None:
    points = [Point(2024, 0.68, "plan"), Point(2030, 0.4)]
    values = [YearValue(2024, 0.68, 0.62, 0.74), YearValue(2025, 0.80, 0.75, 0.85)]
    shown = target_shown(points, 2025, values, None)
    assert shown.verdict == "above" and shown.said and shown.said.zh == "2025 年高于目标路径"
    assert shown.path and "人均 0.800 tCO₂e/人（0.750–0.850）" in plain(shown.path.summary.zh)
    assert shown.path.spec and shown.path.spec["years"] == list(range(2024, 2031))


def test_within_the_uncertainty_nothing_is_claimed_and_without_a_target_nothing_is_drawn() -> None:
    values = [YearValue(2025, 0.6, 0.5, 0.7)]
    assert target_shown([Point(2024, 0.62)], 2025, values, None).verdict == "unclear"
    assert target_shown([], 2025, values, None).path is None
