import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tanlin.meter.protocols import cjt188
from tanlin.meter.protocols.cjt188 import Quantity
from tanlin.meter.protocols.faults import FrameError
from tests.meter.protocols.golden_files import frames

GOLDEN = frames("cjt188")
METER = "78330011223344"
CLOCK = dt.datetime(2025, 11, 20, 8, 30, 15)  # noqa: DTZ001


def one(name: str) -> cjt188.Frame:
    decoder = cjt188.decoder()
    (frame,) = decoder.feed(GOLDEN[name])
    assert not decoder.errors
    return frame


def test_the_published_request_is_what_read_sends():
    assert cjt188.read(0x10, METER).encode(preamble=4) == GOLDEN["request_water"]


def test_the_identifier_may_be_sent_either_way_round():
    assert cjt188.read(0x10, METER, swapped=False).data.hex() == "901f00"
    assert one("answer_gas").identifier == one("answer_water").identifier == "901F"


def test_a_water_meter_reads():
    usage = cjt188.decode(one("answer_water"))
    assert (usage.carrier, usage.total, usage.settled) == (
        "water",
        Quantity(1234.56, "m3"),
        Quantity(1200.0, "m3"),
    )
    assert usage.time == CLOCK
    assert (usage.status.valve, usage.status.battery_low) == ("closed", True)


def test_a_gas_meter_reads():
    usage = cjt188.decode(one("answer_gas"))
    assert (usage.carrier, usage.total, usage.status.valve) == ("gas", Quantity(987.6, "m3"), "open")


def test_a_heat_meter_reads():
    usage = cjt188.decode(one("answer_heat"))
    assert usage == cjt188.Usage(
        "heat",
        Quantity(1234.56, "kWh"),
        Quantity(1000.0, "kWh"),
        CLOCK,
        cjt188.Status("open", False, b"\0\0"),
        power=Quantity(5.0, "kW"),
        flow=Quantity(0.4321, "m3/h"),
        volume=Quantity(88.0, "m3"),
        supply_celsius=65.43,
        return_celsius=40.21,
        hours=4321,
    )


def test_the_factor_of_a_unit_code_is_applied():
    assert cjt188.decode(one("answer_heat_gj")).total == Quantity(1200.0, "GJ")


@pytest.mark.parametrize("kind", [0x00, 0x1A, 0x22, 0x40, 0xFF])
def test_a_type_whose_fields_are_not_known_is_refused(kind: int):
    with pytest.raises(FrameError):
        cjt188.carrier(kind)


def test_a_settlement_day_reads():
    assert cjt188.decode_history(one("answer_history")) == (2, Quantity(1100.0, "m3"))


def test_a_refusal_is_a_typed_error():
    with pytest.raises(FrameError) as caught:
        cjt188.decode(one("refusal"))
    assert caught.value.code == "meter.frame_refused"


@pytest.mark.parametrize(
    ("name", "code"),
    [("bad_checksum", "meter.frame_checksum"), ("bad_end", "meter.frame_end")],
)
def test_a_broken_frame_is_an_error_and_the_next_one_still_reads(name: str, code: str):
    decoder = cjt188.decoder()
    found = decoder.feed(GOLDEN[name] + GOLDEN["answer_gas"]) + decoder.finish()
    assert [f.kind for f in found] == [0x30]
    assert code in {e.code for e in decoder.errors}


def test_a_frame_that_stops_does_not_swallow_the_next():
    decoder = cjt188.decoder()
    found = decoder.feed(GOLDEN["cut"] + GOLDEN["answer_gas"]) + decoder.finish()
    assert [f.kind for f in found] == [0x30]


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("bad_digit", "meter.frame_bcd"),
        ("bad_unit", "meter.frame_unknown_unit"),
        ("bad_length", "meter.frame_length"),
        ("bad_time", "meter.frame_time"),
        ("custom", "meter.frame_unknown_data"),
        ("heat_unit_first", "meter.frame_unknown_unit"),
    ],
)
def test_a_whole_frame_with_wrong_content_is_a_typed_error(name: str, code: str):
    with pytest.raises(FrameError) as caught:
        cjt188.decode(one(name))
    assert caught.value.code == code
    assert caught.value.remedy


FRAMES = st.builds(
    cjt188.Frame,
    st.integers(0, 255),
    st.text("0123456789", min_size=14, max_size=14),
    st.integers(0, 255),
    st.binary(max_size=100),
)


@given(FRAMES, st.integers(0, 4))
def test_a_frame_survives_the_line(frame: cjt188.Frame, preamble: int):
    assert cjt188.decoder().feed(frame.encode(preamble)) == [frame]


@given(st.lists(st.one_of(st.binary(max_size=20), FRAMES.map(lambda f: f.encode())), max_size=6), st.data())
def test_frames_do_not_depend_on_how_the_bytes_were_cut(parts: list[bytes], data: st.DataObject):
    line = b"".join(parts)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(line)), max_size=8)))
    pieces, whole = cjt188.decoder(), cjt188.decoder()
    found: list[cjt188.Frame] = []
    for start, end in zip([0, *cuts], [*cuts, len(line)], strict=True):
        found += pieces.feed(line[start:end])
    assert found + pieces.finish() == whole.feed(line) + whole.finish()
