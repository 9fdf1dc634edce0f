"""A writer of events for the race test: ``race.py locked|unlocked START COUNT NAME``; prints written and forked.

``unlocked`` is the control: it reads the last hash without the chain's lock, as a careless writer would.
"""

import sys
import time
from pathlib import Path

import django

django.setup()

from django.db import IntegrityError, connection  # noqa: E402
from django.utils import timezone  # noqa: E402

from tanlin.kernel.receipt import sha256  # noqa: E402
from tanlin.record.models import Event  # noqa: E402
from tanlin.record.services import event_body, report_event  # noqa: E402


def careless(subject: str) -> None:
    last = Event.objects.order_by("-id").values_list("hash", flat=True).first() or ""
    time.sleep(0.002)
    at = timezone.now()
    body = event_body(at, None, "race.step", None, subject, {}, last)
    Event.objects.create(
        at=at, verb="race.step", subject=subject, body=body, previous=last, hash=sha256(body.encode())
    )


def main(mode: str, start: str, count: int, name: str) -> None:
    connection.ensure_connection()
    own = Path(f"{start}-{name}")
    own.touch()
    while not all(Path(f"{start}-{n}").exists() for n in range(2)):
        time.sleep(0.001)
    written = forked = 0
    for step in range(count):
        try:
            if mode == "locked":
                report_event("race.step", subject=f"{name}-{step}")
            else:
                careless(f"{name}-{step}")
            written += 1
        except IntegrityError:  # the unique link to the one before refuses a fork
            forked += 1
    sys.stdout.write(f"{written} {forked}\n")


main(sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4])
