"""What devices send as text: rows one by one, good or named."""

import json
import tracemalloc
from typing import Any

import pytest

from tanlin.kernel.errors import BadInput
from tanlin.meter.gateways import Sample
from tanlin.meter.pushed import Defaults, parse
from tanlin.meter.topics import Message, read, rules

NOW = 1_750_000_000
GIVEN = Defaults(NOW, "Asia/Shanghai")


def body(*rows: dict[str, Any]) -> bytes:
    return json.dumps({"readings": rows}).encode()


@pytest.mark.parametrize(
    "time",
    ["2025-06-15T22:26:40+08:00", "2025-06-15T22:26:40", "2025-06-15T14:26:40Z", 1749997600, 1749997600000],
)
def test_a_time_is_local_with_offset_or_epoch(time: object) -> None:
    found = parse(body({"point": "a", "value": 1, "time": time, "seconds": 900}), GIVEN)
    assert found.samples == [Sample("a", 1_749_997_600, 900, 1.0)]


def test_a_register_without_time_is_marked_by_its_arrival() -> None:
    assert parse(b'{"point": "a", "value": "12.5"}', GIVEN).samples == [
        Sample("a", NOW, 0, 12.5, arrival=True)
    ]


@pytest.mark.parametrize(
    ("row", "field", "reason"),
    [
        ({"point": "a", "value": "ON"}, "value", "unreadable"),
        ({"point": "a", "value": True}, "value", "unreadable"),
        ({"point": "a"}, "value", "unreadable"),
        ({"value": 1}, "point", "unreadable"),
        ({"point": "a", "value": 1, "seconds": 900}, "time", "no_time"),
        ({"point": "a", "value": "nan"}, "value", "not_finite"),
        ({"point": "a", "value": 10**400}, "value", "unreadable"),
        ({"point": "a", "value": 1, "time": "yesterday"}, "time", "time"),
        ({"point": "a", "value": 1, "time": NOW + 90_000}, "time", "time"),
        ({"point": "a", "value": 1, "time": 1e300}, "time", "time"),
        ({"point": "a", "value": 1, "time": 10**400}, "time", "time"),
        ({"point": "a", "value": 1, "time": "0001-01-01T00:00:00"}, "time", "time"),
        ({"point": "a", "value": 1, "time": "0001-01-01T00:00:00+08:00"}, "time", "time"),
        ({"point": "a", "value": 1, "time": 0, "seconds": -1}, "seconds", "length"),
        ({"point": "a", "value": 1, "channel": "up"}, "channel", "channel"),
    ],
)
def test_a_bad_row_is_named_and_the_good_one_stands(row: dict[str, Any], field: str, reason: str) -> None:
    found = parse(body({"point": "b", "value": 2, "time": 600}, row), GIVEN)
    assert [sample.point for sample in found.samples] == ["b"]
    assert [(fault.row, fault.field, fault.reason) for fault in found.faults] == [(2, field, reason)]
    assert [reject.reason for reject in found.rejects] == [reason]


@pytest.mark.parametrize("wrong", [b"\xff\xfe", b"{", b"[1, 2", b'{"readings": 5}'])
def test_a_body_that_is_no_text_or_json_is_refused(wrong: bytes) -> None:
    with pytest.raises(BadInput):
        parse(wrong, GIVEN)


def test_line_protocol_with_tags_escapes_and_several_fields() -> None:
    lines = rb"""# a comment
power,meter=M\ 1,unit=Wh,seconds=900 value=1500i 1749997600000000000
hall\,a,floor=2 import=1.5,export=0.25,ok=true,note="a, b=c" 1749997600000000000
"""
    found = parse(lines, GIVEN)
    assert found.samples == [
        Sample("M 1", 1_749_997_600, 900, 1500.0, "Wh"),
        Sample("hall,a,floor=2.import", 1_749_997_600, 0, 1.5),
        Sample("hall,a,floor=2.export", 1_749_997_600, 0, 0.25),
    ]
    assert found.faults == []


def test_a_bad_line_is_named_by_its_number() -> None:
    found = parse(b"a value=1 600\nnot a line at all\nb value=x 600", GIVEN, "s")
    assert [sample.point for sample in found.samples] == ["a"]
    assert [fault.row for fault in found.faults] == [2, 3]


