"""The pages of residents: list, search, acts, reveal, and the resident's own page."""

import io
import re
import zipfile

import pytest
from django.test import Client
from django.utils import timezone

from tanlin.community import queries, services
from tanlin.community.models import Person
from tanlin.community.rights import SYSTEM
from tanlin.record.models import Event
from tests.support.world import World, build

NAME, PHONE = "欧阳沙岚", "13912345678"
PEOPLE = "/place/community-a/people/"


@pytest.fixture
def world(db: None) -> World:
    return build(rooms=False)


@pytest.fixture
def worker(world: World) -> Client:
    client = Client()
    client.force_login(world.users["worker"])
    return client


def new(client: Client, **more: object) -> Person:
    sent = {"name": NAME, "phone": PHONE, "purposes": ["service"], "channel": "spoken"} | more
    assert client.post(PEOPLE + "new/", sent).status_code == 302
    return Person.objects.latest("pk")


def test_the_list_is_empty_then_masked_then_paged(world: World, worker: Client) -> None:
    assert "尚未登记居民" in worker.get(PEOPLE).text
    person = new(worker)
    page = worker.get(PEOPLE).text
    assert "欧阳**" in page and "139****5678" in page and f"people/{person.pk}/" in page
    for number in range(55):
        services.add_person(SYSTEM, area=world.a, name=f"沙{number}", purposes=["service"])
    assert "欧阳**" not in worker.get(PEOPLE).text and "欧阳**" in worker.get(PEOPLE + "?page=2").text


def test_a_search_leaves_no_value_in_an_address(worker: Client) -> None:
    person = new(worker)
    new(worker, name="李四", phone="")
    for asked in (NAME, PHONE, "139 1234 5678"):
        page = worker.post(PEOPLE, {"q": asked}).text
        assert f"people/{person.pk}/" in page and "李**" not in page and asked not in page
    assert "没有找到" in worker.post(PEOPLE, {"q": "欧阳"}).text


def test_faults_come_back_with_the_form(worker: Client) -> None:
    page = worker.post(
        PEOPLE + "new/", {"name": NAME, "phone": "12", "purposes": ["service"], "channel": "paper"}
    )
    assert page.status_code == 422 and "不是有效的电话" in page.text
    page = worker.post(PEOPLE + "new/", {"name": NAME, "channel": "paper"})
    assert page.status_code == 422 and not Person.objects.exists()


def test_the_acts_of_a_page(world: World, worker: Client) -> None:
    person, double = new(worker), new(worker, phone="")
    url = f"{PEOPLE}{person.pk}/"
    home = {"where": world.areas["building-a"].pk, "address": "甲一号楼 101", "day": "2025-01-01"}
    acts = {
        "edit": {"phone": "-", "name": "欧阳沙"},
        "join": home,
        "consent": {"purpose": "contest", "channel": "paper"},
        "withdraw": {"purpose": "service"},
        "leave": {"day": "2026-01-01"},
        "merge": {"number": double.pk},
    }
    for verb, sent in acts.items():
        assert worker.post(f"{url}{verb}/", sent).status_code == 302, verb
    person.refresh_from_db()
    assert (person.unseal("name"), person.unseal("phone")) == ("欧阳沙", "")
    assert queries.home_of(person.memberships.get().household) == world.areas["home-a"]
    assert queries.agreed(person, "contest") and queries.person_ids(person) == [person.pk, double.pk]
    assert worker.post(f"{url}erase/", {}).status_code == 422
    assert worker.post(f"{url}erase/", {"sure": "1"}).status_code == 302
    assert "已于" in worker.get(url).text and f"people/{person.pk}/" not in worker.get(PEOPLE).text


def test_a_minor_is_consented_for_on_the_page(world: World, worker: Client) -> None:
    guardian = new(worker)
    child = {"name": "小沙", "phone": "", "birth_year": timezone.localdate().year - 8}
    page = worker.post(PEOPLE + "new/", {"purposes": ["service"], "channel": "paper"} | child)
    assert page.status_code == 422 and "只能经家庭登记" in page.text
    services.join_household(SYSTEM, guardian, place=world.areas["home-a"])
    small = new(worker, **child, guardian=guardian.pk)
    url = f"{PEOPLE}{small.pk}/"
    assert f'<option value="{guardian.pk}">' in worker.get(url).text
    photo = {"purpose": "photos", "channel": "paper"}
    assert worker.post(url + "consent/", photo).status_code == 422
    assert worker.post(url + "consent/", photo | {"guardian": guardian.pk}).status_code == 302


