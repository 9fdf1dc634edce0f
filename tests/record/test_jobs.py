"""Jobs: claimed once, cancelled, requeued when their worker dies, and shown only to who may see the place."""

import threading
from datetime import timedelta

import pytest
from django.utils import timezone

from tanlin.kernel.errors import BadInput, Conflict, NotFound, Text
from tanlin.record import jobs, queries
from tanlin.record.models import Event, Job
from tests.support.world import World

KINDS = {"test.count": "tests.record.test_jobs:count"}


def count(run: jobs.Run, to: int = 3) -> dict:
    for step in range(to):
        run.progress(step + 1, to, Text(f"第 {step + 1} 步", f"step {step + 1}"))
    return {"counted": to}


@pytest.fixture(autouse=True)
def kinds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "registry", lambda: KINDS)
    monkeypatch.setattr(jobs, "rooms", list)


def test_a_job_runs_to_its_result(world: World):
    job = jobs.enqueue("test.count", {"to": 4}, actor=world.users["worker"], area=world.a)
    done = jobs.work_once()
    assert (done.pk, done.state, done.result) == (job.pk, "done", {"counted": 4})
    assert (done.progress, done.total, done.percent, done.note["en"]) == (4, 4, 100, "step 4")
    assert done.started and done.finished and done.attempts == 1
    assert jobs.work_once() is None
    done.progress = 3
    assert done.percent == 100  # a job that ended has nothing left to do


def test_an_equal_waiting_job_is_not_queued_twice(world: World):
    first = jobs.enqueue("test.count", {"to": 4}, area=world.a)
    assert jobs.enqueue("test.count", {"to": 4}, area=world.a) == first
    assert jobs.enqueue("test.count", {"to": 4}, area=world.b) != first
    with pytest.raises(BadInput):
        jobs.enqueue("test.unknown")


def test_only_one_worker_gets_a_job(world: World):
    job = jobs.enqueue("test.count")
    assert jobs.claim(job.pk) is not None
    assert jobs.claim(job.pk) is None


def test_a_waiting_job_is_cancelled_at_once(world: World):
    job = jobs.enqueue("test.count", area=world.a)
    assert jobs.cancel(job, actor=world.users["worker"]).state == "cancelled"
    assert jobs.work_once() is None
    assert Event.objects.filter(verb="record.job_cancelled", area=world.a).exists()
    with pytest.raises(Conflict):
        jobs.cancel(job)


def test_a_running_job_stops_at_its_next_report(world: World):
    steps = []

    def work(run: jobs.Run) -> dict:
        for step in range(3):
            steps.append(step)
            if step == 1:
                jobs.cancel(run.job)
            run.progress(step, 3)
        return {}

    job = jobs.enqueue("test.count", area=world.a)
    assert jobs.work_once({"test.count": work}).state == "cancelled"
    assert steps == [0, 1] and Job.objects.get(pk=job.pk).result is None


def test_a_failure_is_told_in_both_languages_and_without_a_traceback(world: World):
    def wrong(run: jobs.Run) -> dict:
        raise BadInput("test.bad", Text("坏了", "bad"), remedy=Text("修好", "mend"))

    def crash(run: jobs.Run) -> dict:
        raise ZeroDivisionError("secret path")

    jobs.enqueue("test.count")
    assert jobs.work_once({"test.count": wrong}).error["message"] == {"zh": "坏了", "en": "bad"}
    jobs.enqueue("test.count")
    job = jobs.work_once({"test.count": crash})
    assert (
        job.state == "failed" and job.error["code"] == "record.job_crashed" and "secret" not in str(job.error)
    )


def test_a_job_whose_worker_died_is_queued_again_and_gives_up_in_the_end(world: World):
    pk = jobs.enqueue("test.count").pk
    for attempt in range(1, jobs.MOST_ATTEMPTS + 1):
        job = jobs.claim(pk)
        assert job.attempts == attempt and jobs.requeue_lost() == 0
        Job.objects.filter(pk=pk).update(heartbeat=timezone.now() - timedelta(seconds=61))
        assert jobs.requeue_lost() == 1
    assert Job.objects.get(pk=pk).error["code"] == "record.job_lost"


def test_a_worker_that_lost_its_job_can_no_longer_write_to_it(world: World):
    pk = jobs.enqueue("test.count").pk
    slow = jobs.claim(pk)
    Job.objects.filter(pk=pk).update(heartbeat=timezone.now() - timedelta(seconds=61))
    jobs.requeue_lost()
    fast = jobs.claim(pk)
    with pytest.raises(jobs.Lost):
        jobs.Run(slow).progress(1)
    assert not jobs.heartbeat(slow) and jobs.heartbeat(fast)


def test_a_worker_told_to_stop_gives_its_job_back(world: World):
    def stopped(run: jobs.Run) -> dict:
        raise SystemExit(0)

    pk = jobs.enqueue("test.count").pk
    with pytest.raises(SystemExit):
        jobs.work_once({"test.count": stopped})
    assert (Job.objects.get(pk=pk).state, Job.objects.get(pk=pk).attempts) == ("queued", 0)


def test_periodic_jobs_are_queued_when_due_and_once(world: World, monkeypatch):
    from tanlin.kernel.manifest import Room

    monkeypatch.setattr(jobs, "rooms", lambda: [Room("test", Text("", ""), periodic=("test.count@60",))])
    assert len(jobs.enqueue_due()) == 1 and jobs.enqueue_due() == []
    assert jobs.work_once().state == "done" and jobs.enqueue_due() == []
    Job.objects.update(created=timezone.now() - timedelta(seconds=61))
    assert len(jobs.enqueue_due()) == 1
    assert Job.objects.count() == 1, "finished rows of a periodic job do not pile up"


@pytest.mark.django_db(transaction=True)
def test_the_worker_runs_what_waits_and_stops(monkeypatch):
    stop = threading.Event()

    def last(run: jobs.Run) -> dict:
        stop.set()
        return {}

    monkeypatch.setattr(jobs, "registry", lambda: {**KINDS, "test.last": last})
    first, second = jobs.enqueue("test.count"), jobs.enqueue("test.last")
    jobs.run_worker(stop, poll_seconds=0.01)
    assert [Job.objects.get(pk=job.pk).state for job in (first, second)] == ["done", "done"]


def test_a_job_is_seen_only_where_its_place_is(world: World):
    job = jobs.enqueue("test.count", actor=world.users["worker"], area=world.areas["home-a"])
    own = jobs.enqueue("test.count", {"to": 1}, actor=world.users["nobody"])
    assert queries.jobs(world.users["auditor"], world.a) == [job]
    assert queries.job(world.users["nobody"], own.pk) == own
    for user, pk in (
        (world.users["other"], job.pk),
        (world.users["auditor"], own.pk),
        (world.users["auditor"], 0),
    ):
        with pytest.raises(NotFound):
            queries.job(user, pk)
    assert queries.may_cancel(world.users["engineer"], job) and not queries.may_cancel(
        world.users["auditor"], job
    )
