"""OCPP 1.6: energy registers out of meter values, and transaction numbers that need no memory.

Checked against the JSON schemas and classes of the ocpp library: names, measurands, phases, locations; and
that measurand, unit and location default to Energy.Active.Import.Register, Wh and Outlet.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

_CHANNELS = {"Energy.Active.Import.Register": "import", "Energy.Active.Export.Register": "export"}
_PHASES = ({"L1"}, {"L1", "L2", "L3"})
_UNITS = ("Wh", "kWh")
_MARK, _MARK_SHIFT, _CONNECTOR_SHIFT, _MOST_CONNECTORS = 0x55, 24, 17, 127


class Register(NamedTuple):
    """An energy register: epoch seconds, value in ``unit``, import or export, where it was measured."""

    start: int
    value: float
    unit: str
    channel: str
    location: str


class Unreadable(NamedTuple):
    """A meter value that should be an energy register and is none; ``finite`` False for NaN and infinity."""

    raw: str
    finite: bool


def registers(meter_values: Sequence[Mapping[str, Any]]) -> tuple[list[Register], list[Unreadable]]:
    """The energy registers of meter values (keys in snake case), and what of them cannot be read.

    A value without phase stands for all; else the phases are added, if they are L1 alone or all three.
    Power, current, voltage, state of charge and energy per interval (its length is not told) are no
    registers and passed over.
    """
    found: list[Register] = []
    bad: list[Unreadable] = []
    for meter_value in meter_values:
        try:
            start = moment(meter_value["timestamp"])
            sampled = list(meter_value["sampled_value"])
        except (KeyError, TypeError, ValueError):
            bad.append(Unreadable(str(meter_value), True))
            continue
        groups: defaultdict[tuple[str, str, str], dict[str, float]] = defaultdict(dict)
        for value in sampled:
            measurand = str(value.get("measurand", "Energy.Active.Import.Register"))
            if measurand not in _CHANNELS:
                continue
            number, unit = _number(value), str(value.get("unit", "Wh"))
            if number is None or not math.isfinite(number) or unit not in _UNITS:
                bad.append(Unreadable(str(value), number is None or math.isfinite(number)))
                continue
            phase = str(value.get("phase", "")).removesuffix("-N")
            groups[measurand, unit, str(value.get("location", "Outlet"))][phase] = number
        for (measurand, unit, location), phases in groups.items():
            total = _total(phases)
            if total is None:
                bad.append(Unreadable(str(dict(phases)), True))
            else:
                found.append(Register(start, total, unit, _CHANNELS[measurand], location))
    return found, bad


def moment(text: str) -> int:
    """Epoch seconds of an ISO time; one without offset is UTC. Raises ValueError."""
    time = dt.datetime.fromisoformat(text)
    return int((time if time.tzinfo else time.replace(tzinfo=dt.UTC)).timestamp())


def transaction_id(charger: str, connector: int, timestamp: str, meter_start: int) -> int:
    """The number of a transaction: the same for a start sent twice, and it carries its connector.

    So a stop that comes after a restart still names its register. Raises ValueError for a connector
    that is not 0…127.
    """
    if not 0 <= connector <= _MOST_CONNECTORS:
        raise ValueError(f"connector {connector}")
    digest = hashlib.sha256(f"{charger}|{connector}|{timestamp}|{meter_start}".encode()).digest()
    part = int.from_bytes(digest[:4]) & ((1 << _CONNECTOR_SHIFT) - 1)
    return _MARK << _MARK_SHIFT | connector << _CONNECTOR_SHIFT | part


def connector_of(transaction: int) -> int | None:
    """The connector of a transaction numbered here; None for another system's number."""
    if transaction < 0 or transaction >> _MARK_SHIFT != _MARK:
        return None
    return transaction >> _CONNECTOR_SHIFT & _MOST_CONNECTORS


def _number(value: Mapping[str, Any]) -> float | None:
    if value.get("format", "Raw") != "Raw":
        return None
    try:
        return float(value["value"])
    except (KeyError, TypeError, ValueError):
        return None


def _total(phases: Mapping[str, float]) -> float | None:
    if "" in phases:
        return phases[""]
    return math.fsum(phases.values()) if set(phases) in _PHASES else None
