"""Numbers and figures as people read them: pure functions, no Django."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from tanlin.kernel.words import SPACE, chosen_unit, digits, percent, quantity, sign, spaced

__all__ = [
    "SPACE",
    "age",
    "chosen_unit",
    "coverage",
    "digits",
    "localise",
    "percent",
    "pick",
    "quantity",
    "sign",
    "spaced",
    "spread",
]


def pick(text: Any, language: str) -> str:
    """One language of a ``Text`` or a (zh, en) pair; a plain string passes through; None is empty."""
    if text is None:
        return ""
    if isinstance(text, tuple):
        return str(text[1] if language.startswith("en") else text[0])
    return str(text)


def localise(value: Any, language: str) -> Any:
    """A structure with every ``Text`` in it replaced by its sentence, ready for JSON."""
    if hasattr(value, "pick"):
        return value.pick(language)
    if isinstance(value, Mapping):
        return {key: localise(item, language) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [localise(item, language) for item in value]
    return value


def spread(figure: Any, language: str = "zh") -> str:
    """The 95 % interval: ``± 2.3 %`` where it is even about the value, else its two ends."""
    value, low, high = figure.value, figure.low, figure.high
    if value is None or low is None or high is None:
        return ""
    half = (high - low) / 2
    if value and abs((high + low) / 2 - value) <= 0.05 * half + 1e-9 * abs(value) and half <= abs(value):
        share = abs(half / value) * 100
        return f"±{SPACE}{share:.1f}{SPACE}%" if share >= 0.05 else f"±{SPACE}<{SPACE}0.1{SPACE}%"
    shown, divisor = chosen_unit(value, figure.unit)
    return f"{digits(low / divisor)} – {digits(high / divisor)}{SPACE}{sign(shown, language)}"


def age(since: datetime, now: datetime, language: str = "zh") -> str:
    """How old: 3 分钟, 5 小时, 2 天."""
    seconds = max(0, int((now - since).total_seconds()))
    english = language.startswith("en")
    for size, zh, en in ((86400, "天", "day"), (3600, "小时", "hour"), (60, "分钟", "minute")):
        if seconds >= size or size == 60:
            count = max(1, seconds // size)
            return f"{count} {en}{'' if count == 1 else 's'}" if english else f"{count}{SPACE}{zh}"
    return ""


def coverage(covered: float | None, estimated: float | None) -> dict[str, Any] | None:
    """Widths of the coverage bar in percent: measured, then estimated (hatched), the rest missing."""
    if covered is None:
        return None
    total = min(1.0, max(0.0, covered))
    part = total * min(1.0, max(0.0, estimated or 0.0))
    return {
        "measured": f"{(total - part) * 100:.1f}",
        "estimated": f"{part * 100:.1f}",
        "covered": percent(total),
        "share": percent(min(1.0, estimated or 0.0)),
        "has_estimates": bool(part > 0.0005),
    }
