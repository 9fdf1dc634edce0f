"""What every page knows: the place, the readable places, the navigation, the demonstration mark."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from tanlin.community import queries
from tanlin.community.models import Area
from tanlin.web.assembly import navigation

SWITCHER_LEVELS = ("city", "district", "street", "community", "estate", "quarter", "park")


def current_place(request: HttpRequest) -> Area | None:
    """The readable area named ``slug`` in the address, or the one last looked at, or None.

    The one in the address is remembered, so that pages of the site keep its navigation.
    """
    named = request.resolver_match.kwargs.get("slug") if request.resolver_match else None
    last = request.session.get("place")
    slug = named or last
    found = queries.areas(request.user).filter(slug=slug).first() if slug else None
    if found is not None and named and named != last:
        request.session["place"] = named
    return found


def site(request: HttpRequest) -> dict[str, Any]:
    """Context ``place``, ``places`` (area switcher), ``nav``, ``rights`` (held at the place), ``demo``."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return {"place": None, "places": [], "nav": [], "rights": frozenset(), "demo": False}
    place = current_place(request)
    held = queries.rights_at(user, place) if place else frozenset()
    return {
        "place": place,
        "places": list(queries.areas(user).filter(level__in=SWITCHER_LEVELS)[:200]),
        "rights": held,
        "nav": navigation(request, place.slug if place else None, held, queries.rights_anywhere(user)),
        "demo": bool(place and place.is_demo),
    }
