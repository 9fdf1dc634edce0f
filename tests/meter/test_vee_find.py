"""Faults of every kind put into load at known places are found there, and little else is."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from tanlin.kernel.errors import BadInput
from tanlin.meter.vee import KINDS, Rule, RuleBook, find, find_sums, shipped
from tanlin.meter.vee.rules import PARAMETERS, checked
from tanlin.readings.effective import derive, log_rows
from tests.meter.faults import HOUR, START, Faults, load, meters_frame, put, spoiled, table
from tests.support import shared

PUT = ("spike", "negative", "range", "stuck", "gap", "zone_slip")
DAYS = 200


def overlaps(row: dict[str, Any], fault: tuple[int, str, int, int, Any], step: int, start: int) -> bool:
    m, kind, a, b, _ = fault
    if kind == "zone_slip":  # it lasts to the end, so only the onset tells a hit
        return row["meter_id"] == m + 1 and abs(row["start"] - (start + a * step)) <= 3 * 24 * HOUR
    return row["meter_id"] == m + 1 and row["start"] < start + b * step and row["end"] > start + a * step


def scores(
    found: list[dict[str, Any]],
    faults: Faults,
    step: int = HOUR,
    start: int = START,
    known: set[Any] = frozenset(),
) -> dict[str, tuple[float, float, int]]:
    """Kind → recall, precision and number put in. ``known``: findings of the load before it was spoiled."""
    out = {}
    for kind in sorted({fault[1] for fault in faults.put}):
        there = [f for f in faults.put if f[1] == kind]
        new = [r for r in found if r["kind"] == kind and (r["meter_id"], r["kind"], r["start"]) not in known]
        hit = sum(any(overlaps(r, f, step, start) for r in new) for f in there)
        true = sum(any(overlaps(r, f, step, start) for f in there) for r in new)
        out[kind] = (hit / len(there), true / max(len(new), 1), len(there))
    return out


def tell(title: str, found: dict[str, tuple[float, float, int]]) -> None:
    print(f"\n{title}")
    for kind, (recall, precision, count) in found.items():
        print(f"  {kind:12} put in {count:4}  recall {recall:.3f}  precision {precision:.3f}")


@pytest.fixture(scope="module")
def faults() -> Faults:
    return spoiled(load(240, DAYS), PUT)


@pytest.fixture(scope="module")
def found(faults: Faults) -> list[dict[str, Any]]:
    until = START + DAYS * 24 * HOUR
    return find(table(faults.values), RuleBook(), meters_frame(240, until)).to_pylist()


def test_recall_and_precision_on_generated_load(faults: Faults, found: list[dict[str, Any]]) -> None:
    got = scores(found, faults)
    tell("generated load, 240 meters, 200 days, hourly", got)
    assert set(got) == set(PUT)
    assert all(recall >= 0.9 for recall, _, _ in got.values())
    assert all(p == 1.0 for kind, (_, p, _) in got.items() if kind not in ("spike", "zone_slip"))
    assert got["zone_slip"][1] >= 0.85
    assert got["spike"][1] >= 0.6  # 1.2 million readings; a few rare evenings look like faults


def test_the_lag_and_the_onset_of_a_slip_are_told(faults: Faults, found: list[dict[str, Any]]) -> None:
    slips = [row for row in found if row["kind"] == "zone_slip"]
    there = [fault for fault in faults.put if fault[1] == "zone_slip"]
    for m, _, at, _, hours in there:
        assert any(
            row["meter_id"] == m + 1
            and json.loads(row["detail"])["lag"] == hours * HOUR
            and abs(row["start"] - (START + at * HOUR)) <= 2 * 24 * HOUR
            for row in slips
        )


def test_load_without_faults_is_left_in_peace() -> None:
    until = START + DAYS * 24 * HOUR
    clean = find(table(load(100, DAYS, seed=23)), RuleBook(), meters_frame(100, until)).to_pylist()
    kinds = [row["kind"] for row in clean]
    assert not set(kinds) - {"spike"}
    assert kinds.count("spike") <= 10  # of 480,000 readings


def test_a_clock_half_an_hour_off_is_found_on_feeders_where_the_rule_asks_for_less() -> None:
    """Of single homes half an hour drowns in noise; of thirty together, in quarter hours, it does not."""
    rules = RuleBook([Rule("clock", "gain", 0.008)])
    feeders = load(20 * 30, 70, seed=5).reshape(20, 30, -1).sum(axis=1)
    quarters = np.stack([np.interp(np.arange(70 * 96) / 4, np.arange(70 * 24), row) / 4 for row in feeders])
    quarters[::2, 35 * 96 :] = np.roll(quarters[::2, 35 * 96 :], 2, axis=1)
    found = find(table(quarters, step=900), rules, meters_frame(20, START + 70 * 24 * HOUR)).to_pylist()
    lags = {r["meter_id"]: json.loads(r["detail"])["lag"] for r in found if r["kind"] == "clock_shift"}
    print(f"\nclock off by 30 min: {len(lags)} of 10 feeders found")
    assert len(lags) >= 8 and set(lags.values()) == {1800} and {m % 2 for m in lags} == {1}


def test_a_clock_that_is_set_right_ends_the_slip() -> None:
    value = load(1, 150, seed=9)
    value[0, 60 * 24 : 100 * 24] = np.roll(value[0, 60 * 24 : 100 * 24], 3)
    [row] = [
        r
        for r in find(table(value), RuleBook(), meters_frame(1, START + 150 * 24 * HOUR)).to_pylist()
        if r["kind"] == "zone_slip"
    ]
    assert abs(row["start"] - START - 60 * 24 * HOUR) <= 24 * HOUR
    assert abs(row["end"] - START - 100 * 24 * HOUR) <= 24 * HOUR


def test_a_meter_that_fell_silent_is_a_gap_up_to_the_end() -> None:
    value = load(1, 20)[:, : 10 * 24]
    until = START + 20 * 24 * HOUR
    [row] = find(table(value), RuleBook(), meters_frame(1, until)).to_pylist()
    assert (row["kind"], row["start"], row["end"]) == ("gap", START + 240 * HOUR, until)
    assert row["size"] == pytest.approx(value.mean() * 240)


def test_constant_load_of_coarse_resolution_is_not_stuck() -> None:
    rng = np.random.default_rng(4)
    coarse = np.round(rng.normal(1.0, 0.08, (30, 60 * 24)), 1)  # nine of ten neighbours equal now and then
    found = find(table(coarse), RuleBook(), meters_frame(30, START + 60 * 24 * HOUR)).to_pylist()
    assert [r for r in found if r["kind"] == "stuck"] == []


def test_what_a_person_or_a_method_put_in_is_not_suspected() -> None:
    value = load(1, 60)
    value[0, 700], value[0, 800] = -5.0, 500.0
    rows = table(value)
    quality = ["measured"] * rows.num_rows
    quality[700], quality[800] = "edited", "estimated:profile"
    rows = rows.set_column(5, "quality", pa.array(quality))
    assert find(rows, RuleBook(), meters_frame(1, START + 60 * 24 * HOUR)).num_rows == 0


def test_two_values_of_one_time_contradict_each_other_unless_a_person_has_decided() -> None:
    key = {"channel": ["import"] * 5, "start": [START] * 5, "seconds": pa.array([HOUR] * 5, pa.int32())}
    log = pa.table(
        {
            "meter_id": [1, 1, 2, 2, 2],
            **key,
            "value": [3.0, 4.0, 3.0, 4.0, 3.5],
            "quality": ["measured"] * 4 + ["edited"],
            "batch": [1, 2, 1, 2, 3],
        }
    )
    empty = derive(log_rows(log).slice(0, 0)).rows
    [row] = find(empty, RuleBook(), meters_frame(2, START), log=log).to_pylist()
    assert (row["meter_id"], row["kind"], row["size"]) == (1, "duplicate", 1.0)


def test_parts_that_do_not_make_the_whole_contradict_it() -> None:
    day = {"meter_id": [1], "channel": ["import"], "start": [START], "seconds": pa.array([86400], pa.int32())}
    hours = table(np.ones((1, 48)))
    whole = pa.table(day | {"value": [30.0], "quality": ["measured"]}).cast(hours.schema)
    log = pa.concat_tables([hours, whole]).append_column("batch", pa.array([1] * 49))
    [row] = find(hours.slice(0, 0), RuleBook(), meters_frame(1, START), log=log).to_pylist()
    assert (row["kind"], row["start"], row["end"]) == ("duplicate", START, START + 86400)
    assert row["size"] == pytest.approx(6.0)
    right = log.set_column(4, "value", pa.array([1.0] * 48 + [24.0]))
    assert find(hours.slice(0, 0), RuleBook(), meters_frame(1, START), log=right).num_rows == 0


def test_a_register_that_steps_back_is_told_with_both_readings() -> None:
    read = [100.0, 160.0, 150.0, 220.0]
    rows = pa.table(
        {
            "meter_id": [1] * 4,
            "channel": ["import"] * 4,
            "start": [START + i * 86400 for i in range(4)],
            "seconds": pa.array([0] * 4, pa.int32()),
            "value": read,
            "quality": ["measured"] * 4,
        }
    )
    done = derive(log_rows(rows))
    found = find(
        done.rows, RuleBook(), meters_frame(1, START + 3 * 86400), problems=done.problems
    ).to_pylist()
    [row] = [r for r in found if r["kind"] == "step_back"]
    assert json.loads(row["detail"])["values"] == [160.0, 150.0] and row["size"] == 10.0


def test_recall_and_precision_of_contradictions_and_steps_back() -> None:
    """Hourly meters sent twice, some hours with another value; daily registers, some read with two digits swapped."""
    rng = np.random.default_rng(6)
    use = load(60, 30)
    again, put = use.copy(), []
    for m in range(0, 60, 3):
        at = int(rng.integers(0, 700))
        again[m, at : at + 3] *= 1.2
        put.append((m, "duplicate", at, at + 3, None))
    log = pa.concat_tables(
        [table(rows).append_column("batch", pa.array([n] * use.size)) for n, rows in enumerate((use, again))]
    )
    register = np.round(1000 + np.cumsum(use.reshape(60, 30, 24).sum(axis=2), axis=1), 1)
    for m in range(1, 60, 3):
        at = int(rng.integers(5, 25))
        register[m, at] = register[m, at - 1] - rng.uniform(5, 500)
        put.append((m, "step_back", (at - 1) * 24, at * 24, None))
    read = table(register, step=24 * HOUR)
    done = derive(log_rows(read.set_column(3, "seconds", pa.array([0] * read.num_rows, pa.int32()))))
    found = find(table(again), RuleBook(), meters_frame(60, 0), log=log, problems=done.problems).to_pylist()
    got = scores(found, Faults(again, put))
    tell("sent twice, and registers; 60 meters, 30 days", got)
    assert all(recall == precision == 1.0 for recall, precision, _ in got.values())


def test_a_rule_of_one_meter_from_a_day_on_beats_the_shipped_one() -> None:
    from datetime import date

    value = np.full((2, 4 * 24), 5.0) + np.random.default_rng(0).random((2, 96))
    rules = RuleBook([Rule("range", "rated", 1.0, meter_id=1, valid_from=date(2024, 1, 3))])
    found = find(table(value), rules, meters_frame(2, START + 96 * HOUR)).to_pylist()
    assert {r["meter_id"] for r in found} == {1}
    assert [r["start"] for r in found] == [START + h * HOUR for h in range(48, 96)]


def test_every_parameter_has_a_shipped_value_for_electricity_and_every_shipped_rule_a_reason() -> None:
    told = {(rule.kind, rule.parameter) for rule in shipped() if rule.carrier in ("", "electricity")}
    assert told == set(PARAMETERS)
    assert all(rule.reason for rule in shipped())
    assert {kind for kind, _ in PARAMETERS} <= {*KINDS, "clock", "estimate"}


def test_rules_out_of_bounds_are_refused() -> None:
    with pytest.raises(BadInput):
        checked("spike", "colour", 1.0)
    with pytest.raises(BadInput):
        checked("spike", "deviations", 0.5)


# --- sum check -----------------------------------------------------------------------------------------------------
def family(children: int, days: int, seed: int = 2) -> tuple[np.ndarray, np.ndarray]:
    """Daily kWh of a main meter (days) and its sub-meters (children, days), with 3 % losses."""
    use = load(children, days, seed).reshape(children, days, 24).sum(axis=2)
    rng = np.random.default_rng(seed)
    return use.sum(axis=0) * (1 + rng.normal(0.03, 0.003, days)), use


def days_table(parent: np.ndarray, children: np.ndarray, first_id: int = 1) -> pa.Table:
    day = (np.datetime64("2024-01-01") + np.arange(len(parent))).astype(str)
    number = np.array([int(d.replace("-", "")) for d in day], np.int32)
    every = np.vstack([parent, children])
    return pa.table(
        {
            "meter_id": np.repeat(np.arange(len(every)) + first_id, len(day)),
            "channel": ["import"] * every.size,
            "day": np.tile(number, len(every)),
            "value": every.ravel(),
            "seconds": np.full(every.size, 86400),
        }
    )


def sum_check(parent: np.ndarray, children: np.ndarray) -> list[dict[str, Any]]:
    count = len(children) + 1
    rows = find_sums(
        days_table(parent, children), {1: list(range(2, count + 1))}, RuleBook(), meters_frame(count, 0)
    )
    return rows.to_pylist()


def test_the_sum_check_names_the_wrong_meter() -> None:
    named, total, false = 0, 0, 0
    for seed in range(20):
        parent, children = family(8, 120, seed)
        assert sum_check(parent, children) == []
        child, at = seed % 8, 40 + seed
        children[child, at : at + 12] *= (0.0, 2.0, 0.1)[seed % 3]
        rows = sum_check(parent, children)
        total += 1
        named += any(r["meter_id"] == child + 2 and json.loads(r["detail"])["named"] for r in rows)
        false += sum(r["meter_id"] != child + 2 for r in rows)
    print(
        f"\nsum check: recall {named / total:.3f}, precision {named / (named + false):.3f} of {total} wrong sub-meters"
    )
    assert named >= 0.9 * total and false <= 2


def test_the_sum_check_names_the_main_meter_when_it_is_the_wrong_one() -> None:
    parent, children = family(6, 120)
    parent[50:60] *= 0.5
    [row] = sum_check(parent, children)
    assert row["meter_id"] == 1 and json.loads(row["detail"])["named"]


def test_a_wrong_multiplier_since_the_beginning_is_traced_to_its_meter() -> None:
    parent, children = family(5, 90)
    children[3] *= 10.0
    rows = sum_check(parent, children)
    assert rows and {r["meter_id"] for r in rows} == {5}


# --- real meters ---------------------------------------------------------------------------------------------------
def real() -> np.ndarray:
    """Electricity of university buildings in 2019, hourly; the publisher's zeros are missing readings."""
    import pyarrow.parquet as pq

    rows = pq.read_table(shared("data", "meters", "ucam_hourly", "hourly.parquet"))
    frame = rows.to_pandas()
    frame = frame[
        (frame.time >= "2019-01-01") & (frame.time < "2020-01-01") & frame.meter.str.endswith("elec")
    ]
    wide = frame.pivot(index="time", columns="meter", values="kwh").to_numpy(float).T
    return np.where(wide == 0, np.nan, wide)


