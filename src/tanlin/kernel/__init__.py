"""The kernel: quantities and units, periods, receipts, errors and the protocols rooms meet by.

It imports no other room and no Django. Names are loaded on first use, so importing it costs nothing.
"""

from importlib import import_module
from typing import Any

_HOMES = {
    "errors": (
        "BadInput",
        "Conflict",
        "Forbidden",
        "NotFound",
        "Refused",
        "TanlinError",
        "Text",
        "Where",
    ),
    "figure": ("Figure",),
    "manifest": ("Method", "Nav", "Room"),
    "paths": ("home",),
    "period": ("Period", "calendar_frame", "local_fields", "utc_offsets"),
    "receipt": ("Change", "Receipt", "Recomputed", "Replay", "canonical", "sha256"),
    "units": ("CANONICAL", "CHANNELS", "to_canonical"),
}
_WHERE = {name: module for module, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_WHERE[name]}"), name)


def __dir__() -> list[str]:
    return sorted(_WHERE)
