"""Persons and households: sealed, found by digest, erased with their key, merged with their history."""

import io
import json
import os
import stat
import zipfile
from datetime import date, timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from tanlin.community import queries, services
from tanlin.community.models import Consent, DataKey, Household, Membership, Person
from tanlin.community.rights import SYSTEM
from tanlin.kernel.errors import BadInput, Conflict, Forbidden, NotFound
from tanlin.record import queries as record
from tanlin.record.models import Event
from tests.support.world import World, build

NAME, PHONE, ADDRESS = "欧阳沙岚", "13912345678", "沙岛新村十七弄四号五〇二室"


@pytest.fixture
def world(db: None) -> World:
    return build(rooms=False)


def add(world: World, name: str = NAME, phone: str = PHONE, **more: object) -> Person:
    values = {"area": world.a, "name": name, "phone": phone, "purposes": ["service"]} | more
    return services.add_person(SYSTEM, **values)  # type: ignore[arg-type]


def raw() -> str:
    """Every value of every table, as a dump of the database holds them."""
    with connection.cursor() as cursor:
        found = []
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')
            found += [repr(row) for row in cursor.fetchall()]
    return "\n".join(found)


def test_a_dump_shows_no_name_phone_or_home(world: World) -> None:
    person = add(world, birth_year=1958)
    services.join_household(SYSTEM, person, place=world.areas["building-a"], address=ADDRESS)
    services.edit_person(SYSTEM, person, name="欧阳沙岚岚")
    services.reveal_person(world.users["worker"], person, "电话回访")
    dump = raw()
    assert f"person:{person.pk}" in dump, "the dump does hold the rows"
    assert not [value for value in (NAME, PHONE, ADDRESS, "1958") if value in dump]


@pytest.mark.sqlite
@pytest.mark.django_db(transaction=True)
def test_the_file_of_the_database_shows_none_either() -> None:
    world = build(rooms=False)
    person = add(world)
    services.join_household(SYSTEM, person, place=world.areas["building-a"], address=ADDRESS)
    wrapped = person.key.wrapped
    with connection.cursor() as cursor:
        image = cursor.connection.serialize()
        assert wrapped.encode() in image, "the image does hold the rows"
        assert not [value for value in (NAME, PHONE, ADDRESS) if value.encode() in image]
        services.erase_person(SYSTEM, person)
        assert wrapped.encode() not in cursor.connection.serialize(), "no page keeps the destroyed key"


def test_the_master_key_lies_outside_and_is_its_owners(world: World, home: Path) -> None:
    person = add(world)
    file = home / "people.key"
    assert stat.S_IMODE(os.stat(file).st_mode) == 0o600
    assert file.read_text().strip() not in raw()
    assert person.unseal("name") == NAME


def test_a_key_given_from_outside_makes_no_file(world: World, home: Path, settings: object) -> None:
    settings.PERSON_KEY = "a key that the keeper holds, not a file"  # type: ignore[attr-defined]
    assert add(world).unseal("phone") == PHONE and not (home / "people.key").exists()


def test_another_master_key_is_told_and_not_used(world: World, settings: object) -> None:
    person = add(world)
    settings.PERSON_KEY = "another key, put in by mistake one day."  # type: ignore[attr-defined]
    with pytest.raises(Conflict):
        Person.objects.get(pk=person.pk).unseal("name")
    with pytest.raises(Conflict) as caught:
        add(world)
    assert caught.value.code == "community.other_master"


def test_persons_are_found_by_name_or_phone_exactly(world: World) -> None:
    worker = world.users["worker"]
    person, twin = add(world), add(world, name="李四")  # a phone may belong to two
    without = add(world, name="王五", phone="")
    assert set(queries.find_persons(worker, "community-a", "+86 139-1234-5678")) == {person, twin}
    assert list(queries.find_persons(worker, "community-a", "欧阳 沙岚")) == [person]
    assert list(queries.find_persons(worker, "community-a", "王五")) == [without]
    assert not queries.find_persons(worker, "community-a", "欧阳").exists()
    assert not queries.find_persons(worker, "community-a", "").exists()


def test_only_those_who_serve_on_the_spot_reach_a_person(world: World) -> None:
    person = add(world)
    for role in ("worker", "street", "grid"):
        assert queries.person(world.users[role], "community-a", person.pk) == person
    for role in ("operator", "district", "engineer", "auditor"):
        with pytest.raises(Forbidden):
            queries.persons(world.users[role], "community-a")
    for role in ("volunteer", "lead", "guide", "property", "owners", "partner", "other", "nobody"):
        with pytest.raises(NotFound):
            queries.persons(world.users[role], "community-a")
    with pytest.raises(NotFound):
        queries.person(world.users["other"], "community-b", person.pk)


