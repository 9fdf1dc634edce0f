"""Readings longer than an hour, cut at the edges of local months: a bill's share of a month goes by days."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import numpy as np

from tanlin.kernel.period import DAY, midnight


class Pieces(NamedTuple):
    """Parts of long readings, arrays of equal length: ``source`` index, cell, share of the value, seconds."""

    source: np.ndarray
    cell: np.ndarray
    share: np.ndarray
    seconds: np.ndarray


def local_days(tz: str, first: int, last: int) -> np.ndarray:
    """Epoch seconds of the local midnights from before ``first`` to after ``last``."""
    day = datetime.fromtimestamp(first, UTC).date() - timedelta(days=1)
    count = (last - first) // DAY + 4
    return np.array([midnight(day + timedelta(days=i), tz) for i in range(count)], np.int64)


def cut(
    start: np.ndarray,
    end: np.ndarray,
    begin: np.ndarray,
    until: np.ndarray,
    cells: np.ndarray,
    midnights: np.ndarray,
) -> Pieces:
    """Cut readings [start, end) by the validity [begin, until) of their registry row and by cells.

    All epoch seconds (n); ``cells`` (c, 2) bounds of local months or days, ascending. The share of a part is
    its local days ÷ the reading's local days, so that a day of 23 or 25 hours weighs as one. A share of 1 is
    whole: the reading lies inside one cell.
    """

    def days(es: np.ndarray) -> np.ndarray:
        return np.interp(es, midnights, np.arange(len(midnights), dtype=float))

    low = np.maximum(np.maximum(start, begin)[:, None], cells[None, :, 0])
    high = np.minimum(np.minimum(end, until)[:, None], cells[None, :, 1])
    source, cell = np.nonzero(high > low)
    low, high = low[source, cell], high[source, cell]
    share = (days(high) - days(low)) / (days(end) - days(start))[source]
    whole = (low == start[source]) & (high == end[source])
    return Pieces(source, cell, np.where(whole, 1.0, share), high - low)
