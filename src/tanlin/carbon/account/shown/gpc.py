"""The account of a year as its page prints it: sectors in everyday words, what is not known, the GPC table. Pure.

Nothing is derived here: rows are those of the figure ``carbon.gpc`` (see :func:`tanlin.carbon.account.gpc.gpc_table`).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tanlin.carbon.account.gpc import references
from tanlin.carbon.account.shown.pictures import Part
from tanlin.carbon.account.words import KEYS, SECTORS
from tanlin.carbon.reasons import reason_text
from tanlin.kernel.errors import Text
from tanlin.kernel.figure import Figure
from tanlin.kernel.words import SPACE, digits

Row = Mapping[str, Any]
#: What a scope is where only it is not known.
_SCOPE_WORDS = {
    1: Text("直接排放", "direct emissions"),
    2: Text("外购电和热", "electricity and heat bought"),
    3: Text("域外部分", "the part outside"),
}
#: Sector → where its gaps are filled: meters or activities.
_FILLED_BY = {"I": "meters"}


@dataclass(frozen=True)
class Gap:
    """What of a sector is not known, in one sentence; ``target``: where it is filled."""

    sector: Text
    text: Text
    target: str


@dataclass(frozen=True)
class Cell:
    """A scope of a subsector: a value, or its notation key and why; all None where the GPC has no such cell."""

    ref: str | None = None
    value: float | None = None
    key: str | None = None
    why: Text | None = None
    marked: bool = False


@dataclass(frozen=True)
class Line:
    """A subsector of the GPC table, or a sum of them (``ref`` a sector, or empty)."""

    ref: str
    name: Text
    cells: tuple[Cell, ...]
    basic: float | None
    plus: float | None
    territorial: Cell
    quality: str | None = None
    provisional: bool = False
    unverified: bool = False

    @property
    def is_sum(self) -> bool:
        """Whether it is the sum of a sector."""
        return self.ref in SECTORS


def sentence(place: Text, year: int, basic: Figure | None) -> Text:
    """The total of the year in plain words."""
    if basic is None or basic.value is None:
        return Text(f"{year} 年的碳账还没有数。", f"There is no total for {year} yet.")
    unit = f"{SPACE}tCO₂e"
    about = Text("", "")
    if basic.low is not None and basic.high is not None:
        low, high = digits(basic.low), digits(basic.high)
        about = Text(f"，大约在 {low} 到 {high} 之间", f", somewhere between {low} and {high}")
    value = digits(basic.value)
    return Text(
        f"{year} 年，{place.zh}的生活和运行共排放约 {value}{unit}{about.zh}。",
        f"In {year}, living and running {place.en} emitted about {value}{unit}{about.en}.",
    )


def parts_of(rows: Sequence[Row], sums: Sequence[Row], name: str = "basic") -> list[Part]:
    """A part a sector of the total ``name`` (basic or basic_plus), in the order of the GPC.

    ``sums``: rows of ``carbon.sectors``; ``rows`` of ``carbon.gpc`` tell why a sector has none.
    """
    levels = ("basic",) if name == "basic" else ("basic", "basic_plus")
    known = {row["sector"]: row for row in sums}
    out = []
    for sector in SECTORS:
        mine = [row for row in rows if row["sector"] == sector and row["level"] in levels]
        found = known.get(sector)
        if found and found[name] is not None:
            out.append(Part(sector, found[name], found[f"{name}_low"], found[f"{name}_high"]))
        elif mine:
            out.append(Part(sector, None, word=KEYS[_key_of(mine)][0]))
    return out


def _key_of(rows: Iterable[Row]) -> str:
    """The key of several references without a value: not estimated wherever one of them is."""
    keys = {row["key"] for row in rows if row["total"] is None}
    return next((key for key in ("NE", "C", "IE") if key in keys), "NO")


def gaps(rows: Sequence[Row]) -> list[Gap]:
    """What BASIC does not know, a sentence a sector: not estimated, partly left out, and what does not occur."""
    out = []
    for sector, (name, _, _) in SECTORS.items():
        basic = [row for row in rows if row["sector"] == sector and row["level"] == "basic"]
        said = [*_missing(basic), *_left_out(basic)]
        if said:
            joined = Text("；".join(s.zh for s in said) + "。", "; ".join(s.en for s in said) + ".")
            out.append(Gap(name, joined, _FILLED_BY.get(sector, "activities")))
    return out


def _missing(basic: Sequence[Row]) -> list[Text]:
    """``未估算：铁路、水运`` and so on, a sentence a notation key; what is counted elsewhere is not missing."""
    by_key: dict[str, list[Text]] = {}
    for name, mine in _by_subsector(basic):
        without = [row for row in mine if row["total"] is None]
        if not without:
            continue
        if len(without) == len(mine):
            by_key.setdefault(_key_of(without), []).append(name)
            continue
        for row in without:
            if row["key"] == "NE":
                scope = _SCOPE_WORDS[_scope(row)]
                by_key.setdefault("NE", []).append(
                    Text(f"{name.zh}（{scope.zh}）", f"{name.en} ({scope.en})")
                )
    return [
        Text(
            f"{KEYS[key][0].zh}：{'、'.join(n.zh for n in by_key[key])}",
            f"{KEYS[key][0].en}: {', '.join(n.en.lower() for n in by_key[key])}",
        )
        for key in ("NE", "C", "NO")
        if key in by_key
    ]


def _left_out(basic: Sequence[Row]) -> list[Text]:
    """What stands behind a value that is only a part, by reason."""
    codes = sorted({code for row in basic if row["total"] is not None for code in row["unknown"]})
    texts = [reason_text(code) for code in codes]
    return [
        Text(f"部分数据未计入：{t.zh.rstrip('。')}", f"partly left out: {t.en.rstrip('.')}") for t in texts
    ]


def _by_subsector(rows: Sequence[Row]) -> list[tuple[Text, list[Row]]]:
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(row["subsector"], []).append(row)
    return [(_name(mine[0]), mine) for mine in groups.values()]


def _name(row: Row) -> Text:
    """The name of a subsector: that of its reference without what follows a colon or bracket."""
    if row["ref"] not in references():
        return (
            Text("未注明处理方式", "Treatment not stated")
            if row["ref"] in SECTORS
            else Text(row["ref"], row["ref"])
        )
    zh, en = row["name_zh"], row["name_en"]
    return Text(zh.partition("：")[0].partition("（")[0], en.partition(":")[0].partition(", treated")[0])


def _scope(row: Row) -> int:
    """Scope of a row: that of its reference, else the one that has a value, else 3."""
    about = references().get(row["ref"])
    return about.scope if about else next((n for n in (1, 2, 3) if row[f"scope{n}"] is not None), 3)


def table(rows: Sequence[Row]) -> list[Line]:
    """The GPC table: a line a subsector, after those of a sector their sum."""
    out = []
    for sector, (_, name, _) in SECTORS.items():
        mine = [row for row in rows if row["sector"] == sector]
        groups: dict[str, list[Row]] = {}
        for row in mine:
            groups.setdefault(row["subsector"], []).append(row)
        out += [_line(ref, _name(held[0]), held) for ref, held in groups.items()]
        if any(row["level"] in ("basic", "basic_plus") for row in mine):
            out.append(_sum(sector, name, mine))
    return out


def _line(ref: str, name: Text, rows: Sequence[Row]) -> Line:
    caused = {_scope(row): row for row in rows if row["level"] != "territorial"}
    local = next((row for row in rows if row["level"] == "territorial"), None)
    live = [row for row in rows if row["total"] is not None]
    grades = [row["quality"] for row in live if row["quality"]]
    return Line(
        f"{ref}.–" if ref in SECTORS else ref,
        name,
        tuple(_cell(caused.get(scope)) for scope in (1, 2, 3)),
        _add(rows, ("basic",)),
        _add(rows, ("basic", "basic_plus")),
        _cell(local),
        max(grades, key="HML".index, default=None),
        any(row["provisional"] for row in live),
        any(not row["verified"] for row in live),
    )


def _sum(sector: str, name: Text, rows: Sequence[Row]) -> Line:
    """The scopes of a sector as far as it is caused by the community, and its levels."""
    caused = [row for row in rows if row["level"] in ("basic", "basic_plus")]
    cells = tuple(Cell(value=_total([row for row in caused if _scope(row) == scope])) for scope in (1, 2, 3))
    local = Cell(value=_total([row for row in rows if row["level"] == "territorial"]))
    return Line(sector, name, cells, _add(rows, ("basic",)), _add(rows, ("basic", "basic_plus")), local)


def _cell(row: Row | None) -> Cell:
    if row is None:
        return Cell()
    why = Text(row["reason_zh"], row["reason_en"]) if row["reason_zh"] else None
    marked = row["total"] is not None and bool(row["unknown"])
    return Cell(row["ref"], row["total"], row["key"], why, marked)


def _add(rows: Iterable[Row], levels: Sequence[str]) -> float | None:
    return _total([row for row in rows if row["level"] in levels])


def _total(rows: Sequence[Row]) -> float | None:
    known = [row["total"] for row in rows if row["total"] is not None]
    return math.fsum(known) if known else None
