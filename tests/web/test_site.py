"""What every page and every answer of the API shares."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.http import HttpRequest
from django.test import Client, RequestFactory, override_settings
from django.urls import path
from django.utils import timezone

from tanlin.kernel.errors import BadInput, Conflict, Forbidden, NotFound, Refused, Text, Where
from tanlin.web import urls as site_urls
from tanlin.web.middleware import client_ip
from tests.support.world import World, build

pytestmark = pytest.mark.django_db
KINDS = {"bad": BadInput, "gone": NotFound, "barred": Forbidden, "clash": Conflict, "refused": Refused}


def fail(request: HttpRequest, kind: str) -> Any:
    raise KINDS[kind](
        "test.reason", Text("出错了", "It broke"), remedy=Text("改一改", "Mend it"), where=Where(row=3)
    )


def crash(request: HttpRequest) -> Any:
    raise RuntimeError("unforeseen")


urlpatterns = [
    *site_urls.urlpatterns,
    path("fail/<str:kind>/", fail),
    path("api/fail/<str:kind>/", fail),
    path("crash/", crash),
]
handler500 = site_urls.handler500
handler404 = site_urls.handler404


@pytest.fixture
def world() -> World:
    return build(rooms=False)


@pytest.fixture
def worker(world: World) -> Client:
    client = Client()
    client.force_login(world.users["worker"])
    return client


@override_settings(ROOT_URLCONF=__name__)
@pytest.mark.parametrize(
    ("kind", "status"), [("bad", 400), ("gone", 404), ("barred", 403), ("clash", 409), ("refused", 422)]
)
def test_errors_of_the_domain(worker: Client, kind: str, status: int) -> None:
    page = worker.get(f"/fail/{kind}/")
    assert page.status_code == status
    assert "出错了" in page.text and "改一改" in page.text and "第 3 行" in page.text
    answer = worker.get(f"/api/fail/{kind}/")
    assert answer.status_code == status
    assert answer.json() == {
        "code": "test.reason",
        "message": {"zh": "出错了", "en": "It broke"},
        "remedy": {"zh": "改一改", "en": "Mend it"},
        "where": {"row": 3},
    }


@override_settings(ROOT_URLCONF=__name__)
def test_a_crash_tells_no_secret(worker: Client) -> None:
    worker.raise_request_exception = False
    page = worker.get("/crash/")
    assert page.status_code == 500 and "unforeseen" not in page.text and "系统出错" in page.text


def test_no_page_carries_inline_script_or_style(worker: Client, world: World) -> None:
    for url in ("/login/", f"/place/{world.a.slug}/community/", "/nowhere/"):
        page = Client().get(url) if url == "/login/" else worker.get(url)
        policy = page.headers["Content-Security-Policy"]
        assert "default-src 'self'" in policy and "unsafe" not in policy
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=", page.text)
        assert not re.search(r"<script(?![^>]*(src=|type=\"application/json\"))", page.text)
        assert not re.search(r"(src|href|action)=\"(https?:)?//", page.text)


def test_language_by_cookie(worker: Client, world: World) -> None:
    url = f"/place/{world.a.slug}/community/"
    assert "组织与人员" in worker.get(url).text
    worker.post("/language/", {"language": "en", "next": url})
    page = worker.get(url)
    assert worker.cookies["language"].value == "en"
    assert "Organisations and people" in page.text and page.headers["Content-Language"] == "en"


def test_navigation_and_switcher_show_what_may_be_opened(world: World) -> None:
    street, auditor = Client(), Client()
    street.force_login(world.users["street"])
    auditor.force_login(world.users["auditor"])
    page = street.get(f"/place/{world.a.slug}/community/")
    assert {place.slug for place in page.context["places"]} == {"street-a", "community-a"}
    of_the_place = [entry for entry in page.context["nav"] if entry.url not in ("/published/", "/todo/")]
    assert of_the_place and all(world.a.slug in entry.url for entry in of_the_place)
    assert [entry.active for entry in page.context["nav"] if entry.url.endswith("/community/")] == [True]
    assert "users" not in auditor.get(f"/place/{world.a.slug}/community/").context["rights"]


def test_home_leads_a_worker_to_the_place(worker: Client, world: World) -> None:
    assert worker.get("/").headers["Location"] == f"/place/{world.a.slug}/"
    nobody = Client()
    nobody.force_login(world.users["nobody"])
    assert "暂无可查看的区域" in nobody.get("/").text


def test_the_api_speaks_one_error_shape(world: World) -> None:
    anonymous = Client().get("/api/v1/places")
    assert anonymous.status_code == 401 and anonymous.json()["code"] == "web.login_needed"
    client = Client(enforce_csrf_checks=True)
    client.force_login(world.users["operator"])
    schema = client.get("/api/v1/openapi.json").json()
    writing = next(url for url, item in schema["paths"].items() if "post" in item)
    refused = client.post(re.sub(r"\{[^}]+\}", "1", writing))
    assert refused.status_code in (403, 404) and set(refused.json()) == {"code", "message", "remedy", "where"}


def test_a_form_without_its_mark_changes_nothing(world: World) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(world.users["operator"])
    page = client.post(f"/place/{world.a.slug}/community/grant/", {"username": "nobody", "role": "worker"})
    assert page.status_code == 403 and "页面已过期" in page.text
    assert not world.users["nobody"].grants.exists()


def test_a_part_asked_for_after_the_session_takes_its_whole_page_to_the_login(world: World) -> None:
    asked = {"HX-Request": "true", "HX-Current-URL": f"http://testserver/place/{world.a.slug}/meter/?q=1"}
    answer = Client().get(f"/place/{world.a.slug}/meter/gateways/", headers=asked)
    assert answer.status_code == 401 and not answer.content
    assert answer.headers["HX-Redirect"] == f"/login/?next=/place/{world.a.slug}/meter/%3Fq%3D1"
    asked["HX-Current-URL"] = "https://elsewhere.example/x"
    answer = Client().get(f"/place/{world.a.slug}/meter/gateways/", headers=asked)
    assert answer.headers["HX-Redirect"] == "/login/?next=/"


def test_five_failures_pause_the_login(world: World) -> None:
    user = world.users["nobody"]
    user.set_password("a right good password")
    user.save()
    client = Client()
    for _ in range(4):
        assert client.post("/login/", {"username": "nobody", "password": "wrong"}).status_code == 200
    assert client.post("/login/", {"username": "nobody", "password": "wrong"}).status_code == 429
    assert (
        client.post("/login/", {"username": "nobody", "password": "a right good password"}).status_code == 429
    )
    elsewhere = client.post(
        "/login/", {"username": "nobody", "password": "a right good password"}, REMOTE_ADDR="10.0.0.9"
    )
    assert elsewhere.status_code == 302


def test_an_idle_session_ends_and_a_busy_one_is_renewed(worker: Client, world: World) -> None:
    url = f"/place/{world.a.slug}/community/"
    assert worker.get(url).status_code == 200
    session = worker.session
    first = session.get_expiry_date()
    session["touched"] = session["touched"] - 61
    session.save()
    worker.get(url)
    assert worker.session.get_expiry_date() >= first
    stored = worker.session.model.objects.get(session_key=worker.session.session_key)
    stored.expire_date = timezone.now() - timedelta(seconds=1)
    stored.save()
    assert worker.get(url).status_code == 302


@pytest.mark.parametrize(("proxies", "seen"), [(0, "9.9.9.9"), (1, "2.2.2.2"), (2, "1.1.1.1")])
def test_the_address_of_the_browser(proxies: int, seen: str) -> None:
    request = RequestFactory().get(
        "/", headers={"x-forwarded-for": "1.1.1.1, 2.2.2.2"}, REMOTE_ADDR="9.9.9.9"
    )
    with override_settings(PROXIES=proxies):
        assert client_ip(request) == seen


@pytest.mark.django_db
def test_the_language_is_chinese_until_the_reader_chooses(client: Client) -> None:
    """What the browser prefers does not count; only the cookie does."""
    english = {"accept-language": "en-GB,en;q=0.9"}
    page = client.get("/login/", headers=english)
    assert page.headers["Content-Language"] == "zh-hans" and 'lang="zh-Hans"' in page.content.decode()
    client.cookies["language"] = "en"
    page = client.get("/login/")
    assert page.headers["Content-Language"] == "en" and 'lang="en"' in page.content.decode()
    client.cookies["language"] = "xx"
    assert client.get("/login/").headers["Content-Language"] == "zh-hans"
