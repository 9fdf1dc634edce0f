"""Places in the JSON API."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Router, Schema

from tanlin.community import queries

router = Router(tags=["community"])


class Place(Schema):
    """One area; ``parent`` is the slug of the area above, if readable."""

    slug: str
    name: str
    name_en: str
    level: str
    tree: str
    tz: str
    region: str
    origin: str
    parent: str | None


class Attribute(Schema):
    """A basic figure in force today; unknown ones are absent."""

    key: str
    value: Any
    valid_from: str
    source: str


class PlaceDetail(Place):
    """One area with what stands above and below it, and the rights of the asker."""

    level_label: str
    ancestors: list[str]
    children: list[str]
    attributes: list[Attribute]
    rights: list[str]


@router.get("/places", response=list[Place], operation_id="places", summary="Readable places")
def places(request: HttpRequest, level: str | None = None) -> list[dict[str, Any]]:
    """Every readable place in the order of the tree, homes included; ``level`` narrows to one level."""
    readable = queries.areas(request.user)
    slugs: dict[int | None, str] = dict(readable.values_list("pk", "slug"))
    chosen = readable.filter(level=level) if level else readable
    return [queries.describe(item) | {"parent": slugs.get(item.parent_id)} for item in chosen]


@router.get("/places/{slug:slug}", response=PlaceDetail, operation_id="place", summary="One place")
def place(request: HttpRequest, slug: str) -> dict[str, Any]:
    """A place by its slug."""
    item = queries.area(request.user, slug)
    above = list(queries.areas(request.user).filter(pk__in=item.ancestor_ids[:-1]).order_by("path"))
    today = timezone.localdate()
    return queries.describe(item) | {
        "parent": above[-1].slug if above and above[-1].pk == item.parent_id else None,
        "level_label": queries.level_label(item),
        "ancestors": [area.slug for area in above],
        "children": list(item.children.order_by("slug").values_list("slug", flat=True)),
        "attributes": [
            {
                "key": row.key,
                "value": row.value,
                "valid_from": row.valid_from.isoformat(),
                "source": row.source,
            }
            for row in queries.attributes(request.user, slug)
            if row.valid_from <= today and (row.valid_to is None or row.valid_to > today)
        ],
        "rights": sorted(queries.rights_at(request.user, item)),
    }
