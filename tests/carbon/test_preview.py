"""A change of facts moves exactly the figures its preview named, by exactly what it said."""

from __future__ import annotations

from datetime import date
from typing import Any

import pyarrow as pa
import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tanlin.carbon import services
from tanlin.carbon.rules import GWP_SET
from tanlin.community.queries import SYSTEM
from tanlin.meter import services as meter
from tanlin.record import FactRow, jobs
from tanlin.record import queries as record
from tests.carbon import place as p

pytestmark = pytest.mark.django_db(transaction=True)
YEARS = ("2023", "2025")
PLACES = ("street", "garden", "meadow")
#: (number, place, carrier, product, tariff)
METERS = (
    ("E1", "garden", "electricity", "", "CN-SH.residential"),
    ("E2", "meadow", "electricity", "", "CN-GD-SZ.residential"),
    ("G1", "garden", "gas", "natural_gas", ""),
    ("W1", "garden", "water", "", ""),
    ("C1", "meadow", "waste", "compost", ""),
    ("H1", "meadow", "heat", "", ""),
)


@pytest.fixture
def town() -> dict[str, Any]:
    """Three places with monthly bills of five carriers in two years, all derived."""
    made = p.areas()
    specs = [
        meter.Spec(
            owner=made[place], place=made[place], carrier=carrier, number=number, kind="bill", product=product,
            tariff=tariff, valid_from=date(2023, 1, 1),
            unit={"electricity": "kWh", "waste": "kg", "heat": "GJ"}.get(carrier, "m3"),
        )
        for number, place, carrier, product, tariff in METERS
    ]  # fmt: skip
    ids = {
        number: pk for (_, number, _), pk in meter.register(specs, actor=SYSTEM, area=made["street"]).items()
    }
    edges = [(year, month) for year in YEARS for month in range(1, 13)]
    rows = [
        (
            ids[number],
            p.es(f"{y}-{m:02}-01"),
            p.es(f"{int(y) + m // 12}-{m % 12 + 1:02}-01"),
            100.0 + 7 * n + m,
        )
        for n, (number, *_) in enumerate(METERS)
        for y, m in edges
    ]
    table = pa.table(
        {
            "meter_id": pa.array([row[0] for row in rows], pa.int64()),
            "channel": ["import"] * len(rows),
            "start": pa.array([row[1] for row in rows], pa.int64()),
            "seconds": pa.array([row[2] - row[1] for row in rows], pa.int32()),
            "value": [row[3] for row in rows],
            "quality": ["measured"] * len(rows),
        }
    )
    meter.add_readings(table, source="bills", actor=SYSTEM, area=made["street"])
    meter.refresh()
    services.load_facts(SYSTEM)
    work()
    return made


def work() -> None:
    """What the worker does next: the jobs that wait, then the figures that are due."""
    jobs.enqueue("carbon.derive_due")
    while (done := jobs.work_once()) is not None:
        assert done.state == "done", done.error


def told(made: dict[str, Any]) -> dict[tuple[int, str, str], Any]:
    """Every published figure by place, key and period."""
    return {
        (area.pk, key, period): figure
        for area in made.values()
        for (key, period), figure in record.figures(area).items()
    }


def said(figure: Any) -> tuple[Any, ...]:
    names = ("value", "unit", "low", "high", "coverage", "estimated", "provisional", "reason", "table")
    return tuple(getattr(figure, name) for name in names)


def grid(value: float, year: int = 2025, **over: Any) -> FactRow:
    fields = {
        "fact_id": f"grid.new.{year}", "kind": "grid_location", "region": "CN-GD", "unit": "kgCO2/kWh",
        "published": date(2026, 10, 1), "valid_from": date(year, 1, 1), "valid_to": date(year, 12, 31),
        "value": {"value": value, "product": "", "name_zh": "新", "name_en": "new"}, "uncertainty_pct": 10.0,
        "source": "notice",
    }  # fmt: skip
    return FactRow(**fields | over)


