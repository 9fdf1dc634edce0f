"""Imports: the list, and the wizard from a file to its batch. Nothing is stored before the last step says so."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pyarrow.parquet as pq
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tanlin.community import queries as community
from tanlin.kernel.errors import BadInput, Conflict, NotFound, TanlinError, Text
from tanlin.kernel.units import CANONICAL
from tanlin.meter import preview, queries, safe_cell, services, sheets, staging, wizard
from tanlin.meter.forms import UploadForm
from tanlin.meter.models import Import
from tanlin.meter.products import PRODUCTS
from tanlin.meter.views.meters import offered_places

PAGE = 50
ROWS_SHOWN, ERRORS_SHOWN, METERS_SHOWN = 12, 100, 500
STEPS = (
    Text("选择文件", "Choose a file"),
    Text("对应各列", "Say what the columns mean"),
    Text("检查", "Check"),
    Text("导入", "Import"),
    Text("结果", "Result"),
)
STEP_OF = {"uploaded": 1, "refused": 1, "checking": 2, "checked": 2, "importing": 3, "done": 4, "undone": 4}


def steps(now: int) -> list[dict[str, Any]]:
    """The steps for the wizard's left side."""
    states = ["done" if i < now else "now" if i == now else "" for i in range(len(STEPS))]
    return [{"title": title, "state": state} for title, state in zip(STEPS, states, strict=True)]


@require_GET
def index(request: HttpRequest, slug: str) -> HttpResponse:
    """Imports of a place, newest first: right ``view``."""
    area = community.area(request.user, slug)
    page = Paginator(queries.imports(area), PAGE).get_page(request.GET.get("page"))
    may = community.rights_at(request.user, area)
    return render(request, "meter/imports.html", {"place": area, "page": page, "may": may})


@require_http_methods(["GET", "POST"])
def new(request: HttpRequest, slug: str) -> HttpResponse:
    """Upload a file: right ``import``. A file that cannot be read is refused and not kept."""
    area = community.area(request.user, slug, "import")
    form = UploadForm(request.POST or None, request.FILES or None, user=request.user, area=area)
    refusal: BadInput | None = None
    if request.method == "POST" and form.is_valid():
        file = form.cleaned_data["file"]
        try:
            imp = services.start_import(
                area, file, file.name, request.user, carrier=form.cleaned_data["carrier"] or None
            )
        except BadInput as error:
            refusal = error
        else:
            return _to(imp)
    status = 422 if request.method == "POST" else 200
    context = {
        "place": area,
        "form": form,
        "error": refusal.as_dict() if refusal else None,
        "steps": steps(0),
    }
    return render(request, "meter/import_new.html", context, status=status)


