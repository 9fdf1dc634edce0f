"""What an account is the account of: area, year, people, floor and land, and what is in and out.

GPC 1.1 ch. 3 (inventory boundary). Every value is a dated attribute of the area; the one in force on the last day
of the year counts (年末常住人口 is the usual definition of a population). What nobody has stated stays unknown.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from tanlin.kernel.errors import Text

#: Attribute of an area → its name; the ones a boundary is made of.
ATTRIBUTES: dict[str, Text] = {
    "population": Text("人口", "Population"),
    "population.definition": Text("人口口径", "Definition of the population"),
    "floor_area_m2": Text("建筑面积", "Floor area"),
    "area_m2": Text("占地面积", "Land area"),
    "boundary.rules": Text("纳入与排除规则", "What is in and out"),
}
UNITS = {"floor_area_m2": "m2", "area_m2": "m2"}
#: Attributes of this form state the notation key of a GPC reference: value NO, NE, IE or C, source the reason.
KEY = "gpc.key."


@dataclass(frozen=True)
class Stated:
    """A value of the boundary with the day from which it holds and where it comes from."""

    value: Any
    since: date
    source: str = ""


@dataclass(frozen=True)
class Boundary:
    """The boundary of an account of a place and year; what is not stated is None.

    ``population`` in persons, areas in square metres. ``keys``: GPC reference → (notation key, reason).
    """

    place: str
    year: int
    population: Stated | None = None
    definition: Stated | None = None
    floor_m2: Stated | None = None
    land_m2: Stated | None = None
    rules: Stated | None = None
    keys: Mapping[str, tuple[str, str]] = field(default_factory=dict)

    def stated(self) -> dict[str, Stated | None]:
        """By attribute key, in the order of ATTRIBUTES."""
        own = (self.population, self.definition, self.floor_m2, self.land_m2, self.rules)
        return dict(zip(ATTRIBUTES, own, strict=True))

    def rows(self) -> list[dict[str, Any]]:
        """One row an attribute: key, value (None: not stated), since, source; the figure ``carbon.boundary``."""
        return [
            {
                "key": key,
                "value": one.value if one else None,
                "since": one.since.isoformat() if one else None,
                "source": one.source if one else None,
            }
            for key, one in self.stated().items()
        ]

    @property
    def per_person(self) -> Text:
        """What a per-person figure of this boundary counts, in words."""
        if self.population is None:
            return Text("未填写人口。", "No population is stated.")
        zh = self.definition.value if self.definition else "口径未注明"
        en = self.definition.value if self.definition else "definition not stated"
        count = f"{self.population.value:,.0f}"
        return Text(
            f"{self.place} {self.year} 年，{zh} {count} 人（自 {self.population.since} 起）",
            f"{self.place} {self.year}, {count} persons ({en}), since {self.population.since}",
        )

    @property
    def per_m2(self) -> Text:
        """What a figure per square metre of this boundary counts, in words."""
        if self.floor_m2 is None:
            return Text("未填写建筑面积。", "No floor area is stated.")
        size = f"{self.floor_m2.value:,.0f}"
        return Text(
            f"{self.place} {self.year} 年，建筑面积 {size} m²（自 {self.floor_m2.since} 起）",
            f"{self.place} {self.year}, floor area {size} m², since {self.floor_m2.since}",
        )


def boundary_of(place: str, year: int, rows: Iterable[Mapping[str, Any]]) -> Boundary:
    """The boundary from dated attributes: key, value, valid_from, valid_to (exclusive), source; days ISO or date.

    A population or area that is not above zero counts as not stated.
    """
    last = date(year, 12, 31)
    held: dict[str, Stated] = {}
    for row in sorted(rows, key=lambda row: _day(row["valid_from"])):
        until = row.get("valid_to")
        if _day(row["valid_from"]) <= last and (not until or _day(until) > last):
            held[row["key"]] = Stated(row["value"], _day(row["valid_from"]), row.get("source") or "")
    keys = {
        name.removeprefix(KEY): (str(one.value), one.source)
        for name, one in held.items()
        if name.startswith(KEY)
    }
    return Boundary(
        place,
        year,
        _positive(held.get("population")),
        held.get("population.definition"),
        _positive(held.get("floor_area_m2")),
        _positive(held.get("area_m2")),
        held.get("boundary.rules"),
        keys,
    )


def _positive(one: Stated | None) -> Stated | None:
    return one if one is not None and float(one.value) > 0 else None


def _day(value: date | str) -> date:
    return value if isinstance(value, date) else date.fromisoformat(value)
