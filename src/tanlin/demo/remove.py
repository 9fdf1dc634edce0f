"""Take the demonstration away again: its areas, meters, figures and logins, and nothing else.

Every step can be repeated, so that a removal that was broken off is finished by the next. The published
figures of the real cases stay, and so do the events: the log keeps verifying.
"""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model

from tanlin.carbon import services as carbon
from tanlin.carbon.services import activities as entering
from tanlin.carbon.services import claims
from tanlin.community import queries as areas
from tanlin.community import services as community
from tanlin.community.queries import SYSTEM
from tanlin.meter import services as meter
from tanlin.record import services as record

from . import people
from .load import Say, demonstration_roots


def remove(say: Say = lambda _: None) -> dict[str, Any]:
    """Remove every demonstration area with all that hangs on it; counts of what went.

    A login goes unless it also holds a role at a real place. Raises Refused where a demonstration root
    holds real data, Conflict where something outside still refers to one.
    """
    roots = demonstration_roots()
    ids = [pk for root in roots for pk in areas.subtree_ids(root)]
    found: dict[str, Any] = {"places": [root.slug for root in roots]}
    if ids:
        say("撤销读数，移除表计 / voiding readings, removing meters")
        found |= meter.erase_places(ids, actor=SYSTEM)
        found |= entering.erase_activities(ids, actor=SYSTEM)
        found |= claims.erase_claims(ids, actor=SYSTEM)
        found["instruments"] = carbon.erase_instruments(ids, actor=SYSTEM)
        found["previews"] = carbon.erase_previews(ids)
        say("移除数据与溯源单 / removing figures and receipts")
        found["record"] = record.erase_places(ids)
        found["persons"] = community.remove_persons(SYSTEM, ids)
    found["areas"] = sum(community.remove_tree(SYSTEM, root) for root in roots)
    return found | {"logins": close_logins()}


def close_logins() -> list[str]:
    """Close the demonstration's logins that no area is left for; their names."""
    passwords, closed = people.read(), []
    for login in people.logins():
        user = get_user_model().objects.filter(username=login.username, is_active=True).first()
        if user is not None and not areas.areas(user).exists():
            community.deactivate_user(SYSTEM, user)
            passwords.pop(login.username, None)
            closed.append(login.username)
    people.write(passwords)
    return closed
