"""The way to a person: each function for a user proves the right ``people`` first."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone

from tanlin.community import personal
from tanlin.community.models import Area, Consent, Household, Membership, Notice, Person
from tanlin.community.models.people import master
from tanlin.community.purposes import NoticeText, first_notice
from tanlin.community.queries.places import area, require, subtree
from tanlin.kernel.errors import BadInput, NotFound, Text


def persons(user: Any, slug: str) -> QuerySet[Person]:
    """Persons registered at the place and below, newest first: duplicates and erased ones apart."""
    place = area(user, slug, "people")
    return _known().filter(area__in=subtree(place))


def _known() -> QuerySet[Person]:
    return Person.objects.filter(merged_into__isnull=True, erased_at__isnull=True).select_related(
        "area", "key"
    )


def find_persons(user: Any, slug: str, text: str) -> QuerySet[Person]:
    """Persons of the place with exactly this name or phone, also one they gave as a duplicate."""
    found = Q(name_digest=master().digest("name", personal.name_key(text)))
    try:
        if phone := personal.tidy_phone(text):
            found |= Q(phone_digest=master().digest("phone", phone))
    except BadInput:  # it is a name then
        pass
    rows = Person.objects.filter(found).values_list("pk", "merged_into")
    return persons(user, slug).filter(pk__in={kept or pk for pk, kept in rows})


def person(user: Any, slug: str, pk: int) -> Person:
    """One person of the place, by any of its numbers; an erased one too. Raises NotFound, Forbidden."""
    place = area(user, slug, "people")
    row = Person.objects.select_related("merged_into").filter(pk=pk).first()
    kept = row and (row.merged_into or row)
    found = (
        kept
        and Person.objects.select_related("area", "key").filter(pk=kept.pk, area__in=subtree(place)).first()
    )
    if not found:
        raise NotFound()
    return found


def person_by_id(user: Any, pk: int) -> Person:
    """As ``person``, for a stored number whose place is not known. Raises NotFound, Forbidden."""
    row = Person.objects.select_related("area", "merged_into__area").filter(pk=pk).first()
    if row is None:
        raise NotFound()
    kept = row.merged_into or row
    require(user, kept.area, "people")
    return kept


def person_ids(row: Person) -> list[int]:
    """All numbers of one person: the kept one first, then its duplicates. Rooms join their records by them."""
    kept = row.merged_into_id or row.pk
    return [kept, *Person.objects.filter(merged_into=kept).order_by("pk").values_list("pk", flat=True)]


def is_minor(row: Person, day: date | None = None) -> bool:
    """Whether the person may be under 18 on the day; False where no year of birth is known."""
    year = row.unseal("birth_year")
    return bool(year) and personal.is_minor(int(year), (day or timezone.localdate()).year)


# --- households ----------------------------------------------------------------------------------------------------
def membership(row: Person, day: date | None = None) -> Membership | None:
    """Where the person lives on the day (default today), or None."""
    day = day or timezone.localdate()
    inside = Q(valid_to__isnull=True) | Q(valid_to__gt=day)
    rows = row.memberships.select_related("household__area", "household__key")
    return rows.filter(inside, valid_from__lte=day).order_by("-id").first()


def members(household: Household) -> list[Person]:
    """Who lives there now, in the order of moving in; erased persons apart."""
    rows = household.memberships.filter(valid_to__isnull=True, person__erased_at__isnull=True)
    return [row.person for row in rows.select_related("person__area", "person__key")]


def share_household(one: Person, other: Person) -> bool:
    """Whether both live in one household now."""
    mine, theirs = membership(one), membership(other)
    return mine is not None and theirs is not None and mine.household_id == theirs.household_id


def home_of(household: Household) -> Area | None:
    """The area of level home that the household lives in, or None where only an address is known."""
    slug = household.unseal("home")
    return Area.objects.filter(slug=slug, level=Area.Level.HOME).first() if slug else None


def address_of(household: Household) -> str:
    """The home in words, in clear: for the reveal and the export; "" once erased."""
    home = home_of(household)
    return f"{household.area.name} {home.name if home else household.unseal('home')}" if household.key else ""


def home_text(row: Person) -> str:
    """The present home of a person in clear, or ""."""
    living = membership(row)
    return address_of(living.household) if living else ""


# --- notice and consent --------------------------------------------------------------------------------------------
def notices() -> list[NoticeText]:
    """Every version of the privacy notice, the shipped one first."""
    later = [NoticeText(n.version, n.valid_from, Text(n.text_zh, n.text_en)) for n in Notice.objects.all()]
    return [first_notice(), *later]


def notice(day: date) -> NoticeText:
    """The version in force on a day; before the first one, the first."""
    return next((n for n in reversed(notices()) if n.valid_from <= day), first_notice())


def consents(row: Person) -> QuerySet[Consent]:
    """What the person agrees to now, under any of its numbers."""
    return Consent.objects.filter(person__in=person_ids(row), ended__isnull=True)


def agreed(row: Person, purpose: str) -> bool:
    """Whether the person agrees to the purpose now."""
    return consents(row).filter(purpose=purpose).exists()


def consent_history(row: Person) -> list[Consent]:
    """Every consent of the person, the newest first."""
    return list(
        Consent.objects.filter(person__in=person_ids(row)).select_related("guardian__key").order_by("-id")
    )
