"""The generator: same bytes each run, the promised counts, and figures near the anchors."""

from __future__ import annotations

import itertools
import subprocess
import sys
import time

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from tanlin.demo import PLACES, generate, place
from tanlin.demo.generator import DEAD, LINE_LOSS, Generated, digest, meter_table
from tanlin.demo.profiles import day_index
from tanlin.demo.weather import START_ES


@pytest.fixture(scope="module")
def made() -> dict[str, Generated]:
    return {slug: generate(slug) for slug in PLACES}


def year_sum(g: Generated, *, profile: str = "", channel: str = "import", **where: str) -> float:
    """Yearly mean of the multiplied readings of meters that match."""
    total = 0.0
    for m in g.place.meters:
        if (not profile or m.profile == profile) and all(getattr(m, k) == v for k, v in where.items()):
            mask = pc.and_(pc.equal(g.readings["number"], m.number), pc.equal(g.readings["channel"], channel))
            total += (pc.sum(g.readings.filter(mask)["value"]).as_py() or 0.0) * m.multiplier
    return total / 2


def of(g: Generated, number: str) -> pa.Table:
    return g.readings.filter(pc.equal(g.readings["number"], number))


def number(g: Generated, profile: str = "", fault: str = "") -> str:
    return next(
        m.number
        for m in g.place.meters
        if (not profile or m.profile == profile) and (not fault or fault in m.faults)
    )


def test_same_bytes_in_another_process(made: dict[str, Generated]) -> None:
    code = (
        "from tanlin.demo import PLACES, generate, digest;"
        "print(*(digest(generate(p).readings) for p in reversed(PLACES)))"
    )
    env = {"PYTHONHASHSEED": "7", "PYTHONPATH": ":".join(sys.path)}
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=env)
    assert out.stdout.split()[::-1] == [digest(made[p].readings) for p in PLACES]


def test_all_places_in_time_and_size() -> None:
    began = time.perf_counter()
    rows = sum(generate(p).readings.num_rows for p in PLACES)
    assert time.perf_counter() - began < 20
    assert rows < 4_500_000


@pytest.mark.parametrize("slug", PLACES)
def test_counts(slug: str, made: dict[str, Generated]) -> None:
    p, readings = made[slug].place, made[slug].readings
    assert 36 <= len(p.hourly) <= 44
    assert len(p.billed) >= 1000
    assert sum(a.level == "building" for a in p.areas) <= 8
    assert pc.sum(pc.greater(readings["seconds"], 86400)).as_py() < 100_000
    assert sum(m.profile == "feeder" for m in p.meters) >= 2
    assert any(m.carrier == "waste" for m in p.meters)


@pytest.mark.parametrize("slug", PLACES)
def test_registry_is_sound(slug: str, made: dict[str, Generated]) -> None:
    g = made[slug]
    slugs = [a.slug for a in g.place.areas]
    assert len(set(slugs)) == len(slugs)
    seen: set[str] = set()
    for area in g.place.areas:  # parents come first, one root
        assert area.parent in seen or (area.parent is None and not seen)
        seen.add(area.slug)
    keys = {(m.owner, m.carrier, m.number) for m in g.place.meters}
    assert len(keys) == len({m.number for m in g.place.meters}) == len(g.place.meters)
    for m in g.place.meters:
        assert m.place in seen and m.owner in seen
        assert m.parent is None or (m.owner, m.carrier, m.parent) in keys
    table = meter_table(g.place)
    assert table.num_rows == sum(len(m.channels) for m in g.place.meters)


@pytest.mark.parametrize("slug", PLACES)
def test_readings_are_sound(slug: str, made: dict[str, Generated]) -> None:
    t = made[slug].readings
    assert pc.min(t["value"]).as_py() >= 0 and not pc.any(pc.is_nan(t["value"])).as_py()
    keys = t.select(["number", "carrier", "channel", "start", "seconds"])
    count = keys.group_by(keys.column_names).aggregate([]).num_rows
    assert count == t.num_rows
    assert pc.min(t["start"]).as_py() == START_ES
    assert pc.max(pc.add(t["start"], t["seconds"])).as_py() <= START_ES + 731 * 86400
    known = {m.number for m in made[slug].place.meters}
    assert set(pc.unique(t["number"]).to_pylist()) <= known


def test_anchors(made: dict[str, Generated]) -> None:
    assert 23_750 <= year_sum(made["yunhe"], profile="pv", channel="generation") <= 26_250
    park = year_sum(made["haiwan"], profile="pv", channel="generation", place="wanlan-park")
    assert 1.0e6 <= park <= 2.3e6
    assert sum(m.size for m in made["haiwan"].place.meters if m.place == "wanlan-park"
               and m.profile == "pv") == pytest.approx(9700 * 0.15)  # fmt: skip
    intake = of(made["haiwan"], number(made["haiwan"], "kitchen_intake"))
    assert pc.max(intake["value"]).as_py() <= 3000 and pc.mean(intake["value"]).as_py() > 2400
    profiles = [m.profile for m in made["yunhe"].place.meters]
    assert profiles.count("ev_slow") == 10 and profiles.count("ev_fast") == 2


