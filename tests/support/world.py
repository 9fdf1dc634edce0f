"""The world of the rights tests: a district with two streets, communities A and B, one user a role in A, a worker of B.

A room adds its objects and expectations in `tests/<room>/rights.py`:

    ROWS = [Row("meter:list", right="view"), Row("api:meter_undo", "POST", right="undo", kwargs=lambda w: {...})]
    def build(world): world.objects["import"] = …          # optional; all rooms are built before a request is made

`tests/web/test_rights_matrix.py` joins the rows of all rooms and fails for a URL without one.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from tanlin.community import services
from tanlin.community.models import Area, User
from tanlin.community.rights import ROLES, SYSTEM
from tanlin.web.rooms import ROOMS

PLACE_OF_ROLE = {
    "operator": "district",
    "district": "district",
    "street": "street-a",
}  # the others: community A


@dataclass
class World:
    """`users`: every role at A, `other` (worker of B), `nobody` (no grant). `objects`: what the rooms add, all in A."""

    areas: dict[str, Area]
    users: dict[str, User]
    objects: dict[str, Any] = field(default_factory=dict)

    @property
    def a(self) -> Area:
        return self.areas["community-a"]

    @property
    def b(self) -> Area:
        return self.areas["community-b"]


@dataclass(frozen=True)
class Row:
    """What one URL and method answers.

    `right`: needed at community A; "any" = every login; "public" = without login.
    `scope` place: the object lies in A, so the worker of B gets 404; site: it belongs to no place, so the right may
    be held anywhere, else 403. `ok`: statuses for those who may (422 for a POST sent empty on purpose).
    `kwargs` default: {"slug": community A} where the URL takes a slug. `data`: body of a POST; `json`: as JSON.
    """

    name: str
    method: str = "GET"
    right: str = "view"
    scope: Literal["place", "site"] = "place"
    kwargs: Callable[[World], dict[str, Any]] | None = None
    data: Callable[[World], dict[str, Any]] = lambda world: {}
    json: bool = False
    ok: tuple[int, ...] = (200, 302)
    query: str = ""


def room_rights() -> list[Any]:
    """The `rights` modules of the rooms, in their order."""
    names = [f"tests.{room}.rights" for room in ROOMS if importlib.util.find_spec(f"tests.{room}")]
    return [importlib.import_module(name) for name in names if importlib.util.find_spec(name)]


def rows() -> list[Row]:
    """Expectations of all rooms."""
    return [row for module in room_rights() for row in module.ROWS]


def build(rooms: bool = True) -> World:
    """The world in the present database; `rooms` False leaves the objects of the rooms out."""
    areas: dict[str, Area] = {}
    for slug, name, level, parent in (
        ("district", "试验区", "district", None),
        ("street-a", "甲街道", "street", "district"),
        ("street-b", "乙街道", "street", "district"),
        ("community-a", "甲社区", "community", "street-a"),
        ("community-b", "乙社区", "community", "street-b"),
        ("building-a", "甲一号楼", "building", "community-a"),
        ("home-a", "甲一号楼 101", "home", "building-a"),
    ):
        areas[slug] = services.create_area(
            SYSTEM, slug=slug, name=name, level=level, parent=areas.get(parent or ""), region="CN-GD-SZ"
        )
    places = {role: PLACE_OF_ROLE.get(role, "community-a") for role in ROLES}
    users = {}
    for name in (*ROLES, "other", "nobody"):
        users[name] = User.objects.create(username=name, password="!")  # logs in by force_login only
    for role, slug in places.items():
        services.grant(SYSTEM, user=users[role], role=role, area=areas[slug])
    services.grant(SYSTEM, user=users["other"], role="worker", area=areas["community-b"])
    world = World(areas, users)
    for module in room_rights() if rooms else ():
        if hasattr(module, "build"):
            module.build(world)
    return world
