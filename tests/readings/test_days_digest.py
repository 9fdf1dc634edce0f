"""Local days and digests."""

import hashlib
import struct

import numpy as np
import pyarrow as pa
import pytest

from tanlin.kernel.errors import BadInput
from tanlin.readings import DAYS, daily, derive, digests, set_digest
from tests.readings.test_effective import log

HOUR = 3600
SHANGHAI = pa.table({"meter_id": [1, 2], "tz": ["Asia/Shanghai", "Europe/London"]})
JUNE = 1_748_707_200  # 2025-06-01 00:00 in Shanghai


def test_no_rows_have_no_days() -> None:
    assert daily(derive(log()).rows, SHANGHAI).schema == DAYS


def test_a_local_day_is_the_sum_of_its_hours() -> None:
    rows = derive(log(*((JUNE + h * HOUR, HOUR, 1.0) for h in range(-1, 25)))).rows
    days = daily(rows, SHANGHAI)
    assert days["day"].to_pylist() == [20250531, 20250601, 20250602]
    assert days["value"].to_pylist() == [1.0, 24.0, 1.0]
    assert days["seconds"].to_pylist() == [HOUR, 24 * HOUR, HOUR]
    assert days["local_month"].to_pylist() == ["2025-05", "2025-06", "2025-06"]


def test_an_interval_over_midnight_is_split_by_seconds_and_counts_as_estimated() -> None:
    days = daily(derive(log((JUNE - HOUR, 4 * HOUR, 8.0))).rows, SHANGHAI)
    assert days["value"].to_pylist() == [2.0, 6.0]
    assert days["estimated"].to_pylist() == [2.0, 6.0]


def test_estimated_readings_count_as_estimated_and_edited_ones_do_not() -> None:
    rows = derive(log((JUNE, HOUR, 1.0, "estimated:x"), (JUNE + HOUR, HOUR, 2.0, "edited"))).rows
    assert daily(rows, SHANGHAI)["estimated"].to_pylist() == [1.0]


def test_a_bill_has_no_days() -> None:
    assert daily(derive(log((JUNE, 30 * 24 * HOUR, 300.0))).rows, SHANGHAI).num_rows == 0


def test_days_of_a_clock_change_have_23_and_25_hours() -> None:
    """Europe/London: 2025-03-30 and 2025-10-26."""
    start = 1_743_206_400  # 2025-03-29 00:00 UTC
    rows = derive(log(*((start + h * HOUR, HOUR, 1.0) for h in range(24 * 250)), meter=2)).rows
    days = daily(rows, SHANGHAI)
    hours = dict(zip(days["day"].to_pylist(), days["value"].to_pylist(), strict=True))
    assert (hours[20250330], hours[20251026], hours[20250601]) == (23.0, 25.0, 24.0)


def test_a_meter_without_a_zone_is_named() -> None:
    with pytest.raises(BadInput, match="3"):
        daily(derive(log((JUNE, HOUR, 1.0), meter=3)).rows, SHANGHAI)


def test_the_digest_is_sha256_of_the_rows_packed_little_endian() -> None:
    rows = derive(log((JUNE, HOUR, 1.5), (JUNE + HOUR, HOUR, -0.0, "estimated:x"))).rows

    def text(label: str) -> bytes:
        return hashlib.sha256(label.encode()).digest()[:8]

    packed = b"".join(
        struct.pack("<q", 1) + text("import") + struct.pack("<qid", start, HOUR, value) + text(quality)
        for start, value, quality in [(JUNE, 1.5, "measured"), (JUNE + HOUR, 0.0, "estimated:x")]
    )
    one = digests(rows)
    assert one["digest"].to_pylist() == ["sha256:" + hashlib.sha256(packed).hexdigest()]
    assert one.select(["meter_id", "channel", "month", "rows"]).to_pylist() == [
        {"meter_id": 1, "channel": "import", "month": "2025-05", "rows": 2}
    ]


def test_a_set_digest_does_not_depend_on_the_order_of_its_meter_months() -> None:
    months = digests(derive(log(*((JUNE + d * 86400, HOUR, 1.0) for d in range(90)))).rows)
    assert months.num_rows == 4
    assert set_digest(months) == set_digest(reversed(months["digest"].to_pylist()))
    assert set_digest(months) != set_digest(months.slice(1))


def test_a_changed_value_changes_only_its_own_meter_month() -> None:
    table = [(JUNE + d * 86400, HOUR, 1.0) for d in range(90)]
    before = digests(derive(log(*table)).rows)["digest"].to_pylist()
    table[40] = (*table[40][:2], np.nextafter(1.0, 2.0))
    after = digests(derive(log(*table)).rows)["digest"].to_pylist()
    assert [a == b for a, b in zip(before, after, strict=True)] == [True, True, False, True]
