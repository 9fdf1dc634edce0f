"""Inventory against hand-computed tables and an independent pandas computation."""

from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from tanlin.carbon.factors import FactorBook
from tanlin.carbon.figures import electricity_by_day, unmetered
from tanlin.carbon.inventory import inventory
from tanlin.carbon.tariffs import TariffBook
from tanlin.kernel.period import Period
from tanlin.readings import Snapshot

ZONE = "Asia/Shanghai"
HOUR = 3600


def es(text, zone=ZONE):
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp())


def meters(*rows):
    base = {
        "channel": "import",
        "carrier": "electricity",
        "product": None,
        "place": "p",
        "region": "CN-GD-SZ",
        "tz": ZONE,
        "multiplier": 1.0,
        "uncertainty_pct": 2.0,
        "tariff": None,
        "kind": "interval",
        "from_es": None,
        "to_es": None,
        "selected": True,
        "parent": None,
        "use": "",
    }
    full = [base | row for row in rows]
    types = {
        "from_es": pa.int64(),
        "to_es": pa.int64(),
        "parent": pa.int64(),
        "product": pa.string(),
        "tariff": pa.string(),
    }
    return pa.table({k: pa.array([r[k] for r in full], types.get(k)) for k in ["meter_id", *base]})


def snapshot(*rows):
    """Rows (meter, channel, start, seconds, value[, quality])."""
    names = ("meter_id", "channel", "start", "seconds", "value", "quality")
    full = [(*row, "measured")[:6] for row in rows]
    types = (pa.int64(), pa.string(), pa.int64(), pa.int32(), pa.float64(), pa.string())
    return Snapshot.from_table(
        pa.table(
            {n: pa.array([r[i] for r in full], t) for i, (n, t) in enumerate(zip(names, types, strict=True))}
        )
    )


def hours(meter, start, values, channel="import", quality="measured"):
    return [(meter, channel, start + i * HOUR, HOUR, float(v), quality) for i, v in enumerate(values)]


def run(snap, frame, period, **kw):
    return inventory(snap, frame, Period(period), FactorBook(), kw.pop("tariffs", TariffBook()), **kw)


def test_hand_computed_month():
    start = es("2023-01-31T22:00")  # two hours of January, two of February, local time
    made = run(snapshot(*hours(1, start, [1, 2, 3, 4])), meters({"meter_id": 1, "multiplier": 10.0}), "2023")
    rows = {r["month"]: r for r in made.table.to_pylist()}
    assert len(rows) == 12
    assert (rows[202301]["value"], rows[202302]["value"]) == (30.0, 70.0)
    assert rows[202302]["tco2e"] == pytest.approx(70 * 0.4419 / 1000)
    assert rows[202302]["tce"] == pytest.approx(70 * 0.1229 / 1000)
    assert rows[202302]["energy_kwh"] == 70.0
    assert rows[202302]["u_meter"] == pytest.approx(70 * 0.4419 / 1000 * 0.02)
    assert rows[202301]["seconds_present"] == 7200 and rows[202301]["seconds_expected"] == 31 * 86400
    assert rows[202303]["value"] is None and rows[202303]["reason"] == "readings.none"
    assert rows[202301]["cost"] is None and rows[202301]["reason"] == "tariff.none"
    assert [f["fact"] for f in made.facts_used] == ["grid.cn-gd.avg.2023", "tce.electricity"]


def test_period_is_local_not_utc():
    made = run(snapshot(*hours(1, es("2023-01-01T00:00") - HOUR, [5, 7])), meters({"meter_id": 1}), "2023-01")
    assert made.table["value"].to_pylist() == [7.0]


def test_bill_inside_a_month_is_whole_and_a_crossing_one_is_split_by_days():
    start = es("2023-01-21T00:00")
    snap = snapshot(
        (1, "import", start, 20 * 86400, 200.0), (2, "import", es("2023-01-01T00:00"), 31 * 86400, 310.0)
    )
    made = run(
        snap,
        meters({"meter_id": 1, "place": "a", "kind": "bill"}, {"meter_id": 2, "place": "b", "kind": "bill"}),
        "2023",
    )
    rows = {(r["place"], r["month"]): r for r in made.table.to_pylist()}
    assert rows["a", 202301]["value"] == pytest.approx(110.0) and rows["a", 202302]["value"] == pytest.approx(
        90.0
    )
    assert rows["a", 202301]["estimated"] == pytest.approx(110.0)
    assert rows["b", 202301]["value"] == 310.0 and rows["b", 202301]["estimated"] == 0.0
    assert rows["a", 202301]["seconds_present"] == 11 * 86400


