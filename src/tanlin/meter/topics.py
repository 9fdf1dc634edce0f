"""The topic map of an MQTT source: which topics carry readings, and what a message says.

One line a rule: a topic with placeholders, then options. ``{point}`` takes one level and names the point; any other
placeholder takes one level. Without ``{point}`` the whole topic is the point.

    site/{point}/energy unit=kWh
    tele/{point}/SENSOR value=ENERGY.Total time=Time channel=import

Options: ``value`` and ``time`` are dotted paths into a JSON payload; ``unit``, ``seconds``, ``channel`` stand for what the
message leaves out. A payload is a number, a JSON row, or a list of rows.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from tanlin.kernel.errors import Text
from tanlin.meter.gateways import CHANNELS, POINT_LENGTH, RAW_LENGTH, Reject, Sample, bad_setting
from tanlin.meter.pushed import Defaults, Wrong, sample_of

OPTIONS = ("value", "time", "unit", "seconds", "channel")
_LEVEL = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True)
class Rule:
    """One line of the map: ``filter`` is what the broker is asked for."""

    filter: str
    pattern: re.Pattern[str]
    options: Mapping[str, str]


class Message(NamedTuple):
    """What came over the broker. ``arrived``: epoch seconds. ``retained``: an old value of unknown age."""

    topic: str
    payload: bytes
    arrived: int
    retained: bool = False


def rules(text: str) -> list[Rule]:
    """The lines of a topic map. Raises BadInput that names the line."""
    found = [_rule(line.split()) for line in text.splitlines() if line.strip()]
    if not found:
        raise _wrong("", "至少写一行主题。", "Write at least one topic.")
    return found


def _rule(words: list[str]) -> Rule:
    topic, *rest = words
    levels = topic.split("/")
    names = [_LEVEL.fullmatch(level) for level in levels]
    plain = [level for level, name in zip(levels, names, strict=True) if name is None]
    if any(set("{}+#") & set(level) for level in plain) or topic.count("{point}") > 1:
        raise _wrong(
            topic,
            "占位符须独占一级，如 site/{point}/energy。",
            "A placeholder takes a whole level: site/{point}/energy.",
        )
    options = dict(word.partition("=")[::2] for word in rest)
    unknown = next((name for name in options if name not in OPTIONS or not options[name]), None)
    if unknown is not None:
        raise _wrong(unknown, f"可用的选项：{'、'.join(OPTIONS)}。", f"Options are {', '.join(OPTIONS)}.")
    if (
        not re.fullmatch("[0-9]{1,8}", options.get("seconds", "0"))
        or options.get("channel", "") not in CHANNELS
    ):
        raise _wrong(
            " ".join(rest),
            "seconds 须为整数，channel 须为 import、export 或 generation。",
            "seconds is a whole number, channel import, export or generation.",
        )
    parts = [
        re.escape(level) if name is None else ("(?P<point>[^/]+)" if name[1] == "point" else "[^/]+")
        for level, name in zip(levels, names, strict=True)
    ]
    return Rule(
        "/".join("+" if n else level for level, n in zip(levels, names, strict=True)),
        re.compile("/".join(parts)),
        options,
    )


def read(
    messages: Sequence[Message], lines: Sequence[Rule], given: Defaults
) -> tuple[list[Sample], list[Reject]]:
    """The samples of some messages, and what could not be read. A topic that no line names is not asked for."""
    samples: list[Sample] = []
    rejects: list[Reject] = []
    for message in messages:
        for rule in lines:
            match = rule.pattern.fullmatch(message.topic)
            if match is not None:
                point = match.groupdict().get("point") or message.topic
                _read_one(message, point, rule, given, samples, rejects)
    return samples, rejects


def _read_one(
    message: Message, point: str, rule: Rule, given: Defaults, samples: list[Sample], rejects: list[Reject]
) -> None:
    options = rule.options
    here = replace(
        given,
        now=message.arrived,
        seconds=int(options.get("seconds", given.seconds)),
        unit=options.get("unit", given.unit),
        channel=options.get("channel", given.channel),
    )
    try:
        body = json.loads(message.payload)
    except (ValueError, RecursionError):
        raw = message.payload[:RAW_LENGTH].decode("utf-8", "replace")
        rejects.append(Reject(point[:POINT_LENGTH], raw, "unreadable"))
        return
    for one in body if isinstance(body, list) else [body]:
        try:
            sample = sample_of({"point": point, **_row(one, options)}, here)
        except Wrong as wrong:
            raw = json.dumps(one, ensure_ascii=False)[:RAW_LENGTH]
            rejects.append(Reject(point[:POINT_LENGTH], raw, wrong.reason))
            continue
        # A retained value without a time of its own is of unknown age: it is no reading of this moment.
        if not (message.retained and sample.arrival):
            samples.append(sample)


def _row(one: Any, options: Mapping[str, str]) -> Mapping[str, Any]:
    """One row of a payload. Raises Wrong."""
    if not isinstance(one, dict):
        return {"value": one}
    times = {"time": _at(one, options["time"])} if "time" in options else {}
    if "value" in options:
        return {"value": _at(one, options["value"]), **times}
    return {**one, **times}


def _at(row: Any, path: str) -> Any:
    for name in path.split("."):
        if not isinstance(row, dict) or name not in row:
            raise Wrong(path, row)
        row = row[name]
    return row


def _wrong(value: str, zh: str, en: str) -> Any:
    return bad_setting("topics", value, Text(f"主题映射有误：{zh}", f"The topic map is wrong: {en}"))
