"""The verbs of the room. Each is one transaction, proves the right of its actor and reports one event."""

from __future__ import annotations

import re
import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.db import transaction
from django.db.models import CharField, F, Value
from django.db.models.functions import Cast, Concat, Substr

from tanlin.community import queries
from tanlin.community.models import Area, AreaAttribute, Organisation
from tanlin.community.rights import SYSTEM, System
from tanlin.community.services.consents import give_consent, publish_notice, use_purpose, withdraw_consent
from tanlin.community.services.entry import entry_token, person_of_token, resident
from tanlin.community.services.erasure import erase_person, export_person, remove_persons
from tanlin.community.services.grants import (
    actor_user,
    create_user,
    deactivate_user,
    grant,
    new_password,
    restore_user,
    revoke,
    set_password,
)
from tanlin.community.services.persons import (
    add_person,
    edit_person,
    join_household,
    leave_household,
    merge_persons,
    reveal_person,
)
from tanlin.community.services.removal import remove_tree
from tanlin.kernel.errors import BadInput, Conflict, Forbidden, Text, Where
from tanlin.kernel.manifest import figures_on
from tanlin.kernel.ports import mark_stale, report_event

__all__ = [
    "SYSTEM",
    "add_person",
    "create_area",
    "create_areas",
    "create_organisation",
    "create_user",
    "deactivate_user",
    "edit_person",
    "entry_token",
    "erase_person",
    "export_person",
    "give_consent",
    "grant",
    "join_grid",
    "join_household",
    "leave_household",
    "merge_persons",
    "move_area",
    "new_password",
    "person_of_token",
    "publish_notice",
    "remove_persons",
    "remove_tree",
    "resident",
    "restore_user",
    "reveal_person",
    "revoke",
    "set_attribute",
    "set_password",
    "use_purpose",
    "withdraw_consent",
]

# The ladder of design section 2; levels that are not on it attach anywhere.
LADDER = ("city", "district", "street", "community", "estate", "building", "unit", "home")


def _check_level(level: str, parent: Area | None, name: str) -> None:
    if level not in Area.Level.values:
        raise BadInput(
            "community.unknown_level",
            Text(f"没有“{level}”这一层级。", f"There is no level “{level}”."),
            remedy=Text(
                f"可用：{'、'.join(Area.Level.values)}。", f"Use one of {', '.join(Area.Level.values)}."
            ),
            where=Where(column="level", value=level),
        )
    if level == Area.Level.GRID and (parent is None or parent.level in ("building", "unit", "home")):
        raise BadInput(
            "community.grid_parent",
            Text("网格须设在社区等区域之下。", "A grid hangs below a community or a wider area."),
        )
    if parent is None or level not in LADDER:
        return
    if parent.tree == Area.Tree.GRID:
        raise BadInput(
            "community.below_grid",
            Text("网格之下只能设网格。", "Only a grid may hang below a grid."),
            remedy=Text(
                "请把区域设在社区之下，再归入网格。",
                "Put the area below its community, then count it to the grid.",
            ),
        )
    above = LADDER.index(parent.level) if parent.level in LADDER else -1
    if above >= LADDER.index(level):
        raise BadInput(
            "community.level_order",
            Text(
                f"“{name}”的层级不能在“{parent.name}”之下。",
                f"The level of “{name}” cannot lie below that of “{parent.name}”.",
            ),
            where=Where(column="level", value=level),
        )


@cache
def _known_zone(tz: str) -> bool:
    try:
        ZoneInfo(tz)
    except (ZoneInfoNotFoundError, ValueError):
        return False
    return True


def _check_zone(tz: str) -> None:
    if not _known_zone(tz):
        raise BadInput(
            "community.unknown_zone",
            Text(f"没有时区“{tz}”。", f"There is no time zone “{tz}”."),
            remedy=Text("例：Asia/Shanghai。", "For example Asia/Shanghai."),
            where=Where(column="tz", value=tz),
        )


def _check_slug(slug: str) -> None:
    if len(slug) > 80 or not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", slug):
        raise BadInput(
            "community.bad_slug",
            Text(f"网址标识“{slug}”不合规。", f"The address word “{slug}” cannot be used."),
            remedy=Text(
                "只用小写拉丁字母、数字和连字符。", "Use lower-case Latin letters, digits and hyphens."
            ),
            where=Where(column="slug", value=slug),
        )