def test_split_by_local_days_over_a_clock_change():
    zone = "Europe/London"  # 26 March 2023 has 23 hours
    start, end = es("2023-03-22T00:00", zone), es("2023-04-11T00:00", zone)
    made = run(
        snapshot((1, "import", start, end - start, 200.0)),
        meters({"meter_id": 1, "region": "GB", "tz": zone, "kind": "bill"}),
        "2023",
    )
    rows = {r["month"]: r for r in made.table.to_pylist()}
    assert rows[202303]["value"] == pytest.approx(100.0) and rows[202304]["value"] == pytest.approx(100.0)


def test_bill_is_cut_by_validity():
    start = es("2023-05-01T00:00")
    frame = meters(
        {"meter_id": 1, "place": "a", "to_es": es("2023-05-11T00:00")},
        {"meter_id": 1, "place": "b", "from_es": es("2023-05-11T00:00"), "multiplier": 2.0},
    )
    made = run(snapshot((1, "import", start, 31 * 86400, 31.0)), frame, "2023-05")
    assert {r["place"]: r["value"] for r in made.table.to_pylist()} == {
        "a": pytest.approx(10.0),
        "b": pytest.approx(42.0),
    }


def test_channels_are_shown_and_never_netted():
    start = es("2023-06-01T00:00")
    snap = snapshot(
        *hours(1, start, [100]), *hours(2, start, [40], "generation"), *hours(3, start, [15], "export")
    )
    frame = meters(
        {"meter_id": 1}, {"meter_id": 2, "channel": "generation"}, {"meter_id": 3, "channel": "export"}
    )
    made = run(snap, frame, "2023-06")
    tonnes = {r["channel"]: r["tco2e"] for r in made.table.to_pylist()}
    assert tonnes == {"import": pytest.approx(0.04419), "generation": 0.0, "export": 0.0}
    assert made.totals["energy_kwh"]["value"] == pytest.approx(100 + 40 - 15)
    assert made.totals["tco2e"]["value"] == pytest.approx(0.04419)


def test_coverage_of_a_dead_meter_and_of_months_to_come():
    start = es("2023-02-01T00:00")
    snap = snapshot(*hours(1, start, np.ones(28 * 24)))
    made = run(snap, meters({"meter_id": 1}, {"meter_id": 2}), "2023-02")
    (row,) = made.table.to_pylist()
    assert (row["seconds_present"], row["seconds_expected"]) == (28 * 86400, 2 * 28 * 86400)
    assert row["value"] == 672.0 and made.totals["tco2e"]["coverage"] == 0.5
    soon = run(snap, meters({"meter_id": 1}), "2023", as_of=es("2023-02-15T00:00"))
    assert [r["month"] for r in soon.table.to_pylist()] == [202301, 202302]
    assert soon.table["seconds_expected"].to_pylist() == [31 * 86400, 14 * 86400]


def test_main_meter_counts_once_and_the_difference_is_unmetered():
    start = es("2023-03-01T00:00")
    snap = snapshot(*hours(1, start, [10, 10]), *hours(2, start, [3, 3]), *hours(3, start, [2]))
    frame = meters(
        {"meter_id": 1},
        {"meter_id": 2, "parent": 1, "selected": False},
        {"meter_id": 3, "parent": 1, "selected": False},
    )
    made = run(snap, frame, "2023-03")
    assert made.table["value"].to_pylist() == [20.0]
    assert [(r["role"], r["value"]) for r in made.breakdown.to_pylist()] == [
        ("main", 20.0),
        ("sub", 6.0),
        ("sub", 2.0),
        ("unmetered", 12.0),
    ]


def test_estimated_and_rejected():
    start = es("2023-03-01T00:00")
    snap = snapshot(
        *hours(1, start, [10]),
        *hours(1, start + HOUR, [4], quality="estimated:profile"),
        *hours(1, start + 2 * HOUR, [99], quality="rejected"),
    )
    (row,) = run(snap, meters({"meter_id": 1}), "2023-03").table.to_pylist()
    assert (row["value"], row["estimated"], row["seconds_present"]) == (14.0, 4.0, 7200)


