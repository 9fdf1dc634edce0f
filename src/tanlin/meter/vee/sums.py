"""The sum check: on each day a main meter should show what its sub-meters show and a usual rest.

The rest (losses, common load) is compared with its own median over the weeks around, as a share of the main
meter. Where it moves too far, or the sub-meters show more than the main meter, the meter is named whose own
departure from its history explains most of what is amiss: the main meter with its departure as it is, a
sub-meter with the opposite sign. A meter that has been wrong since the beginning has no history to depart
from: then the sub-meter is named whose scale alone closes the balance best.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from tanlin.meter.vee.dense import median
from tanlin.meter.vee.series import MAD, Row

#: Days on each side that tell the usual rest, and the weeks that tell the usual day of a meter.
AROUND, WEEKS = 28, 6
#: Share of the imbalance that a meter must explain to be named.
EXPLAINS = 0.5
#: Shorter whole-day differences of a main meter tell nothing (share of its median day).
_LEAST = 1e-9


class Family(NamedTuple):
    """A main meter and its sub-meters: daily quantities after the multiplier, NaN where a day is not whole.

    ``parent`` (days), ``children`` (meters, days), ``ids`` (meters), ``starts`` epoch s of the days (days + 1).
    """

    parent_id: int
    channel: str
    parent: np.ndarray
    children: np.ndarray
    ids: list[int]
    starts: np.ndarray


def imbalance(family: Family, share: float, deviations: float) -> Iterator[Row]:
    """Stretches of days on which the family does not add up; sizes after the multiplier.

    Each row names the meter that explains it best, or the main meter where none does (``named`` false).
    """
    total = family.children.sum(axis=0)  # a day lacks where a child lacks
    rest = family.parent - total
    with np.errstate(invalid="ignore", divide="ignore"):
        part = rest / family.parent
    if not np.isfinite(part).any():
        return
    usual = _usual_rest(part)
    spread = MAD * np.nanmedian(np.abs(part - usual))
    off = part - usual
    more = np.where(part < -share, part, 0.0)  # the sub-meters show more than the main meter
    with np.errstate(invalid="ignore"):
        bad = (np.abs(off) > np.maximum(share, deviations * spread)) | (more < 0)
    bad &= family.parent > _LEAST
    with np.errstate(invalid="ignore"):
        always = bad & (usual < -share)  # wrong as long as can be seen
    for first, end in _stretches(bad):
        days = slice(first, end)
        wrong = bad[days]
        amiss = np.where(always[days], rest[days], off[days] * family.parent[days])[wrong]
        named, explained = _culprit(
            family, np.arange(first, end)[wrong], amiss, bad, bool(always[days].all())
        )
        ok = explained >= EXPLAINS
        detail = {
            "parent": family.parent_id,
            "named": ok,
            "explained": round(float(explained), 3),
            "share": round(float(np.nanmean(part[days][wrong])), 4),
            "usual": round(float(np.nanmean(usual[days][wrong])), 4),
        }
        size = float(np.abs(amiss).sum())
        start, stop = int(family.starts[first]), int(family.starts[end])
        yield named if ok else family.parent_id, family.channel, "sum", start, stop, size, None, detail


def _usual_rest(part: np.ndarray) -> np.ndarray:
    """Median share of the rest over the days around each day (days)."""
    padded = np.concatenate([np.full(AROUND, np.nan), part, np.full(AROUND, np.nan)])
    middle, _ = median(np.lib.stride_tricks.sliding_window_view(padded, 2 * AROUND + 1))
    return middle


def _stretches(bad: np.ndarray) -> list[tuple[int, int]]:
    """Runs of bad days, bridged over single good or unknown ones."""
    at = np.flatnonzero(bad)
    if not len(at):
        return []
    cut = np.flatnonzero(np.diff(at) > 2)
    firsts, lasts = at[np.concatenate([[0], cut + 1])], at[np.concatenate([cut, [len(at) - 1]])]
    return [(int(a), int(b) + 1) for a, b in zip(firsts, lasts, strict=True)]


def _culprit(
    family: Family, days: np.ndarray, amiss: np.ndarray, bad: np.ndarray, always: bool
) -> tuple[int, float]:
    """The meter that explains best what is amiss on these days, and the share it explains."""
    whole = np.abs(amiss).sum()
    ids = [family.parent_id, *family.ids]
    best, name = -np.inf, family.parent_id
    for number, own in enumerate([family.parent, *family.children]):
        sign = 1.0 if number == 0 else -1.0
        guesses = [] if always else [sign * (own[days] - _usual_day(own, days, bad))]
        if always and number:
            guesses.append(_scaled(own[days], amiss))
        for guess in guesses:
            if np.isnan(guess).any():
                continue
            explained = 1.0 - np.abs(amiss - guess).sum() / whole
            if explained > best:
                best, name = explained, ids[number]
    return name, max(float(best), 0.0)


def _scaled(own: np.ndarray, amiss: np.ndarray) -> np.ndarray:
    """What is amiss as a multiple of this meter's days (least squares)."""
    square = float(own @ own)
    return own * (float(own @ amiss) / square) if square > 0 else np.full(len(own), np.nan)


def _usual_day(own: np.ndarray, days: np.ndarray, bad: np.ndarray) -> np.ndarray:
    """Median of the good same weekdays of the weeks around (days); NaN where fewer than two are known."""
    weeks = np.concatenate([np.arange(-WEEKS, 0), np.arange(1, WEEKS + 1)]) * 7
    at = days[:, None] + weeks
    inside = (at >= 0) & (at < len(own))
    at = at.clip(0, len(own) - 1)
    middle, count = median(np.where(inside & ~bad[at], own[at], np.nan))
    return np.where(count >= 2, middle, np.nan)
