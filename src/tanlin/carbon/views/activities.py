"""Pages of activity data: what was entered for a year, entering one, importing a sheet, undoing."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tanlin.carbon.account.entered import sums
from tanlin.carbon.account.entry.amounts import unit_word
from tanlin.carbon.account.entry.cells import SOURCES
from tanlin.carbon.account.entry.template import template
from tanlin.carbon.account.streams import streams
from tanlin.carbon.forms import ActivityForm, SheetForm
from tanlin.carbon.queries import activities as queries
from tanlin.carbon.services import activities as services
from tanlin.carbon.services.rows import pieces_of
from tanlin.carbon.views.account import is_expert, keep_view
from tanlin.carbon.views.overview import asked_year
from tanlin.community import queries as community
from tanlin.kernel.errors import BadInput, Conflict, TanlinError, Text
from tanlin.meter import queries as meter

PAGE, SHEETS_SHOWN, PREVIEW_SHOWN, PROBLEMS_SHOWN = 20, 20, 50, 200
STEPS = (
    Text("选择文件", "Choose a file"),
    Text("核对", "Check"),
    Text("结果", "Result"),
)
UNITS = ("kg", "吨", "m3", "GJ", "公里", "人公里", "平方米", "亩", "公顷", "棵")
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@login_required
@require_safe
def activities(request: HttpRequest, slug: str) -> HttpResponse:
    """What was entered at the place and below it for a year, summed by stream: right ``view``."""
    area = community.area(request.user, slug)
    years = queries.years(area)
    year = asked_year(request, years, timezone.localdate().year)
    first, last = date(year, 1, 1), date(year, 12, 31)
    order = list(streams())
    rows = sorted(queries.activities(area, first, last), key=lambda row: order.index(row.stream))
    page = Paginator(rows, PAGE).get_page(request.GET.get("page"))
    parts = pieces_of(area, year)
    whole, out = ({part.entered.id for part in parts if part.metered is state} for state in (False, True))
    context = {
        "place": area,
        "year": year,
        "years": years,
        "sums": [
            one._asdict() | {"unit": unit_word(one.stream.unit), "sources": _sources(one.sources)}
            for one in sums(parts)
        ],
        "rows": [
            _shown(row) | {"counted": row.pk in whole, "metered": row.pk in out} for row in page.object_list
        ],
        "page": page,
        "sheets": queries.sheets(area)[:SHEETS_SHOWN],
        "may": community.rights_at(request.user, area),
        "expert": is_expert(request),
    }
    return keep_view(request, render(request, "carbon/activities.html", context))


def _shown(row: Any) -> dict[str, Any]:
    stream = streams()[row.stream]
    pct = stream.pct(row.source, row.uncertainty_pct)
    return {
        "row": row,
        "stream": stream,
        "source": SOURCES[row.source],
        "pct": pct,
        "unit": unit_word(row.unit),
        "converted": not row.stated.startswith(f"{row.amount:.15g} "),
    }


def _sources(keys: tuple[str, ...]) -> Text:
    words = [SOURCES[key] for key in keys]
    return Text("、".join(word.zh for word in words), ", ".join(word.en for word in words))


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def activity_new(request: HttpRequest, slug: str) -> HttpResponse:
    """Enter one activity: right ``import``."""
    area = community.area(request.user, slug, "import")
    form = ActivityForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            made = _enter(request, area, dict(form.cleaned_data))
            return redirect(f"{reverse('carbon:activities', args=[slug])}?year={made.last_day.year}")
        except (BadInput, Conflict) as error:
            form.refuse(error)
    context = {
        "place": area,
        "form": form,
        "offered": meter.offered_places(request.user, area, (get_language() or "").startswith("en")),
        "units": UNITS,
    }
    status = 422 if request.method == "POST" else 200
    return render(request, "carbon/activity_new.html", context, status=status)


def _enter(request: HttpRequest, area: Any, data: dict[str, Any]) -> Any:
    place, overlap = data.pop("place"), data.pop("overlap")
    where = meter.place_below(request.user, area, place) if place else area
    return services.enter(services.New(where, **data), actor=request.user, overlap=overlap)


@login_required
@require_safe
def template_file(request: HttpRequest, slug: str) -> HttpResponse:
    """The workbook to fill in, in the language of the page: right ``import``."""
    community.area(request.user, slug, "import")
    response = HttpResponse(template((get_language() or "zh")[:2]), content_type=XLSX)
    response["Content-Disposition"] = 'attachment; filename="activities.xlsx"'
    return response


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def sheet_new(request: HttpRequest, slug: str) -> HttpResponse:
    """Upload a sheet: right ``import``. Nothing of it counts before it is checked and agreed to."""
    area = community.area(request.user, slug, "import")
    form = SheetForm(request.POST or None, request.FILES or None, label_suffix="")
    refusal: TanlinError | None = None
    if request.method == "POST" and form.is_valid():
        file = form.cleaned_data["file"]
        try:
            digest = services.keep_sheet(area, file, file.name, actor=request.user)
            return redirect("carbon:activity_check", slug, digest.removeprefix("sha256:"))
        except (BadInput, Conflict) as error:
            refusal = error
    context = {"place": area, "form": form, "error": refusal, "steps": _steps(0)}
    status = 422 if request.method == "POST" else 200
    return render(request, "carbon/activity_import.html", context, status=status)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def sheet_check(request: HttpRequest, slug: str, digest: str) -> HttpResponse:
    """What a sheet would bring, and bringing it in: right ``import``."""
    area = community.area(request.user, slug, "import")
    digest = f"sha256:{digest}"
    found = services.check_sheet(area, digest, actor=request.user)
    refusal: TanlinError | None = None
    if request.method == "POST":
        agreed = {name: name in request.POST for name in ("partial", "overlap")}
        try:
            made = services.import_sheet(area, digest, actor=request.user, **agreed)
            return redirect("carbon:activity_sheet", slug, made.pk)
        except (BadInput, Conflict) as error:
            refusal = error
    context = {
        "place": area,
        "found": found,
        "rows": [_shown(row) for row in found.rows[:PREVIEW_SHOWN]],
        "problems": [
            (problem, replace(problem.where, file=None).text())
            for problem in found.problems[:PROBLEMS_SHOWN]
            if problem.where
        ],
        "overlaps": found.overlaps[:PROBLEMS_SHOWN],
        "error": refusal,
        "steps": _steps(1),
    }
    return render(
        request, "carbon/activity_check.html", context, status=refusal.http_status if refusal else 200
    )


@login_required
@require_safe
def sheet(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """What came with one sheet or form: right ``view``."""
    area = community.area(request.user, slug)
    return _sheet(request, area, queries.sheet(request.user, area, pk))


@login_required
@require_POST
def sheet_undo(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Take a sheet back, with a reason: right ``undo`` at the place it was entered for."""
    area = community.area(request.user, slug, "undo")
    found = queries.sheet(request.user, area, pk, "undo")
    try:
        services.undo_sheet(found, request.POST.get("reason", ""), actor=request.user)
    except (BadInput, Conflict) as error:
        return _sheet(request, area, found, error)
    return redirect("carbon:activity_sheet", slug, pk)


def _sheet(request: HttpRequest, area: Any, found: Any, error: TanlinError | None = None) -> HttpResponse:
    context = {
        "place": area,
        "sheet": found,
        "rows": [_shown(row) for row in found.activities.select_related("area")],
        "may": community.rights_at(request.user, found.area),
        "error": error,
    }
    status = 200 if error is None else 422
    return render(request, "carbon/activity_sheet.html", context, status=status)


def _steps(now: int) -> list[dict[str, Any]]:
    states = ["done" if i < now else "now" if i == now else "" for i in range(len(STEPS))]
    return [{"title": title, "state": state} for title, state in zip(STEPS, states, strict=True)]
