"""The list of meters, a meter, and the forms that change it."""

from __future__ import annotations

import csv
import io
from collections import Counter
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from tanlin.community import queries as community
from tanlin.kernel.errors import BadInput, Conflict, NotFound, Text
from tanlin.kernel.units import CANONICAL
from tanlin.meter import queries, safe_cell, services
from tanlin.meter.forms import (
    ChangeForm,
    CorrectForm,
    ExchangeForm,
    MeterForm,
    Styled,
    place_text,
    product_choices,
)
from tanlin.meter.health import WORDS
from tanlin.meter.models import Carrier, Meter, MeterRow
from tanlin.meter.queries import Listed
from tanlin.meter.views.charts import picture
from tanlin.record import register_answer

PAGE = 50
#: Places in the filter.
PLACES = 300
FILTERS = ("q", "carrier", "place", "role", "health")


def offered_places(user: Any, area: Any) -> list[tuple[str, str]]:
    """(slug, what the field offers for it) of places below an area."""
    english = (get_language() or "").startswith("en")
    return [(place.slug, offer) for place, offer in queries.offered_places(user, area, english)]


def _found(request: HttpRequest, area: Any) -> tuple[list[int], Counter[str]]:
    """Rows (primary keys) that the address asks for, and how many of each health stand before that filter."""
    asked = {name: request.GET.get(name, "").strip() for name in FILTERS}
    rows = queries.search(area, asked["q"], asked["carrier"], asked["place"], asked["role"])
    found = queries.states(area, rows)
    counts = Counter(str(state.health) for state in found)
    wanted = asked["health"]
    return [state.row for state in found if wanted in ("", state.health)], counts


@require_GET
def index(request: HttpRequest, slug: str) -> HttpResponse:
    """Meters of a place and all below it: right ``view``."""
    area = community.area(request.user, slug)
    keys, counts = _found(request, area)
    page = Paginator(keys, PAGE).get_page(request.GET.get("page"))
    context = {
        "place": area,
        "page": page,
        "lines": queries.listed_by(area, list(page.object_list)),
        "asked": {name: request.GET.get(name, "") for name in FILTERS},
        "filtered": any(request.GET.get(name) for name in FILTERS),
        "counts": [(state, WORDS[state], counts[state]) for state in WORDS if counts[state]],
        "healths": WORDS.items(),
        "carriers": Carrier.choices,
        "canonical": CANONICAL,
        "places": community.areas(request.user)
        .filter(parent=area)
        .exclude(level__in=["home", "unit"])
        .order_by("slug")[:PLACES],
        "query": request.GET.urlencode(),
        "may": community.rights_at(request.user, area),
    }
    return render(request, "meter/meters.html", context)


HEAD = (
    Text("表号", "number"),
    Text("名称", "name"),
    Text("能源", "carrier"),
    Text("产品", "product"),
    Text("用途", "use"),
    Text("方向", "channel"),
    Text("类型", "kind"),
    Text("单位", "unit"),
    Text("倍率", "multiplier"),
    Text("地点", "place"),
    Text("地点标识", "place id"),
    Text("总表", "main meter"),
    Text("电价", "tariff"),
    Text("生效日期", "valid from"),
    Text("最近读数截至", "latest reading until"),
    Text("状态", "health"),
    Text("数据来源", "origin"),
)

#: Columns of the printed register; the export has all.
REGISTERED = (
    *("number", "name", "carrier", "use", "unit", "multiplier", "place", "main meter", "valid from"),
    *("latest reading until", "health"),
)


def _lines(lines: list[Listed], disarm: Any = safe_cell) -> list[list[Any]]:
    from tanlin.meter.templatetags.meter import local_time

    lang = get_language()
    out: list[list[Any]] = [[head.pick(lang) for head in HEAD]]
    for line in lines:
        row = line.row
        cells: list[Any] = [
            row.meter.number,
            row.meter.name,
            row.meter.carrier,
            row.product,
            row.use,
            row.channel,
            row.kind,
        ]
        cells += [
            row.unit,
            row.multiplier,
            row.place.name,
            row.place.slug,
            row.parent.number if row.parent else "",
        ]
        cells += [row.tariff, row.valid_from.isoformat(), local_time(line.latest, row.place.tz)]
        demo = "演示数据·非真实监测数据 / demonstration" if row.place.is_demo else "measured"
        out.append([disarm(cell) for cell in [*cells, WORDS[line.health].pick(lang), demo]])
    return out