def test_nothing_is_stored_without_a_purpose(world: World) -> None:
    for purposes, code in (([], "community.no_purpose"), (["spying"], "community.unknown_purpose")):
        with pytest.raises(BadInput) as caught:
            add(world, purposes=purposes)
        assert caught.value.code == code
    assert not Person.objects.exists() and not DataKey.objects.exists()


@pytest.mark.parametrize(
    "wrong",
    [{"name": " "}, {"phone": "123"}, {"birth_year": 1800}, {"birth_year": 9999}, {"channel": "dream"}],
)
def test_what_a_person_may_not_be(world: World, wrong: dict[str, object]) -> None:
    with pytest.raises(BadInput):
        add(world, **wrong)  # type: ignore[arg-type]
    assert not Person.objects.exists()


def test_a_correction_keeps_the_old_value_sealed_in_the_event(world: World) -> None:
    person = add(world)
    services.edit_person(SYSTEM, person, phone="13700000000")
    old, new = Event.objects.get(verb="community.person_edited").data["sealed"]["phone"]
    assert (person.unseal_token("phone", old), person.unseal_token("phone", new)) == (PHONE, "13700000000")
    services.edit_person(SYSTEM, person, phone="")
    assert person.unseal("phone") == "" and person.phone_digest == "" and person.unseal("name") == NAME


def test_erasure_leaves_tokens_unreadable_and_the_chain_whole(world: World) -> None:
    person = add(world)
    services.edit_person(SYSTEM, person, phone="13700000000")
    old = Event.objects.get(verb="community.person_edited").data["sealed"]["phone"][0]
    services.erase_person(world.users["worker"], person)
    person = Person.objects.get(pk=person.pk)
    assert person.unseal_token("phone", old) == "" and not DataKey.objects.filter(owner=person.uid).exists()
    assert (person.name, person.phone_digest, person.masked_name) == ("", "", "—")
    assert record.verify_chain().whole
    with pytest.raises(Conflict):
        services.edit_person(SYSTEM, person, name="又来")
    with pytest.raises(Conflict):
        services.erase_person(SYSTEM, person)


def test_erasure_leaves_every_count_unchanged(world: World) -> None:
    persons = [add(world, name=f"沙{n}平") for n in range(3)]
    for person in persons:
        services.join_household(SYSTEM, person, place=world.areas["home-a"])

    def counts() -> list[int]:
        return [model.objects.count() for model in (Person, Household, Membership, Consent)]

    before = counts()
    services.erase_person(SYSTEM, persons[0])
    assert counts() == before and persons[0] not in queries.persons(SYSTEM, "community-a")


def test_the_last_one_to_be_erased_takes_the_address_along(world: World) -> None:
    one, two = add(world), add(world, name="李四")
    for person in (one, two):
        services.join_household(SYSTEM, person, place=world.areas["building-a"], address=ADDRESS)
    services.erase_person(SYSTEM, one)
    assert queries.home_text(two).endswith(ADDRESS)
    services.erase_person(SYSTEM, two)
    household = Household.objects.get()
    assert (household.home, household.home_digest, household.key) == ("", "", None)
    assert not DataKey.objects.exists()


def test_a_home_has_one_household_and_is_told_by_its_area(world: World) -> None:
    one, two = add(world), add(world, name="李四")
    for person in (one, two):
        services.join_household(SYSTEM, person, place=world.areas["home-a"])
    household = Household.objects.get()
    assert household.area == world.areas["building-a"] and queries.home_of(household) == world.areas["home-a"]
    assert queries.members(household) == [one, two] and queries.share_household(one, two)


def test_a_membership_ends_where_the_next_begins(world: World) -> None:
    person, place = add(world), world.areas["building-a"]
    services.join_household(SYSTEM, person, place=place, address="101", day=date(2024, 1, 1))
    services.join_household(SYSTEM, person, place=place, address="102", day=date(2025, 1, 1))
    services.join_household(SYSTEM, person, place=place, address="102", day=date(2025, 6, 1))
    spans = list(person.memberships.values_list("valid_from", "valid_to"))
    assert spans == [(date(2024, 1, 1), date(2025, 1, 1)), (date(2025, 1, 1), None)]
    with pytest.raises(Conflict):
        services.join_household(SYSTEM, person, place=place, address="103", day=date(2024, 6, 1))
    services.leave_household(SYSTEM, person, date(2026, 1, 1))
    assert queries.membership(person, date(2025, 12, 31)) and not queries.membership(person, date(2026, 1, 1))
    with pytest.raises(Conflict):
        services.leave_household(SYSTEM, person)
    with pytest.raises(BadInput):
        services.join_household(SYSTEM, person, place=place)


