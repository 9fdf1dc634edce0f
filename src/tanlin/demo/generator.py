"""Readings of a demonstration place: hourly, daily and monthly, the same bytes on every run.

Homes and shops are simulated by day and summed to bills, and a transformer-area total is the
sum of what is behind it plus line losses, so that the parts always fit the whole. Values are
rounded as a real meter shows them, which also removes the last-digit differences between
processors. Imperfections (`Meter.faults`) are removed rows or marked rows, never invented ones:

- `dead`: no readings from 2025-03-03 for six weeks; `gap`: none for 31 h from 2025-07-30 20:00
- `estimated`: the bills of two months are the supplier's estimate; `no_reading`: the last home
  of the building has no readings at all; `sheet_lost`: eleven daily weighing sheets missing
- `from_11th`: water is billed from the 11th to the 10th; `led`: lamps replaced on 2025-04-01
- `exchange`: register meter replaced on 2025-05-20; `rollover`: a register passes 9,999.9
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import numpy as np
import pyarrow as pa

from . import profiles
from .places import CONSUMERS, Device, Meter, Place, place
from .seeds import rng
from .weather import DAYS, FIRST_DAY, HOURS, START_ES, synthesise

DAY = 86400
LINE_LOSS = 0.035
PV_HOURS_PER_SUN_HOUR = 0.73  # performance ratio of a nearly flat roof
DEAD = ("2025-03-03", "2025-04-14")
GAP = (profiles.day_index("2025-07-30") * 24 + 20, 31)
LED_FROM, LED_FACTOR = "2025-04-01", 0.62
EXCHANGE = date(2025, 5, 20)

READINGS = pa.schema(
    [
        ("number", pa.dictionary(pa.int32(), pa.string())),
        ("carrier", pa.dictionary(pa.int32(), pa.string())),
        ("channel", pa.dictionary(pa.int32(), pa.string())),
        ("start", pa.int64()),
        ("seconds", pa.int32()),
        ("value", pa.float64()),
        ("quality", pa.dictionary(pa.int32(), pa.string())),
    ]
)


@dataclass(frozen=True)
class Generated:
    """One place with its readings (schema READINGS, sorted by meter order) and devices."""

    place: Place
    readings: pa.Table
    devices: list[Device]


@dataclass
class Chunk:
    """Readings of one meter and channel; `estimated` marks the supplier's estimates."""

    meter: Meter
    channel: str
    start: np.ndarray
    seconds: np.ndarray
    value: np.ndarray
    estimated: np.ndarray | None = None


def _keep(meter: Meter) -> np.ndarray:
    """Hours that arrive: the faults of the meter and one hour in 700 lost at random."""
    keep = rng("lost", meter.number).random(HOURS) >= 1 / 700
    if "dead" in meter.faults:
        keep[profiles.day_index(DEAD[0]) * 24 : profiles.day_index(DEAD[1]) * 24] = False
    if "gap" in meter.faults:
        keep[GAP[0] : GAP[0] + GAP[1]] = False
    return keep


def _load(meter: Meter, scene: profiles.Scene) -> np.ndarray:
    """Hourly kWh of a load: shape, scatter, and `size` kWh in a mean year."""
    random = rng("load", meter.number)
    shape = profiles.SHAPES[meter.profile](scene, random)
    sigma = profiles.SCATTER.get(meter.profile, 0.08)
    shape = shape * np.exp(random.normal(0.0, sigma, HOURS))
    out = shape * (meter.size * HOURS / 8766 / shape.sum())
    if "led" in meter.faults:
        out[profiles.day_index(LED_FROM) * 24 :] *= LED_FACTOR
    return out


def _pv(meter: Meter, scene: profiles.Scene) -> np.ndarray:
    """Hourly kWh of a plant of `size` kW on a nearly flat roof, hot modules yield less."""
    sun = scene.weather.radiation / 1000
    heat = 1 - 0.0035 * np.maximum(scene.weather.temperature + 25 * sun - 25, 0)
    own = 1 + 0.03 * rng("pv", meter.number).standard_normal(DAYS)
    out = meter.size * sun * heat / 0.93 * PV_HOURS_PER_SUN_HOUR * np.repeat(own, 24)
    return np.minimum(out, 0.92 * meter.size)


