"""The fictional residents: registered once, masked, one of them twice, and gone with the demonstration."""

import pytest

from tanlin.community import queries, services
from tanlin.community.models import Consent, DataKey, Household, Membership, Person
from tanlin.community.queries import SYSTEM
from tanlin.demo.remove import remove
from tanlin.demo.residents import RESIDENTS, SLUG, create_residents

pytestmark = pytest.mark.django_db


def built() -> None:
    services.create_area(
        SYSTEM, slug=SLUG, name="沙岛镇", level="street", region="CN-SH", origin="demonstration"
    )
    assert create_residents() == len(RESIDENTS)


def test_registered_once() -> None:
    built()
    assert create_residents() == 0 and queries.persons(SYSTEM, SLUG).count() == len(RESIDENTS)
    assert Household.objects.count() == len({each.home for each in RESIDENTS} - {""})


def test_among_them_a_child_a_duplicate_and_one_without_phone() -> None:
    built()
    persons = list(queries.persons(SYSTEM, SLUG))
    assert [queries.is_minor(person) for person in persons].count(True) == 1
    assert queries.find_persons(SYSTEM, SLUG, "施红梅").count() == 2
    assert any(not person.masked_phone for person in persons)
    assert {person.masked_name for person in persons} >= {"欧阳**", "沈**"}


def test_removed_with_the_demonstration() -> None:
    built()
    assert remove()["persons"] == len(RESIDENTS)
    assert not any(model.objects.exists() for model in (Person, Household, Membership, Consent, DataKey))
