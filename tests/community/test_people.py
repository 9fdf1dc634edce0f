"""Logins, grants, the page of a place, the API and the commands."""

import json
from datetime import timedelta

import pytest
from click.testing import CliRunner
from django.test import Client
from django.utils import timezone

from tanlin.community import queries, services
from tanlin.community.cli import cli
from tanlin.community.models import Organisation, RoleGrant, User
from tanlin.community.rights import SYSTEM
from tanlin.kernel.errors import BadInput, Conflict, Forbidden, NotFound
from tanlin.record.models import Event
from tests.support.world import World, build


@pytest.fixture
def world(db: None) -> World:
    return build(rooms=False)


@pytest.fixture
def street(world: World) -> Client:
    client = Client()
    client.force_login(world.users["street"])
    return client


def test_a_street_gives_and_takes_the_role_of_a_worker(world: World) -> None:
    actor, nobody = world.users["street"], world.users["nobody"]
    first = services.grant(actor, user=nobody, role="worker", area=world.a)
    assert services.grant(actor, user=nobody, role="worker", area=world.a) == first
    assert queries.may(nobody, world.a)
    services.revoke(actor, first.pk)
    services.revoke(actor, first.pk)
    assert not queries.may(nobody, world.a)
    services.grant(actor, user=nobody, role="worker", area=world.a)
    assert queries.may(nobody, world.a)
    verbs = Event.objects.filter(subject="nobody").order_by("pk").values_list("verb", flat=True)
    assert list(verbs) == ["community.role_granted", "community.role_revoked", "community.role_granted"]


def test_nobody_rises_by_a_grant(world: World) -> None:
    street, worker = world.users["street"], world.users["worker"]
    for actor, user, role in (
        (street, worker, "district"),
        (street, street, "engineer"),
        (worker, worker, "auditor"),
    ):
        with pytest.raises(Forbidden):
            services.grant(actor, user=user, role=role, area=world.a)
    with pytest.raises(NotFound):
        services.grant(street, user=worker, role="worker", area=world.b)
    with pytest.raises(Forbidden):
        services.revoke(world.users["operator"], world.users["operator"].grants.get().pk)
    with pytest.raises(NotFound):
        services.revoke(world.users["operator"], 10**6)


def test_a_grant_with_an_end(world: World) -> None:
    nobody, today = world.users["nobody"], timezone.localdate()
    with pytest.raises(BadInput):
        services.grant(SYSTEM, user=nobody, role="worker", area=world.a, valid_to=today)
    services.grant(SYSTEM, user=nobody, role="worker", area=world.a, valid_to=today + timedelta(1))
    assert (
        queries.active_grants(nobody, today).exists()
        and not queries.active_grants(nobody, today + timedelta(1)).exists()
    )


def test_a_new_login(world: World) -> None:
    with pytest.raises(BadInput):
        services.create_user(SYSTEM, username="li", password="123456", area=world.a)
    user = services.create_user(SYSTEM, username="li", password="绿色低碳 every day", area=world.a)
    assert user.password.startswith("argon2") and user.check_password("绿色低碳 every day")
    with pytest.raises(Conflict):
        services.create_user(SYSTEM, username="LI", password="绿色低碳 every day", area=world.a)
    with pytest.raises(Forbidden):
        services.create_user(
            world.users["worker"], username="wu", password="绿色低碳 every day", area=world.a
        )


def test_the_page_of_a_place(world: World, street: Client) -> None:
    url = f"/place/{world.a.slug}/community/"
    assert street.post(url + "organisation/", {"name": "绿芽讲师团", "kind": "social"}).status_code == 302
    assert (
        street.post(url + "area/", {"name": "二号楼", "level": "building", "slug": "b-2"}).status_code == 302
    )
    figure = {"key": "population", "value": "5400", "valid_from": "2024-01-01", "source": "七普"}
    assert street.post(url + "attribute/", figure).status_code == 302
    person = {"username": "chen", "display_name": "陈", "password": "绿色低碳 every day", "role": "worker"}
    assert street.post(url + "user/", person).status_code == 302
    page = street.get(url)
    for word in (
        "绿芽讲师团",
        "社会组织",
        "二号楼",
        "楼栋",
        "常住人口",
        "5,400",
        "七普",
        "chen",
        "社区工作者",
    ):
        assert word in page.text
    assert Organisation.objects.get().area == world.a
    assert (
        street.post(
            url + "attribute/", figure | {"source": "demonstration", "valid_from": "2025-01-01"}
        ).status_code
        == 302
    )
    page = street.get(url)
    assert "<td>演示数据</td>" in page.text and "<td>demonstration</td>" not in page.text


