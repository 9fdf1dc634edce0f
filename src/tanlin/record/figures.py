"""The one JSON shape of a figure, the same in the API, the command and every export."""

from __future__ import annotations

from typing import Any

from tanlin.kernel.figure import Figure


def figure_json(figure: Figure) -> dict[str, Any]:
    """A figure as plain JSON; times as ISO 8601, unknown as null with its reason, the table only if it has one."""
    plain = {
        "figure": figure.key,
        "place": figure.place,
        "period": figure.period,
        "value": figure.value,
        "unit": figure.unit,
        "low": figure.low,
        "high": figure.high,
        "coverage": figure.coverage,
        "estimated": figure.estimated,
        "origin": figure.origin,
        "provisional": figure.provisional,
        "reason": figure.reason._asdict() if figure.reason else None,
        "receipt": figure.receipt,
        "computed_at": figure.computed_at.isoformat() if figure.computed_at else None,
        "stale_since": figure.stale_since.isoformat() if figure.stale_since else None,
    }
    return plain if figure.table is None else plain | {"table": figure.table}
