"""Totals with a 95 % interval, correlated by cause.

Everything that rests on one factor shares its error, so those parts add before squaring; meters err on their own,
but a meter errs alike from month to month, so its months add. Independent causes then add in quadrature (IPCC
2006 vol. 1 ch. 3, approach 1, with the correlation kept: ``account/spread.py``). Energy and money carry the
metering error only.

The error of estimated readings is left out; ``estimated`` tells their share of the value. No half-range can be
made of that share: a bill cut at a month's end counts as estimated in both months, yet the cut moves energy between
them and leaves the year as it is, and the methods of estimation state no error in the readings.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from tanlin.carbon.account.spread import quadrature

MEASURES = {"tco2e": "tCO2e", "energy_kwh": "kWh", "tce": "tce", "cost": None, "value": None}
_METERED = ("place", "scope", "carrier", "channel", "product", "use")


def combine(table: pa.Table, by: Sequence[str], measure: str = "tco2e") -> list[dict[str, Any]]:
    """Sums of an inventory table by columns, each as :func:`total` with the columns in front.

    ``measure``: tco2e, energy_kwh, tce, cost or value (one carrier only). Order of first appearance.
    """
    groups: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for row in table.to_pylist():
        groups.setdefault(tuple(row[name] for name in by), []).append(row)
    return [dict(zip(by, key, strict=True)) | _total(rows, measure) for key, rows in groups.items()]


def total(table: pa.Table, measure: str = "tco2e") -> dict[str, Any]:
    """The whole table as one figure.

    ``value`` None when nothing is known; ``low``, ``high`` None when a factor states no uncertainty; ``unknown``
    maps reason → rows left out; ``coverage`` and ``estimated`` are shares; energy is use (exports subtract).
    Cost in two currencies has no sum. Only tonnes rest on emission factors, so only they are ``provisional``.
    """
    return _total(table.to_pylist(), measure)


def _total(rows: list[dict[str, Any]], measure: str) -> dict[str, Any]:
    rows = [row for row in rows if _counts(row, measure)]
    known = [(row, _sign(row, measure) * row[measure]) for row in rows if row[measure] is not None]
    currencies = {row["currency"] for row, _ in known} if measure == "cost" else set()
    unit = next(iter(currencies), None) if measure == "cost" else MEASURES[measure]
    if measure == "value" and rows:
        unit = rows[0]["unit"]
    expected = sum(row["seconds_expected"] for row in rows)
    present = sum(min(row["seconds_present"], row["seconds_expected"]) for row in rows)
    value = math.fsum(v for _, v in known) if known and len(currencies) < 2 else None
    half = None if value is None else _half_range(known, measure)
    size = math.fsum(abs(v) for _, v in known)
    unknown = _reasons((row for row in rows if row[measure] is None), measure)
    if len(currencies) > 1:
        unknown = {**unknown, "tariff.currencies": len(known)}
    soft = math.fsum(
        abs(v) * min(1.0, abs(row["estimated"] / row["value"])) for row, v in known if row["value"]
    )
    return {
        "value": value,
        "low": None if half is None or value is None else value - half,
        "high": None if half is None or value is None else value + half,
        "unit": unit,
        "coverage": present / expected if expected else None,
        "estimated": soft / size if size else (0.0 if known else None),
        "provisional": measure == "tco2e" and any(row["provisional"] for row, _ in known),
        "verified": all(row["verified"] for row, _ in known),
        "unknown": unknown,
    }


def _counts(row: dict[str, Any], measure: str) -> bool:
    """Whether a row belongs to the measure at all: water is no energy; generation emits and costs nothing."""
    if measure in ("tco2e", "cost"):
        return row["channel"] in ("import", "")
    if measure == "energy_kwh":
        return row["carrier"] not in ("water", "waste")
    if measure == "tce":
        return bool(row["carrier"] != "waste")
    return True


def _sign(row: dict[str, Any], measure: str) -> float:
    return -1.0 if row["channel"] == "export" and measure not in ("tco2e", "cost") else 1.0


def _half_range(known: Iterable[tuple[dict[str, Any], float]], measure: str) -> float | None:
    parts: list[tuple[Any, float]] = []
    for row, value in known:
        if measure == "tco2e":
            if value and row["factor_pct"] is None:
                return None
            if value and row["factor_id"]:
                parts.append((row["factor_id"], value * row["factor_pct"] / 100))
            own = row["u_meter"]
        else:
            own = abs(row["u_energy"] * value / row["value"]) if row["value"] else 0.0
        parts.append((tuple(row[name] for name in _METERED), own))
    number: dict[Any, int] = {}
    causes = np.array([number.setdefault(cause, len(number)) for cause, _ in parts], np.int64)
    halves = np.array([half for _, half in parts], np.float64)
    return float(quadrature(np.zeros_like(causes), causes, halves, 1)[0])


def _reasons(rows: Iterable[dict[str, Any]], measure: str) -> dict[str, int]:
    """Rows left out by reason; a row carries the reasons of its tonnes and of its cost together."""
    other = {"tco2e": "tariff.", "cost": "factor."}.get(measure, "tariff.")
    counts: dict[str, int] = {}
    for row in rows:
        codes = [code for code in (row["reason"] or "").split(";") if code and not code.startswith(other)]
        for code in codes or [
            "energy.none"
        ]:  # tonnes and cost state theirs; only energy and coal can be left
            counts[code] = counts.get(code, 0) + 1
    return dict(sorted(counts.items()))
