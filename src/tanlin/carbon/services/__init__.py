"""Verbs of carbon: load facts, derive figures with their receipts, and replay them."""

from tanlin.carbon.services.deriving import Derived, Kit, derive, inventory_for_place
from tanlin.carbon.services.due import derive_all, derive_missing, missing, ordered, stale, years_by_area
from tanlin.carbon.services.facts import add_factor, load_facts
from tanlin.carbon.services.inputs import clock
from tanlin.carbon.services.replaying import replay

__all__ = [
    "Derived",
    "Kit",
    "add_factor",
    "clock",
    "derive",
    "derive_all",
    "derive_missing",
    "inventory_for_place",
    "load_facts",
    "missing",
    "ordered",
    "replay",
    "stale",
    "years_by_area",
]
