"""Why the overview and the account state two totals, and causes of error in words."""

from __future__ import annotations

from tanlin.carbon.account.shown.bridge import against_inventory
from tanlin.carbon.account.words import cause_name, formulas
from tanlin.kernel.errors import Text
from tanlin.kernel.figure import Figure

ROW = {"carrier": "electricity", "channel": "import", "product": None, "use": "", "scope": 2}
WATER = ROW | {"carrier": "water", "scope": 3}


def figures(metered: float, basic: float, rows: list[dict[str, object]]) -> dict[str, Figure]:
    values = {"carbon.co2e": metered, "carbon.basic": basic, "carbon.inventory": None}
    return {
        key: Figure(key=key, place="a", period="2025", value=value, unit="tCO2e", receipt=None, table=rows)
        for key, value in values.items()
    }


def test_water_goes_and_what_was_entered_comes() -> None:
    rows = [ROW | {"tco2e": 80.0}, WATER | {"tco2e": 12.0}, WATER | {"tco2e": 8.0}, WATER | {"tco2e": None}]
    said = against_inventory(figures(100.0, 95.0, rows))
    assert said is not None
    assert "100\u00a0tCO₂e；减去不属 BASIC 的自来水 20.0，加上填报的活动数据 15.0，即本页的 95.0" in said.zh


def test_nothing_is_said_where_nothing_differs() -> None:
    assert against_inventory(figures(100.0, 100.0, [ROW | {"tco2e": 100.0}])) is None


def test_nothing_is_said_where_the_two_do_not_add_up() -> None:
    assert against_inventory(figures(100.0, 80.0, [ROW | {"tco2e": 90.0}, WATER | {"tco2e": 10.0}])) is None


def test_nothing_is_said_of_an_unknown_total() -> None:
    assert against_inventory({}) is None


def test_formulas_are_printed_with_subscripts() -> None:
    assert formulas("堆肥CH4(湿基)") == "堆肥CH₄(湿基)"
    assert formulas("fossil CO2, tCO2e, R410A") == "fossil CO₂, tCO2e, R410A"


def test_an_entered_cause_is_named_by_its_stream() -> None:
    names = {"activity:30": Text("柴油发电机", "Diesel"), "survey:2": Text("出行调查", "Travel")}
    assert cause_name("activity:30", names, {}).zh == "填报：柴油发电机"
    assert cause_name("survey:2", names, {}).zh == "调查：出行调查"
    assert cause_name("survey:3", names, {}).zh == "调查 3"
