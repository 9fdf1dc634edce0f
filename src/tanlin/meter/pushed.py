"""What devices send as text: JSON rows and InfluxDB line protocol, turned into samples row by row.

A row that is no reading becomes a ``Reject`` with its raw text, and a ``Fault`` for the sender that names row, field,
value and remedy. Only a body that cannot be read at all is an error.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from tanlin.kernel.errors import BadInput, Text, Where
from tanlin.kernel.period import zone
from tanlin.meter.gateways import CHANNELS, POINT_LENGTH, RAW_LENGTH, REASONS, Reject, Sample, fault

#: Rows of one body.
MOST_ROWS = 50_000
#: Values and brackets of one JSON body: small text can make large objects, so they are counted before they are made.
MOST_VALUES = 20 * MOST_ROWS
#: From here on a number is no epoch second of our age but milliseconds, then microseconds, then nanoseconds.
_SCALES = ((1e17, 1_000_000_000), (1e14, 1_000_000), (1e11, 1_000))
PRECISIONS = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}


class Fault(NamedTuple):
    """One row that is no reading: 1-based row, field, value as sent, and the reason (a code of ``REASONS``)."""

    row: int
    field: str
    value: str
    reason: str

    def as_dict(self) -> dict[str, Any]:
        """The JSON shape, with message and remedy in both languages."""
        text, remedy = REASONS[self.reason]
        return {**self._asdict(), "message": text._asdict(), "remedy": remedy._asdict()}


@dataclass
class Heard:
    """What a body holds."""

    samples: list[Sample] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)

    def refuse(self, row: int, point: str, raw: str, wrong: Wrong) -> None:
        """Keep a row that is no reading."""
        self.rejects.append(Reject(point[:POINT_LENGTH], raw[:RAW_LENGTH], wrong.reason))
        self.faults.append(Fault(row, wrong.field, str(wrong.value)[:80], wrong.reason))


class Wrong(Exception):
    """One field of one row that cannot be used."""

    def __init__(self, field: str, value: object, reason: str = "unreadable") -> None:
        self.field, self.value, self.reason = field, value, reason
        super().__init__(field)


@dataclass(frozen=True)
class Defaults:
    """What a row may leave out. ``tz``: of local times without offset. ``ends``: times say when an interval ends."""

    now: int
    tz: str
    seconds: int = 0
    unit: str | None = None
    channel: str = ""
    ends: bool = False


def parse(body: bytes, given: Defaults, precision: str = "ns") -> Heard:
    """A body of JSON (one row, a list of rows, or ``{"readings": [...]}``) or of line protocol.

    Raises BadInput where it is no text, no JSON, or longer than MOST_ROWS.
    """
    try:
        text = body.decode("utf-8-sig").strip()
    except UnicodeDecodeError as error:
        raise _unreadable(f"UTF-8: {error}") from error
    heard = Heard()
    if text[:1] in ("{", "["):
        _json_rows(text, given, heard)
    else:
        _lines(text, given, precision, heard)
    return heard


def sample_of(row: Mapping[str, Any], given: Defaults) -> Sample:
    """One JSON row: point, value; also time, seconds, unit, channel. Raises Wrong."""
    point = row.get("point", row.get("meter"))
    if (
        not isinstance(point, (str, int))
        or isinstance(point, bool)
        or not 0 < len(str(point)) <= POINT_LENGTH
    ):
        raise Wrong("point", point)
    seconds = _whole(row.get("seconds", given.seconds))
    start, arrival = moment(row.get("time"), given)
    if given.ends and not arrival:
        start -= seconds
    unit, channel = row.get("unit") or given.unit, row.get("channel") or given.channel
    if unit is not None and not isinstance(unit, str):
        raise Wrong("unit", unit)
    if channel not in CHANNELS:
        raise Wrong("channel", channel, "channel")
    sample = Sample(str(point), start, seconds, number(row.get("value")), unit, channel, arrival)
    reason = fault(sample, given.now)
    if reason is not None:
        name = {"not_finite": "value", "length": "seconds"}.get(reason, "time")
        raise Wrong(name, row.get(name), reason)
    return sample


def number(value: object) -> float:
    """A number, or a text that is one. Raises Wrong."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return _float(value)
    if isinstance(value, str):
        return _float(value.strip())
    raise Wrong("value", value)


def _float(value: int | float | str) -> float:
    try:
        return float(value)
    except (ValueError, OverflowError) as error:
        raise Wrong("value", value) from error


def _whole(value: object) -> int:
    if (
        isinstance(value, (int, float))
        and not isinstance(value, bool)
        and value == value // 1
        and abs(value) < 1e9
    ):
        return int(value)
    raise Wrong("seconds", value, "length")


