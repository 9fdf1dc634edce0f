"""Scope 2 market-based beside location-based, for the same electricity.

GHG Protocol Scope 2 Guidance (2015), table 6.3: certificates and contracts, then the supplier's factor, then the
residual mix, then the location-based factor where no residual mix is published. Heat, cooling and steam have no
instruments here and keep their factor. For China the residual mix is the national factor that leaves out
market-traded non-fossil power. Electricity made and used on site is not imported, so it is in neither total.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa

from tanlin.carbon.account.lines import LINES
from tanlin.carbon.account.match import Instrument, Match, match, month_days
from tanlin.carbon.account.streams import shape_of
from tanlin.carbon.factors import FactorBook, Resolved, Unknown
from tanlin.kernel.errors import Text

#: What the electricity of a market-based line rests on, in the order of the hierarchy.
PARTS: dict[str, Text] = {
    "certificate": Text("绿证", "Green certificates"),
    "contract": Text("绿电合同", "Green power contracts"),
    "supplier": Text("供电企业自有因子", "Supplier's own factor"),
    "residual": Text("剩余组合", "Residual mix"),
    "location": Text("电网平均（无剩余组合）", "Grid average (no residual mix)"),
    "unknown": Text("用电量未知", "Use not known"),
}
RESIDUAL = "grid_residual"
_ADDED = ("basic", "basic_plus")


@dataclass(frozen=True)
class Market:
    """Scope 2 of a year both ways. ``lines`` and ``location``: schema LINES; ``source`` of an electricity line of
    ``lines`` is one of :data:`PARTS`.
    """

    year: int
    lines: pa.Table
    location: pa.Table
    matches: list[Match]


def is_electricity(row: Mapping[str, Any]) -> bool:
    """Whether a line is electricity taken from a grid."""
    return row["scope"] == 2 and row["unit"] == "kWh" and row["level"] in _ADDED


def use_by_month(rows: Iterable[Mapping[str, Any]], year: int) -> np.ndarray:
    """Electricity taken from a grid by month, kWh (12,); a line of the whole year is spread by days."""
    out = np.zeros(12)
    for row in rows:
        if is_electricity(row) and row["activity"] is not None:
            out += _months(row, year) * row["activity"]
    return out


def market(
    lines: pa.Table,
    instruments: Iterable[Instrument],
    book: FactorBook,
    regions: Mapping[str, str],
    year: int,
    *,
    place: str,
    below: Mapping[str, np.ndarray] | None = None,
) -> Market:
    """Scope 2 lines by the market-based method.

    Args:
        lines: the account's lines (LINES) of one year, a gas of its own each.
        regions: region by place of the lines, and of ``place``, the place of the account.
        below: imported electricity by month of places below that hold instruments, kWh (12,); see ``match``.
    """
    location = [row for row in lines.to_pylist() if row["scope"] == 2 and row["level"] in _ADDED]
    power = [part for row in location if is_electricity(row) for part in _split(row, year)]
    use = {place: use_by_month(power, year)} | dict(below or {})
    matches = match(instruments, use, year)
    covered = _cover(power, matches)
    out = [row for row in location if not is_electricity(row)]
    for number, row in enumerate(power):
        region = regions.get(row["place"], regions[place])
        out += _parts(row, covered[number], book, region)
    return Market(
        year,
        pa.Table.from_pylist(out, LINES),
        pa.Table.from_pylist(location, LINES),
        matches,
    )


def _months(row: Mapping[str, Any], year: int) -> np.ndarray:
    """Share of a line that falls in each month, float (12,)."""
    share, month = np.zeros(12), row["month"] % 100
    if month:
        share[month - 1] = 1.0
        return share
    days = month_days(year)
    return days / days.sum()


def _split(row: dict[str, Any], year: int) -> list[dict[str, Any]]:
    """A line of the whole year as twelve, by days; a line of a month as it is."""
    if row["month"] % 100:
        return [row]
    return [
        row | {"month": year * 100 + month + 1} | {name: _times(row[name], share) for name in _AMOUNTS}
        for month, share in enumerate(_months(row, year))
    ]


_AMOUNTS = ("activity", "mass_t", "tco2e")


def _times(value: float | None, share: float) -> float | None:
    return None if value is None else float(value * share)


def _cover(power: list[dict[str, Any]], matches: list[Match]) -> list[list[tuple[Instrument, float]]]:
    """(instrument, kWh) that cover each line: lines of the instrument's own place first, the rest in proportion."""
    use = np.array([max(row["activity"] or 0.0, 0.0) for row in power])
    left = use.copy()
    out: list[list[tuple[Instrument, float]]] = [[] for _ in power]
    month = np.array([row["month"] % 100 for row in power], np.int64)
    places = np.array([row["place"] for row in power], object)
    for one in matches:
        own = one.instrument.path[1] if len(one.instrument.path) > 1 else None
        for number in np.nonzero(one.months)[0].tolist():
            here = month == number + 1
            wanted = one.months[number]
            for among in (here & (places == own), here):
                taken = _in_proportion(np.where(among, left, 0.0), wanted)
                left -= taken
                wanted -= taken.sum()
                for line in np.nonzero(taken)[0].tolist():
                    out[line].append((one.instrument, float(taken[line])))
    return out


