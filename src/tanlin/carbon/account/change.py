"""The figure ``carbon.change``: a year against the year before, as rows that can be read back. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import pyarrow as pa

from tanlin.carbon.account.compare import CHANGE, Comparison, compare
from tanlin.carbon.account.decompose import EFFECTS
from tanlin.carbon.account.lines import LINES
from tanlin.carbon.figures import Result
from tanlin.kernel.errors import Text

KEY = "carbon.change"
LABELS = {KEY: Text("与上年相比", "Against the year before")}
_TOTAL = "total"
_SUMS = ("before", "after", "frozen")
_SPAN = ("value", "low", "high")


def change(
    before: Sequence[Mapping[str, Any]], after: Sequence[Mapping[str, Any]], months: Collection[int] | None
) -> Result:
    """Compare two published accounts (rows of ``carbon.account``). ``months``: those that are over in both."""
    made = compare(_lines(before), _lines(after), months)
    provisional = any(row["provisional"] for row in [*before, *after])
    return Result(KEY, None, "tCO2e", provisional=provisional, table=rows_of(made))


def rows_of(made: Comparison) -> list[dict[str, Any]]:
    """A first row ``total`` with sums, effects and the interval of the difference; then the rows of CHANGE."""
    first: dict[str, Any] = {"row": _TOTAL, "months": list(made.months), "effects": made.effects}
    first |= {name: getattr(made, name) for name in _SUMS}
    first |= {"difference": {name: made.difference[name] for name in _SPAN}}
    return [first, *({"row": "part"} | row for row in made.rows.to_pylist())]


def read_change(rows: Sequence[Mapping[str, Any]]) -> Comparison:
    """The comparison from what ``rows_of`` made."""
    first = next(row for row in rows if row["row"] == _TOTAL)
    parts = [{name: row[name] for name in CHANGE.names} for row in rows if row["row"] != _TOTAL]
    effects = None if first["effects"] is None else {name: first["effects"][name] for name in EFFECTS}
    sums = {name: first[name] for name in _SUMS}
    return Comparison(
        pa.Table.from_pylist(parts, CHANGE),
        tuple(first["months"]),
        effects=effects,
        difference=first["difference"],
        **sums,
    )


def _lines(rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    return pa.Table.from_pylist(list(rows), LINES)
