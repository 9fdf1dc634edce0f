"""From a push to the log: tokens, mapping, units, doubles, and the page that shows it."""

import gzip
import json
import threading
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.db import connection
from django.test import Client

from tanlin.community.queries import SYSTEM
from tanlin.kernel.errors import BadInput, Conflict
from tanlin.meter import queries, services
from tanlin.meter.gateways import Sample
from tanlin.meter.models import Gateway, GatewayPoint
from tanlin.readings import queries as stored
from tanlin.record.models import Event
from tests.meter.support import world

pytestmark = pytest.mark.django_db(transaction=True)
START = 1_750_000_000 // 900 * 900


@pytest.fixture(autouse=True)
def inbox(home: Path) -> Iterator[Any]:
    """The inbox of this test; on PostgreSQL its tables are emptied afterwards."""
    one = queries.inbox()
    one.standings()
    yield one
    one.close()
    if isinstance(one.address, dict):
        with psycopg.connect(**one.address) as session:
            session.execute("TRUNCATE inbox, inbox_pulse, inbox_standing, inbox_newest")


@pytest.fixture
def areas() -> dict[str, Any]:
    return world()


@pytest.fixture
def push(areas: dict[str, Any]) -> Gateway:
    """A pushed source at the community; its meters are G-1 in kWh and W-1 of water, both in the home."""
    common = {"owner": areas["here"], "place": areas["home"], "valid_from": date(2025, 1, 1)}
    specs = [
        services.Spec(carrier="electricity", number="G-1", unit="kWh", **common),
        services.Spec(carrier="water", number="W-1", unit="m3", **common),
    ]
    services.register(specs, actor=SYSTEM, area=areas["here"])
    return services.create_gateway(areas["here"], kind="http", name="push", config={}, actor=SYSTEM)


def send(gateway: Gateway, body: Any, **headers: str) -> Any:
    token = services.new_token(gateway, actor=SYSTEM)
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {"authorization": f"Bearer {token}", **headers}
    return Client().generic("POST", "/api/v1/push", data, "application/json", headers=headers)


def reading(n: int = 0, **more: Any) -> dict[str, Any]:
    return {"point": "G-1", "time": START + 900 * n, "seconds": 900, "value": 1.5, **more}


def log() -> list[dict[str, Any]]:
    services.refresh()
    sql = "SELECT meter_id, start, seconds, value, quality FROM log ORDER BY meter_id, start, batch"
    return stored.snapshot().query(sql).to_pylist()


def meter(number: str) -> int:
    from tanlin.meter.models import Meter

    return Meter.objects.get(number=number).pk


def test_a_push_reaches_the_log_once_however_often_it_comes(push: Gateway) -> None:
    answer = send(push, [reading(0), reading(1)])
    assert (answer.status_code, answer.json()["stored"]) == (202, 2)
    send(push, [reading(1), reading(0)])
    assert services.flush().new == 2
    send(push, [reading(0)])
    done = services.flush()
    assert (done.rows, done.new, done.batches) == (1, 0, 0)
    assert [(r["start"], r["value"]) for r in log()] == [(START, 1.5), (START + 900, 1.5)]


def test_a_point_with_the_number_of_a_meter_is_mapped_by_itself(push: Gateway) -> None:
    send(push, [reading(0, unit="Wh", value=1500), {"point": "W-1", "time": START, "value": 12, "unit": "L"}])
    services.flush()
    assert [(r["meter_id"], r["seconds"], r["value"]) for r in log()] == [
        (meter("G-1"), 900, 1.5),
        (meter("W-1"), 0, pytest.approx(0.012)),
    ]


