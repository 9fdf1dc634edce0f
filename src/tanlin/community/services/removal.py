"""Removing a whole tree of areas: possible only when no other room keeps anything there any more."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models import ProtectedError

from tanlin.community import queries
from tanlin.community.models import Area, AreaAttribute, Organisation, RoleGrant
from tanlin.community.services.grants import actor_user
from tanlin.kernel.errors import BadInput, Conflict, Text, Where
from tanlin.kernel.ports import report_event


@transaction.atomic
def remove_tree(actor: Any, root: Area) -> int:
    """Remove a root with all areas below it, their attributes, organisations and grants; how many areas went.

    Right: ``users`` at the root. Events keep the numbers of the areas. Raises BadInput for an area that has
    one above it, Conflict while anything of another room refers to one of the areas.
    """
    queries.require(actor, root, "users")
    if root.parent_id is not None:
        raise BadInput(
            "community.not_a_root",
            Text("只能移除整棵区域树。", "Only a whole tree of areas can be removed."),
            where=Where(value=root.slug),
        )
    areas = list(Area.objects.filter(path__startswith=root.path))
    ids = [area.pk for area in areas]
    try:
        counts = _remove(areas, ids)
    except ProtectedError as error:
        held = sorted({str(thing._meta.verbose_name) for thing in error.protected_objects})
        raise Conflict(
            "community.area_in_use",
            Text(
                f"“{root.name}”仍被引用：{'、'.join(held)}。",
                f"“{root.slug}” is still referred to by: {', '.join(held)}.",
            ),
            where=Where(value=root.slug),
        ) from error
    report_event(
        "community.tree_removed",
        actor=actor_user(actor),
        area=None,
        subject=root.slug,
        data={"areas": [queries.describe(area) for area in areas], "rows": counts},
    )
    return len(areas)


def _remove(areas: list[Area], ids: list[int]) -> dict[str, int]:
    """Children first, because an area protects the one above it. Returns how many rows of each kind went."""
    Area.objects.filter(pk__in=ids, grid__in=ids).update(grid=None)
    Organisation.objects.filter(area__in=ids, parent__area__in=ids).update(parent=None)
    counts = {
        model._meta.model_name or "": model._default_manager.filter(area__in=ids).delete()[0]
        for model in (AreaAttribute, Organisation, RoleGrant)
    }
    for depth in sorted({area.depth for area in areas}, reverse=True):
        Area.objects.filter(pk__in=[area.pk for area in areas if area.depth == depth]).delete()
    return counts
