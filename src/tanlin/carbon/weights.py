"""What a unit of activity weighs: tonnes, energy, tce and price for each kind of meter and stretch of time.

A *cell* is a stretch of the local calendar that ends up in one month of the inventory. A *combo* is what meters
may share: time zone, region, carrier, product and tariff. Slots are the hours of each combo.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from tanlin.carbon.energy import energy_per_unit, tce_per_unit
from tanlin.carbon.factors import Emission, FactorBook, Resolved, Unknown, emission_per_unit
from tanlin.carbon.tariffs import Prices, TariffBook
from tanlin.kernel.errors import Refused, Text
from tanlin.kernel.period import Period, calendar_frame, midnight

STEP = 3600
_QUARTER = 900
#: A year of hours of this many combos takes about 1 GB.
MOST_COMBOS = 2_000


class Cell(NamedTuple):
    """Local days [first, last) of month yyyymm; ``inside`` the period asked for, else only before it."""

    month: int
    first: date
    last: date
    inside: bool


class Combo(NamedTuple):
    """What meters may share."""

    tz: str
    region: str
    carrier: str
    product: str
    tariff: str | None


@dataclass(frozen=True)
class Weight:
    """Per canonical unit in one combo and cell. Unknown tonnes carry ``code``; NaN energy or tce has no meaning."""

    emission: Emission | Unknown
    energy: float
    tce: float
    facts: tuple[Resolved, ...]

    @property
    def tonnes(self) -> float:
        return self.emission.value if isinstance(self.emission, Emission) else np.nan


def cells_of(period: Period, span: str | None) -> list[Cell]:
    """The months of a period. Tiers need what was used before in their span (``month`` or ``year``) as well."""
    first, last = period.first_day, period.last_day_exclusive
    if period.kind == "year":
        return [_cell(m.first_day, m.last_day_exclusive, True) for m in period.months()]
    month_start = first.replace(day=1)
    before = []
    if span == "year":
        starts = [date(first.year, m, 1) for m in range(1, first.month + 1)]
        before = [_cell(a, b, False) for a, b in pairwise(starts)]
    if span and first > month_start:
        before.append(_cell(month_start, first, False))
    return [*before, _cell(first, last, True)]


def _cell(first: date, last: date, inside: bool) -> Cell:
    return Cell(first.year * 100 + first.month, first, last, inside)


@dataclass
class Weights:
    """Weights, prices and slots of the combos over the cells."""

    combos: list[Combo]
    cells: list[Cell]
    factors: FactorBook
    tariffs: TariffBook
    gwp: str
    shapes: Mapping[str, np.ndarray] = field(default_factory=dict)
    _calendars: dict[str, tuple[pa.Table, np.ndarray]] = field(default_factory=dict)

    @cached_property
    def table(self) -> list[list[Weight]]:
        """Weight by combo and cell."""
        return [[self._weight(combo, cell) for cell in self.cells] for combo in self.combos]

    def _weight(self, combo: Combo, cell: Cell) -> Weight:
        what = (self.factors, combo.carrier, combo.product, combo.region, cell.first)
        emission = emission_per_unit(*what, gwp=self.gwp)
        energy, tce = energy_per_unit(*what), tce_per_unit(*what)
        facts = [*emission.facts, *(energy[1] if energy else ()), *(tce[1] if tce else ())]
        return Weight(
            emission, energy[0] if energy else np.nan, tce[0] if tce else np.nan, tuple(dict.fromkeys(facts))
        )

    def bounds(self, tz: str) -> np.ndarray:
        """Epoch seconds of the cells' ends, int64 (cells, 2)."""
        return np.array([[midnight(c.first, tz), midnight(c.last, tz)] for c in self.cells], np.int64)

    def calendar(self, tz: str) -> tuple[pa.Table, np.ndarray]:
        """Calendar frame of the cells and the cell of each slot."""
        if tz not in self._calendars:
            bounds = self.bounds(tz)
            frame = calendar_frame(tz, int(bounds[0, 0]), int(bounds[-1, 1]), STEP)
            cell = np.searchsorted(bounds[:, 1], frame["es"].to_numpy(), side="right")
            self._calendars[tz] = (frame, cell)
        return self._calendars[tz]

    @cached_property
    def prices(self) -> list[Prices | Unknown]:
        """Prices of each combo over its calendar, or why there are none."""
        out: list[Prices | Unknown] = []
        for combo in self.combos:
            bad = self.tariffs.check(combo.tariff, combo.carrier)
            out.append(bad or self.tariffs.prices(str(combo.tariff), self.calendar(combo.tz)[0]))
        return out

    @cached_property
    def tiers(self) -> int:
        """Number of price columns."""
        return max((p.values.shape[1] for p in self.prices if isinstance(p, Prices)), default=0)

    @cached_property
    def step(self) -> int:
        """Seconds of a slot: an hour, or a quarter where an offset is not a whole hour."""
        frames = [self.calendar(tz)[0]["es"].to_numpy() for tz in {c.tz for c in self.combos}]
        return _QUARTER if any(len(es) > 1 and es[1] - es[0] < STEP for es in frames) else STEP

    def slots(self, begin: int) -> pa.Table:
        """``slot`` int64, ``cell`` int32, ``weight``, ``p0``, ``p1`` …, a row a slot and combo.

        ``slot`` = steps since ``begin`` × number of combos + number of the combo, so that one dense integer
        joins both. Raises Refused beyond :data:`MOST_COMBOS`.
        """
        if len(self.combos) > MOST_COMBOS:
            raise Refused(
                "carbon.too_many_combinations",
                Text("地区与价格方案的组合过多。", "Too many combinations of region and tariff."),
                remedy=Text("请按下级区域分别计算。", "Compute the areas below one by one."),
            )
        parts = [self._slots_of(number, begin) for number in range(len(self.combos))]
        return pa.concat_tables(parts)

    def _slots_of(self, number: int, begin: int) -> pa.Table:
        combo, prices = self.combos[number], self.prices[number]
        frame, cell = self.calendar(combo.tz)
        es = frame["es"].to_numpy()
        repeat = STEP // self.step if len(es) > 1 and es[1] - es[0] == STEP else 1
        weight = np.nan_to_num([w.tonnes for w in self.table[number]])[cell]
        if combo.carrier == "electricity" and combo.region in self.shapes:
            month, hour = frame["month"].to_numpy() % 100 - 1, frame["hour"].to_numpy()
            weight = weight * self.shapes[combo.region][month, hour]
        columns = {"slot": es, "cell": cell.astype(np.int32), "weight": weight}
        for tier in range(self.tiers):
            columns[f"p{tier}"] = _column(prices, tier, len(es))
        columns = {name: np.repeat(column, repeat) for name, column in columns.items()}
        start = columns["slot"] + np.tile(np.arange(repeat) * self.step, len(es))
        columns["slot"] = (start - begin) // self.step * len(self.combos) + number
        return pa.table(columns)

    def price_at(self, number: int) -> np.ndarray:
        """Price by cell and tier (cells, tiers) of a tariff without hours; NaN where unknown or not constant."""
        prices = self.prices[number]
        out = np.full((len(self.cells), self.tiers), np.nan)
        if isinstance(prices, Prices):
            cell = self.calendar(self.combos[number].tz)[1]
            for i in range(len(self.cells)):
                values = prices.values[cell == i]
                if len(values) and np.ptp(values, axis=0).max() == 0:
                    out[i] = [values[0, min(tier, values.shape[1] - 1)] for tier in range(self.tiers)]
        return out


def _column(prices: Prices | Unknown, tier: int, length: int) -> np.ndarray:
    """Prices of a tier, the last one where there are fewer; zeros where there are none at all."""
    if isinstance(prices, Unknown):
        return np.zeros(length)
    last: int = prices.values.shape[1] - 1
    return prices.values[:, min(tier, last)]
