"""Uploaded notices and tariffs: sound ones become facts, a fault is named by row and column."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest

from tanlin.carbon.fact_files import facts_in
from tanlin.carbon.stored import TARIFF, books
from tanlin.carbon.tariff_check import check_tariff
from tanlin.carbon.tariffs import read_tariffs
from tanlin.kernel.errors import BadInput

HEAD = "fact_id,kind,region,valid_from,valid_to,published,value,unit,uncertainty_pct,source,verified,name_zh"
ROW = "grid.cn-gd.avg.2024,grid_location,CN-GD,2024-01-01,2024-12-31,2026-12-31,0.4400,kgCO2/kWh,10,公告,true,广东"
PRICE: dict[str, Any] = {
    "tariff_id": "CN-GD-SZ.shop", "region": "CN-GD-SZ", "carrier": "electricity", "unit": "kWh", "currency": "CNY",
    "name_zh": "商铺", "source": "通知", "published": "2026-12-01", "valid_from": "2027-01-01", "valid_to": None,
    "hours": {"all": {"valley": ["22:00-08:00"], "flat": ["08:00-22:00"]}},
    "prices": {"all": {"valley": 0.3, "flat": 0.7}},
}  # fmt: skip


def csv(*rows: str, head: str = HEAD) -> bytes:
    return "\n".join([head, *rows]).encode("utf-8-sig")


def tariff(**over: Any) -> bytes:
    return json.dumps(PRICE | over).encode()


def fault(name: str, data: bytes) -> tuple[int | None, str | None]:
    with pytest.raises(BadInput) as caught:
        facts_in(name, data)
    where = caught.value.where
    assert where is not None and where.file == name
    return where.row, where.column


def test_a_notice_becomes_facts_that_nobody_has_verified_yet() -> None:
    other = ROW.replace("cn-gd", "cn-js").replace("CN-GD", "CN-JS").replace("0.4400", "0.5800")
    found = facts_in("notice.csv", csv(ROW, other))
    assert [(row.fact_id, row.region, row.value["value"]) for row in found] == [
        ("grid.cn-gd.avg.2024", "CN-GD", 0.44),
        ("grid.cn-js.avg.2024", "CN-JS", 0.58),
    ]
    assert {(row.verified, row.published, row.uncertainty_pct) for row in found} == {
        (False, date(2026, 12, 31), 10.0)
    }
    assert books(found).factors.resolve("grid_location", "CN-JS", 2024).value == 0.58


@pytest.mark.parametrize(
    ("was", "wrong", "column"),
    [
        ("0.4400", "0,44", None),  # a comma shifts what follows
        ("0.4400", "n/a", "value"),
        ("0.4400", "nan", "value"),
        ("2024-12-31", "2023-12-31", "valid_to"),
        ("2024-01-01", "01.01.2024", "valid_from"),
        ("grid_location", "grid", "kind"),
        ("CN-GD", "广东", "region"),
        ("kgCO2/kWh", "kgCO2", "unit"),
        ("公告", "", "source"),
        (",10,", ",ten,", "uncertainty_pct"),
    ],
)
def test_a_fault_in_a_notice_is_named_by_row_and_column(was: str, wrong: str, column: str | None) -> None:
    good = ROW.replace("grid.cn-gd", "grid.first")
    assert fault("notice.csv", csv(good, ROW.replace(was, wrong, 1))) == (3, column)


def test_a_missing_column_an_id_twice_and_an_empty_file_are_named() -> None:
    assert fault("notice.csv", csv(ROW, head=HEAD.replace("published", "day"))) == (1, "published")
    assert fault("notice.csv", csv(ROW, ROW)) == (3, "fact_id")
    assert fault("notice.csv", csv()) == (None, None)
    assert fault("notice.csv", "因子".encode("gb18030")) == (None, None)


def test_a_tariff_becomes_a_fact_with_the_day_of_its_notice() -> None:
    (row,) = facts_in("shop.json", tariff(verified=True))
    assert (row.fact_id, row.kind, row.published) == (
        "tariff.CN-GD-SZ.shop.2027-01-01",
        TARIFF,
        date(2026, 12, 1),
    )
    assert (row.verified, row.value["verified"]) == (False, False)
    assert len(facts_in("shop.json", json.dumps({"tariffs": [PRICE]}).encode())) == 1


@pytest.mark.parametrize(
    ("over", "column"),
    [
        ({"tariff_id": ""}, "tariff_id"),
        ({"carrier": "steam"}, "carrier"),
        ({"unit": "MWh"}, "unit"),
        ({"valid_from": "2027"}, "valid_from"),
        ({"valid_to": "2026-01-01"}, "valid_to"),
        ({"hours": {"all": {"valley": ["22:00-08"], "flat": ["08:00-22:00"]}}}, "hours.all.valley[0]"),
        ({"hours": {"all": {"valley": ["22:00-09:00"], "flat": ["08:00-22:00"]}}}, "hours.all.flat[0]"),
        ({"hours": {"all": {"valley": ["22:00-06:00"], "flat": ["08:00-22:00"]}}}, "hours.all"),
        ({"hours": {"summer": {"flat": ["00:00-24:00"]}}}, "hours.summer"),
        ({"seasons": {"summer": [6, 13]}}, "seasons.summer"),
        ({"prices": {"all": {"valley": 0.3, "flat": "dear"}}}, "prices.all.flat"),
        ({"prices": {"all": {"valley": 0.3}}}, "hours.all.flat"),
        ({"prices": None}, "prices"),
        ({"tiers": {"span": "week"}}, "tiers.span"),
        ({"tiers": {"span": "year", "limits": {"all": [300, 200]}}}, "tiers.limits.all"),
    ],
)
def test_a_fault_in_a_tariff_is_named_by_its_field(over: dict[str, Any], column: str) -> None:
    assert fault("shop.json", tariff(**over)) == (1, column)


def test_broken_json_is_named_by_its_line() -> None:
    assert fault("shop.json", b'{\n"tariff_id": }') == (2, None)


def test_tariffs_that_are_shipped_with_prices_pass() -> None:
    shipped = [record for record in read_tariffs() if record.get("prices") or record.get("ratios")]
    assert len(shipped) > 10
    for record in shipped:
        check_tariff(record)
