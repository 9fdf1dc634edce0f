"""Hour by hour: the year sums to the official value, provisional years are derived again, old receipts replay."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tanlin.carbon import FactorBook
from tanlin.carbon.account.hourly import KEY, SHAPE, hourly, normalised, shape_of
from tanlin.carbon.account.shown.hours import hours_picture
from tanlin.carbon.factors import Unknown
from tanlin.carbon.figures import Result
from tanlin.carbon.hours import electricity_by_hour
from tanlin.carbon.inventory import inventory
from tanlin.carbon.shapes import read_shapes
from tanlin.carbon.stored import books
from tanlin.kernel.errors import BadInput
from tanlin.kernel.figure import Figure
from tanlin.kernel.period import Period

SHIPPED = read_shapes()
BOOK = books(SHIPPED).factors
FACTORS = FactorBook()


def made(rows: list[dict[str, Any]], region: str = "CN-GD", year: int = 2023, **more: Any) -> Result:
    shape = BOOK.resolve(SHAPE, region, date(year, 1, 1))
    hours = more.pop("hours", SHIPPED[0].value["hours"])
    return hourly(rows, FACTORS, shape, hours, region=region, year=year, **more)


def hour(hour_: int, kwh: float, month: int = 202301) -> dict[str, Any]:
    return {"month": month, "hour": hour_, "kwh": kwh, "seconds": 3600}


def test_two_hours_by_hand() -> None:
    """0.4419 kg/kWh and a shape of 0.5 at noon and 1.5 in the evening, 300 and 100 kWh: its weighted mean is 0.75.

    Noon: 0.4419 × 0.5/0.75 = 0.2946 kg/kWh; evening: 0.4419 × 1.5/0.75 = 0.8838 kg/kWh.
    """
    shape = [1.0] * 24
    shape[12], shape[19] = 0.5, 1.5
    table = made([hour(12, 300.0), hour(19, 100.0)], hours=shape).table
    assert table is not None
    noon, evening = table[1:]
    assert (noon["factor"], evening["factor"]) == pytest.approx((0.2946, 0.8838))
    assert noon["tco2e"] + evening["tco2e"] == pytest.approx(400 * 0.4419 / 1000, rel=1e-12)


sizes = arrays(float, (12, 24), elements=st.floats(0, 1e6))


@settings(max_examples=60, deadline=None)
@given(sizes, arrays(float, 24, elements=st.floats(0.1, 3)))
def test_the_load_weighted_mean_is_the_official_value(load: np.ndarray, hours: np.ndarray) -> None:
    if load.sum() <= 1e-3:
        return
    factor = 0.4419 * normalised(shape_of(hours.tolist()), load)
    assert (factor * load).sum() / load.sum() == pytest.approx(0.4419, rel=1e-12)


def test_it_says_that_the_shape_is_modelled_and_whose_load_weighs_it() -> None:
    head = (made([hour(3, 5.0)]).table or [])[0]
    assert (head["label"], head["verified"], head["weights"]) == ("modelled", False, "own")
    assert head["official"] == ["grid.cn-gd.avg.2023"]
    assert head["tco2e"] == pytest.approx(head["official_tco2e"], rel=1e-12)


def test_with_the_grids_load_a_place_that_buys_at_noon_is_below_the_official_value() -> None:
    head = (made([hour(12, 100.0)], load=np.ones((12, 24))).table or [])[0]
    assert head["weights"] == "grid"
    assert head["tco2e"] < head["official_tco2e"]


def test_no_shipped_shape_is_passed_off_as_official() -> None:
    assert SHIPPED and not any(row.verified for row in SHIPPED)
    assert all("非官方" in row.value["name_zh"] and row.value["label"] == "modelled" for row in SHIPPED)


def test_a_region_without_a_shape_has_a_reason_instead_of_hours() -> None:
    told = made([hour(3, 5.0)], region="GB")
    assert told.table is None and told.unknown == {"hourly.no_shape": 0}
    assert isinstance(BOOK.resolve(SHAPE, "GB", 2023), Unknown)


@pytest.mark.parametrize("hours", [[1.0] * 23, [-1.0, *[1.0] * 23], [float("nan"), *[1.0] * 23]])
def test_a_bad_shape_is_refused(hours: list[float]) -> None:
    with pytest.raises(BadInput):
        shape_of(hours)


def test_a_year_later_than_the_newest_notice_is_provisional() -> None:
    assert made([hour(3, 5.0, 202501)], year=2025).provisional
    assert not made([hour(3, 5.0)]).provisional


@pytest.mark.django_db(transaction=True)
def test_hours_sum_to_the_hourly_meters_and_an_inventory_with_the_shape_to_the_official_total() -> None:
    from tanlin.carbon.services import inputs
    from tanlin.readings import queries as readings
    from tests.carbon import place as p

    world = p.build()
    snapshot, meters = readings.snapshot(), inputs.registry_of(world.area, p.YEAR).meters
    table = electricity_by_hour(snapshot, meters, p.YEAR)
    wanted = p.HOURLY["MAIN", "import"].sum() * 40 + p.HOURLY["LONE", "import"].sum() * 2
    assert sum(table["kwh"].to_pylist()) == pytest.approx(wanted)
    noon = sum(r["kwh"] for r in table.to_pylist() if (r["month"], r["hour"]) == (202303, 12))
    main, lone = p.HOURLY["MAIN", "import"], p.HOURLY["LONE", "import"]
    assert noon == pytest.approx(main[12 : 31 * 24 : 24].sum() * 40 + lone[12 : 31 * 24 : 24].sum() * 2)

    from tanlin.carbon.account.hourly import hours_of

    load = hours_of(table.to_pylist())
    shape = normalised(shape_of(SHIPPED[0].value["hours"]), load)
    plain = inventory(snapshot, meters, p.YEAR).totals["tco2e"]["value"]
    shaped = inventory(snapshot, meters, p.YEAR, shapes={"CN-GD-SZ": shape}).totals["tco2e"]["value"]
    assert shaped == pytest.approx(plain, rel=1e-9)


@pytest.mark.django_db(transaction=True)
def test_a_notice_marks_the_provisional_years_only_and_old_receipts_replay() -> None:
    from tanlin.carbon import services
    from tanlin.community.queries import SYSTEM
    from tanlin.meter import services as meter
    from tanlin.record import FactRow
    from tanlin.record import queries as record
    from tests.carbon import place as p
    from tests.carbon.place import es, tell

    world = p.build()
    hours = pa.table(
        {
            "meter_id": pa.array([world.ids["MAIN"]] * 48, pa.int64()),
            "channel": ["import"] * 48,
            "start": pa.array([es("2024-03-01") + 3600 * n for n in range(48)], pa.int64()),
            "seconds": pa.array([3600] * 48, pa.int32()),
            "value": np.linspace(1, 3, 48),
            "quality": ["measured"] * 48,
        }
    )
    meter.add_readings(hours, source="more", actor=SYSTEM, area=world.area)
    meter.refresh()
    for year in ("2023", "2024"):
        services.derive(world.area, Period(year))
    assert [tell("carbon.hourly", period=year).provisional for year in ("2023", "2024")] == [False, True]
    old = tell("carbon.hourly", period="2024")
    assert record.replay(SYSTEM, old.receipt).answer == "equal"

    fact = record.fact_by("grid.cn-gd.avg.2023")
    days = {"valid_from": date(2024, 1, 1), "valid_to": date(2024, 12, 31), "published": date(2026, 12, 31)}
    news = replace(
        fact, fact_id="grid.cn-gd.avg.2024", value=dict(fact.value) | {"value": 0.42}, learned=None, **days
    )
    assert isinstance(news, FactRow)
    services.add_factor(news, actor=SYSTEM)
    stale = {period for (_, period), figure in record.figures(world.area).items() if figure.stale}
    assert stale == {"2024"}

    services.derive(world.area, Period("2024"))
    new = tell("carbon.hourly", period="2024")
    assert not new.provisional and not new.stale
    assert new.table[0]["tco2e"] / old.table[0]["tco2e"] == pytest.approx(0.42 / 0.4419)
    found = record.replay(SYSTEM, old.receipt)
    assert found.answer == "equal"
    assert "grid.cn-gd.avg.2024" in {change.name for change in found.changes}


def test_the_picture_says_modelled_and_keeps_the_official_line_beside_it() -> None:
    result = made([hour(12, 300.0), hour(19, 100.0)])
    figure = Figure(KEY, "p", "2023", None, "tCO2e", table=result.table)
    picture = hours_picture(figure)
    assert picture is not None and picture.spec is not None
    assert "not official" in picture.title.en and "非官方" in picture.title.zh
    modelled, official = picture.spec["series"]
    assert modelled["values"][12] < official["values"][12] < modelled["values"][19]
    assert official["values"][0] == pytest.approx(0.4419) and modelled["values"][0] is None


def test_no_hours_no_picture() -> None:
    assert hours_picture(None) is None
    assert hours_picture(Figure(KEY, "p", "2023", None, "tCO2e")) is None
