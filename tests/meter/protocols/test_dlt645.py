import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tanlin.meter.protocols import dlt645
from tanlin.meter.protocols.dlt645 import Item
from tanlin.meter.protocols.faults import FrameError
from tests.meter.protocols.golden_files import frames

GOLDEN = frames("dlt645")
METER = "202511200001"
BLOCK = (("total", 123456.78), ("sharp", 1.0), ("peak", 23456.78), ("flat", 60000.0), ("valley", 39999.0))


def one(name: str) -> dlt645.Frame:
    decoder = dlt645.decoder()
    (frame,) = decoder.feed(GOLDEN[name])
    assert not decoder.errors
    return frame


def test_the_published_request_is_what_read_sends():
    assert dlt645.read("161", "00010000").encode(preamble=4) == GOLDEN["request_total"]


@pytest.mark.parametrize(
    ("name", "items"),
    [
        ("answer_total", [Item("import", 0.26, "kWh", "total")]),
        ("answer_voltage", [Item("voltage_1", 100.1, "V")]),
        ("answer_export", [Item("export", 12.5, "kWh", "total")]),
        ("answer_peak", [Item("import", 4321.09, "kWh", "peak")]),
        ("answer_block", [Item("import", v, "kWh", t) for t, v in BLOCK]),
        ("answer_power", [Item("power", -1.2345, "kW")]),
        ("answer_currents", [Item(f"current_{i}", v, "A") for i, v in enumerate((1.234, 0.0, -0.567), 1)]),
        ("answer_freeze_time", [Item("freeze_time", 0.0, "", "", 1, dt.datetime(2025, 11, 20))]),  # noqa: DTZ001
        ("answer_freeze", [Item("import", 123400.0 if t == "total" else (v - 56.78 if t == "peak" else v), "kWh", t, 1) for t, v in BLOCK]),
        ("answer_1997", [Item("import", 777.77, "kWh", "total")]),
    ],
)  # fmt: skip
def test_a_golden_answer_reads(name: str, items: list[Item]):
    found = dlt645.decode(one(name))
    assert [i._replace(value=pytest.approx(i.value, abs=1e-9)) for i in items] == found


def test_values_are_the_nearest_floats_of_their_digits():
    assert dlt645.decode(one("answer_block"))[0].value == 123456.78


def test_follow_up_frames_join_to_the_whole_block():
    first, rest = one("answer_follows"), one("answer_rest")
    assert first.follows and not rest.follows
    assert dlt645.decode(dlt645.joined([first, rest])) == dlt645.decode(one("answer_block"))


def test_a_follow_up_is_asked_by_identifier_and_sequence():
    frame = dlt645.read_follow(METER, "0001FF00", 1)
    assert (frame.control, frame.data.hex()) == (0x12, "00ff010001")


def test_a_refusal_tells_its_reason():
    with pytest.raises(FrameError) as caught:
        dlt645.decode(one("refusal"))
    assert (caught.value.code, caught.value.text.en) == (
        "meter.frame_refused",
        "The meter refused the request: no such data.",
    )


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("bad_checksum", "meter.frame_checksum"),
        ("bad_end", "meter.frame_end"),
        ("cut", "meter.frame_truncated"),
        ("bad_address", "meter.frame_bcd"),
    ],
)
def test_a_broken_frame_is_an_error_and_the_next_one_still_reads(name: str, code: str):
    decoder = dlt645.decoder()
    found = decoder.feed(GOLDEN[name] + GOLDEN["answer_export"]) + decoder.finish()
    assert [f.identifier for f in found] == ["00020000"]
    assert code in {e.code for e in decoder.errors} or name == "cut"


def test_a_frame_that_stops_is_reported_when_the_line_falls_silent():
    decoder = dlt645.decoder()
    assert decoder.feed(GOLDEN["cut"]) == []
    assert not decoder.errors
    assert decoder.finish() == []
    assert [e.code for e in decoder.errors] == ["meter.frame_truncated"] * GOLDEN["cut"].count(0x68)


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("bad_digit", "meter.frame_bcd"),
        ("bad_length", "meter.frame_length"),
        ("bad_month", "meter.frame_time"),
        ("unknown", "meter.frame_unknown_data"),
    ],
)
def test_a_whole_frame_with_wrong_content_is_a_typed_error(name: str, code: str):
    with pytest.raises(FrameError) as caught:
        dlt645.decode(one(name))
    assert caught.value.code == code
    assert caught.value.remedy


@pytest.mark.parametrize("text", ["1234567890123", "12a", "-1", ""])
def test_a_wrong_address_is_refused(text: str):
    if text == "":
        assert dlt645.address(text) == "0" * 12
        return
    with pytest.raises(FrameError):
        dlt645.address(text)


FRAMES = st.builds(
    dlt645.Frame,
    st.text("0123456789", min_size=12, max_size=12),
    st.integers(0, 255),
    st.binary(max_size=200),
)


@given(FRAMES, st.integers(0, 6))
def test_a_frame_survives_the_line(frame: dlt645.Frame, preamble: int):
    decoder = dlt645.decoder()
    assert decoder.feed(frame.encode(preamble)) == [frame]
    assert not decoder.errors


@given(st.lists(FRAMES, max_size=4), st.lists(st.binary(max_size=12), min_size=5, max_size=5), st.data())
def test_noise_between_frames_changes_nothing(sent: list, noise: list[bytes], data: st.DataObject):
    quiet = [n.replace(b"\x68", b"") for n in noise]
    line = quiet[0] + b"".join(f.encode() + n for f, n in zip(sent, quiet[1:], strict=False))
    assert cut_and_fed(line, data) == sent


@given(st.lists(st.one_of(st.binary(max_size=20), FRAMES.map(lambda f: f.encode())), max_size=6), st.data())
def test_frames_do_not_depend_on_how_the_bytes_were_cut(parts: list[bytes], data: st.DataObject):
    line = b"".join(parts)
    whole = dlt645.decoder()
    assert cut_and_fed(line, data) == whole.feed(line) + whole.finish()


def cut_and_fed(line: bytes, data: st.DataObject) -> list[dlt645.Frame]:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(line)), max_size=8)))
    decoder = dlt645.decoder()
    found: list[dlt645.Frame] = []
    for start, end in zip([0, *cuts], [*cuts, len(line)], strict=True):
        found += decoder.feed(line[start:end])
    return found + decoder.finish()