def _battery(meter: Meter, scene: profiles.Scene) -> tuple[np.ndarray, np.ndarray]:
    """Charge and discharge of `size` kWh: filled by the sun, emptied in the evening."""
    sun = scene.weather.radiation.reshape(DAYS, 24)[:, 9:15]
    fill = 0.85 * meter.size * np.minimum(sun.sum(axis=1) / 2600, 1)
    charge, discharge = np.zeros((DAYS, 24)), np.zeros((DAYS, 24))
    charge[:, 9:15] = fill[:, None] * sun / np.maximum(sun.sum(axis=1), 1)[:, None]
    discharge[:, 18:22] = (0.88 * fill / 4)[:, None]
    return charge.ravel(), discharge.ravel()


def _hourly(p: Place, scene: profiles.Scene) -> Iterator[Chunk]:
    """Hourly chunks in meter order; a site's main meter is what is left after its PV."""
    series: dict[str, np.ndarray] = {}
    back: dict[str, np.ndarray] = {}
    for m in p.hourly:
        if m.profile == "pv":
            series[m.number] = _pv(m, scene)
        elif m.profile == "battery":
            series[m.number], back[m.number] = _battery(m, scene)
        elif m.profile != "site":
            series[m.number] = _load(m, scene)
    for m in p.hourly:
        if m.profile != "site":
            continue
        own = np.exp(rng("site", m.number).normal(0, 0.06, HOURS))
        net = own * scene.days(profiles.OFFICE, profiles.OFFICE_FREE)
        net *= m.size * HOURS / 8766 / net.sum()
        for other in p.hourly:
            if other.parent == m.number:
                net = net + series[other.number] - back.get(other.number, 0.0)
            elif other.profile == "pv" and other.place == m.place:
                net = net - series[other.number]
        series[m.number], back[m.number] = np.maximum(net, 0), np.maximum(-net, 0)
    start = START_ES + np.arange(HOURS, dtype=np.int64) * 3600
    for m in p.hourly:
        keep = _keep(m)
        for channel, values in zip(m.channels, (series[m.number], back.get(m.number)), strict=False):
            assert values is not None
            read = np.round(values / m.multiplier, 2 if m.multiplier == 1 else 3)
            yield Chunk(m, channel, start[keep], np.full(keep.sum(), 3600), read[keep])


def _consumer_days(meters: list[Meter], scene: profiles.Scene, name: str) -> np.ndarray:
    """Daily use of homes or shops, shape (meters, DAYS), in the carrier's unit."""
    carrier, profile = meters[0].carrier, meters[0].profile
    random = rng("consumers", name, carrier, profile)
    n = len(meters)
    size = random.lognormal(0.0, 0.33, n)[:, None]
    temperature = scene.weather.daily_temperature
    cool = np.maximum(temperature - 24.5, 0)[None, :]
    heat = np.maximum(12.0 - temperature, 0)[None, :]
    free = ~scene.work[None, :]
    if profile == "home":
        if carrier == "electricity":
            unit = random.lognormal(0.0, 0.4, n)[:, None]
            days = size * 5.1 * (1 + 0.08 * free) + unit * (0.95 * cool + 0.34 * heat)
        elif carrier == "water":
            days = size * 0.30 * (1 + 0.012 * cool)
        elif carrier == "gas":
            days = size * 0.27 * (1 + 0.05 * np.maximum(24 - temperature, 0)[None, :])
        else:
            days = size * 0.28 * (1 + 0.02 * heat)
        empty = random.random(n) < 0.04  # let or sold, nobody lives there
        days = np.where(empty[:, None], 0.03 * days, days)
        away = random.integers(0, DAYS - 21, n)[:, None]
        day = np.arange(DAYS)[None, :]
        days = np.where((day >= away) & (day < away + 14), 0.25 * days, days)
    else:
        base = {"electricity": 22.0, "water": 0.55, "gas": 5.5, "fuel": 1.0}[carrier]
        days = size * base * np.where(free, 0.85, 1.0)
        if carrier == "electricity":
            days = days + size * (1.9 * cool + 0.6 * heat)
    return days * random.lognormal(0.0, 0.18, (n, DAYS))