def test_a_reveal_asks_for_a_reason_and_is_kept_nowhere(worker: Client) -> None:
    url = f"{PEOPLE}{new(worker).pk}/reveal/"
    assert PHONE not in worker.get(url).text
    assert worker.post(url, {"reason": "看"}).status_code == 422
    answer = worker.post(url, {"reason": "电话回访意见"})
    assert PHONE in answer.text and NAME in answer.text and answer["Cache-Control"] == "no-store"
    assert Event.objects.latest("pk").verb == "community.person_revealed"
    assert PHONE not in worker.get(url).text


def enter(world: World, worker: Client, person: Person) -> Client:
    """The resident's browser after opening the link that the worker handed over."""
    page = worker.post(f"{PEOPLE}{person.pk}/link/").text
    link = re.search(r"http://testserver(/me/enter/[^<]+)", page)
    assert link
    own = Client()
    assert own.get(link[1])["Location"] == "/me/"
    return own


def test_the_resident_sees_exports_agrees_and_withdraws(world: World, worker: Client) -> None:
    person = new(worker)
    own = enter(world, worker, person)
    page = own.get("/me/").text
    assert "欧阳**" in page and PHONE not in page
    for agreed in (True, False, True):
        assert own.post("/me/consent/contest/").status_code == 302
        assert queries.agreed(person, "contest") is agreed
    archive = zipfile.ZipFile(io.BytesIO(own.post("/me/export/").content))
    assert PHONE in archive.read("data.json").decode()
    assert own.post("/me/consent/unknown/").status_code == 400


def test_the_resident_erases_himself(world: World, worker: Client) -> None:
    person = new(worker)
    own = enter(world, worker, person)
    assert (
        own.post("/me/erase/", follow=True).redirect_chain and not Person.objects.get(pk=person.pk).erased_at
    )
    assert "已删除" in own.post("/me/erase/", {"sure": "1"}).text
    assert Person.objects.get(pk=person.pk).erased_at and own.get("/me/").status_code == 404
    event = Event.objects.latest("pk")
    assert (event.verb, event.actor_id, event.data["by"]) == ("community.person_erased", None, "self")


def test_a_forged_link_and_one_after_erasure_lead_nowhere(world: World, worker: Client) -> None:
    person = new(worker)
    token = services.entry_token(SYSTEM, person)
    assert Client().get(f"/me/enter/{token[:-1]}x/").status_code == 404
    assert Client().get(f"/me/enter/{person.pk}/").status_code == 404
    services.erase_person(SYSTEM, person)
    assert Client().get(f"/me/enter/{token}/").status_code == 404


def test_a_session_of_a_resident_opens_no_page_of_staff(world: World, worker: Client) -> None:
    own = enter(world, worker, new(worker))
    assert own.get(PEOPLE).status_code == 302 and own.get("/").status_code == 302


def test_the_notice_is_open_and_published_by_those_who_may(world: World) -> None:
    assert (
        "第 1 版" in Client().get("/privacy/").text and "/privacy/new/" not in Client().get("/privacy/").text
    )
    district = Client()
    district.force_login(world.users["district"])
    sent = {"text_zh": "第二版的规则", "text_en": "Second", "valid_from": timezone.localdate().isoformat()}
    assert district.post("/privacy/new/", sent).status_code == 302
    assert "第二版的规则" in Client().get("/privacy/").text
    assert district.post("/privacy/new/", sent | {"valid_from": "2020-01-01"}).status_code == 422


def test_the_register_says_what_why_how_long_and_who(world: World) -> None:
    auditor = Client()
    auditor.force_login(world.users["auditor"])
    url = f"/place/{world.a.slug}/processing"
    for text in (auditor.get(url + "/").text, auditor.get(url + ".csv").content.decode("utf-8-sig")):
        assert all(word in text for word in ("电话", "低碳家庭评选", "730", "社区工作者", "第二十九条"))
