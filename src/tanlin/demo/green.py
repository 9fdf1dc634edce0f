"""Green certificates of the demonstration: one community buys some. Invented, and named so. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

#: The registry says itself that it does not exist.
REGISTRY = "演示登记处（虚构）"


@dataclass(frozen=True)
class Certificate:
    """Certificates of one year under one number, of 1,000 kWh each."""

    number: str
    first_day: date
    last_day: date
    energy_kwh: float


def certificates(slug: str) -> list[Certificate]:
    """What a place bought; empty for all but one."""
    if slug != "haiwan":
        return []
    return [
        Certificate(f"DEMO-{year}-0001", date(year, 1, 1), date(year, 12, 31), pieces * 1000.0)
        for year, pieces in ((2024, 60), (2025, 90))
    ]
