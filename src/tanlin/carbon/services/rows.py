"""What people entered that an account stands on: pinned so that a replay can find it again, and what changed since."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import date
from typing import Any

from django.db.models import Q

from tanlin.carbon.account.boundary import ATTRIBUTES, KEY, Boundary, boundary_of
from tanlin.carbon.account.entered import Entered, Metered, Piece, pieces
from tanlin.carbon.account.streams import streams
from tanlin.carbon.models import Activity, Instrument
from tanlin.community import queries as community
from tanlin.kernel.receipt import Change, canonical
from tanlin.meter import queries as meter
from tanlin.record import queries as record

Row = dict[str, Any]


@dataclass(frozen=True)
class Rows:
    """Plain rows, days as ISO text.

    ``metered``: where and when meters stand that count the same as an activity. ``areas``: slug, region and path of
    slugs from the account's place down, of every place that is named.
    """

    activities: list[Row]
    metered: list[Row]
    attributes: list[Row]
    instruments: list[Row]
    areas: list[Row]

    @property
    def count(self) -> int:
        return sum(len(getattr(self, one.name)) for one in fields(self))

    def pinned(self) -> bytes:
        """Canonical JSON, one list of rows that name their table; stored once under its hash."""
        return canonical(
            [{"table": one.name} | row for one in fields(self) for row in getattr(self, one.name)]
        )

    @classmethod
    def read(cls, data: bytes) -> Rows:
        """From what ``pinned`` made."""
        rows: dict[str, list[Row]] = {one.name: [] for one in fields(cls)}
        for row in json.loads(data):
            rows[row.pop("table")].append(row)
        return cls(**rows)

    def entered(self) -> list[Entered]:
        """The activities, for the pure layer."""
        return [Entered(**row | _days(row, "first_day", "last_day")) for row in self.activities]

    def meters(self) -> list[Metered]:
        """The meters that count the same, for the pure layer."""
        return [Metered(**row | _days(row, "first", "end")) for row in self.metered]

    def boundary(self, place: str, year: int) -> Boundary:
        """The boundary that the attributes state."""
        return boundary_of(place, year, self.attributes)


def rows_of(area: Any, year: int, places: Iterable[str] = ()) -> Rows:
    """Today's rows of a place for a year: activities and instruments of it and all below, its own attributes.

    ``places``: slugs below it whose region and path are wanted as well.
    """
    first, last = date(year, 1, 1), date(year, 12, 31)
    known = _below(area)
    activities = _activities(area, first, last, known)
    instruments = _instruments(area, first, last)
    named = {area.slug, *places, *(row["place"] for row in [*activities, *instruments])}
    metered = _metered(area, first, last, activities)
    return Rows(activities, metered, _attributes(area, last), instruments, _areas(known, named))


def pieces_of(area: Any, year: int) -> list[Piece]:
    """What was entered at a place and below it for a year, cut into what counts and what meters count instead."""
    first, last = date(year, 1, 1), date(year, 12, 31)
    rows = _activities(area, first, last, _below(area))
    held = Rows(rows, _metered(area, first, last, rows), [], [], [])
    return pieces(held.entered(), held.meters(), first, last)


def years_with_activities(within: Any | None = None) -> set[tuple[int, int]]:
    """(area id, year) for which an activity was entered at the place or below it."""
    return _years(Activity.objects.filter(sheet__undone=None), within)


def years_with_instruments(within: Any | None = None) -> set[tuple[int, int]]:
    """(area id, year) for which a certificate or contract was entered at the place or below it."""
    return _years(Instrument.objects.filter(undone=None), within)


def _years(rows: Any, within: Any | None) -> set[tuple[int, int]]:
    if within is not None:
        rows = rows.filter(area__path__startswith=within.path)
    found = rows.values_list("area__path", "first_day__year", "last_day__year").distinct()
    return {
        (int(part), year)
        for path, first, last in found
        for part in path.strip("/").split("/")
        for year in range(first, last + 1)
    }


def _activities(area: Any, first: date, last: date, known: dict[int, tuple[str, str, str]]) -> list[Row]:
    return [_activity(row, area, known) for row in _inside(Activity, area, first, last, sheet__undone=None)]


def _activity(row: Activity, area: Any, known: dict[int, tuple[str, str, str]]) -> Row:
    """An activity of a place is shown under the place of the account or the child of it that holds it."""
    ids = [pk for pk in row.area.ancestor_ids if pk in known]
    same = ("stream", "amount", "source", "uncertainty_pct")
    return {
        "id": row.pk,
        "sheet": row.sheet_id,
        "path": row.area.path,
        "place": known[ids[:2][-1]][0],
        "region": row.area.region,
        "first_day": row.first_day.isoformat(),
        "last_day": row.last_day.isoformat(),
    } | {name: getattr(row, name) for name in same}


def _instruments(area: Any, first: date, last: date) -> list[Row]:
    """``use``: electricity bought by month at the place below that holds it, by its own inventory; else None."""
    held = list(_inside(Instrument, area, first, last, undone=None))
    below = {row.area_id: row.area for row in held if row.area_id != area.pk}
    use = {pk: _bought(place, first.year) for pk, place in below.items()}
    same = ("kind", "registry", "number", "energy_kwh", "factor_kg_per_kwh")
    return [
        {"id": row.pk, "place": row.area.slug, "use": use.get(row.area_id)}
        | {name: getattr(row, name).isoformat() for name in ("first_day", "last_day")}
        | {name: getattr(row, name) for name in same}
        for row in held
    ]


def _bought(area: Any, year: int) -> list[float] | None:
    """Imported electricity of a place by month, kWh (12), of its published inventory."""
    figure = record.figure(area, "carbon.inventory", str(year))
    if figure is None:
        return None
    out = [0.0] * 12
    for row in figure.table or []:
        if row["carrier"] == "electricity" and row["channel"] == "import":
            out[row["month"] % 100 - 1] += row["value"] or 0.0
    return out


def _metered(area: Any, first: date, last: date, activities: list[Row]) -> list[Row]:
    """Rows of ``account.entered.Metered`` of the carriers that the activities' streams could count twice."""
    carriers = {streams()[row["stream"]].carrier for row in activities} - {""}
    if not carriers:
        return []
    found = {
        (one.path, one.carrier, one.product, one.valid_from.isoformat(), _iso(one.valid_to))
        for one in meter.rows_below(area, first, last)
        if one.carrier in carriers
    }
    return [
        dict(zip(Metered._fields, row, strict=True))
        for row in sorted(found, key=lambda row: tuple(part or "" for part in row))
    ]


