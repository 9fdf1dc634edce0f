"""Load that looks real, and faults put into it at known places."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

TZ = "Asia/Shanghai"
#: Monday 2024-01-01 00:00 in Shanghai.
START = 1_704_038_400
HOUR = 3600


def load(meters: int, days: int, seed: int = 7) -> np.ndarray:
    """Hourly kWh (meters, hours) of homes and shops: base, two peaks, weekends, seasons, appliances, noise."""
    rng = np.random.default_rng(seed)
    hour, day = np.arange(days * 24) % 24, np.arange(days * 24) // 24
    base = rng.uniform(0.1, 0.6, (meters, 1))
    at, wide = rng.uniform(17, 21, (meters, 1)), rng.uniform(1.5, 3, (meters, 1))
    evening = np.exp(-(((hour - at + 12) % 24 - 12) ** 2) / (2 * wide**2))
    morning = np.exp(-(((hour - rng.uniform(6, 9, (meters, 1)) + 12) % 24 - 12) ** 2) / 2)
    weekend = np.where((day % 7) >= 5, rng.uniform(1.0, 1.5, (meters, 1)), 1.0)
    season = 1 + 0.5 * np.sin((day - rng.uniform(90, 200, (meters, 1))) / 365 * 2 * np.pi)
    use = base + weekend * season * (
        rng.uniform(0.5, 2, (meters, 1)) * evening + rng.uniform(0.2, 1, (meters, 1)) * morning
    )
    use *= rng.lognormal(0, 0.25, use.shape)
    appliance = (rng.random(use.shape) < 0.03) * rng.uniform(0.3, 1.0, use.shape)
    return np.round(use + appliance, 3)


def table(values: np.ndarray, first_id: int = 1, start: int = START, step: int = HOUR) -> pa.Table:
    """(meters, slots) → effective rows in key order; NaN is no row."""
    meter, slot = np.nonzero(~np.isnan(values))
    rows = len(meter)
    return pa.table(
        {
            "meter_id": (meter + first_id).astype(np.int64),
            "channel": pa.array(["import"] * rows),
            "start": (start + slot * step).astype(np.int64),
            "seconds": pa.array(np.full(rows, step), pa.int32()),
            "value": values[meter, slot],
            "quality": pa.array(["measured"] * rows),
        }
    )


def meters_frame(
    count: int, until: int, first_id: int = 1, carrier: str = "electricity", tz: str = TZ
) -> pa.Table:
    """What ``find`` is told of meters 1..count."""
    return pa.table(
        {
            "meter_id": pa.array(range(first_id, first_id + count), pa.int64()),
            "carrier": [carrier] * count,
            "path": ["/1/"] * count,
            "tz": [tz] * count,
            "until": pa.array([until] * count, pa.int64()),
        }
    )


@dataclass
class Faults:
    """Values with faults, and where they are: (meter row, kind, first slot, end slot, more)."""

    values: np.ndarray
    put: list[tuple[int, str, int, int, Any]] = field(default_factory=list)


def spoiled(values: np.ndarray, kinds: tuple[str, ...], share: float = 0.3, seed: int = 3) -> Faults:
    """About ``share`` of the meters get one fault of each kind asked for, each on meters of its own."""
    rng = np.random.default_rng(seed)
    out = Faults(values.copy())
    hours = values.shape[1]
    for number, kind in enumerate(kinds):
        for m in range(number, len(values), max(1, round(len(kinds) / share))):
            if np.isnan(values[m]).mean() > 0.05:
                continue
            at = int(rng.integers(24 * 35, hours - 24 * 35))
            put(out, m, kind, at, rng)
    return out


def put(out: Faults, m: int, kind: str, at: int, rng: np.random.Generator) -> None:
    v = out.values[m]
    end, more = at + 1, None
    if kind == "spike":
        end = at + int(rng.integers(1, 3))
        v[at:end] += np.nanmean(v) * rng.uniform(8, 30)
    elif kind == "negative":
        v[at] = -abs(v[at]) - 0.01
    elif kind == "range":
        v[at] = 30_000.0
    elif kind == "stuck":
        end = at + int(rng.integers(24, 72))
        v[at:end] = np.round(np.nanmean(v), 3)
    elif kind == "gap":
        end = at + int(rng.integers(1, 100))
        v[at:end] = np.nan
    elif kind in ("zone_slip", "clock_shift"):
        more = int(rng.choice([-8, -3, -2, 2, 3, 8]))
        at = at // 24 * 24
        end = len(v)
        v[at:] = np.roll(v[at:], more)
    out.put.append((m, kind, at, end, more))
