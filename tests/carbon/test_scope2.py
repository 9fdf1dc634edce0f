"""Scope 2 as figures and as a page prints it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pyarrow as pa
import pytest

from tanlin.carbon.account.account import Account
from tanlin.carbon.account.asked import AskedBook
from tanlin.carbon.account.boundary import Boundary
from tanlin.carbon.account.draws import Sampling
from tanlin.carbon.account.lines import LINES
from tanlin.carbon.account.scope2 import scope2
from tanlin.carbon.account.shown.scope2 import Scope2, scope2_shown
from tanlin.carbon.figures import Result
from tanlin.carbon.tables import INVENTORY
from tanlin.kernel.figure import Figure
from tests.carbon.test_market import line

PAPER = {
    "id": 7, "place": "a", "kind": "certificate", "registry": "GEC", "number": "1", "energy_kwh": 300.0,
    "factor_kg_per_kwh": 0.0, "first_day": "2023-01-01", "last_day": "2023-01-31", "use": None,
}  # fmt: skip


def account(region: str = "CN-GD-SZ", year: int = 2023, **more: Any) -> Account:
    """A street with two communities, 1000 kWh each in January."""
    rows = [line(place, month=year * 100 + 1) for place in ("a", "b")]
    slugs = {"street": "street", "a": "street/a", "b": "street/b"}
    areas = [{"slug": slug, "region": region, "path": path} for slug, path in slugs.items()]
    told: dict[str, Any] = {"lines": pa.Table.from_pylist(rows, LINES), "areas": areas, "book": AskedBook()}
    told |= {"boundary": Boundary("street", year), "table": INVENTORY.empty_table(), "gwp": "ar5"}
    return Account(place="street", region=region, year=year, **told | more)


def made(of: Account) -> dict[str, Result]:
    return {result.key: result for result in scope2(of)}


def shown(of: Account) -> Scope2:
    figures = {
        key: Figure(key=key, place="street", period="2023", value=r.value, unit=r.unit, table=r.table)
        for key, r in made(of).items()
    }
    view = scope2_shown(figures)
    assert view is not None
    return view


def test_both_totals_stand_side_by_side_with_their_intervals() -> None:
    told = made(account(instruments=[PAPER]))
    assert told["carbon.location"].value == pytest.approx(2000 * 0.4419 / 1000)
    market = told["carbon.market"]
    assert market.value == pytest.approx(1700 * 0.6096 / 1000)
    assert market.low is not None and market.value is not None and market.low < market.value


def test_intervals_are_drawn_as_the_account_is_sampled() -> None:
    """A replay takes the draws and the seed that the receipt states, not those of today."""
    row = line("a", month=202301) | {"causes": [{"cause": "survey:1", "pct": 90.0, "shape": "lognormal"}]}
    lines = pa.Table.from_pylist([row], LINES)
    lows = [
        made(account(lines=lines, sampling=Sampling(1000, seed)))["carbon.location"].low for seed in (1, 2, 1)
    ]
    assert lows[0] == lows[2] != lows[1]


def test_parts_and_instruments_are_told() -> None:
    view = shown(account(instruments=[PAPER]))
    assert [(one.name.en, one.kwh) for one in view.parts] == [
        ("Green certificates", 300.0),
        ("Residual mix", 1700.0),
    ]
    assert [(one.number, one.used_kwh, one.note) for one in view.papers] == [("1", 300.0, None)]


def test_the_excess_of_an_instrument_is_told_in_words() -> None:
    (paper,) = shown(account(instruments=[PAPER | {"energy_kwh": 5000.0}])).papers
    assert paper.note is not None and paper.note.en.startswith("4,000")


def test_the_use_of_the_holders_own_inventory_bounds_its_instrument() -> None:
    view = shown(account(instruments=[PAPER | {"use": [120.0] + [0.0] * 11}]))
    assert view.papers[0].used_kwh == 120.0


def test_both_directions_of_2023_are_on_the_page() -> None:
    (note,) = [note.en for note in shown(account()).notes if "opposite" in note.en]
    assert "fell (0.5366 → 0.5306)" in note and "rose (0.5856 → 0.6096)" in note


def test_a_region_without_residual_mix_says_so_and_shows_no_trend_of_one() -> None:
    gb = account("GB")
    view = shown(
        replace(gb, lines=pa.Table.from_pylist([line("street", tco2e=0.2071, mass_t=0.2071)], LINES))
    )
    assert view.sentence.en.startswith("Both methods give")
    assert any("No residual mix is published" in note.en for note in view.notes)
    assert [trend.kind for trend in view.trends] == ["grid_location"]


def test_a_programme_is_told_apart_where_it_holds() -> None:
    rows = [line("street", month=202501, tco2e=0.5737, mass_t=0.5737)]
    of = account("CN-SH", 2025, lines=pa.Table.from_pylist(rows, LINES))
    assert made(of)["carbon.programme"].table == [
        {
            "programme": "shanghai_ets", "tco2e": pytest.approx(0.42), "inventory": pytest.approx(0.5737),
            "difference": pytest.approx(0.1537), "ratio": pytest.approx(0.5737 / 0.42), "unknown": 0,
            "facts": ["grid.sh.ets"],
        }
    ]  # fmt: skip
    assert "37" in shown(of).programmes[0].en
    assert "carbon.programme" not in made(account())


def test_an_unknown_month_is_no_lack_of_a_residual_mix() -> None:
    rows = [line("a"), line("a", month=202302, kwh=None, reason="readings.none")]
    view = shown(account(lines=pa.Table.from_pylist(rows, LINES)))
    assert [(one.name.en, one.kwh) for one in view.parts] == [
        ("Residual mix", 1000.0),
        ("Use not known", None),
    ]
    assert not any("No residual mix" in note.en for note in view.notes)


def test_facts_asked_for_are_cited() -> None:
    of = account()
    scope2(of)
    assert "grid.cn.avg_excl_traded_nonfossil.2023" in {fact["fact"] for fact in of.facts_used}
