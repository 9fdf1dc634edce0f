"""Every URL x role x method against one table, joined from the rooms' `rights.py`. A URL without a row fails."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from tanlin.community.rights import RIGHTS, ROLE_RIGHTS, ROLES
from tests.support.world import Row, World, build, rows

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
ACTORS = ("anonymous", "nobody", "other", *ROLES)
TABLE: dict[str, list[Row]] = {}
for _row in rows():
    TABLE.setdefault(_row.name, []).append(_row)


def walk(
    patterns: list[Any], namespaces: tuple[str, ...] = (), route: str = ""
) -> Iterator[tuple[str, URLPattern]]:
    """(qualified name, pattern) of every address; an address without name appears by its route."""
    for item in patterns:
        here = route + str(item.pattern)
        if isinstance(item, URLResolver):
            inner = (*namespaces, item.namespace) if item.namespace else namespaces
            yield from walk(item.url_patterns, inner, here)
        else:
            yield ":".join((*namespaces, item.name)) if item.name else here, item


URLS = dict(walk(get_resolver().url_patterns))


def address(world: World, name: str, row: Row | None) -> str:
    if row is not None and row.kwargs is not None:
        kwargs = row.kwargs(world)
    else:
        kwargs = {"slug": world.a.slug} if "slug" in URLS[name].pattern.converters else {}
    return reverse(name, kwargs=kwargs) + (row.query if row else "")


def expected(row: Row, actor: str, api: bool) -> tuple[int, ...]:
    """Statuses the actor may get."""
    if row.right == "public":
        return row.ok
    if actor == "anonymous":
        return (401,) if api and row.name != "api:openapi-json" else (302,)
    held = {"nobody": frozenset(), "other": ROLE_RIGHTS["worker"]}.get(actor) or ROLE_RIGHTS.get(
        actor, frozenset()
    )
    blind = actor in ("nobody", "other") or (row.right not in held and "view" not in held)
    if row.scope == "place" and blind:
        return (404,)
    return row.ok if row.right == "any" or row.right in held else (403,)


def ask(world: World, actor: str, method: str, url: str, row: Row | None) -> Any:
    """One request whose writes are undone."""
    client = Client()
    with transaction.atomic():
        if actor != "anonymous":
            client.force_login(world.users[actor])
        data = row.data(world) if row else {}
        if method == "GET":
            response = client.get(url)
        elif row is not None and row.json:
            response = client.generic(method, url, json.dumps(data), "application/json")
        elif method == "POST":
            response = client.post(url, data)
        else:
            response = client.generic(method, url)
        transaction.set_rollback(True)
    return response


def test_every_url_has_a_row_and_every_row_a_url() -> None:
    assert sorted(set(URLS) - set(TABLE)) == [], "add these to the rights.py of the room"
    assert sorted(set(TABLE) - set(URLS)) == [], "these URLs are gone"


def test_rows_name_known_rights() -> None:
    assert {row.right for row in rows()} <= {*RIGHTS, "any", "public"}


@pytest.mark.django_db
@pytest.mark.parametrize("name", sorted(set(URLS) & set(TABLE)))
def test_rights(name: str) -> None:
    world = build()
    api = name.startswith("api:")
    mine = {row.method: row for row in TABLE.get(name, [])}
    some = next(iter(mine.values()), None)
    url = address(world, name, some)
    # operations of the API share one address under several names
    declared = {
        row.method: row for row in rows() if row.name in URLS and address(world, row.name, row) == url
    }
    wrong = []
    for method in METHODS:
        row = mine.get(method)
        if row is None and method in declared:
            continue
        for actor in ACTORS if row else ("anonymous", "other", "operator"):
            target = address(world, name, row or some)
            status = ask(world, actor, method, target, row).status_code
            if row is not None:
                allowed = expected(row, actor, api)
            else:
                allowed = (
                    (405, 302, 401)
                    if actor == "anonymous"
                    else (405, 404, 403)
                    if actor == "other"
                    else (405,)
                )
            if status not in allowed:
                wrong.append(f"{method} {target} as {actor}: {status}, expected {allowed}")
    assert wrong == []


@pytest.mark.django_db
def test_a_refused_page_sends_the_visitor_to_the_login_and_back() -> None:
    world = build(rooms=False)
    response = Client().get(f"/place/{world.a.slug}/community/")
    assert response.headers["Location"] == f"/login/?next=/place/{world.a.slug}/community/"


@pytest.mark.django_db
def test_unknown_and_foreign_places_look_alike() -> None:
    world = build(rooms=False)
    client = Client()
    client.force_login(world.users["other"])
    foreign = client.get(f"/place/{world.a.slug}/community/")
    unknown = client.get("/place/never-was/community/")
    assert foreign.status_code == unknown.status_code == 404
    strip = {world.a.slug: "X", "never-was": "X"}
    texts = []
    for response in (foreign, unknown):
        text = response.content.decode()
        for word, mark in strip.items():
            text = text.replace(word, mark)
        texts.append([line for line in text.splitlines() if "csrfmiddlewaretoken" not in line])
    assert texts[0] == texts[1]
