"""A year against the year before, derived with its receipt from the two published accounts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.db import transaction

from tanlin.carbon.account.change import KEY, change
from tanlin.carbon.methods import COMPARE
from tanlin.carbon.services import stating
from tanlin.carbon.stored import Books
from tanlin.community import queries as community
from tanlin.kernel.period import midnight
from tanlin.kernel.receipt import Change, Recomputed
from tanlin.record import FactRow, FactUse
from tanlin.record import queries as record
from tanlin.record import services as recording

#: The figure two years of which are compared.
BASE = "carbon.account"
Row = dict[str, Any]


def derive_change(area: Any, year: int, known: Books | None = None) -> int:
    """Compare a year with the one before and publish it; returns receipts minted, 0 where a year has no account.

    ``known``: the facts, of which only their kinds are asked.
    """
    label = str(year)
    marks = record.marks(area, KEY, label)  # first: see publish_figure
    was, now = (record.figure(area, BASE, period) for period in (str(year - 1), label))
    if was is None or now is None:
        return 0
    receipts = [str(was.receipt), str(now.receipt)]
    stated: Row = {"months": _months(area, receipts, year), "origin": now.origin}
    result = change(was.table or [], now.table or [], stated["months"])
    figure, receipt = stating.stated(result, area.slug, label, COMPARE, stated, _pins(receipts, year))
    rows = known.rows if known else {row.fact_id: row for row in record.facts()}
    with transaction.atomic():
        return int(recording.publish_figure(figure, receipt, _uses(area, receipts, rows), marks=marks))


def _pins(receipts: list[str], year: int) -> list[Row]:
    return [{"receipt": digest, "period": str(year - 1 + n)} for n, digest in enumerate(receipts)]


def _months(area: Any, receipts: list[str], year: int) -> list[int]:
    """Months that were over in both years when the accounts were made."""
    over = set(range(1, 13))
    for digest, of in zip(receipts, (year - 1, year), strict=True):
        limit = _as_of(digest)
        if limit is not None:
            over &= {m for m in over if midnight(date(of + m // 12, m % 12 + 1, 1), area.tz) <= limit}
    return sorted(over)


def _as_of(digest: str) -> int | None:
    """Epoch second up to which the inventory of an account expected readings; None without an inventory."""
    for item in _body(digest)["inputs"]:
        if "receipt" in item:
            return int(_body(item["receipt"])["parameters"]["as_of"])
    return None


def _body(digest: str) -> Row:
    found: Row = record.receipt(community.SYSTEM, digest).body
    return found


def _uses(area: Any, receipts: list[str], known: Mapping[str, FactRow]) -> set[FactUse]:
    """What both accounts rest on: a fact that moves one of them moves the comparison."""
    cited = {item["fact"] for digest in receipts for item in _body(digest)["inputs"] if "fact" in item}
    uses = {FactUse(fact, known[fact].kind, area.region) for fact in cited}
    return uses | {FactUse("", use.kind, use.region) for use in uses}


def pinned(body: Row) -> list[str]:
    """Receipts of the year before and of the year."""
    order = sorted((item for item in body["inputs"] if "receipt" in item), key=lambda item: item["period"])
    return [item["receipt"] for item in order]


def replay(body: Row, batch: int | None) -> Recomputed:
    """Compare the two accounts that a receipt names again, and tell which of them is another today.

    Raises InputErased where one was erased, NotFound where it is not stored.
    """
    receipts = pinned(body)
    tables = [recording.load_table(_body(digest)["result"]["table"]) for digest in receipts]
    made = change(tables[0], tables[1], body["parameters"]["months"])
    area, year = community.area(community.SYSTEM, body["place"]), int(body["period"])
    changes = []
    for digest, period in zip(receipts, (str(year - 1), str(year)), strict=True):
        today = record.figure(area, BASE, period)
        if today is None or today.receipt != digest:
            changes.append(Change("receipt", f"{BASE} {period}", digest, today.receipt if today else None))
    return Recomputed(made.body(), changes)
