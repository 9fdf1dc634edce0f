"""The synthesised weather keeps to its normals and is the same every time."""

from __future__ import annotations

import numpy as np
import pytest

from tanlin.demo.weather import DAYS, HOURS, START_ES, STATIONS, synthesise


@pytest.mark.parametrize("station", STATIONS)
def test_close_to_normals(station: str) -> None:
    w, normals = synthesise(station), STATIONS[station]
    assert w.temperature.shape == w.radiation.shape == (HOURS,)
    month = (np.datetime64("2024-01-01") + np.arange(DAYS)).astype("datetime64[M]").astype(int) % 12
    for m in range(12):
        days = month == m
        assert abs(w.daily_temperature[days].mean() - normals.mean[m]) < 2.5
        sun = w.radiation.reshape(DAYS, 24)[days].sum(axis=1).mean() / 1000
        assert sun == pytest.approx(normals.radiation[m], rel=1e-3)
    assert w.radiation.reshape(DAYS, 24)[:, [0, 1, 2, 22, 23]].max() == 0
    assert w.radiation.max() < 1150


def test_start_is_local_midnight() -> None:
    local = np.datetime64(START_ES + 8 * 3600, "s")
    assert local == np.datetime64("2024-01-01T00:00:00")
