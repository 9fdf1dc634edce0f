"""The account of a place and year to GPC 1.1 BASIC and BASIC+: lines of meters and of entered activities, and their sums.

Pure: a derivation and its replay call the same function with the same pinned inputs. Sums are never netted by what
is made in the place (territorial) nor by water (memo); sinks count in BASIC+ and are shown apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from tanlin.carbon.account.asked import AskedBook
from tanlin.carbon.account.boundary import Boundary
from tanlin.carbon.account.draws import SAMPLING, Sampling, interval
from tanlin.carbon.account.entered import Entered, Metered, entered_lines, pieces
from tanlin.carbon.account.gpc import gpc_table
from tanlin.carbon.account.lines import LINES
from tanlin.carbon.account.metered import loss_lines, metered_lines, reference_of

#: Total → the levels whose lines it adds.
TOTALS: dict[str, tuple[str, ...]] = {"basic": ("basic",), "basic_plus": ("basic", "basic_plus")}


@dataclass(frozen=True)
class Account:
    """The account of one place and year.

    ``lines``: schema LINES. ``table``: the rows of the published inventory. ``areas``: slug, region and path of slugs
    (from ``place`` down) of every place of the lines and instruments. ``instruments``: supply contracts and certificates, plain rows.
    ``book`` keeps what was asked of it: read ``facts_used`` after the last result was made.
    """

    place: str
    region: str
    year: int
    gwp: str
    lines: pa.Table
    boundary: Boundary
    book: AskedBook
    table: pa.Table
    areas: Sequence[Mapping[str, Any]] = ()
    instruments: Sequence[Mapping[str, Any]] = field(default=())
    sampling: Sampling = SAMPLING

    @property
    def facts_used(self) -> list[dict[str, Any]]:
        """Every fact the lines and the results made so far rest on, as receipt inputs."""
        return self.book.cited

    @cached_property
    def gpc(self) -> list[dict[str, Any]]:
        """The GPC table, see :func:`tanlin.carbon.account.gpc.gpc_table`."""
        return gpc_table(self.lines, self.boundary.keys, self.sampling)

    def part(self, *levels: str) -> pa.Table:
        """Lines of these levels."""
        return self.lines.filter(pc.is_in(self.lines["level"], value_set=pa.array(levels)))

    @cached_property
    def totals(self) -> dict[str, dict[str, Any]]:
        """Totals by name, each as :func:`stated`: basic, basic_plus (with sinks), basic_plus_gross, sinks, territorial."""
        both = self.part(*TOTALS["basic_plus"])
        sink = pc.less(both["tco2e"].fill_null(0.0), 0.0)
        first = self.part("basic", "basic_plus", "territorial")
        return {
            "basic": self.stated(self.part("basic")) | {"coverage": self.coverage("basic")},
            "basic_plus": self.stated(both) | {"coverage": self.coverage(*TOTALS["basic_plus"])},
            "basic_plus_gross": self.stated(both.filter(pc.invert(sink))),
            "sinks": self.stated(both.filter(sink)),
            "territorial": self.stated(first.filter(pc.equal(first["scope"], 1))),
        }

    def stated(self, lines: pa.Table) -> dict[str, Any]:
        """Lines as one sum, see :func:`stated`."""
        return stated(lines, self.sampling)

    def coverage(self, *levels: str) -> float | None:
        """Seconds read ÷ seconds expected of the meters behind the lines of these levels; None without meters."""
        rows = [row for row in self.table.to_pylist() if reference_of(row)[1] in levels]
        expected = sum(row["seconds_expected"] for row in rows)
        present = sum(min(row["seconds_present"], row["seconds_expected"]) for row in rows)
        return present / expected if expected else None


def account(
    table: pa.Table,
    activities: Iterable[Entered],
    meters: Sequence[Metered],
    book: AskedBook,
    *,
    place: str,
    region: str,
    year: int,
    gwp: str,
    boundary: Boundary,
    areas: Sequence[Mapping[str, Any]] = (),
    instruments: Sequence[Mapping[str, Any]] = (),
    sampling: Sampling = SAMPLING,
) -> Account:
    """The account of a place and year.

    Args:
        table: rows of the published ``carbon.inventory`` (empty for a place without meters), made with ``gwp``.
        activities: what was entered at the place and below it.
        meters: where and when meters of the same carriers stand: what they count is not counted twice.
        book: every fact the inventory names, and those that activities ask for.
        gwp: set of GWP100, ``ar5`` or ``ar6``, one for the whole account.
        sampling: draws and seed of the intervals that are drawn.
    """
    parts = pieces(activities, meters, date(year, 1, 1), date(year, 12, 31))
    metered = metered_lines(table.to_pylist(), book, gwp)
    regions = {row["slug"]: row["region"] for row in areas}
    lost = loss_lines(metered, book, {line["place"]: regions.get(line["place"], region) for line in metered})
    rows = [*metered, *lost, *entered_lines(parts, book, gwp)]
    lines = pa.Table.from_pylist(rows, LINES)
    order = [(name, "ascending") for name in ("ref", "place", "month", "stream", "gas", "factor_id")]
    return Account(
        place, region, year, gwp, lines.sort_by(order), boundary, book, table, areas, instruments, sampling
    )


def stated(lines: pa.Table, sampling: Sampling = SAMPLING) -> dict[str, Any]:
    """Lines as one sum: value, low, high, reason, unknown (see ``intervals``), estimated, provisional, verified."""
    rows = [row for row in lines.to_pylist() if row["tco2e"] is not None]
    size = sum(abs(row["tco2e"]) for row in rows)
    soft = sum(abs(row["tco2e"]) * (row["estimated"] or 0.0) for row in rows)
    return interval(lines, sampling) | {
        "estimated": soft / size if size else (0.0 if rows else None),
        "provisional": any(row["provisional"] for row in rows),
        "verified": all(row["verified"] for row in rows),
        "coverage": None,
    }