def _borders(meter: Meter) -> np.ndarray:
    """First days of the billing periods of two years and one past the last, as day numbers."""
    anchor = 11 if "from_11th" in meter.faults and meter.carrier == "water" else 1
    count = 24 if anchor == 1 else 23
    return np.array([profiles.day_of(d) for d in profiles.months_from(FIRST_DAY, anchor, count)])


def _bill(meter: Meter, days: np.ndarray, marks: np.random.Generator) -> Chunk:
    """One meter's bills from its daily use; whole kWh for electricity, 0.1 otherwise."""
    borders = _borders(meter)
    total = np.add.reduceat(days, borders[:-1])
    if borders[-1] < DAYS:  # the reduction ran on to the last day
        total[-1] = days[borders[-2] : borders[-1]].sum()
    value = np.round(total, 0 if meter.carrier == "electricity" else 1)
    estimated = np.zeros(len(value), dtype=bool)
    if "estimated" in meter.faults and marks.random() < 0.12:
        estimated[[8, 9]] = True
        value[[8, 9]] = np.round(value[[7, 7]], 1)  # the supplier carries the last bill on
    start = START_ES + borders[:-1].astype(np.int64) * DAY
    return Chunk(meter, "import", start, np.diff(borders) * DAY, value, estimated)


def _consumers(p: Place, scene: profiles.Scene) -> Iterator[Chunk]:
    """Bills of homes and shops, then the transformer-area totals made from their days."""
    groups: dict[tuple[str, str, str], list[Meter]] = {}
    for m in p.meters:
        if m.profile in CONSUMERS:
            groups.setdefault((m.place, m.carrier, m.profile), []).append(m)
    behind: dict[str, np.ndarray] = {}
    for (where, carrier, profile), meters in groups.items():
        days = _consumer_days(meters, scene, where)
        marks = rng("bills", where, carrier, profile)
        if carrier == "electricity" and meters[0].parent:
            behind[meters[0].parent] = behind.get(meters[0].parent, 0.0) + days.sum(axis=0)
        silent = profile == "home" and "no_reading" in meters[0].faults
        for i, m in enumerate(meters):
            if not (silent and i == len(meters) - 1):
                yield _bill(m, days[i], marks)
    for m in p.meters:
        if m.profile == "feeder":
            total = behind[m.number] * (1 + LINE_LOSS)
            if m.kind == "bill":
                yield _bill(m, total, rng("bills", m.number))
            else:
                start = START_ES + np.arange(DAYS, dtype=np.int64) * DAY
                yield Chunk(m, "import", start, np.full(DAYS, DAY), np.round(total, 1))


def _scales(p: Place, scene: profiles.Scene) -> Iterator[Chunk]:
    """Daily weighing sheets (kg) and bills of what is used evenly over the year."""
    start = START_ES + np.arange(DAYS, dtype=np.int64) * DAY
    for m in p.meters:
        random = rng("scale", m.number)
        if m.profile in ("weighing", "kitchen_intake"):
            week = 1 + 0.10 * ~scene.work
            kg = m.size * week * (1 + 0.006 * (scene.weather.daily_temperature - 20))
            kg = np.round(kg * random.lognormal(0.0, 0.09, DAYS), 0)
            if m.profile == "kitchen_intake":
                kg = np.minimum(kg, 3000)  # the unit takes 3 t a day
            keep = np.ones(DAYS, dtype=bool)
            if "sheet_lost" in m.faults:
                keep[random.choice(DAYS, 11, replace=False)] = False
            yield Chunk(m, "import", start[keep], np.full(keep.sum(), DAY), kg[keep])
        elif m.profile == "even":
            days = m.size / 365.25 * random.lognormal(0.0, 0.1, DAYS)
            yield _bill(m, days, random)