def moment(value: object, given: Defaults) -> tuple[int, bool]:
    """Epoch seconds of an ISO time or an epoch number, and whether the time of arrival stands for it. Raises Wrong."""
    if value is None or value == "":
        return given.now, True
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        scale = next((by for least, by in _SCALES if abs(value) >= least), 1)
        if not abs(value) < 1e11 * scale:  # before the division, which a huge whole number would overflow
            raise Wrong("time", value, "time")
        return int(value // scale), False
    try:
        found = datetime.fromisoformat(str(value).strip())
    except ValueError as error:
        raise Wrong("time", value, "time") from error
    if found.tzinfo is None:
        found = found.replace(tzinfo=zone(given.tz))
    return int(found.timestamp() // 1), False


def _json_rows(text: str, given: Defaults, heard: Heard) -> None:
    if sum(map(text.count, ",{[")) > MOST_VALUES:
        raise _too_long("JSON")
    try:
        body = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _unreadable(f"JSON: {error}") from error
    rows = body.get("readings", [body]) if isinstance(body, dict) else body
    if not isinstance(rows, list):
        raise _unreadable("JSON: readings")
    _bounded(len(rows))
    for n, row in enumerate(rows, 1):
        try:
            if not isinstance(row, dict):
                raise Wrong("row", row)
            heard.samples.append(sample_of(row, given))
        except Wrong as wrong:
            point = row.get("point", row.get("meter")) if isinstance(row, dict) else ""
            heard.refuse(n, str(point or ""), json.dumps(row, ensure_ascii=False), wrong)


# --- line protocol: measurement,tag=value field=value,field=value time ---------------------------------------------
_PART = r'(?:\\.|"(?:\\.|[^"\\])*"|[^\\\s"])+'
_LINE = re.compile(rf"({_PART})\s+({_PART})(?:\s+(-?[0-9]{{1,30}}))?\s*\Z")
_COMMA = re.compile(r'((?:\\.|"(?:\\.|[^"\\])*"|[^\\",])*)(?:,|\Z)')
_PAIR = re.compile(r"((?:\\.|[^\\=])*)=(.*)\Z", re.DOTALL)
_WHOLE = re.compile(r"[0-9]{1,9}")
_FLAGS = {"t", "T", "true", "True", "TRUE", "f", "F", "false", "False", "FALSE"}
_ESCAPE = re.compile(r"\\([,= \"\\])")


def _lines(text: str, given: Defaults, precision: str, heard: Heard) -> None:
    if precision not in PRECISIONS:
        raise _unreadable(f"precision: {precision}")
    lines = [(n, line.strip()) for n, line in enumerate(text.splitlines(), 1)]
    _bounded(len(lines))
    for n, line in lines:
        if not line or line.startswith("#"):
            continue
        try:
            heard.samples.extend(_line_samples(line, given, PRECISIONS[precision]))
        except Wrong as wrong:
            heard.refuse(n, re.split(r"[,\s]", line, maxsplit=1)[0], line, wrong)


def _line_samples(line: str, given: Defaults, scale: int) -> Iterator[Sample]:
    """A sample for every numeric field, all of them or Wrong; texts and flags beside numbers are no readings.

    The point is the tag ``point`` or ``meter``, else measurement and tags as they stand; a field that is not called
    ``value`` is added to it after a dot. Tags ``unit``, ``channel`` and ``seconds`` say what they say.
    """
    match = _LINE.match(line)
    if match is None:
        raise Wrong("line", line)
    series, fields, stamp = match.groups()
    head, *tags = _split(series)
    named = dict(_pair(tag) for tag in tags)
    seconds = named.pop("seconds", str(given.seconds))
    if not _WHOLE.fullmatch(seconds):
        raise Wrong("seconds", seconds, "length")
    row: dict[str, Any] = {
        "seconds": int(seconds),
        "unit": named.pop("unit", None),
        "channel": named.pop("channel", ""),
    }
    if stamp is not None:
        row["time"] = _second(int(stamp), scale)
    point = (
        named.get("point")
        or named.get("meter")
        or ",".join([head, *(f"{k}={v}" for k, v in sorted(named.items()))])
    )
    pairs = [_pair(part) for part in _split(fields)]
    numeric = [(name, value) for name, value in pairs if value not in _FLAGS and not value.startswith('"')]
    found = []
    for name, value in numeric or pairs:
        text = value[:-1] if value[-1:] in ("i", "u") else value
        own = point if name == "value" else f"{point}.{name}"
        found.append(sample_of({**row, "point": own, "value": text}, given))
    yield from found


def _second(stamp: int, scale: int) -> int:
    second = stamp // scale
    if not 0 <= second < 1e11:
        raise Wrong("time", stamp, "time")
    return second


def _split(text: str) -> list[str]:
    """Parts between commas that are neither escaped nor quoted."""
    parts, at = [], 0
    while at <= len(text):
        match = _COMMA.match(text, at)
        if match is None:
            raise Wrong("line", text)
        parts.append(match[1])
        if match.end() == len(text) and not match[0].endswith(","):
            break
        at = match.end()
    return [_ESCAPE.sub(r"\1", part) if "=" not in part else part for part in parts]


def _pair(text: str) -> tuple[str, str]:
    match = _PAIR.match(text)
    if match is None:
        raise Wrong("line", text)
    return _ESCAPE.sub(r"\1", match[1]), _ESCAPE.sub(r"\1", match[2])


def _bounded(rows: int) -> None:
    if rows > MOST_ROWS:
        raise _too_long(str(rows))


def _too_long(found: str) -> BadInput:
    return BadInput(
        "meter.push_too_long",
        Text(f"一次最多 {MOST_ROWS} 行。", f"At most {MOST_ROWS} rows at once."),
        remedy=Text("请分批发送。", "Send them in several batches."),
        where=Where(value=found),
    )


def _unreadable(why: str) -> BadInput:
    return BadInput(
        "meter.push_unreadable",
        Text(f"内容无法识别，未收下：{why}", f"The body cannot be read, nothing was taken: {why}"),
        remedy=Text(
            "请发送 JSON（含 readings 列表）或 InfluxDB line protocol。",
            "Send JSON with a list of readings, or InfluxDB line protocol.",
        ),
    )
