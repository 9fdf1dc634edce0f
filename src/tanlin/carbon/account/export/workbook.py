"""An account as an XLSX workbook in the layout of the GPC, whose formulas recompute it from lines to totals.

GPC 1.1 tables 4.2 (totals by sector and scope) and 4.3 (reference numbers with notation keys, gases and data quality).
A line is activity × factor × conversion × GWP100, with factor and potential taken from their own sheet, so that a
change of either moves every total. Pure: published figures in, bytes out; nothing is derived here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tanlin.carbon.account.export import linesheet as lines_of
from tanlin.carbon.account.export import textsheets as texts
from tanlin.carbon.account.export.linesheet import LEVELS, NAMES, Lines
from tanlin.carbon.account.export.xlsx import DEMONSTRATION, Formula, Head, Sheet, quoted, saved, workbook
from tanlin.carbon.account.gpc import references
from tanlin.carbon.account.words import SECTORS
from tanlin.carbon.factors import Fact
from tanlin.kernel.errors import Text
from tanlin.kernel.figure import Figure

#: Figures the workbook must have, with their tables.
NEEDED = ("carbon.account", "carbon.gpc", "carbon.boundary")
#: Figures whose value the summary recomputes, in its order.
CHECKED = (
    "carbon.basic",
    "carbon.basic_plus",
    "carbon.basic_plus_gross",
    "carbon.sinks",
    "carbon.territorial",
    "carbon.per_person",
    "carbon.per_m2",
)


@dataclass(frozen=True)
class Source:
    """What a workbook is made of.

    ``figures``: those of the account of a place and year, the NEEDED ones with their tables. ``facts``: as pinned in
    their receipts. ``labels``: name of each figure. ``gwp``: the set of potentials. ``region``: code of the place's.
    """

    place: Text
    region: str
    year: int
    gwp: str
    figures: Mapping[str, Figure]
    facts: Sequence[Fact]
    labels: Mapping[str, Text]

    def rows(self, key: str) -> list[dict[str, Any]]:
        """The table of a figure, empty where there is none."""
        held = self.figures.get(key)
        return (held.table or []) if held else []

    @property
    def demonstration(self) -> bool:
        return any(figure.origin == "demonstration" for figure in self.figures.values())


@dataclass(frozen=True)
class Table:
    """Where the sheet of reference numbers keeps what the summary adds: absolute ranges.

    ``keys``: by sector, level and scope the notation keys of what has no value; a known amount is the key "".
    """

    sector: str
    scope: str
    level: str
    total: str
    keys: Mapping[tuple[str, str, int | None], frozenset[str]]


def build(source: Source, lang: str) -> bytes:
    """The workbook in one language: Summary, Table, Lines, Factors, Boundary, Uncertainty, Receipts."""
    book = workbook()
    summary, table, listed, factors, boundary, spread, receipts = (
        Sheet(book, name.pick(lang), lang) for name in NAMES.values()
    )
    for sheet in (summary, table, listed, factors, boundary, spread, receipts):
        _title(sheet, source)
    used = texts.write_factors(factors, source.rows("carbon.account"), source.facts)
    lines = lines_of.write(listed, source.rows("carbon.account"), used)
    held = _write_table(table, source.rows("carbon.gpc"), lines)
    stated = texts.write_boundary(boundary, source.rows("carbon.boundary"), source.gwp, source.region)
    _write_summary(summary, source, held, lines, stated)
    texts.write_uncertainty(spread, source.rows("carbon.account"), source.figures)
    texts.write_receipts(receipts, source.figures, source.labels)
    for sheet in (summary, table, listed, factors, boundary, spread, receipts):
        sheet.fit()
    return saved(book)


def _title(sheet: Sheet, source: Source) -> None:
    place, year = source.place.pick(sheet.lang), source.year
    sheet.say(
        Text(f"{place} {year} 年温室气体清单（GPC）", f"{place}, GHG inventory {year} (GPC)"),
        bold=True,
        size=14,
    )
    sheet.say(
        Text(
            "单位：tCO₂e（另注明者除外）；报告期为一个日历年", "Unit: tCO₂e unless stated; one calendar year"
        )
    )
    if source.demonstration:
        sheet.say(DEMONSTRATION, bold=True)


# ---- reference numbers ----------------------------------------------------------------------------------------------
_FIRST = (
    Head(Text("参考编号", "GPC ref. no.")),
    Head(Text("部门", "Sector")),
    Head(Text("排放源", "Emission source")),
    Head(Text("范围", "Scope")),
    Head(Text("报告层级", "Level")),
    Head(Text("注释代码", "Notation key")),
)
_LAST = (
    Head(Text("合计", "Total CO₂e"), "0.000"),
    Head(Text("公布值", "As published"), "0.000"),
    Head(Text("下限（95 %）", "Low (95 %)"), "0.000"),
    Head(Text("上限（95 %）", "High (95 %)"), "0.000"),
    Head(Text("活动数据质量", "Quality of activity data")),
    Head(Text("因子与数据质量", "Quality with factor")),
    Head(Text("暂用因子", "Provisional")),
    Head(Text("来源已核对", "Sources verified")),
    Head(Text("方法", "Method")),
    Head(Text("说明", "Explanation")),
)
_METHOD = Text("活动数据 × 排放因子 × GWP", "activity × factor × GWP")


def _write_table(sheet: Sheet, rows: Sequence[Mapping[str, Any]], lines: Lines) -> Table:
    gases = lines.gases
    titles = [Head(Text(gas, gas), "0.000") for gas in gases]
    top = sheet.head([*_FIRST, *titles, *_LAST])
    first, total = top + 1, _letter(len(_FIRST) + len(gases) + 1)
    for row in rows:
        at, known = sheet.row + 1, row["total"] is not None
        match = f"{lines.ref},$A{at}"
        level = LEVELS.get(row["level"])
        by_gas = [
            Formula(f"SUMIFS({lines.tonnes},{match},{lines.gas},{_letter(n)}${top})")
            if (row["ref"], gas) in lines.known
            else None
            for n, gas in enumerate(gases, start=len(_FIRST) + 1)
        ]
        reason = Text(row["reason_zh"] or "", row["reason_en"] or "")
        sheet.write(
            [
                lines_of.shown(row["ref"]),
                lines_of.shown(row["sector"]),
                Text(row["name_zh"], row["name_en"]) if row["ref"] else Text("备忘项", "Memo"),
                _scope(row, lines),
                level or row["level"],
                row["key"],
                *by_gas,
                Formula(f"SUMIFS({lines.tonnes},{match})") if known else None,
                row["total"],
                row["low"],
                row["high"],
                row["activity_quality"],
                row["quality"],
                row["provisional"] if known else None,
                row["verified"] if known else None,
                _METHOD if known else None,
                reason if row["key"] else None,
            ]
        )
    name, last = quoted(sheet.name), max(sheet.row, first)
    sector, scope, level_at, amount = (f"{name}!${c}${first}:${c}${last}" for c in ("B", "D", "E", total))
    keys: dict[tuple[str, str, int | None], set[str]] = {}
    for row in rows:
        where = (lines_of.shown(row["sector"]), row["level"], _scope(row, lines))
        keys.setdefault(where, set()).add(row["key"] or "" if row["total"] is None else "")
    frozen = {where: frozenset(found) for where, found in keys.items()}
    return Table(sector, scope, level_at, amount, frozen)


def _scope(row: Mapping[str, Any], lines: Lines) -> int | None:
    """Scope of a reference: what the GPC says, else that of its lines."""
    known = references().get(row["ref"])
    return known.scope if known else lines.scopes.get(row["ref"])


def _letter(number: int) -> str:
    from openpyxl.utils import get_column_letter

    return str(get_column_letter(number))


# ---- summary --------------------------------------------------------------------------------------------------------
_SUMMARY = (
    Head(Text("部门", "Sector")),
    Head(Text("名称", "Name")),
    Head(Text("范围一", "Scope 1"), "0.000"),
    Head(Text("范围二", "Scope 2"), "0.000"),
    Head(Text("范围三（BASIC）", "Scope 3 in BASIC"), "0.000"),
    Head(Text("范围三（BASIC+）", "Scope 3 in BASIC+"), "0.000"),
    Head(
        Text("仅地域排放（并网发电、外来废物）", "Territorial only (power to the grid, waste of others)"),
        "0.000",
    ),
    Head(Text("备忘项", "Memo"), "0.000"),
    Head(Text("BASIC", "BASIC"), "0.000"),
    Head(Text("BASIC+", "BASIC+"), "0.000"),
)
_CHECK = (
    Head(Text("指标", "Figure")),
    Head(Text("单位", "Unit")),
    Head(Text("公式复算", "Recomputed"), "0.000000"),
    Head(Text("公布值", "As published"), "0.000000"),
    Head(Text("差", "Difference"), "0.0E+00"),
    Head(Text("下限（95 %）", "Low (95 %)"), "0.000000"),
    Head(Text("上限（95 %）", "High (95 %)"), "0.000000"),
    Head(Text("说明", "Note")),
)


def _write_summary(
    sheet: Sheet, source: Source, table: Table, lines: Lines, stated: Mapping[str, str]
) -> None:
    sheet.head(_SUMMARY, repeat=False)
    first = sheet.row + 1
    named = {sector: name for sector, (_, name, *_) in SECTORS.items()}
    for sector, name in (named | {"–": Text("其他备忘项", "Other memo items")}).items():
        at = sheet.row + 1
        sheet.write([sector, name, *_sums(table, sector, at, sheet.lang)])
    last = sheet.row
    totals = [Formula(f"SUM({c}{first}:{c}{last})") for c in "CDEFGHIJ"]
    whole = sheet.write([None, Text("合计", "Total"), *totals], bold=True)
    sheet.gap()
    sheet.say(Text("公布的数字", "Published figures"), bold=True)
    sheet.head(_CHECK, repeat=False)
    found = _recomputed(lines, stated, whole, sheet.lang)
    for key in [k for k in CHECKED if k in source.figures] + [
        k for k in sorted(source.figures) if k not in CHECKED and source.figures[k].table is None
    ]:
        figure, at = source.figures[key], sheet.row + 1
        formula = found.get(key) if figure.value is not None else None
        sheet.write(
            [
                source.labels.get(key, Text(key, key)),
                figure.unit,
                formula,
                figure.value,
                Formula(f"C{at}-D{at}") if formula else None,
                figure.low,
                figure.high,
                figure.reason,
            ]
        )


#: Columns of a sector in the summary: (level, scope) that each adds; scope None is any.
_COLUMNS: tuple[tuple[tuple[str, int | None], ...], ...] = (
    (("basic", 1), ("basic_plus", 1)),
    (("basic", 2), ("basic_plus", 2)),
    (("basic", 3),),
    (("basic_plus", 3),),
    (("territorial", None),),
    (("memo", None),),
    (("basic", None),),
    (("basic", None), ("basic_plus", None)),
)


def _sums(table: Table, sector: str, at: int, lang: str) -> list[Formula | str | None]:
    """The sums of a sector: a formula where anything is known, else the notation keys of what is not."""
    out: list[Formula | str | None] = []
    for column in _COLUMNS:
        keys = frozenset[str]().union(
            *(
                found
                for (of, level, scope), found in table.keys.items()
                if of == sector and any(level == name and only in (None, scope) for name, only in column)
            )
        )
        parts = [
            f'SUMIFS({table.total},{table.sector},$A{at},{table.level},"{LEVELS[level].pick(lang)}"'
            + (f",{table.scope},{scope})" if scope else ")")
            for level, scope in column
        ]
        out.append(Formula("+".join(parts)) if "" in keys else "/".join(sorted(keys)) or None)
    return out


def _recomputed(lines: Lines, stated: Mapping[str, str], total: int, lang: str) -> dict[str, Formula]:
    """Formula of each figure that the sheets hold everything for; ``total``: row of the summary's total."""
    sink = "+".join(
        f'SUMIFS({lines.tonnes},{lines.tonnes},"<0",{lines.level},"{LEVELS[level].pick(lang)}")'
        for level in ("basic", "basic_plus")
    )
    found = {
        "carbon.basic": f"I{total}",
        "carbon.basic_plus": f"J{total}",
        "carbon.basic_plus_gross": f"J{total}-({sink})",
        "carbon.sinks": sink,
        "carbon.territorial": f"C{total}+G{total}",
    }
    for key, by, scale in (
        ("carbon.per_person", "population", ""),
        ("carbon.per_m2", "floor_area_m2", "*1000"),
    ):
        if by in stated:
            found[key] = f"I{total}{scale}/{stated[by]}"
    return {key: Formula(text) for key, text in found.items()}
