"""T/CEC 102: charging orders and connector states as charger platforms exchange and export them.

A file holds one JSON object, an array of them, or one a line. Each is an order, a list of connector states,
or the envelope around either (OperatorID, Data, TimeStamp, Seq, Sig). Checked against open implementations:
ConnectorID, StartChargeSeq, DetailStartTime, DetailEndTime, DetailPower, ElecPrice, SevicePrice and
DetailElecMoney, spelt so (a customary misspelling; ServicePrice is taken too). Kept from memory of the
standard, unchecked: the names of the totals, the states of a connector, and that Sig is the HMAC-MD5 of
OperatorID, Data, TimeStamp and Seq, in that order, as upper-case hex. Data encrypted with AES is refused.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import json
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Final
from zoneinfo import ZoneInfo

import pyarrow as pa

from tanlin.kernel.errors import BadInput, Where
from tanlin.kernel.period import DEFAULT_TZ, zone
from tanlin.meter.protocols.faults import fault

#: Energy of one period of an order in kWh: start in epoch seconds, seconds > 0.
PERIODS: Final = pa.schema(
    [
        ("connector", pa.string()),
        ("start", pa.int64()),
        ("seconds", pa.int32()),
        ("value", pa.float64()),
        ("order", pa.string()),
        ("row", pa.int64()),
    ]
)
#: One order: from and to in epoch seconds, energy in kWh, money in yuan (null where the file is silent).
SESSIONS: Final = pa.schema(
    [
        ("order", pa.string()),
        ("connector", pa.string()),
        ("start", pa.int64()),
        ("end", pa.int64()),
        ("energy", pa.float64()),
        ("electricity_money", pa.float64()),
        ("service_money", pa.float64()),
        ("total_money", pa.float64()),
        ("row", pa.int64()),
    ]
)
#: A connector's state as its code says: offline, idle, occupied, charging, reserved, fault.
STATES: Final = pa.schema([("connector", pa.string()), ("state", pa.string()), ("row", pa.int64())])
_STATES = {0: "offline", 1: "idle", 2: "occupied", 3: "charging", 4: "reserved", 255: "fault"}
#: Periods are rounded to 0.01 kWh or finer; their sum may differ by half of that each.
_ROUNDING = 0.005
_STATUS_LISTS = ("ConnectorStatusInfo", "ConnectorStatusInfos")


@dataclass(frozen=True)
class Charging:
    """What a file holds: PERIODS, SESSIONS and STATES; an order in ``problems`` is in none of them."""

    periods: pa.Table
    sessions: pa.Table
    states: pa.Table
    problems: list[BadInput] = field(default_factory=list)


def parse(text: str, file: str = "", tz: str = DEFAULT_TZ, signature_key: str = "") -> Charging:
    """The orders and states of a file; times in it are local to ``tz``.

    ``row`` is the number of the object in the file, from 1. A bad order is left out and listed; the same
    order twice counts once. With ``signature_key`` every envelope must be signed. Raises BadInput where
    nothing of the file can be taken: no JSON, encrypted, a wrong signature, neither orders nor states.
    """
    reader = _Reader(file, zone(tz), signature_key)
    for row, item in _objects(text, file):
        reader.take(item, row)
    if not reader.orders and not reader.states and not reader.problems:
        raise fault("meter.file_no_orders", Where(file or None))
    kept = reader.apart()
    periods = [p for order in kept for p in order[1]]
    sessions = [order[0] for order in kept]
    return Charging(
        pa.Table.from_pylist(periods, PERIODS),
        pa.Table.from_pylist(sessions, SESSIONS),
        pa.Table.from_pylist(reader.states, STATES),
        reader.problems,
    )


def signature(envelope: dict[str, Any], key: str) -> str:
    """The Sig an envelope must carry."""
    signed = "".join(str(envelope.get(name, "")) for name in ("OperatorID", "Data", "TimeStamp", "Seq"))
    return hmac.new(key.encode(), signed.encode(), hashlib.md5).hexdigest().upper()


class _Reader:
    """Collects orders by number and states while a file is read."""

    def __init__(self, file: str, tz: ZoneInfo, key: str) -> None:
        self.file, self.tz, self.key = file, tz, key
        self.orders: dict[str, tuple[dict[str, Any], list[dict[str, Any]]]] = {}
        self.states: list[dict[str, Any]] = []
        self.problems: list[BadInput] = []

    def take(self, item: Any, row: int) -> None:
        if isinstance(item, list):
            for inner in item:
                self.take(inner, row)
        elif isinstance(item, dict) and "Data" in item:
            self.take(_opened(item, self.key, Where(self.file or None, row=row)), row)
        elif isinstance(item, dict):
            self._object(item, row)

    def apart(self) -> list[tuple[dict[str, Any], list[dict[str, Any]]]]:
        """The orders in file order without those that overlap an earlier one of their connector in time."""
        last: dict[str, dict[str, Any]] = {}
        overlapping = set()
        for session, _ in sorted(self.orders.values(), key=lambda o: (o[0]["start"], o[0]["row"])):
            before = last.get(session["connector"])
            if before is None or session["start"] >= before["end"]:
                last[session["connector"]] = session
                continue
            overlapping.add(session["order"])
            where = Where(self.file or None, None, session["row"], "StartTime", session["order"])
            self.problems.append(fault("meter.file_order_overlap", where, found=before["order"]))
        return [order for number, order in self.orders.items() if number not in overlapping]

    def _object(self, item: dict[str, Any], row: int) -> None:
        try:
            if "StartChargeSeq" in item or "ChargeDetails" in item:
                self._order(item, row)
            for name in _STATUS_LISTS:
                found = item.get(name, [])
                self.states += [self._state(s, row) for s in (found if isinstance(found, list) else [found])]
        except BadInput as error:
            self.problems.append(error)

    def _order(self, item: dict[str, Any], row: int) -> None:
        cells = _Cells(item, Where(self.file or None, row=row), self.tz)
        session: dict[str, Any] = {
            "order": cells.text("StartChargeSeq"),
            "connector": cells.text("ConnectorID"),
            "start": cells.time("StartTime"),
            "end": cells.time("EndTime"),
            "energy": cells.number("TotalPower"),
            "electricity_money": cells.money("TotalElecMoney", "ElecMoney"),
            "service_money": cells.money(
                "TotalSeviceMoney", "TotalServiceMoney", "SeviceMoney", "ServiceMoney"
            ),
            "total_money": cells.money("TotalMoney"),
            "row": row,
        }
        if session["end"] <= session["start"]:
            raise fault("meter.file_order_time", cells.at("EndTime"))
        known = self.orders.get(session["order"])
        periods = cells.periods(session)
        if known is None:
            self.orders[session["order"]] = (session, periods)
        elif {**known[0], "row": row} != session:
            raise fault("meter.file_order_conflict", cells.at("StartChargeSeq"), found=session["order"])

    def _state(self, item: Any, row: int) -> dict[str, Any]:
        cells = _Cells(item if isinstance(item, dict) else {}, Where(self.file or None, row=row), self.tz)
        code = cells.number("Status")
        if code not in _STATES:
            raise fault("meter.file_value", cells.at("Status"), name="Status", found=item["Status"])
        return {"connector": cells.text("ConnectorID"), "state": _STATES[int(code)], "row": row}


@dataclass(frozen=True)
class _Cells:
    """The typed members of one JSON object; each raises BadInput with its place."""

    item: dict[str, Any]
    where: Where
    tz: ZoneInfo

    def at(self, name: str) -> Where:
        found = self.item.get(name)
        return Where(self.where.file, None, self.where.row, name, None if found is None else str(found)[:80])

    def text(self, name: str) -> str:
        found = str(self.item.get(name) or "").strip()
        if not found:
            raise fault("meter.file_missing", self.at(name), name=name)
        return found

    def number(self, name: str) -> float:
        found = self.item.get(name)
        if found is None or found == "":
            raise fault("meter.file_missing", self.at(name), name=name)
        try:
            value = math.nan if isinstance(found, bool) else float(found)
        except (TypeError, ValueError):
            value = math.nan
        if not (math.isfinite(value) and value >= 0):
            raise fault("meter.file_value", self.at(name), name=name, found=found)
        return value

    def money(self, *names: str) -> float | None:
        name = next((n for n in names if self.item.get(n) not in (None, "")), None)
        return None if name is None else self.number(name)

    def time(self, name: str) -> int:
        text = self.text(name)
        try:
            local = dt.datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=self.tz)
        except ValueError as error:
            raise fault("meter.file_value", self.at(name), name=name, found=text) from error
        return int(local.timestamp())

    def periods(self, session: dict[str, Any]) -> list[dict[str, Any]]:
        """The periods of an order, or the whole order as one period where it gives none."""
        base = {"connector": session["connector"], "order": session["order"], "row": session["row"]}
        details = self.item.get("ChargeDetails") or []
        if not details:
            start, end = session["start"], session["end"]
            return [{**base, "start": start, "seconds": end - start, "value": session["energy"]}]
        made = []
        for detail in details:
            cells = _Cells(detail if isinstance(detail, dict) else {}, self.where, self.tz)
            start, end = cells.time("DetailStartTime"), cells.time("DetailEndTime")
            if end <= start:
                raise fault("meter.file_order_time", cells.at("DetailEndTime"))
            made.append(
                {**base, "start": start, "seconds": end - start, "value": cells.number("DetailPower")}
            )
        made.sort(key=lambda period: period["start"])
        if any(a["start"] + a["seconds"] > b["start"] for a, b in pairwise(made)):
            raise fault("meter.file_order_overlap", self.at("ChargeDetails"), found="ChargeDetails")
        parts = math.fsum(p["value"] for p in made)
        if abs(parts - session["energy"]) > _ROUNDING * (len(made) + 1) + 1e-9:
            raise fault("meter.file_order_sum", self.at("TotalPower"), parts=parts, total=session["energy"])
        return made


def _opened(envelope: dict[str, Any], key: str, where: Where) -> Any:
    """What an envelope carries."""
    if key and not hmac.compare_digest(str(envelope.get("Sig", "")), signature(envelope, key)):
        raise fault("meter.file_signature", where)
    data = envelope["Data"]
    if not isinstance(data, str):
        return data
    try:
        return json.loads(data)
    except ValueError as error:
        raise fault("meter.file_encrypted", where) from error


def _objects(text: str, file: str) -> Iterator[tuple[int, Any]]:
    """Number and content of every object: one object, an array, or one a line."""
    text = text.lstrip("\ufeff").strip()
    try:
        whole = json.loads(text)
    except ValueError:
        yield from _lines(text, file)
        return
    yield from enumerate(whole if isinstance(whole, list) else [whole], 1)


def _lines(text: str, file: str) -> Iterator[tuple[int, Any]]:
    for row, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            yield row, json.loads(line)
        except ValueError as error:
            raise fault("meter.file_json", Where(file or None, row=row, value=line[:80])) from error
