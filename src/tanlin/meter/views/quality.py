"""The quality page: what was found, with the days around it; what people do about it; the rules."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tanlin.community import queries as community
from tanlin.kernel.errors import BadInput, Conflict, Refused
from tanlin.kernel.units import CANONICAL
from tanlin.meter import queries, services
from tanlin.meter.forms import RuleForm
from tanlin.meter.models import Exceptional
from tanlin.meter.vee import KINDS, METHODS
from tanlin.meter.vee.rules import PARAMETERS
from tanlin.meter.views.strips import strip

PAGE, ROWS = 6, 10
FILTERS = ("kind", "state", "meter")
VERBS = ("accept", "estimate", "edit", "undo")


def _asked(request: HttpRequest) -> dict[str, str]:
    """The filters of the address; a kind, state or meter that is none is left out."""
    source = request.POST if request.method == "POST" else request.GET
    asked = {name: source.get(name, "") for name in FILTERS}
    if asked["kind"] not in KINDS:
        asked["kind"] = ""
    if asked["state"] not in {"all", *Exceptional.State.values}:
        asked["state"] = ""
    if not asked["meter"].isdigit():
        asked["meter"] = ""
    return asked


@require_GET
def index(request: HttpRequest, slug: str) -> HttpResponse:
    """Coverage, estimated share and exceptions of a place and all below it: right ``view``."""
    area = community.area(request.user, slug)
    asked = _asked(request)
    meter = int(asked["meter"]) if asked["meter"] else None
    found = queries.quality.exceptions(area, asked["kind"], asked["state"] or "waiting", meter)
    page = Paginator(found, PAGE).get_page(request.GET.get("page"))
    rows = queries.meters(area) if meter is None else queries.meters(area).filter(meter=meter)
    months = queries.quality.months_until(rows)
    covered = queries.quality.grid(area, rows, months, ROWS)
    zones = dict(rows.filter(meter__in={one.meter_id for one in page}).values_list("meter_id", "place__tz"))
    around = queries.quality.around(list(page))
    context = {
        "place": area,
        "page": page,
        "items": [(one, strip(one, around[one.pk], zones.get(one.meter_id, area.tz))) for one in page],
        "asked": asked,
        "query": urlencode({name: value for name, value in asked.items() if value}),
        "only": row.meter if meter is not None and (row := rows.first()) else None,
        "kinds": KINDS.items(),
        "units": CANONICAL,
        "states": Exceptional.State.choices,
        "methods": METHODS.items(),
        "months": months,
        "covered": covered,
        "left_out": max(rows.count() - ROWS, 0),
        "waiting": queries.waiting_batches(),
        "may": community.rights_at(request.user, area),
    }
    return render(request, "meter/quality.html", context)


@require_POST
def act(request: HttpRequest, slug: str) -> HttpResponse:
    """Accept, estimate, edit or undo the chosen exceptions: right ``import``."""
    area = community.area(request.user, slug, "import")
    asked, post = _asked(request), request.POST
    # A button of one exception carries its number; the buttons above the list act on what is ticked.
    verb, _colon, number = post.get("do", "").partition(":")
    ids = [int(pk) for pk in ([number] if number else post.getlist("id")) if pk.isdecimal() and len(pk) < 19]
    try:
        _do(request, area, verb, ids)
    except (BadInput, Conflict, Refused) as error:
        messages.error(request, error.message(get_language()))
    query = urlencode({name: value for name, value in asked.items() if value})
    return redirect(reverse("meter:quality", kwargs={"slug": slug}) + (f"?{query}" if query else ""))


def _do(request: HttpRequest, area: Any, verb: str, ids: list[int]) -> None:
    post, who = request.POST, {"area": area, "actor": request.user, "reason": request.POST.get("reason", "")}
    if verb not in VERBS or not ids:
        messages.info(request, _("Nothing was chosen."))
        return
    if verb == "accept":
        count = services.quality.accept(ids, **who)
        text = ngettext("%(count)d exception accepted.", "%(count)d exceptions accepted.", count)
    elif verb == "estimate":
        method = post.get("method", "")
        count, refused = services.quality.estimate(ids, method=method if method in METHODS else "", **who)
        for sentence in sorted({error.message(get_language()) for error in refused}):
            messages.warning(request, sentence)
        text = ngettext("%(count)d exception estimated.", "%(count)d exceptions estimated.", count)
    elif verb == "edit":
        services.quality.edit(ids[0], _number(post.get(f"value-{ids[0]}", "")), **who)
        count, text = 1, _("The quantity is stored; the original stays in the log.")
    else:
        count = services.quality.undo(ids, **who)
        text = ngettext("%(count)d exception is open again.", "%(count)d exceptions are open again.", count)
    if verb != "accept":
        services.request_refresh(request.user)
    if count:
        messages.success(request, text % {"count": count})


def _number(text: str) -> float:
    """A typed number; NaN, which the service refuses with words, where it is none."""
    try:
        return float(text.replace(",", ""))
    except ValueError:
        return float("nan")


@require_http_methods(["GET", "POST"])
def rules(request: HttpRequest, slug: str) -> HttpResponse:
    """The rules in force, and the form that adds one: right ``meters`` to add, ``view`` to read."""
    area = community.area(request.user, slug, "meters" if request.method == "POST" else "view")
    form = RuleForm(request.POST if request.method == "POST" else None, user=request.user, area=area)
    if request.method == "POST" and form.is_valid():
        try:
            services.quality.add_rule(area=area, actor=request.user, **form.values())
        except BadInput as error:
            form.add_typed(error)
        else:
            messages.success(request, _("The rule holds for what is checked from now on."))
            return redirect("meter:quality_rules", slug=slug)
    words = {f"{kind}.{name}": about[0] for (kind, name), about in PARAMETERS.items()}
    context = {
        "place": area,
        "form": form,
        "added": [(rule, words[f"{rule.kind}.{rule.parameter}"]) for rule in queries.quality.rules(area)],
        "shipped": [
            (rule, words[f"{rule.kind}.{rule.parameter}"]) for rule in queries.quality.shipped_rules()
        ],
        "may": community.rights_at(request.user, area),
    }
    return render(request, "meter/quality_rules.html", context, status=422 if form.errors else 200)
