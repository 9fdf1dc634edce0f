"""Pages of green power: certificates and contracts of a place, entering one, taking one back."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import get_language
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tanlin.carbon import services
from tanlin.carbon.forms import InstrumentForm
from tanlin.carbon.queries import instruments as queries
from tanlin.carbon.reasons import reason_text
from tanlin.community import queries as community
from tanlin.kernel.errors import BadInput, Conflict

PAGE = 50


@login_required
@require_safe
def instruments(request: HttpRequest, slug: str) -> HttpResponse:
    """What was entered at the place and below it, and what of it the published accounts count: right ``view``."""
    area = community.area(request.user, slug)
    page = Paginator(queries.instruments(area), PAGE).get_page(request.GET.get("page"))
    held, told = community.rights_at(request.user, area), queries.covered(area)
    context = {
        "place": area,
        "page": page,
        "rows": [_shown(row, told.get(row.pk, [])) for row in page.object_list],
        "add_url": reverse("carbon:instrument_new", args=[slug]) if "import" in held else None,
        "may": held,
    }
    return render(request, "carbon/instruments.html", context)


def _shown(row: Any, told: list[dict[str, Any]]) -> dict[str, Any]:
    """A row with what each year's account counts of it."""
    counted = [one | {"why": reason_text(one["reason"]) if one["reason"] else None} for one in told]
    return {"row": row, "counted": [] if row.undone else counted}


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def instrument_new(request: HttpRequest, slug: str) -> HttpResponse:
    """Enter a certificate or contract of this place: right ``import``."""
    area = community.area(request.user, slug, "import")
    form = InstrumentForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            services.enter_instrument(
                services.NewInstrument(area=area, **form.cleaned_data), actor=request.user
            )
            return redirect("carbon:instruments", slug)
        except (BadInput, Conflict) as error:
            form.add_error(None, error.message(get_language()))
    status = 200 if request.method != "POST" else 422
    return render(request, "carbon/instrument_new.html", {"place": area, "form": form}, status=status)


@login_required
@require_POST
def instrument_undo(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Take one back: right ``undo`` at the place that holds it."""
    area = community.area(request.user, slug, "undo")
    services.undo_instrument(queries.instrument(request.user, area, pk, "undo"), actor=request.user)
    return redirect("carbon:instruments", slug)