def test_times_that_end_an_interval() -> None:
    found = parse(
        body({"point": "a", "value": 1, "time": 1800, "seconds": 900}), Defaults(NOW, "UTC", ends=True)
    )
    assert found.samples[0].start == 900


MAP = "site/{point}/energy unit=kWh\ntele/{any}/{point}/SENSOR value=ENERGY.Total time=Time channel=export\nplain/total"


def heard(topic: str, payload: object, retained: bool = False) -> tuple[list[Sample], list[Any]]:
    text = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    return read([Message(topic, text, NOW, retained)], rules(MAP), GIVEN)


def test_a_topic_names_the_point() -> None:
    assert [rule.filter for rule in rules(MAP)] == ["site/+/energy", "tele/+/+/SENSOR", "plain/total"]
    assert heard("site/M-1/energy", 5.5)[0] == [Sample("M-1", NOW, 0, 5.5, "kWh", arrival=True)]
    assert heard("plain/total", 7)[0] == [Sample("plain/total", NOW, 0, 7.0, arrival=True)]
    inner = {"Time": "2025-06-15T22:26:40", "ENERGY": {"Total": 12.25}}
    assert heard("tele/x/M-2/SENSOR", inner)[0] == [Sample("M-2", 1_749_997_600, 0, 12.25, channel="export")]
    rows = [{"time": 600, "seconds": 60, "value": 1}, {"time": 660, "seconds": 60, "value": 2}]
    assert [s.start for s in heard("site/M-3/energy", rows)[0]] == [600, 660]


def test_what_no_line_names_is_not_asked_for() -> None:
    assert heard("other/topic", 1) == ([], [])


def test_an_unreadable_payload_is_kept_raw() -> None:
    assert heard("site/M-1/energy", b"OFF")[1][0] == ("M-1", "OFF", "unreadable")
    assert heard("tele/x/M-2/SENSOR", {"ENERGY": {}})[1][0].reason == "unreadable"


def test_a_retained_value_without_time_is_no_reading_of_now() -> None:
    assert heard("site/M-1/energy", 5.5, retained=True) == ([], [])
    assert len(heard("site/M-1/energy", {"time": 600, "value": 5.5}, retained=True)[0]) == 1


@pytest.mark.parametrize(
    "text", ["", "site/{point}x/energy", "{point}/{point}", "a/# unit=kWh", "a colour=red", "a seconds=x"]
)
def test_a_wrong_map_is_refused(text: str) -> None:
    with pytest.raises(BadInput):
        rules(text)


@pytest.mark.parametrize(
    "line",
    [", value=1", "m,seconds=² value=1 600000000000", f"m value=1 {'9' * 5000}", "m value=1 -9"],
)
def test_a_strange_line_is_kept_aside_and_the_next_one_stands(line: str) -> None:
    found = parse(f"{line}\nm value=2 600000000000".encode(), GIVEN)
    assert [sample.value for sample in found.samples] == [2.0]
    assert [fault.row for fault in found.faults] == [1]


def test_a_bad_row_of_a_message_leaves_the_others_standing() -> None:
    rows = [{"value": n, "time": 60 * n} for n in range(50)] + [{"value": "ON", "time": 0}, "off", None]
    samples, rejects = read([Message("site/a", json.dumps(rows).encode(), NOW)], rules("site/{point}"), GIVEN)
    assert [sample.value for sample in samples] == list(range(50))
    assert [reject.raw for reject in rejects] == ['{"value": "ON", "time": 0}', '"off"', "null"]


def test_seconds_of_a_topic_are_plain_digits() -> None:
    with pytest.raises(BadInput):
        rules("site/{point} seconds=²")


def test_small_text_that_makes_large_objects_is_refused_before_it_does() -> None:
    tracemalloc.start()
    body = b"[" + b"{}," * 1_100_000 + b"{}]"
    with pytest.raises(BadInput) as refusal:
        parse(body, GIVEN)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert refusal.value.code == "meter.push_too_long" and most < 5 * len(body)
