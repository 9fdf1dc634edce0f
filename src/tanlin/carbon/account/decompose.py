"""Why a total changed: additive LMDI-I (Ang 2004, Energy Policy 32:1131; zeros after Ang & Liu 2007, ibid. 35:238).

Tonnes of a row are T × s × f: activity of its group, the row's share of it, and tonnes per unit. The change of the
total is the sum of what each of the three brought; nothing is left over.
"""

from __future__ import annotations

import numpy as np

EFFECTS = ("activity", "structure", "factor")


def log_mean(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Logarithmic mean of numbers of equal sign, float (n); zero where either is zero."""
    a, b = np.asarray(a, float), np.asarray(b, float)
    apart = ~np.isclose(a, b, rtol=1e-9, atol=0.0) & (a * b > 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = np.where(apart, (a - b) / np.log(np.where(apart, a / b, np.e)), (a + b) / 2)
    return np.asarray(np.where(a * b > 0, mean, 0.0), float)


def lmdi(
    group: np.ndarray,
    activity: tuple[np.ndarray, np.ndarray],
    tonnes: tuple[np.ndarray, np.ndarray],
) -> np.ndarray:
    """Effects of each row on the change of tonnes, float (n, 3) as :data:`EFFECTS`; each row sums to its change.

    Args:
        group: code of rows whose activity adds up, such as one stream in one unit, int (n).
        activity: of the year before and the year after, ≥ 0, float (n) each; all known.
        tonnes: likewise; of a row both of one sign, and zero where there is no activity.

    Where a row, its share or its factor begins or ends, the whole change is that of the activity (the group is new
    or gone), of the structure (the row is) or of the factor. Raises ValueError for what has no logarithm.
    """
    (a0, a1), (e0, e1) = ((np.asarray(x, float) for x in pair) for pair in (activity, tonnes))
    if (a0 < 0).any() or (a1 < 0).any() or (e0 * e1 < 0).any():
        raise ValueError("negative activity, or tonnes that change their sign")
    if (((a0 == 0) & (e0 != 0)) | ((a1 == 0) & (e1 != 0))).any():
        raise ValueError("tonnes without activity")
    group = np.unique(group, return_inverse=True)[1]
    t0, t1 = (np.bincount(group, weights=a)[group] if len(a) else a for a in (a0, a1))
    out = np.zeros((len(a0), 3))
    mean, change = log_mean(e1, e0), e1 - e0
    out[:, 0] = mean * _log_ratio(t1, t0)
    out[:, 1] = mean * (_log_ratio(a1, a0) - _log_ratio(t1, t0))
    out[:, 2] = change - out[:, 0] - out[:, 1]  # equals mean × log ratio of the factors, without its rounding
    edge = (e0 * e1) == 0
    which = np.where((t0 == 0) | (t1 == 0), 0, np.where((a0 == 0) | (a1 == 0), 1, 2))
    out[edge] = 0.0
    out[edge, which[edge]] = change[edge]
    return out


def _log_ratio(after: np.ndarray, before: np.ndarray) -> np.ndarray:
    """log(after ÷ before), zero where either is zero, float (n)."""
    both = (after > 0) & (before > 0)
    return np.asarray(np.log(np.where(both, after, 1.0)) - np.log(np.where(both, before, 1.0)), float)
