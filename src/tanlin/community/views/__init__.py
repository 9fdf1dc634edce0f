"""Pages of the room: places and logins, persons, privacy, and the resident's own page."""

from tanlin.community.views.places import Login, home

__all__ = ["Login", "home"]
