"""Hour by hour: the official annual factor times a labelled shape, so that the year still sums to the official value.

No official hourly factor is published for China. A shape says how the grid's intensity moves within a day relative
to its mean; it is a dated fact of kind ``grid_shape``, labelled as modelled and never shown as official. It is
normalised so that its mean, weighted by load, is 1: the weights are the grid's load where it is known, else the
place's own metered import, whose tonnes then equal those of the annual factor exactly.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

import numpy as np

from tanlin.carbon.factors import FactorBook, Resolved, Unknown, emission_per_unit
from tanlin.carbon.figures import Result
from tanlin.kernel.errors import BadInput, Text, Where

KEY = "carbon.hourly"
LABELS = {KEY: Text("逐时碳排放（模型曲线）", "Emissions by hour (modelled shape)")}
#: Kind of the dated facts that are shapes.
SHAPE = "grid_shape"
#: Whose load weighs the shape.
OWN, GRID = "own", "grid"
_SIZE = (12, 24)


def shape_of(hours: Sequence[float] | Sequence[Sequence[float]], fact_id: str = "") -> np.ndarray:
    """A shape as float (12, 24) of month and hour; 24 numbers hold for every month.

    Raises BadInput for another size, or numbers that are negative or not all known.
    """
    array = np.asarray(hours, float)
    if array.shape == (24,):
        array = np.broadcast_to(array, _SIZE)
    if array.shape != _SIZE or not np.isfinite(array).all() or (array < 0).any():
        raise BadInput(
            "carbon.bad_shape",
            Text(
                "日变化曲线须为 24 个或 12×24 个不小于 0 的数。",
                "A shape needs 24 or 12 × 24 numbers of at least 0.",
            ),
            where=Where(value=fact_id),
        )
    return np.array(array)


def normalised(shape: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The shape divided by its weighted mean, float (12, 24): weighted by the same load its mean is 1.

    Args:
        shape: relative intensity. weights: load ≥ 0 of the same months and hours, float (12, 24) each.

    Raises ValueError where the load or the shape is zero throughout.
    """
    load = weights.sum()
    mean = float((shape * weights).sum() / load) if load > 0 else 0.0
    if not mean > 0:
        raise ValueError("no load, or no shape, to weigh")
    return np.asarray(shape / mean, float)


def hours_of(rows: Iterable[Mapping[str, Any]]) -> np.ndarray:
    """Electricity by month and hour, kWh (12, 24), of rows with ``month`` yyyymm, ``hour`` and ``kwh``."""
    out = np.zeros(_SIZE)
    for row in rows:
        out[row["month"] % 100 - 1, row["hour"]] += row["kwh"]
    return out


def hourly(
    rows: Sequence[Mapping[str, Any]],
    book: FactorBook,
    shape: Resolved | Unknown,
    hours: Sequence[float] | Sequence[Sequence[float]],
    *,
    region: str,
    year: int,
    load: np.ndarray | None = None,
) -> Result:
    """The figure: kWh, tCO2 and factor by month and hour, after one row that says what it rests on.

    Args:
        rows: of ``carbon.hours``. shape, hours: the fact and its numbers; see :func:`shape_of`.
        load: of the grid, float (12, 24); by default the place's own import weighs the shape.
    """
    kwh = hours_of(rows)
    if isinstance(shape, Unknown):
        return Result(KEY, None, "tCO2e", unknown={"hourly.no_shape": 0})
    if not kwh.sum() > 0:
        return Result(KEY, None, "tCO2e", unknown={"readings.none": 0})
    official = [emission_per_unit(book, "electricity", "", region, date(year, m, 1)) for m in range(1, 13)]
    missing = next((one for one in official if isinstance(one, Unknown)), None)
    if missing is not None:
        return Result(KEY, None, "tCO2e", unknown={missing.code: 0})
    known = [one for one in official if not isinstance(one, Unknown)]
    annual = np.array([one.value for one in known])[:, None]
    # within a year the official factor is one number; months only part where a notice starts inside it
    factor = annual * normalised(
        shape_of(hours, shape.fact_id), np.maximum(kwh if load is None else load, 0.0)
    )
    tonnes = kwh * factor
    head = {
        "row": "basis",
        "fact": shape.fact_id,
        "name_zh": shape.fact.name.zh,
        "name_en": shape.fact.name.en,
        "label": "modelled",
        "verified": shape.verified,
        "weights": OWN if load is None else GRID,
        "official": sorted({one.factor_id for one in known}),
        "kwh": float(kwh.sum()),
        "tco2e": float(tonnes.sum()),
        "official_tco2e": float((kwh * annual).sum()),
    }
    table = [head] + [
        {
            "row": "hour",
            "month": year * 100 + month + 1,
            "hour": hour,
            "kwh": float(kwh[month, hour]),
            "tco2e": float(tonnes[month, hour]),
            "factor": float(factor[month, hour] * 1000.0),
        }
        for month, hour in zip(*np.nonzero(kwh), strict=True)
        for month, hour in [(int(month), int(hour))]
    ]
    return Result(KEY, None, "tCO2e", provisional=any(one.provisional for one in known), table=table)
