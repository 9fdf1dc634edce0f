"""Verbs on persons and households; the rest of the project calls them through ``services``.

Events name the person by number; values in them are sealed under the person's key.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from tanlin.community import queries
from tanlin.community.models import Area, Household, Membership, Person
from tanlin.community.models.people import master
from tanlin.community.personal import name_key, tidy_name, tidy_phone
from tanlin.community.services.acting import prove, tell
from tanlin.community.services.consents import give_consent
from tanlin.kernel.errors import BadInput, Conflict, Text, Where

SEALED = ("name", "phone", "birth_year")
EARLIEST_BIRTH = 1900
SHORTEST_REASON = 4


@transaction.atomic
def add_person(
    actor: Any,
    *,
    area: Area,
    name: str,
    purposes: Iterable[str],
    phone: str = "",
    birth_year: int | None = None,
    channel: str = "spoken",
    guardian: Person | None = None,
) -> Person:
    """Register a person for at least one purpose consented to. Right: ``people`` at the area.

    A minor is registered only through a household: ``guardian`` is an adult of it, and the child joins it.
    Raises BadInput.
    """
    queries.require(actor, area, "people")
    wanted = list(dict.fromkeys(purposes))
    if not wanted:
        raise BadInput(
            "community.no_purpose",
            Text("没有目的，不登记个人信息。", "Without a purpose nothing about a person is stored."),
            remedy=Text("请至少选择一项已获同意的目的。", "Choose at least one purpose that was agreed to."),
        )
    person = Person(area=area)
    person.make_key()
    tokens = _write(person, {"name": name, "phone": phone, "birth_year": _year(birth_year)})
    person.save()
    tell("community.person_added", actor, person, sealed=tokens)
    if queries.is_minor(person):
        _join(person, _household_of(guardian), timezone.localdate())
    for code in wanted:
        give_consent(actor, person, code, channel=channel, guardian=guardian)
    return person


@transaction.atomic
def edit_person(
    actor: Any,
    person: Person,
    *,
    name: str | None = None,
    phone: str | None = None,
    birth_year: int | str | None = None,
) -> Person:
    """Correct values; None keeps one, "" removes phone or year of birth. Right: ``people``, or oneself. Raises BadInput."""
    prove(actor, person)
    given = {"name": name, "phone": phone, "birth_year": None if birth_year is None else _year(birth_year)}
    changed = {field: value for field, value in given.items() if value is not None}
    before = {field: getattr(person, field) for field in changed}
    tokens = _write(person, changed)
    person.save(update_fields=[*changed, "name_digest", "phone_digest"])
    diff = {field: [before[field], tokens[field]] for field in changed}
    tell("community.person_edited", actor, person, sealed=diff)
    return person


def _year(value: int | str | None) -> str:
    if value in (None, ""):
        return ""
    text = str(value).strip()
    if not text.isdigit() or not EARLIEST_BIRTH <= int(text) <= timezone.localdate().year:
        raise BadInput(
            "community.bad_birth_year",
            Text("出生年份应为四位数。", "The year of birth has four digits."),
            where=Where(value=text),
        )
    return text


def _write(person: Person, values: dict[str, str]) -> dict[str, str]:
    """Seal the values into the person and keep the digests in step; returns the tokens. Raises BadInput."""
    if "name" in values:
        values["name"] = tidy_name(values["name"])
        if not values["name"]:
            raise BadInput("community.no_person_name", Text("请填写姓名。", "Give a name."))
        person.name_digest = master().digest("name", name_key(values["name"]))
    if "phone" in values:
        values["phone"] = tidy_phone(values["phone"])
        person.phone_digest = master().digest("phone", values["phone"])
    tokens = {field: person.seal(field, value) for field, value in values.items()}
    for field, token in tokens.items():
        setattr(person, field, token)
    return tokens


def _household_of(guardian: Person | None) -> Household:
    standing = guardian and guardian.memberships.filter(valid_to__isnull=True).first()
    if not standing:
        raise BadInput(
            "community.child_without_household",
            Text("未成年人只能经家庭登记。", "A minor is registered only through a household."),
            remedy=Text(
                "请先登记监护人及其家庭。", "Register the guardian and the guardian's household first."
            ),
        )
    return standing.household


# --- households ----------------------------------------------------------------------------------------------------
@transaction.atomic
def join_household(
    actor: Any, person: Person, *, place: Area, address: str = "", day: date | None = None
) -> Membership:
    """The person lives in this home from a day on; a standing membership ends there.

    ``place``: an area of level home, else the building or wider area together with ``address`` in words.
    Right: ``people`` at person and place. Raises BadInput, Conflict (a later membership exists).
    """
    prove(actor, person)
    queries.require(actor, place, "people")
    first = day or timezone.localdate()
    household = _household(place, address)
    row = _join(person, household, first)
    tell("community.household_joined", actor, person, household=household.pk, **{"from": first.isoformat()})
    return row


def _household(place: Area, address: str) -> Household:
    """The household of a home, made at the first use; which home it is lies sealed under its own key."""
    is_home = place.level == Area.Level.HOME
    home = place.slug if is_home else tidy_name(address)
    coarse = place.parent if is_home and place.parent else place
    if not home:
        raise BadInput(
            "community.no_address",
            Text("请选择户，或填写门牌。", "Choose a home, or give the door number."),
        )
    digest = master().digest("home", home.casefold())
    known = Household.objects.filter(area=coarse, home_digest=digest).first()
    if known is not None:
        return known
    household = Household(area=coarse, home_digest=digest)
    household.make_key()
    household.home = household.seal("home", home)
    household.save()
    return household


def _join(person: Person, household: Household, day: date) -> Membership:
    rows = Membership.objects.select_for_update().filter(person=person)
    standing = rows.filter(valid_to__isnull=True).first()
    if standing is not None and standing.household_id == household.pk:
        return standing
    if rows.filter(Q(valid_from__gt=day) | Q(valid_to__gt=day)).exists():
        raise Conflict(
            "community.membership_later",
            Text("此人在该日期之后已有户籍成员记录。", "The person has a membership after that day already."),
            remedy=Text("请换一个日期。", "Choose another day."),
        )
    if standing is not None:
        standing.valid_to = day
        standing.save(update_fields=["valid_to"])
    return Membership.objects.create(person=person, household=household, valid_from=day)


@transaction.atomic
def leave_household(actor: Any, person: Person, day: date | None = None) -> Membership:
    """The standing membership ends on a day (exclusive). Raises Conflict where there is none or it begins later."""
    prove(actor, person)
    last = day or timezone.localdate()
    standing = person.memberships.select_for_update().filter(valid_to__isnull=True).first()
    if standing is None or standing.valid_from > last:
        raise Conflict(
            "community.no_household", Text("此人目前不在任何家庭中。", "The person lives in no household.")
        )
    standing.valid_to = last
    standing.save(update_fields=["valid_to"])
    tell("community.household_left", actor, person, household=standing.household_id, to=last.isoformat())
    return standing


# --- duplicates and reveal -----------------------------------------------------------------------------------------
@transaction.atomic
def merge_persons(actor: Any, keep: Person, drop: Person) -> Person:
    """Two rows are one person: ``drop`` becomes another number of ``keep``; everything told of either stays told.

    ``keep`` takes over what it lacks. Records of other rooms keep their number: ``queries.person_ids`` joins them.
    Right: ``people`` at both. Raises BadInput for one and the same, Conflict for one merged already.
    """
    prove(actor, keep)
    prove(actor, drop)
    if isinstance(actor, Person) or keep.pk == drop.pk:
        raise BadInput("community.merge_self", Text("请选择两个不同的人。", "Choose two different persons."))
    if keep.merged_into_id or drop.merged_into_id:
        raise Conflict(
            "community.merged_already", Text("其中一人已被合并。", "One of the two is merged already.")
        )
    missing = {
        field: drop.unseal(field) for field in SEALED if not getattr(keep, field) and getattr(drop, field)
    }
    tokens = _write(keep, missing)
    keep.save()
    Person.objects.filter(Q(pk=drop.pk) | Q(merged_into=drop)).update(merged_into=keep)
    _move_memberships(keep, drop)
    tell("community.persons_merged", actor, keep, duplicate=drop.pk, sealed=tokens)
    drop.refresh_from_db()
    return keep


def _move_memberships(keep: Person, drop: Person) -> None:
    """Memberships of the duplicate go over where they do not overlap; a standing one that does ends today."""
    for row in drop.memberships.all():
        overlap = keep.memberships.filter(Q(valid_to__isnull=True) | Q(valid_to__gt=row.valid_from))
        if row.valid_to is not None:
            overlap = overlap.filter(valid_from__lt=row.valid_to)
        if not overlap.exists():
            row.person = keep
        elif row.valid_to is None:
            row.valid_to = max(row.valid_from, timezone.localdate())
        row.save()


@transaction.atomic
def reveal_person(actor: Any, person: Person, reason: str) -> dict[str, str]:
    """The values in clear, for a stated reason; who saw whom and why is logged, the values are not.

    Right: ``people``. Raises BadInput for a reason that is too short or repeats a value.
    """
    prove(actor, person)
    why = tidy_name(reason)
    values = {field: person.unseal(field) for field in SEALED}
    values["home"] = queries.home_text(person)
    if len(why) < SHORTEST_REASON or any(value and value in why for value in values.values()):
        raise BadInput(
            "community.no_reason",
            Text(
                "请写明查看原文的理由，不写姓名和电话。", "Say why you need to see it, without name or phone."
            ),
        )
    tell("community.person_revealed", actor, person, reason=why)
    return values
