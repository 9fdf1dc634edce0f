"""What would stand in for missing or rejected readings, with an error told by the meter's own past.

Methods: ``linear`` between the readings on both sides; ``profile``, the median of the same hour and kind of day
over previous weeks, scaled to the day before and after; ``sibling``, what the main meter shows less the other
sub-meters, or this meter's usual share of them. The error is the 95 % half-width of the estimated total as a
share of it: twice the root mean square of the same method's miss over earlier stretches of the same length and
hours, whose readings are known.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

import numpy as np

from tanlin.kernel.errors import Refused, Text
from tanlin.kernel.period import DAY, HOUR
from tanlin.meter.vee.dense import WEEK

METHODS: Final = {
    "linear": Text("直线插补", "straight line"),
    "profile": Text("典型曲线", "usual profile"),
    "sibling": Text("同级表分摊", "share of siblings"),
}
#: Earlier stretches at which the error is measured, and the fewest that tell one.
TRIALS, LEAST_TRIALS = 8, 3
#: The scale of a profile stays within these.
SCALE = (0.5, 2.0)


class Series(NamedTuple):
    """One meter at a fixed step: ``value`` float64 (slots) from local epoch second ``first``, NaN where unknown.

    ``parent`` (slots) and ``siblings`` (meters, slots) are on the same slots, after each one's multiplier divided
    by this meter's, so that they are in the unit of its readings; None where there is none.
    """

    step: int
    first: int
    value: np.ndarray
    parent: np.ndarray | None = None
    siblings: np.ndarray | None = None


class Estimate(NamedTuple):
    """``value`` (slots of the stretch); ``error`` is a share of the total (95 %), None where the past tells none."""

    method: str
    value: np.ndarray
    error: float | None


_Fill = Callable[[Series, int, int, int], np.ndarray | None]


def estimate(
    series: Series, begin: int, end: int, method: str = "", linear_hours: float = 2, weeks: int = 4
) -> Estimate:
    """Values for slots [begin, end); the first method that can be used unless one is named.

    Readings inside the stretch are not looked at. Raises Refused where no method (or not the named one) applies.
    """
    blank = series.value.copy()
    blank[begin:end] = np.nan
    series = series._replace(value=blank)
    short = (end - begin) * series.step <= linear_hours * HOUR
    order = [method] if method else (["linear"] if short else []) + ["sibling", "profile"]
    best: Estimate | None = None
    for name in order:
        value = _FILL[name](series, begin, end, weeks)
        if value is None:
            continue
        found = Estimate(name, np.maximum(value, 0.0), _error(series, begin, end, name, weeks))
        if name == "linear" or method:
            return found
        if best is None or (found.error is not None and (best.error is None or found.error < best.error)):
            best = found
    if best is None:
        raise Refused(
            "meter.cannot_estimate",
            Text("前后数据不足，无法估算。", "There are too few readings around to estimate from."),
            remedy=Text("请补充读数，或人工填写数值。", "Bring in more readings, or enter a value by hand."),
        )
    return best


def _linear(series: Series, begin: int, end: int, weeks: int) -> np.ndarray | None:
    if begin == 0 or end >= len(series.value):
        return None
    a, b = series.value[begin - 1], series.value[end]
    if np.isnan(a) or np.isnan(b):
        return None
    n = end - begin
    return a + (b - a) * np.arange(1, n + 1) / (n + 1)


def _profile(series: Series, begin: int, end: int, weeks: int) -> np.ndarray | None:
    usual = _usual(series, np.arange(begin, end), begin, weeks)
    if np.isnan(usual).any():
        return None
    per_day = max(DAY // series.step, 1)
    around = np.concatenate([np.arange(begin - per_day, begin), np.arange(end, end + per_day)])
    around = around[(around >= 0) & (around < len(series.value))]
    known, typical = series.value[around], _usual(series, around, begin, weeks)
    both = ~np.isnan(known) & ~np.isnan(typical)
    base = typical[both].sum()
    scale = np.clip(known[both].sum() / base, *SCALE) if base > 0 else 1.0
    return usual * scale


def _usual(series: Series, at: np.ndarray, before: int, weeks: int) -> np.ndarray:
    """Median of the same hour on days of the same kind (working day or weekend) of the weeks before a slot."""
    per_day = max(DAY // series.step, 1)
    days = np.arange(1, 7 * (weeks + 1) + 1)
    source = at[:, None] - days * per_day
    weekend = _weekend(series, at)
    good = (
        (source >= 0)
        & (source < min(before, len(series.value)))
        & (_weekend(series, source) == weekend[:, None])
    )
    values = np.where(good, series.value[source.clip(0, len(series.value) - 1)], np.nan)
    recent = np.cumsum(~np.isnan(values), axis=1) <= np.where(weekend, 2 * weeks, 5 * weeks)[:, None]
    values = np.where(recent, values, np.nan)
    enough = (~np.isnan(values)).sum(axis=1) >= 2
    out = np.full(len(at), np.nan)
    out[enough] = np.nanmedian(values[enough], axis=1)
    return out


def _weekend(series: Series, at: np.ndarray) -> np.ndarray:
    day = (series.first + at * series.step) // DAY
    return (day + 3) % 7 >= 5  # 1 January 1970 was a Thursday


def _sibling(series: Series, begin: int, end: int, weeks: int) -> np.ndarray | None:
    if series.siblings is None or not len(series.siblings):
        return None
    low = max(0, begin - weeks * WEEK // series.step)
    total = series.siblings.sum(axis=0)
    here, past = slice(begin, end), slice(low, begin)
    if series.parent is not None and not np.isnan(series.parent[here] - total[here]).any():
        rest = series.parent - total - series.value  # losses and common load
        known = ~np.isnan(rest[past])
        if known.sum() >= DAY // series.step:
            share = np.median(rest[past][known] / np.maximum(series.parent[past][known], 1e-12))
            return series.parent[here] * (1 - share) - total[here]
    both = ~np.isnan(total[past]) & ~np.isnan(series.value[past])
    base = total[past][both].sum()
    if base <= 0 or both.sum() < WEEK // series.step or np.isnan(total[here]).any():
        return None
    return total[here] * series.value[past][both].sum() / base


_FILL: Final[dict[str, _Fill]] = {"linear": _linear, "profile": _profile, "sibling": _sibling}


def _error(series: Series, begin: int, end: int, method: str, weeks: int) -> float | None:
    """See the module; leave-out over the same hours of earlier days, a week apart where that is long enough ago."""
    n = end - begin
    per_day = max(DAY // series.step, 1)
    apart = -(-n // per_day) * per_day
    missed: list[float] = []
    for trial in range(1, 6 * TRIALS):
        a = begin - trial * apart
        if a < 0 or len(missed) == TRIALS:
            break
        truth = series.value[a : a + n]
        if np.isnan(truth).any() or truth.sum() <= 0:
            continue
        blank = series.value.copy()
        blank[a : a + n] = np.nan
        guess = _FILL[method](series._replace(value=blank), a, a + n, weeks)
        if guess is not None:
            missed.append((np.maximum(guess, 0.0).sum() - truth.sum()) / truth.sum())
    return float(2 * np.sqrt(np.mean(np.square(missed)))) if len(missed) >= LEAST_TRIALS else None
