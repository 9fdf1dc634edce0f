"""Standard coal on the equivalent basis (等价值): its own coefficients, its own figure."""

from datetime import date
from typing import Any

import pyarrow as pa
import pytest

from tanlin.carbon.account.coal import equivalent_total
from tanlin.carbon.energy import equivalent_per_kwh, tce_per_unit
from tanlin.carbon.factors import Fact, FactorBook, Unknown
from tanlin.carbon.tables import INVENTORY
from tests.carbon.samples import row

SHANGHAI = 0.28078  # kgce/kWh, DB31/T 783-2026
HEAT = Fact("tce.e", "tce", "GLOBAL", 0.1229, "kgce/kWh", "electricity")
BURNT = Fact("eq.e", "tce_equivalent", "GLOBAL", 0.3, "kgce/kWh", "electricity")


def whole(*rows: dict[str, Any], region: str = "CN-SH", book: FactorBook | None = None) -> dict[str, Any]:
    return equivalent_total(
        pa.Table.from_pylist(list(rows), INVENTORY), {"north": region}, book or FactorBook()
    )


def electricity(value: float, channel: str = "import", month: int = 202603) -> dict[str, Any]:
    return row(month, "electricity", value, channel=channel, tce=value * 0.1229 / 1000, u_energy=0.0)


def test_bought_electricity_counts_the_coal_and_gas_its_heat():
    gas = row(202603, "gas", 1000.0, tce=1.33, u_energy=0.0)
    found = whole(electricity(10_000.0), gas)
    assert found["value"] == pytest.approx(10_000 * SHANGHAI / 1000 + 1.33)
    assert (found["unit"], found["unknown"]) == ("tce", {})


def test_own_generation_keeps_its_heat_content():
    found = whole(electricity(1000.0), electricity(500.0, "generation"), electricity(200.0, "export"))
    assert found["value"] == pytest.approx(SHANGHAI + (0.5 - 0.2) * 0.1229)


def test_without_a_coefficient_the_whole_is_unknown_and_says_why():
    gas = row(202603, "gas", 1000.0, tce=1.33)
    found = whole(electricity(1000.0), gas, region="GB")
    assert (found["value"], found["low"], found["unknown"]) == (None, None, {"tce.no_equivalent": 1})


def test_a_year_after_the_newest_value_is_provisional_and_its_source_unread():
    found = whole(electricity(1000.0), region="CN-GD")
    assert (found["value"], found["provisional"], found["verified"]) == (pytest.approx(0.3015), True, False)


def test_a_month_nobody_read_is_left_out_with_its_reason():
    silent = row(202604, "electricity", None, tce=None, reason="readings.none")
    assert whole(electricity(1000.0), silent)["unknown"] == {"readings.none": 1}


@pytest.mark.parametrize(("fact", "heat", "burnt"), [(HEAT, 0.0001229, None), (BURNT, None, 0.0003)])
def test_the_two_kinds_of_coefficient_never_stand_in_for_one_another(fact, heat, burnt):
    book = FactorBook([fact])
    of_heat = tce_per_unit(book, "electricity", "", "CN", date(2026, 1, 1))
    of_coal = equivalent_per_kwh(book, "CN", date(2026, 1, 1))
    assert (of_heat[0] if of_heat else None) == heat
    assert (None if isinstance(of_coal, Unknown) else of_coal[0]) == burnt


def test_a_coefficient_in_another_unit_is_refused():
    odd = Fact("eq.t", "tce_equivalent", "GLOBAL", 3.0, "tce/10^4 kWh", "electricity")
    found = equivalent_per_kwh(FactorBook([odd]), "CN", date(2026, 1, 1))
    assert isinstance(found, Unknown) and found.code == "factor.unit"
