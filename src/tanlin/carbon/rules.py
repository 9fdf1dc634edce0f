"""Rules that are dated facts: which set of global warming potentials an inventory counts with. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from tanlin.carbon.factors import region_chain
from tanlin.record import FactRow, covers

GWP_SET = "rule.gwp_set"
#: Every kind of fact that is a rule begins so.
RULE = "rule."
#: Set → the assessment report it is of, over 100 years.
GWP_SETS = {"ar5": "IPCC AR5", "ar6": "IPCC AR6"}
#: Where no rule was set.
GWP = "ar5"


def gwp_rule(rows: Iterable[FactRow], region: str, on: date) -> FactRow | None:
    """The rule that names the set of GWP100 of a region on a day: the nearest region's newest one, or None.

    An inventory asks once, for its first day, so that one version never counts with two sets (GPC 1.1 ch. 5).
    """
    begun = [row for row in rows if row.kind == GWP_SET and covers(row, on)]
    for area in region_chain(region or "GLOBAL"):
        here = [row for row in begun if (row.region or "GLOBAL") == area]
        if here:
            return max(here, key=lambda row: (row.published, row.valid_from or date.min, row.fact_id))
    return None


def gwp_of(rule: FactRow | None) -> str:
    """The set a rule names, the default without one."""
    return GWP if rule is None else str(rule.value["value"])


def rule_input(rule: FactRow) -> dict[str, Any]:
    """The shape of a receipt's input."""
    return {
        "fact": rule.fact_id,
        "vintage": rule.vintage,
        "value": rule.value["value"],
        "unit": rule.unit,
        "verified": rule.verified,
        "provisional": False,
    }
