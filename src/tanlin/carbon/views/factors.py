"""Pages of factors and tariffs."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language, gettext, gettext_noop
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tanlin.carbon import queries, services
from tanlin.carbon.fact_files import facts_in
from tanlin.carbon.factors import fact_of, region_chain
from tanlin.carbon.forms import FactFileForm, FactorForm, GwpForm
from tanlin.carbon.queries import previews
from tanlin.carbon.shown import KINDS, brief, chosen, kind_name, region_name, shown, unit_of
from tanlin.carbon.stored import TARIFF, is_rule
from tanlin.carbon.timeline import Span, timeline_picture
from tanlin.community import queries as community
from tanlin.kernel.errors import BadInput, Conflict, Forbidden, Refused, Text
from tanlin.record import FactRow

PAGE, LINES = 50, 25
# Names of this page's job and event, for the catalogue.
NAMES = (gettext_noop("carbon.preview"), gettext_noop("carbon.preview_confirmed"))


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
            [fact_of(vars(r)) for r in page.object_list if r.kind != TARIFF and not is_rule(r)],
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
    """Enter a factor or a new version of one; what it would move is shown before it is stored."""
    area = _may_edit(request, slug)
    return _enter(request, area, FactorForm(request.POST or None, label_suffix=""), "factor_new")


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def gwp_new(request: HttpRequest, slug: str) -> HttpResponse:
    """Enter the rule by which gases are weighed from a day on."""
    area = _may_edit(request, slug)
    form = GwpForm(request.POST or None, region=area.region, label_suffix="")
    return _enter(request, area, form, "gwp_new")


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def factor_file(request: HttpRequest, slug: str) -> HttpResponse:
    """Upload a notice: many factors as CSV, tariffs as JSON."""
    area = _may_edit(request, slug)
    form = FactFileForm(request.POST or None, request.FILES or None, label_suffix="")
    return _enter(request, area, form, "factor_file")


def _may_edit(request: HttpRequest, slug: str) -> Any:
    area = community.area(request.user, slug, "factors")
    if not queries.may_edit_factors(request.user, area):
        raise Forbidden()
    return area


#: Address of a form → what is entered there.
WAYS = {
    "factor_new": Text("一个因子", "One factor"),
    "factor_file": Text("文件（因子表或价格）", "A file of factors or tariffs"),
    "gwp_new": Text("增温潜势", "Warming potentials"),
}


def _enter(request: HttpRequest, area: Any, form: Any, way: str) -> HttpResponse:
    error = None
    if request.method == "POST" and form.is_valid():
        try:
            asked = services.ask_preview(_entered(form), area=area, actor=request.user)
        except (BadInput, Refused) as refusal:
            error = refusal.message(get_language())
        else:
            return _to(area, asked)
    tabs = [
        {"title": title, "url": reverse(f"carbon:{name}", args=[area.slug]), "active": name == way}
        for name, title in WAYS.items()
    ]
    context = {"place": area, "form": form, "tabs": tabs, "way": way, "error": error}
    status = 200 if request.method != "POST" else 422
    return render(request, "carbon/factor_new.html", context, status=status)


def _entered(form: Any) -> list[FactRow]:
    if isinstance(form, FactFileForm):
        file = form.cleaned_data["file"]
        return facts_in(file.name, file.read())
    return [form.row()]


def _to(area: Any, asked: Any) -> HttpResponse:
    """The preview, or the job that computes it."""
    if asked.result is None:
        return redirect("record:job", asked.job)
    return redirect("carbon:preview", area.slug, asked.pk)


@login_required
@require_safe
def preview(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """What facts would move; once confirmed, what they moved, old and new receipts side by side."""
    area = _may_edit(request, slug)
    asked = previews.preview_at(area, pk)
    context = {"place": area, "asked": asked, "facts": [shown(row) for row in services.facts_of(asked)]}
    if asked.result is not None:
        context |= vars(previews.preview_shown(request.user, asked, asked.result))
        context["page"] = Paginator(context["lines"], LINES).get_page(request.GET.get("page"))
        context["page_lines"] = previews.with_receipts(asked, context["page"].object_list)
    return render(request, "carbon/factor_preview.html", context)


@login_required
@require_POST
def preview_confirm(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Store the facts of a preview; where another fact came in between, say so and store nothing."""
    area = _may_edit(request, slug)
    try:
        services.confirm_preview(previews.preview_at(area, pk), actor=request.user)
    except Conflict as refusal:
        messages.error(request, refusal.message(get_language()))
    else:
        messages.success(request, gettext("Stored. The figures it moves are derived again."))
    return redirect("carbon:preview", slug, pk)


@login_required
@require_POST
def preview_again(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """The same facts once more, against what is stored by now."""
    area = _may_edit(request, slug)
    asked = previews.preview_at(area, pk)
    try:
        fresh = services.ask_preview(services.facts_of(asked), area=area, actor=request.user)
    except Refused as refusal:
        messages.error(request, refusal.message(get_language()))
        return redirect("carbon:preview", slug, pk)
    return _to(area, fresh)
