"""Entered activities as lines of the account: cut by month, left out where meters count the same, gas by gas.

An amount is spread evenly over its days, so that the parts of a row sum to the row.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from typing import Any, NamedTuple

from tanlin.carbon.account.streams import (
    Cause,
    GasEmission,
    Stream,
    activity_emissions,
    shape_of,
    streams,
)
from tanlin.carbon.factors import FactorBook, Unknown

_DAY = timedelta(days=1)
#: Kinds of stream whose product is also that of a meter.
_BY_PRODUCT = ("fuel", "waste")


@dataclass(frozen=True)
class Entered:
    """One stored activity: ``amount`` of a stream, in its unit, in the local days [first_day, last_day].

    ``path``: ids of its area from the root, ``/1/5/``; ``place``: the slug it is shown under.
    """

    id: int
    sheet: int
    path: str
    place: str
    region: str
    stream: str
    first_day: date
    last_day: date
    amount: float
    source: str
    uncertainty_pct: float | None = None


class Metered(NamedTuple):
    """Days [first, end) in which a meter of a carrier and product stands at a place; ``end`` None: still."""

    path: str
    carrier: str
    product: str
    first: date
    end: date | None


class Piece(NamedTuple):
    """Part of an activity in one month (yyyymm), in its days [first, end); ``metered``: not counted."""

    entered: Entered
    month: int
    first: date
    end: date
    amount: float
    metered: bool


def pieces(
    rows: Iterable[Entered], meters: Sequence[Metered], first_day: date, last_day: date
) -> list[Piece]:
    """Activities cut to the days [first_day, last_day], by month, and where metering begins or ends.

    Metered wins: days are not counted in which a meter of the same carrier and product stands at the place of the
    activity, below it or above it. ``meters``: those below the place the account is of.
    """
    return [piece for row in rows for piece in _pieces(row, meters, first_day, last_day)]


def _pieces(row: Entered, meters: Sequence[Metered], first_day: date, last_day: date) -> list[Piece]:
    low, high = max(row.first_day, first_day), min(row.last_day, last_day) + _DAY
    if low >= high:
        return []
    same = [one for one in meters if _counts_the_same(one, row)]
    edges = {low, high} | {day for day in _month_starts(low, high) if low < day < high}
    edges |= {day for one in same for day in (one.first, one.end) if day and low < day < high}
    cuts = sorted(edges)
    per_day = row.amount / ((row.last_day - row.first_day).days + 1)
    return [
        Piece(
            row,
            a.year * 100 + a.month,
            a,
            b,
            per_day * (b - a).days,
            any(one.first <= a and (one.end is None or b <= one.end) for one in same),
        )
        for a, b in pairwise(cuts)
    ]


def _counts_the_same(meter: Metered, row: Entered) -> bool:
    stream = streams()[row.stream]
    if not stream.carrier or meter.carrier != stream.carrier:
        return False
    if stream.kind in _BY_PRODUCT and meter.product != stream.product:
        return False
    return meter.path.startswith(row.path) or row.path.startswith(meter.path)


def _month_starts(low: date, high: date) -> list[date]:
    return [
        date(n // 12, n % 12 + 1, 1) for n in range(low.year * 12 + low.month, high.year * 12 + high.month)
    ]


class Sum(NamedTuple):
    """A stream in a period: what counts, what meters count instead, and the 95 % half-range of the sum in percent."""

    stream: Stream
    counted: float
    metered: float
    rows: int
    sources: tuple[str, ...]
    pct: float | None


def sums(parts: Iterable[Piece]) -> list[Sum]:
    """Pieces summed by stream, in the order of the file of streams.

    Amounts of one survey err together and add before squaring; others are independent (IPCC 2006 vol. 1 ch. 3).
    """
    by_stream: dict[str, list[Piece]] = {}
    for part in parts:
        by_stream.setdefault(part.entered.stream, []).append(part)
    return [_sum(stream, by_stream[key]) for key, stream in streams().items() if key in by_stream]


def _sum(stream: Stream, parts: list[Piece]) -> Sum:
    errors: dict[str, float] = {}
    for part in parts:
        if not part.metered:
            own = _own_cause(part.entered, stream)
            errors[own.cause] = errors.get(own.cause, 0.0) + part.amount * own.pct
    counted = sum(part.amount for part in parts if not part.metered)
    half = sum(error * error for error in errors.values()) ** 0.5
    return Sum(
        stream,
        counted,
        sum(part.amount for part in parts if part.metered),
        len({part.entered.id for part in parts}),
        tuple(dict.fromkeys(part.entered.source for part in parts)),
        half / counted if counted else None,
    )


def entered_lines(parts: Iterable[Piece], book: FactorBook, gwp: str = "ar5") -> list[dict[str, Any]]:
    """Lines (LINES) of the pieces of activities, one a gas; pieces of a row in one month are one line.

    What is metered becomes a line with the key IE and no tonnes. Amounts from one survey share its error
    (``survey:<sheet>``), others err alone (``activity:<id>``).
    """
    whole: dict[tuple[Entered, int, bool], float] = {}
    for part in parts:
        key = (part.entered, part.month, part.metered)
        whole[key] = whole.get(key, 0.0) + part.amount
    return [
        line
        for (row, month, metered), n in whole.items()
        for line in _lines(row, month, n, metered, book, gwp)
    ]


def _lines(
    row: Entered, month: int, amount: float, metered: bool, book: FactorBook, gwp: str
) -> list[dict[str, Any]]:
    stream = streams()[row.stream]
    base = _base(row, stream, month, amount)
    if metered:
        return [base | {"key": "IE", "reason": "activity.metered"}]
    day = date(month // 100, month % 100, 1)
    found = activity_emissions(book, row.stream, row.region, day, gwp)
    if isinstance(found, Unknown):
        return [base | {"reason": found.code}]
    own = _own_cause(row, stream)
    return [base | _emitted(amount, gas, own) for gas in found]


def _base(row: Entered, stream: Stream, month: int, amount: float) -> dict[str, Any]:
    return {
        "ref": stream.ref,
        "level": stream.level,
        "scope": stream.scope,
        "place": row.place,
        "month": month,
        "stream": stream.key,
        "source": row.source,
        "activity": amount,
        "unit": stream.unit,
        "gas": "CO2e",
        "mass_t": None,
        "tco2e": None,
        "factor_id": "",
        "causes": [],
        "coverage": None,
        "estimated": 1.0 if row.source == "estimate" else 0.0,
        "provisional": False,
        "verified": False,
        "key": None,
        "reason": None,
    }


def _own_cause(row: Entered, stream: Stream) -> Cause:
    pct = stream.pct(row.source, row.uncertainty_pct)
    name = f"survey:{row.sheet}" if row.source == "survey" else f"activity:{row.id}"
    return Cause(name, pct, shape_of(pct))


def _emitted(amount: float, gas: GasEmission, own: Cause) -> dict[str, Any]:
    causes = None if gas.causes is None else [cause._asdict() for cause in (*gas.causes, own)]
    return {
        "gas": gas.gas,
        "mass_t": None if gas.gas == "CO2e" else amount * gas.tonnes,
        "tco2e": amount * gas.tco2e,
        "factor_id": gas.factor_id,
        "causes": causes,
        "provisional": any(fact.provisional for fact in gas.facts),
        "verified": all(fact.verified for fact in gas.facts),
    }
