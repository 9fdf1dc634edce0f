"""Long work: a queue of rows, and the worker that takes them.

A job is claimed by compare-and-set, tells its progress, beats while it runs, and stops at its next
report of progress when someone cancels it. A job whose worker died is queued again, three times at most.
Functions are named by the manifests: ``fn(run: Run, **args) -> dict | None``; they own their transactions.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import close_old_connections, connections, transaction
from django.db.models import F, Q
from django.utils import timezone

from tanlin.kernel.errors import BadInput, Conflict, TanlinError, Text, Where
from tanlin.kernel.manifest import load, rooms
from tanlin.record.models import Job
from tanlin.record.services import report_event

BEAT_SECONDS = 10
LOST_AFTER = timedelta(seconds=60)
MOST_ATTEMPTS = 3
PERIOD_SECONDS = 3600
log = logging.getLogger("tanlin.record.jobs")
Work = Callable[..., "dict[str, Any] | None"]


class Cancelled(Exception):
    """Raised inside a job at its next report of progress after someone cancelled it."""


class Lost(Exception):
    """Raised inside a job that another worker took over."""


@dataclass(frozen=True)
class Run:
    """What a job sees of itself. ``actor`` and ``area`` may be None."""

    job: Job

    @property
    def actor(self) -> Any:
        return self.job.actor

    @property
    def area(self) -> Any:
        return self.job.area

    def progress(self, done: int, total: int | None = None, note: Text | None = None) -> None:
        """Tell how far the work is. Raises Cancelled or Lost, so call it where stopping is safe."""
        fields: dict[str, Any] = {"progress": done, "heartbeat": timezone.now()}
        if total is not None:
            fields["total"] = total
        if note is not None:
            fields["note"] = note._asdict()
        if not _mine(self.job).update(**fields):
            raise Lost(f"job {self.job.pk}")
        if _mine(self.job).filter(cancel_requested=True).exists():
            raise Cancelled(f"job {self.job.pk}")


def registry() -> dict[str, str]:
    """Dotted paths of the job functions of all installed rooms by kind."""
    return {kind: path for room in rooms() for kind, path in room.jobs.items()}


@transaction.atomic
def enqueue(kind: str, args: Mapping[str, Any] | None = None, *, actor: Any = None, area: Any = None) -> Job:
    """Queue a job; an equal one that still waits is returned instead. Raises BadInput for an unknown kind."""
    if kind not in registry():
        raise BadInput(
            "record.job_unknown",
            Text("没有这种任务。", "There is no such kind of job."),
            where=Where(value=kind),
        )
    waiting = Job.objects.filter(kind=kind, state=Job.State.QUEUED, area=area)
    for job in waiting:
        if job.args == dict(args or {}):
            return job
    actor_id = getattr(actor, "pk", None)
    return Job.objects.create(
        kind=kind, args=dict(args or {}), actor_id=actor_id, area=area, created=timezone.now()
    )


def claim(job_id: int) -> Job | None:
    """Take a waiting job; None when another worker was faster (compare-and-set)."""
    now = timezone.now()
    taken = Job.objects.filter(pk=job_id, state=Job.State.QUEUED).update(
        state=Job.State.RUNNING, attempts=F("attempts") + 1, started=now, heartbeat=now, progress=0
    )
    return Job.objects.select_related("actor", "area").get(pk=job_id) if taken else None


def heartbeat(job: Job) -> bool:
    """Say that the worker lives; False when the job is no longer its own."""
    return bool(_mine(job).update(heartbeat=timezone.now()))


@transaction.atomic
def cancel(job: Job, *, actor: Any = None) -> Job:
    """Cancel a waiting job at once, a running one at its next report. Raises Conflict when it is over."""
    now = timezone.now()
    waiting = Job.objects.filter(pk=job.pk, state=Job.State.QUEUED)
    changed = waiting.update(state=Job.State.CANCELLED, cancel_requested=True, finished=now)
    running = Job.objects.filter(pk=job.pk, state=Job.State.RUNNING)
    if not (changed or running.update(cancel_requested=True)):
        raise Conflict("record.job_over", Text("任务已经结束。", "The job is over."))
    report_event("record.job_cancelled", actor=actor, area=job.area, subject=job.kind, data={"job": job.pk})
    return Job.objects.get(pk=job.pk)


def work_once(functions: Mapping[str, str | Work] | None = None, *, beat: bool = False) -> Job | None:
    """Take the oldest waiting job and run it to its end; None when none waits or another worker took it.

    ``beat``: keep the heartbeat in a thread, so that a long silent step is not taken for a dead worker.
    """
    known = registry() if functions is None else functions
    first = Job.objects.filter(state=Job.State.QUEUED, kind__in=list(known)).order_by("pk").first()
    job = claim(first.pk) if first else None
    if job is None:
        return None
    stop = threading.Event()
    thread = threading.Thread(target=_beat, args=(job, stop), daemon=True)
    if beat:
        thread.start()
    try:
        _run(job, known[job.kind])
    finally:
        stop.set()
        if beat:
            thread.join()
    return Job.objects.get(pk=job.pk)


def _run(job: Job, function: str | Work) -> None:
    work: Work = load(function) if isinstance(function, str) else function
    try:
        result = work(Run(job), **job.args)
    except Cancelled:
        _finish(job, Job.State.CANCELLED)
    except Lost:
        log.warning("job %s %s was taken over by another worker", job.pk, job.kind)
    except TanlinError as error:
        _finish(job, Job.State.FAILED, error=error.as_dict())
    except Exception:
        log.exception("job %s %s failed", job.pk, job.kind)
        _finish(
            job,
            Job.State.FAILED,
            error=_crash(
                "record.job_crashed", "任务异常中止，请查看运行日志。", "The job broke off; see the log."
            ),
        )
    except BaseException:  # the worker is told to stop: the job waits for the next one
        _mine(job).update(state=Job.State.QUEUED, attempts=F("attempts") - 1)
        raise
    else:
        _finish(job, Job.State.DONE, result=result)


def _finish(job: Job, state: str, **fields: Any) -> None:
    _mine(job).update(state=state, finished=timezone.now(), **fields)


def _mine(job: Job) -> Any:
    return Job.objects.filter(pk=job.pk, state=Job.State.RUNNING, attempts=job.attempts)


def _crash(code: str, zh: str, en: str) -> dict[str, Any]:
    return TanlinError(code, Text(zh, en)).as_dict()


def _beat(job: Job, stop: threading.Event) -> None:
    try:
        while not stop.wait(BEAT_SECONDS):
            if not heartbeat(job):
                return
    finally:
        connections.close_all()


def requeue_lost() -> int:
    """Queue again the jobs whose worker fell silent; those that used up their attempts fail. Returns how many."""
    now = timezone.now()
    silent = Job.objects.filter(state=Job.State.RUNNING, heartbeat__lt=now - LOST_AFTER)
    stopped = silent.filter(cancel_requested=True).update(state=Job.State.CANCELLED, finished=now)
    error = _crash("record.job_lost", "任务多次中断，未能完成。", "The job was interrupted too often.")
    failed = silent.filter(attempts__gte=MOST_ATTEMPTS).update(
        state=Job.State.FAILED, finished=now, error=error
    )
    return stopped + failed + silent.update(state=Job.State.QUEUED)


def enqueue_due() -> list[Job]:
    """Queue the periodic jobs that are due. Manifests name them ``kind`` or ``kind@seconds`` (default hourly)."""
    due = []
    for entry in (entry for room in rooms() for entry in room.periodic):
        kind, _, seconds = entry.partition("@")
        since = timezone.now() - timedelta(seconds=int(seconds or PERIOD_SECONDS))
        open_or_recent = Q(state__in=[Job.State.QUEUED, Job.State.RUNNING]) | Q(created__gt=since)
        if not Job.objects.filter(open_or_recent, kind=kind, area=None, actor=None).exists():
            # Of a periodic job only the last rows are of use.
            Job.objects.filter(kind=kind, area=None, actor=None, state=Job.State.DONE).delete()
            due.append(enqueue(kind))
    return due


def work_through() -> Iterator[Job]:
    """Requeue what was lost, queue what is due, then run job after job until none waits."""
    requeue_lost()
    enqueue_due()
    while (job := work_once(beat=True)) is not None:
        yield job


def run_worker(stop: threading.Event, poll_seconds: float = 1.0) -> None:
    """Work until ``stop`` is set; between the jobs, look for lost and due ones every ``poll_seconds``."""
    while not stop.is_set():
        close_old_connections()
        for _job in work_through():
            if stop.is_set():
                return
        stop.wait(poll_seconds)
