"""The demonstration is written by services, can be run again, and leaves real places alone."""

from __future__ import annotations

from pathlib import Path

import pyarrow.compute as pc
import pytest

from tanlin.community import services as community
from tanlin.community.queries import SYSTEM, rights_at
from tanlin.demo import generate, people, place, published_facts
from tanlin.kernel.errors import Refused
from tests.demo.test_real import write

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
    assert meters.devices_frame().num_rows == len(made.devices) == 4
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
    assert people.read() == kept and len(kept) == len(people.logins())
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


@pytest.mark.django_db(transaction=True)
def test_readings_go_in_once_and_registers_are_differenced() -> None:
    from tanlin.demo import load
    from tanlin.meter import services as meter
    from tanlin.readings import queries as readings

    made = generate("yunhe")
    root = load.create_place(made)
    seconds = made.readings["seconds"]
    slow = made.readings.filter(pc.or_(pc.equal(seconds, 0), pc.greater(seconds, 86400)))
    for _ in range(2):
        load.add_readings(root, slow, "demo:yunhe")
    meter.refresh()
    snapshot = readings.snapshot()
    assert snapshot.query("SELECT COUNT(*) AS n FROM log")["n"][0].as_py() == slow.num_rows
    exchanged = next(m for m in made.place.meters if "exchange" in m.faults)
    ids = {n: i for i, n in load.meters.numbers(load.meters.known(root)["meter_id"].to_pylist()).items()}
    used = snapshot.query(f"SELECT SUM(value) AS v FROM current WHERE meter_id = {ids[exchanged.number]}")
    old, new = (d for d in made.devices if d.number == exchanged.number)
    last = slow.filter(pc.equal(slow["number"], exchanged.number))["value"][-1].as_py()
    assert used["v"][0].as_py() == pytest.approx(old.final - old.initial + last - new.initial)


@pytest.mark.django_db(transaction=True)
def test_real_meters_become_a_place_of_measured_origin(tmp_path: Path) -> None:
    from tanlin.demo import load
    from tanlin.readings import queries as readings

    write(tmp_path, ["b1_elec"] * 5 + ["b1_gas"] * 5, [22.2, 0, 0, 0, 1, 395, 0, 0, 0, 0])
    for _ in range(2):
        assert load.load_real(tmp_path) == {"b1_elec": 3}
    root = load.find("cambridge-estates")
    assert (root.origin, root.region, root.tz) == ("measured", "GB", "Europe/London")
    sums = readings.snapshot().query("SELECT SUM(value) AS v, COUNT(*) AS n FROM current").to_pylist()[0]
    assert sums["n"] == 7
    assert sums["v"] == pytest.approx(22.2 + 1 + 395 / (39.5 / 3.6))  # gas in m3
