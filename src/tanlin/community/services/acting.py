"""Who may act on a person, and how it is told.

``actor`` is a user with the right ``people`` at the person's area, the system, or the person himself.
"""

from __future__ import annotations

from typing import Any

from tanlin.community import queries
from tanlin.community.models import Person
from tanlin.community.services.grants import actor_user
from tanlin.kernel.errors import Conflict, NotFound, Text
from tanlin.kernel.ports import report_event


def prove(actor: Any, person: Person) -> Person:
    """The person, once the actor may act on it. Raises NotFound, Forbidden; Conflict for an erased one."""
    if isinstance(actor, Person):
        if actor.pk != person.pk:
            raise NotFound()
    else:
        queries.require(actor, person.area, "people")
    if person.erased_at is not None:
        raise Conflict("community.erased", Text("此人的信息已删除。", "The data of this person are erased."))
    return person


def actor_of(actor: Any) -> Any:
    """Who stands in the event log: a user, or None for the system and for residents, whom the subject names."""
    return None if isinstance(actor, Person) else actor_user(actor)


def tell(verb: str, actor: Any, person: Person, **data: Any) -> None:
    """Report an event about a person; a resident's own act says so."""
    own = {"by": "self"} if isinstance(actor, Person) else {}
    report_event(verb, actor=actor_of(actor), area=person.area, subject=str(person), data=own | data)
