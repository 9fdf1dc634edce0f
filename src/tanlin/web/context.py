"""What every page knows: the place, the readable places, the navigation, the demonstration mark."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from tanlin.community import queries
from tanlin.kernel.errors import TanlinError
from tanlin.record import queries as record
from tanlin.web.assembly import navigation

SWITCHER_LEVELS = ("city", "district", "street", "community", "estate", "quarter", "park")


def current_place(request: HttpRequest) -> Any:
    """The readable area that the address names, or whose receipt or job it shows; else the one last looked at.

    The one in the address is remembered, so that pages of the site keep its navigation.
    """
    named = _named(request)
    last = request.session.get("place")
    slug = named or last
    found = queries.areas(request.user).filter(slug=slug).first() if slug else None
    if found is not None and named and named != last:
        request.session["place"] = named
    return found


def _named(request: HttpRequest) -> str | None:
    match = request.resolver_match
    if match is None:
        return None
    area = None
    try:
        if match.view_name in ("record:receipt", "record:replay"):
            area = record.receipt(request.user, match.kwargs["digest"]).area
        elif match.view_name in ("record:job", "record:cancel"):
            area = record.job(request.user, match.kwargs["pk"]).area
    except TanlinError:  # its own page says so
        return None
    return str(area.slug) if area else match.kwargs.get("slug")


def site(request: HttpRequest) -> dict[str, Any]:
    """Context ``place``, ``places`` (area switcher), ``nav``, ``rights`` (held at the place), ``demo``."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return {"place": None, "places": [], "nav": [], "rights": frozenset(), "demo": False}
    place = current_place(request)
    held = queries.rights_at(user, place) if place else frozenset()
    places = list(queries.areas(user).filter(level__in=SWITCHER_LEVELS)[:200])
    return {
        "place": place,
        "places": places,
        "rights": held,
        "nav": navigation(request, place.slug if place else None, held, queries.rights_anywhere(user)),
        "demo": place.is_demo if place else any(each.is_demo for each in places),
    }
