"""The carbon part of the API: the inventory of a place, the factors, and the request to derive."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Router, Schema, Status

from tanlin.carbon import queries
from tanlin.carbon.queries.accounts import account_figures, account_json
from tanlin.community import queries as community
from tanlin.kernel.errors import NotFound, Text
from tanlin.kernel.period import Period
from tanlin.kernel.ports import enqueue
from tanlin.record import queries as record

router = Router(tags=["carbon"])


class DeriveIn(Schema):
    """Label of a year or month, such as 2025 or 2025-06."""

    period: str


@router.get("/places/{slug}/inventory", response=dict[str, Any])
def inventory(request: HttpRequest, slug: str, period: str) -> dict[str, Any]:
    """The published carbon figures of a place and period by key; 404 when they were never derived."""
    area = community.area(request.user, slug)
    label = Period.parse(period).label
    figures = {key: f for (key, _), f in record.figures(area, label).items() if key.startswith("carbon.")}
    if not figures:
        raise NotFound("carbon.not_derived", Text("尚未计算。", "Not derived yet."))
    return queries.inventory_json(figures)


@router.get("/places/{slug}/account", response=dict[str, Any])
def account(request: HttpRequest, slug: str, year: int) -> dict[str, Any]:
    """The published account of a place and year to the GPC: boundary, facts, figures; 404 when never derived."""
    figures = account_figures(community.area(request.user, slug), year)
    if not figures:
        raise NotFound("carbon.not_derived", Text("尚未计算。", "Not derived yet."))
    return account_json(figures)


@router.post("/places/{slug}/derive", response={202: dict[str, Any]})
def derive(request: HttpRequest, slug: str, body: DeriveIn) -> Status[dict[str, Any]]:
    """Queue the derivation of a place and period; answers with the job."""
    area = community.area(request.user, slug, "derive")
    args = {"slug": slug, "period": Period.parse(body.period).label}
    job = enqueue("carbon.derive", args, actor=request.user, area=area)
    return Status(202, {"job": job.pk, "state": job.state})


@router.get("/facts", response=list[dict[str, Any]])
def facts(request: HttpRequest, kind: str = "", region: str = "", q: str = "") -> list[dict[str, Any]]:
    """Factors and tariffs, newest version of each, with source and whether it was verified."""
    return [vars(row) for row in queries.facts(kind, region, q)]
