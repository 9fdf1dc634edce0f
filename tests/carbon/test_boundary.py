"""The page and the verbs of the boundary."""

from __future__ import annotations

from datetime import date

import pytest
from django.test import Client

from tanlin.carbon import services
from tanlin.community import services as community
from tanlin.community.models import User
from tanlin.community.queries import SYSTEM, attribute, attributes
from tanlin.kernel.errors import BadInput, Conflict, Forbidden
from tests.carbon import place as p

pytestmark = pytest.mark.django_db

DAY = date(2023, 1, 1)
FORM = {
    "population": "3050", "definition": "常住人口", "floor": "118000", "land": "", "rules": "",
    "valid_from": "2023-01-01", "source": "七普",
}  # fmt: skip


@pytest.fixture
def area():
    return p.areas()["garden"]


@pytest.fixture
def worker(area):
    user = User.objects.create(username="limin", password="!")
    community.grant(SYSTEM, user=user, role="worker", area=area)
    return user


def browser(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_a_community_worker_states_population_and_floor_with_their_day(area, worker) -> None:
    page = browser(worker).post("/place/garden/carbon/boundary/", FORM)
    assert page.status_code == 302
    held = {row.key: (row.value, row.valid_from, row.source) for row in attributes(SYSTEM, "garden")}
    assert held == {
        "population": (3050.0, DAY, "七普"),
        "population.definition": ("常住人口", DAY, "七普"),
        "floor_area_m2": (118000.0, DAY, "七普"),
    }


def test_the_page_shows_every_value_with_its_history(area, worker) -> None:
    services.state_boundary(area, {"population": 3000}, DAY, "七普", actor=worker)
    services.state_boundary(area, {"population": 3111}, date(2024, 1, 1), "抽样", actor=worker)
    services.state_key(area, "II.2.1", "NO", "没有铁路", DAY, actor=worker)
    text = browser(worker).get("/place/garden/carbon/boundary/").content.decode()
    assert all(
        word in text for word in ("3,000", "3,111", "七普", "抽样", "2024-01-01", "II.2.1", "没有铁路")
    )


def test_a_day_that_has_a_value_is_refused_and_nothing_of_the_form_is_kept(area, worker) -> None:
    services.state_boundary(area, {"floor_area_m2": 9.0}, DAY, "图纸", actor=worker)
    page = browser(worker).post("/place/garden/carbon/boundary/", FORM)
    assert page.status_code == 422 and "2023-01-01" in page.content.decode()
    assert attribute(area, "population", DAY) is None
    with pytest.raises(Conflict):
        services.state_boundary(area, {"floor_area_m2": 8.0}, DAY, "图纸", actor=worker)


def test_an_empty_form_states_nothing(area, worker) -> None:
    with pytest.raises(BadInput):
        services.state_boundary(area, {}, DAY, "", actor=worker)


@pytest.mark.parametrize(
    ("ref", "key", "reason"), [("I.9.9", "NO", "x"), ("I.1.1", "XX", "x"), ("I.1.1", "NO", " ")]
)
def test_a_key_needs_a_reference_of_the_gpc_and_a_reason(
    area, worker, ref: str, key: str, reason: str
) -> None:
    with pytest.raises(BadInput):
        services.state_key(area, ref, key, reason, DAY, actor=worker)


def test_an_auditor_reads_and_states_nothing(area) -> None:
    user = User.objects.create(username="audit", password="!")
    community.grant(SYSTEM, user=user, role="auditor", area=area)
    text = browser(user).get("/place/garden/carbon/boundary/").content.decode()
    assert "<textarea" not in text
    with pytest.raises(Forbidden):
        services.state_boundary(area, {"population": 1.0}, DAY, "x", actor=user)
