from datetime import UTC, datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tanlin.kernel import BadInput, Period, calendar_frame, local_fields

ZONES = [
    "Asia/Shanghai",
    "Europe/London",
    "Asia/Kolkata",
    "America/New_York",
    "Australia/Lord_Howe",
]


@pytest.mark.parametrize("label", ["2025", "2025-06", "2025-06-30"])
def test_a_label_is_read_back_as_written(label):
    assert Period.parse(label).label == label


def test_full_width_digits_name_the_same_period():
    assert Period.parse("２０２５－０６").label == "2025-06"


@pytest.mark.parametrize("label", ["", "25", "2025-13", "2025-02-30", "2025/06", "next year", "٢٠٢٥", "9999"])
def test_a_bad_label_is_refused_with_its_value(label):
    with pytest.raises(BadInput) as error:
        Period.parse(label)
    assert error.value.where.value == label


def test_a_shanghai_year_starts_eight_hours_before_utc():
    assert Period("2025").bounds("Asia/Shanghai")[0] == datetime(2024, 12, 31, 16, tzinfo=UTC).timestamp()


def test_december_ends_with_the_year():
    assert Period("2025-12").bounds()[1] == Period("2025").bounds()[1]


def test_the_twelve_months_fill_the_year():
    months = Period("2024").months()
    joins = [a.bounds()[1] == b.bounds()[0] for a, b in pairwise(months)]
    assert len(months) == 12
    assert all(joins)


def test_the_29th_of_february_has_the_28th_a_year_before():
    assert Period("2024-02-29").previous_year() == Period("2023-02-28")


@given(
    st.sampled_from(ZONES),
    st.lists(st.integers(0, 2_000_000_000), min_size=1, max_size=20),
)
def test_local_fields_agree_with_the_standard_library(tz, seconds):
    fields = local_fields(tz, np.array(seconds))
    for i, second in enumerate(seconds):
        local = datetime.fromtimestamp(second, ZoneInfo(tz))
        got = tuple(int(fields[name][i]) for name in ("month", "day", "hour", "weekday"))
        month = local.year * 100 + local.month
        assert got == (month, month * 100 + local.day, local.hour, local.weekday())


@given(st.integers(-7200, 7200))
def test_local_time_is_right_around_a_clock_change(seconds):
    second = int(datetime(2025, 3, 30, 1, tzinfo=UTC).timestamp()) + seconds
    assert (
        local_fields("Europe/London", np.array([second]))["hour"][0]
        == datetime.fromtimestamp(second, ZoneInfo("Europe/London")).hour
    )


def test_the_day_of_the_clock_change_has_23_slots():
    frame = calendar_frame("Europe/London", *Period("2025-03-30").bounds("Europe/London"))
    assert frame.num_rows == 23


def test_a_half_hour_zone_gets_quarter_hour_slots():
    frame = calendar_frame("Asia/Kolkata", *Period("2025-03-30").bounds("Asia/Kolkata"))
    assert frame.num_rows == 96


def test_an_unknown_zone_is_named():
    with pytest.raises(BadInput, match="Mars/Olympus"):
        Period("2025").bounds("Mars/Olympus")