def _taken(slug: str) -> Conflict:
    return Conflict(
        "community.slug_taken",
        Text(f"网址标识“{slug}”已被使用。", f"The address word “{slug}” is taken."),
        remedy=Text("请换一个；网址标识永久不变。", "Choose another one; it never changes later."),
    )


def _draft(
    parent: Area | None,
    *,
    slug: str,
    name: str,
    level: str,
    name_en: str = "",
    tz: str | None = None,
    region: str | None = None,
    origin: str | None = None,
) -> Area:
    """An unsaved area, checked; zone, region and origin come from the parent unless given."""
    name = name.strip()
    if not name:
        raise BadInput("community.no_name", Text("请填写名称。", "Give a name."), where=Where(column="name"))
    _check_slug(slug)
    _check_level(level, parent, name)
    zone = tz or (parent.tz if parent else "Asia/Shanghai")
    _check_zone(zone)
    return Area(
        slug=slug,
        name=name,
        name_en=name_en.strip(),
        level=level,
        parent=parent,
        tz=zone,
        path=f"new:{uuid.uuid4()}",  # the id is known only after the insert
        tree=Area.Tree.GRID if level == Area.Level.GRID else Area.Tree.MAIN,
        region=region or (parent.region if parent else "CN"),
        origin=origin or (parent.origin if parent else Area.Origin.MEASURED),
    )


def _insert(drafts: list[Area], parent: Area | None) -> list[Area]:
    areas = Area.objects.bulk_create(drafts, batch_size=500)
    root = parent.path if parent else "/"
    Area.objects.filter(path__startswith="new:", parent=parent).update(
        path=Concat(Value(root), Cast("id", CharField()), Value("/"))
    )
    for area in areas:
        area.path = f"{root}{area.pk}/"
    return areas


@transaction.atomic
def create_area(
    actor: Any,
    *,
    slug: str,
    name: str,
    level: str,
    parent: Area | None = None,
    name_en: str = "",
    tz: str | None = None,
    region: str | None = None,
    origin: str | None = None,
) -> Area:
    """A new area; zone, region and origin come from the parent unless given.

    Right: ``users`` at the parent. A new root needs an operator, who is granted it.
    Raises BadInput, Conflict (slug taken), NotFound, Forbidden.
    """
    if parent is not None:
        queries.require(actor, parent, "users")
    elif not isinstance(actor, System) and not queries.active_grants(actor).filter(role="operator").exists():
        raise Forbidden()
    draft = _draft(
        parent, slug=slug, name=name, level=level, name_en=name_en, tz=tz, region=region, origin=origin
    )
    if Area.objects.filter(slug=slug).exists():
        raise _taken(slug)
    area = _insert([draft], parent)[0]
    report_event(
        "community.area_created",
        actor=actor_user(actor),
        area=area,
        subject=area.slug,
        data=queries.describe(area) | {"parent": parent.slug if parent else None},
    )
    if parent is None and not isinstance(actor, System):
        grant(SYSTEM, user=actor, role="operator", area=area)
    return area


@transaction.atomic
def create_areas(actor: Any, parent: Area, rows: Sequence[Mapping[str, Any]]) -> list[Area]:
    """Many areas under one parent (the homes of a building) in a few statements and one event.

    ``rows``: keywords of ``create_area`` without ``parent``. Right: ``users``. All or none: raises BadInput, Conflict.
    """
    queries.require(actor, parent, "users")
    drafts = [_draft(parent, **row) for row in rows]
    slugs = [draft.slug for draft in drafts]
    repeated = next((slug for slug, count in Counter(slugs).items() if count > 1), None)
    taken = repeated or Area.objects.filter(slug__in=slugs).values_list("slug", flat=True).first()
    if taken:
        raise _taken(taken)
    areas = _insert(drafts, parent)
    report_event(
        "community.areas_created",
        actor=actor_user(actor),
        area=parent,
        subject=parent.slug,
        data={"areas": [queries.describe(area) for area in areas]},
    )
    return areas


