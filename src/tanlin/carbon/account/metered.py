"""Rows of a published inventory as lines of the account: what meters read, by GPC reference, month and gas."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from tanlin.carbon.account.asked import AskedBook
from tanlin.carbon.account.gases import Part, parts_of
from tanlin.carbon.account.streams import shape_of
from tanlin.carbon.factors import Resolved

#: Use of a meter → the subsector of its energy (GPC 1.1 ch. 6 and 7); "" is not stated.
SUBSECTORS = {
    "": "I.6",
    "residential": "I.1",
    "commercial": "I.2",
    "public": "I.2",
    "industry": "I.3",
    "charging": "II.1",
}
#: Treatment of waste → its subsector; what leaves the community is treated outside, so scope 3.
TREATMENTS = {
    "landfill": "III.1",
    "compost": "III.2",
    "anaerobic": "III.2",
    "insects": "III.2",
    "incineration": "III.3",
}
_CAUSE = ("place", "carrier", "channel", "product", "use")


def reference_of(row: Mapping[str, Any]) -> tuple[str, str]:
    """(GPC reference, level) of a row of the inventory.

    Power made at the place and power fed into the grid are territorial (I.4.4); water is outside the sectors of the
    GPC; waste whose treatment is not stated has only its sector.
    """
    carrier, use = row["carrier"], row.get("use") or ""
    if row["channel"] in ("generation", "export"):
        return "I.4.4", "territorial"
    if carrier == "water":
        return "VI.1", "memo"
    if carrier == "waste":
        subsector = TREATMENTS.get(row["product"] or "")
        return (f"{subsector}.2" if subsector else "III"), "basic"
    return f"{SUBSECTORS.get(use, 'I.6')}.{row['scope']}", "basic"


def metered_lines(rows: Iterable[Mapping[str, Any]], book: AskedBook, gwp: str) -> list[dict[str, Any]]:
    """Lines (LINES) of the rows of an inventory made with the same set of GWP100; tonnes sum to the inventory's.

    Causes: every fact of the factor, and the meters of a place, carrier, channel, product and use, whose months add.
    Raises KeyError where the book lacks a fact the inventory names.
    """
    return [line for row in rows for line in _lines(row, book, gwp)]


def loss_lines(
    lines: Iterable[Mapping[str, Any]], book: AskedBook, regions: Mapping[str, str]
) -> list[dict[str, Any]]:
    """What is lost on the way of bought electricity (GPC 1.1 ch. 6.6, BASIC+): one line for each of scope 2.

    The loss rate r is the lost share of the power supplied, so r / (1 - r) is lost for each kilowatt-hour used.
    ``regions``: place → region. Places without a known rate have no line.
    """
    out = []
    for line in lines:
        if line["scope"] != 2 or line["unit"] != "kWh" or line["tco2e"] is None:
            continue
        day = date(line["month"] // 100, max(1, line["month"] % 100), 1)
        rate = book.resolve("grid_loss", regions[line["place"]], day)
        if isinstance(rate, Resolved):
            out.append(_lost(line, rate))
    return out


def _lost(line: Mapping[str, Any], rate: Resolved) -> dict[str, Any]:
    share, pct, causes = rate.value / (1 - rate.value), rate.uncertainty_pct, None
    if line["causes"] is not None and pct is not None:
        causes = [*line["causes"], _cause(rate.fact_id, pct / (1 - rate.value))]
    return {
        **line,
        "ref": line["ref"].rpartition(".")[0] + ".3",
        "level": "basic_plus",
        "scope": 3,
        "stream": f"{line['stream']}.loss",
        "activity": line["activity"] * share,
        "mass_t": None if line["mass_t"] is None else line["mass_t"] * share,
        "tco2e": line["tco2e"] * share,
        "factor_id": f"{line['factor_id']}+{rate.fact_id}",
        "causes": causes,
        "provisional": line["provisional"] or rate.provisional,
        "verified": line["verified"] and rate.verified,
    }


def _lines(row: Mapping[str, Any], book: AskedBook, gwp: str) -> list[dict[str, Any]]:
    tonnes = row["tco2e"]
    if tonnes is None or not row["factor_id"]:
        return [_line(row) | {"gas": "CO2e", "tco2e": tonnes, "causes": []}]
    parts = parts_of(book, row["factor_id"], gwp, row["provisional"])
    return [_line(row) | _parted(row, part, tonnes * part.share) for part in parts]


def _line(row: Mapping[str, Any]) -> dict[str, Any]:
    """What the gases of a row share."""
    ref, level = reference_of(row)
    return {
        "ref": ref,
        "level": level,
        "scope": row["scope"] if level != "territorial" else 1,
        "place": row["place"],
        "month": row["month"],
        "stream": ".".join(filter(None, (row["carrier"], row["product"] or row["channel"] or ""))),
        "source": "meter",
        "activity": row["value"],
        "unit": row["unit"],
        "mass_t": None,
        "factor_id": row["factor_id"],
        "coverage": _share(row["seconds_present"], row["seconds_expected"]),
        "estimated": _share(row["estimated"], row["value"]),
        "provisional": row["provisional"],
        "verified": row["verified"],
        "key": None,
        "reason": _reason(row["reason"]) if row["tco2e"] is None else None,
    }


def _parted(row: Mapping[str, Any], part: Part, tonnes: float) -> dict[str, Any]:
    return {
        "gas": part.gas,
        "mass_t": None if part.potential is None else tonnes / part.potential,
        "tco2e": tonnes,
        "factor_id": part.fact.fact_id,
        "causes": _causes(row, part),
    }


def _causes(row: Mapping[str, Any], part: Part) -> list[dict[str, Any]] | None:
    """None where the factor states no error; the potentials are a convention and err only where they say so."""
    if part.fact.uncertainty_pct is None:
        return None
    own = 100 * row["u_meter"] / abs(row["tco2e"]) if row["tco2e"] else 0.0
    meters = "meter:" + "/".join(row.get(name) or "" for name in _CAUSE)
    causes = [_cause(part.fact.fact_id, part.fact.uncertainty_pct), _cause(meters, own)]
    if part.gwp and part.gwp.uncertainty_pct:
        causes.append(_cause(part.gwp.fact_id, part.gwp.uncertainty_pct))
    return causes


def _cause(name: str, pct: float) -> dict[str, Any]:
    return {"cause": name, "pct": float(pct), "shape": shape_of(pct)}


def _share(part: float | None, whole: float | None) -> float | None:
    return min(1.0, abs(part / whole)) if part is not None and whole else None


def _reason(codes: str | None) -> str:
    """The reasons of unknown tonnes among those of a row, which carries those of its cost as well."""
    mine = [code for code in (codes or "").split(";") if code and not code.startswith("tariff.")]
    return ";".join(mine) or "factor.none"