def test_provisional_year_and_unknown_year():
    start = es("2025-03-01T00:00")
    made = run(snapshot(*hours(1, start, [1000])), meters({"meter_id": 1}), "2025-03")
    assert made.totals["tco2e"]["provisional"] and made.table["factor_id"].to_pylist() == [
        "grid.cn-gd.avg.2023"
    ]
    early = run(snapshot(*hours(1, es("2019-03-01T00:00"), [1000])), meters({"meter_id": 1}), "2019-03")
    (row,) = early.table.to_pylist()
    assert (
        row["tco2e"] is None and row["reason"] == "factor.before_first;tariff.none" and row["value"] == 1000.0
    )
    assert early.totals["tco2e"]["value"] is None and early.totals["tco2e"]["unknown"] == {
        "factor.before_first": 1
    }


def test_the_facts_used_are_enough_to_make_the_same_table():
    """Also where they leave a value unknown: a receipt that pins them replays with the same reason."""
    gas = {"carrier": "gas", "product": "natural_gas", "tariff": "late"}
    unfit = {"fact_id": "x", "kind": "grid_location", "region": "FR", "value": 1, "unit": "kgCO2/m3"}
    tariffs = [
        {"tariff_id": name, "prices": {"all": {"all": 1.0}}} | more
        for name, more in (
            ("late", {"carrier": "gas", "valid_from": "2024-01-01"}),
            ("undated", {"dated": False}),
            ("gas-only", {"carrier": "gas"}),
        )
    ]
    frame = meters(
        {"meter_id": 1, "tariff": "undated"},
        {"meter_id": 2, "region": "FR", "tariff": "gas-only"},
        {"meter_id": 3, **gas},
    )
    start = es("2020-12-31T20:00")
    snap = snapshot(*(row for meter in (1, 2, 3) for row in hours(meter, start, [1.0] * 8)))
    book = FactorBook([*FactorBook().facts, unfit])
    for period in ("2020", "2020-12", "2021"):
        made = inventory(snap, frame, Period(period), book, TariffBook(tariffs))
        used = {fact["fact"] for fact in made.facts_used}
        again = inventory(
            snap,
            frame,
            Period(period),
            FactorBook(fact for fact in book.facts if fact.fact_id in used),
            TariffBook(
                t for t in tariffs if {f"tariff.{t['tariff_id']}{e}" for e in ("", ".2024-01-01")} & used
            ),
        )
        assert again.table.to_pylist() == made.table.to_pylist()
        assert len(set(made.table["reason"].to_pylist())) >= 3


def test_days_are_as_long_as_the_clock_makes_them_and_the_last_is_not_passed_off_as_whole():
    zone, begin = "Europe/London", es("2023-03-25T00:00", "Europe/London")
    count = 24 + 23 + 6  # clocks go forward on 26 March; the third day has been read for six hours
    rows = pa.table(
        {
            "meter_id": pa.array([1] * count, pa.int64()),
            "channel": ["import"] * count,
            "start": pa.array([begin + HOUR * i for i in range(count)], pa.int64()),
            "seconds": pa.array([HOUR] * count, pa.int32()),
            "value": [1.0] * count,
            "quality": ["measured"] * count,
        }
    )
    snap = Snapshot.from_table(rows, zones=pa.table({"meter_id": pa.array([1], pa.int64()), "tz": [zone]}))
    frame = meters({"meter_id": 1, "tz": zone, "from_es": begin, "to_es": es("2024-01-01", zone)})
    days = electricity_by_day(snap, frame, Period("2023-03"), begin + HOUR * count).to_pylist()
    assert [(d["day"], d["value"], d["coverage"]) for d in days] == [
        (20230325, 24.0, 1.0),
        (20230326, 23.0, 1.0),
        (20230327, 6.0, 0.25),
    ]