def _registers(p: Place) -> Iterator[tuple[Chunk, list[Device]]]:
    """Register readings near the first of each month, and the devices that showed them."""
    for m in p.meters:
        if m.kind != "register":
            continue
        random = rng("register", m.number)
        days = m.size / 365.25 * random.lognormal(0.0, 0.25, DAYS)
        used = np.r_[0.0, np.cumsum(days)]
        borders = profiles.months_from(FIRST_DAY, 1, 24)
        at = np.array([min(profiles.day_of(d) + int(random.integers(0, 4)), DAYS) for d in borders])
        at[0], at[-1] = 0, DAYS
        first = 9999.9 - used[DAYS // 2] if "rollover" in m.faults else 1200.0
        first = round(float(first), 1)
        digits, turn = (4, 10000.0) if "rollover" in m.faults else (6, 1e6)
        value = np.round((first + used[at]) % turn, 1)
        serial = f"{int.from_bytes(m.number.encode(), 'big') % 10**8:08d}"
        devices = [Device(m.number, m.carrier, serial, digits, first, FIRST_DAY)]
        if "exchange" in m.faults:
            day = profiles.day_of(EXCHANGE)
            final, initial = round(float(first + used[day]), 1), 0.4
            later = at > day
            value[later] = np.round(initial + used[at[later]] - used[day], 1)
            devices = [
                Device(m.number, m.carrier, serial, digits, first, FIRST_DAY, final, EXCHANGE),
                Device(m.number, m.carrier, f"{int(serial) + 7:08d}", digits, initial, EXCHANGE),
            ]
        start = START_ES + at.astype(np.int64) * DAY
        yield Chunk(m, "import", start, np.zeros(len(at)), value), devices


def _table(chunks: list[Chunk]) -> pa.Table:
    """One table of all chunks, in order, with dictionary columns built from codes."""
    lengths = np.array([len(c.value) for c in chunks])

    def column(words: list[str]) -> pa.DictionaryArray:
        codes: dict[str, int] = {}
        index = np.array([codes.setdefault(w, len(codes)) for w in words], dtype=np.int32)
        return pa.DictionaryArray.from_arrays(
            pa.array(np.repeat(index, lengths)), pa.array(list(codes), pa.string())
        )

    marks = [np.zeros(len(c.value), bool) if c.estimated is None else c.estimated for c in chunks]
    quality = pa.DictionaryArray.from_arrays(
        pa.array(np.concatenate(marks).astype(np.int32)),
        pa.array(["measured", "estimated:supplier"]),
    )
    return pa.table(
        [
            column([c.meter.number for c in chunks]),
            column([c.meter.carrier for c in chunks]),
            column([c.channel for c in chunks]),
            pa.array(np.concatenate([c.start for c in chunks]).astype(np.int64)),
            pa.array(np.concatenate([c.seconds for c in chunks]).astype(np.int32)),
            pa.array(np.concatenate([c.value for c in chunks]).astype(np.float64)),
            quality,
        ],
        schema=READINGS,
    )


def generate(slug: str) -> Generated:
    """Areas, meters, devices and two years of readings of one place of PLACES."""
    p = place(slug)
    scene = profiles.Scene(synthesise(p.station), profiles.workdays())
    chunks = [*_hourly(p, scene), *_consumers(p, scene), *_scales(p, scene)]
    devices: list[Device] = []
    for chunk, some in _registers(p):
        chunks.append(chunk)
        devices += some
    return Generated(p, _table(chunks), devices)


METERS = pa.schema(
    [
        (name, pa.string())
        for name in ("number", "owner", "carrier", "channel", "place", "name", "name_en", "kind")
    ]
    + [("multiplier", pa.float64())]
    + [(name, pa.string()) for name in ("unit", "product", "parent", "tariff", "use")]
    + [("valid_from", pa.date32()), ("valid_to", pa.date32())]
)


def meter_table(p: Place) -> pa.Table:
    """One row per meter and channel with the dated fields of the registry (schema METERS)."""
    rows = [
        {
            **{f: getattr(m, f) for f in METERS.names if hasattr(m, f)},
            "channel": channel,
            "valid_from": FIRST_DAY,
            "valid_to": None,
        }
        for m in p.meters
        for channel in m.channels
    ]
    return pa.Table.from_pylist(rows, schema=METERS)


def digest(table: pa.Table) -> str:
    """SHA-256 over the columns of a readings table, independent of chunking."""
    total = hashlib.sha256()
    for name in table.column_names:
        column = table[name].combine_chunks()
        if pa.types.is_dictionary(column.type):
            total.update("\x00".join(column.dictionary.to_pylist()).encode())
            column = column.indices
        total.update(name.encode() + column.to_numpy(zero_copy_only=False).tobytes())
    return f"sha256:{total.hexdigest()}"
