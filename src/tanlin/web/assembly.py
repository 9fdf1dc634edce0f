"""Puts together what the manifests name: URLs, API routers and navigation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import NoReverseMatch, URLResolver, include, path, reverse

from tanlin.kernel.errors import Text
from tanlin.kernel.manifest import Nav, load, rooms


def room_urls() -> list[URLResolver]:
    """The URL modules of all rooms, at the root: a room writes its own paths (``place/<slug:slug>/meter/…``)."""
    return [path("", include(room.urls)) for room in rooms() if room.urls]


def room_routers() -> list[Any]:
    """The API routers of all rooms, in order."""
    return [load(room.api) for room in rooms() if room.api]


@dataclass(frozen=True)
class Entry:
    """One line of the navigation as the base page prints it."""

    url: str
    title: Text
    icon: str
    active: bool
    count: int = 0


def entries() -> list[Nav]:
    """All navigation entries in the order of the loop."""
    return sorted((nav for room in rooms() for nav in room.nav), key=lambda nav: nav.order)


def navigation(
    request: HttpRequest, slug: str | None, held: frozenset[str], anywhere: frozenset[str]
) -> list[Entry]:
    """Entries the user may open: those of the place by the rights held there, those of the site by the rights anywhere."""
    match = request.resolver_match
    here = match.view_name if match else ""
    shown = []
    for nav in entries():
        if nav.scope == "place" and (slug is None or nav.right not in held):
            continue
        if nav.scope == "site" and nav.right != "any" and nav.right not in anywhere:
            continue
        kwargs = {"slug": slug} if nav.scope == "place" else {}
        try:
            url = reverse(nav.url_name, kwargs=kwargs)
        except NoReverseMatch as error:
            raise RuntimeError(f"navigation names {nav.url_name}, which has no address") from error
        active = here == nav.url_name or request.path == url
        count = load(nav.count)(request.user) if nav.count else 0
        shown.append(Entry(url, nav.title, nav.icon, active, count))
    return shown
