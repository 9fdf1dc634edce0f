"""Numbers and figures as people read them: pure functions, no Django."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

THIN = "\u2009"  # between Chinese and Latin: a line may break there
FIXED = "\u00a0"  # between a number and its unit: it may not
_HAN = "\u3400-\u9fff"
_JOIN = re.compile(f"(?<=[{_HAN}])(?=[A-Za-z0-9±†])|(?<=[A-Za-z0-9%₂³†])(?=[{_HAN}])")

# From this magnitude on a unit is shown in the larger one; the factor divides.
_LARGER = {"kWh": ("MWh", 1e3, 1e4), "MWh": ("GWh", 1e3, 1e4), "kg": ("t", 1e3, 1e4), "MJ": ("GJ", 1e3, 1e4)}
_SIGNS = {
    "tCO2e": "tCO₂e",
    "tCO2": "tCO₂",
    "kgCO2e": "kgCO₂e",
    "kgCO2": "kgCO₂",
    "m3": "m³",
    "m2": "m²",
    "tce": "tce",
    "CNY": "元",
    "GBP": "£",
}


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


def spaced(text: str) -> str:
    """A thin space between Chinese and Latin letters or digits."""
    return _JOIN.sub(THIN, text)


def sign(unit: str, language: str = "zh") -> str:
    """The unit as printed: tCO2e → tCO₂e, CNY → 元 (CNY in English)."""
    if unit == "CNY" and language.startswith("en"):
        return "CNY"
    if "/" in unit:
        return "/".join(sign(part, language) for part in unit.split("/"))
    return _SIGNS.get(unit, unit)


def chosen_unit(value: float, unit: str) -> tuple[str, float]:
    """The unit that keeps a magnitude readable, and the divisor to reach it: (kWh, 1) or (MWh, 1000)."""
    divisor = 1.0
    while unit in _LARGER and abs(value) / divisor >= _LARGER[unit][2]:
        unit, step, _ = _LARGER[unit]
        divisor *= step
    return unit, divisor


def digits(value: float) -> str:
    """Three significant digits below 100, whole numbers with thousands separators from there on."""
    size = abs(value)
    if size == 0:
        return "0"
    if size < 0.001:
        return f"{value:.2g}".replace("-", "−")
    places = 0 if size >= 99.95 else 1 if size >= 9.995 else 2 if size >= 0.995 else 3
    return f"{value:,.{places}f}".replace("-", "−")


def quantity(value: float, unit: str, language: str = "zh") -> tuple[str, str]:
    """(number, unit) as printed, in the unit that suits the magnitude."""
    shown, divisor = chosen_unit(value, unit)
    return digits(value / divisor), sign(shown, language)


def percent(share: float, places: int = 0) -> str:
    """0.873 → 87 %; a share just short of all is never rounded up to 100."""
    value = share * 100
    if 100 - 0.5 * 10**-places <= value < 100:
        value = 100 - 10**-places
    return f"{value:.{places}f}{FIXED}%"


def spread(figure: Any, language: str = "zh") -> str:
    """The 95 % interval: ``± 2.3 %`` where it is even about the value, else its two ends."""
    value, low, high = figure.value, figure.low, figure.high
    if value is None or low is None or high is None:
        return ""
    half = (high - low) / 2
    if value and abs((high + low) / 2 - value) <= 0.05 * half + 1e-9 * abs(value) and half <= abs(value):
        share = abs(half / value) * 100
        return f"±{FIXED}{share:.1f}{FIXED}%" if share >= 0.05 else f"±{FIXED}<{FIXED}0.1{FIXED}%"
    shown, divisor = chosen_unit(value, figure.unit)
    return f"{digits(low / divisor)} – {digits(high / divisor)}{FIXED}{sign(shown, language)}"


def age(since: datetime, now: datetime, language: str = "zh") -> str:
    """How old: 3 分钟, 5 小时, 2 天."""
    seconds = max(0, int((now - since).total_seconds()))
    english = language.startswith("en")
    for size, zh, en in ((86400, "天", "day"), (3600, "小时", "hour"), (60, "分钟", "minute")):
        if seconds >= size or size == 60:
            count = max(1, seconds // size)
            return f"{count} {en}{'' if count == 1 else 's'}" if english else f"{count}{FIXED}{zh}"
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
