"""Reads for exports of an account: published figures and the facts their receipts pin. The caller proved the right."""

from __future__ import annotations

from datetime import date
from typing import Any

from tanlin.carbon.account.export.public_form import FLOOR, PERSONS, Form, form
from tanlin.carbon.account.export.workbook import NEEDED, Source
from tanlin.carbon.account.results import LABELS as ACCOUNT
from tanlin.carbon.figures import LABELS
from tanlin.carbon.queries.accounts import facts_of
from tanlin.carbon.services.inputs import facts_pinned
from tanlin.carbon.stored import books
from tanlin.community import queries as community
from tanlin.kernel.errors import NotFound, Text
from tanlin.record import queries as record


def workbook_source(area: Any, year: int) -> Source:
    """What the workbook of a place and year is made of. Raises NotFound where there is no account yet."""
    held = record.figures(area, str(year), tables=False)
    figures = {key: figure for (key, _), figure in held.items() if key.startswith("carbon.")}
    for key in NEEDED:
        found = record.figure(area, key, str(year))
        if found is None:
            raise _not_derived()
        figures[key] = found
    stated = record.receipt(community.SYSTEM, figures["carbon.account"].receipt or "").body["parameters"]
    cited = facts_of({"carbon.account": figures["carbon.account"]})
    return Source(
        _name(area),
        stated["region"],
        year,
        stated["gwp"],
        figures,
        books(facts_pinned(cited)).factors.facts,
        LABELS | ACCOUNT,
    )


def public_form(area: Any, year: int) -> Form:
    """The form of public institutions from the published inventory. Raises NotFound where there is none yet."""
    inventory = record.figure(area, "carbon.inventory", str(year))
    if inventory is None:
        raise _not_derived()
    stated = {key: community.attribute(area, key, date(year, 12, 31)) for key in (PERSONS, FLOOR)}
    return form(
        _name(area),
        year,
        inventory.table or [],
        books(record.facts()).factors,
        area.region,
        {key: float(row.value) for key, row in stated.items() if row is not None},
        inventory.origin == "demonstration",
    )


def _name(area: Any) -> Text:
    return Text(area.name, area.name_en or area.name)


def _not_derived() -> NotFound:
    return NotFound("carbon.not_derived", Text("尚未计算。", "Not derived yet."))