@pytest.mark.shared
def test_recall_and_precision_on_real_meters() -> None:
    from datetime import UTC, datetime

    value = real()
    start = int(datetime(2019, 1, 1, tzinfo=UTC).timestamp())
    meters = meters_frame(len(value), start + value.shape[1] * HOUR, tz="Europe/London")
    before = find(table(value, start=start), RuleBook(), meters).to_pylist()
    known = {(r["meter_id"], r["kind"], r["start"]) for r in before}
    faults = Faults(value.copy())
    rng = np.random.default_rng(8)
    for turn in range(4):
        for m in range(len(value)):
            if np.isnan(value[m]).mean() < 0.05:
                at = int(rng.integers(24 * (40 + 80 * turn), 24 * (80 + 80 * turn)))
                put(faults, m, PUT[(m + turn) % 5], at, rng)
    after = find(table(faults.values, start=start), RuleBook(), meters).to_pylist()
    got = scores(after, faults, start=start, known=known)
    counts = {kind: sum(r["kind"] == kind for r in before) for kind in KINDS}
    tell(f"real buildings, {len(value)} meters, a year; found before anything was put in: {counts}", got)
    assert all(recall >= 0.85 for recall, _, _ in got.values())
    assert all(precision >= 0.7 for _, precision, _ in got.values())


