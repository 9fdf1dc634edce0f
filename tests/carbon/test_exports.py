"""Downloads of an account: what they hold, in both languages, and what they say where a number is not known."""

from __future__ import annotations

import csv
import io
import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from openpyxl import load_workbook

from tanlin.carbon import services
from tanlin.carbon.account.export.linefile import as_csv
from tanlin.carbon.account.export.public_form import Form, form, sheet
from tanlin.carbon.factors import FactorBook
from tanlin.community import services as community
from tanlin.community.queries import SYSTEM
from tanlin.kernel.errors import Text
from tanlin.kernel.words import SPACE
from tanlin.meter import services as meter
from tests.carbon import place as p
from tests.carbon.place import tell
from tests.carbon.samples import row
from tests.carbon.test_account_page import line
from tests.support.office import recomputed

TOWN = Text("镇", "Town")
NAME, AMOUNT = "指标名称", "消费量"


# ---- the form of public institutions ----------------------------------------------------------------------------
def public(month: int, carrier: str, value: float | None, **over: Any) -> dict[str, Any]:
    known = {} if value is None else {"tce": value * 0.001, "cost": value * 0.5}
    return row(month, carrier, value, **({"use": "public", **known} | over))


ROWS = [
    public(202501, "electricity", 1000.0),
    public(202502, "electricity", 3000.0, seconds_present=15 * 86400),
    public(202501, "water", 60.0),
    public(202501, "fuel", 84.0, product="diesel", cost=None, reason="tariff.none"),
    public(202501, "fuel", 10.0, product="lpg"),
    row(202501, "electricity", 9e9, use="residential"),
    public(202501, "electricity", 9e9, channel="generation"),
]


def made(rows: list[dict[str, Any]] = ROWS, **stated: float) -> Form:
    return form(
        TOWN, 2025, rows, FactorBook(), "CN-GD", {f"public.{key}": value for key, value in stated.items()}
    )


def test_only_what_public_meters_draw_is_counted():
    lines = {one.name.en: one for one in made().lines}
    assert (lines["Electricity"].amount, lines["Electricity"].cost) == (4000.0, 2000.0)
    assert lines["Electricity"].note.zh == f"数据完整率 75.0{SPACE}%。"
    assert lines["Other energy"].amount == pytest.approx(0.01)


def test_fuel_is_told_in_litres_and_a_cost_nobody_knows_stays_empty():
    diesel = next(one for one in made().lines if one.name.en == "Diesel")
    assert (diesel.amount, diesel.cost) == (pytest.approx(84.0 / 0.84), None)
    assert "0.84 kg/L" in diesel.note.en


def test_comprehensive_energy_leaves_water_out():
    assert made().tce.amount == pytest.approx((1000 + 3000 + 84 + 10) * 0.001)


def test_what_no_meter_counts_is_empty_and_says_so():
    coal = next(one for one in made().lines if one.name.en == "Coal")
    assert coal.amount is None and "没有用途为“公共”的表计" in coal.note.zh
    silent = made([public(202501, "electricity", None, reason="readings.none")]).lines[0]
    assert silent.amount is None and "没有读数" in silent.note.zh


def cells(data: bytes, path: Path) -> dict[str, tuple[Any, ...]]:
    file = path / "form.xlsx"
    file.write_bytes(data)
    rows = load_workbook(recomputed(file), data_only=True).worksheets[0].iter_rows(values_only=True)
    return {str(cells[0]): cells for cells in rows if cells[0]}


def test_the_sheet_recomputes_per_person_and_per_square_metre(tmp_path: Path):
    found = cells(sheet(made(persons=20, floor_area_m2=500.0), "zh"), tmp_path)
    assert found["公共机构能源资源消费状况"] and found["填报区域：镇"] and found["报告期：2025 年 1—12 月"]
    assert found["人均综合能耗"][2] == pytest.approx(4.094 * 1000 / 20)
    assert found["单位建筑面积能耗"][2] == pytest.approx(4.094 * 1000 / 500)
    assert found["人均用水量"][2] == pytest.approx(60 / 20)
    assert any("审核人" in name and "填报人" in name for name in found)


def test_without_persons_nothing_is_told_per_person():
    book = load_workbook(io.BytesIO(sheet(made(), "en")))
    found = {str(one[0]): one for one in book.worksheets[0].iter_rows(values_only=True) if one[0]}
    assert found["Energy per person"][2:] == (None, None, "Data it needs are missing.")
    assert found["People using energy"][2] is None and "public.persons" in found["People using energy"][4]
    assert book.worksheets[0].page_setup.paperSize == 9


