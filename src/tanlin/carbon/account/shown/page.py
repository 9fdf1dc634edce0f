"""The page of an account as a view model: everything in words and pictures, nothing derived. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tanlin.carbon.account.boundary import ATTRIBUTES
from tanlin.carbon.account.shown.bridge import against_inventory
from tanlin.carbon.account.shown.gpc import Gap, Line, gaps, parts_of, sentence, table
from tanlin.carbon.account.shown.pictures import sectors_picture, tornado_picture
from tanlin.carbon.account.shown.scope2 import Scope2, scope2_shown
from tanlin.carbon.account.words import GASES, KEYS, counted, stated_value
from tanlin.carbon.overview import Card
from tanlin.carbon.pictures import Picture
from tanlin.carbon.rules import GWP_SETS
from tanlin.kernel.errors import Text
from tanlin.kernel.figure import Figure
from tanlin.kernel.words import SPACE, digits
from tanlin.kernel.words import percent as share

#: Figures whose tables the page reads; those of the second need the professional view.
PLAIN_TABLES = ("carbon.gpc", "carbon.sectors", "carbon.boundary")
EXPERT_TABLES = ("carbon.gases", "carbon.contributors", "carbon.market_parts", "carbon.programme")
PLAIN_CARDS = ("carbon.basic", "carbon.per_person", "carbon.per_m2")
LEVEL_CARDS = (
    "carbon.basic_plus",
    "carbon.basic_plus_gross",
    "carbon.sinks",
    "carbon.territorial",
)
#: Titles in the simple view, which says in its first lines what is counted.
PLAIN_TITLES = {
    "carbon.basic": Text("碳排放", "Emissions"),
    "carbon.per_person": Text("人均碳排放", "Emissions per person"),
    "carbon.per_m2": Text("每平方米建筑碳排放", "Emissions per square metre of floor"),
}
ENERGY_CARDS = ("carbon.tce", "carbon.tce_equivalent")


@dataclass(frozen=True)
class Fact:
    """A row of the boundary; ``value`` None: nobody has stated it."""

    name: Text
    value: Text | None
    since: str
    source: str


@dataclass(frozen=True)
class Page:
    """The account of a place and year. ``expert`` is None in the simple view.

    ``bridge``: how it differs from the overview. ``stated``: since when and by whom, where all of the boundary agrees.
    """

    sentence: Text
    bridge: Text | None
    cards: tuple[Card, ...]
    sectors: Picture
    gaps: list[Gap]
    boundary: list[Fact]
    stated: tuple[str, str] | None
    energy: tuple[Card, ...]
    expert: Expert | None = None


@dataclass(frozen=True)
class Expert:
    """What stands behind the professional view."""

    levels: tuple[Card, ...]
    lines: list[Line]
    rows: list[Mapping[str, Any]]
    keys: list[Text]
    gases: list[Mapping[str, Any]]
    gwp: str
    tornado: Picture
    check: Text | None
    plus: Picture
    scope2: Scope2 | None


def page(
    place: Text,
    year: int,
    figures: Mapping[str, Figure],
    *,
    energy_kwh: float | None = None,
    expert: bool = False,
    stated: Mapping[str, Any] = {},
    names: Mapping[str, Text] = {},
    places: Mapping[str, Text] = {},
) -> Page:
    """Arrange the published figures of a year.

    Args:
        figures: by key, with the tables named in PLAIN_TABLES, and for ``expert`` in EXPERT_TABLES.
        energy_kwh: energy used, beside the standard coal. stated: the parameters of the receipts. names, places: of causes of error.
    """
    rows, sums = _rows(figures, "carbon.gpc"), _rows(figures, "carbon.sectors")
    basic = figures.get("carbon.basic")
    boundary = _rows(figures, "carbon.boundary")
    bounds = [_fact(row) for row in boundary]
    notes = _notes(year, boundary) | _energy_note(energy_kwh)
    total = basic.value if basic else None
    return Page(
        sentence(place, year, basic),
        against_inventory(figures),
        _cards(PLAIN_CARDS, figures, notes, keep=True, titles={} if expert else PLAIN_TITLES),
        sectors_picture(parts_of(rows, sums), total),
        gaps(rows),
        bounds,
        _stated(bounds),
        _cards(ENERGY_CARDS, figures, notes),
        _expert(figures, rows, sums, stated, names, places) if expert else None,
    )


def _rows(figures: Mapping[str, Figure], key: str) -> list[dict[str, Any]]:
    held = figures.get(key)
    return (held.table or []) if held else []


def _cards(
    keys: tuple[str, ...],
    figures: Mapping[str, Figure],
    notes: Mapping[str, Text],
    keep: bool = False,
    titles: Mapping[str, Text] = {},
) -> tuple[Card, ...]:
    """``keep``: a card also where the figure was never computed."""
    return tuple(
        Card(key, titles.get(key), figures.get(key), notes.get(key)) for key in keys if keep or key in figures
    )


def _notes(year: int, boundary: list[dict[str, Any]]) -> dict[str, Text]:
    """The boundary in a line under each figure per person or per square metre."""
    held = {row["key"]: row for row in boundary}
    people, floor = (held.get(key, {}).get("value") for key in ("population", "floor_area_m2"))
    defined = held.get("population.definition", {}).get("value")
    notes = {}
    if people:
        notes["carbon.per_person"] = Text(
            f"{year} 年，{counted(people)}{SPACE}人，{defined or '人口口径未注明'}",
            f"{year}, {counted(people)} persons, {defined or 'definition not stated'}",
        )
    if floor:
        notes["carbon.per_m2"] = Text(
            f"{year} 年，建筑面积 {counted(floor)}{SPACE}m²", f"{year}, {counted(floor)}{SPACE}m² of floor"
        )
    return notes


def _energy_note(kwh: float | None) -> dict[str, Text]:
    if kwh is None:
        return {}
    size = f"{digits(kwh / 1e3)}{SPACE}MWh"
    return {"carbon.tce": Text(f"即 {size}", f"that is {size}")}


def _fact(row: Mapping[str, Any]) -> Fact:
    value = None if row["value"] is None else stated_value(row["key"], row["value"])
    return Fact(ATTRIBUTES[row["key"]], value, row["since"] or "", row["source"] or "")


def _stated(bounds: list[Fact]) -> tuple[str, str] | None:
    """(since, source) of all that is stated, or None where they differ."""
    found = {(fact.since, fact.source) for fact in bounds if fact.value}
    return found.pop() if len(found) == 1 else None


def _expert(
    figures: Mapping[str, Figure],
    rows: list[dict[str, Any]],
    sums: list[dict[str, Any]],
    stated: Mapping[str, Any],
    names: Mapping[str, Text],
    places: Mapping[str, Text],
) -> Expert:
    plus = figures.get("carbon.basic_plus")
    parts = parts_of(rows, sums, "basic_plus")
    return Expert(
        _cards(LEVEL_CARDS, figures, {}),
        table(rows),
        [_named(row) for row in rows],
        [text for _, text in KEYS.values()],
        [row | {"gas": GASES.get(row["gas"], row["gas"])} for row in _rows(figures, "carbon.gases")],
        GWP_SETS.get(str(stated.get("gwp")), ""),
        tornado_picture(_rows(figures, "carbon.contributors"), names, places),
        _check(figures.get("carbon.basic"), figures.get("carbon.contributors"), stated),
        sectors_picture(parts, plus.value if plus else None, Text("BASIC+ 各部门", "Sectors of BASIC+")),
        scope2_shown(figures),
    )


def _check(basic: Figure | None, drawn: Figure | None, stated: Mapping[str, Any]) -> Text | None:
    """The interval of the draws beside the analytic one; None where either is missing."""
    if basic is None or drawn is None or "draws" not in stated:
        return None
    ends = [getattr(one, end) for one in (basic, drawn) for end in ("low", "high")]
    if None in ends:
        return None
    draws, seed = stated["draws"], stated["seed"]
    low, high, drawn_low, drawn_high = ends
    unit = f"{SPACE}tCO₂e"
    apart = max(abs(drawn_low - low), abs(drawn_high - high)) / (high - low) if high > low else 0.0
    return Text(
        f"解析区间 {digits(low)}–{digits(high)}{unit}；随机抽样检验（{draws:,} 次，种子 {seed}）"
        f"{digits(drawn_low)}–{digits(drawn_high)}{unit}，端点最多相差区间宽度的 {share(apart, 1)}。",
        f"Analytic interval {digits(low)}–{digits(high)}{unit}; {draws:,} draws with seed {seed} give "
        f"{digits(drawn_low)}–{digits(drawn_high)}{unit}: the ends differ by at most {share(apart, 1)} of its width.",
    )


def _named(row: Mapping[str, Any]) -> dict[str, Any]:
    """A reference with its name and reason in both languages."""
    return dict(row) | {
        "name": Text(row["name_zh"], row["name_en"]),
        "reason": Text(row["reason_zh"] or "", row["reason_en"] or ""),
    }
