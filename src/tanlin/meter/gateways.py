"""What every gateway shares: the samples it hands over, what it may be told, and who keeps them.

A gateway (adapter) speaks with devices and turns what it hears into ``Sample`` rows. It calls ``await sink.put(...)``
and acknowledges to its device only after that call has returned, for then the rows are on disk. When ``put`` raises
``Full`` nothing was kept: the adapter acknowledges nothing and tries again later. Sending the same rows twice is
allowed everywhere; readings are told apart by point, channel, start and seconds, and the newest arrival counts.

What an adapter cannot read (a text where a number should be, a frame with a wrong checksum) it hands over as ``Reject``
with the raw text: it is kept beside the readings for people to see, and acknowledged like them.

An adapter is one class that meets ``Adapter``, is named in ``KINDS`` and imported only when a source of its kind runs.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, Protocol

from tanlin.kernel.errors import BadInput, TanlinError, Text, Where
from tanlin.readings import InboxFull

#: kind of a source → its adapter. Pushed sources have no adapter: the site itself takes what they send.
KINDS: dict[str, str] = {
    "http": "tanlin.meter.adapters.http_push:HttpPush",
    "mqtt": "tanlin.meter.adapters.mqtt:Mqtt",
    "modbus": "tanlin.meter.adapters.modbus:Modbus",
    "ocpp": "tanlin.meter.adapters.ocpp:Ocpp",
    "serial": "tanlin.meter.adapters.serial:Serial",
}

#: Longest name of a point, and longest raw text kept of something unreadable.
POINT_LENGTH, RAW_LENGTH = 200, 500
#: Starts that a reading may have: 1970 up to 2200, as the log of readings has them.
LAST_START = 7_258_118_400
#: A clock may run ahead by so much; a later reading is kept aside.
AHEAD_SECONDS = 86_400
#: A value from here on is no quantity of anything, as the log of readings has it.
MOST_VALUE = 1e300
#: The longest interval: a bill of a year.
LONGEST = 366 * 86_400
CHANNELS = ("", "import", "export", "generation")


class Sample(NamedTuple):
    """One reading as the source names it.

    ``point``: the source's own name of the measuring point. ``start``: epoch seconds at which the interval starts, or
    at which a register stood. ``seconds``: length of the interval; 0 for a register reading. ``unit``: None where the
    source is silent (then the mapping of the point says it). ``channel``: "" for the mapped one. ``arrival``: the
    source gave no time and the time of arrival stands for it, which is allowed for register readings only.
    """

    point: str
    start: int
    seconds: int
    value: float
    unit: str | None = None
    channel: str = ""
    arrival: bool = False


class Reject(NamedTuple):
    """Something that is no reading, kept with its reason (a code of ``REASONS``) so that nothing is lost."""

    point: str
    raw: str
    reason: str


#: Why a row is kept aside: what is wrong, and how to mend it.
REASONS: dict[str, tuple[Text, Text]] = {
    "unmapped": (
        Text("测点尚未对应到表计", "The point is not mapped to a meter"),
        Text(
            "请为它选择表计，已收到的数据会随即入库。", "Choose its meter; what has come in is stored then."
        ),
    ),
    "unreadable": (
        Text("内容无法识别", "The content cannot be read"),
        Text(
            "请核对设备的数据格式与来源设置。",
            "Check the format the device sends and the settings of the source.",
        ),
    ),
    "no_time": (
        Text("区间电量没有时间", "An interval reading has no time"),
        Text(
            "请让设备随数值发送时间，或改发表底数。",
            "Have the device send the time with the value, or send the register.",
        ),
    ),
    "not_finite": (
        Text("不是有限的数", "Not a finite number"),
        Text("设备没有测到数值，请检查设备。", "The device had no value; look at the device."),
    ),
    "time": (
        Text("时间在未来或超出范围", "The time lies in the future or out of range"),
        Text(
            "请校准设备时钟，并核对时间单位（秒或毫秒）。",
            "Set the clock of the device, and check its unit (seconds or milliseconds).",
        ),
    ),
    "length": (
        Text("区间长度不合理", "The length of the interval makes no sense"),
        Text(
            "长度以秒计，0 表示表底数，最长 366 天。",
            "Give seconds: 0 for a register reading, at most 366 days.",
        ),
    ),
    "channel": (
        Text("方向不认识", "The channel is unknown"),
        Text("可用 import、export、generation。", "Use import, export or generation."),
    ),
    "unit": (
        Text("单位未知或与能源品种不符", "The unit is unknown or does not fit the carrier"),
        Text("请在测点对应中填写单位。", "State the unit in the mapping of the point."),
    ),
    "checksum": (
        Text("校验码不符", "The checksum is wrong"),
        Text("请检查接线、波特率与干扰。", "Check the wiring, the baud rate and interference."),
    ),
}


def fault(sample: Sample, now: int) -> str | None:
    """The reason for which a sample cannot be a reading, or None. ``now``: epoch seconds."""
    if not math.isfinite(sample.value) or abs(sample.value) >= MOST_VALUE:
        return "not_finite"
    if not 0 <= sample.start < min(LAST_START, now + AHEAD_SECONDS):
        return "time"
    if not 0 <= sample.seconds <= LONGEST:
        return "length"
    if sample.arrival and sample.seconds:
        return "no_time"
    return None if sample.channel in CHANNELS else "channel"


#: Raised by ``put``: nothing was kept; the source holds its data and tries again.
Full: type[TanlinError] = InboxFull

State = Literal["connecting", "connected", "waiting", "failed", "stopped"]


class Sink(Protocol):
    """Where an adapter puts what it hears."""

    async def put(self, samples: Sequence[Sample], rejects: Sequence[Reject] = ()) -> None:
        """Return when all rows are on disk, whole. Raises Full when none of them is."""

    def report(self, state: State, error: TanlinError | None = None) -> None:
        """Tell the page how it stands; never waits. ``error`` carries the remedy; None clears the last one."""


@dataclass(frozen=True)
class Source:
    """A gateway as people set it up. ``tz``: time zone of its place. ``secret``: password or key, never logged."""

    id: int
    name: str
    kind: str
    tz: str
    config: Mapping[str, Any] = field(default_factory=dict)
    secret: str = field(default="", repr=False)


@dataclass(frozen=True)
class Field:
    """One setting of a kind of source. ``kind`` secret: kept apart from the settings and never shown again."""

    name: str
    label: Text
    kind: Literal["text", "lines", "number", "flag", "choice", "secret"] = "text"
    default: Any = ""
    help: Text | None = None
    choices: tuple[tuple[str, Text], ...] = ()
    required: bool = False


class Adapter(Protocol):
    """One kind of source. The class itself is called without arguments."""

    title: Text
    fields: tuple[Field, ...]

    def check(self, config: Mapping[str, Any]) -> dict[str, Any]:
        """The settings made whole and typed; raises BadInput (``where.column``: the field)."""

    async def run(self, source: Source, sink: Sink, stop: asyncio.Event) -> None:
        """Work until ``stop`` is set. It reconnects by itself; what it raises is shown, and it starts anew later.

        The task may also be cancelled. Settings that change end it and start another.
        """


def bad_setting(column: str, value: object, text: Text, remedy: Text | None = None) -> BadInput:
    """The error of one wrong setting, for ``Adapter.check``."""
    return BadInput("meter.bad_setting", text, remedy=remedy, where=Where(column=column, value=str(value)))
