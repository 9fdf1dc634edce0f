"""Two years of hourly weather from monthly normals, the same on every machine.

The synthesiser, in four steps, all seeded by the station's name:

1. The twelve monthly means are joined by straight lines through the middle of each month.
2. A daily anomaly is added: first-order autoregression, r = 0.72, with a standard deviation
   that is larger in winter than in summer, plus one offset a year (2024 warmer than 2025).
3. The day's hours follow a cosine between the normal minimum (06:00) and maximum (15:00).
   A cloudy day has a smaller range.
4. Radiation: the height of the sun at mid-hour from latitude and day of year (Cooper 1969),
   clear-sky value 1,098 sin h exp(-0.057 / sin h) W/m2 (Haurwitz 1945), times a daily
   cloud factor; each calendar month of both years together is scaled to the normal.

The normals are round figures from general climate knowledge (about 1991-2020), typed in by
hand for the demonstration. They are not a station record and must not be used as one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import lru_cache

import numpy as np

from .seeds import rng

FIRST_DAY = date(2024, 1, 1)
LAST_DAY_EXCLUSIVE = date(2026, 1, 1)
TZ = "Asia/Shanghai"
UTC_OFFSET = 8 * 3600
START_ES = 1704038400  # 2024-01-01 00:00 in Shanghai
DAYS = (LAST_DAY_EXCLUSIVE - FIRST_DAY).days
HOURS = DAYS * 24


@dataclass(frozen=True)
class Normals:
    """Monthly normals: degrees Celsius (mean, max, min) and horizontal kWh/m2 a day."""

    latitude: float
    mean: tuple[float, ...]
    high: tuple[float, ...]
    low: tuple[float, ...]
    radiation: tuple[float, ...]


STATIONS = {
    "shenzhen": Normals(
        22.5,
        (15.7, 16.8, 19.3, 22.9, 26.2, 28.2, 29.0, 28.8, 27.8, 25.5, 21.5, 17.2),
        (20.3, 21.2, 23.5, 26.8, 29.9, 31.6, 32.6, 32.5, 31.6, 29.3, 25.5, 21.7),
        (12.7, 13.9, 16.4, 20.2, 23.4, 25.5, 26.1, 25.8, 24.9, 22.5, 18.5, 14.1),
        (2.9, 2.8, 3.0, 3.5, 4.2, 4.6, 5.2, 4.8, 4.5, 4.2, 3.6, 3.1),
    ),
    "shanghai": Normals(
        31.2,
        (4.8, 6.6, 10.4, 15.9, 21.1, 24.4, 28.7, 28.4, 24.6, 19.6, 13.8, 7.4),
        (8.3, 10.4, 14.7, 20.7, 25.8, 28.2, 32.8, 32.2, 28.2, 23.6, 17.9, 11.2),
        (2.2, 3.7, 7.1, 12.2, 17.3, 21.5, 25.8, 25.8, 22.0, 16.5, 10.7, 4.6),
        (2.2, 2.7, 3.4, 4.3, 4.7, 4.2, 5.0, 4.7, 3.9, 3.3, 2.5, 2.2),
    ),
    "zhenjiang": Normals(
        32.2,
        (3.2, 5.6, 10.0, 16.0, 21.3, 25.0, 28.4, 27.9, 23.6, 18.0, 11.5, 5.4),
        (7.2, 10.0, 15.0, 21.4, 26.6, 29.5, 32.4, 31.8, 27.8, 22.8, 16.3, 9.9),
        (0.2, 2.2, 6.0, 11.4, 16.8, 21.2, 25.2, 24.9, 20.3, 14.3, 7.8, 1.9),
        (2.2, 2.7, 3.5, 4.4, 4.8, 4.5, 4.8, 4.6, 3.8, 3.3, 2.5, 2.1),
    ),
}


@dataclass(frozen=True)
class Weather:
    """Hourly arrays of length HOURS: temperature (C) and horizontal radiation (W/m2)."""

    temperature: np.ndarray
    radiation: np.ndarray

    @property
    def daily_temperature(self) -> np.ndarray:
        """Daily mean temperature, length DAYS."""
        return self.temperature.reshape(DAYS, 24).mean(axis=1)

    @property
    def dark(self) -> np.ndarray:
        """True for each hour in which street lamps burn."""
        return self.radiation < 20


def _months() -> np.ndarray:
    """Month 0-11 of every day."""
    days = np.datetime64(FIRST_DAY) + np.arange(DAYS)
    return days.astype("datetime64[M]").astype(int) % 12


def _between(values: tuple[float, ...]) -> np.ndarray:
    """Daily values joined by straight lines through the middle of each month."""
    day = np.arange(DAYS) % 365.25
    middle = (np.arange(-1, 13) + 0.5) * 365.25 / 12
    return np.interp(day, middle, np.r_[values[-1], values, values[0]])


def _autoregression(noise: np.ndarray, r: float) -> np.ndarray:
    out = np.empty_like(noise)
    last = 0.0
    for i, step in enumerate(noise):
        last = r * last + (1 - r * r) ** 0.5 * step
        out[i] = last
    return out


def _clear_sky(latitude: float) -> np.ndarray:
    """Clear-sky horizontal radiation in W/m2 at mid-hour, shape (DAYS, 24)."""
    day = np.arange(DAYS)[:, None] % 365.25 + 1
    declination = np.radians(23.45) * np.sin(2 * np.pi * (284 + day) / 365)
    hour_angle = np.radians(15 * (np.arange(24) + 0.5 - 12))[None, :]
    phi = np.radians(latitude)
    height = np.sin(phi) * np.sin(declination) + np.cos(phi) * np.cos(declination) * np.cos(hour_angle)
    up = np.maximum(height, 1e-3)
    return np.where(height > 0.01, 1098 * up * np.exp(-0.057 / up), 0.0)


@lru_cache(maxsize=4)
def synthesise(station: str) -> Weather:
    """Hourly weather of `station` (a key of STATIONS) for 2024 and 2025."""
    normals = STATIONS[station]
    random = rng("weather", station)
    months = _months()
    year_offset = np.where(np.arange(DAYS) < 366, 0.45, -0.15)
    spread = 1.6 + 1.6 * np.cos(2 * np.pi * (np.arange(DAYS) - 15) / 365.25).clip(-0.4)
    mean = _between(normals.mean) + year_offset + spread * _autoregression(random.normal(size=DAYS), 0.72)
    cloud = _autoregression(random.normal(size=DAYS), 0.45)
    clear = 0.18 + 0.72 / (1 + np.exp(-1.3 * cloud))
    half_range = 0.5 * (_between(normals.high) - _between(normals.low)) * (0.55 + 0.75 * clear)
    hour = np.arange(24)
    shape = np.where(
        (hour >= 6) & (hour < 15),
        -np.cos(np.pi * (hour - 6) / 9),
        np.cos(np.pi * ((hour - 15) % 24) / 15),
    )
    temperature = mean[:, None] + half_range[:, None] * (shape - shape.mean())
    radiation = _clear_sky(normals.latitude) * clear[:, None]
    for month in range(12):
        rows = months == month
        normal = normals.radiation[month] * 1000 * rows.sum()
        radiation[rows] *= normal / radiation[rows].sum()
    return Weather(np.round(temperature.ravel(), 2), np.round(radiation.ravel(), 1))
