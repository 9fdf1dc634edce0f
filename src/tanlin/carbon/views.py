"""Pages of carbon: the Overview of a place, factors and tariffs, and the request to derive."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tanlin.carbon import queries, services
from tanlin.carbon.factors import fact_of
from tanlin.carbon.forms import KINDS, FactorForm
from tanlin.carbon.pictures import timeline_picture
from tanlin.carbon.stored import TARIFF, UNDATED
from tanlin.community import queries as community
from tanlin.kernel.errors import Forbidden
from tanlin.kernel.period import Period
from tanlin.kernel.ports import enqueue

PAGE = 50


@login_required
@require_safe
def overview(request: HttpRequest, slug: str) -> HttpResponse:
    """The state of a place in a year, from published figures only: nothing is computed here."""
    area = community.area(request.user, slug)
    years = queries.years(area)
    today = timezone.localdate()
    year = _year(request, years, today.year)
    view, figures = queries.overview_of(area, year, today)
    inventory = figures.get("carbon.inventory")
    context = {
        "place": area,
        "view": view,
        "year": year,
        "years": years or [year],
        "links": _links(request, area),
        "compute_url": reverse("carbon:derive", args=[slug])
        if community.may(request.user, area, "derive")
        else None,
        "receipt": inventory.receipt if inventory else None,
        "days_receipt": figures["carbon.days"].receipt if "carbon.days" in figures else None,
    }
    return render(request, "carbon/overview.html", context)


def _year(request: HttpRequest, years: list[int], this_year: int) -> int:
    asked = request.GET.get("year", "")
    if asked.isdigit() and len(asked) == 4:
        return int(asked)
    return years[0] if years else this_year


def _links(request: HttpRequest, area: Any) -> dict[str, str]:
    held = community.rights_at(request.user, area)
    links = {
        "factors": reverse("carbon:factors", args=[area.slug]),
        "meters": reverse("meter:meters", args=[area.slug]),
    }
    return links | ({"import": reverse("meter:imports", args=[area.slug])} if "import" in held else {})


@login_required
@require_POST
def derive(request: HttpRequest, slug: str) -> HttpResponse:
    """Queue the derivation of a year of a place and show the job."""
    area = community.area(request.user, slug, "derive")
    period = Period.parse(request.POST.get("period", str(timezone.localdate().year)))
    job = enqueue("carbon.derive", {"slug": slug, "period": period.label}, actor=request.user, area=area)
    return redirect("record:job", job.pk)


@login_required
@require_safe
def factors(request: HttpRequest, slug: str) -> HttpResponse:
    """Factors and tariffs in force, with source, validity and whether the source was read."""
    area = community.area(request.user, slug)
    query = {name: request.GET.get(name, "") for name in ("q", "kind", "region")}
    rows = queries.facts(query["kind"], query["region"], query["q"])
    page = Paginator(rows, PAGE).get_page(request.GET.get("page"))
    shown = [_shown(row) for row in page.object_list]
    context = {
        "place": area,
        "facts": shown,
        "page": page,
        "query": query,
        "kinds": [*KINDS, (TARIFF, _("tariffs"))],
        "regions": sorted({row.region for row in queries.facts() if row.region}),
        "timeline": timeline_picture(
            [fact_of(vars(r)) for r in page.object_list if r.kind != TARIFF], timezone.localdate()
        ),
        "add_url": reverse("carbon:factor_new", args=[slug])
        if queries.may_edit_factors(request.user, area)
        else None,
    }
    return render(request, "carbon/factors.html", context)


def _shown(row: Any) -> dict[str, Any]:
    """A fact row as the table prints it; a tariff shows its prices instead of one value."""
    named = row.value if isinstance(row.value, dict) else {}
    tariff = row.kind == TARIFF
    return {
        "fact_id": row.fact_id,
        "name": (named.get("name_zh") or row.fact_id, named.get("name_en") or row.fact_id),
        "kind": row.kind,
        "region": row.region,
        "value": None if tariff else named.get("value"),
        "prices": named.get("prices") if tariff else None,
        "unit": row.unit,
        "uncertainty_pct": row.uncertainty_pct,
        "valid_from": row.valid_from,
        "valid_to": row.valid_to,
        "published": None if row.published == UNDATED else row.published,
        "source": row.source,
        "source_ref": row.source_ref,
        "verified": row.verified,
    }


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def factor_new(request: HttpRequest, slug: str) -> HttpResponse:
    """Enter a factor or a new version of one; figures that rest on it become stale and are derived again."""
    area = community.area(request.user, slug, "factors")
    if not queries.may_edit_factors(request.user, area):
        raise Forbidden()
    form = FactorForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        services.add_factor(form.row(), actor=request.user)
        return redirect(f"{reverse('carbon:factors', args=[slug])}?q={form.cleaned_data['fact_id']}")
    status = 200 if request.method != "POST" else 422
    return render(request, "carbon/factor_new.html", {"place": area, "form": form}, status=status)