@require_GET
def export(request: HttpRequest, slug: str, form: str) -> HttpResponse:
    """The list as CSV or XLSX, formulas disarmed: right ``view``."""
    area = community.area(request.user, slug)
    table = _lines(queries.listed_by(area, _found(request, area)[0]))
    if form == "csv":
        text = io.StringIO()
        csv.writer(text).writerows(table)
        body, kind = text.getvalue().encode("utf-8-sig"), "text/csv; charset=utf-8"
    else:
        from openpyxl import Workbook

        book = Workbook(write_only=True)
        sheet = book.create_sheet("meters")
        for row in table:
            sheet.append(row)
        stream = io.BytesIO()
        book.save(stream)
        body, kind = stream.getvalue(), "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    name = f'attachment; filename="meters-{area.slug}.{form}"'
    return HttpResponse(body, content_type=kind, headers={"Content-Disposition": name})


@require_GET
def register(request: HttpRequest, slug: str, form: str) -> HttpResponse:
    """The list as a register, on A4 or as XLSX, with what is asked of a meter on the spot: right ``view``."""
    area = community.area(request.user, slug)
    head, *rows = _lines(queries.listed_by(area, _found(request, area)[0]), disarm=lambda cell: cell)
    places = [number for number, text in enumerate(HEAD) if text.en in REGISTERED]
    return register_answer(
        request,
        area,
        _("register of meters"),
        [head[place] for place in places],
        [[row[place] for place in places] for row in rows],
        form,
    )


