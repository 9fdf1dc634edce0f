"""The demonstration is written by services, can be run again, and leaves real places alone."""

from __future__ import annotations

import pytest

from tanlin.community import services as community
from tanlin.community.queries import SYSTEM, rights_at
from tanlin.demo import generate, people, place, published_facts
from tanlin.kernel.errors import Refused

pytestmark = pytest.mark.django_db


def test_a_place_gets_areas_meters_and_devices() -> None:
    from tanlin.demo import load
    from tanlin.meter import queries as meters

    made = generate("yunhe")
    root = load.create_place(made)
    assert root.origin == "demonstration" and root.region == "CN-JS-ZJ"
    known = meters.known(root)
    assert known.num_rows == sum(len(m.channels) for m in made.place.meters)
    assert set(known["number"].to_pylist()) >= set(made.readings["number"].unique().to_pylist())
    assert meters.devices_frame().num_rows == 2
    assert load.find("yunhe-qingyuan-1").tz == "Asia/Shanghai"
    assert not load.is_done(root)


def test_published_figures_are_facts_and_entered_once() -> None:
    from tanlin.demo import load

    assert load.add_published() == len(published_facts())
    assert load.add_published() == 0


def test_logins_hold_their_roles_and_keep_their_passwords() -> None:
    from tanlin.demo import load

    for login in people.logins():
        for slug in login.areas:
            if load.find(slug) is None:
                community.create_area(SYSTEM, slug=slug, name=slug, level="district", origin="demonstration")
    load.create_logins()
    kept = people.read()
    load.create_logins()
    assert people.read() == kept and len(kept) == 6
    user = load.get_user_model().objects.get(username="demo-worker")
    assert user.check_password(kept["demo-worker"])
    assert "import" in rights_at(user, load.find("yunhe"))
    assert "view" not in rights_at(user, load.find("jiangbin"))


def test_a_real_place_of_the_same_slug_is_left_alone() -> None:
    from tanlin.demo import load

    community.create_area(SYSTEM, slug=place("haiwan").root, name="真实城市", level="city")
    with pytest.raises(Refused):
        load.build()
    with pytest.raises(Refused):
        load.demonstration_roots()