# ---- lines as CSV -----------------------------------------------------------------------------------------------
def test_lines_as_csv_leave_the_unknown_empty_and_run_nothing():
    rows = [line("I.1.2", 100.0, place="=1+1"), line("III.3.2", None)]
    out = [
        list(csv.reader(io.StringIO(as_csv(rows, "demonstration", lang).decode("utf-8-sig"))))
        for lang in ("zh", "en")
    ]
    (head, known, unknown), (titles, _, said) = out
    assert head[0] == "参考编号" and titles[0] == "GPC ref. no."
    assert known[head.index("区域")] == "'=1+1" and known[head.index("数据性质")].startswith("演示数据")
    assert (unknown[head.index("排放量（tCO2e）")], said[titles.index("explanation")]) == (
        "",
        "No emission factor applies.",
    )


# ---- the downloads ----------------------------------------------------------------------------------------------
@pytest.fixture
def keeper(client: Client) -> tuple[Client, p.Place]:
    world = p.build()
    meter.change(world.row("LONE"), {"use": "public"}, actor=SYSTEM)
    for key, value in (("population", 12.0), ("public.persons", 4.0)):
        community.set_attribute(SYSTEM, world.area, key, value, date(2020, 1, 1), source="roll")
    services.derive(world.area, p.YEAR)
    client.force_login(world.users["keeper"])
    return client, world


@pytest.mark.django_db(transaction=True)
def test_the_workbook_of_a_place_recomputes_its_published_figures(
    keeper: tuple[Client, p.Place], tmp_path: Path
):
    answer = keeper[0].get("/place/garden/carbon/account/2023.xlsx", headers={"accept-language": "en"})
    assert answer.status_code == 200 and "account-garden-2023.xlsx" in answer["Content-Disposition"]
    file = tmp_path / "account.xlsx"
    file.write_bytes(answer.content)
    book = load_workbook(recomputed(file), data_only=True)
    sheet = book["Summary"] if "Summary" in book.sheetnames else book["汇总"]
    found = {
        one[1:4] for one in sheet.iter_rows(values_only=True) if one[2] is not None and one[3] is not None
    }
    basic = tell("carbon.basic").value
    assert any(
        known == basic and made == pytest.approx(basic, rel=5e-9)
        for _, made, known in found
        if isinstance(known, float)
    )
    receipts = book.worksheets[-1]
    assert tell("carbon.basic").receipt in {
        cell for one in receipts.iter_rows(values_only=True) for cell in one
    }


@pytest.mark.django_db(transaction=True)
def test_csv_and_json_hold_the_published_lines(keeper: tuple[Client, p.Place]):
    lines = tell("carbon.account").table
    text = keeper[0].get("/place/garden/carbon/account/2023.csv").content.decode("utf-8-sig")
    assert len(list(csv.reader(io.StringIO(text)))) == len(lines) + 1
    told = json.loads(keeper[0].get("/place/garden/carbon/account/2023.json").content)
    assert told["lines"] == lines and told["receipt"] == tell("carbon.account").receipt
    assert {row["ref"] for row in lines} >= {"I.2.2", "I.6.2"}


@pytest.mark.django_db(transaction=True)
def test_the_form_of_a_place_holds_its_public_meters(keeper: tuple[Client, p.Place]):
    answer = keeper[0].get("/place/garden/carbon/public/2023.xlsx")
    found = {
        str(one[0]): one
        for one in load_workbook(io.BytesIO(answer.content)).worksheets[0].iter_rows(values_only=True)
    }
    amount = sum(r["value"] or 0.0 for r in tell("carbon.inventory").table if r["use"] == "public")
    power = found.get("电") or found["Electricity"]
    assert power[2] == pytest.approx(amount) and amount > 0
    assert (found.get("用能人数") or found["People using energy"])[2] == 4.0


@pytest.mark.django_db(transaction=True)
def test_before_it_is_derived_there_is_nothing_to_download(keeper: tuple[Client, p.Place]):
    for name in ("account/2019.xlsx", "account/2019.csv", "account/2019.json", "public/2019.xlsx"):
        assert keeper[0].get(f"/place/garden/carbon/{name}").status_code == 404
