"""Seeded Monte Carlo on the sums of an account: a check of the analytic interval, and its stand-in where it is skewed.

IPCC 2006 vol. 1 ch. 3, approach 2. A line is its tonnes times one factor ``1 + pct·u`` for each of its causes, kept
as a product; u has mean 0 and a 95 % interval of width 2, so the mean of the draws is the stated sum but for what
causes met twice in a line add. Normal causes are not cut off at zero. A lognormal one has mean 1 and its pct as half
the width of its 95 % interval, which lies higher above the mean than below. A cause is drawn once, from a stream
of its own made of seed and id: order, parting and other causes of the lines change no draw.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tanlin.carbon.account.spread import Causes, causes_of, contributors, spread, tonnes_of

#: The draws stand in where a lognormal cause wider than this percent holds more than this share of the variance.
SKEW_PCT, SKEW_SHARE = 30.0, 0.05
#: A standard normal deviate lies within ± this with 95 %.
Z95 = 1.959963984540054
#: No lognormal of mean 1 has a wider 95 % interval: half of it is exp(−σ²/2)·sinh(Z95·σ), largest near σ = Z95.
#: A wider cause is this one stretched, so that its mean and width hold although it may fall below zero.
WIDEST_PCT = 340.0
_CELLS = 1_000_000


@dataclass(frozen=True)
class Sampling:
    """How many draws of which seed: parameters of a receipt, from which the same draws are made anew."""

    draws: int = 20_000
    seed: int = 2006


SAMPLING = Sampling()


class Drawn(NamedTuple):
    """Quantiles 2.5, 50 and 97.5 % and mean of the drawn sums in tCO2e."""

    low: float
    median: float
    high: float
    mean: float


@dataclass(frozen=True)
class _Terms:
    """A sum as ``constant + Σ coefficient · Π u``: lines that share causes collapse into few terms, exactly.

    Of each u: its ``cause``, and ``width``, the half-range of a lognormal as a share of 1, 0 for a normal.
    ``products``: (u of each term (terms, degree), coefficients in tonnes (terms)), one pair a degree and place.
    """

    constant: float
    cause: np.ndarray
    width: np.ndarray
    products: list[tuple[np.ndarray, np.ndarray]]


def drawn(lines: pa.Table, sampling: Sampling = SAMPLING) -> Drawn | None:
    """Quantiles and mean of the sum of lines; None when nothing is known or a line states no error."""
    sums = sums_drawn(lines, sampling)
    if sums is None:
        return None
    low, median, high = (float(q) for q in np.quantile(sums, [0.025, 0.5, 0.975]))
    return Drawn(low, median, high, float(sums.mean()))


def sums_drawn(lines: pa.Table, sampling: Sampling = SAMPLING) -> np.ndarray | None:
    """The drawn sums in tCO2e, float64 (draws); see :func:`drawn`."""
    tonnes, found = tonnes_of(lines), causes_of(lines)
    if np.isnan(tonnes).all() or found.silent.any():
        return None
    terms = _terms(tonnes, found)
    sums = np.full(sampling.draws, terms.constant)
    at = 0
    for u in _deviates(terms, found.names, sampling):
        part = sums[at : at + u.shape[1]]
        for variables, coefficient in terms.products:
            product = np.repeat(coefficient[:, None], u.shape[1], axis=1)
            for column in variables.T:
                product *= u[column]
            part += product.sum(
                axis=0
            )  # not a dot product: its order of adding differs from machine to machine
        at += u.shape[1]
    return sums


def skewed(lines: pa.Table) -> bool:
    """Whether a wide lognormal cause weighs enough for the interval to be drawn (SKEW_PCT, SKEW_SHARE)."""
    table = contributors(lines)
    wide = pc.and_(pc.equal(table["shape"], "lognormal"), pc.greater(table["pct"], SKEW_PCT))
    heavy = pc.greater(table["share"], SKEW_SHARE).fill_null(False)
    return bool(pc.any(pc.and_(wide, heavy)).as_py())


def intervals(lines: pa.Table, by: Sequence[str] = (), sampling: Sampling = SAMPLING) -> list[dict[str, Any]]:
    """Sums of lines by columns as :func:`spread.spread`, low and high drawn where :func:`skewed` says so.

    Each also has ``way``, ``analytic`` or ``draws``. The value stays the stated one.
    """
    found = [row | {"way": "analytic"} for row in spread(lines, by)]
    if not _any_wide(lines):
        return found
    return [_drawn_if_skewed(row, _part(lines, {name: row[name] for name in by}), sampling) for row in found]


def interval(lines: pa.Table, sampling: Sampling = SAMPLING) -> dict[str, Any]:
    """All lines as one of :func:`intervals`."""
    return intervals(lines, (), sampling)[0]


def _any_wide(lines: pa.Table) -> bool:
    found = causes_of(lines)
    return bool(np.any(found.lognormal & (np.abs(found.pct) > SKEW_PCT)))


def _drawn_if_skewed(row: dict[str, Any], lines: pa.Table, sampling: Sampling) -> dict[str, Any]:
    if not skewed(lines) or (sample := drawn(lines, sampling)) is None:
        return row
    return row | {"low": sample.low, "high": sample.high, "way": "draws"}


def _part(lines: pa.Table, key: dict[str, Any]) -> pa.Table:
    """The lines whose columns equal the key; null equals null."""
    for name, value in key.items():
        column = lines[name]
        lines = lines.filter(column.is_null() if value is None else pc.equal(column, value))
    return lines


def _terms(tonnes: np.ndarray, found: Causes) -> _Terms:
    wide = np.where(found.lognormal, np.minimum(np.abs(found.pct), WIDEST_PCT), 0.0)
    (cause, width), kind = np.unique(np.stack([found.cause, wide]), axis=1, return_inverse=True)
    _, first, row = np.unique(found.line, return_index=True, return_inverse=True)
    place = np.arange(len(row)) - first[row]
    most = int(place.max(initial=-1)) + 1
    which, share = np.zeros((len(first), most), np.int64), np.zeros((len(first), most))
    which[row, place], share[row, place] = kind.reshape(-1), found.pct / 100
    amount = tonnes[found.line[first]]
    products = []
    for subset in range(1, 2**most):  # of the causes of one line, which are a handful
        columns = [j for j in range(most) if subset >> j & 1]
        coefficient = amount * share[:, columns].prod(axis=1)
        live = coefficient != 0
        if live.any():
            keys, at = np.unique(np.sort(which[live][:, columns]), axis=0, return_inverse=True)
            products.append((keys, np.bincount(at.reshape(-1), weights=coefficient[live])))
    return _Terms(float(np.nansum(tonnes)), cause.astype(np.int64), width / 100, products)


def _deviates(terms: _Terms, names: list[str], sampling: Sampling) -> Iterator[np.ndarray]:
    """The u of all terms, float64 (u, block), block by block until all are drawn."""
    used, of = np.unique(terms.cause, return_inverse=True)
    streams = [_stream(names[cause], sampling.seed) for cause in used.tolist()]
    largest = max([len(terms.cause), 1, *(len(keys) for keys, _ in terms.products)])
    block = max(1, _CELLS // largest)
    skew = terms.width > 0
    width = terms.width[skew, None]
    sigma = _sigma(width)
    for begin in range(0, sampling.draws, block):
        size = min(block, sampling.draws - begin)
        z = np.array([stream.standard_normal(size) for stream in streams]).reshape(len(streams), size)[of]
        u = z / Z95
        u[skew] = (np.exp(sigma * z[skew] - sigma**2 / 2) - 1) / width
        yield u


def _stream(cause: str, seed: int) -> np.random.Generator:
    """The random numbers of a cause, equal in every account."""
    number = int.from_bytes(sha256(cause.encode()).digest()[:8], "big")
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, number])))


def _sigma(width: np.ndarray) -> np.ndarray:
    """σ of the lognormals of mean 1 whose 95 % interval has this half width (at most WIDEST_PCT), by bisection."""
    low, high = np.zeros_like(width), np.full_like(width, Z95)
    for _ in range(60):
        middle = (low + high) / 2
        less = np.exp(-(middle**2) / 2) * np.sinh(Z95 * middle) < width
        low, high = np.where(less, middle, low), np.where(less, high, middle)
    return high