@require_GET
def detail(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """The wizard at the step the import has reached: right ``view``."""
    imp = queries.import_(request.user, slug, pk, "view")
    if request.headers.get("HX-Request"):
        return render(request, "meter/import_progress.html", _progress(imp))
    return _page(request, imp)


def _page(request: HttpRequest, imp: Import, error: TanlinError | None = None) -> HttpResponse:
    stage = queries.stage(imp)
    context: dict[str, Any] = {
        "place": imp.area,
        "imp": imp,
        "stage": stage,
        "steps": steps(STEP_OF[stage]),
        "error": error.as_dict() if error else None,
        "may": community.rights_at(request.user, imp.area),
        "earlier": queries.earlier(imp),
        **_progress(imp),
    }
    if stage in ("uploaded", "refused"):
        context |= _mapping_context(imp)
        template = "meter/import_mapping.html"
    elif stage == "checked":
        context |= _check_context(request, imp)
        template = "meter/import_check.html"
    elif stage in ("checking", "importing"):
        template = "meter/import_wait.html"
    else:
        template = "meter/import_result.html"
    if context["error"] is None:
        context["error"] = imp.report.get("error")
    return render(request, template, context, status=error.http_status if error else 200)


def _progress(imp: Import) -> dict[str, Any]:
    job = queries.job_of(imp)
    note = Text(**job.note) if job is not None and job.note else None
    tens = (
        None if job is None or job.percent is None else job.percent // 10 * 10
    )  # said aloud in steps of ten
    stage = queries.stage(imp)
    return {"imp": imp, "place": imp.area, "job": job, "note": note, "tens": tens, "stage": stage}


@contextmanager
def _opened(imp: Import) -> Iterator[dict[str, sheets.Sheet]]:
    with staging.named(queries.source_of(imp), imp.filename) as path:
        yield {sheet.name: sheet for sheet in sheets.read(path)}


def _mapping_context(imp: Import) -> dict[str, Any]:
    known = queries.known(imp.area)
    shown = []
    with _opened(imp) as found:
        for number, plan in enumerate(queries.plans(imp)):
            sheet = found[plan.sheet]
            item: dict[str, Any] = {"number": number, "plan": plan, "prefix": f"s{number}-"}
            if plan.mapping is not None:
                first, more = wizard.choices(plan.mapping)
                item |= {
                    "columns": wizard.columns(plan, sheet),
                    "first": first,
                    "more": more,
                    "free": [
                        (field, text, getattr(plan.mapping, field) or "")
                        for field, text in wizard.FREE.items()
                    ],
                    "preview": preview(sheet, plan.mapping, ROWS_SHOWN, known),
                }
                item["readings"] = _readings(item["preview"])
            shown.append(item)
    return {
        "sheets": shown,
        "roles": wizard.ROLES.items(),
        "open": staging.open_questions(queries.plans(imp)),
    }


def _readings(shown: Any) -> list[dict[str, Any]]:
    if shown.parsed is None:
        return []
    rows = shown.parsed.readings.slice(0, ROWS_SHOWN).to_pylist()
    return [{**row, "unit": CANONICAL[row["carrier"]]} for row in rows]


def _check_context(request: HttpRequest, imp: Import) -> dict[str, Any]:
    unknown = imp.report["unknown"]
    errors = staging.errors_file(imp.pk)
    rows = (
        next(pq.ParquetFile(errors).iter_batches(batch_size=ERRORS_SHOWN), None) if errors.exists() else None
    )
    lang = "en" if (get_language() or "").startswith("en") else "zh"
    listed = rows.to_pylist() if rows is not None else []
    places = offered_places(request.user, imp.area)
    named = {text for meter in unknown for text in (meter["number"], meter["name"]) if text}
    suggested = queries.places_named(imp.area, named) if unknown else {}
    return {
        "errors": [{**r, "message": r[f"message_{lang}"], "remedy": r[f"remedy_{lang}"]} for r in listed],
        "unknown": [
            {
                **meter,
                "key": queries.key_of(meter),
                "answer": imp.answers.get(queries.key_of(meter), {}),
                "place": _place_of(imp, meter, suggested, dict(places)),
                "products": list(PRODUCTS.get(meter["carrier"], {}).items()),
                "shown_multiplier": f"{_multiplier_of(imp, meter):g}",
            }
            for meter in unknown[:METERS_SHOWN]
        ],
        "unknown_total": len(unknown),
        "registers": any(meter["kind"] == "register" for meter in unknown),
        "places": places,
        "outside": imp.report.get("outside", [])[:METERS_SHOWN],
        "early": sum(item["early"] for item in imp.report.get("outside", ())),
        "late": sum(item["late"] for item in imp.report.get("outside", ())),
        "all_products": {m["carrier"]: PRODUCTS[m["carrier"]] for m in unknown if m["carrier"] in PRODUCTS},
        "tz": imp.area.tz,
    }


def _place_of(imp: Import, meter: dict[str, Any], suggested: dict[str, str], offers: dict[str, str]) -> str:
    """The place answered or suggested for a new meter, as the list offers it."""
    answer = imp.answers.get(queries.key_of(meter), {}).get("place", "")
    slug = answer or suggested.get(meter["name"]) or suggested.get(meter["number"], "")
    return offers.get(slug, slug)


def _multiplier_of(imp: Import, meter: dict[str, Any]) -> float:
    answer = imp.answers.get(queries.key_of(meter), {})
    return float(answer.get("multiplier") or meter["multiplier"] or 1)


@require_POST
def mapping(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Settle what the columns mean; ``check`` reads the whole file: right ``import``."""
    imp = queries.import_(request.user, slug, pk)
    try:
        plans = []
        with _opened(imp) as found:
            for number, plan in enumerate(queries.plans(imp)):
                prefix = f"s{number}-"
                data = {
                    k.removeprefix(prefix): str(v) for k, v in request.POST.items() if k.startswith(prefix)
                }
                plans.append(wizard.settle(plan, found[plan.sheet], data))
        imp = services.set_plans(imp, plans)
        if "check" in request.POST:
            services.request_check(imp, request.user)
    except (BadInput, Conflict) as error:
        return _page(request, imp, error)
    return _to(imp)


@require_POST
def confirm(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Keep where the new meters stand, then import: right ``import``. ``back`` returns to the columns."""
    imp = queries.import_(request.user, slug, pk)
    try:
        if "back" in request.POST:
            services.set_plans(imp, queries.plans(imp))
            return _to(imp)
        services.assign(imp, _answers(request, imp), request.user, backdate="backdate" in request.POST)
        imp = queries.import_(request.user, slug, pk)
        if "import" in request.POST:
            agreed = {word: word in request.POST for word in ("partial", "twice")}
            services.confirm(imp, request.user, **agreed)
    except (BadInput, Conflict) as error:
        return _page(request, queries.import_(request.user, slug, pk), error)
    return _to(imp)


def _answers(request: HttpRequest, imp: Import) -> dict[str, dict[str, Any]]:
    """The answers of the form; an empty line takes what was said for all."""
    everywhere = request.POST.get("place", "").strip()
    answers = {}
    for number, meter in enumerate(imp.report.get("unknown", ())):
        place = request.POST.get(f"place-{number}", "").strip() or everywhere
        if not place or f"skip-{number}" in request.POST:
            continue
        product = request.POST.get(f"product-{number}") or request.POST.get(f"product-{meter['carrier']}", "")
        answers[queries.key_of(meter)] = {
            "place": place,
            "product": product,
            "multiplier": _multiplier(request.POST.get(f"multiplier-{number}", "")),
            "digits": _digits(request.POST.get(f"digits-{number}", "")),
        }
    return answers


def _multiplier(text: str) -> float | None:
    try:
        return float(text) if text.strip() else None
    except ValueError:
        return -1.0  # refused by the service, with its remedy


def _digits(text: str) -> int | None:
    text = text.strip()
    return (int(text) if text.isdecimal() else -1) if text else None  # -1 is refused, with its remedy


@require_POST
def undo(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Void the batch of an import: right ``undo``."""
    imp = queries.import_(request.user, slug, pk, "undo")
    try:
        services.undo_import(imp, request.user)
    except (BadInput, Conflict) as error:
        return _page(request, imp, error)
    services.request_refresh(request.user)
    return _to(imp)


@require_POST
def repeat(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Begin another import of the same file: right ``import``."""
    imp = queries.import_(request.user, slug, pk)
    try:
        return _to(services.repeat(imp, request.user))
    except Conflict as error:
        return _page(request, imp, error)


@require_POST
def discard(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Forget an import that stored nothing: right ``import``."""
    imp = queries.import_(request.user, slug, pk)
    try:
        services.discard(imp)
    except Conflict as error:
        return _page(request, imp, error)
    messages.info(request, _("The import was dropped; nothing was stored."))
    return redirect("meter:imports", slug=slug)


@require_GET
def errors_csv(request: HttpRequest, slug: str, pk: int) -> StreamingHttpResponse:
    """All bad rows as CSV, formulas disarmed: right ``view``."""
    imp = queries.import_(request.user, slug, pk, "view")
    path = staging.errors_file(imp.pk)
    if not path.exists():
        raise NotFound()

    def lines() -> Iterator[bytes]:
        yield b"\xef\xbb\xbf"
        with pq.ParquetFile(path) as file:
            yield _csv([file.schema_arrow.names])
            for batch in file.iter_batches():
                yield _csv([[safe_cell(cell) for cell in row.values()] for row in batch.to_pylist()])

    response = StreamingHttpResponse(lines(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="import-{imp.pk}-errors.csv"'
    return response


def _csv(rows: list[list[Any]]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()


def _to(imp: Import) -> HttpResponse:
    return redirect("meter:import", slug=imp.area.slug, pk=imp.pk)
