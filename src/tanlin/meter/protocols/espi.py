"""Green Button (NAESB ESPI, REQ.21): usage files of utilities, streamed.

An Atom feed whose entries refer to each other by links: interval blocks belong to a meter reading, which
names its reading type and its usage point. Checked against open implementations and the schematron of the
Green Button test suite: the codes of unit, commodity, accumulation, flow and quality used here, and that
interval energy is accumulation 4 and register readings are 1. Taken as those implementations do, unchecked
against the standard's text: times are UTC seconds (LocalTimeParameters only serve display), and a register
reading with a duration stands at its end.
"""

from __future__ import annotations

import re
from array import array
from collections import Counter
from dataclasses import dataclass, field
from typing import BinaryIO, Final
from xml.parsers import expat

import numpy as np
import pyarrow as pa

from tanlin.kernel.errors import BadInput, Where
from tanlin.kernel.units import CANONICAL, factor_to_canonical
from tanlin.meter.protocols.faults import fault

#: One reading in the carrier's canonical unit; seconds 0 is a register reading; ``row`` is the line in the file.
READINGS: Final = pa.schema(
    [
        ("point", pa.string()),
        ("carrier", pa.string()),
        ("channel", pa.string()),
        ("start", pa.int64()),
        ("seconds", pa.int32()),
        ("value", pa.float64()),
        ("quality", pa.string()),
        ("row", pa.int64()),
    ]
)
MOST_BYTES: Final = 1 << 30
_CHUNK = 1 << 20
_DEPTH = 40
_PIECES = 10_000  # of text in one element
_INTEGER = re.compile(r"[+-]?\d{1,18}", re.ASCII)
_UNITS = {
    31: "J", 42: "m3", 72: "Wh", 119: "ft**3", 128: "gallon", 132: "Btu", 134: "L", 167: "m3", 169: "US_therm",
}  # fmt: skip
_COMMODITY = {0: "electricity", 1: "electricity", 2: "electricity", 7: "gas", 9: "water", 12: "heat", 13: "cooling", 14: "water"}  # fmt: skip
_SERVICE = {0: "electricity", 1: "gas", 2: "water", 4: "heat"}
_INTERVAL, _REGISTER = {0, 4}, {1, 3, 9}
_CHANNEL = {0: "import", 1: "import", 19: "export"}
_PROJECTED = 12
#: Quality code → our quality; a code that is not here (questionable, other) is measured and a doubt.
_QUALITY = {
    0: "measured", 7: "edited", 8: "estimated:reference-day", 9: "estimated:linear", 11: "estimated:derived",
    13: "estimated:mixed", 14: "measured", 15: "estimated:weather", 17: "measured", 18: "measured", 19: "measured",
}  # fmt: skip
#: resource → its numbers that are kept
_NUMBERS = {
    "ReadingType": {
        "accumulationBehaviour", "commodity", "flowDirection", "intervalLength", "powerOfTenMultiplier", "uom",
        "defaultQuality",
    },
    "LocalTimeParameters": {"tzOffset", "dstOffset"},
    "ServiceCategory": {"kind"},
}  # fmt: skip


@dataclass
class Resource:
    """An entry of the feed: its links and the numbers of its content."""

    line: int
    id: str = ""
    title: str = ""
    kinds: set[str] = field(default_factory=set)
    self_link: str = ""
    up: str = ""
    related: list[str] = field(default_factory=list)
    numbers: dict[str, int] = field(default_factory=dict)
    first: int = 0  # readings of its interval blocks: [first, last)
    last: int = 0


@dataclass(frozen=True)
class Usage:
    """What a file holds.

    ``readings``: READINGS in file order. ``points``: title by point. ``offset``: standard time minus UTC in
    seconds, for display; None where the file does not say. ``problems``: what was left out; ``doubts``:
    how many readings carry a quality that asks for a look, by code.
    """

    readings: pa.Table
    points: dict[str, str]
    offset: int | None
    problems: list[BadInput]
    doubts: dict[int, int]


def parse(source: BinaryIO, file: str = "") -> Usage:
    """The readings of a Green Button file.

    The point is the id of the usage point without ``urn:uuid:``. Raises BadInput, with line and element:
    a DTD or entity, XML that is broken, too large or another format, readings whose type is not in the file.
    """
    reader = _Reader(file)
    parser = reader.parser
    try:
        while chunk := source.read(_CHUNK):
            reader.bytes += len(chunk)
            reader.guard(reader.bytes <= MOST_BYTES)
            parser.Parse(chunk, False)
        parser.Parse(b"", True)
    except expat.ExpatError as error:
        where = Where(file or None, row=error.lineno)
        raise fault("meter.xml_broken", where, found=expat.errors.messages[error.code]) from error
    if not reader.is_espi:
        raise fault("meter.xml_not_espi", Where(file or None))
    return _assembled(reader)


