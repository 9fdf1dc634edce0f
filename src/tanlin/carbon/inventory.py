"""The inventory: energy, tCO2e and cost by month, place, scope and carrier, location-based.

Rows of up to an hour are summed in one portable SQL text over ``current``; longer ones (bills, daily) are cut
at local month ends by days. Use = import + generation − export. Emissions come from what is imported or burnt;
generation and export are shown with zero tonnes and never netted. Method: GPC 1.1 ch. 6 and 8, GHG Protocol
Scope 2 Guidance (location-based). Gases are those of the factors: Chinese grid and fuel factors count CO2 only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pyarrow as pa

from tanlin.carbon.cost import costs
from tanlin.carbon.factors import Emission, FactorBook, Unknown, carriers
from tanlin.carbon.pieces import cut, local_days
from tanlin.carbon.tables import breakdown_table, inventory_table
from tanlin.carbon.tariffs import Prices, TariffBook
from tanlin.carbon.uncertainty import total
from tanlin.carbon.weights import Combo, Weights, cells_of
from tanlin.kernel.period import DAY, Period

#: No single reading or bill is longer than this many days.
LONGEST_DAYS = 732
_OPEN = 2**62

#: Number of each channel; with the meter it makes one dense integer, the fastest thing to join on.
CHANNELS = {"": 0, "import": 1, "export": 2, "generation": 3}
_KEY = (
    f"r.meter_id * {len(CHANNELS)} + CASE r.channel "
    + " ".join(f"WHEN '{channel}' THEN {number}" for channel, number in CHANNELS.items())
    + " END"
)
SHORT_SQL = f"""
SELECT m.row_id AS row_id, s.cell AS cell,
       SUM(r.value) AS value, SUM(r.value * s.weight) AS tonnes,
       SUM(CASE WHEN r.quality LIKE 'estimated%' THEN r.value ELSE 0e0 END) AS estimated,
       SUM(r.seconds) AS seconds{{prices}}
FROM current r
JOIN meters m ON m.meter_key = {_KEY}
JOIN slots s ON s.slot = CAST(FLOOR((r.start - {{begin}}) / {{step}}e0) AS BIGINT) * {{combos}} + m.combo
WHERE r.seconds > 0 AND r.seconds <= 3600 AND r.quality <> 'rejected'
  AND r.month BETWEEN '{{first_month}}' AND '{{last_month}}'
  AND r.start >= {{begin}} AND r.start < {{end}}{{validity}}
GROUP BY m.row_id, s.cell
"""
_VALIDITY = "\n  AND r.start >= m.from_es AND r.start < m.to_es"
LONG_SQL = f"""
SELECT m.row_id AS row_id, r.start AS start, r.seconds AS seconds, r.value AS value,
       CASE WHEN r.quality LIKE 'estimated%' THEN 1 ELSE 0 END AS estimated
FROM current r
JOIN meters m ON m.meter_key = {_KEY}
WHERE r.seconds > 3600 AND r.quality <> 'rejected'
  AND r.month BETWEEN '{{long_month}}' AND '{{last_month}}'
  AND r.start < {{end}} AND r.start + r.seconds > {{begin}}
  AND r.start < m.to_es AND r.start + r.seconds > m.from_es