def test_two_numbers_become_one_person(world: World) -> None:
    keep = add(world, phone="")
    drop = add(world, purposes=["service", "activities"])
    services.join_household(SYSTEM, drop, place=world.areas["home-a"], day=date(2024, 1, 1))
    services.merge_persons(world.users["worker"], keep, drop)
    keep.refresh_from_db()
    assert queries.person_ids(drop) == queries.person_ids(keep) == [keep.pk, drop.pk]
    assert keep.unseal("phone") == PHONE and queries.agreed(keep, "activities")
    assert list(queries.persons(SYSTEM, "community-a")) == [keep]
    assert list(queries.find_persons(SYSTEM, "community-a", PHONE)) == [keep]
    assert queries.person(SYSTEM, "community-a", drop.pk) == keep
    assert queries.membership(keep)
    with pytest.raises(Conflict):
        services.merge_persons(SYSTEM, keep, drop)
    with pytest.raises(BadInput):
        services.merge_persons(SYSTEM, keep, keep)
    services.withdraw_consent(SYSTEM, keep, "service")
    assert not queries.agreed(keep, "service"), "a withdrawal reaches both numbers"
    services.erase_person(SYSTEM, keep)
    assert not DataKey.objects.filter(owner__in=[keep.uid, drop.uid]).exists()


def test_a_chain_of_duplicates_is_one_person(world: World) -> None:
    a, b, c = (add(world, name=f"沙{n}") for n in "甲乙丙")
    services.merge_persons(SYSTEM, b, a)
    services.merge_persons(SYSTEM, c, b)
    a.refresh_from_db()
    assert queries.person_ids(a) == [c.pk, a.pk, b.pk]


def test_a_reveal_tells_who_whom_and_why_but_no_value(world: World) -> None:
    person, worker = add(world), world.users["worker"]
    found = services.reveal_person(worker, person, "电话回访意见")
    assert (found["name"], found["phone"]) == (NAME, PHONE)
    event = Event.objects.latest("pk")
    assert (event.actor, event.subject) == (worker, f"person:{person.pk}")
    assert event.data == {"reason": "电话回访意见"}
    for reason in ("", "看看", f"找{NAME}本人", f"拨打 {PHONE}"):
        with pytest.raises(BadInput):
            services.reveal_person(worker, person, reason)
    with pytest.raises(Forbidden):
        services.reveal_person(world.users["auditor"], person, "核查工作需要")


def test_the_database_refuses_an_erased_person_with_values(world: World) -> None:
    person = add(world)
    with pytest.raises(IntegrityError), transaction.atomic():
        Person.objects.filter(pk=person.pk).update(erased_at=timezone.now())


# --- consent -------------------------------------------------------------------------------------------------------
def test_consent_is_given_and_withdrawn_by_the_person_alike(world: World) -> None:
    person = add(world)
    first = services.give_consent(person, person, "contest", channel="self")
    assert services.give_consent(person, person, "contest", channel="self") == first and first.notice == 1
    services.withdraw_consent(person, person, "contest")
    assert not queries.agreed(person, "contest")
    with pytest.raises(Conflict):
        services.withdraw_consent(person, person, "contest")
    services.give_consent(person, person, "contest", channel="self")
    assert [row.end for row in queries.consent_history(person) if row.purpose == "contest"] == [
        "",
        "withdrawn",
    ]
    with pytest.raises(NotFound):
        services.give_consent(add(world, name="李四"), person, "survey")


def test_a_consent_names_the_notice_it_was_given_on(world: World) -> None:
    today = timezone.localdate()
    services.publish_notice(world.users["district"], text_zh="第二版", text_en="Second", valid_from=today)
    services.publish_notice(SYSTEM, text_zh="第三版", text_en="Third", valid_from=today + timedelta(9))
    assert [queries.notice(day).version for day in (date(2020, 1, 1), today, today + timedelta(9))] == [
        1,
        2,
        3,
    ]
    assert services.give_consent(SYSTEM, add(world), "photos").notice == 2
    for actor, error in ((world.users["worker"], Forbidden), (world.users["auditor"], Forbidden)):
        with pytest.raises(error):
            services.publish_notice(actor, text_zh="四", text_en="4", valid_from=today + timedelta(10))
    with pytest.raises(BadInput):
        services.publish_notice(SYSTEM, text_zh="四", text_en="4", valid_from=today)


