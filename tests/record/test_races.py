"""Two processes at once: the event chain never forks, a job is taken once. Each has a control that shows the race."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.db import connection

from tests.support import ROOT

STEPS = 40
QUEUE = (
    "import django; django.setup()\n"
    "from django.utils import timezone\n"
    "from tanlin.record.models import Job\n"
    f"Job.objects.bulk_create([Job(kind='test.race', created=timezone.now()) for _ in range({STEPS})])\n"
)
PAPERS = (
    "import django; django.setup()\n"
    "from tanlin.community import services as community\n"
    "from tanlin.community.models import Area, User\n"
    "from tanlin.community.rights import SYSTEM\n"
    "from tanlin.record import services\n"
    "from tanlin.record.approval import Subject\n"
    "if not User.objects.exists():\n"
    "    place = community.create_area(SYSTEM, slug='race', name='甲社区', level='community', region='CN')\n"
    "    for name in ('reviewer-0', 'reviewer-1', 'author'):\n"
    "        user = User.objects.create(username=name, password='!')\n"
    "        community.grant(SYSTEM, user=user, role='worker', area=place)\n"
    "place, author = Area.objects.get(slug='race'), User.objects.get(username='author')\n"
    "old = services.core.Approval.objects.count()\n"
    f"for n in range({STEPS}):\n"
    "    services.submit(Subject('race', 'paper', str(old + n), 'x', '/', place), 'event_link', author)\n"
)


@pytest.fixture
def environment(request: pytest.FixtureRequest, home: Path) -> dict[str, str]:
    """A database that other processes reach: the test database on PostgreSQL, a file on SQLite."""
    url = f"sqlite:///{home / 'race.sqlite3'}"
    if connection.vendor == "postgresql":
        request.getfixturevalue("transactional_db")
        url = "postgresql://{USER}:{PASSWORD}@{HOST}:{PORT}/{NAME}".format(**connection.settings_dict)
    settings = {
        "DATABASE_URL": url,
        "TANLIN_HOME": str(home),
        "DJANGO_SETTINGS_MODULE": "tanlin.web.settings",
    }
    found = {**os.environ, **settings}
    if connection.vendor == "sqlite":
        migrate = [sys.executable, "-m", "django", "migrate", "-v0", "--skip-checks", "tanlin_record"]
        subprocess.run(migrate, env=found, check=True, capture_output=True)
    return found


def race(environment: dict[str, str], mode: str) -> tuple[int, int]:
    """Two processes race; returns the sums of the two numbers each of them prints."""
    start = str(Path(environment["TANLIN_HOME"]) / f"start-{mode}")
    command = [sys.executable, str(ROOT / "tests/record/race.py"), mode, start, str(STEPS)]
    racers = [
        subprocess.Popen(
            [*command, str(n)], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for n in range(2)
    ]
    outputs = [racer.communicate(timeout=90) for racer in racers]
    for racer, (_, error) in zip(racers, outputs, strict=True):
        assert racer.returncode == 0, error
    good, bad = zip(*(map(int, out.split()) for out, _ in outputs), strict=True)
    return sum(good), sum(bad)


@pytest.mark.database
def test_writers_at_once_do_not_fork_the_chain_and_without_the_lock_they_would(environment: dict[str, str]):
    assert race(environment, "events") == (2 * STEPS, 0)
    stood, forked = race(environment, "events-control")
    assert forked > 0, "the control must show the race that the lock prevents"
    assert stood + forked == 2 * STEPS


@pytest.mark.database
def test_a_job_is_taken_once_and_by_look_then_take_it_would_be_taken_twice(environment: dict[str, str]):
    for mode in ("jobs", "jobs-control"):
        subprocess.run([sys.executable, "-c", QUEUE], env=environment, check=True, capture_output=True)
        taken, _ = race(environment, mode)
        if mode == "jobs":
            assert taken == STEPS
        else:
            assert taken > STEPS, "the control must show the race that compare-and-set prevents"


@pytest.mark.database
def test_two_reviewers_at_once_make_one_decision_and_by_look_then_write_they_would_make_two(
    environment: dict[str, str],
):
    for mode in ("approvals", "approvals-control"):
        subprocess.run([sys.executable, "-c", PAPERS], env=environment, check=True, capture_output=True)
        decided, overtaken = race(environment, mode)
        if mode == "approvals":
            assert (decided, overtaken) == (STEPS, STEPS)
        else:
            assert decided > STEPS, "the control must show the race that the version prevents"
