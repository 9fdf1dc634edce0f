"""Entered activities as lines: the cut by month, what meters count already, and sums that do not depend on the cut."""

from datetime import date, timedelta

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tanlin.carbon import FactorBook
from tanlin.carbon.account.entered import Entered, Metered, entered_lines, pieces, sums
from tanlin.carbon.account.lines import LINES
from tanlin.carbon.account.streams import streams

BOOK = FactorBook()
YEAR = (date(2025, 1, 1), date(2025, 12, 31))


def row(stream="waste_incineration", first=YEAR[0], last=YEAR[1], amount=3650.0, **other) -> Entered:
    base = {"id": 7, "sheet": 3, "path": "/1/5/", "place": "estate", "region": "CN-SH", "source": "document"}
    return Entered(stream=stream, first_day=first, last_day=last, amount=amount, **(base | other))


def lines(rows, meters=()):
    return entered_lines(pieces(rows, meters, *YEAR), BOOK)


def tonnes(rows, meters=()) -> float:
    return sum(line["tco2e"] or 0.0 for line in lines(rows, meters))


def meter(path="/1/5/", carrier="waste", product="incineration", first=date(2020, 1, 1), end=None) -> Metered:
    return Metered(path, carrier, product, first, end)


def test_a_year_by_hand():
    assert tonnes([row()]) == pytest.approx(3650 * 271.7e-6, rel=1e-12)


def test_lines_have_the_schema_of_the_account():
    assert pa.Table.from_pylist(lines([row()]), schema=LINES).num_rows == 12


def test_months_take_their_days():
    found = {line["month"]: line["activity"] for line in lines([row()])}
    assert found[202502] == pytest.approx(280) and found[202512] == pytest.approx(310)


def test_a_bill_across_years_counts_its_days_of_the_year():
    found = lines([row(first=date(2024, 12, 22), last=date(2025, 1, 10), amount=200.0)])
    assert [(line["month"], line["activity"]) for line in found] == [(202501, pytest.approx(100.0))]


def test_metered_wins_and_is_told():
    found = lines([row()], [meter()])
    assert {(line["key"], line["reason"], line["tco2e"]) for line in found} == {
        ("IE", "activity.metered", None)
    }


@pytest.mark.parametrize(
    ("one", "metered"),
    [
        (meter(path="/1/"), True),  # the meter of the whole holds the place
        (meter(path="/1/5/9/"), True),
        (meter(path="/1/6/"), False),
        (meter(path="/1/55/"), False),
        (meter(product="anaerobic"), False),
        (meter(carrier="fuel"), False),
        (meter(first=date(2026, 1, 1)), False),
        (meter(end=date(2025, 1, 1)), False),
    ],
)
def test_which_meters_count_the_same(one, metered):
    assert [part.metered for part in pieces([row()], [one], *YEAR)] == [metered] * 12


def test_days_before_the_meter_count():
    found = lines([row()], [meter(first=date(2025, 3, 11))])
    counted = sum(line["activity"] for line in found if line["key"] is None)
    assert counted == pytest.approx((31 + 28 + 10) * 10.0)


def test_water_is_metered_whatever_the_product():
    assert pieces([row("tap_water")], [meter(carrier="water", product="")], *YEAR)[0].metered


def test_travel_is_never_metered():
    assert not any(part.metered for part in pieces([row("metro")], [meter(), meter(carrier="")], *YEAR))


def test_an_unknown_factor_keeps_the_activity_and_its_reason():
    found = lines([row("waste_insects")])
    assert {(line["tco2e"], line["reason"], line["key"]) for line in found} == {
        (None, "factor.net_only", None)
    }
    assert sum(line["activity"] for line in found) == pytest.approx(3650.0)


def test_rows_of_a_survey_err_together_and_documents_alone():
    own = {
        line["causes"][-1]["cause"]
        for line in lines([row("bus", source="survey", id=1), row("metro", source="survey", id=2)])
    }
    assert own == {"survey:3"}
    assert lines([row(id=9)])[0]["causes"][-1] == {"cause": "activity:9", "pct": 10.0, "shape": "normal"}


def test_sinks_are_lines_of_their_own():
    found = lines([row("green_trees", amount=100.0), row()])
    assert {line["ref"] for line in found if line["tco2e"] < 0} == {"V.2"}


def test_sums_by_stream_tell_what_meters_count_instead():
    parts = pieces([row(), row(id=8, path="/1/6/", amount=365.0)], [meter(first=date(2025, 7, 1))], *YEAR)
    found = sums(parts)
    assert [(one.stream.key, one.rows, one.sources) for one in found] == [
        ("waste_incineration", 2, ("document",))
    ]
    assert (found[0].counted, found[0].metered) == (pytest.approx(181 * 10 + 365), pytest.approx(184 * 10))


def test_the_error_of_a_sum_adds_within_a_survey_and_squares_between_papers():
    survey = [row("bus", amount=100.0, source="survey", id=n, uncertainty_pct=30.0) for n in (1, 2)]
    papers = [row("sewage", amount=100.0, id=n, uncertainty_pct=30.0) for n in (3, 4)]
    assert [one.pct for one in sums(pieces([*survey, *papers], [], *YEAR))] == pytest.approx(
        [30.0, 30 / 2**0.5]
    )


@settings(max_examples=60, deadline=None)
@given(
    stream=st.sampled_from(sorted(set(streams()) - {"waste_insects", "waste_insects_inside"})),
    amount=st.floats(0.1, 1e7),
    start=st.integers(-200, 300),
    length=st.integers(2, 600),
    cut=st.floats(0.01, 0.99),
    metered_from=st.integers(0, 500),
)
def test_the_total_does_not_depend_on_how_a_row_is_split(stream, amount, start, length, cut, metered_from):
    first = YEAR[0] + timedelta(start)
    last = first + timedelta(length - 1)
    days = min(max(1, round(length * cut)), length - 1)
    middle = first + timedelta(days)
    one = streams()[stream]
    meters = [meter(carrier=one.carrier, product=one.product, first=YEAR[0] + timedelta(metered_from))]
    whole = row(stream, first, last, amount)
    parts = [
        row(stream, first, middle - timedelta(1), amount * days / length, id=1),
        row(stream, middle, last, amount * (length - days) / length, id=2),
    ]
    assert tonnes(parts, meters) == pytest.approx(tonnes([whole], meters), rel=1e-9, abs=1e-15)
