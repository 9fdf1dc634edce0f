"""Pages of the claim check: the list of a place, a claim in steps, and its answer."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext_noop
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tanlin.carbon import services
from tanlin.carbon.claims import KINDS, VERDICTS, Answer, Claim, check, example, examples, headline
from tanlin.carbon.claims.picture import picture
from tanlin.carbon.claims.wording import amount, stated_lines
from tanlin.carbon.queries import claims as queries
from tanlin.carbon.views.claim_form import ClaimForm
from tanlin.community import queries as community
from tanlin.kernel.errors import BadInput, NotFound, Text
from tanlin.record import queries as record

PAGE = 50
# Verbs of this page, for the catalogue of the room.
VERBS = (
    gettext_noop("carbon.claim_checked"),
    gettext_noop("carbon.claim_withdrawn"),
    gettext_noop("carbon.claims_erased"),
)
#: Verdict → its truth mark.
MARKS = {"supported": "verified", "needs_basis": "claimed", "contradicts": "act"}
STEPS = (
    Text("选择说法类别", "Choose the kind of claim"),
    Text("填写已说明的内容", "Enter what is stated"),
    Text("查看答案并保存", "See the answer and keep it"),
)


@login_required
@require_safe
def claims(request: HttpRequest, slug: str) -> HttpResponse:
    """Claims of the place and all below it, newest first."""
    area = community.area(request.user, slug)
    page = Paginator(queries.claims(request.user, area), PAGE).get_page(request.GET.get("page"))
    context = {
        "place": area,
        "claims": [_listed(row) for row in page.object_list],
        "page": page,
        "new_url": reverse("carbon:claim_new", args=[slug])
        if community.may(request.user, area, "derive")
        else None,
        "examples": list(examples().values()),
    }
    return render(request, "carbon/claims.html", context)


def _listed(row: Any) -> dict[str, Any]:
    stated = row.statement
    kind = KINDS.get(stated["kind"])
    claimed = stated.get("claimed")
    return {
        "row": row,
        "kind": kind.title if kind else Text(stated["kind"], stated["kind"]),
        "claimed": None if claimed is None else amount(claimed, stated["unit"]),
        "text": stated.get("text", ""),
        "mark": MARKS[row.verdict],
        "verdict": VERDICTS[row.verdict],
    }


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def claim_new(request: HttpRequest, slug: str) -> HttpResponse:
    """Choose a kind, enter what is stated, see the answer; only the last step keeps it."""
    area = community.area(request.user, slug, "derive")
    start = _example(request.GET.get("example", ""))
    kind = KINDS.get(start.kind if start else request.POST.get("kind") or request.GET.get("kind", ""))
    if kind is None:
        status = 200 if request.method != "POST" else 422
        return render(request, "carbon/claim_kinds.html", _choices(area), status=status)
    initial = _initial(start) if start else {"region": area.region}
    form = ClaimForm(kind, request.POST if request.method == "POST" else None, initial)
    context: dict[str, Any] = {"place": area, "kind": kind, "form": form, "steps": _steps(1)}
    if request.method != "POST":
        return render(request, "carbon/claim_new.html", context)
    if not form.is_valid() or form.claim is None:
        return render(request, "carbon/claim_new.html", context, status=422)
    if "keep" in request.POST:
        row = services.keep_claim(area, form.claim, actor=request.user)
        return redirect("carbon:claim", slug, row.pk)
    answer = check(form.claim, services.known_facts().factors)
    context |= {"steps": _steps(2), **_answered(form.claim, answer)}
    return render(request, "carbon/claim_new.html", context)


def _example(name: str) -> Claim | None:
    """The published claim asked for; raises NotFound for a name there is not."""
    if not name:
        return None
    try:
        return example(name).claim
    except BadInput as error:
        raise NotFound("carbon.no_example") from error


def _initial(claim: Claim) -> dict[str, Any]:
    plain = {
        name: f"{value:.12g}" if isinstance(value, float) else value
        for name, value in {"claimed": claim.claimed, **claim.values}.items()
        if value is not None
    }
    return plain | {"unit": claim.unit, "text": claim.text, "source": claim.source}


def _choices(area: Any) -> dict[str, Any]:
    return {
        "place": area,
        "kinds": list(KINDS.values()),
        "examples": list(examples().values()),
        "steps": _steps(0),
    }


def _steps(now: int) -> list[dict[str, Any]]:
    states = ("done", "now", "")
    return [{"title": title, "state": states[(i > now) - (i < now) + 1]} for i, title in enumerate(STEPS)]


def _answered(claim: Claim, answer: Answer) -> dict[str, Any]:
    """What the answer's part of a page shows."""
    kind = KINDS[claim.kind]
    return {
        "claim": claim,
        "kind": kind,
        "answer": answer,
        "headline": headline(answer),
        "mark": MARKS[answer.verdict],
        "verdict": VERDICTS[answer.verdict],
        "picture": picture(answer),
        "stated": stated_lines(claim),
    }


@login_required
@require_safe
def claim(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """The answer to a kept claim, by the facts its receipt pins."""
    row = queries.claim(request.user, slug, pk)
    stated, answer = services.answer_of(record.receipt(request.user, row.receipt).body)
    context = {
        "place": row.area,
        "row": row,
        "may_withdraw": services.may_withdraw(row, request.user),
        **_answered(stated, answer),
    }
    return render(request, "carbon/claim.html", context)


@login_required
@require_POST
def claim_withdraw(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Take a claim off the list: who entered it only."""
    row = queries.claim(request.user, slug, pk, "derive")
    services.withdraw_claim(row, actor=request.user)
    return redirect("carbon:claims", slug)