def _in_proportion(left: np.ndarray, wanted: float) -> np.ndarray:
    size = left.sum()
    if size <= 0.0 or wanted <= 0.0:
        return np.zeros(len(left))
    return np.asarray(left * min(1.0, wanted / size), float)


def _parts(
    row: dict[str, Any],
    covered: list[tuple[Instrument, float]],
    book: FactorBook,
    region: str,
) -> list[dict[str, Any]]:
    """A line of electricity as one line an instrument and one for the rest."""
    if row["activity"] is None:
        return [row | {"source": "unknown"}]
    out = [_covered_line(row, one, kwh) for one, kwh in covered]
    rest = row["activity"] - sum(kwh for _, kwh in covered)
    if rest <= 1e-9 * abs(row["activity"]):
        return out
    year, month = divmod(row["month"], 100)
    factor = book.resolve(RESIDUAL, region, date(year, month, 1))
    if isinstance(factor, Unknown):
        return [*out, _rest(row, rest, {"source": "location"}, row["causes"])]
    tonnes = rest * factor.value / 1000.0
    told = {
        "source": "residual",
        "mass_t": tonnes,
        "tco2e": tonnes,
        "gas": factor.gas or row["gas"],
        "factor_id": factor.fact_id,
        "provisional": factor.provisional,
        "verified": factor.verified,
        "reason": None,
        "key": None,
    }
    return [*out, _rest(row, rest, told, _causes(row, factor))]


def _covered_line(row: dict[str, Any], one: Instrument, kwh: float) -> dict[str, Any]:
    tonnes = kwh * one.factor_kg_per_kwh / 1000.0
    return row | {
        "source": one.kind,
        "activity": kwh,
        "mass_t": tonnes,
        "tco2e": tonnes,
        "factor_id": one.name,
        "causes": [],  # the kWh and the factor are those of the paper
        "provisional": False,
        "verified": False,  # entered from a paper that nobody has compared with the registry
        "reason": None,
        "key": None,
    }


def _rest(
    row: dict[str, Any], kwh: float, told: dict[str, Any], causes: list[dict[str, Any]] | None
) -> dict[str, Any]:
    """What no instrument covers. It bears the whole metering error of the line: what is covered is exact."""
    share = kwh / row["activity"]
    shares = {name: _times(row[name], share) for name in _AMOUNTS} | {"activity": kwh}
    if causes is not None:
        causes = [cause | {"pct": cause["pct"] / (share if _is_metering(cause) else 1.0)} for cause in causes]
    return row | shares | told | {"causes": causes}


def _is_metering(cause: Mapping[str, Any]) -> bool:
    return str(cause["cause"]).startswith(("meter:", "survey:", "activity:"))


def _causes(row: dict[str, Any], factor: Resolved) -> list[dict[str, Any]] | None:
    """Causes of a line whose factor is replaced: the metering stays. None where it or the new factor states no error."""
    pct = factor.uncertainty_pct
    if pct is None or row["causes"] is None:
        return None
    kept = [cause for cause in row["causes"] if _is_metering(cause)]
    return [*kept, {"cause": factor.fact_id, "pct": pct, "shape": shape_of(pct)}]
