"""Previews of facts as their page shows them: lines, totals, years that become final, and how far a change has come."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from tanlin.carbon.models import FactPreview
from tanlin.carbon.services.previewing import Moved, Preview, is_outdated
from tanlin.community import queries as community
from tanlin.kernel.errors import NotFound, Text
from tanlin.kernel.manifest import figure_label
from tanlin.record import queries as record

#: Figures whose totals stand at the head of the page, in this order.
TOTALS = ("carbon.co2e", "carbon.basic", "carbon.basic_plus", "carbon.market", "carbon.tce", "carbon.cost")


@dataclass
class Line:
    """One figure that moves. ``fresh``: its receipt now."""

    moved: Moved
    place: Any
    title: Text
    fresh: str | None = None

    @property
    def difference(self) -> float | None:
        was, now = self.moved.was["value"], self.moved.now["value"]
        return None if was is None or now is None else now - was

    @property
    def share_pct(self) -> float | None:
        """The difference in percent of the old value."""
        was, gap = self.moved.was["value"], self.difference
        return 100 * gap / abs(was) if was and gap is not None else None

    @property
    def interval_only(self) -> bool:
        """Whether the value stays and only its interval or its being provisional changes."""
        return not self.moved.table and self.difference == 0

    @property
    def final(self) -> bool:
        """Whether a provisional figure becomes final."""
        return bool(self.moved.was["provisional"] and not self.moved.now["provisional"])


@dataclass(frozen=True)
class Total:
    """A figure in a period, summed over the topmost places that move, so that nothing counts twice."""

    title: Text
    period: str
    unit: str
    was: float
    now: float
    places: int

    @property
    def difference(self) -> float:
        return self.now - self.was


@dataclass(frozen=True)
class Shown:
    """The page of a preview. ``lines``: figures that are one number. ``tables``: (place, period, names) of tables whose
    rows change. ``elsewhere``: figures that move at places the reader may not see.
    """

    preview: Preview
    lines: list[Line]
    tables: list[tuple[Any, str, list[Text]]]
    totals: list[Total]
    final: list[tuple[str, int]]
    elsewhere: int
    waiting: int
    done: int
    outdated: bool


def preview_at(area: Any, pk: int) -> FactPreview:
    """A preview that was asked for at this place. Raises NotFound."""
    found = FactPreview.objects.filter(pk=pk, area=area).select_related("asked_by").first()
    if found is None:
        raise NotFound("carbon.preview_unknown")
    return found


def preview_shown(user: Any, asked: FactPreview, result: dict[str, Any]) -> Shown:
    """A preview with its result for the page; once confirmed, with how many of its figures were derived again."""
    found = Preview.read(result)
    places = {place.pk: place for place in community.areas(user)}
    seen = [one for one in found.moved if one.area in places]
    lines = [Line(one, places[one.area], figure_label(one.key)) for one in seen]
    lines.sort(
        key=lambda line: (line.place.depth, -int(line.moved.period[:4]), line.place.path, line.moved.period)
    )
    stale = set(record.stale(100_000)) if asked.confirmed else set()
    waiting = sum((one.area, one.key, one.period) in stale for one in found.moved)
    return Shown(
        preview=found,
        lines=[line for line in lines if not line.moved.table],
        tables=_tables(lines),
        totals=_totals(lines),
        final=_final(lines),
        elsewhere=len(found.moved) - len(seen),
        waiting=waiting,
        done=len(found.moved) - waiting,
        outdated=not asked.confirmed and is_outdated(asked),
    )


def with_receipts(asked: FactPreview, lines: Iterable[Line]) -> list[Line]:
    """Lines with the receipts their figures carry now, once the facts were stored and the figures derived again."""
    lines = list(lines)
    if not asked.confirmed:
        return lines
    places = {line.place.pk: line.place for line in lines}
    now = {pk: record.figures(place, tables=False) for pk, place in places.items()}
    for line in lines:
        figure = now[line.place.pk].get((line.moved.key, line.moved.period))
        line.fresh = figure.receipt if figure and not figure.stale else None
    return lines


def _tables(lines: list[Line]) -> list[tuple[Any, str, list[Text]]]:
    groups: dict[tuple[int, str], list[Line]] = {}
    for line in lines:
        if line.moved.table:
            groups.setdefault((line.place.pk, line.moved.period), []).append(line)
    return [(part[0].place, period, [line.title for line in part]) for (_, period), part in groups.items()]


def _totals(lines: list[Line]) -> list[Total]:
    groups: dict[tuple[str, str], list[Line]] = {}
    for line in lines:
        if line.moved.key in TOTALS and line.difference:
            groups.setdefault((line.moved.key, line.moved.period), []).append(line)
    found = [_total(key, period, _topmost(part)) for (key, period), part in groups.items()]
    return sorted(found, key=lambda total: (-int(total.period[:4]), total.period))


def _total(key: str, period: str, part: list[Line]) -> Total:
    was, now = (sum(getattr(line.moved, name)["value"] for line in part) for name in ("was", "now"))
    return Total(figure_label(key), period, part[0].moved.unit, was, now, len(part))


def _topmost(lines: list[Line]) -> list[Line]:
    paths = {line.place.path for line in lines}
    return [
        line
        for line in lines
        if not any(line.place.path.startswith(path) for path in paths - {line.place.path})
    ]


def _final(lines: list[Line]) -> list[tuple[str, int]]:
    """(period, number of places) of what is provisional now and would not be any more."""
    places: dict[str, set[int]] = {}
    for line in lines:
        if line.final:
            places.setdefault(line.moved.period, set()).add(line.place.pk)
    return sorted((period, len(found)) for period, found in places.items())
