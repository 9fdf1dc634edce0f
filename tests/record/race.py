"""One of two racing processes: ``race.py MODE START COUNT NAME``; prints two numbers.

``events`` writes events, ``events-control`` reads the last hash without the chain's lock, as a careless writer
would: written and forked. ``jobs`` claims jobs, ``jobs-control`` looks first and takes then: won and lost.
``approvals`` decides documents as the reviewer of that name, ``approvals-control`` looks first and writes then.
"""

import sys
import time
from pathlib import Path

import django

django.setup()

from django.db import IntegrityError, connection  # noqa: E402
from django.utils import timezone  # noqa: E402

from tanlin.community.models import User  # noqa: E402
from tanlin.kernel.errors import Conflict  # noqa: E402
from tanlin.kernel.receipt import sha256  # noqa: E402
from tanlin.record.jobs import claim  # noqa: E402
from tanlin.record.models import Approval, Event, Job  # noqa: E402
from tanlin.record.services import decide, event_body, report_event  # noqa: E402


def careless(subject: str) -> None:
    last = Event.objects.order_by("-id").values_list("hash", flat=True).first() or ""
    time.sleep(0.002)
    at = timezone.now()
    body = event_body(at, None, "race.step", None, subject, {}, last)
    Event.objects.create(
        at=at, verb="race.step", subject=subject, body=body, previous=last, hash=sha256(body.encode())
    )


def write(step: str, control: bool) -> bool:
    try:
        careless(step) if control else report_event("race.step", subject=step)
    except IntegrityError:  # the unique link to the one before refuses a fork
        return False
    return True


def take(pk: int, control: bool) -> bool:
    if not control:
        return claim(pk) is not None
    job = Job.objects.get(pk=pk)
    free = job.state == Job.State.QUEUED
    time.sleep(0.002)
    if free:
        job.state = Job.State.RUNNING
        job.save()
    return free


def review(pk: int, reviewer: User, control: bool) -> bool:
    row = Approval.objects.get(pk=pk)
    if not control:
        try:
            decide(pk, reviewer, "return" if reviewer.username == "reviewer-1" else "pass", "x", version=0)
        except Conflict:
            return False
        return True
    time.sleep(0.002)
    if row.roles:
        row.roles, row.state = "", Approval.State.APPROVED
        row.save()
        return True
    return False


def main(mode: str, start: str, count: int, name: str) -> None:
    connection.ensure_connection()
    queued = list(Job.objects.filter(state=Job.State.QUEUED).order_by("pk").values_list("pk", flat=True))
    papers = list(Approval.objects.exclude(roles="").order_by("pk").values_list("pk", flat=True))
    Path(f"{start}-{name}").touch()
    while not all(Path(f"{start}-{n}").exists() for n in range(2)):
        time.sleep(0.001)
    kind, _, control = mode.partition("-")
    if kind == "events":
        good = [write(f"{name}-{step}", bool(control)) for step in range(count)]
    elif kind == "approvals":
        reviewer = User.objects.get(username=f"reviewer-{name}")
        good = [review(pk, reviewer, bool(control)) for pk in papers]
    else:
        good = [take(pk, bool(control)) for pk in queued]
    sys.stdout.write(f"{sum(good)} {len(good) - sum(good)}\n")


main(sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4])