def test_haiwan_emissions_a_person(made: dict[str, Generated]) -> None:
    """Order of magnitude only: 2023 Guangdong grid, gas 2.165 kg/m3, incineration 272 kg/t."""
    g = made["haiwan"]
    mine = {a.slug for a in g.place.areas if a.slug.startswith("haiwan")}
    kilograms = 0.0
    for carrier, factor in (("electricity", 0.4419), ("gas", 2.165), ("waste", 0.272)):
        numbers = pa.array(
            m.number for m in g.place.meters
            if m.carrier == carrier and m.place in mine and m.profile != "feeder"
            and m.channels[0] == "import" and (not m.parent or "TQ" in m.parent)
            and (carrier != "waste" or m.product == "incineration")
        )  # fmt: skip
        t = g.readings.filter(pc.is_in(g.readings["number"].cast(pa.string()), numbers))
        t = t.filter(pc.equal(t["carrier"], carrier))
        for row in t.group_by("number").aggregate([("value", "sum")]).to_pylist():
            meter = next(m for m in g.place.meters if m.number == row["number"])
            kilograms += row["value_sum"] / 2 * factor * meter.multiplier
    people = next(a.value for a in g.place.attributes if (a.area, a.name) == ("haiwan", "population"))
    assert 0.5 <= kilograms / 1000 / people <= 0.9


def test_feeder_is_what_is_behind_it(made: dict[str, Generated]) -> None:
    g = made["yunhe"]
    for feeder in (m for m in g.place.meters if m.profile == "feeder"):
        total = pc.sum(of(g, feeder.number)["value"]).as_py()
        behind = pa.array([m.number for m in g.place.meters if m.parent == feeder.number])
        mask = pc.and_(
            pc.is_in(g.readings["number"].cast(pa.string()), behind),
            pc.equal(g.readings["quality"], "measured"),
        )
        parts = pc.sum(g.readings.filter(mask)["value"]).as_py()
        assert 0.98 * (1 + LINE_LOSS) <= total / parts <= 1.02 * (1 + LINE_LOSS)


def test_site_balance(made: dict[str, Generated]) -> None:
    """What a site takes from the grid, less what it gives, is load less PV."""
    g = made["yunhe"]
    assert year_sum(g, profile="site", channel="export", place="yunhe-office") > 1000
    both = of(g, "YH-E-MAIN-01").to_pandas().pivot_table(index="start", columns="channel",
                                                         values="value", observed=True)  # fmt: skip
    assert not ((both["import"] > 0.01) & (both["export"] > 0.01)).any()


def test_weather_drives_load(made: dict[str, Generated]) -> None:
    g = made["haiwan"]
    frame = of(g, "HW-E-HVAC-01").to_pandas()
    month = (frame.start.to_numpy() + 28800).astype("datetime64[s]").astype("datetime64[M]")
    by_month = frame.groupby(month).value.sum()
    assert by_month[np.datetime64("2025-07")] > 4 * by_month[np.datetime64("2025-01")]


def test_imperfections_are_there(made: dict[str, Generated]) -> None:
    g = made["haiwan"]
    start = of(g, number(g, fault="dead"))["start"].to_numpy()
    day = (start - START_ES) // 86400
    assert not ((day >= day_index(DEAD[0])) & (day < day_index(DEAD[1]))).any()
    homes = [m.number for m in g.place.meters if "no_reading" in m.faults and m.profile == "home"]
    assert of(g, homes[-1]).num_rows == 0 and of(g, homes[0]).num_rows == 24
    start = np.sort(of(made["shadao"], number(made["shadao"], fault="gap"))["start"].to_numpy())
    assert np.diff(start).max() >= 31 * 3600
    marks = pc.value_counts(made["jiangbin"].readings["quality"]).to_pylist()
    assert any(m["values"] == "estimated:supplier" and m["counts"] > 10 for m in marks)


def test_bill_from_the_11th(made: dict[str, Generated]) -> None:
    g = made["yunhe"]
    meter = next(m for m in g.place.meters if "from_11th" in m.faults and m.carrier == "water")
    t = of(g, meter.number)
    local = (t["start"].to_numpy() + 28800).astype("datetime64[s]").astype("datetime64[D]")
    assert {str(d)[-2:] for d in local} == {"11"}
    assert t["start"].to_pylist()[1] == t["start"].to_pylist()[0] + t["seconds"].to_pylist()[0]


def test_registers(made: dict[str, Generated]) -> None:
    g = made["yunhe"]
    old, new = (d for d in g.devices if d.number == number(g, fault="exchange"))
    t = of(g, old.number)
    assert set(t["seconds"].to_pylist()) == {0}
    assert old.valid_to == new.valid_from and old.final is not None
    used = old.final - old.initial + t["value"].to_pylist()[-1] - new.initial
    size = next(m.size for m in g.place.meters if m.number == old.number)
    assert used == pytest.approx(2 * size, rel=0.05)
    g = made["weiwu"]
    values = of(g, number(g, fault="rollover"))["value"].to_pylist()
    assert sum(b < a for a, b in itertools.pairwise(values)) == 1


def test_place_of_another_name_is_refused() -> None:
    with pytest.raises(KeyError):
        place("dameisha")
