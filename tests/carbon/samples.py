"""Inventory tables and figures with known sums for the tests of the Overview."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pyarrow as pa

from tanlin.carbon.tables import INVENTORY
from tanlin.kernel.errors import Text
from tanlin.kernel.figure import Figure

DAY = 86400


def row(month: int, carrier: str, value: float | None, **over: Any) -> dict[str, Any]:
    """One row; energy and carbon follow from simple round factors."""
    kwh = {"electricity": 1.0, "gas": 10.0, "heat": 277.8}.get(carrier)
    tonnes = {"electricity": 0.0005, "gas": 0.002, "waste": 0.0003, "water": 0.0002}.get(carrier)
    scope = {"electricity": 2, "heat": 2, "gas": 1}.get(carrier, 3)
    base = {
        "month": month,
        "place": "north",
        "scope": scope,
        "carrier": carrier,
        "channel": "import",
        "product": "",
        "use": "",
        "value": value,
        "unit": "kWh",
        "energy_kwh": None if value is None or kwh is None else value * kwh,
        "tce": None,
        "tco2e": None if value is None or tonnes is None else value * tonnes,
        "cost": None,
        "currency": None,
        "seconds_present": 30 * DAY,
        "seconds_expected": 30 * DAY,
        "estimated": 0.0,
        "u_meter": 0.0,
        "u_energy": 0.0 if value is None else value * 0.02,
        "factor_id": f"factor.{carrier}",
        "factor_pct": 5.0,
        "provisional": False,
        "verified": True,
        "reason": None,
    }
    return base | over


def table(rows: list[dict[str, Any]]) -> pa.Table:
    return pa.Table.from_pylist(rows, INVENTORY)


def year_table(year: int, last_month: int = 12, level: float = 1.0) -> pa.Table:
    """A place with three parts, all carriers, a season, a dead month of heat, estimates and a missing factor."""
    rows = []
    for m in range(1, last_month + 1):
        month, season = year * 100 + m, 1 + 0.5 * abs(7 - m) / 6
        for place, size in (("north", 1.0), ("south", 0.6), ("school", 0.35)):
            amount = 90_000 * size * season * level
            part = 0.25 if place == "south" else 0.04
            present = 19 if (place, m) == ("south", last_month - 1) else 30
            rows.append(
                row(
                    month,
                    "electricity",
                    amount,
                    place=place,
                    estimated=amount * part,
                    seconds_present=present * DAY,
                    provisional=year == 2026 and m > 6,
                )
            )
            rows.append(row(month, "gas", 6_000 * size * season * level, place=place, estimated=900 * size))
            rows.append(row(month, "water", 4_000 * size * level, place=place))
        rows.append(row(month, "waste", 30_000 * level, product="incineration", verified=False))
        rows.append(
            row(month, "electricity", 14_000 * (2 - season), channel="generation", tco2e=0.0, place="school")
        )
        if m in (1, 2, 3, 11, 12):
            rows.append(row(month, "heat", 420 * level, factor_id=None, reason="factor.none"))
    return table(rows)


def days_table(first: date, last: date) -> pa.Table:
    """Daily kWh with a week's rhythm; ten days in June are missing."""
    days = [first + timedelta(n) for n in range((last - first).days + 1)]
    days = [d for d in days if not (d.month == 6 and 8 <= d.day <= 17)]
    value = [
        5_200 * (1 + 0.4 * abs(7 - d.month) / 6) * (0.7 if d.weekday() > 4 else 1.0) + d.day * 17
        for d in days
    ]
    return pa.table({"day": [d.year * 10000 + d.month * 100 + d.day for d in days], "value": value})


def figure(key: str, value: float | None, unit: str, **over: Any) -> Figure:
    base: dict[str, Any] = {"receipt": "sha256:" + "ab" * 32, "coverage": 0.974, "estimated": 0.11}
    if value is not None:
        base |= {"low": value * 0.977, "high": value * 1.023}
    return Figure(key, "haiwan", "2026", value, unit, **(base | over))


def figures() -> dict[str, Figure | None]:
    return {
        "carbon.co2e": figure("carbon.co2e", 1182.4, "tCO2e", origin="demonstration", provisional=True),
        "carbon.electricity": figure("carbon.electricity", 2_234_567.8, "kWh", origin="demonstration"),
        "carbon.energy": figure("carbon.energy", 3_412_000.0, "kWh", low=3.1e6, high=3.9e6, estimated=0.0),
        "carbon.cost": figure(
            "carbon.cost",
            None,
            "CNY",
            coverage=None,
            reason=Text("表计未设电价或气价。", "The meter has no tariff."),
        ),
        "carbon.water": None,
    }


NAMES = {
    "north": Text("海湾北小区", "Haiwan North"),
    "south": Text("海湾南小区", "Haiwan South"),
    "school": Text("海湾小学", "Haiwan School"),
}
