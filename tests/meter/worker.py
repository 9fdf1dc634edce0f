"""A worker process that dies by SIGKILL at a named point of an import: ``python -m tests.meter.worker POINT``."""

import os
import signal
import sys
from typing import Any


def die(*_: Any) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def main(point: str) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tanlin.web.settings")
    import django

    django.setup()
    from tanlin.meter.services import imports
    from tanlin.readings import services as readings
    from tanlin.readings.store import Store
    from tanlin.record import jobs

    if point == "registered":  # meters are known, nothing is written
        imports.staging.with_ids = die
    elif point == "reserved":  # the batch has its number, the log does not hold it
        Store.append = die  # type: ignore[method-assign, assignment]
    elif point == "appended":  # between append and commit
        readings._commit = die
    elif point == "committed":  # the batch counts, readers do not see it yet
        whole = imports.add_readings
        imports.add_readings = lambda *args, **more: die(whole(*args, **more))
    elif point == "refreshing":
        readings._publish = die
    for _job in jobs.work_through():
        pass


if __name__ == "__main__":
    main(sys.argv[1])
