"""The published comparison of a year with the year before: its receipt, its replay, and what derives it again."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from tanlin.carbon import services
from tanlin.carbon.account.change import read_change
from tanlin.carbon.account.compare import Comparison
from tanlin.carbon.queries import comparing
from tanlin.community.queries import SYSTEM
from tanlin.kernel.period import Period
from tanlin.meter import services as meter
from tanlin.record import FactRow
from tanlin.record import queries as record
from tests.carbon import place as p
from tests.carbon.place import es, tell

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world() -> p.Place:
    """Water and waste of March 2023 and of March 2024, and the account of both years."""
    made = p.build()
    rows = {"WASTE": 4000.0, "WATER": 500.0}
    import pyarrow as pa

    table = pa.table(
        {
            "meter_id": pa.array([made.ids[number] for number in rows], pa.int64()),
            "channel": ["import"] * 2,
            "start": pa.array([es("2024-03-01")] * 2, pa.int64()),
            "seconds": pa.array([31 * 86400] * 2, pa.int32()),
            "value": list(rows.values()),
            "quality": ["measured"] * 2,
        }
    )
    meter.add_readings(table, source="more", actor=SYSTEM, area=made.area)
    meter.refresh()
    for year in ("2023", "2024"):
        services.derive(made.area, Period(year))
    return made


def told() -> Comparison:
    return read_change(tell("carbon.change", period="2024").table)


def test_only_what_both_years_know_is_compared(world: p.Place) -> None:
    made = told()
    left = {row["stream"]: row["reason"] for row in made.rows.to_pylist() if row["reason"]}
    assert left["electricity.import"] == "readings.none"
    assert made.effects is None or sum(made.effects.values()) == pytest.approx(made.after - made.before)


def test_it_replays_and_names_the_account_that_changed(world: p.Place) -> None:
    receipt = tell("carbon.change", period="2024").receipt
    assert record.replay(SYSTEM, receipt).answer == "equal"
    world.correct("MAIN", 5, 77.0)
    services.derive(world.area, p.YEAR)
    found = record.replay(SYSTEM, receipt)
    assert found.answer == "equal"
    assert [change.name for change in found.changes] == ["carbon.account 2023"]


def test_the_year_after_is_compared_again_when_a_year_changes(world: p.Place) -> None:
    before = tell("carbon.change", period="2024").receipt
    assert not comparing.waits(world.area, 2024)
    world.correct("MAIN", 5, 77.0)
    assert comparing.waits(world.area, 2024)
    services.derive(world.area, p.YEAR)
    assert not comparing.waits(world.area, 2024)
    assert tell("carbon.change", period="2024").receipt != before


def test_the_first_year_has_nothing_to_compare_with(world: p.Place) -> None:
    assert tell("carbon.change", period="2023") is None


def test_a_factor_moves_exactly_what_its_preview_names(world: p.Place) -> None:
    fact = record.fact_by("grid.cn-gd.avg.2023")
    newer = vars(fact) | {"value": dict(fact.value) | {"value": 0.3}, "published": date(2026, 6, 30)}
    row = FactRow(**{**newer, "learned": None, "vintage": ""})
    named = {(one.period, one.key) for one in services.preview([row]).moved if one.area == world.area.pk}
    before = _receipts(world.area)
    services.add_factor(row, actor=SYSTEM)
    for year in ("2023", "2024"):
        services.derive(world.area, Period(year))
    after = _receipts(world.area)
    moved = {where for where in after if after[where] != before.get(where)}
    assert named <= moved
    assert {where for where in named if where[1] == "carbon.change"} == {
        where
        for where in moved
        if where[1] == "carbon.change" and _table(before[where]) != _table(after[where])
    }


def _receipts(area: Any) -> dict[tuple[str, str], str]:
    return {(period, key): figure.receipt for (key, period), figure in record.figures(area).items()}


def _table(receipt: str) -> str:
    return record.receipt(SYSTEM, receipt).body["result"]["table"]
