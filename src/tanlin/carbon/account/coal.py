"""Comprehensive energy use in standard coal on the equivalent basis (综合能耗, 等价值) of GB/T 2589-2020.

Bought electricity counts the coal burnt to make it; everything else, own generation too, keeps its heat content.
The heat basis (当量值) is ``carbon.tce``: another kind of coefficient and another figure, and the two are never added.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from tanlin.carbon.energy import equivalent_per_kwh
from tanlin.carbon.factors import FactorBook, Unknown
from tanlin.carbon.figures import Result
from tanlin.carbon.uncertainty import total

if TYPE_CHECKING:
    from tanlin.carbon.account.account import Account

KEY = "carbon.tce_equivalent"
NONE = "tce.no_equivalent"


def equivalent_total(table: pa.Table, regions: Mapping[str, str], book: FactorBook) -> dict[str, Any]:
    """An inventory table as one figure in tce, see :func:`tanlin.carbon.uncertainty.total`.

    ``regions``: place → region. ``value`` is None where a bought kWh has no coefficient: without its electricity
    the sum would pass for the whole. ``provisional``: a coefficient stands in for a later year.
    """
    rows, provisional, verified = [], False, True
    for row in table.to_pylist():
        if row["carrier"] != "electricity" or row["channel"] not in ("import", "") or row["value"] is None:
            rows.append(row)
            continue
        found = equivalent_per_kwh(book, regions.get(row["place"], ""), _first_day(row["month"]))
        if isinstance(found, Unknown):
            rows.append(row | {"tce": None, "reason": NONE})
            continue
        rows.append(row | {"tce": row["value"] * found[0]})
        provisional = provisional or found[1].provisional
        verified = verified and found[1].verified
    whole = total(pa.Table.from_pylist(rows, table.schema), "tce")
    whole |= {"provisional": provisional, "verified": verified and whole["verified"]}
    return whole | ({"value": None, "low": None, "high": None} if NONE in whole["unknown"] else {})


def _first_day(month: int) -> date:
    return date(month // 100, month % 100, 1)


def equivalent(account: Account) -> list[Result]:
    """The figure of an account."""
    regions = {row["slug"]: row["region"] for row in account.areas} | {account.place: account.region}
    whole = equivalent_total(account.table, regions, account.book)
    same = ("value", "low", "high", "coverage", "estimated", "provisional", "unknown")
    return [Result(KEY, unit="tce", **{name: whole[name] for name in same})]
