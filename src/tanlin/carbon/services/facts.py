"""Factors and tariffs go into the record."""

from __future__ import annotations

from typing import Any

from tanlin.carbon.stored import books, shipped_rows
from tanlin.kernel.errors import BadInput, Text, Where
from tanlin.record import FactRow
from tanlin.record import services as recording


def load_facts(actor: Any = None) -> int:
    """Enter the facts the product ships that are not known yet; returns how many were new."""
    return recording.add_facts(shipped_rows(), actor=actor)


def add_factor(row: FactRow, *, actor: Any) -> bool:
    """Append a factor; figures that rest on it become stale. Raises BadInput for what is no factor."""
    try:
        books([row])
    except (KeyError, TypeError, ValueError) as error:
        raise BadInput(
            "carbon.bad_factor",
            Text("因子的数值或日期无法使用。", "The factor's value or dates cannot be used."),
            where=Where(value=row.fact_id),
        ) from error
    return recording.add_fact(row, actor=actor)