def test_unmapped_points_are_kept_stop_nobody_and_follow_when_mapped(push: Gateway) -> None:
    send(push, [reading(0), reading(0, point="A7"), reading(1, point="A7")])
    assert services.flush().held == 2
    assert len(log()) == 1
    assert [(heap.point, heap.reason, heap.rows) for heap in queries.inbox().heaps(push.pk)] == [
        ("A7", "unmapped", 2)
    ]
    point = {"channel": "export", "unit": "Wh", "scale": 100.0}
    found = queries.meter_by_number(push.area, "G-1")
    assert found is not None
    assert services.map_point(push, "A7", found, actor=SYSTEM, **point) == 2
    assert services.flush().new == 2
    assert sorted(r["value"] for r in log()) == pytest.approx([0.15, 0.15, 1.5])


def test_a_unit_that_does_not_fit_is_kept_aside_until_it_does(push: Gateway) -> None:
    send(push, [reading(0, unit="m3"), reading(1)])
    assert (services.flush().held, len(log())) == (1, 1)
    assert queries.inbox().heaps(push.pk)[0].reason == "unit"
    assert services.retry_held(push) == 1
    assert services.flush().held == 1


def test_of_two_values_in_one_flush_the_newest_counts(push: Gateway) -> None:
    send(push, [reading(0, value=1)])
    send(push, [reading(0, value=2)])
    services.flush()
    assert [r["value"] for r in log()] == [2.0]