def test_a_main_meter_changed_within_a_month_has_its_sub_meters_counted_once():
    change = es("2023-03-01T03:00")
    frame = meters(
        {"meter_id": 1, "to_es": change},
        {"meter_id": 1, "from_es": change, "multiplier": 2.0},
        {"meter_id": 2, "parent": 1, "selected": False, "to_es": change},
        {"meter_id": 2, "parent": 1, "selected": False, "from_es": change},
    )
    start = es("2023-03-01T00:00")
    made = run(snapshot(*hours(1, start, [10] * 6), *hours(2, start, [4] * 6)), frame, "2023-03")
    (row,) = unmetered(made.breakdown)
    assert (row["main_value"], row["sub_value"], row["unmetered"]) == (90.0, 24.0, 66.0)
    assert (row["sub_meters"], row["sub_read"]) == (1, 1)
    (rest,) = [r for r in made.breakdown.to_pylist() if r["role"] == "unmetered"]
    assert (rest["value"], rest["seconds_present"]) == (66.0, 6 * HOUR)


def test_cost_by_the_hour_and_why_a_bill_has_none():
    row = dict(
        TariffBook().records("CN-GD-PRD6.commercial_lv.2026-10")[0],
        tariff_id="t",
        valid_from=None,
        valid_to=None,
    )
    book, start = TariffBook([row]), es("2025-03-03T00:00")
    snap = snapshot(*hours(1, start, [1] * 24), (2, "import", es("2025-03-01T00:00"), 31 * 86400, 100.0))
    made = run(
        snap,
        meters({"meter_id": 1, "tariff": "t"}, {"meter_id": 2, "tariff": "t", "kind": "bill"}),
        "2025-03",
        tariffs=book,
    )
    price = row["prices"]["all"]
    day = 8 * price["valley"] + 7 * price["peak"] + 9 * price["flat"]
    costs = [(r["cost"], r["reason"]) for r in made.table.to_pylist()]
    assert (pytest.approx(day), None) in costs and (None, "tariff.bill_on_tou") in costs
    assert made.totals["cost"]["value"] == pytest.approx(day) and made.totals["cost"]["unknown"] == {
        "tariff.bill_on_tou": 1
    }


def test_an_hourly_grid_factor_weighs_hours_of_the_local_clock_and_no_bill():
    shape = np.ones((12, 24))
    shape[1, 1], shape[1, 2] = 3.0, 0.5
    begin = es("2023-02-05T00:00")
    snap = snapshot(*hours(1, begin, [1, 2, 4, 8]), (2, "import", es("2023-02-01T00:00"), 28 * 86400, 10.0))
    frame = meters({"meter_id": 1, "place": "a"}, {"meter_id": 2, "place": "b", "kind": "bill"})
    made = run(snap, frame, "2023-02", shapes={"CN-GD-SZ": shape})
    tonnes = {row["place"]: row["tco2e"] for row in made.table.to_pylist()}
    assert tonnes["a"] == pytest.approx((1 + 2 * 3 + 4 * 0.5 + 8) * 0.4419 / 1000)
    assert tonnes["b"] == pytest.approx(10 * 0.4419 / 1000)


def test_annual_tiers_know_the_months_before():
    snap = snapshot(*((1, "import", es(f"2025-{m:02d}-01T00:00"), 28 * 86400, 1000.0) for m in range(1, 13)))
    frame = meters({"meter_id": 1, "kind": "bill", "tariff": "CN-JS.residential_flat"})
    year = run(snap, frame, "2025")
    by_hand = 2760 * 0.5283 + (4800 - 2760) * 0.5783 + (12000 - 4800) * 0.8283
    assert year.totals["cost"]["value"] == pytest.approx(by_hand)
    march = run(snap, frame, "2025-03")
    assert march.table.num_rows == 1
    assert march.totals["cost"]["value"] == pytest.approx(760 * 0.5283 + 240 * 0.5783)
    assert march.table["cost"][0].as_py() == pytest.approx(year.table["cost"][2].as_py())


def test_monthly_tiers_by_season():
    snap = snapshot(*((1, "import", es(f"2025-{m}-01T00:00"), 28 * 86400, 500.0) for m in ("04", "05")))
    made = run(snap, meters({"meter_id": 1, "kind": "bill", "tariff": "CN-GD-SZ.residential"}), "2025")
    cost = {r["month"]: r["cost"] for r in made.table.to_pylist()}
    low, mid, high = 0.66286875, 0.71286875, 0.96286875
    assert cost[202504] == pytest.approx(200 * low + 200 * mid + 100 * high)
    assert cost[202505] == pytest.approx(260 * low + 240 * mid)


