"""Scope 2 market-based: what instruments cover, what is left, and that nothing is counted twice."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tanlin.carbon import FactorBook
from tanlin.carbon.account.lines import LINES
from tanlin.carbon.account.market import market
from tanlin.carbon.account.match import Instrument, match

BOOK = FactorBook()
REGIONS = {"street": "CN-GD-SZ", "a": "CN-GD-SZ", "b": "CN-GD-SZ"}


def line(
    place: str = "street", month: int = 202301, kwh: float | None = 1000.0, **more: Any
) -> dict[str, Any]:
    """Electricity of a month at the Guangdong factor of 2023, metered at ±2 %."""
    tonnes = None if kwh is None else kwh * 0.4419 / 1000
    row = {
        "ref": "I.1.2", "level": "basic", "scope": 2, "place": place, "month": month, "stream": "electricity",
        "source": "meter", "activity": kwh, "unit": "kWh", "gas": "CO2", "mass_t": tonnes, "tco2e": tonnes,
        "factor_id": "grid.cn-gd.avg.2023", "coverage": 1.0, "estimated": 0.0, "provisional": False,
        "verified": True, "key": None, "reason": None,
        "causes": [
            {"cause": "grid.cn-gd.avg.2023", "pct": 10.0, "shape": "normal"},
            {"cause": f"meter:{place}/electricity/import//", "pct": 2.0, "shape": "normal"},
        ],
    }  # fmt: skip
    return row | more


def lines(*rows: dict[str, Any]) -> pa.Table:
    return pa.Table.from_pylist(list(rows), LINES)


def paper(kwh: float, first: str = "2023-01-01", last: str = "2023-12-31", **more: Any) -> Instrument:
    told: dict[str, Any] = {
        "id": 1,
        "path": ("street",),
        "kind": "certificate",
        "registry": "R",
        "number": "1",
    }
    days = {"first_day": date.fromisoformat(first), "last_day": date.fromisoformat(last)}
    return Instrument(**{**told, **days, "energy_kwh": kwh, **more})


def tonnes(table: pa.Table) -> float:
    return sum(value for value in table["tco2e"].to_pylist() if value is not None)


def whole(rows: pa.Table, *papers: Instrument, year: int = 2023, **more: Any) -> Any:
    return market(rows, papers, BOOK, REGIONS, year, place="street", **more)


def test_what_no_instrument_covers_takes_the_residual_mix() -> None:
    made = whole(lines(line(kwh=1000.0)), paper(400.0))
    assert tonnes(made.location) == pytest.approx(1000 * 0.4419 / 1000)
    assert tonnes(made.lines) == pytest.approx(
        600 * 0.6096 / 1000
    )  # 400 kWh at zero, 600 at the residual of 2023
    assert dict(zip(made.lines["source"].to_pylist(), made.lines["activity"].to_pylist(), strict=True)) == {
        "certificate": 400.0,
        "residual": 600.0,
    }


def test_average_fell_and_residual_rose_in_2023() -> None:
    """China 2022 → 2023: 0.5366 → 0.5306 and 0.5856 → 0.6096, so both totals of equal use part."""
    regions = {"street": "CN"}
    made = {}
    for year, average in ((2022, 0.5366), (2023, 0.5306)):
        row = line(month=year * 100 + 1, tco2e=average, mass_t=average)
        made[year] = market(lines(row), [], BOOK, regions, year, place="street")
    assert tonnes(made[2023].location) - tonnes(made[2022].location) == pytest.approx(-0.0060)
    assert tonnes(made[2023].lines) - tonnes(made[2022].lines) == pytest.approx(+0.0240)


def test_an_instrument_larger_than_the_use_is_capped_and_its_excess_told() -> None:
    made = whole(lines(line(kwh=1000.0)), paper(1500.0))
    (one,) = made.matches
    assert (one.used_kwh, one.excess_kwh, one.reason) == (1000.0, 500.0, "market.excess")
    assert tonnes(made.lines) == 0.0


def test_an_instrument_covers_the_days_it_states() -> None:
    """Ten days of January cover at most 10/31 of January's use, and nothing of February's."""
    rows = lines(line(month=202301, kwh=310.0), line(month=202302, kwh=280.0))
    (one,) = whole(rows, paper(500.0, "2023-01-11", "2023-01-20")).matches
    assert one.months[0] == pytest.approx(100.0)
    assert one.months[1:].sum() == 0.0
    assert one.excess_kwh == pytest.approx(400.0)


def test_an_instrument_across_new_year_is_split_by_days() -> None:
    """61 days of November and December 2022, 59 of January and February 2023."""
    paper_ = paper(1200.0, "2022-11-01", "2023-02-28")
    use = {"street": np.full(12, 10_000.0)}
    shares = [match([paper_], use, year)[0].used_kwh for year in (2022, 2023)]
    assert shares == pytest.approx([1200 * 61 / 120, 1200 * 59 / 120])


def test_a_suppliers_factor_comes_after_certificates() -> None:
    supplier = paper(1000.0, id=2, kind="supplier", number="2", factor_kg_per_kwh=0.2)
    made = whole(lines(line(kwh=1000.0)), supplier, paper(700.0))
    used = {one.instrument.kind: one.used_kwh for one in made.matches}
    assert used == {"certificate": 700.0, "supplier": 300.0}
    assert tonnes(made.lines) == pytest.approx(300 * 0.2 / 1000)


def test_a_certificate_of_a_part_covers_the_use_of_that_part_only() -> None:
    rows = lines(line("a", kwh=200.0), line("b", kwh=800.0))
    (one,) = whole(rows, paper(500.0, path=("street", "a")), below={"a": _january(200.0)}).matches
    assert (one.used_kwh, one.excess_kwh) == (200.0, 300.0)


def test_no_kwh_is_covered_by_a_place_and_by_one_above_it() -> None:
    rows = lines(line("a", kwh=200.0), line("b", kwh=800.0))
    own, above = paper(200.0, path=("street", "a")), paper(1000.0, id=2, number="2")
    made = whole(rows, above, own, below={"a": _january(200.0)})
    assert {one.instrument.id: one.used_kwh for one in made.matches} == {1: 200.0, 2: 800.0}
    by_place = {row["place"]: row["factor_id"] for row in made.lines.to_pylist()}
    assert by_place == {"a": "instrument:R/1", "b": "instrument:R/2"}


def test_an_instrument_of_a_place_whose_use_is_unknown_covers_nothing() -> None:
    (one,) = whole(lines(line(kwh=1000.0)), paper(500.0, path=("street", "a"))).matches
    assert (one.used_kwh, one.reason) == (0.0, "market.use_unknown")


def test_without_a_residual_mix_the_location_based_factor_stands_and_says_so() -> None:
    row = line(tco2e=0.2071, mass_t=0.2071, factor_id="grid.gb.avg.2023")
    made = market(lines(row), [], BOOK, {"street": "GB"}, 2023, place="street")
    assert made.lines["source"].to_pylist() == ["location"]
    assert tonnes(made.lines) == tonnes(made.location)


def test_own_generation_lowers_imports_only_and_is_credited_nowhere_else() -> None:
    sun = line(kwh=300.0, level="territorial", scope=1, stream="pv", tco2e=0.0, mass_t=0.0)
    assert tonnes(whole(lines(line(), sun)).lines) == tonnes(whole(lines(line())).lines)


def test_heat_has_no_instrument_and_keeps_its_factor() -> None:
    heat = line(stream="heat", activity=10.0, unit="GJ", tco2e=1.1, mass_t=1.1)
    assert tonnes(whole(lines(heat)).lines) == pytest.approx(1.1)


def test_what_is_left_bears_the_whole_metering_error() -> None:
    """±2 % of 1000 kWh are 20 kWh; of the 500 that are left they are ±4 %. The factor's cause is the residual's."""
    (rest,) = [
        row for row in whole(lines(line()), paper(500.0)).lines.to_pylist() if row["source"] == "residual"
    ]
    causes = {cause["cause"]: cause["pct"] for cause in rest["causes"]}
    assert causes == {"meter:street/electricity/import//": 4.0, "grid.cn.avg_excl_traded_nonfossil.2023": 5.0}


def test_what_was_not_known_of_the_metering_is_not_known_by_market_either() -> None:
    made = whole(lines(line(causes=None)), paper(100.0))
    rest = next(row for row in made.lines.to_pylist() if row["source"] == "residual")
    assert rest["causes"] is None


def test_a_year_later_than_the_newest_residual_mix_is_provisional() -> None:
    (row,) = whole(lines(line(month=202501)), year=2025).lines.to_pylist()
    assert row["provisional"] and row["factor_id"] == "grid.cn.avg_excl_traded_nonfossil.2023"


def test_an_unknown_use_stays_unknown() -> None:
    made = whole(lines(line(kwh=None, reason="readings.none")), paper(500.0))
    (row,) = made.lines.to_pylist()
    assert (row["tco2e"], row["reason"], row["source"]) == (None, "readings.none", "unknown")


def test_a_bill_of_a_whole_year_is_matched_by_days() -> None:
    made = whole(lines(line(month=202300, kwh=365.0)), paper(100.0, "2023-01-01", "2023-01-31"))
    assert made.matches[0].used_kwh == pytest.approx(31.0)
    assert sum(made.lines["activity"].to_pylist()) == pytest.approx(365.0)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.floats(0, 1e5), min_size=12, max_size=12),
    st.lists(st.tuples(st.floats(1, 1e5), st.integers(0, 364), st.integers(0, 364)), max_size=5),
)
def test_covered_and_left_are_the_use(use: list[float], papers: list[tuple[float, int, int]]) -> None:
    """Whatever the instruments, kWh of all parts are the imports, month by month, and no paper is used beyond itself."""
    start = date(2023, 1, 1).toordinal()
    made = [
        paper(kwh, str(date.fromordinal(start + min(a, b))), str(date.fromordinal(start + max(a, b))), id=n, number=str(n))
        for n, (kwh, a, b) in enumerate(papers)
    ]  # fmt: skip
    rows = lines(*(line(month=202301 + n, kwh=kwh) for n, kwh in enumerate(use)))
    told = whole(rows, *made)
    got = np.zeros(12)
    for row in told.lines.to_pylist():
        got[row["month"] % 100 - 1] += row["activity"]
    assert got == pytest.approx(np.array(use), abs=1e-6)
    assert all(one.used_kwh <= one.instrument.energy_kwh * (1 + 1e-9) for one in told.matches)


def _january(kwh: float) -> np.ndarray:
    return np.array([kwh] + [0.0] * 11)
