"""How numbers, units and shares are written, the same in every room: pure functions."""

from __future__ import annotations

import re

THIN = "\u2009"  # between Chinese and Latin: a line may break there
SPACE = "\u00a0"  # between a number and its unit: it may not
_HAN = "\u3400-\u9fff"
_JOIN = re.compile(f"(?<=[{_HAN}])(?=[A-Za-z0-9±†])|(?<=[A-Za-z0-9%₂³†])(?=[{_HAN}])")

# From this magnitude on a unit is shown in the larger one; the factor divides.
_LARGER = {"kWh": ("MWh", 1e3, 1e4), "MWh": ("GWh", 1e3, 1e4), "kg": ("t", 1e3, 1e4), "MJ": ("GJ", 1e3, 1e4)}
_WORD = re.compile(r"[^/ ]+")
_SIGNS = {
    "tCO2e": "tCO₂e",
    "tCO2": "tCO₂",
    "kgCO2e": "kgCO₂e",
    "kgCO2": "kgCO₂",
    "m3": "m³",
    "Nm3": "Nm³",
    "m2": "m²",
    "10^4": "10⁴",
    "CNY": "元",
    "GBP": "£",
}


def spaced(text: str) -> str:
    """A thin space between Chinese and Latin letters or digits."""
    return _JOIN.sub(THIN, text)


def sign(unit: str, language: str = "zh") -> str:
    """The unit as printed: tCO2e → tCO₂e, CNY → 元 (CNY in English)."""
    signs = _SIGNS | {"CNY": "CNY"} if language.startswith("en") else _SIGNS
    return _WORD.sub(lambda part: signs.get(part[0], part[0]), unit)


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
    return f"{value:.{places}f}{SPACE}%".replace("-", "−")
