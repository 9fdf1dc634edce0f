"""The demonstration goes without a trace but its events, comes again with equal readings, and spares real places."""

from __future__ import annotations

from typing import Any

import pyarrow.compute as pc
import pytest

from tanlin.community import queries as areas
from tanlin.community import services as community
from tanlin.community.models import Area, User
from tanlin.community.queries import SYSTEM
from tanlin.demo import generate, people, published_facts
from tanlin.kernel.errors import BadInput, Conflict, Refused
from tanlin.kernel.period import Period
from tanlin.record import queries as record
from tests.record.samples import publish

pytestmark = pytest.mark.django_db(transaction=True)


def built(slug: str) -> Any:
    """One place with its bills and registers, its logins and the figures of its root."""
    from tanlin.carbon import services as carbon
    from tanlin.demo import load
    from tanlin.meter import services as meter

    made = generate(slug)
    root = load.create_place(made)
    seconds = made.readings["seconds"]
    slow = made.readings.filter(pc.or_(pc.equal(seconds, 0), pc.greater(seconds, 86400)))
    load.add_readings(root, slow, f"demo:{slug}")
    load.create_logins()
    meter.refresh()
    carbon.derive(root, Period("2025"))
    return root


def effective() -> dict[str, Any]:
    """Sum and number of effective readings by meter number."""
    from tanlin.meter import queries as meters
    from tanlin.readings import queries as readings

    rows = readings.snapshot().query(
        "SELECT meter_id, SUM(value) AS v, COUNT(*) AS n FROM current GROUP BY meter_id ORDER BY meter_id"
    )
    rows = rows.to_pylist()
    names = meters.numbers([row["meter_id"] for row in rows])
    return {names[row["meter_id"]]: (pytest.approx(row["v"]), row["n"]) for row in rows}


def test_removed_and_built_again_with_equal_readings() -> None:
    from tanlin.demo import load
    from tanlin.demo.remove import remove
    from tanlin.meter.models import Meter

    load.add_published()
    built("yunhe")
    before, last = effective(), Meter.objects.latest("pk").pk
    found = remove()
    assert found["places"] == ["caoyun"] and found["batches"] == 1 and found["areas"] > 5
    assert not Area.objects.exists() and not effective() and not people.read()
    assert not User.objects.filter(is_active=True).exists()
    assert len(record.facts("published_figure")) == len(published_facts())
    assert record.verify_chain().whole
    assert remove()["areas"] == 0
    built("yunhe")
    assert effective() == before
    assert Meter.objects.earliest("pk").pk > last
    user = User.objects.get(username="demo-worker")
    assert user.is_active and user.check_password(people.read()["demo-worker"])
    assert record.verify_chain().whole


def test_a_real_place_and_the_login_that_sees_it_stay() -> None:
    from tanlin.demo import load
    from tanlin.demo.remove import remove

    built("yunhe")
    real = community.create_area(SYSTEM, slug="real", name="真实社区", level="community")
    publish("real")
    load.create_operator(real)
    assert remove()["logins"] == ["demo-worker", "demo-auditor"]
    assert list(Area.objects.values_list("slug", flat=True)) == ["real"]
    assert len(record.figures(real)) == 1
    operator = User.objects.get(username=people.OPERATOR)
    assert operator.check_password(people.read()[people.OPERATOR])
    assert [area.slug for area in areas.areas(operator)] == ["real"]


def test_a_demonstration_root_with_real_data_below_is_left_alone() -> None:
    from tanlin.demo import place
    from tanlin.demo.remove import remove

    root = community.create_area(
        SYSTEM, slug=place("yunhe").root, name="x", level="street", origin="demonstration"
    )
    community.create_area(SYSTEM, slug="real", name="y", level="community", parent=root, origin="measured")
    with pytest.raises(Refused):
        remove()
    assert Area.objects.count() == 2


def test_a_tree_that_is_still_used_stays() -> None:
    root = community.create_area(SYSTEM, slug="town", name="x", level="street")
    below = community.create_area(SYSTEM, slug="village", name="y", level="community", parent=root)
    grid = community.create_area(SYSTEM, slug="grid", name="z", level="grid", parent=root)
    community.join_grid(SYSTEM, below, grid)
    user = community.create_user(SYSTEM, username="li", password="a-long-passphrase", area=root)
    community.grant(SYSTEM, user=user, role="street", area=root)
    with pytest.raises(BadInput):
        community.remove_tree(SYSTEM, below)
    with pytest.raises(Conflict):
        community.deactivate_user(SYSTEM, user)
    publish("village")
    with pytest.raises(Conflict, match="town"):
        community.remove_tree(SYSTEM, root)
    assert Area.objects.count() == 3 and areas.areas(user).count() == 3
    from tanlin.record import services

    services.erase_places([below.pk])
    assert community.remove_tree(SYSTEM, root) == 3
    community.deactivate_user(SYSTEM, user)
    assert not User.objects.get(pk=user.pk).is_active


def test_the_register_that_passes_zero_has_no_gap() -> None:
    from tanlin.demo import load, place
    from tanlin.meter import queries as meters
    from tanlin.meter import services as meter
    from tanlin.readings import queries as readings

    made = generate("weiwu")
    number = next(m.number for m in place("weiwu").meters if "rollover" in m.faults)
    mine = made.readings.filter(pc.equal(made.readings["number"], number))
    root = load.create_place(made)
    load.add_readings(root, mine, "demo:weiwu")
    meter.refresh()
    got = readings.snapshot().query("SELECT COUNT(*) AS n, SUM(seconds) AS s, SUM(value) AS v FROM current")
    start, value = mine["start"].to_pylist(), mine["value"].to_pylist()
    row = got.to_pylist()[0]
    assert (row["n"], row["s"]) == (mine.num_rows - 1, start[-1] - start[0])
    assert row["v"] == pytest.approx(value[-1] + 10_000 - value[0])
    assert meters.meter_by_number(root, number).devices.count() == 1
