import io
import json

import pytest

from tanlin.kernel.errors import BadInput
from tanlin.meter.protocols import tables
from tests.meter.protocols.golden_files import HERE


def read(name: str) -> list[tables.Table]:
    data = (HERE / name).read_bytes()
    kind = tables.kind_of(data[:4096])
    assert kind
    return tables.read(kind, io.BytesIO(data), name)


@pytest.mark.parametrize(
    ("start", "kind"),
    [
        (b'\xef\xbb\xbf<?xml version="1.0"?><feed xmlns:espi="http://naesb.org/espi">', "espi"),
        (b"<html>", None),
        (b'  [{"OperatorID": "1", "Data": "..."}]', "tcec102"),
        (b'{"StartChargeSeq": "1"}', "tcec102"),
        (b'{"readings": []}', None),
        ("表号,时间,用量".encode(), None),
    ],
)
def test_a_format_is_known_by_its_first_bytes(start: bytes, kind: str | None):
    assert tables.kind_of(start) == kind


def test_green_button_makes_a_table_of_intervals_and_one_of_registers():
    intervals, registers = read("green_button.xml")
    assert intervals.columns.column_names == [
        "表号", "能源品种", "方向", "开始时间", "结束时间", "用量", "单位", "行号",
    ]  # fmt: skip
    assert intervals.columns["结束时间"][0].as_py() == "2025-11-20T00:15:00Z"
    assert (intervals.columns.num_rows, registers.columns.num_rows) == (3, 1)
    assert registers.columns["示数"].to_pylist() == [77.0]
    assert intervals.quality.to_pylist() == ["estimated:reference-day", "measured", "measured"]
    assert [p.code for p in intervals.problems] == ["meter.espi_unfit"]


def test_the_unit_is_the_carriers():
    assert read("green_button.xml")[0].columns["单位"].unique().to_pylist() == ["kWh"]


def test_orders_keep_their_local_times():
    (orders,) = read("orders.json")
    assert orders.columns["开始时间"][0].as_py() == "2025-11-19T21:40:00"
    assert orders.columns["行号"].to_pylist() == [1, 1, 2]


def test_bad_orders_come_along():
    (orders,) = read("orders_broken.jsonl")
    assert (orders.columns.num_rows, len(orders.problems)) == (1, 7)


def test_a_file_of_bad_orders_alone_is_refused_with_its_first_problem():
    data = json.dumps({"StartChargeSeq": "1"}).encode()
    with pytest.raises(BadInput) as caught:
        tables.read("tcec102", io.BytesIO(data), "f.json")
    assert caught.value.where.column == "ConnectorID"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_orders_read_in_the_encodings_of_platforms(encoding: str):
    data = (HERE / "orders_broken.jsonl").read_text(encoding="utf-8").replace('"A1"', '"甲"').encode(encoding)
    (orders,) = tables.read("tcec102", io.BytesIO(data), "f.json")
    assert orders.columns.num_rows == 1


def test_bytes_of_no_encoding_are_refused():
    with pytest.raises(BadInput) as caught:
        tables.read("tcec102", io.BytesIO(b'{"StartChargeSeq": "\xff\xff"}'), "f.json")
    assert caught.value.code == "meter.file_json"
