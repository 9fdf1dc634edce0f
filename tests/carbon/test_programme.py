"""Programme factors stay inside their programme, and footprint factors outside every inventory."""

from __future__ import annotations

import pyarrow as pa
import pytest

from tanlin.carbon import FactorBook, factors
from tanlin.carbon.account.lines import LINES
from tanlin.carbon.account.programme import programme_total
from tanlin.carbon.ledgers import INVENTORY, PRODUCT, PROGRAMME, ledger_of, require
from tanlin.kernel.errors import Refused

BOOK = FactorBook()


def bought(kwh: float = 1000.0, month: int = 202501, **more: object) -> dict[str, object]:
    row = {"level": "basic", "scope": 2, "place": "p", "month": month, "stream": "electricity", "unit": "kWh"}
    return row | {"activity": kwh, "gas": "CO2", "tco2e": kwh * 0.5737 / 1000} | more


def table(*rows: dict[str, object]) -> pa.Table:
    return pa.Table.from_pylist(list(rows), LINES)


def test_a_shanghai_inventory_of_2025_is_37_percent_above_the_programme() -> None:
    made = programme_total(table(bought()), BOOK, "CN-SH")
    assert made.tonnes == pytest.approx(0.42)
    assert made.difference == pytest.approx(0.1537)
    assert made.ratio == pytest.approx(1.366, abs=5e-4)


def test_before_2022_the_older_default_holds() -> None:
    assert programme_total(table(bought(month=202201)), BOOK, "CN-SH").tonnes == pytest.approx(0.788)


def test_heat_follows_the_programmes_own_factor() -> None:
    heat = bought(10.0, stream="heat", unit="GJ", tco2e=1.1)
    made = programme_total(table(heat), BOOK, "CN-SH")
    assert (made.tonnes, made.inventory) == pytest.approx((0.6, 1.1))


def test_bought_cooling_is_no_heat() -> None:
    made = programme_total(
        table(bought(), bought(10.0, stream="cooling", unit="GJ", tco2e=0.5)), BOOK, "CN-SH"
    )
    assert made.tonnes == pytest.approx(0.42)


def test_a_programme_does_not_hold_elsewhere() -> None:
    with pytest.raises(Refused) as error:
        programme_total(table(bought()), BOOK, "CN-GD-SZ")
    assert error.value.code == "carbon.programme_elsewhere"


def test_one_unknown_line_leaves_no_total() -> None:
    made = programme_total(table(bought(), bought(tco2e=None, activity=None)), BOOK, "CN-SH")
    assert (made.tonnes, made.unknown) == (None, 1)


@pytest.mark.parametrize(
    "kind", ["grid_lca", "grid_local_program", "grid_project_baseline", "heat_local_program"]
)
def test_no_inventory_takes_a_factor_of_another_account(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    rule = {"electricity": {"scope": "2", "kind": kind, "product": ""}}
    monkeypatch.setattr(factors, "carriers", lambda: rule)
    with pytest.raises(Refused) as error:
        factors.emission_per_unit(BOOK, "electricity", "", "CN-SH", factors.date(2025, 1, 1))
    assert error.value.code == "carbon.factor_kind"


def test_every_carrier_of_the_inventory_uses_a_kind_of_inventories() -> None:
    assert {ledger_of(rule["kind"]) for rule in factors.carriers().values()} == {INVENTORY}


def test_a_footprint_factor_serves_footprints_only() -> None:
    require("grid_lca", PRODUCT)
    with pytest.raises(Refused):
        require("grid_lca", PROGRAMME)
