"""Target paths with intervals, and when a base year is recalculated."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from tanlin.carbon.account.base_year import recalculation, triggers_of
from tanlin.carbon.account.targets import path_of, points_of, position, target_of
from tanlin.kernel.errors import BadInput

#: 0.68 t per person in 2021 → 0.40 t by 2024.
MEISHA = points_of(
    [
        {"value": 0.40, "valid_from": "2024-01-01", "source": "plan"},
        {"value": 0.68, "valid_from": date(2021, 1, 1), "source": "plan"},
    ]
)


def test_the_path_is_straight_between_its_points() -> None:
    assert path_of(MEISHA, 2025) == pytest.approx(
        {2021: 0.68, 2022: 0.68 - 0.28 / 3, 2023: 0.68 - 0.56 / 3, 2024: 0.40, 2025: 0.40}
    )


def test_there_is_no_path_before_its_first_point() -> None:
    assert target_of(MEISHA, 2020) is None
    assert position(MEISHA, 2020, 0.7, 0.6, 0.8).verdict == "no_path"


@pytest.mark.parametrize(
    ("value", "low", "high", "verdict"),
    [
        (0.35, 0.31, 0.40, "on_path"),
        (0.39, 0.35, 0.43, "unclear"),
        (0.45, 0.41, 0.49, "above"),
        (0.35, None, None, "unclear"),
        (None, None, None, "unknown"),
    ],
)
def test_only_what_lies_wholly_on_one_side_is_told(
    value: float | None, low: float | None, high: float | None, verdict: str
) -> None:
    assert position(MEISHA, 2024, value, low, high).verdict == verdict


def test_the_gap_is_measured_less_target() -> None:
    assert position(MEISHA, 2024, 0.45, 0.41, 0.49).gap == pytest.approx(0.05)


@pytest.mark.parametrize("value", ["soon", -1, None, float("nan")])
def test_a_target_that_is_no_number_is_refused(value: Any) -> None:
    with pytest.raises(BadInput):
        points_of([{"value": value, "valid_from": "2024-01-01"}])


def test_a_base_year_is_recalculated_above_its_threshold_only() -> None:
    assert recalculation(100.0, 105.1, ["factor"]).due is True
    assert recalculation(100.0, 104.9, ["factor"]).due is False
    assert recalculation(100.0, 94.0, ["structure"], threshold_pct=10.0).due is False


def test_a_base_year_that_stands_on_the_same_is_never_recalculated() -> None:
    made = recalculation(100.0, 100.0, [])
    assert made.due is False and "Nothing" in made.why.en


def test_an_unknown_total_leaves_it_open() -> None:
    assert recalculation(100.0, None, ["factor"]).due is None
    assert recalculation(None, 100.0, ["factor"]).due is None


def body(version: int = 1, gwp: str = "ar5", **inputs: str) -> dict[str, Any]:
    items = [{kind: value, "vintage": "2025"} for kind, value in inputs.items()]
    return {
        "method": {"id": "carbon.account", "version": version},
        "parameters": {"gwp": gwp},
        "inputs": items,
    }


def test_what_has_changed_is_read_from_the_receipts() -> None:
    then = [body(fact="grid", registry="a", readings="r")]
    assert triggers_of(then, then) == ()
    assert triggers_of(then, [body(fact="other", registry="a", readings="r")]) == ("factor",)
    assert triggers_of(then, [body(fact="grid", registry="b", readings="s")]) == ("structure", "readings")
    assert triggers_of(then, [body(gwp="ar6", fact="grid", registry="a", readings="r")]) == ("method",)


@pytest.mark.django_db(transaction=True)
def test_the_base_year_of_a_place_is_due_once_a_factor_moves_it_enough() -> None:
    from tanlin.carbon import services
    from tanlin.carbon.queries import targets as queries
    from tanlin.community import services as community
    from tanlin.community.queries import SYSTEM
    from tanlin.record import FactRow
    from tanlin.record import queries as record
    from tests.carbon import place as p
    from tests.carbon.place import tell

    world = p.build()
    services.derive(world.area, p.YEAR)
    assert queries.base_year(world.area) is None
    day = date(2023, 1, 1)
    for name, value in (
        ("carbon.base_year", 2023),
        ("carbon.base_year.receipt", tell("carbon.basic").receipt),
    ):
        community.set_attribute(SYSTEM, world.area, name, value, day, source="test")
    services.derive(world.area, p.YEAR)
    found = queries.base_year(world.area)
    assert found is not None and found[0] == 2023 and found[1].due is False
    fact = record.fact_by("grid.cn-gd.avg.2023")
    newer = vars(fact) | {"value": dict(fact.value) | {"value": 0.3}, "published": date(2026, 6, 30)}
    services.add_factor(FactRow(**{**newer, "learned": None, "vintage": ""}), actor=SYSTEM)
    services.derive(world.area, p.YEAR)
    found = queries.base_year(world.area)
    assert found is not None and found[1].due is True and found[1].triggers == ("factor",)
    other = tell("carbon.territorial").receipt
    community.set_attribute(SYSTEM, world.area, "carbon.base_year.receipt", other, date(2024, 1, 1))
    found = queries.base_year(world.area)
    assert found is not None and found[1].due is None  # the receipt of another figure fixes nothing


@pytest.mark.django_db(transaction=True)
def test_the_position_of_a_place_against_its_target() -> None:
    from tanlin.carbon import services
    from tanlin.carbon.queries import comparing as queries
    from tanlin.community import services as community
    from tanlin.community.queries import SYSTEM
    from tests.carbon import place as p
    from tests.carbon.place import tell

    world = p.build()
    assert queries.target(world.area, [2023], 2023) is None
    for name, value in (("population", 100), ("carbon.target.per_person", 1000.0)):
        community.set_attribute(SYSTEM, world.area, name, value, date(2023, 1, 1), source="test")
    found = queries.target(world.area, [2023], 2023)
    assert found is not None and found.verdict == "unknown"
    services.derive(world.area, p.YEAR)
    assert tell("carbon.per_person").value is not None
    expected = "on_path" if tell("carbon.per_person").high is not None else "unclear"
    found = queries.target(world.area, [2023], 2023)
    assert found is not None and found.verdict == expected
