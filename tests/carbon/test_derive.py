"""Published figures against an independent computation with pandas, on a small community."""

from __future__ import annotations

import csv
from datetime import date
from importlib.resources import files
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tanlin.carbon import queries, services
from tanlin.community import services as community
from tanlin.community.queries import SYSTEM
from tanlin.kernel.errors import Refused
from tanlin.kernel.period import Period
from tests.carbon import place as p
from tests.carbon.place import tell

pytestmark = pytest.mark.django_db(transaction=True)

FACTS = {
    row["fact_id"]: float(row["value"])
    for row in csv.DictReader(
        files("tanlin.carbon").joinpath("data", "factors.csv").read_text("utf-8").splitlines()
    )
}
GRID, GAS = FACTS["grid.cn-gd.avg.2023"] / 1000, FACTS["fuel.cn.natural_gas.ef"] / 1000


@pytest.fixture
def world() -> p.Place:
    return p.build()


@pytest.fixture
def derived(world: p.Place) -> p.Place:
    services.derive(world.area, p.YEAR)
    return world


def hourly(number: str, channel: str = "import") -> pd.Series:
    """kWh by local month."""
    values = p.HOURLY[number, channel] * p.MULTIPLIER.get(number, 1.0)
    start = pd.to_datetime(p.START + 3600 * np.arange(len(values)), unit="s", utc=True)
    return (
        pd.Series(values, start.tz_convert("Asia/Shanghai")).groupby(lambda t: t.year * 100 + t.month).sum()
    )


def by_days(spans: list[tuple[str, str, float]]) -> pd.Series:
    """Quantity by month, spread evenly over the days of each span."""
    days = pd.concat(
        [
            pd.Series(
                value / len(pd.date_range(a, b, inclusive="left")), pd.date_range(a, b, inclusive="left")
            )
            for a, b, value in spans
        ]
    )
    return days.groupby(days.index.year * 100 + days.index.month).sum()


def electricity() -> pd.Series:
    use = hourly("MAIN") + by_days(p.BILLS["BILL"]).reindex([202303, 202304])
    return use.add(hourly("LONE"), fill_value=0.0)


def gas() -> pd.Series:
    return by_days([("2023-03-01", "2023-03-21", 60.0), ("2023-03-21", "2023-04-10", 80.0)])


def rows(**match: Any) -> list[dict[str, Any]]:
    table = tell("carbon.inventory").table
    return [row for row in table if all(row[k] == v for k, v in match.items())]


def months(**match: Any) -> dict[int, float]:
    out: dict[int, float] = {}
    for row in rows(**match):
        out[row["month"]] = out.get(row["month"], 0.0) + (row["value"] or 0.0)
    return out


def test_imported_electricity_counts_the_main_meter_and_not_its_sub_meters(derived: p.Place) -> None:
    assert months(carrier="electricity", channel="import") == pytest.approx(electricity().to_dict())


def test_use_is_import_and_generation_less_export(derived: p.Place) -> None:
    use = electricity() + hourly("PV", "generation") - hourly("PV", "export")
    assert tell("carbon.electricity").value == pytest.approx(use.sum())


def test_tonnes_come_from_imports_and_fuel(derived: p.Place) -> None:
    water = tell("carbon.water").value * sum(r["tco2e"] for r in rows(carrier="water")) / 1350.0
    expected = electricity().sum() * GRID + gas().sum() * GAS + water
    assert tell("carbon.co2e").value == pytest.approx(expected)
    assert sum(r["tco2e"] for r in rows(channel="generation")) == 0.0


def test_a_bill_across_a_month_is_split_by_days_and_both_parts_are_estimated(derived: p.Place) -> None:
    mine = [r for r in rows(carrier="electricity") if r["estimated"]]
    assert {r["month"]: r["estimated"] for r in mine} == pytest.approx({202303: 160.0, 202304: 150.0})


def test_a_register_is_differenced_over_its_turn(derived: p.Place) -> None:
    assert months(carrier="gas") == pytest.approx(gas().to_dict())
    assert tell("carbon.gas").value == pytest.approx(140.0)


def test_a_dead_meter_lowers_coverage_and_never_empties_its_parent(derived: p.Place) -> None:
    (dead,) = rows(carrier="electricity", channel="import", month=202304, place="garden-1", cost=None)
    assert (dead["value"], dead["tco2e"], dead["reason"]) == (None, None, "readings.none")
    assert (dead["seconds_present"], dead["seconds_expected"]) == (0, 30 * 86400)
    figure, kinds = tell("carbon.electricity"), 5  # main, dead, bill, generation, export
    present = (kinds - 1) * p.HOURS + p.DEAD_AFTER - 15 * 24  # the bills end on 15 April
    assert figure.coverage == pytest.approx(present / (kinds * p.HOURS))
    assert figure.value > hourly("MAIN").sum()


def test_a_silent_meter_is_told_by_the_local_day_of_its_last_reading(world: p.Place) -> None:
    """Its only hour ends at 01:00 local time, which is the day before in UTC."""
    (far,) = queries.silent(world.areas["meadow"])
    assert (far.number, far.since) == ("FAR", date(2023, 3, 1))


