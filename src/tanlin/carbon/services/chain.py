"""From readings to the account: the inventory of a place and period, and in years the account that stands on it."""

from __future__ import annotations

from typing import Any

from tanlin.carbon.figures import LABELS
from tanlin.carbon.queries.accounts import account_figures
from tanlin.carbon.services.accounting import BASE, derive_account
from tanlin.carbon.services.deriving import Derived, Kit, derive_inventory
from tanlin.carbon.services.rows import years_with_activities, years_with_instruments
from tanlin.community import queries as community
from tanlin.kernel.errors import Refused
from tanlin.kernel.figure import Figure
from tanlin.kernel.period import Period
from tanlin.record import queries as record

#: Levels that have an account only where activities were entered, or on request.
SMALL = ("building", "unit", "home")


def derive(area: Any, period: Period, kit: Kit | None = None) -> Derived:
    """Compute and publish all carbon figures of a place and period, in a year with the account.

    Raises Refused where there is nothing to state: no reading, no activity and no figure.
    """
    accounted = period.kind == "year" and has_account(area, period.year)
    try:
        made = derive_inventory(area, period, kit)
    except Refused:
        if not accounted or (area.pk, period.year) not in years_with_activities(area):
            raise
        return derive_account(area, period.year)
    if not accounted:
        return made
    more = derive_account(area, period.year, kit.books if kit is not None and kit.current else None)
    return Derived(made.place, made.period, made.figures + more.figures, made.minted + more.minted)


def has_account(area: Any, year: int) -> bool:
    """Whether a place gets an account of a year: those above buildings, where data are entered, or one was asked for."""
    entered = years_with_activities(area) | years_with_instruments(area)
    if area.level not in SMALL or (area.pk, year) in entered:
        return True
    return record.figure(area, "carbon.basic", str(year)) is not None


def accounts_missing(within: Any | None = None) -> set[tuple[int, str]]:
    """(area id, year) of places that should have an account of a year and have none."""
    have = record.places_with("carbon.account")
    areas = community.areas(community.SYSTEM)
    if within is not None:
        areas = areas.filter(path__startswith=within.path)
    level = dict(areas.values_list("pk", "level"))
    based = {(area, year) for area, year in record.places_with(BASE) if len(year) == 4}
    papers = {(area, str(year)) for area, year in years_with_instruments(within)}
    wanted = {pair for pair in based if level.get(pair[0], "home") not in SMALL or pair in papers}
    entered = {(area, str(year)) for area, year in years_with_activities(within) if area in level}
    return (wanted | entered) - have


def inventory_for_place(slug: str, period: Period, *, actor: Any = None) -> dict[str, Figure]:
    """The published figures of the inventory of a place and period by key; derived first where missing or stale.

    Raises NotFound for an unknown place and Refused where there is nothing to state.
    """
    area = community.area(actor or community.SYSTEM, slug)
    found = record.figures(area, period.label)
    if not any(key == BASE and not figure.stale for (key, _), figure in found.items()):
        derive(area, period, Kit.fresh())
        found = record.figures(area, period.label)
    return {key: figure for (key, _), figure in found.items() if key in LABELS}


def account_for_place(slug: str, year: int, *, actor: Any = None) -> dict[str, Figure]:
    """The published figures of the account of a place and year by key; derived first where missing or stale.

    Raises NotFound for an unknown place and Refused where there is nothing to state.
    """
    area = community.area(actor or community.SYSTEM, slug)
    label = str(year)

    base, mine = record.figure(area, BASE, label), account_figures(area, year)
    if base is None or base.stale:
        derive(area, Period(label), Kit.fresh())
        mine = account_figures(area, year)
    if not mine or any(figure.stale for figure in mine.values()):
        derive_account(area, year)
        mine = account_figures(area, year)
    return mine