@transaction.atomic
def move_area(actor: Any, area: Area, parent: Area) -> Area:
    """Hang an area with all below it under another parent. Right: ``users`` at both. Raises BadInput."""
    queries.require(actor, area, "users")
    queries.require(actor, parent, "users")
    if parent.path.startswith(area.path):
        raise BadInput(
            "community.move_cycle", Text("不能移到自身之下。", "An area cannot move below itself.")
        )
    if parent.origin != area.origin:
        raise BadInput(
            "community.move_origin",
            Text(
                "演示区域与真实区域不能混在一棵树中。", "Demonstration and real areas stay in separate trees."
            ),
        )
    _check_level(area.level, parent, area.name)
    old, new = area.path, f"{parent.path}{area.pk}/"
    mark_stale([area.pk], date.min, date.max)  # of those that held it
    before = area.parent.slug if area.parent else None
    Area.objects.filter(path__startswith=old).update(path=Concat(Value(new), Substr(F("path"), len(old) + 1)))
    Area.objects.filter(pk=area.pk).update(parent=parent)
    area.refresh_from_db()
    mark_stale([area.pk], date.min, date.max)  # of those that hold it now
    report_event(
        "community.area_moved",
        actor=actor_user(actor),
        area=area,
        subject=area.slug,
        data={"from": before, "to": parent.slug},
    )
    return area


@transaction.atomic
def join_grid(actor: Any, area: Area, grid: Area | None) -> Area:
    """Count an area of the main tree to a grid (None takes it out). Right: ``users`` at both. Raises BadInput."""
    queries.require(actor, area, "users")
    if grid is not None:
        queries.require(actor, grid, "users")
    if area.tree != Area.Tree.MAIN or (grid is not None and grid.tree != Area.Tree.GRID):
        raise BadInput(
            "community.not_a_grid", Text("只能把区域归入网格。", "Only a place can be counted to a grid.")
        )
    area.grid = grid
    area.save(update_fields=["grid"])
    report_event(
        "community.grid_joined",
        actor=actor_user(actor),
        area=area,
        subject=area.slug,
        data={"grid": grid.slug if grid else None},
    )
    return area


@transaction.atomic
def set_attribute(
    actor: Any,
    area: Area,
    key: str,
    value: Any,
    valid_from: date,
    source: str = "",
    *,
    right: str = "users",
) -> AreaAttribute:
    """A dated value from a day on; the row in force before ends there, a later one bounds it.

    Figures that rest on it become stale. ``right``: what the actor must hold. The same key and day again replaces
    nothing: raises Conflict.
    """
    queries.require(actor, area, right)
    rows = AreaAttribute.objects.select_for_update().filter(area=area, key=key)
    if rows.filter(valid_from=valid_from).exists():
        raise Conflict(
            "community.attribute_exists",
            Text(f"“{key}”自 {valid_from} 起已有数值。", f"“{key}” already has a value from {valid_from}."),
            remedy=Text("请换一个生效日期。", "Choose another first day."),
        )
    later = rows.filter(valid_from__gt=valid_from).order_by("valid_from").first()
    end = later.valid_from if later else None
    before = rows.filter(valid_from__lt=valid_from).order_by("-valid_from").first()
    if before is not None and (before.valid_to is None or before.valid_to > valid_from):
        before.valid_to = valid_from
        before.save(update_fields=["valid_to"])
    row = AreaAttribute.objects.create(
        area=area, key=key, value=value, valid_from=valid_from, valid_to=end, source=source
    )
    if figures := figures_on(key):
        mark_stale([area.pk], valid_from, end or date.max, figures, above=False)
    report_event(
        "community.attribute_set",
        actor=actor_user(actor),
        area=area,
        subject=area.slug,
        data={"key": key, "value": value, "from": valid_from.isoformat(), "source": source},
    )
    return row


@transaction.atomic
def create_organisation(
    actor: Any, *, area: Area, name: str, kind: str, name_en: str = "", parent: Organisation | None = None
) -> Organisation:
    """A body of the network at an area. Right: ``users``. Raises BadInput, Conflict."""
    queries.require(actor, area, "users")
    if kind not in Organisation.Kind.values or not name.strip():
        raise BadInput(
            "community.bad_organisation", Text("请填写名称并选择类别。", "Give a name and choose a kind.")
        )
    if Organisation.objects.filter(area=area, name=name.strip()).exists():
        raise Conflict(
            "community.organisation_exists", Text(f"“{name}”已登记。", f"“{name}” is registered already.")
        )
    body = Organisation.objects.create(
        area=area, name=name.strip(), name_en=name_en, kind=kind, parent=parent
    )
    report_event(
        "community.organisation_created",
        actor=actor_user(actor),
        area=area,
        subject=name,
        data={"kind": kind, "parent": parent.name if parent else None},
    )
    return body
