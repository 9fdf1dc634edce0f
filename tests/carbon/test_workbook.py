"""The workbook of an account: LibreOffice recomputes its formulas to the published totals."""

from __future__ import annotations

import io
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from openpyxl import load_workbook

from tanlin.carbon.account.account import Account, account
from tanlin.carbon.account.asked import AskedBook
from tanlin.carbon.account.boundary import boundary_of
from tanlin.carbon.account.entered import Entered
from tanlin.carbon.account.export.textsheets import write_uncertainty
from tanlin.carbon.account.export.workbook import CHECKED, Source, build
from tanlin.carbon.account.export.xlsx import Sheet, workbook
from tanlin.carbon.account.gpc import references
from tanlin.carbon.account.results import LABELS, results
from tanlin.carbon.factors import emission_per_unit
from tanlin.carbon.tables import INVENTORY
from tanlin.kernel.errors import Text
from tanlin.kernel.figure import Figure
from tests.carbon.samples import row
from tests.support.office import recomputed

HAIWAN = Text("海湾社区", "Haiwan")
REGION = "CN-GD-SZ"
METERED = (  # carrier, product, channel, use, amount a month
    ("electricity", "", "import", "residential", 81_234.5),
    ("electricity", "", "import", "public", 23_456.7),
    ("electricity", "", "import", "charging", 3_210.9),
    ("electricity", "", "import", "", 5_000.0),
    ("electricity", "", "generation", "", 4_321.0),
    ("gas", "natural_gas", "import", "residential", 9_876.5),
    ("waste", "compost", "import", "", 3_333.3),
    ("water", "", "import", "residential", 7_000.0),
)
ENTERED = (
    ("car", 123_456.0),
    ("metro", 98_765.0),
    ("sewage", 80_000.0),
    ("leak_r410a", 3.7),
    ("leak_r22", 1.1),
    ("green_trees", 500.0),
)
ATTRIBUTES = [
    {"key": "population", "value": 3050, "valid_from": "2020-01-01", "source": "=cmd()"},
    {"key": "population.definition", "value": "年末常住人口", "valid_from": "2020-01-01", "source": ""},
    {"key": "floor_area_m2", "value": 118_000.0, "valid_from": "2020-01-01", "source": "@town"},
]


def metered(book: AskedBook) -> pa.Table:
    """A year of the meters above, weighed by the shipped factors."""
    rows = []
    for month in range(202501, 202513):
        for carrier, product, channel, use, amount in METERED:
            found = emission_per_unit(book, carrier, product, REGION, date(2025, month % 100, 1))
            tonnes = amount * found.value if channel == "import" else 0.0
            stated = {
                "product": product,
                "channel": channel,
                "use": use,
                "tco2e": tonnes,
                "factor_pct": found.pct,
            }
            own = {"u_meter": tonnes * 0.02, "provisional": found.provisional, "verified": found.verified}
            factor = found.factor_id if channel == "import" else None
            rows.append(row(month, carrier, amount + month % 7, **stated, **own, factor_id=factor))
            rows[-1]["tco2e"] = (amount + month % 7) * found.value if channel == "import" else 0.0
    return pa.Table.from_pylist(rows, INVENTORY)


def made() -> Account:
    book = AskedBook()
    days = date(2025, 1, 1), date(2025, 12, 31)
    entered = [
        Entered(i, 1, "/1/", "north", REGION, stream, *days, amount, "survey")
        for i, (stream, amount) in enumerate(ENTERED, start=1)
    ]
    boundary = boundary_of("haiwan", 2025, ATTRIBUTES)
    return account(
        metered(book),
        entered,
        [],
        book,
        place="haiwan",
        region=REGION,
        year=2025,
        gwp="ar5",
        boundary=boundary,
    )


def source(of: Account, place: Text = HAIWAN) -> Source:
    same = ("value", "unit", "low", "high", "coverage", "estimated", "provisional", "table")
    figures = {
        one.key: Figure(
            one.key, "haiwan", "2025", **{n: getattr(one, n) for n in same}, receipt="sha256:" + "ab" * 32
        )
        for one in results(of)
    }
    cited = {item["fact"] for item in of.facts_used}
    facts = [fact for fact in of.book.facts if fact.fact_id in cited]
    return Source(place, REGION, 2025, "ar5", figures, facts, LABELS)


@pytest.fixture(scope="module")
def of() -> Account:
    return made()


