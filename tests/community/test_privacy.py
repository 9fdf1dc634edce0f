"""No role meets a raw name, phone or home on any page; the crawl itself would see one."""

import pytest
from django.test import Client

from tanlin.community import queries
from tanlin.community.rights import ROLES
from tests.community.rights import ADDRESS, NAME, PHONE
from tests.support.privacy import crawl, leaks
from tests.support.world import World, build

VALUES = {NAME, PHONE, ADDRESS}


@pytest.fixture
def world(db: None) -> World:
    return build()


def start(world: World) -> list[str]:
    place, person = world.a.slug, world.objects["person"].pk
    return [
        "/",
        *(f"/place/{slug}/" for slug in world.areas),
        f"/place/{place}/people/{person}/",
        f"/place/{place}/people/{person}/reveal/",
        "/privacy/",
        "/me/",
        "/api/v1/places",
    ]


#: The others are crawled by the long tests.
FIRST = ("operator", "worker", "volunteer", "other", "nobody")


@pytest.mark.parametrize(
    "role",
    [
        role if role in FIRST else pytest.param(role, marks=pytest.mark.soak)
        for role in (*ROLES, "other", "nobody")
    ],
)
def test_no_page_shows_a_raw_value(world: World, role: str) -> None:
    client = Client()
    client.force_login(world.users[role])
    texts = crawl(client, start(world))
    assert leaks(texts, VALUES) == []
    assert ("欧阳**" in "".join(texts.values())) == (role in ("street", "worker", "grid"))


def test_without_a_login_there_is_no_trace(world: World) -> None:
    texts = crawl(Client(), start(world))
    assert leaks(texts, [*VALUES, "欧阳**", "139****5678"]) == []


def test_the_crawl_sees_what_is_there(world: World) -> None:
    client = Client()
    client.force_login(world.users["worker"])
    page = client.post(start(world)[-4], {"reason": "电话回访意见"})
    assert leaks({"reveal": page.text}, VALUES) == sorted(f"reveal: {value}" for value in VALUES)


def test_every_personal_column_has_a_purpose() -> None:
    keys = [key for key, _field in queries.personal_fields()]
    assert {"community.person.name", "community.person.phone", "community.household.home"} <= set(keys)
    assert queries.unregistered() == [], "name them in the fields of a purpose: community/data/purposes.json"


def test_a_column_without_purpose_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    from tanlin.community.queries import register

    monkeypatch.setattr(register, "purposes", dict)
    assert "community.person.phone" in queries.unregistered()


def test_purposes_name_columns_that_exist() -> None:
    known = {key for key, _field in queries.personal_fields()}
    assert {use.key for use in queries.processing()} <= known