def rule(value: str, since: int = 2023, region: str = "CN-GD") -> FactRow:
    return FactRow(
        fact_id=f"{GWP_SET}.{value}.{since}", kind=GWP_SET, region=region, published=date(2026, 10, 1),
        valid_from=date(since, 1, 1), value={"value": value}, source="decision",
    )  # fmt: skip


def check(made: dict[str, Any], rows: list[FactRow]) -> services.Preview:
    """Preview, add, derive: what moved is what was named, the rest keeps its receipt, old receipts replay equal."""
    before = told(made)
    found = services.preview(rows)
    services.add_facts(rows, actor=SYSTEM)
    work()
    after = told(made)
    named = {(one.area, one.key, one.period): one for one in found.moved}
    assert set(named) == {key for key in after if said(after[key]) != said(before[key])}
    for key, one in named.items():
        for name in ("value", "low", "high", "provisional"):
            assert one.was[name] == getattr(before[key], name)
            now = getattr(after[key], name)
            assert one.now[name] == (now if now is None else pytest.approx(now, rel=1e-9))
    fresh = {before[key].receipt for key in after if after[key].receipt != before[key].receipt}
    assert {one.receipt for one in found.moved} | set(found.renewed) == fresh
    return found


def test_a_newer_notice_moves_what_its_preview_named(town: dict[str, Any]) -> None:
    old = told(town)[town["garden"].pk, "carbon.co2e", "2025"]
    found = check(town, [grid(0.4)])
    assert {one.period for one in found.moved} == {"2025"}
    assert {one.area for one in found.moved} == {town[place].pk for place in PLACES}
    assert "carbon.basic" in {one.key for one in found.moved}
    replayed = record.replay(SYSTEM, old.receipt)
    assert replayed.answer == "equal"
    assert {change.name for change in replayed.changes} == {"grid.cn-gd.avg.2023", "grid.new.2025"}


KINDS = {
    "grid_location": [("", "kgCO2/kWh")],
    "fuel": [("natural_gas", "kgCO2/m3"), ("lpg", "kgCO2/kg")],
    "water": [("", "kgCO2e/t")],
    "heat": [("", "kgCO2/GJ")],
    "waste": [("compost", "kgCH4/t"), ("landfill", "tCO2e/t")],
    "gwp": [("ar5.ch4", "kgCO2e/kg"), ("ar6.ch4", "kgCO2e/kg")],
    "tce": [("electricity", "kgce/kWh")],
}


@st.composite
def factor(draw: st.DrawFn) -> FactRow:
    """A new factor of a kind that may or may not be used, anywhere, for some years."""
    kind = draw(st.sampled_from(sorted(KINDS)))
    product, unit = draw(st.sampled_from(KINDS[kind]))
    first = draw(st.sampled_from([None, 2021, 2023, 2024, 2025, 2026]))
    last = draw(st.sampled_from([None, 2022, 2023, 2025]))
    last = last if last is None or first is None or last >= first else None
    value = draw(st.floats(0.1, 30.0))
    return FactRow(
        fact_id=draw(st.sampled_from(["drawn", "grid.cn-gd.avg.2023"])), kind=kind, unit=unit,
        region=draw(st.sampled_from(["CN-GD-SZ", "CN-GD", "CN-GRID-SC", "CN", "GLOBAL", "CN-SH"])),
        published=draw(st.sampled_from([date(2020, 1, 1), date(2026, 10, 1)])),
        valid_from=date(first, 1, 1) if first else None, valid_to=date(last, 12, 31) if last else None,
        value={"value": value, "product": product, "name_zh": "", "name_en": ""},
        uncertainty_pct=draw(st.sampled_from([None, 5.0, 20.0])), source="drawn",
    )  # fmt: skip


class _Undo(Exception):
    """Ends an example as if nothing had been added."""


@settings(max_examples=12, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(rows=st.lists(factor(), min_size=1, max_size=2, unique_by=lambda row: row.fact_id))
def test_any_new_factors_move_exactly_what_their_preview_named(
    town: dict[str, Any], rows: list[FactRow]
) -> None:
    with pytest.raises(_Undo), transaction.atomic():
        check(town, rows)
        raise _Undo
