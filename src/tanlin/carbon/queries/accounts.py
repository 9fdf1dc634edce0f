"""Reads of accounts: what API and command print of a place and year. The caller holds an area whose right was proved."""

from __future__ import annotations

from typing import Any

from tanlin.carbon.account.boundary import ATTRIBUTES, KEY, UNITS
from tanlin.carbon.account.gpc import references
from tanlin.carbon.account.results import LABELS
from tanlin.carbon.account.words import KEYS
from tanlin.community import queries as community
from tanlin.kernel.figure import Figure
from tanlin.record import figure_json
from tanlin.record import queries as record


def account_figures(area: Any, year: int) -> dict[str, Figure]:
    """The published figures of the account of a place and year by key, in the order of their labels; {} if none."""
    found = {key: figure for (key, _), figure in record.figures(area, str(year)).items()}
    return {key: found[key] for key in LABELS if key in found}


def account_json(figures: dict[str, Figure]) -> dict[str, Any]:
    """An account as plain JSON: its boundary, the facts it rests on, whether all are verified, and every figure."""
    facts = facts_of(figures)
    first = next(iter(figures.values()))
    return {
        "place": first.place,
        "year": int(first.period),
        "boundary": (figures["carbon.boundary"].table or []) if "carbon.boundary" in figures else [],
        "verified": bool(facts) and all(fact["verified"] for fact in facts),
        "unverified": [fact["fact"] for fact in facts if not fact["verified"]],
        "facts": facts,
        "figures": {key: figure_json(figure) for key, figure in figures.items()},
    }


def facts_of(figures: dict[str, Figure]) -> list[dict[str, Any]]:
    """Facts that the account cites, with vintage, value, unit and whether their source was read."""
    digest = next((figure.receipt for figure in figures.values() if figure.receipt), None)
    if digest is None:
        return []
    inputs = record.receipt(community.SYSTEM, digest).body["inputs"]
    return sorted((item for item in inputs if "fact" in item), key=lambda item: item["fact"])


def boundary_history(area: Any) -> list[dict[str, Any]]:
    """Dated values of the boundary, newest first in each: name, value, unit, first day, end (exclusive), source."""
    order = list(ATTRIBUTES)
    rows = area.attributes.filter(key__in=order)
    return [
        {
            "name": ATTRIBUTES[row.key],
            "value": row.value,
            "number": isinstance(row.value, int | float),
            "unit": UNITS.get(row.key, ""),
            "since": row.valid_from,
            "until": row.valid_to,
            "source": row.source,
        }
        for row in sorted(rows, key=lambda row: (order.index(row.key), -row.valid_from.toordinal()))
    ]


def key_history(area: Any) -> list[dict[str, Any]]:
    """Stated notation keys in the order of the GPC, newest first in each."""
    order = list(references())
    rows = [row for row in area.attributes.filter(key__startswith=KEY) if row.key.removeprefix(KEY) in order]
    return [
        {
            "about": references()[row.key.removeprefix(KEY)],
            "key": row.value,
            "words": KEYS[row.value][1],
            "since": row.valid_from,
            "until": row.valid_to,
            "reason": row.source,
        }
        for row in sorted(
            rows, key=lambda row: (order.index(row.key.removeprefix(KEY)), -row.valid_from.toordinal())
        )
    ]