def test_a_flush_that_died_before_the_inbox_was_cleared_doubles_nothing(
    push: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    send(push, [reading(n) for n in range(10)])
    with monkeypatch.context() as patch:
        patch.setattr(queries.inbox(), "settle", lambda *_: (_ for _ in ()).throw(OSError("killed")))
        with pytest.raises(OSError, match="killed"):
            services.flush()
    assert (services.flush().new, len(log())) == (0, 10)
    assert queries.inbox().depth(10) == 0


def test_a_correction_stands_when_the_source_sends_the_original_again(push: Gateway) -> None:
    send(push, [reading(0, value=1.5)])
    services.flush()
    edit = {"meter_id": meter("G-1"), "channel": "import", "start": START, "seconds": 900}
    services.correct_reading(**edit, value=1.0, reason="typed", actor=SYSTEM, area=push.area)
    send(push, [reading(0, value=1.5)])
    assert services.flush().new == 0
    send(push, [reading(0, value=1.25)])  # the device itself says something else
    assert services.flush().new == 1
    assert [(r["value"], r["quality"]) for r in log()] == [
        (1.5, "measured"),
        (1.0, "edited"),
        (1.25, "measured"),
    ]


def test_trees_of_places_are_batches_of_their_own(push: Gateway, areas: dict[str, Any]) -> None:
    from tanlin.community import services as community

    other = community.create_area(
        SYSTEM, slug="other", name="other", level="community", parent=None, region="CN-GD-SZ"
    )
    spec = services.Spec(
        owner=other, place=other, carrier="electricity", number="O-1", unit="kWh", valid_from=date(2025, 1, 1)
    )
    services.register([spec], actor=SYSTEM, area=other)
    second = services.create_gateway(other, kind="http", name="push", config={}, actor=SYSTEM)
    send(push, [reading(0)])
    send(second, [reading(0, point="O-1"), reading(0)])
    done = services.flush()
    assert (done.batches, done.new, done.held) == (2, 2, 1)  # G-1 is no meter of the other place


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer tlg_wrong", "Basic abc"])
def test_no_token_no_entry(push: Gateway, header: str) -> None:
    headers = {"authorization": header} if header else {}
    answer = Client().post("/api/v1/push", b"[]", "application/json", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (401, "meter.push_token")


def test_a_token_ends_when_it_is_revoked_replaced_or_the_source_switched_off(push: Gateway) -> None:
    token = services.new_token(push, actor=SYSTEM)

    def status() -> int:
        headers = {"authorization": f"Bearer {token}"}
        return Client().post("/api/v1/push", b"[]", "application/json", headers=headers).status_code

    assert status() == 202
    services.enable_gateway(push, False, actor=SYSTEM)
    assert status() == 403
    services.enable_gateway(push, True, actor=SYSTEM)
    services.new_token(push, actor=SYSTEM)
    assert status() == 401
    assert token not in json.dumps(list(Event.objects.values("body")), default=str)
    assert services.hash_of(token) != token


def test_a_gzip_body_is_read_and_a_bomb_refused(push: Gateway) -> None:
    body = gzip.compress(json.dumps([reading(0)]).encode())
    assert send(push, body, **{"content-encoding": "gzip"}).status_code == 202
    bomb = gzip.compress(b" " * (80 * 2**20))
    assert len(bomb) < 100_000
    assert send(push, bomb, **{"content-encoding": "gzip"}).status_code == 413
    assert send(push, body[:-9], **{"content-encoding": "gzip"}).status_code == 400


def test_a_change_does_not_bring_a_revoked_token_back(push: Gateway) -> None:
    services.new_token(push, actor=SYSTEM)
    other = Gateway.objects.get(pk=push.pk)
    services.revoke_token(Gateway.objects.get(pk=push.pk), actor=SYSTEM)
    services.change_gateway(other, name="new name", config={}, actor=SYSTEM)
    services.enable_gateway(other, True, actor=SYSTEM)
    push.refresh_from_db()
    assert (push.name, push.token_hash) == ("new name", None)


def test_every_member_of_a_gzip_body_is_read(push: Gateway) -> None:
    members = [gzip.compress(json.dumps(row).encode()) for row in ([reading(0)], [reading(1)])]
    body = gzip.compress(b"[") + gzip.compress(json.dumps(reading(0)).encode() + b",")
    body += gzip.compress(json.dumps(reading(1)).encode() + b"]") + b"\0" * 8
    assert send(push, body, **{"content-encoding": "gzip"}).json()["stored"] == 2
    assert send(push, b"".join(members) + b"rest", **{"content-encoding": "gzip"}).status_code == 400
    services.flush_all()
    assert len(log()) == 2


def test_a_value_that_no_unit_can_hold_stops_nobody(push: Gateway) -> None:
    send(push, [reading(0, value=9e299, unit="MWh"), reading(1)])
    assert services.flush_all().held == 1
    assert [row["start"] for row in log()] == [START + 900]
    assert [heap.reason for heap in queries.inbox().heaps(push.pk)] == ["not_finite"]


def test_a_meter_of_generation_is_mapped_by_itself_to_its_only_channel(
    push: Gateway, areas: dict[str, Any]
) -> None:
    spec = services.Spec(
        owner=areas["here"], place=areas["home"], carrier="electricity", number="PV-1", unit="kWh",
        channel="generation", valid_from=date(2025, 1, 1),
    )  # fmt: skip
    services.register([spec], actor=SYSTEM, area=areas["here"])
    send(push, [reading(0, point="PV-1")])
    services.flush_all()
    services.refresh()
    found = stored.snapshot().query("SELECT channel FROM log").to_pylist()
    assert found == [{"channel": "generation"}]


def test_of_two_flushes_at_once_the_older_rows_do_not_win(
    push: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tanlin.meter.services import flushing

    real, other = flushing.add_readings, []

    def slow(*args: Any, **kwargs: Any) -> Any:
        if not other:
            services.take(push.pk, [Sample("G-1", START, 900, 2.0, "kWh")]).result()
            other.append(threading.Thread(target=_flush_in_thread))
            other[0].start()
            other[0].join(3)
        return real(*args, **kwargs)

    monkeypatch.setattr(flushing, "add_readings", slow)
    send(push, [reading(0)])
    services.flush()
    other[0].join()
    assert [row["value"] for row in log()] == [1.5, 2.0]


def _flush_in_thread() -> None:
    try:
        services.flush()
    finally:
        connection.close()


def test_a_source_that_sends_too_much_is_told_when_to_come_again(push: Gateway, settings: Any) -> None:
    settings.PUSH_ROWS_PER_MINUTE = 3
    while time.time() % 60 > 55:  # both pushes in one minute
        time.sleep(1)
    assert send(push, [reading(n) for n in range(3)]).status_code == 202
    answer = send(push, [reading(4)])
    assert (answer.status_code, "Retry-After" in answer.headers) == (429, True)


def test_a_full_inbox_says_so_and_keeps_nothing(push: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queries.inbox(), "most_rows", 3)
    answer = send(push, [reading(n) for n in range(4)])
    assert (answer.status_code, "Retry-After" in answer.headers) == (507, True)
    assert queries.inbox().depth(10) == 0


def test_names_are_unique_and_settings_checked(push: Gateway) -> None:
    with pytest.raises(Conflict):
        services.create_gateway(push.area, kind="http", name="push", config={}, actor=SYSTEM)
    with pytest.raises(BadInput) as wrong:
        services.create_gateway(
            push.area, kind="mqtt", name="m", config={"host": "h", "topics": "a/#"}, actor=SYSTEM
        )
    assert wrong.value.where is not None and wrong.value.where.column == "topics"


def test_a_password_lies_in_a_file_of_its_own(push: Gateway, home: Path) -> None:
    config = {"host": "h", "topics": "a/{point}", "username": "u"}
    made = services.create_gateway(
        push.area, kind="mqtt", name="m", config=config, actor=SYSTEM, secret="s3cret"
    )
    file = home / "gateways" / f"{made.pk}.secret"
    assert (file.read_text(), file.stat().st_mode & 0o777) == ("s3cret", 0o600)
    kept = json.dumps([list(Event.objects.values("body")), made.config], default=str)
    assert "s3cret" not in kept
    assert queries.sources()[made.pk][1].secret == "s3cret"
    assert "s3cret" not in repr(queries.sources())


def test_the_page_shows_state_counts_and_what_waits(push: Gateway) -> None:
    people = build_people()
    send(push, [reading(0), reading(0, point="A7"), {"point": "A8", "value": "ON"}])
    services.flush()
    page = people.get("/place/here/meter/gateways/", headers={"hx-request": "true"}).content.decode()
    assert "push" in page and "<html" not in page
    one = people.get(f"/place/here/meter/gateways/{push.pk}/").content.decode()
    assert "A7" in one and "A8" in one and "G-1" in one


def test_a_page_that_asks_by_itself_does_not_keep_the_session_alive(push: Gateway) -> None:
    people = build_people()
    people.get("/place/here/meter/gateways/", headers={"hx-request": "true", "x-poll": "1"})
    assert "touched" not in people.session
    people.get("/place/here/meter/gateways/")
    assert "touched" in people.session


def test_the_token_is_shown_once(push: Gateway) -> None:
    people = build_people()
    address = f"/place/here/meter/gateways/{push.pk}/"
    assert "tlg_" in people.post(address + "token/").content.decode()
    assert "tlg_" not in people.get(address).content.decode()


def test_a_point_is_mapped_on_the_page(push: Gateway) -> None:
    people = build_people()
    send(push, [reading(0, point="A7")])
    services.flush()
    address = f"/place/here/meter/gateways/{push.pk}/map/"
    wrong = {"point": "A7", "number": "no such", "channel": "import", "unit": "", "scale": "1"}
    assert people.post(address, wrong).status_code == 422
    assert people.post(address, {**wrong, "number": "G-1", "unit": "m3"}).status_code == 422
    assert people.post(address, {**wrong, "number": "G-1"}).status_code == 302
    assert GatewayPoint.objects.get().name == "A7"
    assert services.flush().new == 1


def build_people() -> Client:
    """A logged-in engineer of the place."""
    from tanlin.community import services as community
    from tanlin.community.models import Area, User

    user = User.objects.create(username="engineer", password="!")
    community.grant(SYSTEM, user=user, role="engineer", area=Area.objects.get(slug="here"))
    client = Client()
    client.force_login(user)
    return client
