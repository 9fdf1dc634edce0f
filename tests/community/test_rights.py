"""The table of roles, and how grants reach down the tree."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import AnonymousUser
from django.utils import timezone

from tanlin.community import queries, services
from tanlin.community.models import RoleGrant
from tanlin.community.rights import (
    GRANTABLE,
    OUTSIDE,
    RIGHTS,
    ROLE_RIGHTS,
    ROLES,
    SYSTEM,
    may_grant,
    roles_with,
)
from tanlin.kernel.errors import Forbidden, NotFound
from tests.support.world import World, build


@pytest.fixture
def world(db: None) -> World:
    return build(rooms=False)


def test_every_role_enters_and_the_auditor_changes_nothing() -> None:
    assert all("enter" in rights <= set(RIGHTS) for rights in ROLE_RIGHTS.values())
    assert ROLE_RIGHTS["auditor"] == {"enter", "view", "replay"}
    assert ROLE_RIGHTS["operator"] == set(RIGHTS) - {"people"}


def test_residents_belong_to_those_who_serve_them_on_the_spot() -> None:
    assert set(roles_with("people")) == {"street", "worker", "grid"}


def test_who_comes_from_outside_sees_nothing_of_the_workbench() -> None:
    assert {role for role in ROLES if "view" not in ROLE_RIGHTS[role]} == OUTSIDE
    assert all(ROLE_RIGHTS[role] == {"enter"} for role in OUTSIDE)


def test_only_those_who_manage_people_may_give_roles() -> None:
    assert all("users" in ROLE_RIGHTS[role] for role in GRANTABLE)
    assert may_grant(frozenset({"street"}), "worker") and not may_grant(frozenset({"street"}), "district")
    assert not may_grant(frozenset({"worker", "engineer", "auditor"}), "worker")


def test_a_word_that_is_no_right_is_an_error(world: World) -> None:
    with pytest.raises(ValueError, match="unknown right"):
        roles_with("fly")
    with pytest.raises(ValueError, match="unknown right"):
        queries.area(world.users["operator"], "community-a", "fly")


def test_a_grant_reaches_down_and_never_up_or_sideways(world: World) -> None:
    street = world.users["street"]
    assert {a.slug for a in queries.areas(street)} == {"street-a", "community-a", "building-a", "home-a"}
    assert queries.area(street, "home-a").name == "甲一号楼 101"
    for slug in ("district", "street-b", "community-b", "never-was"):
        with pytest.raises(NotFound):
            queries.area(street, slug)


def test_readable_without_the_right_is_forbidden(world: World) -> None:
    with pytest.raises(Forbidden):
        queries.area(world.users["auditor"], "community-a", "import")
    with pytest.raises(NotFound):  # not even readable: looks unknown
        queries.area(world.users["other"], "community-a", "import")


def test_rights_of_several_grants_add_up(world: World) -> None:
    auditor = world.users["auditor"]
    services.grant(SYSTEM, user=auditor, role="engineer", area=world.areas["building-a"])
    assert "meters" in queries.rights_at(auditor, world.areas["home-a"])
    assert "meters" not in queries.rights_at(auditor, world.a)
    assert {a.slug for a in queries.areas(auditor, "meters")} == {"building-a", "home-a"}
    assert "meters" in queries.rights_anywhere(auditor)


def test_only_grants_in_force_count(world: World) -> None:
    today = timezone.localdate()
    worker = world.users["worker"]
    for first, last, seen in (
        (1, None, False),
        (-9, -1, False),
        (-9, 0, False),
        (-9, 1, True),
        (0, None, True),
    ):
        RoleGrant.objects.filter(user=worker).update(
            valid_from=today + timedelta(first), valid_to=None if last is None else today + timedelta(last)
        )
        assert queries.may(worker, world.a) is seen


def test_those_without_login_or_switched_off_see_nothing(world: World) -> None:
    worker = world.users["worker"]
    worker.is_active = False
    for user in (None, AnonymousUser(), worker):
        assert not queries.areas(user).exists() and queries.rights_anywhere(user) == frozenset()
        with pytest.raises(NotFound):
            queries.area(user, "community-a")


def test_a_superuser_of_the_framework_has_no_back_door(world: World) -> None:
    nobody = world.users["nobody"]
    nobody.is_superuser = nobody.is_staff = True
    nobody.save()
    assert not queries.may(nobody, world.a)


def test_the_keeper_of_the_installation_sees_all(world: World) -> None:
    assert queries.areas(SYSTEM).count() == 7
    assert queries.area(SYSTEM, "home-a", "factors")


def test_a_prefix_of_an_id_is_no_ancestor(world: World) -> None:
    """Area 1 is not above area 12: the path ends with a slash."""
    for number in range(12):
        services.create_area(SYSTEM, slug=f"far-{number}", name="远", level="district")
    for place in queries.areas(SYSTEM):
        assert world.a.pk in place.ancestor_ids or place not in queries.subtree(world.a)
