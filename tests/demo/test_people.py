"""Demonstration logins: one of each role, passwords private to the installation."""

from __future__ import annotations

import stat

from tanlin.community.queries import roles_with
from tanlin.demo import PLACES, people, place


def test_one_login_of_each_role() -> None:
    roles = [login.role for login in people.logins()]
    assert sorted(roles) == sorted(roles_with("view"))
    known = {area.slug for slug in PLACES for area in place(slug).areas}
    for login in people.logins():
        assert login.areas and set(login.areas) <= known


def test_passwords_are_kept_for_the_owner_only() -> None:
    assert people.read() == {}
    people.write({"demo-operator": people.new_password()})
    assert len(people.read()["demo-operator"]) == 16
    assert stat.S_IMODE(people.path().stat().st_mode) == 0o600
    people.write({"demo-operator": "x"})
    assert people.read() == {"demo-operator": "x"}
    text = people.show("http://127.0.0.1:8000/")
    assert "demo-operator" in text and "demo-auditor" not in text and "http://127.0.0.1:8000/" in text
