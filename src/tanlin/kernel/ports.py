"""Doors through which rooms left of ``record`` report; ``record`` registers what stands behind them.

Calls run inside the caller's transaction. Without a registration they raise: a lost event is a defect.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date
from typing import Any

_implementations: dict[str, Callable[..., Any]] = {}


def register(name: str, implementation: Callable[..., Any]) -> None:
    """Bind a port; the last registration wins."""
    _implementations[name] = implementation


def _call(name: str, *args: Any, **kwargs: Any) -> Any:
    if name not in _implementations:
        raise RuntimeError(f"port {name} has no implementation: is tanlin.record installed?")
    return _implementations[name](*args, **kwargs)


def report_event(
    verb: str,
    *,
    actor: Any,
    area: Any,
    subject: str,
    data: dict[str, Any] | None = None,
) -> Any:
    """Append ``verb`` (dotted, e.g. ``community.area_created``) to the event log."""
    return _call("report_event", verb, actor=actor, area=area, subject=subject, data=data or {})


def enqueue(kind: str, args: dict[str, Any], *, actor: Any = None, area: Any = None) -> Any:
    """Queue a job and return its row."""
    return _call("enqueue", kind, args, actor=actor, area=area)


def mark_stale(
    area_ids: Iterable[int],
    first_day: date,
    last_day: date,
    keys: Iterable[str] | None = None,
    *,
    above: bool = True,
) -> int:
    """Mark the figures of these areas whose period touches [first_day, last_day]; returns how many.

    ``keys``: these figures only. ``above``: those of the areas that hold them as well.
    """
    return int(_call("mark_stale", list(area_ids), first_day, last_day, keys, above=above))
