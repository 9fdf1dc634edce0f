"""Pages of 审批: what waits for me, one document with its steps and the opinion form, and who stands in for me."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tanlin.community import queries as community
from tanlin.kernel.errors import BadInput, Conflict, Forbidden, TanlinError, Text
from tanlin.record import services
from tanlin.record.forms import DelegationForm, OpinionForm
from tanlin.record.models import Approval
from tanlin.record.queries import approvals as queries
from tanlin.record.services.holding import holding

PAGE = 50
VERBS = (
    gettext_noop("record.approval_submitted"),
    gettext_noop("record.approval_decided"),
    gettext_noop("record.approval_withdrawn"),
    gettext_noop("record.approval_rule_set"),
    gettext_noop("record.delegated"),
    gettext_noop("record.delegation_ended"),
)
LISTS = {"todo": queries.todo, "done": queries.done, "mine": queries.mine}


@require_GET
def todo(request: HttpRequest) -> HttpResponse:
    """待办, 已办 and what I submitted: each user's own."""
    asked = request.GET.get("view", "todo")
    view = asked if asked in LISTS else "todo"
    page = Paginator(LISTS[view](request.user), PAGE).get_page(request.GET.get("page"))
    return render(request, "record/todo.html", {"page": page, "view": view, "place": _last_place(request)})


def _last_place(request: HttpRequest) -> Any:
    """The place last looked at, whose delegations the page leads to."""
    slug = request.session.get("place")
    return community.areas(request.user).filter(slug=slug).first() if slug else None


@require_GET
def approval(request: HttpRequest, pk: int) -> HttpResponse:
    """One document: its steps, its opinions, and the form for whoever holds the waiting step."""
    return _page(request, queries.approval(request.user, pk))


def _page(
    request: HttpRequest, row: Approval, form: OpinionForm | None = None, error: TanlinError | None = None
) -> HttpResponse:
    earlier = [each for each in row.opinions.all() if each.round < row.round]
    context = {
        "approval": row,
        "lines": queries.lines(row),
        "earlier": [(row.steps[each.step].title, each) for each in earlier],
        "may_decide": queries.may_decide(request.user, row),
        "may_withdraw": queries.may_withdraw(request.user, row),
        "form": form or OpinionForm(initial={"version": row.version}),
        "error": error.text if error else None,
        "demo": row.area.is_demo,
    }
    return render(request, "record/approval.html", context, status=error.http_status if error else 200)


@require_POST
def decide(request: HttpRequest, pk: int) -> HttpResponse:
    """Pass the waiting step or return the document."""
    row = queries.approval(request.user, pk)
    if row.waiting is not None:
        holding(request.user, row)  # whose step it is not is told so, whatever was sent
    form = OpinionForm(request.POST)
    if not form.is_valid():
        text = Text("请选择“通过”或“退回”。", "Choose to pass or to return it.")
        return _page(request, row, form, BadInput("record.approval_form", text))
    data = form.cleaned_data
    try:
        row = services.decide(pk, request.user, data["verdict"], data["text"], version=data["version"])
    except BadInput as error:
        return _page(request, row, form, error)
    passed = data["verdict"] == "pass"
    messages.success(
        request, _("Your opinion is recorded: passed.") if passed else _("The document is returned.")
    )
    return redirect("record:todo")


@require_POST
def withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    """Take an own document back."""
    queries.approval(request.user, pk)
    services.withdraw(pk, request.user)
    messages.success(request, _("The document is withdrawn."))
    return redirect("record:approval", pk=pk)


@require_http_methods(["GET", "HEAD", "POST"])
def delegations(request: HttpRequest, slug: str) -> HttpResponse:
    """Who stands in for me here, and for whom I do: right ``view``."""
    place = community.area(request.user, slug)
    form = DelegationForm(request.user, place, request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        data = form.cleaned_data
        try:
            services.delegate(
                request.user, place, data["role"], data["to"], data["first_day"], data["last_day"]
            )
        except (BadInput, Conflict, Forbidden) as error:
            form.add_error(None, error.message(request.LANGUAGE_CODE))
        else:
            messages.success(request, _("Handed over for these days."))
            return redirect("record:delegations", slug=slug)
    rows = queries.delegations(request.user, place)
    context = {
        "form": form,
        "given": [row for row in rows if row.holder_id == request.user.pk],
        "received": [row for row in rows if row.to_id == request.user.pk],
    }
    return render(request, "record/delegations.html", context, status=422 if form.errors else 200)


@require_POST
def end_delegation(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a delegation back; only the one who gave it."""
    row = services.end_delegation(request.user, pk)
    messages.success(request, _("The delegation has ended."))
    return redirect("record:delegations", slug=row.area.slug)