"""


class Readings(Protocol):
    """What is asked of a snapshot of readings: SQL over the view ``current`` and the frames by name."""

    def query(self, sql: str, **frames: pa.Table) -> pa.Table: ...


@dataclass(frozen=True)
class Inventory:
    """The tables of one place and period.

    ``table``: one row a month, place, scope, carrier, channel, product, use, factor and reason.
    ``breakdown``: main meters, their sub-meters and the unmetered difference. ``facts_used``: receipt inputs.
    ``totals``: measure → :func:`tanlin.carbon.uncertainty.total`.
    """

    table: pa.Table
    breakdown: pa.Table
    facts_used: list[dict[str, Any]]
    totals: dict[str, dict[str, Any]]


@dataclass
class Sums:
    """Meter-month sums, float64 (rows, cells), after multiplier. ``priced`` (rows, cells, tiers) is money."""

    value: np.ndarray
    tonnes: np.ndarray
    estimated: np.ndarray
    seconds: np.ndarray
    billed: np.ndarray
    priced: np.ndarray


def inventory(
    snapshot: Readings,
    meters: pa.Table,
    period: Period,
    factors: FactorBook | None = None,
    tariffs: TariffBook | None = None,
    *,
    as_of: int | None = None,
    gwp: str = "ar5",
    breakdown: bool = True,
    shapes: Mapping[str, np.ndarray] | None = None,
) -> Inventory:
    """Inventory of the selected meters in a period.

    Args:
        snapshot: readings in canonical units before multiplier.
        meters: one row a dated registry row: meter_id, channel, carrier, product, place, region, tz,
            multiplier, uncertainty_pct, tariff, kind, from_es, to_es, selected, parent, use.
        as_of: readings are expected up to this epoch second (default: the end of the period).
        gwp: set of GWP100, ``ar5`` or ``ar6``, one for the whole inventory.
        breakdown: also read the meters that are not selected, for the second table.
        shapes: by region, the hourly grid factor relative to the official one, float (12, 24) of local month
            and hour, whose mean weighted by the grid's load is 1. Bills keep the official factor.
    """
    tariffs = tariffs or TariffBook()
    rows = _Rows(meters if breakdown else meters.filter(meters["selected"]))
    span = _widest_span(rows, tariffs)
    weights = Weights(
        rows.combos, cells_of(period, span), factors or FactorBook(), tariffs, gwp, shapes or {}
    )
    sums = _sums(snapshot, rows, weights)
    expected = _expected(rows, weights, as_of)
    cost, codes = costs(rows, sums, weights)
    table = inventory_table(rows, sums, weights, expected, cost, codes)
    facts = _facts_used(rows, sums, expected, weights)
    parts = breakdown_table(rows, sums, weights, expected)
    totals = {measure: total(table, measure) for measure in ("tco2e", "energy_kwh", "tce", "cost")}
    return Inventory(table, parts, facts, totals)


class _Rows:
    """The registry rows as arrays, with the number of each row's combo."""

    def __init__(self, meters: pa.Table) -> None:
        text = {
            name: [value or "" for value in meters[name].to_pylist()]
            for name in ("channel", "carrier", "product", "place", "region", "tz", "kind", "use")
        }
        tariff = [value or None for value in meters["tariff"].to_pylist()]
        known = carriers()
        product = [
            p or known.get(c, {}).get("product", "")
            for p, c in zip(text["product"], text["carrier"], strict=True)
        ]
        keys = [
            Combo(*key)
            for key in zip(text["tz"], text["region"], text["carrier"], product, tariff, strict=True)
        ]
        self.combos = sorted(set(keys), key=str)
        number = {combo: i for i, combo in enumerate(self.combos)}
        self.combo = np.array([number[key] for key in keys], np.int64)
        self.product = product
        self.channel, self.carrier, self.place = text["channel"], text["carrier"], text["place"]
        self.kind, self.use, self.count = text["kind"], text["use"], meters.num_rows
        self.meter_id = meters["meter_id"].to_numpy().astype(np.int64)
        self.parent = meters["parent"].to_pylist()
        self.selected = np.array(meters["selected"].to_pylist(), bool)
        self.multiplier = np.array([1.0 if v is None else v for v in meters["multiplier"].to_pylist()], float)
        self.pct = np.array([0.0 if v is None else v for v in meters["uncertainty_pct"].to_pylist()], float)
        self.begin = np.array([-_OPEN if v is None else v for v in meters["from_es"].to_pylist()], np.int64)
        self.end = np.array([_OPEN if v is None else v for v in meters["to_es"].to_pylist()], np.int64)
        self.consumes = np.array([channel in ("import", "") for channel in self.channel], bool)

    def frame(self) -> pa.Table:
        return pa.table(
            {
                "row_id": np.arange(self.count, dtype=np.int64),
                "meter_key": self.meter_id * len(CHANNELS) + [CHANNELS[channel] for channel in self.channel],
                "combo": self.combo,
                "from_es": self.begin,
                "to_es": self.end,
            }
        )


def _widest_span(rows: _Rows, tariffs: TariffBook) -> str | None:
    spans = set()
    for combo in rows.combos:
        if tariffs.check(combo.tariff, combo.carrier) is None:
            spans |= {(r.get("tiers") or {}).get("span") for r in tariffs.records(combo.tariff)}
    return "year" if "year" in spans else "month" if "month" in spans else None


def _month(es: int) -> str:
    return str(np.datetime64(es, "s").astype("datetime64[M]"))


