"""Reads of the registry. Those that take a user prove the right; the others serve rooms that have proved it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django.db.models import Q, QuerySet

from tanlin.community import queries as community
from tanlin.kernel.errors import BadInput, NotFound, Text, Where
from tanlin.meter.models import Device, Meter, MeterRow
from tanlin.meter.registry import OPEN_END, Row, devices_schema, meters_frame

if TYPE_CHECKING:
    from datetime import date

    import pyarrow as pa

    from tanlin.community.queries import Area


#: Places offered by the browser while typing; any other may be typed.
OFFERED = 300
#: Places listed where a name means several.
CANDIDATES = 5


def rows_below(area: Area, first_day: date, last_day: date) -> list[Row]:
    """Dated rows in force between two days (inclusive) of meters placed in the area's subtree."""
    rows = (
        MeterRow.objects.filter(
            Q(valid_to__isnull=True) | Q(valid_to__gt=first_day),
            superseded_at__isnull=True,
            place__path__startswith=area.path,
            valid_from__lte=last_day,
        )
        .order_by("meter_id", "channel", "valid_from")
        .values_list(
            "meter_id",
            "meter__number",
            "meter__carrier",
            "channel",
            "kind",
            "unit",
            "multiplier",
            "product",
            "tariff",
            "uncertainty_pct",
            "place__path",
            "place__region",
            "place__tz",
            "place__origin",
            "parent_id",
            "valid_from",
            "valid_to",
            "use",
        )
    )
    return [Row(*row) for row in rows]


def frames(area: Area, first_day: date, last_day: date) -> tuple[pa.Table, pa.Table]:
    """The meters frames of a place for days from first to last (inclusive): of all meters, and without bills.

    In the second a main meter that is only billed does not hide the sub-meters read at least daily.
    """
    slugs = {area.pk: area.slug} | dict(area.children.values_list("id", "slug"))
    rows = rows_below(area, first_day, last_day)
    daily = [row for row in rows if row.kind != "bill"]
    return meters_frame(rows, area.path, slugs), meters_frame(daily, area.path, slugs)


def devices_frame(meter_ids: Iterable[int] | None = None) -> pa.Table:
    """Register devices: meter_id, channel, from_es, to_es, digits, initial, final (null where unknown)."""
    import pyarrow as pa

    wanted = None if meter_ids is None else set(meter_ids)
    schema = devices_schema()
    rows = [
        {**row, "to_es": OPEN_END if row["to_es"] is None else row["to_es"]}
        for row in Device.objects.order_by("meter_id", "channel", "from_es").values(*schema.names)
        if wanted is None or row["meter_id"] in wanted
    ]
    return pa.Table.from_pylist(rows, schema=schema)


def zones_frame() -> pa.Table:
    """Time zone of every meter: meter_id, tz (of its newest row's place)."""
    import pyarrow as pa

    rows = MeterRow.objects.filter(superseded_at__isnull=True).order_by("meter_id", "valid_from")
    zones = dict(rows.values_list("meter_id", "place__tz"))
    return pa.table(
        {"meter_id": pa.array(zones.keys(), pa.int64()), "tz": pa.array(zones.values(), pa.string())}
    )


def paths() -> dict[int, str]:
    """Path of the area at which each meter is placed, by meter id (its newest row)."""
    rows = MeterRow.objects.filter(superseded_at__isnull=True).order_by("meter_id", "valid_from")
    return dict(rows.values_list("meter_id", "place__path"))


def registry_frames() -> tuple[pa.Table, pa.Table]:
    """Devices and time zones, as the readings ask for them."""
    return devices_frame(), zones_frame()


