"""The resident's own entry: a signed link from the worker, no password and no phone needed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from django.core.signing import BadSignature, TimestampSigner
from django.db import transaction

from tanlin.community import queries
from tanlin.community.models import Person
from tanlin.community.services.acting import prove, tell
from tanlin.kernel.errors import NotFound, Text

VALID: Final = timedelta(days=7)
_SALT: Final = "tanlin.community.entry"


@transaction.atomic
def entry_token(actor: Any, person: Person) -> str:
    """What the link to the own page carries; good for seven days. Right: ``people``; logged."""
    prove(actor, person)
    tell("community.entry_given", actor, person)
    return TimestampSigner(salt=_SALT).sign(str(person.pk))


def person_of_token(token: str) -> Person:
    """The person a link leads to. Raises NotFound for a forged or old one, or after erasure."""
    try:
        pk = int(TimestampSigner(salt=_SALT).unsign(token, max_age=VALID))
    except BadSignature as error:
        raise _gone() from error
    return resident(pk)


def resident(pk: int | None) -> Person:
    """The person of a session, by the number kept in it. Raises NotFound after erasure or without one."""
    row = Person.objects.select_related("merged_into").filter(pk=pk or 0).first()
    kept = row and (row.merged_into or row)
    if kept is None or kept.erased_at is not None:
        raise _gone()
    return Person.objects.select_related("area", "key").get(pk=queries.person_ids(kept)[0])


def _gone() -> NotFound:
    return NotFound(
        "community.entry_gone",
        Text("链接已失效。", "The link is no longer valid."),
        remedy=Text("请向社区工作人员要一个新链接。", "Ask the staff of the community for a new one."),
    )