def test_faults_come_back_on_the_page(world: World, street: Client) -> None:
    url = f"/place/{world.a.slug}/community/"
    page = street.post(url + "area/", {"name": "二号楼", "level": "street", "slug": "b-2"})
    assert page.status_code == 422 and "层级不能在" in page.text and 'value="b-2"' in page.text
    page = street.post(url + "grant/", {"username": "not-there", "role": "worker"})
    assert page.status_code == 422 and "没有这个用户名" in page.text
    before = User.objects.count()
    person = {"username": "chen", "password": "绿色低碳 every day", "role": "operator"}
    assert street.post(url + "user/", person).status_code == 403
    assert User.objects.count() == before  # the login is undone with the grant


def test_a_reader_sees_no_forms(world: World) -> None:
    client = Client()
    client.force_login(world.users["auditor"])
    page = client.get(f"/place/{world.a.slug}/community/")
    assert (
        "worker" in page.text
        and "/community/grant/" not in page.text
        and "/community/revoke/" not in page.text
    )


def test_api(world: World, street: Client) -> None:
    places = street.get("/api/v1/places").json()
    assert [(place["slug"], place["parent"]) for place in places][:2] == [
        ("street-a", None),
        ("community-a", "street-a"),
    ]
    assert [place["slug"] for place in street.get("/api/v1/places?level=home").json()] == ["home-a"]
    place = street.get("/api/v1/places/community-a").json()
    assert (
        place["ancestors"] == ["street-a"]
        and place["children"] == ["building-a"]
        and "users" in place["rights"]
    )
    assert street.get("/api/v1/places/community-b").status_code == 404


def test_commands(world: World) -> None:
    run = CliRunner()
    tree = json.loads(run.invoke(cli, ["tree", "--json"]).output)
    assert tree[0]["slug"] == "district" and [child["slug"] for child in tree[0]["children"]] == [
        "street-a",
        "street-b",
    ]
    assert "home-a" in run.invoke(cli, ["tree", "--all"]).output
    added = run.invoke(
        cli,
        ["user-add", "zhou", "--place", "community-a", "--role", "worker"],
        env={"TANLIN_PASSWORD": "绿色低碳 every day"},
    )
    assert added.exit_code == 0, added.output
    assert RoleGrant.objects.get(user__username="zhou").area == world.a
    assert (
        run.invoke(
            cli, ["area-add", "b-9", "九号楼", "--level", "building", "--parent", "community-a"]
        ).exit_code
        == 0
    )
    assert run.invoke(cli, ["grant", "nobody", "auditor", "community-a"]).exit_code == 0
    assert isinstance(run.invoke(cli, ["grant", "ghost", "auditor", "community-a"]).exception, BadInput)


def test_a_new_password_from_someone_who_may_give_every_role_held(world: World) -> None:
    street, worker, before = world.users["street"], world.users["worker"], world.users["worker"].password
    services.set_password(street, worker, "a long enough one")
    worker.refresh_from_db()
    assert worker.password != before
    assert worker.check_password("a long enough one")
    assert Event.objects.filter(verb="community.password_set", subject=worker.username).count() == 1
    with pytest.raises(BadInput):
        services.set_password(street, worker, "123")
    for actor, user in ((street, world.users["operator"]), (street, street), (worker, street)):
        with pytest.raises((Forbidden, NotFound)):
            services.set_password(actor, user, "a long enough one")
    services.grant(SYSTEM, user=worker, role="worker", area=world.b)  # now a role out of the street's reach
    with pytest.raises(NotFound):
        services.set_password(street, worker, "a long enough one")
    with pytest.raises(Forbidden):
        services.set_password(street, world.users["nobody"], "a long enough one")


def test_the_page_shows_a_generated_password_once(world: World, street: Client) -> None:
    worker = world.users["worker"]
    base = f"/place/{world.a.slug}/community/"
    answer = street.post(base + "password/", {"grant": worker.grants.get().pk})
    user, password = answer.context["once"][1].split()
    assert (answer.status_code, answer["Cache-Control"], user) == (200, "no-store", worker.username)
    assert password in answer.content.decode()
    worker.refresh_from_db()
    assert worker.check_password(password)
    assert password not in street.get(base).content.decode()
    assert street.post(base + "password/", {"grant": 10**6}).status_code == 404


def test_the_command_sets_and_makes_a_password(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    user = world.users["worker"]
    made = CliRunner().invoke(cli, ["set-password", user.username, "--generate"]).output.strip()
    user.refresh_from_db()
    assert user.check_password(made)
    typed = CliRunner().invoke(cli, ["set-password", user.username], input="quite a long one\n" * 2)
    assert typed.exit_code == 0
    monkeypatch.setenv("TANLIN_PASSWORD", "123")
    assert isinstance(CliRunner().invoke(cli, ["set-password", user.username]).exception, BadInput)
    user.refresh_from_db()
    assert user.check_password("quite a long one")


def test_who_comes_from_outside_meets_the_own_role_and_no_place(world: World) -> None:
    client = Client()
    client.force_login(world.users["volunteer"])
    page = client.get("/")
    assert "志愿者" in page.text and "甲社区" in page.text and "/place/" not in page.text
    assert client.get(f"/place/{world.a.slug}/").status_code == 404