def _attributes(area: Any, last: date) -> list[Row]:
    """The attributes of a boundary and the notation keys in force on a day, in the order of their keys."""
    held = area.attributes.filter(Q(valid_to=None) | Q(valid_to__gt=last), valid_from__lte=last)
    mine = held.filter(Q(key__in=list(ATTRIBUTES)) | Q(key__startswith=KEY)).order_by("key")
    return [
        {"key": one.key, "value": one.value, "valid_from": one.valid_from.isoformat(), "source": one.source}
        for one in mine
    ]


def _areas(known: dict[int, tuple[str, str, str]], named: set[str]) -> list[Row]:
    """Region and path of the named places, sorted by path."""
    rows = []
    for slug, region, path in known.values():
        if slug in named:
            slugs = [known[int(part)][0] for part in path.strip("/").split("/") if int(part) in known]
            rows.append({"slug": slug, "region": region, "path": "/".join(slugs)})
    return sorted(rows, key=lambda row: row["path"])


def _below(area: Any) -> dict[int, tuple[str, str, str]]:
    """Id → slug, region and path of a place and all below it."""
    rows = community.subtree(area).values_list("pk", "slug", "region", "path")
    return {pk: (slug, region, path) for pk, slug, region, path in rows}


def _inside(model: Any, area: Any, first: date, last: date, **more: Any) -> Any:
    """Rows of a place and all below it whose days touch [first, last]."""
    days = Q(first_day__lte=last, last_day__gte=first)
    found = model.objects.filter(days, area__in=community.subtree(area), **more)
    return found.select_related("area").order_by("pk")


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _days(row: Row, *names: str) -> Row:
    return {name: date.fromisoformat(row[name]) if row[name] else None for name in names}


# --- what has changed ------------------------------------------------------------------------------------------------
def changes(was: Rows, now: Rows) -> list[Change]:
    """Rows that came or went, as ``activity 12 · row``, and fields that differ, as ``activity 12 · amount``."""
    out = []
    for name, (key, told) in _NAMES.items():
        old, new = ({_name(row, key): row for row in getattr(side, name)} for side in (was, now))
        for where in sorted(old.keys() | new.keys()):
            out += _differences(f"{told}{where}", old.get(where), new.get(where))
    return out


_NAMES = {
    "activities": (("id",), "activity "),
    "metered": (Metered._fields, "meter "),
    "instruments": (("id",), "instrument "),
    "attributes": (("key",), ""),
    "areas": (("slug",), ""),
}


def _name(row: Row, key: Iterable[str]) -> str:
    return " ".join(str(row[one] or "…") for one in key)


def _differences(name: str, was: Row | None, now: Row | None) -> list[Change]:
    if was is None or now is None:
        return [Change("registry", f"{name} · row", was, now)]
    differing = [field for field in was if was[field] != now[field]]
    return [Change("registry", f"{name} · {field}", was[field], now[field]) for field in differing]
