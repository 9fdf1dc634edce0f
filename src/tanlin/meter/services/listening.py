"""What the listener needs of this installation, in threads that give their database connections back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from django.conf import settings
from django.db import close_old_connections
from filelock import FileLock, Timeout

from tanlin.kernel.errors import Conflict, Text
from tanlin.kernel.paths import home
from tanlin.meter import queries
from tanlin.meter.gateways import Reject, Sample, Source
from tanlin.meter.listen import FLUSH_ROWS
from tanlin.meter.services.flushing import Flushed, flush_all
from tanlin.meter.services.gateways import take

P = ParamSpec("P")
R = TypeVar("R")


def _fresh(work: Callable[P, R]) -> Callable[P, R]:
    """Connections that broke or grew old are left before and after."""

    @wraps(work)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        close_old_connections()
        try:
            return work(*args, **kwargs)
        finally:
            close_old_connections()

    return run


class Installation:
    """The ``listen.Store`` of this installation."""

    def __init__(self) -> None:
        self.flush_seconds: float = settings.FLUSH_SECONDS

    @_fresh
    def sources(self) -> dict[int, tuple[int, Source]]:
        """Enabled gateways that are spoken with."""
        return queries.sources()

    def take(self, source: int, samples: Sequence[Sample], rejects: Sequence[Reject]) -> Future[None]:
        """Into the inbox."""
        return take(source, samples, rejects)

    def stand(self, source: int, state: str, error: dict[str, Any] | None) -> None:
        """Into the inbox, for the page."""
        queries.inbox().stand(source, state, error)

    def depth(self) -> int:
        """Rows that wait."""
        return queries.inbox().depth(FLUSH_ROWS)

    @_fresh
    def flush(self) -> Flushed:
        """What waits goes into the log."""
        return flush_all()


def only_listener() -> FileLock:
    """The lock of the one listener of this machine; it falls with the process. Raises Conflict while another runs."""
    lock = FileLock(home() / "listen.lock", timeout=0)
    try:
        lock.acquire()
    except Timeout as error:
        raise Conflict(
            "meter.listener_runs",
            Text("网关监听已在运行。", "The listener runs already."),
            remedy=Text("tanlin serve 会自行启动它。", "tanlin serve starts it by itself."),
        ) from error
    return lock
