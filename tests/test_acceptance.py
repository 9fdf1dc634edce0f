"""The spine on 69 real meters: one number on every surface, a receipt that replays and names what changed.

Needs the reference data. Timings are printed, never asserted.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

import pytest

from tests.support import shared

TOLD: list[str] = []


@contextmanager
def timed(what: str) -> Iterator[None]:
    start = time.perf_counter()
    yield
    TOLD.append(f"{what}: {time.perf_counter() - start:.2f} s")


def test_the_pure_rooms_import_without_django_and_its_settings() -> None:
    program = (
        "import sys, time\nstart = time.perf_counter()\n"
        "import tanlin.kernel, tanlin.readings, tanlin.carbon\n"
        "print(f'{time.perf_counter() - start:.3f} s')\n"
        "assert 'django' not in sys.modules\n"
        "from tanlin.carbon import inventory\nfrom tanlin.readings import Engine\n"
        "assert 'django' not in sys.modules\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, env={"PATH": ""}
    )
    assert done.returncode == 0, done.stderr
    print("import tanlin.kernel, tanlin.readings, tanlin.carbon:", done.stdout.strip())


@pytest.mark.shared
@pytest.mark.django_db(transaction=True)
def test_a_figure_of_the_real_place(capsys: pytest.CaptureFixture[str]) -> None:
    from django.test import Client

    from tanlin.carbon import services
    from tanlin.carbon.cli import cli
    from tanlin.community import queries as areas
    from tanlin.community import services as community
    from tanlin.community.models import User
    from tanlin.community.queries import SYSTEM
    from tanlin.demo import load
    from tanlin.kernel.cli import run
    from tanlin.kernel.period import Period
    from tanlin.meter import queries as meters
    from tanlin.meter import services as meter
    from tanlin.record import FactRow
    from tanlin.record import queries as record
    from tanlin.record.models import ReceiptRow

    with timed("69 meters imported and derived"):
        load.load_real(shared("data", "meters", "ucam_hourly"))
    root, year = areas.area(SYSTEM, "cambridge-estates"), Period("2020")
    assert meters.meters(root).count() == 69
    keeper = User.objects.create(username="keeper", password="!")
    community.grant(SYSTEM, user=keeper, role="operator", area=root)
    client = Client()
    client.force_login(keeper)
    page, api = f"/place/{root.slug}/carbon/?year=2020", f"/api/v1/places/{root.slug}/"

    def figure(key: str = "carbon.co2e") -> Any:
        found = record.figure(root, key, "2020")
        assert found is not None
        return found

    def numbers() -> dict[str, dict[str, float]]:
        """Surface → figure key → value."""
        html = client.get(page).content.decode()
        shown = re.findall(
            r'data-figure="([^"]+)"(?:(?!</article>).)*?<data class="number" value="([^"]+)"', html, re.S
        )
        capsys.readouterr()
        assert run(cli, ["inventory", "--place", root.slug, "--year", "2020", "--json"]) == 0
        command = json.loads(capsys.readouterr().out)
        whole = client.get(f"{api}inventory?period=2020").json()
        ones = {key: client.get(f"{api}figures/{key}/2020").json() for key, _ in shown}
        return {"page": {key: float(value) for key, value in shown}} | {
            name: {key: surface[key]["value"] for key, _ in shown}
            for name, surface in (("--json", command), ("inventory", whole), ("figures", ones))
        }

    def replay(digest: str) -> tuple[str, list[str]]:
        with timed("replay"):
            found = record.replay(SYSTEM, digest)
        return found.answer, [change.name for change in found.changes]

    minted = ReceiptRow.objects.count()
    with timed("page, command and API"):
        first = numbers()
    assert first == numbers()
    assert len({json.dumps(surface, sort_keys=True) for surface in first.values()}) == 1
    assert {"carbon.co2e", "carbon.electricity"} <= first["page"].keys()
    assert ReceiptRow.objects.count() == minted
    for key in ("carbon.co2e", "carbon.inventory", "carbon.days"):
        assert replay(figure(key).receipt) == ("equal", [])
    assert figure("carbon.cost").value is None and figure("carbon.cost").reason is not None

    def factor() -> None:
        (name,) = {r["factor_id"] for r in figure("carbon.inventory").table if r["carrier"] == "electricity"}
        fact = record.fact_by(name)
        newer = vars(fact) | {"value": dict(fact.value) | {"value": 0.3}, "published": date(2026, 6, 30)}
        services.add_factor(FactRow(**{**newer, "learned": None, "vintage": ""}), actor=SYSTEM)
        names.append(name)

    def multiplier() -> None:
        row = meters.meters(root).filter(meter__carrier="electricity")[0]
        meter.change(row, {"multiplier": 2.0}, actor=SYSTEM)
        names.append(f"{row.meter.number} · multiplier")

    def reading() -> None:
        one = meters.meters(root).filter(meter__carrier="electricity")[1].meter
        start = 1_592_740_800  # 2020-06-21 12:00 UTC
        meter.correct_reading(
            meter_id=one.pk, channel="import", start=start, seconds=3600, value=1.0,
            reason="wrong", actor=SYSTEM, area=root,
        )  # fmt: skip
        with timed("refresh"):
            assert meter.refresh().meter_days == 1
        names.append(f"{one.number} · 2020-06-21")

    old = figure()
    for act in (factor, multiplier, reading):
        names: list[str] = []
        was = figure()
        act()
        assert figure().stale
        assert replay(was.receipt) == ("equal", names)
        with timed("derive"):
            services.derive(root, year)
        assert not figure().stale and figure().receipt != was.receipt
        assert replay(figure().receipt) == ("equal", [])
        assert replay(was.receipt)[0] == "equal"
    answer, changed = replay(old.receipt)
    assert (answer, len(changed)) == ("equal", 3)
    with timed("everything that is stale"):
        counts = services.derive_all(services.ordered(services.stale()), services.Kit.fresh())
    print(*TOLD, counts, sep="\n")
    assert services.stale() == set()
