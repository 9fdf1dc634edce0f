import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tanlin.kernel.errors import BadInput
from tanlin.meter.protocols import tcec102
from tests.meter.protocols.golden_files import HERE

GOOD = (HERE / "orders.json").read_text(encoding="utf-8")
BROKEN = (HERE / "orders_broken.jsonl").read_text(encoding="utf-8")
EVENING = 1763559600  # 2025-11-19 21:40 in Shanghai


def order(**changes: object) -> dict:
    return {
        "StartChargeSeq": "B1",
        "ConnectorID": "C1",
        "StartTime": "2025-11-20 08:00:00",
        "EndTime": "2025-11-20 09:00:00",
        "TotalPower": 10,
        **changes,
    }


def test_periods_are_intervals_of_the_connector():
    rows = tcec102.parse(GOOD, "orders.json").periods.to_pylist()
    assert [(r["connector"], r["start"], r["seconds"], r["value"]) for r in rows] == [
        ("44030100001", EVENING, 4800, 20.25),
        ("44030100001", EVENING + 4800, 1800, 4.25),
        ("44030100002", EVENING + 33600, 2730, 11.02),
    ]


def test_sessions_hold_energy_and_money():
    rows = tcec102.parse(GOOD).sessions.to_pylist()
    assert [(r["order"][-2:], r["energy"], r["electricity_money"], r["service_money"], r["total_money"], r["row"]) for r in rows] == [
        ("01", 24.5, 17.23, 9.8, 27.03, 1),
        ("02", 11.02, None, None, 9.9, 2),
    ]  # fmt: skip


def test_connector_states_are_words():
    rows = tcec102.parse(GOOD).states.to_pylist()
    assert [(r["connector"][-1], r["state"]) for r in rows] == [("1", "charging"), ("2", "fault")]


def test_each_bad_order_is_listed_with_row_and_field_and_left_out():
    read = tcec102.parse(BROKEN, "orders.jsonl")
    assert read.sessions["order"].to_pylist() == ["A1"]
    assert read.periods["value"].to_pylist() == [10.0]
    assert [(p.code.removeprefix("meter.file_"), p.where.row, p.where.column) for p in read.problems] == [
        ("order_time", 2, "EndTime"),
        ("value", 3, "StartTime"),
        ("value", 4, "TotalPower"),
        ("order_sum", 5, "TotalPower"),
        ("missing", 6, "ConnectorID"),
        ("order_conflict", 8, "StartChargeSeq"),
        ("value", 9, "Status"),
    ]


def test_an_order_that_overlaps_another_of_its_connector_is_left_out():
    orders = [
        order(),
        order(StartChargeSeq="B2", StartTime="2025-11-20 08:30:00", EndTime="2025-11-20 09:30:00"),
        order(StartChargeSeq="B3", StartTime="2025-11-20 09:00:00", EndTime="2025-11-20 10:00:00"),
        order(StartChargeSeq="B4", ConnectorID="C2"),
    ]
    read = tcec102.parse(json.dumps(orders))
    assert read.sessions["order"].to_pylist() == ["B1", "B3", "B4"]
    assert [(p.code, p.where.row) for p in read.problems] == [("meter.file_order_overlap", 2)]


def test_periods_of_an_order_that_overlap_are_refused():
    times = [("08:00:00", "08:40:00"), ("08:30:00", "09:00:00")]
    details = [
        {"DetailStartTime": f"2025-11-20 {a}", "DetailEndTime": f"2025-11-20 {b}", "DetailPower": 5}
        for a, b in times
    ]
    (problem,) = tcec102.parse(json.dumps(order(ChargeDetails=details))).problems
    assert problem.code == "meter.file_order_overlap"


def test_line_by_line_and_array_read_the_same():
    items = json.loads(GOOD)
    lines = "\n".join(json.dumps(item) for item in items)
    assert tcec102.parse(lines).periods == tcec102.parse(GOOD).periods


def test_times_are_local_to_the_zone():
    read = tcec102.parse(json.dumps(order()), tz="Asia/Tokyo")
    assert read.periods["start"].to_pylist() == [1763593200]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("{", "meter.file_json"),
        ("[1, 2]", "meter.file_no_orders"),
        ("{}", "meter.file_no_orders"),
        (
            '{"OperatorID": "1", "Data": "il7B0BSEjFdzpyKzfOFpvg==", "TimeStamp": "1", "Seq": "1", "Sig": "x"}',
            "meter.file_encrypted",
        ),
    ],
)
def test_a_file_of_which_nothing_can_be_taken_is_refused(text: str, code: str):
    with pytest.raises(BadInput) as caught:
        tcec102.parse(text, "f.json")
    assert caught.value.code == code
    assert caught.value.remedy


def signed(key: str) -> str:
    envelope = {"OperatorID": "1", "Data": json.dumps(order()), "TimeStamp": "20251120090000", "Seq": "0001"}
    return json.dumps({**envelope, "Sig": tcec102.signature(envelope, key)})


def test_a_signed_envelope_reads_with_its_key():
    assert tcec102.parse(signed("secret"), signature_key="secret").sessions.num_rows == 1


def test_a_signature_of_another_key_is_refused():
    with pytest.raises(BadInput) as caught:
        tcec102.parse(signed("secret"), signature_key="other")
    assert caught.value.code == "meter.file_signature"


def test_an_unsigned_envelope_is_refused_where_a_key_is_given():
    with pytest.raises(BadInput):
        tcec102.parse(json.dumps({"Data": order()}), signature_key="secret")


def test_signature_is_hmac_md5_of_the_joined_fields():
    # RFC 2202, test case 2 of HMAC-MD5: key "Jefe", "what do ya want for nothing?"
    envelope = {"OperatorID": "what do ya ", "Data": "want ", "TimeStamp": "for ", "Seq": "nothing?"}
    assert tcec102.signature(envelope, "Jefe") == "750C783E6AB0B503EAA86E310A5DB738"


@given(st.permutations(list(range(6))), st.integers(1, 3))
def test_energy_is_the_same_in_any_order_and_any_repetition(shuffle: list[int], times: int):
    orders = [order(StartChargeSeq=f"S{i}", ConnectorID=f"C{i}", TotalPower=i + 0.25) for i in range(6)]
    text = "\n".join(json.dumps(orders[i]) for i in shuffle * times)
    read = tcec102.parse(text)
    assert (sum(read.periods["value"].to_pylist()), read.problems) == (16.5, [])
