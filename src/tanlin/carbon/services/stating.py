"""A result stated of a place and period: the figure and the receipt that carries it."""

from __future__ import annotations

from typing import Any

from tanlin.carbon.figures import Result
from tanlin.kernel.figure import Figure
from tanlin.kernel.manifest import Method
from tanlin.kernel.receipt import Receipt, build, sha256
from tanlin.record import table_bytes

_SAME = ("value", "unit", "low", "high", "coverage", "estimated", "provisional", "reason", "table")


def stated(
    result: Result,
    place: str,
    period: str,
    method: Method,
    parameters: dict[str, Any],
    inputs: list[dict[str, Any]],
) -> tuple[Figure, Receipt]:
    """``parameters``: of the receipt, with the ``origin`` of the figure. A table stands in the receipt by its hash."""
    body = result.body()
    if result.table is not None:
        body["table"] = sha256(table_bytes(result.table))
    receipt = build(
        figure=result.key,
        place=place,
        period=period,
        method=method,
        parameters=parameters,
        inputs=inputs,
        result=body,
    )
    same = {name: getattr(result, name) for name in _SAME}
    origin = parameters["origin"]
    figure = Figure(key=result.key, place=place, period=period, receipt=receipt.hash, origin=origin, **same)
    return figure, receipt
