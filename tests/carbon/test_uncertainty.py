"""Intervals correlated by cause."""

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tanlin.carbon.tables import INVENTORY
from tanlin.carbon.uncertainty import MEASURES, combine, total


def line(**given):
    base = {
        "month": 202301, "place": "p", "scope": 2, "carrier": "electricity", "channel": "import", "product": "",
        "use": "", "value": 1000.0, "unit": "kWh", "energy_kwh": 1000.0, "tce": 0.1, "tco2e": 1.0, "cost": None, "currency": None,
        "seconds_present": 1, "seconds_expected": 1, "estimated": 0.0, "u_meter": 0.0, "u_energy": 0.0,
        "factor_id": "f", "factor_pct": 10.0, "provisional": False, "verified": True, "reason": None,
    }  # fmt: skip
    return base | given


def table(*rows):
    return pa.Table.from_pylist(list(rows), INVENTORY)


def test_a_shared_factor_does_not_average_out():
    """5,000 meters at ±2 % under one factor at ±10 % make ±10 %, not ±0.14 %."""
    rows = [line(place=f"p{i}", u_meter=0.02) for i in range(5000)]
    found = total(table(*rows))
    assert (found["high"] - found["value"]) / found["value"] == pytest.approx(0.10, abs=1e-4)
    alone = total(table(*(row | {"factor_id": f"f{i}"} for i, row in enumerate(rows))))
    assert (alone["high"] - alone["value"]) / alone["value"] == pytest.approx(0.00144, abs=1e-5)


def test_a_meter_errs_alike_all_year():
    rows = [line(month=202300 + m, factor_pct=0.0, u_meter=0.02) for m in range(1, 13)]
    found = total(table(*rows))
    assert found["high"] - found["value"] == pytest.approx(12 * 0.02)


def test_no_stated_uncertainty_means_no_interval():
    found = total(table(line(factor_pct=None)))
    assert (found["value"], found["low"], found["high"]) == (1.0, None, None)


def test_groups_and_unknown_rows():
    rows = table(
        line(scope=1, factor_id="g"),
        line(),
        line(tco2e=None, factor_id=None, reason="factor.none;tariff.none"),
    )
    one, two = combine(rows, ["scope"])
    assert (one["scope"], one["value"]) == (1, 1.0)
    assert (two["scope"], two["value"], two["unknown"]) == (2, 1.0, {"factor.none": 1})


def test_money_of_two_currencies_has_no_sum():
    found = total(table(line(cost=1.0, currency="CNY"), line(cost=1.0, currency="GBP")), "cost")
    assert (found["value"], found["unknown"]) == (None, {"tariff.currencies": 2})


@given(st.lists(st.tuples(st.floats(0, 1e6), st.sampled_from("ab")), min_size=1, max_size=20))
def test_interval_lies_between_independence_and_full_correlation(parts):
    rows = [line(tco2e=v, factor_id=f, place=str(i), u_meter=0.0) for i, (v, f) in enumerate(parts)]
    found = total(table(*rows))
    half = found["high"] - found["value"]
    assert half <= 0.1 * sum(v for v, _ in parts) * (1 + 1e-9) + 1e-6
    assert half >= 0.1 * sum(v * v for v, _ in parts) ** 0.5 * (1 - 1e-9) - 1e-6


def test_energy_without_a_heating_value_is_left_out_aloud():
    rows = table(line(), line(carrier="fuel", energy_kwh=None, tce=None, reason="tariff.none"))
    assert [total(rows, m)["unknown"] for m in ("energy_kwh", "tce")] == [{"energy.none": 1}] * 2
    assert total(rows, "tco2e")["unknown"] == {}


def test_only_tonnes_rest_on_a_provisional_factor():
    found = {m: total(table(line(provisional=True, cost=1.0, currency="CNY")), m) for m in MEASURES}
    assert [m for m, whole in found.items() if whole["provisional"]] == ["tco2e"]


def test_solar_power_does_not_make_unknown_emissions_zero():
    grid = line(month=202501, tco2e=None, factor_id=None, factor_pct=None, reason="factor.none")
    solar = line(month=202501, channel="generation", tco2e=0.0, factor_id=None, factor_pct=0.0)
    assert total(table(grid, solar))["value"] is None


def test_the_account_of_an_inventory_has_the_interval_of_the_inventory():
    """The months of meters, shared factors and the sum agree between both tables, so between both pages."""
    from tanlin.carbon.account.lines import LINES
    from tanlin.carbon.account.spread import whole

    rows = [
        line(month=202300 + m, place=p, factor_id=f, tco2e=float(m), u_meter=0.02 * m)
        for m in range(1, 13)
        for p, f in (("a", "grid"), ("b", "grid"), ("b", "gas"))
    ]
    causes = [
        [
            (r["factor_id"], r["factor_pct"], "normal"),
            (f"meter:{r['place']}", 100 * r["u_meter"] / r["tco2e"], "normal"),
        ]
        for r in rows
    ]
    kept = [
        {"tco2e": r["tco2e"], "causes": [dict(zip(("cause", "pct", "shape"), c, strict=True)) for c in cs]}
        for r, cs in zip(rows, causes, strict=True)
    ]
    of_lines, of_rows = whole(pa.Table.from_pylist(kept, LINES)), total(table(*rows))
    assert (of_lines["low"], of_lines["high"]) == pytest.approx((of_rows["low"], of_rows["high"]))