def _sums(snapshot: Readings, rows: _Rows, weights: Weights) -> Sums:
    shape = (rows.count, len(weights.cells))
    value, tonnes, estimated, seconds, billed = (np.zeros(shape) for _ in range(5))
    priced = np.zeros((*shape, weights.tiers))
    sums = Sums(value, tonnes, estimated, seconds, billed, priced)
    if not rows.count:
        return sums
    bounds = [weights.bounds(combo.tz) for combo in rows.combos]
    begin, end = min(int(b[0, 0]) for b in bounds), max(int(b[-1, 1]) for b in bounds)
    texts = {
        "step": weights.step,
        "begin": begin,
        "end": end,
        "first_month": _month(begin),
        "last_month": _month(end - 1),
        "long_month": _month(begin - LONGEST_DAYS * DAY),
        "prices": "".join(f", SUM(r.value * s.p{i}) AS c{i}" for i in range(weights.tiers)),
    }
    always = bool((rows.begin <= begin).all() and (rows.end >= end).all())
    texts |= {"combos": len(rows.combos), "validity": "" if always else _VALIDITY}
    frame = rows.frame()
    short = snapshot.query(SHORT_SQL.format(**texts), meters=frame, slots=weights.slots(begin))
    at = (short["row_id"].to_numpy(), short["cell"].to_numpy())
    scale = rows.multiplier[at[0]]
    value[at], tonnes[at] = short["value"].to_numpy() * scale, short["tonnes"].to_numpy() * scale
    estimated[at], seconds[at] = short["estimated"].to_numpy() * scale, short["seconds"].to_numpy()
    for tier in range(weights.tiers):
        priced[(*at, tier)] = short[f"c{tier}"].to_numpy() * scale
    _add_long(snapshot.query(LONG_SQL.format(**texts), meters=frame), rows, weights, sums)
    return sums


def _add_long(long: pa.Table, rows: _Rows, weights: Weights, sums: Sums) -> None:
    """Add readings longer than an hour, cut at month ends; a cut part is estimated."""
    row = long["row_id"].to_numpy()
    start = long["start"].to_numpy()
    end = start + long["seconds"].to_numpy().astype(np.int64)
    value = long["value"].to_numpy() * rows.multiplier[row]
    guessed = long["estimated"].to_numpy() > 0
    weight = np.array([[w.tonnes for w in per_cell] for per_cell in weights.table])
    zone_of = np.array([combo.tz for combo in rows.combos])[rows.combo[row]]
    for tz in sorted(set(zone_of.tolist())):
        at = np.nonzero(zone_of == tz)[0]
        midnights = local_days(tz, int(start[at].min()), int(end[at].max()))
        owner = row[at]
        piece = cut(start[at], end[at], rows.begin[owner], rows.end[owner], weights.bounds(tz), midnights)
        owner, amount = owner[piece.source], value[at][piece.source] * piece.share
        where = (owner, piece.cell)
        np.add.at(sums.value, where, amount)
        np.add.at(sums.billed, where, amount)
        np.add.at(sums.tonnes, where, amount * np.nan_to_num(weight[rows.combo[owner], piece.cell]))
        soft = guessed[at][piece.source] | (piece.share < 1.0)
        np.add.at(sums.estimated, where, np.where(soft, amount, 0.0))
        np.add.at(sums.seconds, where, piece.seconds.astype(float))


def _expected(rows: _Rows, weights: Weights, as_of: int | None) -> np.ndarray:
    """Seconds that readings should cover: validity within the cell, up to ``as_of``. Shape (rows, cells)."""
    out = np.zeros((rows.count, len(weights.cells)))
    limit = _OPEN if as_of is None else as_of
    by_combo = [weights.bounds(combo.tz) for combo in rows.combos]
    for number, bounds in enumerate(by_combo):
        at = rows.combo == number
        low = np.maximum(rows.begin[at][:, None], bounds[None, :, 0])
        high = np.minimum(np.minimum(rows.end[at][:, None], bounds[None, :, 1]), limit)
        out[at] = np.clip(high - low, 0, None)
    return out


def _facts_used(rows: _Rows, sums: Sums, expected: np.ndarray, weights: Weights) -> list[dict[str, Any]]:
    """Every fact behind the selected meters' figures and unknowns, once, as receipt inputs."""
    used: dict[str, dict[str, Any]] = {}
    inside = np.array([cell.inside for cell in weights.cells])
    for number in np.unique(rows.combo[rows.selected]).tolist():
        at = rows.selected & (rows.combo == number)
        live = ((sums.seconds[at] > 0) | (expected[at] > 0)).any(axis=0) & inside
        for cell in np.nonzero(live)[0].tolist():
            for fact in weights.table[number][cell].facts:
                used.setdefault(fact.fact_id, fact.as_input())
        for record in _tariff_records(weights, number):
            vintage = record.get("valid_from")
            name = f"tariff.{record['tariff_id']}" + (f".{vintage}" if vintage else "")
            used[name] = {"fact": name, "vintage": vintage, "verified": record.get("verified", False)}
    return [used[name] for name in sorted(used)]


def _tariff_records(weights: Weights, number: int) -> Sequence[Mapping[str, Any]]:
    """The tariff rows that price a combo; all rows of a tariff that was found unfit or not valid."""
    prices, tariff = weights.prices[number], weights.combos[number].tariff
    if isinstance(prices, Prices) and prices.records:
        return prices.records
    return weights.tariffs.records(tariff) if tariff else ()


__all__ = ["Emission", "Inventory", "Readings", "Unknown", "inventory"]
