"""The record: what happened, what is known, and what was computed from it.

Event log with a hash chain, dated facts, figures with their receipts and dirty marks, evidence files
and jobs. It never interprets a fact. Names here are pure (but for ``Run``) and loaded on first use; verbs that write are
in ``tanlin.record.services``, reads that prove the right in ``tanlin.record.queries``.
"""

from importlib import import_module
from typing import Any

_HOMES = {
    "FactRow": "facts",
    "FactUse": "facts",
    "Run": "jobs",  # the one name that needs Django: what a job function is given
    "covers": "facts",
    "figure_json": "figures",
    "regions_above": "facts",
    "table_bytes": "replay",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(_HOMES)
