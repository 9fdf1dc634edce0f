"""What the methods of this room would publish if the facts were others: from the pinned inputs, publishing nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tanlin.carbon.account.change import KEY as CHANGE
from tanlin.carbon.account.change import change
from tanlin.carbon.account.hourly import KEY as HOURLY
from tanlin.carbon.account.results import results
from tanlin.carbon.figures import Result, nothing, without_use
from tanlin.carbon.rules import gwp_of
from tanlin.carbon.services import accounting
from tanlin.carbon.services.comparing import pinned as accounts_of
from tanlin.carbon.services.deriving import compute, facts_cited
from tanlin.carbon.services.hourly import base_of
from tanlin.carbon.services.hourly import compute as hours_by
from tanlin.carbon.services.replaying import Pinned
from tanlin.carbon.services.rows import Rows
from tanlin.carbon.stored import Books
from tanlin.community import queries as community
from tanlin.kernel.period import Period
from tanlin.readings import Snapshot
from tanlin.record import queries as record
from tanlin.record import services as recording


@dataclass
class Trial:
    """The facts as they would be, and what was tried with them so far.

    ``tables``: receipt → the rows its figure would have; ``renewed``: receipts that would be replaced.
    """

    books: Books
    now: Snapshot
    tables: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    renewed: set[str] = field(default_factory=set)

    def table(self, receipt: str) -> list[dict[str, Any]]:
        """Rows of the figure that carries a receipt, as they would be; as stored where they would stay."""
        if receipt in self.tables:
            return self.tables[receipt]
        return recording.load_table(record.receipt(community.SYSTEM, receipt).body["result"]["table"])


@dataclass(frozen=True)
class Tried:
    """Figures by key as they would be stated; ``cited``: the facts they would rest on; ``absent``: of other keys."""

    figures: dict[str, Result]
    cited: list[dict[str, Any]]
    absent: Callable[[str], Result]

    def of(self, key: str) -> Result:
        """The figure of a key, unknown where there is none."""
        return self.figures.get(key) or self.absent(key)


def try_inventory(body: dict[str, Any], batch: int | None, trial: Trial) -> Tried:
    """The inventory that a receipt pins, with other facts. Raises InputErased or NotFound."""
    pinned, books = Pinned.of(body), trial.books
    region = community.area(community.SYSTEM, body["place"]).region
    rule = books.gwp_rule(region, pinned.period.first_day)
    then = pinned.readings(batch, trial.now)
    made, used = compute(then, pinned.registry, pinned.period, books, pinned.as_of, gwp_of(rule))
    stated = made if pinned.registry.uses else [without_use(result) for result in made]
    return Tried(
        {result.key: result for result in stated}, facts_cited(used.facts_used, books, rule), nothing
    )


def try_account(body: dict[str, Any], batch: int | None, trial: Trial) -> Tried:
    """The account that a receipt pins, with other facts and the inventory as they would make it."""
    pins = {kind: item for item in body["inputs"] for kind in ("registry", "receipt") if kind in item}
    base = pins["receipt"]["receipt"] if "receipt" in pins else None
    table = trial.table(base) if base else None
    year, books = Period(body["period"]), trial.books
    rule = books.gwp_rule(body["parameters"]["region"], year.first_day)
    stated = body["parameters"] | {"gwp": gwp_of(rule)}
    entered = Rows.read(record.blob(pins["registry"]["registry"]))
    made = accounting.compute(body["place"], year.year, stated, table, entered, books)
    found = {result.key: result for result in results(made)}
    return Tried(found, facts_cited(made.facts_used, books, rule), _no_account)


def _no_account(key: str) -> Result:
    return Result(key, None, "", unknown={"account.none": 0})


def try_change(body: dict[str, Any], batch: int | None, trial: Trial) -> Tried:
    """The comparison of two years that a receipt pins, with the accounts as other facts would make them."""
    before, after = (trial.table(digest) for digest in accounts_of(body))
    made = change(before, after, body["parameters"]["months"])
    return Tried({CHANGE: made}, [], _no_account)


def try_hourly(body: dict[str, Any], batch: int | None, trial: Trial) -> Tried:
    """The hours that a receipt pins, with other facts."""
    rows = trial.table(base_of(body))
    made, book = hours_by(rows, trial.books, body["parameters"]["region"], int(body["period"]))
    return Tried({HOURLY: made}, facts_cited(book.cited, trial.books, None), _no_account)
