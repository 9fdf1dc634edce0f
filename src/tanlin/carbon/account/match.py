"""Which electricity a certificate or contract covers: matched by days and month, and never counted twice.

GHG Protocol Scope 2 Guidance (2015), ch. 7: an instrument covers use of the days it states; what exceeds the use
covers nothing. An instrument of a place below counts in every place that holds it, against the use of its own.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np

#: Certificates and contracts carry the attributes of the power; a supplier's own factor comes after them.
RANK = {"certificate": 0, "contract": 0, "supplier": 1}


@dataclass(frozen=True)
class Instrument:
    """Electricity of a stated origin, ``energy_kwh`` in the local days [first_day, last_day].

    ``path``: places from that of the account down to the one which holds the instrument.
    """

    id: int
    path: tuple[str, ...]
    kind: str
    registry: str
    number: str
    first_day: date
    last_day: date
    energy_kwh: float
    factor_kg_per_kwh: float = 0.0

    @property
    def name(self) -> str:
        """How lines and receipts cite it."""
        return f"instrument:{self.registry}/{self.number}"

    def as_row(self) -> dict[str, Any]:
        """JSON-ready; :meth:`read` reads it back."""
        days = {"first_day": self.first_day.isoformat(), "last_day": self.last_day.isoformat()}
        return vars(self) | days | {"path": list(self.path)}

    @classmethod
    def read(cls, row: Mapping[str, Any]) -> Instrument:
        """From what ``as_row`` made."""
        days = {name: date.fromisoformat(row[name]) for name in ("first_day", "last_day")}
        return cls(**{**row, **days, "path": tuple(row["path"])})


@dataclass(frozen=True)
class Match:
    """What an instrument covers in a year: ``months`` kWh (12,) of the ``offered_kwh`` that fall in the year.

    ``reason``: why a part covers nothing, by code; "" where all of it does.
    """

    instrument: Instrument
    offered_kwh: float
    months: np.ndarray
    reason: str = ""

    @property
    def used_kwh(self) -> float:
        return float(self.months.sum())

    @property
    def excess_kwh(self) -> float:
        return max(0.0, self.offered_kwh - self.used_kwh)


def match(instruments: Iterable[Instrument], use: Mapping[str, np.ndarray], year: int) -> list[Match]:
    """What each instrument covers of the electricity used in a year.

    Args:
        use: imported electricity by place and month, kWh (12,): of the account's place, and of every place that
            holds an instrument. An instrument of a place whose use is unknown covers nothing.

    An instrument that crosses a year gives each year its share by days, so that no kWh serves two years. Inside
    the year it serves any of its days: the one that ends first is used first, those of the lower places before
    those above, and certificates and contracts before a supplier's factor.
    """
    left = {place: np.maximum(np.asarray(kwh, float), 0.0) for place, kwh in use.items()}
    of_month = {place: kwh.copy() for place, kwh in left.items()}
    order = sorted(
        instruments, key=lambda one: (-len(one.path), RANK[one.kind], one.last_day, one.first_day, one.id)
    )
    return [_fill(one, left, of_month, year) for one in order]


def _fill(one: Instrument, left: dict[str, np.ndarray], use: dict[str, np.ndarray], year: int) -> Match:
    days = _days_inside(one, year)
    offered = one.energy_kwh * days.sum() / ((one.last_day - one.first_day).days + 1)
    if one.path[-1] not in left:
        return Match(one, offered, np.zeros(12), "market.use_unknown")
    caps = [left[place] for place in one.path if place in left]
    room = np.minimum.reduce([*caps, use[one.path[-1]] * days / month_days(year)])
    before = np.concatenate([[0.0], np.cumsum(room)[:-1]])
    taken = np.clip(offered - before, 0.0, room)
    for cap in caps:
        cap -= taken
    return Match(one, offered, taken, "market.excess" if taken.sum() < offered * (1 - 1e-12) else "")


def month_days(year: int) -> np.ndarray:
    """Days of each month, float (12,)."""
    return np.array([monthrange(year, month)[1] for month in range(1, 13)], float)


def _days_inside(one: Instrument, year: int) -> np.ndarray:
    """Days of the instrument in each month of the year, float (12,)."""
    first, last = one.first_day.toordinal(), one.last_day.toordinal()
    edges = [date(year, month, 1).toordinal() for month in range(1, 13)] + [date(year + 1, 1, 1).toordinal()]
    begin, end = np.maximum(edges[:-1], first), np.minimum(edges[1:], last + 1)
    return np.maximum(end - begin, 0).astype(float)
