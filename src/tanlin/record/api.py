"""JSON API of the record: receipts, figures, jobs."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Router

from tanlin.community import queries as community
from tanlin.kernel.errors import Forbidden, NotFound
from tanlin.kernel.period import Period
from tanlin.record import jobs as work
from tanlin.record import queries
from tanlin.record.figures import figure_json
from tanlin.record.models import Job
from tanlin.record.replay import replay_json

router = Router(tags=["record"])


@router.get("/receipts/{digest}", url_name="record_receipt")
def receipt(request: HttpRequest, digest: str) -> dict[str, Any]:
    """A receipt: the body its hash is taken over, and what stands outside."""
    return receipt_json(queries.receipt(request.user, digest))


@router.post("/receipts/{digest}/replay", url_name="record_replay")
def replay(request: HttpRequest, digest: str) -> dict[str, Any]:
    """Recompute a receipt: ``equal``, ``differs``, ``retired`` or ``erased``, with the changed inputs."""
    found = queries.receipt(request.user, digest, "replay")
    return replay_json(queries.replay(request.user, digest), found.code)


@router.get("/places/{slug}/figures", url_name="record_figures")
def figures(request: HttpRequest, slug: str, period: str | None = None) -> list[dict[str, Any]]:
    """All current figures of a place, tables left out."""
    area = community.area(request.user, slug)
    label = Period.parse(period).label if period else None
    return [figure_json(figure) for figure in queries.figures(area, label, tables=False).values()]


@router.get("/places/{slug}/figures/{key}/{period}", url_name="record_figure")
def figure(request: HttpRequest, slug: str, key: str, period: str) -> dict[str, Any]:
    """One figure with its table; 404 when it was never computed."""
    found = queries.figure(community.area(request.user, slug), key, Period.parse(period).label)
    if found is None:
        raise NotFound("record.figure_unknown")
    return figure_json(found)


@router.get("/jobs/{pk}", url_name="record_job")
def job(request: HttpRequest, pk: int) -> dict[str, Any]:
    """State, progress and result of a job."""
    return job_json(queries.job(request.user, pk))


@router.post("/jobs/{pk}/cancel", url_name="record_cancel")
def cancel(request: HttpRequest, pk: int) -> dict[str, Any]:
    """Ask a job to stop; 409 when it is over."""
    found = queries.job(request.user, pk)
    if not queries.may_cancel(request.user, found):
        raise Forbidden()
    return job_json(work.cancel(found, actor=request.user))


def receipt_json(found: queries.StoredReceipt) -> dict[str, Any]:
    """The JSON shape of a stored receipt."""
    outside = {"batch": found.batch, "created_at": found.created_at.isoformat(), "code": found.code}
    return {"hash": found.hash, "receipt": found.body, **outside}


def job_json(found: Job) -> dict[str, Any]:
    """The JSON shape of a job."""
    names = ("kind", "state", "progress", "total", "note", "cancel_requested", "result", "error")
    times = {name: getattr(found, name) for name in ("created", "started", "finished")}
    place = found.area.slug if found.area else None
    return {
        "id": found.pk,
        "place": place,
        **{name: getattr(found, name) for name in names},
        **{name: time.isoformat() if time else None for name, time in times.items()},
    }