class _Reader:
    """Walks the XML and keeps resources and, in compact arrays, the interval readings."""

    def __init__(self, file: str) -> None:
        self.file, self.bytes, self.is_espi = file, 0, False
        self.path: list[str] = []
        self.text: list[str] = []
        self.entry = Resource(1)
        self.resources: list[Resource] = []
        self.columns = {name: array("q") for name in ("start", "duration", "value", "quality", "line")}
        self.reading: dict[str, int] = {}
        self.is_reading = False
        self.parser = expat.ParserCreate(namespace_separator=" ")
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._characters
        self.parser.StartDoctypeDeclHandler = self._declared
        self.parser.EntityDeclHandler = self._declared

    def guard(self, fits: bool) -> None:
        if not fits:
            raise fault("meter.xml_too_big", self.here())

    def here(self, element: str | None = None, value: str | None = None) -> Where:
        return Where(self.file or None, None, self.parser.CurrentLineNumber, element, value)

    def _declared(self, *_: object) -> None:
        raise fault("meter.xml_entity", self.here())

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        space, _, tag = name.rpartition(" ")
        self.is_espi |= space == "http://naesb.org/espi"
        self.path.append(tag)
        self.guard(len(self.path) <= _DEPTH)
        self.text.clear()
        if tag == "entry":
            self.entry = Resource(self.parser.CurrentLineNumber, first=len(self.columns["line"]))
        elif tag == "link":
            self._link(attributes.get("rel", ""), attributes.get("href", ""))
        elif tag == "IntervalReading":
            self.reading, self.is_reading = {"line": self.parser.CurrentLineNumber}, True

    def _link(self, rel: str, href: str) -> None:
        if rel == "self":
            self.entry.self_link = href.rstrip("/")
        elif rel == "up":
            self.entry.up = href.rstrip("/")
        elif rel == "related":
            self.entry.related.append(href.rstrip("/"))

    def _characters(self, text: str) -> None:
        self.text.append(text)
        self.guard(len(self.text) < _PIECES)

    def _end(self, name: str) -> None:
        tag = name.rpartition(" ")[2]
        self.path.pop()
        parent = self.path[-1] if self.path else ""
        if tag == "IntervalReading":
            self._reading_ends()
        elif self.is_reading:
            self._of_reading(tag, parent)
        elif tag in _NUMBERS.get(parent, ()):
            self.entry.numbers[tag] = self._number(tag)
        elif parent == "content":
            self.entry.kinds.add(tag)
        elif parent == "entry" and tag in ("id", "title"):
            setattr(self.entry, tag, "".join(self.text).strip())
        elif tag == "entry":
            self.entry.last = len(self.columns["line"])
            self.resources.append(self.entry)
        self.text.clear()

    def _of_reading(self, tag: str, parent: str) -> None:
        if tag == "value" or (parent == "timePeriod" and tag in ("start", "duration")):
            self.reading[tag] = self._number(tag)
        elif tag == "quality" and _QUALITY.get(self.reading.get("quality", 0)) == "measured":
            self.reading["quality"] = self._number(tag)  # of several, the first that is not sound counts

    def _reading_ends(self) -> None:
        self.is_reading = False
        for name in ("start", "value"):
            if name not in self.reading:
                raise fault("meter.file_missing", self.here(f"IntervalReading/{name}"), name=name)
        for name, column in self.columns.items():
            column.append(self.reading.get(name, -1))

    def _number(self, tag: str) -> int:
        text = "".join(self.text).strip()
        if not _INTEGER.fullmatch(text):
            raise fault("meter.file_value", self.here(tag, text[:80]), name=tag, found=text[:80])
        return int(text)


@dataclass(frozen=True)
class _Type:
    """What a reading type says: carrier, channel, factor to the canonical unit, default length and quality."""

    carrier: str
    channel: str
    factor: float
    is_register: bool
    length: int
    quality: int


def _assembled(reader: _Reader) -> Usage:
    file = reader.file or None
    by_kind = {
        kind: [r for r in reader.resources if kind in r.kinds]
        for kind in ("UsagePoint", "MeterReading", "ReadingType", "IntervalBlock")
    }
    numbers = {name: np.frombuffer(column, np.int64) for name, column in reader.columns.items()}
    problems: list[BadInput] = []
    doubts: Counter[int] = Counter()
    parts: list[pa.Table] = []
    points: dict[str, str] = {}
    for block in by_kind["IntervalBlock"]:
        meter = _owner(block, by_kind["MeterReading"], "MeterReading", file)
        point = _owner(meter, by_kind["UsagePoint"], "UsagePoint", file)
        kind = _type_of(meter, by_kind["ReadingType"], file)
        try:
            what = _understood(kind, point, file)
        except BadInput as error:
            if all(error.where != p.where for p in problems):
                problems.append(error)
            continue
        name = point.id.removeprefix("urn:uuid:") or point.self_link
        points[name] = point.title
        cut = {key: column[block.first : block.last] for key, column in numbers.items()}
        parts.append(_readings(name, what, cut, file, problems, doubts))
    offsets = [r.numbers["tzOffset"] for r in reader.resources if "tzOffset" in r.numbers]
    table = pa.concat_tables(parts) if parts else READINGS.empty_table()
    return Usage(table, points, offsets[0] if offsets else None, problems, dict(doubts))


