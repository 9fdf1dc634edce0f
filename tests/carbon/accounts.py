"""Accounts out of a few amounts, for the tests of the pure layer."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import pyarrow as pa

from tanlin.carbon.account.account import Account, account
from tanlin.carbon.account.asked import AskedBook
from tanlin.carbon.account.boundary import boundary_of
from tanlin.carbon.account.entered import Entered, Metered
from tanlin.carbon.factors import Emission, Fact, FactorBook, carriers, emission_per_unit, read_facts
from tanlin.carbon.tables import INVENTORY
from tanlin.kernel.units import CANONICAL

YEAR = 2023


def fact(fact_id: str, kind: str, value: float, unit: str, product: str = "", **more: Any) -> Fact:
    """A verified fact of the region XX, ±5 %."""
    same = {"region": "XX", "uncertainty_pct": 5.0, "verified": True, "valid_from": date(2020, 1, 1)}
    return Fact(fact_id=fact_id, kind=kind, value=value, unit=unit, product=product, **(same | more))


def shipped(*more: Fact) -> AskedBook:
    """The shipped facts and more."""
    return AskedBook([*read_facts(), *more])


def read(
    book: FactorBook,
    carrier: str,
    value: float,
    *,
    region: str = "XX",
    year: int = YEAR,
    month: int = 1,
    **more: Any,
) -> dict[str, Any]:
    """A row of the inventory: what a meter of ±2 % read in a month, with the factor the rule chooses."""
    product = more.pop("product", carriers()[carrier]["product"])
    found = emission_per_unit(book, carrier, product, region, date(year, month, 1))
    known = isinstance(found, Emission) and more.get("channel", "import") == "import"
    tonnes = value * found.value if known else 0.0
    base = {
        "month": year * 100 + month,
        "place": "city",
        "scope": int(carriers()[carrier]["scope"]),
        "carrier": carrier,
        "channel": "import",
        "product": product,
        "use": "",
        "value": value,
        "unit": CANONICAL[carrier],
        "tco2e": tonnes if known or more.get("channel") else None,
        "seconds_present": 1,
        "seconds_expected": 1,
        "estimated": 0.0,
        "u_meter": 0.02 * tonnes,
        "u_energy": 0.02 * value,
        "factor_id": found.factor_id if known else None,
        "factor_pct": found.pct if known else None,
        "provisional": bool(known and found.provisional),
        "verified": found.verified if known else bool(more.get("channel")),
        "reason": None if known or more.get("channel") else found.code,
    }
    return base | more


def entered(stream: str, amount: float, number: int = 1, source: str = "document", **more: Any) -> Entered:
    """An amount of a stream in the whole year at the city."""
    days = {"first_day": date(YEAR, 1, 1), "last_day": date(YEAR, 12, 31)}
    same = {"id": number, "sheet": 1, "path": "/1/", "place": "city", "region": "XX"}
    return Entered(**(same | days | {"stream": stream, "amount": amount, "source": source} | more))


def made(
    rows: list[dict[str, Any]],
    activities: list[Entered] | None = None,
    book: AskedBook | None = None,
    *,
    region: str = "XX",
    year: int = YEAR,
    gwp: str = "ar5",
    meters: Sequence[Metered] = (),
    **stated: Any,
) -> Account:
    """The account of the city; ``stated``: attributes by key, points written as two underscores."""
    attributes = [
        {"key": key.replace("__", "."), "value": value, "valid_from": "2020-01-01", "source": "test"}
        for key, value in stated.items()
    ]
    return account(
        pa.Table.from_pylist(rows, INVENTORY),
        activities or [],
        meters,
        book or shipped(),
        place="city",
        region=region,
        year=year,
        gwp=gwp,
        boundary=boundary_of("city", year, attributes),
    )


def gpc(found: Account) -> dict[str, dict[str, Any]]:
    """Rows of the GPC table by reference."""
    return {row["ref"]: row for row in found.gpc}