@pytest.fixture(scope="module")
def books(of: Account, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The recomputed workbook by language, values only."""
    out = {}
    for lang in ("zh", "en"):
        file = tmp_path_factory.mktemp(lang) / "account.xlsx"
        file.write_bytes(build(source(of), lang))
        out[lang] = load_workbook(recomputed(file), data_only=True)
    return out


def records(sheet: Any, first: str) -> list[dict[str, Any]]:
    """The rows below the heading that begins with ``first``, up to an empty one."""
    rows = list(sheet.iter_rows(values_only=True))
    top = next(i for i, cells in enumerate(rows) if cells[0] == first)
    out = []
    for cells in rows[top + 1 :]:
        if cells[0] is None:
            break
        out.append(dict(zip(rows[top], cells, strict=True)))
    return out


@pytest.mark.parametrize(("lang", "sheet", "first", "value"), [
    ("zh", "汇总", "指标", "公式复算"), ("en", "Summary", "Figure", "Recomputed"),
])  # fmt: skip
def test_the_totals_recompute(
    of: Account, books: dict[str, Any], lang: str, sheet: str, first: str, value: str
):
    found = {one[first]: one[value] for one in records(books[lang][sheet], first)}
    figures = source(of).figures
    for key in CHECKED:
        assert found[LABELS[key].pick(lang)] == pytest.approx(figures[key].value, rel=1e-9), key
    assert figures["carbon.basic"].value > 500 > 0 > figures["carbon.sinks"].value


def test_every_reference_number_recomputes_by_gas(of: Account, books: dict[str, Any]):
    found = {one["GPC ref. no."]: one for one in records(books["en"]["Table"], "GPC ref. no.")}
    assert set(references()) <= set(found)
    for want in of.gpc:
        got = found[want["ref"] or "–"]
        if want["total"] is None:
            assert (got["Total CO₂e"], got["Notation key"]) == (None, want["key"])
            continue
        assert got["Total CO₂e"] == pytest.approx(want["total"], rel=1e-9, abs=1e-12)
        gases = [name for name in got if name in {line["gas"] for line in of.lines.to_pylist()} | {"CO2"}]
        assert sum(got[gas] or 0.0 for gas in gases) == pytest.approx(want["total"], rel=1e-9, abs=1e-12)


def test_every_line_recomputes(of: Account, books: dict[str, Any]):
    lines = records(books["en"]["Lines"], "GPC ref. no.")
    assert len(lines) == of.lines.num_rows
    known = [one for one in lines if one["tCO₂e as published"] is not None]
    assert all(one["tCO₂e"] == pytest.approx(one["tCO₂e as published"], rel=1e-12) for one in known)
    assert {one["Factor"] for one in known if one["Stream"] == "electricity.import"} == {0.4419}
    assert {one["GWP"] for one in known if one["Gas"] == "CH4"} == {28}
    leaks = [one for one in known if one["Stream"] == "leak_r410a"]
    assert {(one["Factor"], one["GWP"]) for one in leaks} == {(1, 1923.5)}
    metro = [one for one in known if one["Stream"] == "metro"]
    assert metro and all(one["Factor"] > 0 for one in metro)  # kWh per passenger-km × grid


def test_the_half_range_recomputes_from_the_causes(of: Account, books: dict[str, Any]):
    cells = [row for row in books["en"]["Uncertainty"].iter_rows(values_only=True) if row[0]]
    halves = [row[3] for row in cells if row[0] == "Half-range, in quadrature"]
    stated = [row[3] for row in cells if row[0] == "Half-range as published"]
    assert halves[0] == pytest.approx(stated[0], rel=1e-9) and halves[0] > 0


def test_a_half_range_that_is_not_known_is_no_number(of: Account):
    silent = [row | {"causes": None} if row["scope"] == 2 else row for row in of.lines.to_pylist()]
    sheet = Sheet(workbook(), "Uncertainty", "en")
    write_uncertainty(sheet, silent, {})
    halves = [
        row[3] for row in sheet.sheet.iter_rows(values_only=True) if row[0] == "Half-range, in quadrature"
    ]
    assert halves == [None, None]


def test_what_is_not_known_shows_its_notation_key_and_no_zero(books: dict[str, Any]):
    sums = {one["Sector"]: one for one in records(books["en"]["Summary"], "Sector")}
    assert sums["IV"]["Scope 1"] > 0 and sums["IV"]["BASIC"] is None  # industry is no part of BASIC
    assert sums["III"]["Scope 1"] == "NE" and sums["III"]["Scope 3 in BASIC"] > 0
    assert not [one for one in sums.values() if 0 in one.values() and one["Sector"] != "I"]


def test_a_changed_factor_moves_every_total(of: Account, tmp_path: Path):
    book = load_workbook(io.BytesIO(build(source(of), "en")))
    (cell,) = [row[3] for row in book["Factors"].iter_rows() if row[0].value == "grid.cn-gd.avg.2023"]
    cell.value *= 2
    book.save(tmp_path / "moved.xlsx")
    moved = load_workbook(recomputed(tmp_path / "moved.xlsx"), data_only=True)
    found = {one["Figure"]: one["Recomputed"] for one in records(moved["Summary"], "Figure")}
    grid = sum(
        line["tco2e"] or 0.0 for line in of.lines.to_pylist() if line["stream"] == "electricity.import"
    )
    want = of.totals["basic"]["value"] + grid
    assert found[LABELS["carbon.basic"].en] == pytest.approx(want, rel=1e-9)


def test_what_people_wrote_never_runs(of: Account):
    book = load_workbook(io.BytesIO(build(source(of, Text("=1+1", "=1+1")), "zh")))
    texts = [
        c.value for sheet in book for cells in sheet.iter_rows() for c in cells if isinstance(c.value, str)
    ]
    assert "'=cmd()" in texts and "'@town" in texts
    formulas = [text for text in texts if text.startswith("=")]
    assert formulas and not any("cmd" in text or "1+1" in text for text in formulas)


def test_demonstration_is_said_on_every_sheet(of: Account):
    one = source(of)
    figures = {
        key: Figure(**(vars(figure) | {"origin": "demonstration"})) for key, figure in one.figures.items()
    }
    demo = Source(**(vars(one) | {"figures": figures}))
    book = load_workbook(io.BytesIO(build(demo, "zh")))
    assert all(sheet["A3"].value == "演示数据·非真实监测数据" for sheet in book)
