"""Demonstration: five fictional places with two years of made-up readings.

The generator is pure (numpy and pyarrow, no Django): `places.py` says what stands where,
`generator.py` makes the readings. `published.py` carries what the press printed about the
real cases, each figure with its source, and never a score or a verdict. `load.py` writes
all of it through the services of the other rooms; `real.py` does the same with a folder of
real meters.
"""

from __future__ import annotations

import importlib
from typing import Any

_DOORS = {
    "PLACES": "places",
    "place": "places",
    "generate": "generator",
    "digest": "generator",
    "published_facts": "published",
    "synthesise": "weather",
}

__all__ = list(_DOORS)


def __getattr__(name: str) -> Any:
    if name not in _DOORS:
        raise AttributeError(name)
    return getattr(importlib.import_module(f"tanlin.demo.{_DOORS[name]}"), name)
