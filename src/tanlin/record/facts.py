"""The shape of a dated fact, and the two questions of it that need no database: where and when it holds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, NamedTuple

EVERYWHERE = ("GLOBAL", "")


@dataclass(frozen=True)
class FactRow:
    """One vintage of a fact. Days are inclusive; ``published`` is the day of the notice.

    ``learned`` (UTC) and ``vintage`` are given by the record when the row is stored. The vintage is the
    ISO day of publication; a later correction of the same notice carries ``+<time learned>`` after it,
    so that a receipt always names exactly one row.
    """

    fact_id: str
    kind: str
    published: date
    value: Any
    region: str = ""
    valid_from: date | None = None
    valid_to: date | None = None
    unit: str = ""
    gas: str = ""
    uncertainty_pct: float | None = None
    source: str = ""
    source_ref: str = ""
    verified: bool = False
    learned: datetime | None = None
    vintage: str = ""


class FactUse(NamedTuple):
    """What a figure asked of the facts: a row (``fact_id`` may be "" if none was found) and the question."""

    fact_id: str
    kind: str
    region: str


def regions_above(region: str) -> list[str]:
    """A region and all that hold it, narrowest first: CN-GD-SZ → CN-GD-SZ, CN-GD, CN, GLOBAL, "".

    Regional grids (CN-GRID-EC) hold provinces without being a prefix of them; the owning room knows which.
    """
    parts = region.split("-") if region and region != "GLOBAL" else []
    return ["-".join(parts[:n]) for n in range(len(parts), 0, -1)] + list(EVERYWHERE)


def region_reach(region: str) -> str | None:
    """Prefix of the regions that a fact of this region may speak for; None: every region.

    A regional grid is taken to reach its whole country: marking too much costs a look, too little a lie.
    """
    if region in EVERYWHERE:
        return None
    country, _, rest = region.partition("-")
    return country if rest.startswith("GRID") else region


def covers(row: FactRow, day: date) -> bool:
    """Whether a fact holds on a day; an open end holds for ever."""
    return (row.valid_from is None or row.valid_from <= day) and (row.valid_to is None or day <= row.valid_to)


def correction_vintage(published: date, learned: datetime) -> str:
    """Vintage of a row that corrects one already known of the same publication."""
    return f"{published.isoformat()}+{learned.astimezone(UTC):%Y%m%dT%H%M%S%fZ}"