def test_waste_of_unknown_treatment_is_unknown_with_its_reason(derived: p.Place) -> None:
    assert [(r["tco2e"], r["reason"].split(";")[0]) for r in rows(carrier="waste")] == [
        (None, "factor.no_product")
    ] * 2
    figure = tell("carbon.co2e")
    assert "垃圾" in figure.reason.zh and "waste" in figure.reason.en
    assert tell("carbon.waste").value == 9000.0


def test_without_a_tariff_cost_is_unknown_and_the_priced_part_says_so(derived: p.Place) -> None:
    unpriced = [
        r for r in rows(carrier="electricity", channel="import") if "tariff.none" in (r["reason"] or "")
    ]
    assert unpriced and all(r["cost"] is None for r in unpriced)
    cost = tell("carbon.cost")
    assert cost.unit == "CNY" and cost.reason is not None
    tiers = (0.66286875, 0.71286875)  # residential, other months: first 200 kWh, then up to 400
    expected = sum(min(v, 200) * tiers[0] + max(v - 200, 0) * tiers[1] for v in (90 + 160, 150))
    assert cost.value == pytest.approx(expected)


def test_sub_meters_are_set_against_their_main_meter(derived: p.Place) -> None:
    march = next(r for r in tell("carbon.unmetered").table if r["month"] == 202303)
    subs = hourly("SUB-1")[202303] + hourly("SUB-2")[202303]
    assert march["sub_value"] == pytest.approx(subs)
    assert march["unmetered"] == pytest.approx(hourly("MAIN")[202303] - subs)


def test_days_of_electricity_are_those_of_meters_read_at_least_daily(derived: p.Place) -> None:
    table = tell("carbon.days").table
    assert [r["day"] for r in table][:2] == [20230301, 20230302]
    first = slice(0, 24)
    expected = sum(
        (p.HOURLY[k][first] * p.MULTIPLIER.get(k[0], 1.0)).sum() * (-1 if k[1] == "export" else 1)
        for k in p.HOURLY
        if not k[0].startswith("SUB")
    )
    assert table[0]["value"] == pytest.approx(expected)
    assert table[0]["coverage"] == 1.0


def test_a_main_meter_above_the_place_leaves_its_sub_meters_to_count(world: p.Place) -> None:
    services.derive(world.areas["garden-1"], p.YEAR)
    table = tell("carbon.inventory", "garden-1").table
    read = sum(r["value"] for r in table if r["carrier"] == "electricity" and r["channel"] == "import")
    bill = sum(v for _, _, v in p.BILLS["BILL"])
    assert read == pytest.approx(sum(hourly(n).sum() for n in ("SUB-1", "SUB-2", "LONE")) + bill)


def test_a_month_is_the_part_of_its_year(world: p.Place) -> None:
    services.derive(world.area, p.YEAR)
    services.derive(world.area, Period("2023-04"))
    table = tell("carbon.inventory", period="2023-04").table
    year = [r for r in tell("carbon.inventory").table if r["month"] == 202304]
    assert [r["value"] for r in table] == pytest.approx([r["value"] for r in year])
    assert [r["tco2e"] for r in table] == [pytest.approx(r["tco2e"]) for r in year]


def test_the_whole_is_the_sum_of_its_places(world: p.Place) -> None:
    for area in ("street", "garden", "meadow"):
        services.derive(world.areas[area], p.YEAR)
    parts = [tell("carbon.co2e", place).value for place in ("garden", "meadow")]
    assert tell("carbon.co2e", "street").value == pytest.approx(sum(parts))


def test_demonstration_spreads_to_every_figure() -> None:
    world = p.build(origin="demonstration")
    figures = services.derive(world.area, p.YEAR).figures
    assert {figure.origin for figure in figures} == {"demonstration"}


def test_one_place_of_the_demonstration_makes_what_holds_it_demonstration(world: p.Place) -> None:
    community.create_area(
        SYSTEM, slug="toy", name="toy", level="building", parent=world.area, origin="demonstration"
    )
    assert {f.origin for f in services.derive(world.area, p.YEAR).figures} == {"demonstration"}
    assert {f.origin for f in services.derive(world.areas["garden-1"], p.YEAR).figures} == {"measured"}


def test_there_is_nothing_to_state_without_readings(world: p.Place) -> None:
    before = p.receipts()
    with pytest.raises(Refused, match="没有读数"):
        services.derive(world.area, Period("2021"))
    assert p.receipts() == before


def test_a_figure_whose_meters_are_gone_becomes_unknown(derived: p.Place) -> None:
    from tanlin.meter import services as meter

    assert tell("carbon.gas").value == pytest.approx(140.0)
    meter.change(derived.row("GAS"), {"place": derived.areas["meadow"]}, actor=SYSTEM)
    services.derive(derived.area, p.YEAR)
    services.derive(derived.areas["meadow"], p.YEAR)
    gone = tell("carbon.gas")
    assert (gone.value, gone.stale, gone.reason.en) == (None, False, "There are no readings in the period.")
    assert tell("carbon.gas", "meadow").value == pytest.approx(140.0)


def test_a_place_whose_readings_were_undone_states_nothing(derived: p.Place) -> None:
    from tanlin.meter import services as meter

    meter.undo_batch(derived.batch, None, actor=SYSTEM, area=derived.area, source="undo")
    meter.refresh()
    services.derive(derived.area, p.YEAR)
    assert tell("carbon.co2e").value is None and tell("carbon.co2e").reason is not None
    assert services.stale() == set()
