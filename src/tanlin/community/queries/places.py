"""The way to an area: each function proves the right of the asker first.

Unknown or unreadable = ``NotFound``; readable but lacking the right = ``Forbidden``. ``SYSTEM`` may everything.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone

from tanlin.community.models import Area, AreaAttribute, Organisation, RoleGrant
from tanlin.community.rights import RIGHTS, ROLE_RIGHTS, System, may_grant, roles_with
from tanlin.kernel.errors import Forbidden, NotFound, Text


def active_grants(user: Any, day: date | None = None) -> QuerySet[RoleGrant]:
    """Grants of a user in force on a day (default: today by the clock of the installation)."""
    if user is None or getattr(user, "pk", None) is None or not user.is_active:
        return RoleGrant.objects.none()
    day = day or timezone.localdate()
    return RoleGrant.objects.filter(
        Q(valid_to__isnull=True) | Q(valid_to__gt=day), user_id=user.pk, valid_from__lte=day
    )


def roles_at(user: Any, place: Area) -> frozenset[str]:
    """Roles of the user at the area, by the grants on it and on its ancestors."""
    if isinstance(user, System):
        return frozenset({"operator"})
    return frozenset(
        active_grants(user).filter(area_id__in=place.ancestor_ids).values_list("role", flat=True)
    )


def rights_at(user: Any, place: Area) -> frozenset[str]:
    """All rights of the user at the area."""
    if isinstance(user, System):
        return frozenset(RIGHTS)
    return frozenset().union(*(ROLE_RIGHTS[role] for role in roles_at(user, place)))


def rights_anywhere(user: Any) -> frozenset[str]:
    """Rights the user holds at one area at least: for entries of the site that belong to no place."""
    if isinstance(user, System):
        return frozenset(RIGHTS)
    roles = set(active_grants(user).values_list("role", flat=True))
    return frozenset().union(*(ROLE_RIGHTS[role] for role in roles))


def may(user: Any, place: Area, right: str = "view") -> bool:
    """Whether the user holds the right at the area. Raises ValueError for an unknown right."""
    roles_with(right)
    return right in rights_at(user, place)


def require(user: Any, place: Area, right: str = "view") -> Area:
    """The area itself, once the right is proved; raises NotFound or Forbidden."""
    roles_with(right)
    held = rights_at(user, place)
    if right in held:
        return place
    if "view" not in held:
        raise NotFound()
    raise Forbidden(
        remedy=Text(
            "请联系有“组织与人员”权限的同事授权。",
            "Ask a colleague with the right to manage people for a grant.",
        )
    )


def area(user: Any, slug: str, right: str = "view") -> Area:
    """The area of that slug, with the right proved; raises NotFound or Forbidden."""
    place = Area.objects.filter(slug=slug).first()
    if place is None:
        raise NotFound()
    return require(user, place, right)


def area_by_id(user: Any, pk: int, right: str = "view") -> Area:
    """As ``area``, for a stored id (the owner of an import, a meter, a figure)."""
    place = Area.objects.filter(pk=pk).first()
    if place is None:
        raise NotFound()
    return require(user, place, right)


def areas(user: Any, right: str = "view") -> QuerySet[Area]:
    """Every area at which the user holds the right, in the order of the tree (a query set, to be narrowed)."""
    if isinstance(user, System):
        return Area.objects.all()
    granted = active_grants(user).filter(role__in=roles_with(right)).values_list("area__path", flat=True)
    # a grant below another one adds nothing: keep the shortest paths only
    tops: list[str] = []
    for path in sorted(set(granted), key=len):
        if not path.startswith(tuple(tops)):
            tops.append(path)
    if not tops:
        return Area.objects.none()
    found = Q()
    for path in tops:
        found |= Q(path__startswith=path)
    return Area.objects.filter(found)


def subtree(place: Area) -> QuerySet[Area]:
    """The area and all below it. Of a grid: also the places counted to it, with all below them."""
    found = Q(path__startswith=place.path)
    if place.tree == Area.Tree.GRID:
        grids = Area.objects.filter(path__startswith=place.path)
        for path in Area.objects.filter(grid__in=grids).values_list("path", flat=True):
            found |= Q(path__startswith=path)
    return Area.objects.filter(found)


def subtree_ids(place: Area) -> list[int]:
    """Ids of ``subtree``, ascending. Gives no right: ask for the area first."""
    return list(subtree(place).order_by("pk").values_list("pk", flat=True))


def ancestors(place: Area) -> list[Area]:
    """From the root down to the parent; empty for a root."""
    return list(Area.objects.filter(pk__in=place.ancestor_ids[:-1]).order_by("path"))


@dataclass
class Node:
    """One area and the readable ones right below it."""

    area: Area
    children: list[Node] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """JSON shape of the API and the command line."""
        return {**describe(self.area), "children": [child.as_dict() for child in self.children]}


LISTED_LEVELS = ("city", "district", "street", "community", "estate", "quarter", "park", "scene")


def area_tree(user: Any, levels: Iterable[str] | None = LISTED_LEVELS, right: str = "view") -> list[Node]:
    """Readable areas as a forest; levels None = all. An area whose parent is not shown hangs under the next shown one."""
    chosen = areas(user, right)
    if levels is not None:
        chosen = chosen.filter(level__in=list(levels))
    nodes: dict[int, Node] = {}
    roots: list[Node] = []
    for place in sorted(chosen, key=lambda item: (item.depth, item.slug)):
        node = nodes[place.pk] = Node(place)
        above = next((nodes[pk] for pk in reversed(place.ancestor_ids[:-1]) if pk in nodes), None)
        (above.children if above else roots).append(node)
    return roots


def describe(place: Area) -> dict[str, Any]:
    """Public fields of an area as plain data."""
    return {
        "slug": place.slug,
        "name": place.name,
        "name_en": place.name_en,
        "level": place.level,
        "tree": place.tree,
        "tz": place.tz,
        "region": place.region,
        "origin": place.origin,
    }


def attribute(place: Area, key: str, day: date) -> AreaAttribute | None:
    """The row of that key in force on the day, or None (unknown)."""
    return place.attributes.filter(
        Q(valid_to__isnull=True) | Q(valid_to__gt=day), key=key, valid_from__lte=day
    ).first()


def attributes(user: Any, slug: str) -> list[AreaAttribute]:
    """All dated rows of an area."""
    return list(area(user, slug).attributes.order_by("key", "valid_from"))


def level_label(place: Area) -> str:
    """The word for the level: the local one set as attribute ``label.<level>`` here or above, else the common one."""
    row = (
        AreaAttribute.objects.filter(
            area_id__in=place.ancestor_ids, key=f"label.{place.level}", valid_to__isnull=True
        )
        .order_by("-area__path")
        .first()
    )
    return str(row.value) if row else str(place.get_level_display())


def organisations(user: Any, slug: str) -> list[Organisation]:
    """Organisations of the area and all below it."""
    place = area(user, slug)
    return list(
        Organisation.objects.filter(area__path__startswith=place.path).select_related("area", "parent")
    )


def grants(user: Any, slug: str) -> list[RoleGrant]:
    """Grants in force on the area, above it and below it."""
    place, day = area(user, slug), timezone.localdate()
    return list(
        RoleGrant.objects.filter(Q(area__path__startswith=place.path) | Q(area_id__in=place.ancestor_ids))
        .filter(Q(valid_to__isnull=True) | Q(valid_to__gt=day), valid_from__lte=day)
        .select_related("area", "user")
    )


def grant_at(user: Any, grant_id: int) -> RoleGrant:
    """One grant at a place whose people the asker manages. Raises NotFound or Forbidden."""
    row = RoleGrant.objects.select_related("area", "user").filter(pk=grant_id).first()
    if row is None:
        raise NotFound()
    require(user, row.area, "users")
    return row


def grants_with_reach(user: Any, slug: str) -> list[tuple[RoleGrant, bool]]:
    """``grants``, each with whether the asker may take it back."""
    roles: dict[int, frozenset[str]] = {}
    result = []
    for row in grants(user, slug):
        if row.area_id not in roles:
            roles[row.area_id] = roles_at(user, row.area)
        result.append((row, may_grant(roles[row.area_id], row.role) and row.user_id != user.pk))
    return result
