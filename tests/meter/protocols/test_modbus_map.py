import math
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tanlin.kernel.errors import BadInput
from tanlin.meter.protocols import modbus_map
from tanlin.meter.protocols.modbus_map import Point

MAP = """point,unit_id,function,address,type,word_order,byte_order,scale,offset,unit,channel,kind,seconds
main,1,3,100,uint32,big,big,0.01,0,kWh,import,register,
main,1,3,102,uint32,,,0.01,,kWh,export,register,
pv,1,3,104,float32,little,,,,kWh,,interval,900
water,2,4,7,uint16,,,0.1,5,m3,,,
"""


def test_a_map_reads_with_its_defaults():
    points = modbus_map.parse(MAP)
    assert points == [
        Point("main", 100, "uint32", scale=0.01, unit="kWh", channel="import"),
        Point("main", 102, "uint32", scale=0.01, unit="kWh", channel="export"),
        Point("pv", 104, "float32", word_order="little", unit="kWh", seconds=900),
        Point("water", 7, "uint16", 2, 4, scale=0.1, offset=5.0, unit="m3"),
    ]


@pytest.mark.parametrize(
    ("row", "column"),
    [
        (",1,3,1,int16", "point"),
        ("a,1,3,x,int16", "address"),
        ("a,1,3,65536,int16", "address"),
        ("a,1,3,65535,int32", "address"),
        ("a,1,3,-1,int16", "address"),
        ("a,1,6,1,int16", "function"),
        ("a,999,3,1,int16", "unit_id"),
        ("a,1,3,1,int8", "type"),
        ("a,1,3,1,int16,middle", "word_order"),
        ("a,1,3,1,int16,,,ten", "scale"),
        ("a,1,3,1,int16,,,nan", "scale"),
        ("a,1,3,1,int16,,,,inf", "offset"),
        ("a,1,3,1,int16,,,,,kWh,sideways", "channel"),
        ("a,1,3,1,int16,,,,,kWh,,monthly", "kind"),
        ("a,1,3,1,int16,,,,,kWh,,interval,", "seconds"),
        ("main,1,3,200,int16,,,,,kWh,import", "point"),
    ],
)
def test_an_unusable_cell_is_named_by_row_and_column(row: str, column: str):
    with pytest.raises(BadInput) as caught:
        modbus_map.parse(MAP + row, "map.csv")
    assert (caught.value.where.row, caught.value.where.column) == (6, column)


def test_a_missing_column_and_an_empty_map_are_refused():
    with pytest.raises(BadInput, match="type"):
        modbus_map.parse("point,address\na,1\n")
    with pytest.raises(BadInput) as caught:
        modbus_map.parse(MAP.splitlines()[0])
    assert caught.value.code == "meter.map_empty"


def test_neighbouring_registers_share_a_read():
    reads = modbus_map.blocks(modbus_map.parse(MAP))
    assert [(b.unit_id, b.function, b.address, b.count) for b in reads] == [(1, 3, 100, 6), (2, 4, 7, 1)]


def test_no_read_is_longer_than_the_protocol_allows():
    points = [Point(f"p{i}", 2 * i, "uint32") for i in range(100)]
    reads = modbus_map.blocks(points)
    assert [b.count for b in reads] == [124, 76]
    assert [p for b in reads for p in b.points] == points


def test_a_point_that_must_be_alone_is():
    points = [Point(f"p{i}", i, "int16") for i in range(3)]
    assert [b.address for b in modbus_map.blocks(points, frozenset({points[1]}))] == [0, 1, 2]


@pytest.mark.parametrize(
    ("kind", "words", "value"),
    [
        ("int16", [0xFFFE], -2),
        ("uint16", [0xFFFE], 65534),
        ("uint32", [0x0001, 0x0002], 65538),
        ("int32", [0xFFFF, 0xFFFE], -2),
        ("float32", [0x4640, 0xE680], 12345.625),
        ("uint64", [0, 0, 1, 0], 65536),
        ("float64", [0x40C8, 0x1CD0, 0, 0], 12345.625),
    ],
)
def test_words_read_as_their_type(kind: str, words: list[int], value: float):
    assert modbus_map.value(Point("p", 0, kind), words) == value
    swapped = Point("p", 0, kind, word_order="little", byte_order="little", scale=0.5, offset=1.0)
    turned = [struct.unpack("<H", struct.pack(">H", w))[0] for w in reversed(words)]
    assert modbus_map.value(swapped, turned) == value * 0.5 + 1.0


def test_a_nan_is_refused():
    with pytest.raises(BadInput) as caught:
        modbus_map.value(Point("p", 0, "float32"), [0x7FC0, 0])
    assert caught.value.code == "meter.map_not_a_number"


def uint32(value: int) -> list[int]:
    return [value >> 16, value & 0xFFFF]


@given(st.integers(0, 2**31), st.integers(1, 60_000))
def test_a_counter_read_the_wrong_way_round_raises_a_doubt(before: int, step: int):
    now = before + step
    if now >> 16 != before >> 16:
        return
    wrong = Point("p", 0, "uint32", word_order="little")
    assert modbus_map.order_doubtful(wrong, uint32(before), uint32(now))
    assert not modbus_map.order_doubtful(Point("p", 0, "uint32"), uint32(before), uint32(now))


@given(st.floats(0.5, 1e7, width=32))
def test_a_sound_float_raises_no_doubt(value: float):
    words = list(struct.unpack(">2H", struct.pack(">f", value)))
    assert not modbus_map.order_doubtful(Point("p", 0, "float32"), words, words)


def test_a_float_read_the_wrong_way_round_raises_a_doubt():
    words = list(struct.unpack(">2H", struct.pack(">f", 54321.5)))
    wrong = Point("p", 0, "float32", word_order="little")
    assert math.isfinite(modbus_map.value(wrong, words))
    assert modbus_map.order_doubtful(wrong, words, words)
