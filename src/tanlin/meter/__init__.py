"""Meters and the readings that reach them: files, checks, corrections and the registry of metering points.

The pure door: reading a file, guessing its mapping, parsing it and selecting the meters that count.
"""

from importlib import import_module
from typing import Any

_WHERE = {
    "Mapping": "mapping",
    "guess": "mapping",
    "parse": "parse",
    "preview": "parse",
    "Row": "registry",
    "devices_schema": "registry",
    "frame_schema": "registry",
    "meters_frame": "registry",
    "safe_cell": "sheets",
}


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_WHERE[name]}"), name)


def __dir__() -> list[str]:
    return sorted(_WHERE)
