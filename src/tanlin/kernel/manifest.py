"""What a room tells the rest: its methods, pages, API, commands, jobs and place in the navigation.

Every room's ``AppConfig`` carries ``room = Room(...)``; the web and the command assemble what they name.
Dotted paths look like ``package.module:attribute`` and are imported only when used.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, Literal

from tanlin.kernel.errors import Text


@dataclass(frozen=True)
class Method:
    """A method that makes figures. ``source`` names standard, clause or paper.

    ``replay`` is the dotted path of ``(body: dict, batch: int | None) -> Recomputed``; ``trial`` that of a function
    that states the figures again with other facts (see ``carbon.services.previewing``), empty where there is none.
    """

    id: str
    version: int
    source: str
    replay: str
    tolerance: float = 1e-9
    label: Text | None = None
    trial: str = ""


@dataclass(frozen=True)
class Nav:
    """An entry of the navigation. ``scope`` place: the URL takes the slug of the current place.

    ``count``: dotted path of ``(user) -> int``, shown beside the title; asked on every page, so one cheap query.
    ``right`` "any": every login sees the entry.
    """

    url_name: str
    title: Text
    icon: str
    order: int
    right: str = "view"
    scope: Literal["place", "site"] = "place"
    count: str = ""


@dataclass(frozen=True)
class Room:
    """The manifest of one room; ``periodic`` entries are ``kind`` or ``kind@seconds`` of its own jobs."""

    name: str
    title: Text
    methods: tuple[Method, ...] = ()
    urls: str | None = None
    api: str | None = None
    commands: dict[str, str] = field(default_factory=dict)
    jobs: dict[str, str] = field(default_factory=dict)
    periodic: tuple[str, ...] = ()
    nav: tuple[Nav, ...] = ()
    #: key of a figure → its label, shown on cards, receipts and in the API
    figures: dict[str, Text] = field(default_factory=dict)
    #: dated attribute of an area (or a prefix that ends in a point) → keys of the figures that rest on it
    attributes: dict[str, tuple[str, ...]] = field(default_factory=dict)
    #: dotted path of ``(person_ids: list[int], purposes: frozenset[str] | None) -> dict[str, int]``: blanks what the
    #: room keeps of these persons for these ended purposes (None: everything), keeps rows that are counted, and
    #: returns how many rows of each kind it blanked; runs inside the caller's transaction
    shredder: str = ""
    #: dotted path of ``(person_ids: list[int]) -> dict[str, list[dict]]``: what the room keeps of a person, as tables
    exporter: str = ""


def load(path: str) -> Any:
    """Import ``package.module:attribute``."""
    module, _, attribute = path.partition(":")
    return getattr(import_module(module), attribute)


def rooms() -> list[Room]:
    """The rooms of the installed apps, in the order of the settings (needs Django to be set up)."""
    from django.apps import apps

    return [config.room for config in apps.get_app_configs() if hasattr(config, "room")]


def methods() -> dict[tuple[str, int], Method]:
    """All methods of the installed rooms by (id, version)."""
    return {(method.id, method.version): method for room in rooms() for method in room.methods}


def figures_on(attribute: str) -> list[str]:
    """Keys of the figures that rest on a dated attribute of their area."""
    return [
        key
        for room in rooms()
        for name, keys in room.attributes.items()
        if attribute == name or (name.endswith(".") and attribute.startswith(name))
        for key in keys
    ]


def figure_label(key: str) -> Text:
    """The label of a figure by its key, or the key itself."""
    for room in rooms():
        if key in room.figures:
            return room.figures[key]
    return Text(key, key)
