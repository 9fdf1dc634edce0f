"""The figures of Scope 2 both ways and of local programmes, made of an account. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import numpy as np
import pyarrow.compute as pc

from tanlin.carbon.account.account import Account
from tanlin.carbon.account.market import PARTS, RESIDUAL, Market, market, use_by_month
from tanlin.carbon.account.match import Instrument, Match
from tanlin.carbon.account.programme import PROGRAMMES, programme_total
from tanlin.carbon.factors import Unknown, region_chain
from tanlin.carbon.figures import Result
from tanlin.kernel.errors import Text

LABELS: dict[str, Text] = {
    "carbon.market": Text("范围二（基于市场）", "Scope 2, market-based"),
    "carbon.location": Text("范围二（基于位置）", "Scope 2, location-based"),
    "carbon.market_parts": Text("范围二两种方法对照", "Scope 2 by both methods"),
    "carbon.programme": Text("地方方案口径", "By the factors of a local programme"),
}
#: Years before the account's whose published grid factors are told beside it.
_YEARS_BEFORE = 3


def scope2(account: Account) -> list[Result]:
    """Scope 2 market-based and location-based (tCO2e), what each rests on, and the totals of local programmes."""
    made = market(
        account.lines,
        instruments_of(account),
        account.book,
        {row["slug"]: row["region"] for row in account.areas} | {account.place: account.region},
        account.year,
        place=account.place,
        below=_below(account),
    )
    both = {
        "carbon.market": account.stated(made.lines),
        "carbon.location": account.stated(made.location),
    }
    out = [_figure(key, total) for key, total in both.items()]
    rows = [
        {"row": "method", "method": key.removeprefix("carbon.")} | _told(total) for key, total in both.items()
    ]
    rows += parts(account, made) + [instrument_row(one) for one in made.matches] + factor_rows(account)
    provisional = both["carbon.market"]["provisional"]
    out.append(Result("carbon.market_parts", None, "tCO2e", provisional=provisional, table=rows))
    held = [one for one in PROGRAMMES.values() if one.region in region_chain(account.region)]
    if held:
        told = [_programme_row(account, one.id) for one in held]
        out.append(Result("carbon.programme", None, "tCO2e", table=told))
    return out


def instruments_of(account: Account) -> list[Instrument]:
    """The instruments of the account's place and of those below it."""
    paths = {row["slug"]: tuple(row["path"].split("/")) for row in account.areas}
    return [
        Instrument.read(
            {name: value for name, value in row.items() if name not in ("place", "use")}
            | {"path": paths[row["place"]]}
        )
        for row in account.instruments
    ]


def _below(account: Account) -> dict[str, np.ndarray]:
    """Electricity by month of the places below that hold instruments: their own inventory, else their lines."""
    lines = account.lines.to_pylist()
    out = {}
    for row in account.instruments:
        place = row["place"]
        mine = [line for line in lines if line["place"] == place]
        if place != account.place and row.get("use") is not None:
            out[place] = np.array(row["use"], float)
        elif place != account.place and mine:
            out[place] = use_by_month(mine, account.year)
    return out


def parts(account: Account, made: Market) -> list[dict[str, Any]]:
    """One row a part of the market-based total: kWh (None for heat, cooling and the unknown), tCO2e with interval."""
    out = []
    power = pc.equal(made.lines["unit"], "kWh")
    for name in PARTS:
        lines = made.lines.filter(pc.and_(power, pc.equal(made.lines["source"], name)))
        if lines.num_rows:
            out.append(
                {"row": "part", "part": name, "kwh": pc.sum(lines["activity"]).as_py()}
                | _told(account.stated(lines))
            )
    rest = made.lines.filter(pc.invert(power))
    if rest.num_rows:
        out.append({"row": "part", "part": "heat", "kwh": None} | _told(account.stated(rest)))
    return out


def instrument_row(one: Match) -> dict[str, Any]:
    """What became of an instrument in the year."""
    told = one.instrument.as_row()
    told["place"] = told.pop("path")[-1]
    return {"row": "instrument"} | told | {
        "offered_kwh": one.offered_kwh,
        "used_kwh": one.used_kwh,
        "excess_kwh": one.excess_kwh,
        "reason": one.reason or None,
    }  # fmt: skip


def factor_rows(account: Account) -> list[dict[str, Any]]:
    """Published grid averages of the place and of its country, and residual mixes, up to the year; kgCO2/kWh."""
    residual = account.book.resolve(RESIDUAL, account.region, account.year)
    regions = [("grid_location", account.region)]
    if not isinstance(residual, Unknown):
        regions += [("grid_location", residual.fact.region), (RESIDUAL, residual.fact.region)]
    out = []
    for kind, region in dict.fromkeys(regions):
        for year in range(account.year - _YEARS_BEFORE, account.year + 1):
            found = account.book.resolve(kind, region, date(year, 1, 1))
            if isinstance(found, Unknown) or found.provisional:
                continue
            out.append(
                {
                    "row": "factor",
                    "kind": kind,
                    "region": found.fact.region,
                    "year": year,
                    "value": found.value,
                    "unit": found.unit,
                    "fact": found.fact_id,
                    "verified": found.verified,
                }
            )
    return out


def _programme_row(account: Account, programme: str) -> dict[str, Any]:
    made = programme_total(account.lines, account.book, account.region, programme)
    return {
        "programme": programme,
        "tco2e": made.tonnes,
        "inventory": made.inventory,
        "difference": made.difference,
        "ratio": made.ratio,
        "unknown": made.unknown,
        "facts": [fact.fact_id for fact in made.facts],
    }


def _told(total: Mapping[str, Any]) -> dict[str, Any]:
    same = ("low", "high", "provisional", "verified", "unknown")
    return {"tco2e": total["value"]} | {name: total[name] for name in same}


def _figure(key: str, total: Mapping[str, Any]) -> Result:
    same = ("value", "low", "high", "estimated", "provisional", "unknown")
    return Result(key, unit="tCO2e", **{name: total[name] for name in same})
