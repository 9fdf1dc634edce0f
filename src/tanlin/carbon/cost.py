"""What the imported energy, water or gas costs, by registry row and cell, or why that cannot be known."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tanlin.carbon.factors import Unknown
from tanlin.carbon.tariffs import tier_cost

if TYPE_CHECKING:
    from tanlin.carbon.inventory import Sums, _Rows
    from tanlin.carbon.weights import Weights


def costs(rows: _Rows, sums: Sums, weights: Weights) -> tuple[np.ndarray, np.ndarray]:
    """Cost float64 (rows, cells), NaN where unknown or meaningless, and reason codes (same shape, "" if known).

    Only imports cost; what a community generates or exports has no price here.
    """
    shape = sums.value.shape
    cost, codes = np.full(shape, np.nan), np.full(shape, "", dtype="U32")
    for number, combo in enumerate(weights.combos):
        at = np.nonzero((rows.combo == number) & rows.consumes)[0]
        if not at.size:
            continue
        prices = weights.prices[number]
        if isinstance(prices, Unknown):
            codes[at] = prices.code
            continue
        tariff = str(combo.tariff)
        money, code = sums.priced[at], np.full((at.size, shape[1]), "", dtype="U32")
        billed = sums.billed[at]
        if weights.tariffs.needs_hours(tariff):
            bills = (billed != 0) | (np.array([rows.kind[i] == "bill" for i in at])[:, None])
            money = np.where(bills[:, :, None], np.nan, money)
            code[bills] = "tariff.bill_on_tou"
        else:
            with np.errstate(invalid="ignore"):
                flat = billed[:, :, None] * weights.price_at(number)[None]
            money = money + np.where(billed[:, :, None] == 0, 0.0, flat)
        result, extra = _apply_tiers(rows, sums, weights, number, at, money)
        cost[at] = result
        code[(code == "") & np.isnan(result)] = prices.code or extra or "tariff.no_price"
        codes[at] = np.where(np.isnan(result), code, "")
    return cost, codes


def _apply_tiers(
    rows: _Rows, sums: Sums, weights: Weights, number: int, at: np.ndarray, money: np.ndarray
) -> tuple[np.ndarray, str | None]:
    """Cost by row and cell: the first price column, or tier shares of the columns by what was used before."""
    tariff, cells = str(weights.combos[number].tariff), weights.cells
    tiers = [weights.tariffs.tiers(tariff, cell.month) for cell in cells]
    out = money[:, :, 0].copy()
    if any(isinstance(tier, Unknown) for tier in tiers):
        return np.full_like(out, np.nan), "tariff.no_tier_limits"
    amounts = sums.value[at]
    group = np.unique(rows.meter_id[at], return_inverse=True)[1]
    order = np.lexsort((rows.begin[at], group))
    for i, tier in enumerate(tiers):
        if tier is None or isinstance(tier, Unknown):
            continue
        span, limits = tier
        same = [j for j in range(i) if span == "year" or cells[j].month == cells[i].month]
        before = np.bincount(group, weights=amounts[:, same].sum(axis=1))[group]
        before[order] += _earlier_in_group(amounts[order, i], group[order])
        width = min(len(limits) + 1, money.shape[2])
        limit = np.tile(np.array(limits[: width - 1], float), (len(at), 1))
        out[:, i] = tier_cost(amounts[:, i], limit, money[:, i, :width], before)
    return out, "tariff.negative_use" if (amounts < 0).any() else None


def _earlier_in_group(amounts: np.ndarray, group: np.ndarray) -> np.ndarray:
    """Sum of the amounts before each one in its run of equal groups."""
    running = np.cumsum(amounts) - amounts
    first = np.r_[True, group[1:] != group[:-1]]
    return running - running[first][np.cumsum(first) - 1]