def places_of(meter_ids: Iterable[int] | None) -> set[int]:
    """Ids of the areas at which the meters (None: any meter) are placed."""
    if meter_ids is None:
        return set(MeterRow.objects.filter(superseded_at__isnull=True).values_list("place_id", flat=True))
    ids = list(meter_ids)
    found: set[int] = set()
    for start in range(0, len(ids), 500):  # SQLite binds a limited number of variables
        rows = MeterRow.objects.filter(superseded_at__isnull=True, meter_id__in=ids[start : start + 500])
        found.update(rows.values_list("place_id", flat=True))
    return found


def numbers(meter_ids: Iterable[int]) -> dict[int, str]:
    """Meter id → 表号."""
    ids = list(meter_ids)
    out: dict[int, str] = {}
    for start in range(0, len(ids), 500):
        out.update(Meter.objects.filter(pk__in=ids[start : start + 500]).values_list("id", "number"))
    return out


def known(area: Area) -> pa.Table:
    """Meters a file imported at this place may name: number, carrier, channel, meter_id, kind, unit, tz.

    They are those owned by the place, by an area above it or by one below it.
    """
    import pyarrow as pa

    names = ("meter__number", "meter__carrier", "channel", "meter_id", "kind", "unit", "place__tz")
    rows = (
        MeterRow.objects.filter(
            Q(meter__owner_area__path__startswith=area.path) | Q(meter__owner_area__in=area.ancestor_ids),
            superseded_at__isnull=True,
        )
        .order_by("meter_id", "channel", "valid_from")
        .values_list(*names)
    )
    newest = {(row[0], row[1], row[2]): row for row in rows}
    columns = list(zip(*newest.values(), strict=True)) or [()] * len(names)
    titles = ("number", "carrier", "channel", "meter_id", "kind", "unit", "tz")
    kinds = {"meter_id": pa.int64()}
    return pa.table({t: pa.array(c, kinds.get(t, pa.string())) for t, c in zip(titles, columns, strict=True)})


def owner_of(area: Area) -> Area:
    """The area that owns meters imported at a place: its community, else the place itself."""
    above = [place for place in [*community.ancestors(area), area] if place.level == "community"]
    return above[-1] if above else area


def meter(user: Any, slug: str, meter_id: int, right: str = "view") -> tuple[Area, Meter]:
    """The place and one meter placed below it. Raises NotFound or Forbidden."""
    area = community.area(user, slug, right)
    found = (
        Meter.objects.filter(
            pk=meter_id, rows__superseded_at__isnull=True, rows__place__path__startswith=area.path
        )
        .distinct()
        .first()
    )
    if found is None:
        raise NotFound()
    return area, found


def rows_of(meter: Meter) -> QuerySet[MeterRow]:
    """The rows in force of one meter, oldest first."""
    return meter.rows.filter(superseded_at__isnull=True).select_related("place", "parent")


def tz_of(meter: Meter) -> str:
    """Time zone of the place of the meter's newest row."""
    return list(rows_of(meter))[-1].place.tz


def meters(area: Area) -> QuerySet[MeterRow]:
    """The open rows of the meters below a place whose right has been proved, main meters first."""
    return (
        MeterRow.objects.filter(
            superseded_at__isnull=True, valid_to__isnull=True, place__path__startswith=area.path
        )
        .select_related("meter", "place", "parent")
        .order_by("meter__carrier", "place__path", "meter__number", "channel")
    )


def meter_by_id(user: Any, meter_id: int) -> Meter:
    """A meter placed where the user may look. Raises NotFound."""
    for row in MeterRow.objects.filter(meter=meter_id, superseded_at__isnull=True).select_related(
        "meter", "place"
    ):
        if community.may(user, row.place):
            return row.meter
    raise NotFound()


