"""Meter-month sums to the tables people read: the inventory, and main meters against their sub-meters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from tanlin.carbon.factors import Emission, Unknown, carriers
from tanlin.kernel.units import CANONICAL

if TYPE_CHECKING:
    from tanlin.carbon.inventory import Sums, _Rows
    from tanlin.carbon.weights import Weight, Weights

INVENTORY = pa.schema(
    [
        ("month", pa.int32()),
        ("place", pa.string()),
        ("scope", pa.int8()),
        ("carrier", pa.string()),
        ("channel", pa.string()),
        ("product", pa.string()),
        ("use", pa.string()),
        ("value", pa.float64()),
        ("unit", pa.string()),
        ("energy_kwh", pa.float64()),
        ("tce", pa.float64()),
        ("tco2e", pa.float64()),
        ("cost", pa.float64()),
        ("currency", pa.string()),
        ("seconds_present", pa.int64()),
        ("seconds_expected", pa.int64()),
        ("estimated", pa.float64()),
        ("u_meter", pa.float64()),
        ("u_energy", pa.float64()),
        ("factor_id", pa.string()),
        ("factor_pct", pa.float64()),
        ("provisional", pa.bool_()),
        ("verified", pa.bool_()),
        ("reason", pa.string()),
    ]
)
BREAKDOWN = pa.schema(
    [
        ("month", pa.int32()),
        ("main", pa.int64()),
        ("meter_id", pa.int64()),
        ("role", pa.string()),
        ("place", pa.string()),
        ("carrier", pa.string()),
        ("channel", pa.string()),
        ("value", pa.float64()),
        ("unit", pa.string()),
        ("tco2e", pa.float64()),
        ("estimated", pa.float64()),
        ("seconds_present", pa.int64()),
        ("seconds_expected", pa.int64()),
    ]
)


def inventory_table(
    rows: _Rows, sums: Sums, weights: Weights, expected: np.ndarray, cost: np.ndarray, codes: np.ndarray
) -> pa.Table:
    """One row a month, place, scope, carrier, channel, product, use, factor and reason of unknown cost.

    Meters whose cost is unknown are rows of their own, so that no cost is a part passed off as the whole.
    """
    inside = np.array([cell.inside for cell in weights.cells])
    keep = rows.selected[:, None] & inside[None, :] & ((expected > 0) | (sums.seconds > 0))
    row, cell = np.nonzero(keep)
    if not row.size:
        return INVENTORY.empty_table()
    key = _joint(
        [
            cell,
            _codes(list(zip(rows.place, rows.channel, rows.carrier, rows.product, rows.use, strict=True)))[
                row
            ],
            _codes(
                [
                    _stamp(weights, number, c)
                    for number in range(len(weights.combos))
                    for c in range(len(inside))
                ]
            )[rows.combo[row] * len(inside) + cell],
            _codes(codes[row, cell].tolist()),
        ]
    )
    _, first, group = np.unique(key, return_index=True, return_inverse=True)

    def add(values: np.ndarray) -> np.ndarray:
        return np.bincount(group, weights=values, minlength=len(first))

    tonnes = np.where(rows.consumes[:, None], sums.tonnes, 0.0)[row, cell]
    spread = rows.pct[row] / 100
    measures = {
        "value": add(sums.value[row, cell]),
        "tonnes": add(tonnes),
        "cost": add(cost[row, cell]),
        "estimated": add(sums.estimated[row, cell]),
        "present": add(sums.seconds[row, cell]),
        "expected": add(expected[row, cell]),
        "u_meter": np.sqrt(add((tonnes * spread) ** 2)),
        "u_energy": np.sqrt(add((sums.value[row, cell] * spread) ** 2)),
    }
    out = [
        _line(
            rows,
            weights,
            int(row[i]),
            int(cell[i]),
            str(codes[row[i], cell[i]]),
            {k: v[n] for k, v in measures.items()},
        )
        for n, i in enumerate(first)
    ]
    names = ("month", "place", "scope", "carrier", "channel", "product", "use", "factor_id", "reason")
    return pa.Table.from_pylist(out, INVENTORY).sort_by([(name, "ascending") for name in names])


def _stamp(weights: Weights, number: int, cell: int) -> str:
    """What must be equal for two meters to share a row: the factor, or why there is none, and the currency."""
    emission = weights.table[number][cell].emission
    prices = weights.prices[number]
    factor = emission.code if isinstance(emission, Unknown) else f"{emission.factor_id}@{emission.value!r}"
    return f"{factor}|{getattr(prices, 'currency', '')}"


def _line(
    rows: _Rows, weights: Weights, row: int, cell: int, code: str, sums: dict[str, float]
) -> dict[str, Any]:
    number, carrier = int(rows.combo[row]), rows.carrier[row]
    weight: Weight = weights.table[number][cell]
    emission = weight.emission
    known = emission if isinstance(emission, Emission) and rows.consumes[row] else None
    read = sums["present"] > 0
    reasons = [emission.code] if isinstance(emission, Unknown) and rows.consumes[row] else []
    reasons += [code] if code else []
    priced = getattr(weights.prices[number], "currency", None) if rows.consumes[row] else None
    unknown_tonnes = rows.consumes[row] and known is None
    return {
        "month": weights.cells[cell].month,
        "place": rows.place[row],
        "scope": int(carriers()[carrier]["scope"]),
        "carrier": carrier,
        "channel": rows.channel[row],
        "product": rows.product[row],
        "use": rows.use[row],
        "value": sums["value"] if read else None,
        "unit": CANONICAL[carrier],
        "energy_kwh": _times(sums["value"], weight.energy, read),
        "tce": _times(sums["value"], weight.tce, read),
        "tco2e": None if unknown_tonnes or not read else sums["tonnes"],
        "cost": None if not read or np.isnan(sums["cost"]) else sums["cost"],
        "currency": priced,
        "seconds_present": round(sums["present"]),
        "seconds_expected": round(sums["expected"]),
        "estimated": sums["estimated"],
        "u_meter": 0.0 if unknown_tonnes else sums["u_meter"],
        "u_energy": sums["u_energy"],
        "factor_id": known.factor_id if known else None,
        "factor_pct": known.pct if known else (None if unknown_tonnes else 0.0),
        "provisional": bool(known and known.provisional),
        "verified": known.verified if known else not unknown_tonnes,
        "reason": ";".join(reasons if read else ["readings.none"]) or None,
    }


def _times(value: float, weight: float, read: bool) -> float | None:
    return None if not read or np.isnan(weight) else value * weight


def _codes(keys: list[Any]) -> np.ndarray:
    """A small integer for each key, equal for equal keys."""
    number: dict[Any, int] = {}
    return np.array([number.setdefault(key, len(number)) for key in keys], np.int64)


def _joint(columns: list[np.ndarray]) -> np.ndarray:
    """One integer a row, int64 (n), equal where all the columns (small integers, n each) are equal."""
    key = np.zeros(len(columns[0]), np.int64)
    for column in columns:
        key = key * (int(column.max()) + 1) + column
    return key


def breakdown_table(rows: _Rows, sums: Sums, weights: Weights, expected: np.ndarray) -> pa.Table:
    """Main meters, their sub-meters and what no sub-meter sees (``unmetered`` = main − sub-meters, may be negative).

    Each line names its ``main`` meter; the unmetered line has no ``meter_id``, and no value where the main meter
    has no reading. A gap in a sub-meter raises the unmetered part: read it beside the seconds.
    """
    number = {int(m): i for i, m in enumerate(rows.meter_id)}
    family: dict[int, list[int]] = {}
    for i, parent in enumerate(rows.parent):
        if parent is not None and int(parent) in number:
            family.setdefault(int(parent), []).append(i)
    out: list[dict[str, Any]] = []
    for main in sorted(family):
        mains = [i for i in range(rows.count) if rows.meter_id[i] == main]
        for c, cell in enumerate(weights.cells):
            if not cell.inside:
                continue
            lines = [_part(rows, sums, expected, weights, i, c, main, "main") for i in mains]
            subs = [_part(rows, sums, expected, weights, i, c, main, "sub") for i in family[main]]
            lines = [line for line in lines if line["seconds_expected"] or line["seconds_present"]]
            subs = [line for line in subs if line["seconds_expected"] or line["seconds_present"]]
            for channel in dict.fromkeys(line["channel"] for line in lines):
                heads, mine = ([one for one in of if one["channel"] == channel] for of in (lines, subs))
                out += [*heads, *mine, _rest(heads, mine)]
    return pa.Table.from_pylist(out, BREAKDOWN)


def _part(
    rows: _Rows, sums: Sums, expected: np.ndarray, weights: Weights, i: int, c: int, main: int, role: str
) -> dict[str, Any]:
    read = sums.seconds[i, c] > 0
    known = isinstance(weights.table[int(rows.combo[i])][c].emission, Emission)
    tonnes = float(sums.tonnes[i, c]) if rows.consumes[i] else 0.0
    return {
        "month": weights.cells[c].month,
        "main": main,
        "meter_id": int(rows.meter_id[i]),
        "role": role,
        "place": rows.place[i],
        "carrier": rows.carrier[i],
        "channel": rows.channel[i],
        "value": float(sums.value[i, c]) if read else None,
        "unit": CANONICAL[rows.carrier[i]],
        "tco2e": tonnes if read and known else None,
        "estimated": float(sums.estimated[i, c]),
        "seconds_present": round(sums.seconds[i, c]),
        "seconds_expected": round(expected[i, c]),
    }


def _rest(heads: list[dict[str, Any]], subs: list[dict[str, Any]]) -> dict[str, Any]:
    """The difference of a month; a main meter whose row changed within it has several ``heads``."""

    def left(name: str) -> float | None:
        known = [head[name] for head in heads if head[name] is not None]
        return float(sum(known) - sum(sub[name] or 0.0 for sub in subs)) if known else None

    added = {name: sum(head[name] for head in heads) for name in ("seconds_present", "seconds_expected")}
    return (
        heads[0]
        | added
        | {
            "meter_id": None,
            "role": "unmetered",
            "value": left("value"),
            "tco2e": left("tco2e"),
            "estimated": sum(head["estimated"] for head in heads),
        }
    )