@require_GET
def detail(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """One meter with its rows, devices, readings and place in the order of main and sub meters: right ``view``."""
    area, meter = queries.meter(request.user, slug, pk)
    rows = list(queries.rows_of(meter))
    lines = queries.listed(area, [row for row in rows if row.valid_to is None] or rows[-1:])
    unit = CANONICAL[meter.carrier]
    tz = rows[-1].place.tz
    context = {
        "place": area,
        "meter": meter,
        "rows": rows,
        "lines": lines,
        "steps_back": queries.steps_back(meter) if any(row.kind == "register" for row in rows) else [],
        "devices": list(meter.devices.order_by("channel", "from_es")),
        "readings": queries.stored(meter),
        "children": [child for child in queries.children(meter) if child.place.path.startswith(area.path)],
        "channels": sorted({row.channel for row in rows}),
        "unit": unit,
        "tz": tz,
        "waiting": queries.waiting_batches(),
        "may": community.rights_at(request.user, area),
        **picture(meter, rows),
    }
    return render(request, "meter/meter.html", context)


def _form_page(
    request: HttpRequest, form: Styled, title: str, lead: str, button: str, **more: Any
) -> HttpResponse:
    area = form.area
    context = {
        "form": form,
        "title": title,
        "lead": lead,
        "button": button,
        "place": area,
        "places": offered_places(request.user, area) if "place" in form.fields else [],
        **more,
    }
    return render(request, "meter/form_page.html", context, status=422 if form.errors else 200)


def _form(request: HttpRequest, kind: type[Styled], area: Any, initial: dict[str, Any] | None = None) -> Any:
    data = request.POST if request.method == "POST" else None
    return kind(data, initial=initial, user=request.user, area=area)


@require_http_methods(["GET", "POST"])
def new(request: HttpRequest, slug: str) -> HttpResponse:
    """Register a meter by hand: right ``meters``."""
    area = community.area(request.user, slug, "meters")
    form = _form(request, MeterForm, area, {"place": place_text(area)})
    if request.method == "POST" and form.is_valid():
        data = dict(form.cleaned_data)
        place = data.pop("place")
        data["unit"] = data["unit"] or CANONICAL[data["carrier"]]
        data["parent"] = data["parent"].strip() or None
        spec = services.Spec(owner=queries.owner_of(place), place=place, **data)
        try:
            ids = services.register([spec], actor=request.user, area=area)
        except (BadInput, Conflict) as error:
            form.add_typed(error)
        else:
            messages.success(request, _("The meter is registered."))
            return redirect("meter:meter", slug=slug, pk=next(iter(ids.values())))
    lead = _("A metering point keeps its number for good; what may change is dated.")
    return _form_page(request, form, _("New meter"), lead, _("Register"))


def _row(request: HttpRequest, slug: str, pk: int, row: int, right: str) -> tuple[Any, MeterRow]:
    area, meter = queries.meter(request.user, slug, pk, right)
    found = queries.rows_of(meter).filter(pk=row).first()
    if found is None:
        raise NotFound()
    return area, found


@require_http_methods(["GET", "POST"])
def change(request: HttpRequest, slug: str, pk: int, row: int) -> HttpResponse:
    """Correct a dated row, or change it from a day on: right ``meters``."""
    area, found = _row(request, slug, pk, row, "meters")
    form = _form(request, ChangeForm, area, ChangeForm.initial_of(found))
    form.carrier = found.meter.carrier
    form.fields["product"].choices = product_choices(found.meter.carrier)
    if request.method == "POST" and form.is_valid():
        changes = form.changes(found)
        if not changes:
            messages.info(request, _("Nothing was changed."))
            return redirect("meter:meter", slug=slug, pk=pk)
        try:
            services.change(
                found,
                changes,
                actor=request.user,
                from_day=form.cleaned_data["from_day"],
                reason=form.cleaned_data["reason"],
            )
        except (BadInput, Conflict) as error:
            form.add_typed(error)
        else:
            messages.success(
                request, _("The change is stored; the figures above it are being brought up to date.")
            )
            return redirect("meter:meter", slug=slug, pk=pk)
    lead = _("Readings stay as they were read; only what they mean changes.")
    return _form_page(request, form, _("Change the meter"), lead, _("Save"), meter=found.meter, row=found)


@require_http_methods(["GET", "POST"])
def exchange(request: HttpRequest, slug: str, pk: int, row: int) -> HttpResponse:
    """Put another device under the point: right ``meters``."""
    area, found = _row(request, slug, pk, row, "meters")
    form = _form(request, ExchangeForm, area)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            services.exchange_device(
                found,
                at_es=form.at_es(found.place.tz),
                final=data["final"],
                initial=data["first"],
                digits=data["digits"],
                serial=data["serial"],
                actor=request.user,
            )
        except (BadInput, Conflict) as error:
            form.add_typed(error)
        else:
            messages.success(request, _("The new device counts from its first reading."))
            return redirect("meter:meter", slug=slug, pk=pk)
    lead = _("The number stays; consumption runs on from the old device to the new one.")
    return _form_page(request, form, _("Exchange the device"), lead, _("Save"), meter=found.meter, row=found)


@require_http_methods(["GET", "POST"])
def correct(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Edit one reading; the original stays in the log: right ``import``."""
    area, meter = queries.meter(request.user, slug, pk, "import")
    asked = request.POST if request.method == "POST" else request.GET
    if request.method == "GET" and asked.get("time", "").strip():
        return _reading_at(request, slug, meter)
    start, seconds = asked.get("start", ""), asked.get("seconds", "")
    found = None
    if start.lstrip("-").isdigit() and seconds.isdigit():
        found = queries.stored_one(meter, asked.get("channel", ""), int(start), int(seconds))
    if found is None:
        raise NotFound("meter.no_reading", Text("没有这条读数。", "There is no such reading."))
    form = _form(request, CorrectForm, area, found)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            services.correct_reading(meter_id=meter.pk, actor=request.user, area=area, **data)
        except (BadInput, Conflict) as error:
            form.add_typed(error)
        else:
            services.request_refresh(request.user)
            messages.success(request, _("The correction is stored and will be visible within a minute."))
            return redirect("meter:meter", slug=slug, pk=pk)
    lead = _("The original stays in the log; the corrected value counts and is marked as edited.")
    more = {"meter": meter, "reading": found, "tz": list(queries.rows_of(meter))[-1].place.tz}
    return _form_page(
        request, form, _("Correct a reading"), lead, _("Save"), **more, unit=CANONICAL[meter.carrier]
    )


def _reading_at(request: HttpRequest, slug: str, meter: Meter) -> HttpResponse:
    """To the form of the reading that starts at a local time; back to the meter where none does."""
    channel, tz = request.GET.get("channel", ""), queries.tz_of(meter)
    try:
        found = queries.reading_at(meter, request.GET["time"], tz, channel=channel)
    except (BadInput, NotFound) as error:
        messages.error(request, error.message(get_language()))
        return redirect("meter:meter", slug=slug, pk=meter.pk)
    key = urlencode({name: found[name] for name in ("channel", "start", "seconds")})
    return redirect(f"{reverse('meter:correct', kwargs={'slug': slug, 'pk': meter.pk})}?{key}")
