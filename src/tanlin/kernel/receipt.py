"""Receipts: deterministic, content-addressed accounts of how a figure came about.

A receipt is canonical JSON addressed by SHA-256. Everything that fixes the value is inside the hash;
time, code version, engine and batch number stay outside, so equal inputs give an equal receipt.
"""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import dataclass, field
from typing import Any, Literal

from tanlin.kernel.manifest import Method

SIGNIFICANT_DIGITS = 9
#: Digits that survive the noise of adding in another order.
_STABLE_DIGITS = 12


def significant(obj: Any, digits: int = SIGNIFICANT_DIGITS) -> Any:
    """The same structure with every float rounded to significant digits (and -0.0 made 0.0).

    Sums of metered decimals often end in a 5 after those digits, where noise in the sixteenth would decide: it is
    cut off first, so that every engine and order of addition gives one result.
    """
    if isinstance(obj, float):
        if not math.isfinite(obj):
            return obj
        return float(f"{float(f'{obj:.{_STABLE_DIGITS}g}'):.{digits}g}") + 0.0
    if isinstance(obj, dict):
        return {key: significant(value, digits) for key, value in obj.items()}
    if isinstance(obj, list | tuple):
        return [significant(value, digits) for value in obj]
    return obj


def canonical(obj: Any) -> bytes:
    """Canonical JSON: sorted keys, UTF-8, no spaces. Raises ValueError for NaN and infinities."""
    return json.dumps(
        obj, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False
    ).encode()


def sha256(data: bytes) -> str:
    """``sha256:<hex>`` of bytes."""
    return "sha256:" + hashlib.sha256(data).hexdigest()


@dataclass(frozen=True)
class Receipt:
    """``body`` as a plain dict and the ``hash`` that addresses it."""

    body: dict[str, Any]

    @property
    def text(self) -> str:
        return canonical(self.body).decode()

    @property
    def hash(self) -> str:
        return sha256(canonical(self.body))


def build(
    *,
    figure: str,
    place: str,
    period: str,
    method: Method,
    parameters: dict[str, Any],
    inputs: list[dict[str, Any]],
    result: dict[str, Any],
) -> Receipt:
    """Make a receipt. Inputs are put in canonical order, the result is rounded to nine significant digits.

    ``inputs`` items have one of the shapes ``{"readings": digest, "meters": blob, "rows": n}``,
    ``{"fact": id, "vintage": date, …}``, ``{"registry": blob, "rows": n}``, ``{"receipt": hash}``,
    ``{"file": name, "sha256": digest}``.
    """
    return Receipt(
        {
            "figure": figure,
            "place": place,
            "period": period,
            "method": {
                "id": method.id,
                "version": method.version,
                "source": method.source,
            },
            "parameters": parameters,
            "inputs": sorted(inputs, key=canonical),
            "result": significant(result),
        }
    )


@dataclass(frozen=True)
class Change:
    """One input that is not what it was. ``name`` is a fact id, ``meter · field``, ``meter · day`` or the figure of a receipt."""

    kind: Literal["fact", "registry", "reading", "receipt"]
    name: str
    was: Any = None
    now: Any = None


@dataclass(frozen=True)
class Recomputed:
    """What a method's replay function gives back: the result from the pinned inputs, and today's changes."""

    result: dict[str, Any]
    changes: list[Change] = field(default_factory=list)


class InputErased(Exception):
    """Raised by a replay function when a pinned input was erased by law."""


@dataclass(frozen=True)
class Replay:
    """Answer of a replay: ``equal``, ``differs``, ``retired`` (needs old code) or ``erased`` (by law)."""

    answer: Literal["equal", "differs", "retired", "erased"]
    largest_difference: float | None = None
    differing: list[str] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)


def compare(was: Any, now: Any, tolerance: float = 1e-9, path: str = "") -> list[tuple[str, float]]:
    """Paths that differ and their relative difference: keys and texts exactly, numbers within tolerance."""
    if isinstance(was, bool | str) or was is None or now is None or isinstance(now, bool | str):
        return [] if was == now else [(path, math.inf)]
    if isinstance(was, int | float) and isinstance(now, int | float):
        scale = max(abs(was), abs(now))
        gap = abs(was - now) / scale if scale else 0.0
        return [(path, gap)] if gap > tolerance else []
    if isinstance(was, dict) and isinstance(now, dict):
        missing = [(f"{path}.{key}".strip("."), math.inf) for key in was.keys() ^ now.keys()]
        inner = [
            d
            for key in was.keys() & now.keys()
            for d in compare(was[key], now[key], tolerance, f"{path}.{key}".strip("."))
        ]
        return sorted(missing + inner)
    if isinstance(was, list) and isinstance(now, list):
        if len(was) != len(now):
            return [(path, math.inf)]
        return [
            d
            for i, (a, b) in enumerate(zip(was, now, strict=True))
            for d in compare(a, b, tolerance, f"{path}[{i}]")
        ]
    return [(path, math.inf)]