def test_a_minor_enters_by_a_household_and_a_guardian_agrees(world: World) -> None:
    child_year = timezone.localdate().year - 9
    guardian, stranger = add(world), add(world, name="路人甲")
    with pytest.raises(BadInput) as caught:
        add(world, name="小沙", phone="", birth_year=child_year)
    assert caught.value.code == "community.child_without_household"
    services.join_household(SYSTEM, guardian, place=world.areas["home-a"])
    child = add(world, name="小沙", phone="", birth_year=child_year, guardian=guardian)
    assert queries.share_household(child, guardian) and queries.is_minor(child)
    for wrong in (None, stranger, child):
        with pytest.raises(BadInput):
            services.give_consent(SYSTEM, child, "photos", guardian=wrong)
    row = services.give_consent(SYSTEM, child, "photos", channel="paper", guardian=guardian)
    assert row.guardian == guardian
    assert services.give_consent(SYSTEM, guardian, "photos", guardian=child).guardian is None


# --- export, retention ---------------------------------------------------------------------------------------------
def test_the_export_holds_all_that_is_kept(world: World) -> None:
    person = add(world, name="=HYPERLINK(1)")
    services.join_household(SYSTEM, person, place=world.areas["building-a"], address=ADDRESS)
    archive = zipfile.ZipFile(io.BytesIO(services.export_person(person, person)))
    found = json.loads(archive.read("data.json"))
    assert found["community.person"][0]["phone"] == PHONE
    assert found["community.homes"][0]["home"].endswith(ADDRESS)
    assert found["community.consents"][0]["purpose"] == "service"
    sheet = archive.read("community.person.csv").decode("utf-8-sig")
    assert "'=HYPERLINK(1)" in sheet and PHONE in sheet
    assert PHONE not in json.dumps(Event.objects.latest("pk").data)


def retain() -> dict[str, int]:
    from types import SimpleNamespace

    from tanlin.community.jobs import retain as job

    return job(SimpleNamespace(progress=lambda done, total: None))


def test_what_an_ended_purpose_alone_needed_goes_with_the_job(world: World) -> None:
    person = add(world, purposes=["photos", "activities"], birth_year=1970)
    services.withdraw_consent(SYSTEM, person, "activities")
    assert retain() == {"ended": 0, "touched": 1, "erased": 0}
    person.refresh_from_db()
    assert (person.unseal("phone"), person.unseal("birth_year"), person.unseal("name")) == ("", "1970", NAME)
    assert person.phone_digest == "" and retain()["touched"] == 0


def test_with_no_purpose_left_the_person_is_erased(world: World) -> None:
    person = add(world)
    services.withdraw_consent(SYSTEM, person, "service")
    assert retain()["erased"] == 1
    assert Person.objects.get(pk=person.pk).erased_at and retain()["touched"] == 0


def test_retention_counts_from_the_last_use(world: World) -> None:
    today = timezone.localdate()
    old, used = add(world, purposes=["contest"]), add(world, name="李四", purposes=["contest"])
    Consent.objects.update(used=today - timedelta(days=366))
    services.use_purpose(used, "contest", today - timedelta(days=1))
    assert retain() == {"ended": 1, "touched": 1, "erased": 1}
    assert list(queries.persons(SYSTEM, "community-a")) == [used]
    assert Consent.objects.get(person=old).end == "retention"
    with pytest.raises(Conflict):
        services.use_purpose(used, "photos", today)


def test_removing_the_persons_of_a_place_leaves_no_row(world: World) -> None:
    one, two = add(world), add(world)
    services.join_household(SYSTEM, one, place=world.areas["home-a"])
    services.merge_persons(SYSTEM, one, two)
    ids = queries.subtree_ids(world.a)
    with pytest.raises(Forbidden):
        services.remove_persons(world.users["worker"], ids)
    assert services.remove_persons(SYSTEM, ids) == 1
    assert not any(model.objects.exists() for model in (Person, Household, Membership, Consent, DataKey))
    assert settings.PERSON_KEY == ""
