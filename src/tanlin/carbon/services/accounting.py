"""The account of a place and year, derived with its receipts from the published inventory and what was entered."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import pyarrow as pa
from django.db import transaction

from tanlin.carbon.account.account import Account, account
from tanlin.carbon.account.asked import AskedBook
from tanlin.carbon.account.boundary import ATTRIBUTES
from tanlin.carbon.account.draws import SAMPLING, Sampling
from tanlin.carbon.account.results import LABELS, results
from tanlin.carbon.account.scope2 import LABELS as SCOPE2
from tanlin.carbon.figures import Result
from tanlin.carbon.methods import ACCOUNT
from tanlin.carbon.rules import GWP_SET, gwp_of
from tanlin.carbon.services import inputs, stating
from tanlin.carbon.services.comparing import derive_change
from tanlin.carbon.services.deriving import Derived, facts_cited, origin_of
from tanlin.carbon.services.hourly import derive_hourly
from tanlin.carbon.services.rows import Rows, changes, rows_of
from tanlin.carbon.stored import Books, books
from tanlin.carbon.tables import INVENTORY
from tanlin.community import queries as community
from tanlin.kernel.errors import NotFound, Refused, Text, Where
from tanlin.kernel.figure import Figure, Origin
from tanlin.kernel.period import Period
from tanlin.kernel.receipt import Change, Recomputed, sha256
from tanlin.record import FactUse
from tanlin.record import queries as record
from tanlin.record import services as recording

#: The figure an account stands on.
BASE = "carbon.inventory"


def derive_account(area: Any, year: int, known: Books | None = None) -> Derived:
    """Compute and publish the account of a place and year; its inventory must be up to date.

    A figure that an input overtook meanwhile stays stale. Raises Refused where the place has neither an inventory
    nor an activity in the year, and no account of it was published before.
    """
    label, clock = str(year), inputs.clock()
    marks = record.marks_of(area, label, LABELS)  # first: see publish_figures
    base = record.figure(area, BASE, label)
    entered = rows_of(area, year, {row["place"] for row in (base.table or [] if base else [])})
    if base is None and not entered.activities and not marks:
        raise _nothing(area, label)
    known = known or books(record.facts())
    rule = known.gwp_rule(area.region, Period(label).first_day)
    stated = {"gwp": gwp_of(rule), "region": area.region, "origin": _origin(area, base, entered)}
    stated |= asdict(SAMPLING)  # draws, seed
    stated["boundary"] = {row["key"]: row["value"] for row in entered.attributes if row["key"] in ATTRIBUTES}
    made = compute(area.slug, year, stated, base.table if base else None, entered, known)
    found = results(made)
    found += [
        Result(k, None, "", unknown={"account.none": 0})
        for k in sorted(marks.keys() - {r.key for r in found})
    ]
    cited = facts_cited(made.facts_used, known, rule)
    blob = entered.pinned()
    pins = [{"registry": sha256(blob), "rows": entered.count}, *cited]
    pins += [{"receipt": base.receipt}] if base else []
    uses = _uses(made) | {FactUse("", GWP_SET, area.region)}
    with transaction.atomic():  # short: nothing is computed while others wait to write
        recording.store_blob(blob, "registry")
        pairs = [stating.stated(result, area.slug, label, ACCOUNT, stated, pins) for result in found]
        minted = recording.publish_figures(pairs, uses, marks=marks)
        figures = [figure for figure, _ in pairs]
        if any(figure.key not in marks for figure in figures) and clock != inputs.clock():
            # no verb could mark what was not there
            recording.mark_stale([area.pk], *_days(label), LABELS, above=False)
    if minted and area.parent_id and any(row["place"] == area.slug for row in entered.instruments):
        # what an instrument covers above is bound by the use here
        recording.mark_stale([area.parent_id], *_days(label), keys=SCOPE2)
    minted += derive_hourly(area, year, known, clock)
    for each in (year, year + 1):  # the year after is compared with this one
        minted += derive_change(area, each, known)
    return Derived(area.slug, label, figures, minted)


def _uses(made: Account) -> set[FactUse]:
    """The dirty index: what was asked of the facts, and the same kinds for the region of every place."""
    asked, regions = made.book.asked, {row["region"] for row in made.areas}
    return {FactUse(*one) for one in asked} | {
        FactUse("", one[1], region) for one in asked for region in regions
    }


def _nothing(area: Any, label: str) -> Refused:
    return Refused(
        "carbon.nothing_to_account",
        Text(
            "该区域在此年份既无读数也无活动数据。",
            "The place has neither readings nor activities in the year.",
        ),
        remedy=Text("请先导入读数或填写活动数据。", "Import readings or enter activities first."),
        where=Where(value=f"{area.slug} {label}"),
    )


def compute(
    place: str,
    year: int,
    stated: dict[str, Any],
    table: list[dict[str, Any]] | None,
    entered: Rows,
    known: Books,
) -> Account:
    """The method: the account out of pinned inputs. A derivation and its replay both call it."""
    return account(
        pa.Table.from_pylist(table or [], INVENTORY),
        entered.entered(),
        entered.meters(),
        AskedBook(known.factors.facts),
        place=place,
        region=stated["region"],
        year=year,
        gwp=stated["gwp"],
        boundary=entered.boundary(place, year),
        areas=entered.areas,
        instruments=entered.instruments,
        sampling=Sampling(stated["draws"], stated["seed"]),
    )


def replay(body: dict[str, Any], batch: int | None) -> Recomputed:
    """Recompute a figure of an account from its pinned inputs and list which of them are different today.

    Raises InputErased where a pinned input was erased, NotFound where it is not stored.
    """
    pins = {kind: item for item in body["inputs"] for kind in ("registry", "receipt") if kind in item}
    entered = Rows.read(record.blob(pins["registry"]["registry"]))
    base = pins["receipt"]["receipt"] if "receipt" in pins else None
    table = _table(base) if base else None
    year, cited = int(body["period"]), [item for item in body["inputs"] if "fact" in item]
    then = books(inputs.facts_pinned(cited))
    made = results(compute(body["place"], year, body["parameters"], table, entered, then))
    found = next((result for result in made if result.key == body["figure"]), None)
    if found is None and body["figure"] not in LABELS:
        raise NotFound("carbon.figure_unknown")
    result = found or Result(body["figure"], None, "", unknown={"account.none": 0})
    return Recomputed(result.body(), _changes(body, base, table, entered, cited))


def _changes(
    body: dict[str, Any],
    base: str | None,
    table: list[dict[str, Any]] | None,
    entered: Rows,
    cited: list[Any],
) -> list[Change]:
    """What an account of the same inventory would take today, against what it took then."""
    area, year = community.area(community.SYSTEM, body["place"]), int(body["period"])
    today = record.figure(area, BASE, body["period"])
    receipt = today.receipt if today else None
    out = [] if receipt == base else [Change("receipt", BASE, base, receipt)]
    known = books(record.facts())
    rule = known.gwp_rule(area.region, Period(body["period"]).first_day)
    now = rows_of(area, year, {row["place"] for row in table or []})
    stated = body["parameters"] | {"gwp": gwp_of(rule), "region": area.region}
    made = compute(body["place"], year, stated, table, now, known)
    results(made)  # asks for the facts that the figures rest on
    out += inputs.fact_changes(cited, facts_cited(made.facts_used, known, rule))
    return out + changes(entered, now)


def _table(receipt: str) -> list[dict[str, Any]]:
    """Rows of the inventory that a receipt states."""
    return recording.load_table(record.receipt(community.SYSTEM, receipt).body["result"]["table"])


def _origin(area: Any, base: Figure | None, entered: Rows) -> Origin:
    """What no meter has any part in was entered."""
    origin = origin_of(area)
    return "entered" if origin == "measured" and base is None and entered.activities else origin


def _days(label: str) -> tuple[Any, Any]:
    return Period(label).first_day, inputs.last_day(Period(label))