@pytest.mark.shared
def test_slips_and_small_spikes_on_real_meters() -> None:
    """Flat loads hide a slip, and a spike of a few times the mean may pass for use: the floors are lower here."""
    from datetime import UTC, datetime

    value = real()
    value = value[np.isnan(value).mean(axis=1) < 0.05]
    start = int(datetime(2019, 1, 1, tzinfo=UTC).timestamp())
    meters = meters_frame(len(value), start + value.shape[1] * HOUR, tz="Europe/London")
    before = find(table(value, start=start), RuleBook(), meters).to_pylist()
    known = {(r["meter_id"], r["kind"], r["start"]) for r in before}
    rng = np.random.default_rng(12)
    slips, small = Faults(value.copy()), Faults(value.copy())
    for m in range(len(value)):
        put(slips, m, "zone_slip", int(rng.integers(24 * 60, 24 * 300)), rng)
        at = int(rng.integers(24 * 60, 24 * 300))
        small.values[m, at] += np.nanmean(value[m]) * rng.uniform(3, 6)
        small.put.append((m, "spike", at, at + 1, None))
    for title, faults in (("slips of 2 to 8 h", slips), ("spikes of 3 to 6 times the mean", small)):
        found = find(table(faults.values, start=start), RuleBook(), meters).to_pylist()
        got = scores(found, faults, start=start, known=known)
        tell(f"real buildings, {title}", got)
        assert all(recall >= 0.8 and precision >= 0.9 for recall, precision, _ in got.values())
