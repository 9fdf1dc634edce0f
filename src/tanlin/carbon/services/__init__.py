"""Verbs of carbon: load facts, derive figures with their receipts, and replay them."""

from tanlin.carbon.services.accounting import derive_account
from tanlin.carbon.services.accounting import replay as replay_account
from tanlin.carbon.services.chain import account_for_place, derive, inventory_for_place
from tanlin.carbon.services.deriving import Derived, Kit
from tanlin.carbon.services.due import (
    derive_all,
    derive_missing,
    missing,
    ordered,
    stale,
    waiting,
    years_by_area,
    years_of,
)
from tanlin.carbon.services.facts import add_factor, add_facts, load_facts
from tanlin.carbon.services.inputs import clock
from tanlin.carbon.services.previewing import (
    Moved,
    Preview,
    ask_preview,
    confirm_preview,
    facts_of,
    is_outdated,
    preview,
    run_preview,
)
from tanlin.carbon.services.replaying import replay
from tanlin.carbon.services.trying import try_account, try_inventory

__all__ = [
    "Derived",
    "Kit",
    "Moved",
    "Preview",
    "account_for_place",
    "add_factor",
    "add_facts",
    "ask_preview",
    "clock",
    "confirm_preview",
    "derive",
    "derive_account",
    "derive_all",
    "derive_missing",
    "facts_of",
    "inventory_for_place",
    "is_outdated",
    "load_facts",
    "missing",
    "ordered",
    "preview",
    "replay",
    "replay_account",
    "run_preview",
    "stale",
    "try_account",
    "try_inventory",
    "waiting",
    "years_by_area",
    "years_of",
]
