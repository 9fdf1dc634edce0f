"""The page of gateways: how each stands, its settings, its token, and which meter each of its points is."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import get_language, gettext_lazy, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tanlin.community import queries as community
from tanlin.kernel.errors import NotFound, TanlinError, Text
from tanlin.meter import queries, services
from tanlin.meter.adapters import adapter
from tanlin.meter.forms import Styled
from tanlin.meter.gateways import KINDS, REASONS, Field
from tanlin.meter.models import Channel, Gateway, GatewayPoint

#: A gateway is part of the registry.
EDIT = "meters"
#: Meters that the browser offers while typing.
OFFERED = 300
#: Word and truth mark of a state.
STATES: dict[str, tuple[Text, str]] = {
    "connected": (Text("正常", "connected"), "measured"),
    "connecting": (Text("正在连接", "connecting"), "stale"),
    "waiting": (Text("等待写入", "waiting to store"), "act"),
    "failed": (Text("出错", "failed"), "act"),
    "stopped": (Text("未运行", "not running"), "unknown"),
    "never": (Text("未运行", "not running"), "unknown"),
    "ready": (Text("等待首次推送", "waiting for a first push"), "claimed"),
    "no_token": (Text("没有令牌", "has no token"), "act"),
    "disabled": (Text("已停用", "switched off"), "unknown"),
}


def _control(field: Field, lang: str | None) -> forms.Field:
    """The control of one setting."""
    own: dict[str, Any] = {
        "label": field.label.pick(lang),
        "help_text": field.help.pick(lang) if field.help else "",
    }
    if field.kind == "flag":
        return forms.BooleanField(required=False, **own)
    if field.kind == "choice":
        choices = [(value, text.pick(lang)) for value, text in field.choices]
        return forms.ChoiceField(choices=choices, required=False, **own)
    if field.kind == "secret":
        own["help_text"] = own["help_text"] or _("Empty: as before. It is never shown again.")
        hidden = forms.PasswordInput(attrs={"autocomplete": "new-password"})
        return forms.CharField(widget=hidden, required=False, strip=False, **own)
    widget = (
        forms.Textarea(attrs={"rows": 4, "spellcheck": "false"})
        if field.kind == "lines"
        else forms.TextInput()
    )
    return forms.CharField(required=field.required, widget=widget, **own)


class Typed(Styled):
    """Shows a domain error at the field it names."""

    def refuse(self, error: TanlinError) -> None:
        """Show a domain error at its field."""
        column = error.where.column if error.where else None
        text = (
            f"{error.text.pick(get_language())} {error.remedy.pick(get_language()) if error.remedy else ''}"
        )
        self.add_error(column if column in self.fields else None, text)


class GatewayForm(Typed):
    """Name and the settings that the adapter asks for; the adapter checks them."""

    asked: tuple[Field, ...] = ()
    name = forms.CharField(label=gettext_lazy("name"), max_length=80)

    def settings(self) -> dict[str, Any]:
        """What is not secret. Call on a valid form."""
        return {f.name: self.cleaned_data[f.name] for f in self.asked if f.kind != "secret"}

    def secret(self) -> str:
        """The secret as typed, or empty."""
        return next((self.cleaned_data[f.name] for f in self.asked if f.kind == "secret"), "")


def form_of(kind: str) -> type[GatewayForm]:
    """The form of one kind of gateway, in the language of the page."""
    asked = adapter(kind).fields
    controls = {field.name: _control(field, get_language()) for field in asked}
    return type("GatewayForm", (GatewayForm,), {"asked": asked, **controls})


class PointForm(Typed):
    """Which meter a point is."""

    point = forms.CharField(widget=forms.HiddenInput, max_length=200, strip=False)
    number = forms.CharField(
        label=gettext_lazy("meter number"),
        widget=forms.TextInput(attrs={"list": "meter-options", "autocomplete": "off"}),
    )
    channel = forms.ChoiceField(label=gettext_lazy("channel"), choices=Channel.choices)
    unit = forms.CharField(
        label=gettext_lazy("unit"),
        max_length=20,
        required=False,
        help_text=gettext_lazy("Where the source is silent; empty: the unit of the meter."),
    )
    scale = forms.FloatField(
        label=gettext_lazy("scale"),
        initial=1,
        help_text=gettext_lazy(
            "A value is multiplied by it: 0.01 for hundredths, 0.001 for impulses of 1 Wh."
        ),
    )


def _shown(area: Any, user: Any) -> dict[str, Any]:
    lines = [(line, *STATES[line.state]) for line in queries.gateways(area)]
    return {
        "place": area,
        "lines": lines,
        "listener": queries.listener(),
        "may": community.rights_at(user, area),
    }


@require_GET
def index(request: HttpRequest, slug: str) -> HttpResponse:
    """Gateways of a place: right ``view``. htmx asks for the live part alone."""
    area = community.area(request.user, slug)
    context = _shown(area, request.user) | {
        "kinds": [(kind, adapter(kind).title) for kind in KINDS],
        "push_url": request.build_absolute_uri(reverse("api:push")),
    }
    live = request.headers.get("HX-Request") == "true"
    return render(request, "meter/gateways_live.html" if live else "meter/gateways.html", context)


@require_GET
def detail(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """One gateway: right ``view``. htmx asks for the live part alone."""
    area, gateway = queries.gateway(request.user, slug, pk)
    return _shown_one(request, area, gateway)


def _shown_one(request: HttpRequest, area: Any, gateway: Gateway, token: str = "") -> HttpResponse:
    """The page of a gateway; a new token is in this answer and nowhere else."""
    line = next(line for line in queries.gateways(gateway.area) if line.gateway.pk == gateway.pk)
    word, mark = STATES[line.state]
    context = {
        "place": area,
        "gateway": gateway,
        "line": line,
        "word": word,
        "mark": mark,
        "kind": adapter(gateway.kind),
        "points": queries.points(gateway),
        "heaps": [
            (heap, *REASONS.get(heap.reason, REASONS["unreadable"]))
            for heap in queries.inbox().heaps(gateway.pk)
        ],
        "listener": queries.listener(),
        "push_url": request.build_absolute_uri(reverse("api:push")),
        "token": token,
        "may": community.rights_at(request.user, area),
    }
    live = request.headers.get("HX-Request") == "true"
    answer = render(request, "meter/gateway_live.html" if live else "meter/gateway.html", context)
    if token:
        answer["Cache-Control"] = "no-store"
    return answer


def _page(request: HttpRequest, form: Styled, title: str, **more: Any) -> HttpResponse:
    context = {"form": form, "title": title, "place": form.area, **more}
    return render(request, "meter/gateway_form.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "POST"])
def new(request: HttpRequest, slug: str, kind: str) -> HttpResponse:
    """Set a gateway up: right ``meters``."""
    area = community.area(request.user, slug, EDIT)
    if kind not in KINDS:
        raise NotFound()
    data = request.POST if request.method == "POST" else None
    initial = {field.name: field.default for field in adapter(kind).fields}
    form = form_of(kind)(data, initial=initial, user=request.user, area=area)
    if request.method == "POST" and form.is_valid():
        try:
            made = services.create_gateway(
                area,
                kind=kind,
                name=form.cleaned_data["name"],
                config=form.settings(),
                actor=request.user,
                secret=form.secret(),
            )
        except TanlinError as error:
            form.refuse(error)
        else:
            if kind == "http":
                return _shown_one(request, area, made, services.new_token(made, actor=request.user))
            messages.success(request, _("The gateway is set up."))
            return redirect("meter:gateway", slug=slug, pk=made.pk)
    return _page(request, form, adapter(kind).title.pick(get_language()))


@require_http_methods(["GET", "POST"])
def change(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Other settings: right ``meters``."""
    area, gateway = queries.gateway(request.user, slug, pk, EDIT)
    data = request.POST if request.method == "POST" else None
    initial = {**gateway.config, "name": gateway.name}
    form = form_of(gateway.kind)(data, initial=initial, user=request.user, area=area)
    if request.method == "POST" and form.is_valid():
        try:
            services.change_gateway(
                gateway,
                name=form.cleaned_data["name"],
                config=form.settings(),
                actor=request.user,
                secret=form.secret() or None,
            )
        except TanlinError as error:
            form.refuse(error)
        else:
            messages.success(request, _("The settings are stored; the listener starts the gateway anew."))
            return redirect("meter:gateway", slug=slug, pk=pk)
    return _page(request, form, _("Change the gateway"), gateway=gateway)


