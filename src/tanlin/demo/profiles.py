"""Hourly load shapes by kind of equipment. Shapes only; the generator scales and rounds them.

Every shape function takes a `Scene` (weather, calendar) and the meter's own random stream and
returns HOURS values of at least zero; the scale does not matter unless it says so.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from .weather import DAYS, FIRST_DAY, HOURS, Weather

# Public holidays and the weekend days worked instead, by the State Council's notices for the
# year; written down from general knowledge, for the shape of a demonstration only.
_HOLIDAYS = (
    ("2024-01-01", 1), ("2024-02-10", 8), ("2024-04-04", 3), ("2024-05-01", 5),
    ("2024-06-08", 3), ("2024-09-15", 3), ("2024-10-01", 7),
    ("2025-01-01", 1), ("2025-01-28", 8), ("2025-04-04", 3), ("2025-05-01", 5),
    ("2025-05-31", 3), ("2025-10-01", 8),
)  # fmt: skip
_WORKED = (
    "2024-02-04", "2024-02-18", "2024-04-07", "2024-04-28", "2024-05-11", "2024-09-14",
    "2024-09-29", "2024-10-12", "2025-01-26", "2025-02-08", "2025-04-27", "2025-09-28",
    "2025-10-11",
)  # fmt: skip


def workdays() -> np.ndarray:
    """True for each working day of the two years (length DAYS)."""
    weekday = (np.arange(DAYS) + FIRST_DAY.weekday()) % 7
    work = weekday < 5
    for first, length in _HOLIDAYS:
        start = (date.fromisoformat(first) - FIRST_DAY).days
        work[start : start + length] = False
    for day in _WORKED:
        work[(date.fromisoformat(day) - FIRST_DAY).days] = True
    return work


def day_index(text: str) -> int:
    """Days from the first day to an ISO date."""
    return (date.fromisoformat(text) - FIRST_DAY).days


@dataclass(frozen=True)
class Scene:
    """What every shape of one place shares."""

    weather: Weather
    work: np.ndarray  # bool, DAYS

    def days(self, working: tuple[float, ...], free: tuple[float, ...]) -> np.ndarray:
        """Hourly series from two 24-value shapes."""
        return np.where(self.work[:, None], np.array(working), np.array(free)).ravel()

    @property
    def cooling(self) -> np.ndarray:
        """Degrees above 24 C, hourly."""
        return np.maximum(self.weather.temperature - 24.0, 0.0)

    @property
    def heating(self) -> np.ndarray:
        """Degrees below 13 C, hourly."""
        return np.maximum(13.0 - self.weather.temperature, 0.0)


Shape = Callable[[Scene, np.random.Generator], np.ndarray]


def _hours(spec: str) -> tuple[float, ...]:
    """24 values from a string of digits, one an hour, in tenths."""
    return tuple(int(c) / 9 for c in spec)


_HOME_DAY = _hours("211112465433443344678986")
OFFICE = _hours("111111124899978999742211")
OFFICE_FREE = _hours("111111111222222222111111")
_LIFT = _hours("211111479754665456898753")
_LIFT_FREE = _hours("211111246677766677888754")
_PUMP = _hours("211113797655665457999864")
_EBIKE = _hours("886543222222333334679999")
_GARAGE = _hours("555556788877777778998776")
_MUSEUM = _hours("111111112799989999311111")
_SCHOOL = _hours("111112478999878998431111")
_CLINIC = _hours("444444579999889998766555")
_WORKS = _hours("333333459999899999887544")
_WORKS_FREE = _hours("222222223333333333332222")


def _office(s: Scene, _: np.random.Generator) -> np.ndarray:
    return s.days(OFFICE, OFFICE_FREE)


def _hvac(s: Scene, _: np.random.Generator) -> np.ndarray:
    open_now = s.days(OFFICE, _hours("111111112344444443211111"))
    return open_now * (s.cooling + 0.55 * s.heating) + 0.02 * open_now


def _lift(s: Scene, _: np.random.Generator) -> np.ndarray:
    return s.days(_LIFT, _LIFT_FREE)


def _pump(s: Scene, _: np.random.Generator) -> np.ndarray:
    return s.days(_PUMP, _PUMP) * (1 + 0.015 * s.cooling)


def _garage(s: Scene, _: np.random.Generator) -> np.ndarray:
    return s.days(_GARAGE, _GARAGE) * (1 + 0.01 * s.cooling)


def _ebike(s: Scene, _: np.random.Generator) -> np.ndarray:
    return s.days(_EBIKE, _EBIKE)


def _dark_half(s: Scene, _: np.random.Generator) -> np.ndarray:
    return 0.12 + s.weather.dark


def _street(s: Scene, _: np.random.Generator) -> np.ndarray:
    hour = np.tile(np.arange(24), DAYS)
    late = (hour >= 0) & (hour < 5)
    return s.weather.dark * np.where(late, 0.6, 1.0)


def _museum(s: Scene, _: np.random.Generator) -> np.ndarray:
    monday = (np.arange(DAYS) + FIRST_DAY.weekday()) % 7 == 0
    shape = np.where(monday[:, None], np.full(24, 0.1), np.array(_MUSEUM)).ravel()
    return shape * (1 + 0.02 * s.cooling)


def _school(s: Scene, _: np.random.Generator) -> np.ndarray:
    away = np.zeros(DAYS, dtype=bool)
    for first, last in (("2024-01-26", "2024-02-25"), ("2024-07-08", "2024-08-31"),
                        ("2025-01-18", "2025-02-16"), ("2025-07-07", "2025-08-31")):  # fmt: skip
        away[day_index(first) : day_index(last) + 1] = True
    free = np.full(HOURS, 0.12)
    return np.where(np.repeat(away, 24), free, s.days(_SCHOOL, (0.12,) * 24))


def _hospital(s: Scene, _: np.random.Generator) -> np.ndarray:
    return s.days(_CLINIC, tuple(0.8 * v for v in _CLINIC)) * (1 + 0.02 * s.cooling)


def _industry(s: Scene, _: np.random.Generator) -> np.ndarray:
    return s.days(_WORKS, _WORKS_FREE)


def _kitchen(s: Scene, r: np.random.Generator) -> np.ndarray:
    drum = np.tile(np.where((np.arange(24) >= 7) & (np.arange(24) < 17), 1.0, 0.0), DAYS)
    return 0.45 + drum * np.repeat(r.uniform(0.8, 1.2, DAYS), 24)


def _rain(s: Scene, r: np.random.Generator) -> np.ndarray:
    season = 0.3 + np.maximum(0, np.sin(2 * np.pi * (np.arange(DAYS) % 365.25 - 80) / 365.25))
    wet = r.random(DAYS) < 0.32 * season
    depth = np.where(wet, r.gamma(1.2, 1.0, DAYS), 0.0)
    start = r.integers(0, 24, DAYS)
    hour = np.arange(24)[None, :]
    burst = np.exp(-((hour - start[:, None]) % 24) / 5.0)
    return (0.05 + depth[:, None] * burst).ravel()


def _charging(arrivals: str, mean_a_day: float, kilowatts: float) -> Shape:
    """Cars that come by chance and charge at a set power; more in cold and heat."""
    weights = np.array(_hours(arrivals))
    weights /= weights.sum()

    def shape(s: Scene, r: np.random.Generator) -> np.ndarray:
        cars = r.poisson(np.tile(weights, DAYS) * mean_a_day)
        energy = cars * r.uniform(6, 30, HOURS)
        out = np.zeros(HOURS)
        left = 0.0
        for i, more in enumerate(energy):  # what is left waits for the next hour
            left += more
            used = min(left, kilowatts)
            out[i] = used
            left -= used
        return out * (1 + 0.008 * (s.cooling + s.heating))

    return shape


SHAPES: dict[str, Shape] = {
    "office": _office,
    "hvac": _hvac,
    "lift": _lift,
    "pump": _pump,
    "garage": _garage,
    "ebike": _ebike,
    "dark_half": _dark_half,
    "street": _street,
    "museum": _museum,
    "school": _school,
    "hospital": _hospital,
    "industry": _industry,
    "kitchen": _kitchen,
    "rain": _rain,
    "ev": _charging("433222233344455566789987", 6.0, 21.0),
    "ev_fast": _charging("111111234556655667765432", 1.6, 30.0),
    "ev_slow": _charging("211111111122222335799853", 0.55, 6.6),
}

# Hourly scatter of each shape (log-normal sigma); switched equipment scatters little.
SCATTER = {"street": 0.015, "dark_half": 0.03, "kitchen": 0.04, "ev": 0.0, "ev_fast": 0.0,
           "ev_slow": 0.0, "rain": 0.05, "hvac": 0.10}  # fmt: skip


def months_from(first: date, anchor: int, count: int) -> list[date]:
    """`count` + 1 month borders that fall on day `anchor`, from the month of `first` on."""
    borders = []
    year, month = first.year, first.month
    for _ in range(count + 1):
        borders.append(date(year, month, anchor))
        month += 1
        if month > 12:
            year, month = year + 1, 1
    return borders


def day_of(border: date) -> int:
    """Days from the first day to a border."""
    return (border - FIRST_DAY) // timedelta(days=1)
