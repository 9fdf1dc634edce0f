"""Emissions hour by hour, derived with their receipt from the published electricity by hour and two kinds of facts."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db import transaction

from tanlin.carbon.account.asked import AskedBook
from tanlin.carbon.account.hourly import KEY, SHAPE, hourly
from tanlin.carbon.factors import Unknown
from tanlin.carbon.figures import Result
from tanlin.carbon.methods import HOURLY
from tanlin.carbon.services import inputs, stating
from tanlin.carbon.services.deriving import facts_cited
from tanlin.carbon.stored import Books, books
from tanlin.community import queries as community
from tanlin.kernel.receipt import Change, Recomputed
from tanlin.record import FactUse
from tanlin.record import queries as record
from tanlin.record import services as recording

#: The figure it stands on.
BASE = "carbon.hours"
Row = dict[str, Any]


def derive_hourly(area: Any, year: int, known: Books | None = None, clock: int | None = None) -> int:
    """Compute and publish the hours of a year; returns receipts minted, 0 where no meter is read hourly.

    ``known``: facts read when ``inputs.clock`` told ``clock``; they are read anew where something has happened since.
    """
    label = str(year)
    marks = record.marks(area, KEY, label)  # first: see publish_figure
    base = record.figure(area, BASE, label)
    if base is None or not (base.table or record.figure(area, KEY, label)):
        return 0
    if known is None or clock != inputs.clock():
        known = books(record.facts())
    stated = {"region": area.region, "origin": base.origin}
    result, book = compute(base.table or [], known, area.region, year)
    pins = [{"receipt": base.receipt}, *facts_cited(book.cited, known, None)]
    figure, receipt = stating.stated(result, area.slug, label, HOURLY, stated, pins)
    uses = {FactUse(*one) for one in book.asked}
    with transaction.atomic():
        return int(recording.publish_figure(figure, receipt, uses, marks=marks))


def compute(rows: list[Row], known: Books, region: str, year: int) -> tuple[Result, AskedBook]:
    """The method out of pinned inputs, and the book that remembers which facts it took."""
    book = AskedBook(known.factors.facts)
    shape = book.resolve(SHAPE, region, date(year, 1, 1))
    hours = [] if isinstance(shape, Unknown) else known.rows[shape.fact_id].value["hours"]
    return hourly(rows, book, shape, hours, region=region, year=year), book


def base_of(body: Row) -> str:
    """Receipt of the electricity by hour that a receipt pins."""
    return next(str(item["receipt"]) for item in body["inputs"] if "receipt" in item)


def replay(body: Row, batch: int | None) -> Recomputed:
    """Compute the hours from what a receipt pins again, and tell what of it is another today.

    Raises InputErased where a pinned input was erased, NotFound where it is not stored.
    """
    base, year, region = base_of(body), int(body["period"]), body["parameters"]["region"]
    rows = recording.load_table(record.receipt(community.SYSTEM, base).body["result"]["table"])
    cited = [item for item in body["inputs"] if "fact" in item]
    made, _ = compute(rows, books(inputs.facts_pinned(cited)), region, year)
    area = community.area(community.SYSTEM, body["place"])
    today, known = record.figure(area, BASE, body["period"]), books(record.facts())
    changes = []
    if today is None or today.receipt != base:
        changes.append(Change("receipt", BASE, base, today.receipt if today else None))
    _, book = compute(rows, known, area.region, year)
    return Recomputed(made.body(), changes + inputs.fact_changes(cited, facts_cited(book.cited, known, None)))
