"""The boundary of the account: people, floor, land, what is in and out, and why a reference has no value."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.views.decorators.http import require_http_methods, require_POST

from tanlin.carbon import services
from tanlin.carbon.forms import BoundaryForm, NotationForm
from tanlin.carbon.queries.accounts import boundary_history, key_history
from tanlin.community import queries as community
from tanlin.kernel.errors import BadInput, Conflict


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def boundary(request: HttpRequest, slug: str) -> HttpResponse:
    """What is stated with its history: right ``view``; to state it: ``import``."""
    if request.method != "POST":
        return _page(request, community.area(request.user, slug))
    area = community.area(request.user, slug, "import")
    form = BoundaryForm(request.POST)
    if form.is_valid():
        day, source = form.cleaned_data["valid_from"], form.cleaned_data["source"]
        try:
            services.state_boundary(area, form.values(), day, source, actor=request.user)
            return redirect("carbon:boundary", slug)
        except (BadInput, Conflict) as error:
            form.add_error(None, error.message(get_language()))
    return _page(request, area, form=form)


@login_required
@require_POST
def notation(request: HttpRequest, slug: str) -> HttpResponse:
    """State a notation key: right ``import``."""
    area = community.area(request.user, slug, "import")
    form = NotationForm(request.POST)
    if form.is_valid():
        try:
            services.state_key(area, **form.cleaned_data, actor=request.user)
            return redirect("carbon:boundary", slug)
        except (BadInput, Conflict) as error:
            form.add_error(None, error.message(get_language()))
    return _page(request, area, notation_form=form)


def _page(request: HttpRequest, area: Any, **sent: Any) -> HttpResponse:
    """The page, with a form as it was sent (then 422) or empty ones where the user may state something."""
    may = "import" in community.rights_at(request.user, area)
    context = {
        "place": area,
        "rows": boundary_history(area),
        "keys": key_history(area),
        "form": sent.get("form") or (BoundaryForm() if may else None),
        "notation_form": sent.get("notation_form") or (NotationForm() if may else None),
    }
    return render(request, "carbon/boundary.html", context, status=422 if sent else 200)
