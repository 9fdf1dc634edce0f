"""Pages of factors and tariffs."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.views.decorators.http import require_http_methods, require_safe

from tanlin.carbon import queries, services
from tanlin.carbon.factors import fact_of, region_chain
from tanlin.carbon.forms import FactorForm
from tanlin.carbon.shown import KINDS, brief, chosen, kind_name, region_name, shown, unit_of
from tanlin.carbon.stored import TARIFF
from tanlin.carbon.timeline import Span, timeline_picture
from tanlin.community import queries as community
from tanlin.kernel.errors import Forbidden, Text
from tanlin.record import FactRow

PAGE = 50


@login_required
@require_safe
def factors(request: HttpRequest, slug: str) -> HttpResponse:
    """Factors and tariffs with source, validity and whether the source was read; first those of this place."""
    area = community.area(request.user, slug)
    query = {"q": request.GET.get("q", ""), "kind": "used", "region": "here"}
    query |= {name: request.GET[name] for name in ("kind", "region") if request.GET.get(name)}
    every = queries.facts(text=query["q"])
    rows = chosen(every, query["kind"], query["region"], area.region)
    page = Paginator(rows, PAGE).get_page(request.GET.get("page"))
    known = queries.facts()
    codes = sorted({row.region for row in known if row.region})
    context = {
        "place": area,
        "facts": [shown(row) for row in page.object_list],
        "page": page,
        "query": query,
        "here": " · ".join(_pick(region_name(code)) for code in region_chain(area.region)),
        "kinds": [(kind, kind_name(kind)) for kind in sorted({row.kind for row in known}, key=_kind_order)],
        "regions": [(code, region_name(code)) for code in codes],
        "timeline": timeline_picture(
            [fact_of(vars(r)) for r in page.object_list if r.kind != TARIFF],
            timezone.localdate(),
            [_span(r) for r in page.object_list if r.kind == TARIFF],
        ),
        "add_url": reverse("carbon:factor_new", args=[slug])
        if queries.may_edit_factors(request.user, area)
        else None,
    }
    return render(request, "carbon/factors.html", context)


def _pick(text: Text) -> str:
    return text.pick((get_language() or "zh-hans")[:2])


def _kind_order(kind: str) -> int:
    return list(KINDS).index(kind) if kind in KINDS else len(KINDS)


def _span(row: FactRow) -> Span:
    told = row.value
    return Span(
        series=told["tariff_id"],
        name=Text(told.get("name_zh") or row.fact_id, told.get("name_en") or row.fact_id),
        label=brief(told),
        thing=told.get("carrier", "grid"),
        unit=unit_of(told),
        valid_from=row.valid_from,
        valid_to=row.valid_to,
        verified=row.verified,
        source=row.source,
    )


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def factor_new(request: HttpRequest, slug: str) -> HttpResponse:
    """Enter a factor or a new version of one; figures that rest on it become stale and are derived again."""
    area = community.area(request.user, slug, "factors")
    if not queries.may_edit_factors(request.user, area):
        raise Forbidden()
    form = FactorForm(request.POST or None, label_suffix="")
    if request.method == "POST" and form.is_valid():
        services.add_factor(form.row(), actor=request.user)
        return redirect(f"{reverse('carbon:factors', args=[slug])}?q={form.cleaned_data['fact_id']}")
    status = 200 if request.method != "POST" else 422
    return render(request, "carbon/factor_new.html", {"place": area, "form": form}, status=status)