@require_POST
def act(request: HttpRequest, slug: str, pk: int, verb: str) -> HttpResponse:
    """One button: token, revoke, enable, disable, retry, discard, unmap; right ``meters``."""
    area, gateway = queries.gateway(request.user, slug, pk, EDIT)
    point = request.POST.get("point", "")
    if verb == "token":
        return _shown_one(request, area, gateway, services.new_token(gateway, actor=request.user))
    if verb == "revoke":
        services.revoke_token(gateway, actor=request.user)
    elif verb in ("enable", "disable"):
        services.enable_gateway(gateway, verb == "enable", actor=request.user)
    elif verb == "retry":
        _tell_rows(request, services.retry_held(gateway))
    elif verb == "discard":
        services.discard_held(gateway, point, request.POST.get("reason", ""), actor=request.user)
    elif verb == "unmap":
        services.unmap_point(gateway, point, actor=request.user)
    else:
        raise NotFound()
    return redirect("meter:gateway", slug=slug, pk=pk)


@require_http_methods(["GET", "POST"])
def map_point(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Say which meter a point is: right ``meters``."""
    area, gateway = queries.gateway(request.user, slug, pk, EDIT)
    name = (request.POST if request.method == "POST" else request.GET).get("point", "")
    known = GatewayPoint.objects.filter(gateway=gateway, name=name).select_related("meter").first()
    initial: dict[str, Any] = {"point": name}
    if known:
        initial |= {
            "number": known.meter.number,
            "channel": known.channel,
            "unit": known.unit,
            "scale": known.scale,
        }
    form = PointForm(
        request.POST if request.method == "POST" else None, initial=initial, user=request.user, area=area
    )
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        meter = queries.meter_by_number(gateway.area, data["number"].strip())
        if meter is None or not queries.meters(gateway.area).filter(meter=meter).exists():
            form.add_error("number", _("No meter here has this number."))
        else:
            try:
                own = {key: data[key] for key in ("channel", "unit", "scale")}
                rows = services.map_point(gateway, data["point"], meter, actor=request.user, **own)
            except TanlinError as error:
                form.refuse(error)
            else:
                _tell_rows(request, rows)
                return redirect("meter:gateway", slug=slug, pk=pk)
    offered = queries.meters(gateway.area).values_list("meter__number", "meter__name")[:OFFERED]
    return _page(request, form, _("Which meter is this point?"), gateway=gateway, point=name, meters=offered)


def _tell_rows(request: HttpRequest, rows: int) -> None:
    text = ngettext(
        "Stored. %(rows)s waiting row follows within a minute.",
        "Stored. %(rows)s waiting rows follow within a minute.",
        rows,
    )
    messages.success(request, text % {"rows": rows})
