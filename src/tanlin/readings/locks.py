"""One writer at a time over all processes; the lock falls with the process that holds it, even on kill -9."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

from filelock import FileLock, Timeout

from tanlin.kernel.errors import Conflict, Text
from tanlin.kernel.paths import home

#: Advisory lock numbers on PostgreSQL.
_NUMBERS = {"writer": 7_430_001, "refresh": 7_430_002, "flush": 7_430_004}


@contextmanager
def locked(
    name: Literal["writer", "refresh", "flush"], connection: Any, seconds: float = 600
) -> Iterator[None]:
    """Hold the lock; raises Conflict when another process keeps it for longer than ``seconds``.

    ``connection`` is Django's: PostgreSQL gives an advisory lock, which holds over machines; beside SQLite
    lies a lock file.
    """
    if connection.vendor == "postgresql":
        with _advisory(_NUMBERS[name], connection, seconds):
            yield
        return
    lock = FileLock(home() / "readings" / f"{name}.lock", timeout=seconds)
    (home() / "readings").mkdir(parents=True, exist_ok=True)
    try:
        lock.acquire()
    except Timeout as error:
        raise _busy() from error
    try:
        yield
    finally:
        lock.release()


@contextmanager
def _advisory(number: int, connection: Any, seconds: float) -> Iterator[None]:
    deadline = time.monotonic() + seconds
    with connection.cursor() as cursor:
        while True:
            cursor.execute("SELECT pg_try_advisory_lock(%s)", [number])
            if cursor.fetchone()[0]:
                break
            if time.monotonic() > deadline:
                raise _busy()
            time.sleep(0.05)
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [number])


def _busy() -> Conflict:
    return Conflict(
        "readings.busy",
        Text("读数正在被另一个进程写入。", "Another process is writing readings."),
        remedy=Text("请稍后再试。", "Try again later."),
    )
