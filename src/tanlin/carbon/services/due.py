"""Which figures wait to be derived, the stale ones and those never made, and deriving one after the other."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa

from tanlin.carbon.account.change import LABELS as CHANGE
from tanlin.carbon.account.hourly import LABELS as HOURLY
from tanlin.carbon.account.results import LABELS
from tanlin.carbon.figures import LABELS as INVENTORY
from tanlin.carbon.services.accounting import derive_account
from tanlin.carbon.services.chain import accounts_missing, derive
from tanlin.carbon.services.deriving import Kit
from tanlin.carbon.services.rows import years_with_activities
from tanlin.community import queries as community
from tanlin.kernel.errors import Refused
from tanlin.kernel.manifest import methods
from tanlin.kernel.period import Period, local_fields
from tanlin.meter import queries as meter
from tanlin.record import queries as record
from tanlin.record import services as recording

KEY = "carbon.inventory"
#: Figures that are derived together with an account.
ACCOUNT = LABELS | CHANGE | HOURLY
Progress = Callable[[int, int], object]

SEEN_SQL = """
SELECT w.row_id AS row_id, r.month AS month, MIN(r.start) AS low, MAX(r.start + r.seconds) AS high
FROM current r JOIN windows w ON r.meter_id = w.meter_id AND r.channel = w.channel
WHERE r.start < w.to_es AND r.start + r.seconds > w.from_es
GROUP BY w.row_id, r.month ORDER BY w.row_id, r.month
"""


@dataclass(frozen=True)
class Due:
    """(area id, period) to derive, and those of them whose inventory stands, so that only the account is due."""

    pairs: set[tuple[int, str]]
    only: frozenset[tuple[int, str]] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.pairs)


def waiting(kit: Kit | None = None) -> Due:
    """What is stale, and with a ``kit`` what was never derived as well."""
    inventories = stale() | (missing(kit) if kit else set())
    marked = {(area, period) for area, key, period in record.stale(100_000) if key in ACCOUNT}
    accounts = marked | (accounts_missing() if kit else set())
    return Due(inventories | accounts, frozenset(accounts - inventories))


def stale() -> set[tuple[int, str]]:
    """(area id, period) of the inventories that are marked stale."""
    return {(area, period) for area, key, period in record.stale(100_000) if key in INVENTORY}


def mark_older() -> int:
    """Mark what an older version of this room's methods made; returns how many figures."""
    own = {
        name: version for name, version in sorted(methods()) if name.startswith("carbon.")
    }  # the newest last
    return recording.mark_older(own)


def missing(kit: Kit, within: Any | None = None) -> set[tuple[int, str]]:
    """(area id, year) of places of building level and above with readings and no inventory.

    ``within``: only this area and those below it. Homes and units are derived on request.
    """
    have = record.places_with(KEY)
    areas = community.areas(community.SYSTEM).exclude(level__in=("unit", "home"))
    if within is not None:
        areas = areas.filter(path__startswith=within.path)
    levels = set(areas.values_list("pk", flat=True))
    wanted = years_by_area(kit, within)
    return {(area, str(year)) for area, years in wanted.items() if area in levels for year in years} - have


def years_by_area(kit: Kit, within: Any | None = None) -> dict[int, set[int]]:
    """Area id → local years in which a meter placed below it then has readings; ``within`` one area, or all."""
    roots = [within] if within is not None else community.areas(community.SYSTEM).filter(parent=None)
    rows = [row for root in roots for row in meter.rows_below(root, date.min, date.max)]
    windows = np.array([row.window for row in rows], np.int64).reshape(-1, 2)
    frame = pa.table(
        {
            "row_id": np.arange(len(rows)),
            "meter_id": np.array([row.meter_id for row in rows], np.int64),
            "channel": pa.array([row.channel for row in rows], pa.string()),
            "from_es": windows[:, 0],
            "to_es": windows[:, 1],
        }
    )
    seen = kit.snapshot.query(SEEN_SQL, windows=frame)
    at = seen["row_id"].to_numpy()
    low = np.maximum(seen["low"].to_numpy(), windows[at, 0])
    high = np.minimum(seen["high"].to_numpy(), windows[at, 1]) - 1
    zone = np.array([row.tz for row in rows])[at]
    found = [np.zeros(0, np.int64)]
    for tz in sorted(set(zone.tolist())):
        part = zone == tz
        first, last = (local_fields(tz, edge[part])["month"] // 100 for edge in (low, high))
        for length in range(int((last - first).max()) + 1):  # a bill may cross a year
            found.append(at[part] * _YEARS + np.minimum(first + length, last))
    out: dict[int, set[int]] = {}
    for one in np.unique(np.concatenate(found)).tolist():
        row, year = divmod(one, _YEARS)
        for area in rows[row].path.strip("/").split("/"):
            out.setdefault(int(area), set()).add(year)
    return out


_YEARS = 10_000


def years_of(kit: Kit, area: Any) -> list[int]:
    """Years of a place with readings or entered activities."""
    entered = {year for pk, year in years_with_activities(area) if pk == area.pk}
    return sorted(years_by_area(kit, area).get(area.pk, set()) | entered)


def ordered(pairs: Iterable[tuple[int, str]]) -> list[tuple[Any, Period]]:
    """Areas and periods, larger areas and newer periods first: what most people look at comes first."""
    pairs = set(pairs)
    areas = {area.pk: area for area in community.areas(community.SYSTEM)}
    known = [(areas[area], Period(period)) for area, period in pairs if area in areas]
    return sorted(known, key=lambda pair: (pair[0].depth, -pair[1].year, pair[0].ancestor_ids, pair[1].label))


def derive_all(
    pairs: list[tuple[Any, Period]],
    kit: Kit,
    progress: Progress = lambda done, total: None,
    only: Collection[tuple[int, str]] = (),
) -> dict[str, int]:
    """Derive areas and periods one by one; counts of derived, minted receipts and refused.

    ``only``: (area id, period) of which the account alone is derived. Inputs that change meanwhile are taken up
    from the next one on.
    """
    counts = {"derived": 0, "minted": 0, "refused": 0}
    for number, (area, period) in enumerate(pairs):
        progress(number, len(pairs))
        kit = kit if kit.current else Kit.fresh()
        try:
            alone = (area.pk, period.label) in only
            made = derive_account(area, period.year, kit.books) if alone else derive(area, period, kit)
        except Refused:
            counts["refused"] += 1
            continue
        counts["derived"] += 1
        counts["minted"] += made.minted
    progress(len(pairs), len(pairs))
    return counts


def derive_missing(
    root: Any, levels: Collection[str], progress: Progress = lambda done, total: None
) -> dict[str, int]:
    """Derive the years without an inventory or an account of places below a root, of these levels only."""
    kit = Kit.fresh()
    inventories, accounts = missing(kit, root), accounts_missing(root)
    pairs = [pair for pair in ordered(inventories | accounts) if pair[0].level in levels]
    return derive_all(pairs, kit, progress, accounts - inventories)