def _owner(child: Resource, owners: list[Resource], kind: str, file: str | None) -> Resource:
    """The entry a child belongs to: its collection lies below the owner or is related to it."""
    if len(owners) == 1:
        return owners[0]
    for owner in owners:
        if child.up and (child.up.startswith(owner.self_link + "/") or child.up in owner.related):
            return owner
        if child.self_link and child.self_link in owner.related:
            return owner
    raise fault("meter.espi_unlinked", Where(file, row=child.line, column="link"), name=kind)


def _type_of(meter: Resource, types: list[Resource], file: str | None) -> Resource:
    for kind in types:
        if len(types) == 1 or kind.self_link in meter.related:
            return kind
    raise fault("meter.espi_unlinked", Where(file, row=meter.line, column="link"), name="ReadingType")


def _understood(kind: Resource, point: Resource, file: str | None) -> _Type:
    """Raises BadInput where the readings of a type are no amounts of a carrier."""
    said = kind.numbers
    commodity = said.get("commodity", 0)
    carrier = _COMMODITY.get(commodity) if commodity else _SERVICE.get(point.numbers.get("kind", 0))
    behaviour, flow, uom = (said.get(n, 0) for n in ("accumulationBehaviour", "flowDirection", "uom"))
    for name, number, fits in (
        ("commodity", commodity, carrier is not None),
        ("accumulationBehaviour", behaviour, behaviour in _INTERVAL | _REGISTER),
        ("flowDirection", flow, flow in _CHANNEL),
        ("uom", uom, uom in _UNITS),
    ):
        if not fits:
            at = Where(file, None, kind.line, f"ReadingType/{name}", str(number))
            raise fault("meter.espi_unfit", at, name=name, found=number)
    assert carrier is not None and carrier in CANONICAL
    factor = _factor(uom, carrier, Where(file, None, kind.line, "ReadingType/uom", str(uom)))
    return _Type(
        carrier,
        _CHANNEL[flow],
        factor * 10.0 ** said.get("powerOfTenMultiplier", 0),
        behaviour in _REGISTER,
        said.get("intervalLength", 0),
        said.get("defaultQuality", 0),
    )


def _factor(uom: int, carrier: str, where: Where) -> float:
    try:
        return factor_to_canonical(_UNITS[uom], carrier)
    except BadInput as error:  # the unit is known but measures something else than the carrier is stored in
        raise BadInput(error.code, error.text, remedy=error.remedy, where=where) from error


def _readings(
    point: str,
    what: _Type,
    cut: dict[str, np.ndarray],
    file: str | None,
    problems: list[BadInput],
    doubts: Counter[int],
) -> pa.Table:
    """The rows of one block; forecasts and intervals without length are left out, the first of each is listed."""
    length = np.where(cut["duration"] >= 0, cut["duration"], what.length)
    quality = np.where(cut["quality"] >= 0, cut["quality"], what.quality)
    is_forecast = quality == _PROJECTED
    has_no_length = (
        (length <= 0) | (length >= 1 << 31) if not what.is_register else np.zeros(len(length), bool)
    )
    for name, bad, values in (("quality", is_forecast, quality), ("duration", has_no_length, length)):
        if bad.any() and all(
            p.where is None or p.where.column != f"IntervalReading/{name}" for p in problems
        ):
            first = int(np.flatnonzero(bad)[0])
            at = Where(file, None, int(cut["line"][first]), f"IntervalReading/{name}", str(values[first]))
            problems.append(fault("meter.espi_unfit", at, name=name, found=int(values[first])))
    good = ~(is_forecast | has_no_length)
    codes, index = np.unique(quality[good], return_inverse=True)
    doubts.update({int(c): int((index == i).sum()) for i, c in enumerate(codes) if int(c) not in _QUALITY})
    labels = pa.array([_QUALITY.get(int(c), "measured") for c in codes], pa.string())
    count = int(good.sum())
    start, length = cut["start"][good], length[good]
    return pa.table(
        [
            pa.repeat(pa.scalar(point), count),
            pa.repeat(pa.scalar(what.carrier), count),
            pa.repeat(pa.scalar(what.channel), count),
            start + length if what.is_register else start,
            np.zeros(count, np.int32) if what.is_register else length.astype(np.int32),
            cut["value"][good] * what.factor,
            labels.take(pa.array(index)),
            cut["line"][good],
        ],
        schema=READINGS,
    )
