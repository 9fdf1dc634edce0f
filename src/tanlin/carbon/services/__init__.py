"""Verbs of carbon: load facts, derive figures with their receipts, and replay them."""

from tanlin.carbon.services.accounting import derive_account
from tanlin.carbon.services.accounting import replay as replay_account
from tanlin.carbon.services.boundary import state_boundary, state_key
from tanlin.carbon.services.chain import account_for_place, derive, inventory_for_place
from tanlin.carbon.services.claims import (
    answer_of,
    erase_claims,
    keep_claim,
    known_facts,
    may_withdraw,
    replay_claim,
    withdraw_claim,
)
from tanlin.carbon.services.comparing import derive_change
from tanlin.carbon.services.comparing import replay as replay_change
from tanlin.carbon.services.deriving import Derived, Kit
from tanlin.carbon.services.due import (
    derive_all,
    derive_missing,
    mark_older,
    missing,
    ordered,
    stale,
    waiting,
    years_by_area,
    years_of,
)
from tanlin.carbon.services.facts import add_factor, add_facts, load_facts
from tanlin.carbon.services.hourly import derive_hourly
from tanlin.carbon.services.hourly import replay as replay_hourly
from tanlin.carbon.services.inputs import clock
from tanlin.carbon.services.instruments import (
    NewInstrument,
    enter_instrument,
    erase_instruments,
    undo_instrument,
)
from tanlin.carbon.services.previewing import (
    Moved,
    Preview,
    ask_preview,
    confirm_preview,
    erase_previews,
    facts_of,
    is_outdated,
    preview,
    run_preview,
)
from tanlin.carbon.services.replaying import replay
from tanlin.carbon.services.trying import try_account, try_change, try_hourly, try_inventory

__all__ = [
    "Derived",
    "Kit",
    "Moved",
    "NewInstrument",
    "Preview",
    "account_for_place",
    "add_factor",
    "add_facts",
    "answer_of",
    "ask_preview",
    "clock",
    "confirm_preview",
    "derive",
    "derive_account",
    "derive_all",
    "derive_change",
    "derive_hourly",
    "derive_missing",
    "enter_instrument",
    "erase_claims",
    "erase_instruments",
    "erase_previews",
    "facts_of",
    "inventory_for_place",
    "is_outdated",
    "keep_claim",
    "known_facts",
    "load_facts",
    "mark_older",
    "may_withdraw",
    "missing",
    "ordered",
    "preview",
    "replay",
    "replay_account",
    "replay_change",
    "replay_claim",
    "replay_hourly",
    "run_preview",
    "stale",
    "state_boundary",
    "state_key",
    "try_account",
    "try_change",
    "try_hourly",
    "try_inventory",
    "undo_instrument",
    "waiting",
    "withdraw_claim",
    "years_by_area",
    "years_of",
]