def test_other_carriers():
    start = es("2023-01-01T00:00")
    snap = snapshot(
        *((m, "import", start, 31 * 86400, v) for m, v in [(1, 100.0), (2, 50.0), (3, 1000.0), (4, 10.0)])
    )
    frame = meters(
        {"meter_id": 1, "carrier": "gas"},
        {"meter_id": 2, "carrier": "water"},
        {"meter_id": 3, "carrier": "waste", "product": "incineration"},
        {"meter_id": 4, "carrier": "cooling"},
    )
    rows = {r["carrier"]: r for r in run(snap, frame, "2023-01").table.to_pylist()}
    assert {c: r["scope"] for c, r in rows.items()} == {"gas": 1, "water": 3, "waste": 3, "cooling": 2}
    assert rows["gas"]["tco2e"] == pytest.approx(0.2165) and rows["waste"]["tco2e"] == pytest.approx(0.2717)
    assert rows["cooling"]["tco2e"] is None and "factor.none" in rows["cooling"]["reason"]


def test_equal_to_pandas():
    rng = np.random.default_rng(3)
    start, end = Period("2024").bounds("Europe/London")
    times = np.arange(start, end, HOUR)
    data = pd.DataFrame({"meter": np.repeat(np.arange(6), len(times)), "es": np.tile(times, 6)})
    data["value"] = rng.gamma(2.0, 3.0, len(data))
    data = data[rng.random(len(data)) > 0.1]
    region = {0: "GB", 1: "GB", 2: "CN-GD", 3: "CN-SH", 4: "CN-SH", 5: "CN"}
    scale = {m: 1.0 + m for m in range(6)}
    rows = pa.table(
        {
            "meter_id": pa.array(data["meter"], pa.int64()),
            "channel": pa.array(["import"] * len(data)),
            "start": pa.array(data["es"], pa.int64()),
            "seconds": pa.array([HOUR] * len(data), pa.int32()),
            "value": pa.array(data["value"]),
            "quality": pa.array(["measured"] * len(data)),
        }
    )
    frame = meters(
        *(
            {
                "meter_id": m,
                "region": region[m],
                "place": f"p{m % 2}",
                "tz": "Europe/London",
                "multiplier": scale[m],
            }
            for m in range(6)
        )
    )
    made = run(Snapshot.from_table(rows), frame, "2024").table.to_pandas()
    factor = {"GB": 0.207074, "CN-GD": 0.4419, "CN-SH": 0.5737, "CN": 0.5306}
    local = pd.to_datetime(data["es"], unit="s", utc=True).dt.tz_convert("Europe/London")
    data["month"] = local.dt.year * 100 + local.dt.month
    data["kwh"] = data["value"] * data["meter"].map(scale)
    data["t"] = data["kwh"] * data["meter"].map(region).map(factor) / 1000
    data["place"] = "p" + (data["meter"] % 2).astype(str)
    want = data.groupby(["month", "place"])[["kwh", "t"]].sum()
    got = made.groupby(["month", "place"])[["value", "tco2e"]].sum()
    assert np.allclose(got.to_numpy(), want.to_numpy(), rtol=1e-12)


def test_no_meters():
    made = run(
        snapshot((1, "import", es("2023-01-01T00:00"), HOUR, 1.0)),
        meters({"meter_id": 1}).slice(0, 0),
        "2023",
    )
    assert made.table.num_rows == 0 and made.totals["tco2e"]["value"] is None


def test_each_use_is_a_row_of_its_own_and_the_total_stays():
    snap = snapshot(*hours(1, es("2023-03-01"), [10.0]), *hours(2, es("2023-03-01"), [20.0]))
    uses = ("residential", "charging")
    made = run(snap, meters(*({"meter_id": i, "use": use} for i, use in enumerate(uses, 1))), "2023-03")
    plain = run(snap, meters({"meter_id": 1}, {"meter_id": 2}), "2023-03")
    assert {row["use"]: row["value"] for row in made.table.to_pylist()} == {
        "residential": 10.0,
        "charging": 20.0,
    }
    assert [row["use"] for row in plain.table.to_pylist()] == [""]
    assert all(
        made.totals["tco2e"][name] == pytest.approx(plain.totals["tco2e"][name])
        for name in ("value", "low", "high")
    )
