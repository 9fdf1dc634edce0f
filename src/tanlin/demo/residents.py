"""Fictional residents of 沙岛镇: a few households, one person without a phone, one registered twice.

Their phones lie in the block 199 0000 xxxx that no carrier has given out. Removed with the demonstration.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from django.db import transaction

from tanlin.community import queries as areas
from tanlin.community import services as community
from tanlin.community.queries import SYSTEM

SLUG: Final = "shadao"


@dataclass(frozen=True)
class Resident:
    """One fictional person; ``home`` groups a household, ``guardian`` is the name of the adult who agrees."""

    name: str
    home: str
    phone: str = ""
    birth_year: int | None = None
    purposes: tuple[str, ...] = ("service", "activities")
    guardian: str = ""


RESIDENTS: Final = (
    Resident(
        "沈沙平", "沙岛新村 3 号 201 室", "19900000101", 1956, ("service", "activities", "volunteering")
    ),
    Resident("顾月琴", "沙岛新村 3 号 201 室", "", 1958),
    Resident("沈小舟", "沙岛新村 3 号 201 室", "", 2016, ("activities", "photos"), guardian="沈沙平"),
    Resident("欧阳海棠", "沙岛新村 7 号 502 室", "19900000102", 1983, ("service", "contest", "survey")),
    Resident("陆建国", "沙岛新村 7 号 502 室", "19900000103", 1981, ("service", "contest")),
    Resident("施红梅", "红梅路 12 弄 6 号", "19900000104", 1971, ("service", "volunteering")),
    Resident("施红梅", "", "", 1971, ("activities",)),
    Resident("倪阿婆", "红梅路 12 弄 9 号", "", 1940, ("service", "food_bank")),
)


@transaction.atomic
def create_residents() -> int:
    """Register the residents where the place has none yet; how many are new."""
    place = areas.area(SYSTEM, SLUG)
    if areas.persons(SYSTEM, SLUG).exists():
        return 0
    known: dict[str, Any] = {}
    for each in RESIDENTS:
        person = community.add_person(
            SYSTEM, area=place, name=each.name, phone=each.phone, birth_year=each.birth_year,
            purposes=each.purposes, channel="paper", guardian=known.get(each.guardian),
        )  # fmt: skip
        if each.home and not each.guardian:
            community.join_household(SYSTEM, person, place=place, address=each.home)
        known.setdefault(each.name, person)
    return len(RESIDENTS)