def place_below(user: Any, area: Area, text: str) -> Area:
    """A readable place in the subtree of an area whose right has been proved, by slug or by one of its names.

    ``name · slug``, as lists offer it, is read as the slug. Raises BadInput where no place, or several, bear
    the name.
    """
    below = community.areas(user).filter(path__startswith=area.path)
    word = text.strip()
    found = below.filter(slug__in={word, word.rsplit(" · ", 1)[-1]}).first()
    if found is not None:
        return found
    named = list(below.filter(Q(name=word) | Q(name_en__iexact=word)).order_by("path")[: CANDIDATES + 1])
    if len(named) == 1 and word:
        return named[0]
    if not named or not word:
        raise BadInput(
            "meter.unknown_place",
            Text(f"此处没有地点“{word}”。", f"There is no place “{word}” here."),
            remedy=Text("请从列表中选择地点。", "Choose one of the places of the list."),
            where=Where(value=word),
        )
    shown = [f"{place.name} · {place.slug}" for place in named[:CANDIDATES]]
    more = " …" if len(named) > CANDIDATES else ""
    raise BadInput(
        "meter.ambiguous_place",
        Text(f"有多个地点叫“{word}”。", f"Several places are called “{word}”."),
        remedy=Text(f"请写明是哪一个：{'，'.join(shown)}{more}", f"Say which one: {', '.join(shown)}{more}"),
        where=Where(value=word),
    )


def offered_places(user: Any, area: Area, english: bool = False) -> list[tuple[Area, str]]:
    """Places below an area with what names each of them alone; homes only where they are few.

    That is the name, or ``name · slug`` where another place below bears it too.
    """
    below = community.areas(user).filter(path__startswith=area.path)
    borne: Counter[str] = Counter()
    for name, name_en in below.values_list("name", "name_en"):
        borne.update({name.casefold(), name_en.casefold()} - {""})
    if below.count() > OFFERED:
        below = below.exclude(level__in=["home", "unit"])
    found = []
    for place in below.order_by("path")[:OFFERED]:
        name = (english and place.name_en) or place.name
        found.append((place, name if borne[name.casefold()] == 1 else f"{name} · {place.slug}"))
    return found


def meter_by_number(area: Area, number: str, carrier: str = "") -> Meter | None:
    """The meter of this 表号 owned by the area, by one above it or by one below it; that of the carrier first."""
    near = Q(owner_area__path__startswith=area.path) | Q(owner_area__in=area.ancestor_ids)
    found = Meter.objects.filter(near, number=number).order_by("-owner_area__path", "pk")
    return found.filter(carrier=carrier).first() or found.first()


def search(
    area: Area, text: str = "", carrier: str = "", place: str = "", role: str = ""
) -> QuerySet[MeterRow]:
    """``meters`` narrowed: words in number or name, a carrier, a place below (slug), ``main`` or ``sub`` meters."""
    rows = meters(area)
    for word in text.split():
        rows = rows.filter(
            Q(meter__number__icontains=word) | Q(meter__name__icontains=word) | Q(place__name__icontains=word)
        )
    if carrier:
        rows = rows.filter(meter__carrier=carrier)
    if place:
        below = area.__class__.objects.filter(slug=place, path__startswith=area.path).first()
        rows = rows.filter(place__path__startswith=below.path) if below else rows.none()
    if role == "main":
        rows = rows.filter(
            meter__child_rows__superseded_at__isnull=True, meter__child_rows__isnull=False
        ).distinct()
    elif role == "sub":
        rows = rows.filter(parent__isnull=False)
    return rows


def children(meter: Meter) -> QuerySet[MeterRow]:
    """Open rows of the meters behind a main meter."""
    return meter.child_rows.filter(superseded_at__isnull=True, valid_to__isnull=True).select_related(
        "meter", "place"
    )


def places_named(area: Area, names: Iterable[str]) -> dict[str, str]:
    """Name, English name or slug → slug of the places below an area that bear one of the names; ambiguous names are left out."""
    wanted = set(names) - {""}
    found: dict[str, str] = {}
    twice: set[str] = set()
    for slug, *called in community.subtree(area).values_list("slug", "name", "name_en"):
        for word in {slug, *called} & wanted:
            if word in found:
                twice.add(word)
            found[word] = slug
    return {word: slug for word, slug in found.items() if word not in twice}
