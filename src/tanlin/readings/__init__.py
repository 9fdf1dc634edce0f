"""Readings: where they live and how a question is asked of them.

An append-only ``log`` of what was read, the ``current`` effective intervals derived from it, local
``days`` and digests, asked through one portable SQL text and numpy functions over Arrow. This door is
pure; verbs that write are in ``tanlin.readings.services``, reads of the store in ``tanlin.readings.queries``.
"""

from importlib import import_module
from typing import Any

_HOMES = {
    "engine": ("Engine", "Source", "default_engine"),
    "snapshot": ("Snapshot",),
    "effective": ("Effective", "derive"),
    "days": ("daily",),
    "digest": ("digests", "set_digest"),
    "schema": ("CURRENT", "DAYS", "DIGESTS", "LOG", "READINGS"),
}
_WHERE = {name: module for module, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_WHERE[name]}"), name)


def __dir__() -> list[str]:
    return sorted(_WHERE)
