"""Forms of the room; the services check what the database must hold."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from tanlin.kernel.errors import TanlinError
from tanlin.kernel.period import zone
from tanlin.meter import queries
from tanlin.meter.models import Carrier, Channel, Kind, Meter, MeterRow
from tanlin.meter.products import PRODUCTS
from tanlin.meter.uses import USES
from tanlin.meter.vee.rules import PARAMETERS


def place_text(place: Any) -> str:
    """What the place field shows for a place; it names it alone."""
    english = (get_language() or "").startswith("en") and place.name_en
    return f"{english or place.name} · {place.slug}"


def product_choices(carrier: str = "") -> list[tuple[str, str]]:
    """The products of a carrier, or of all, in the language of the page."""
    lang = get_language()
    groups = [PRODUCTS.get(carrier, {})] if carrier else PRODUCTS.values()
    words = {key: text.pick(lang) for group in groups for key, text in group.items()}
    return [("", "—"), *words.items()]


def use_choices() -> list[tuple[str, Any]]:
    """The uses of a meter in the language of the page."""
    lang = get_language()
    return [("", _("mixed or not known")), *((key, word.pick(lang)) for key, word in USES.items())]


class Styled(forms.Form):
    """The look of the site, an error summary of typed errors, and the places and numbers of one area."""

    def __init__(self, *args: Any, user: Any = None, area: Any = None, **kwargs: Any) -> None:
        super().__init__(*args, **({"label_suffix": ""} | kwargs))
        self.user, self.area = user, area
        for name, field in self.fields.items():
            widget = field.widget
            select = isinstance(widget, forms.Select)
            if not isinstance(widget, (forms.CheckboxInput, forms.HiddenInput)):
                widget.attrs.setdefault("class", "form-select" if select else "form-control")
            if name in ("place", "parent"):
                widget.attrs["list"] = f"{name}-options"
                widget.attrs["autocomplete"] = "off"

    def add_typed(self, error: TanlinError) -> None:
        """Show a domain error above the form."""
        self.add_error(None, error.message(get_language()))

    def clean_place(self) -> Any:
        """The slug or name of a place below the area → the area."""
        text = self.cleaned_data["place"].strip()
        try:
            return queries.place_below(self.user, self.area, text) if text else None
        except TanlinError as error:
            raise forms.ValidationError(error.message(get_language())) from error


class UploadForm(Styled):
    file = forms.FileField(
        label=_("File"), help_text=_("CSV, XLSX, XLS or Parquet; any encoding, long or wide.")
    )
    carrier = forms.ChoiceField(
        label=_("Carrier, if the file does not say it"),
        required=False,
        choices=[("", _("as the file says")), *Carrier.choices],
    )


class MeterForm(Styled):
    number = forms.CharField(label=_("meter number"), max_length=80)
    name = forms.CharField(label=_("name"), max_length=120, required=False)
    carrier = forms.ChoiceField(label=_("carrier"), choices=Carrier.choices)
    product = forms.ChoiceField(
        label=_("product"),
        choices=product_choices,
        required=False,
        help_text=_("For gas, waste and fuel: which factor applies."),
    )
    use = forms.ChoiceField(label=_("use"), choices=use_choices, required=False)
    channel = forms.ChoiceField(label=_("channel"), choices=Channel.choices)
    kind = forms.ChoiceField(label=_("kind of readings"), choices=Kind.choices)
    unit = forms.CharField(
        label=_("unit"), max_length=20, required=False, help_text=_("Empty: kWh, m³, GJ or kg.")
    )
    multiplier = forms.FloatField(label=_("multiplier"), initial=1, min_value=1e-9)
    place = forms.CharField(label=_("place"))
    parent = forms.CharField(
        label=_("main meter"), required=False, help_text=_("Number of the meter behind which this one lies.")
    )
    tariff = forms.CharField(label=_("tariff"), max_length=80, required=False)
    valid_from = forms.DateField(
        label=_("valid from"),
        initial=timezone.localdate,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )


class ChangeForm(Styled):
    """Change one dated row; ``from_day`` empty: it was wrong all along."""

    carrier = ""
    multiplier = forms.FloatField(label=_("multiplier"), min_value=1e-9)
    place = forms.CharField(label=_("place"))
    parent = forms.CharField(label=_("main meter"), required=False)
    product = forms.ChoiceField(label=_("product"), choices=product_choices, required=False)
    use = forms.ChoiceField(label=_("use"), choices=use_choices, required=False)
    tariff = forms.CharField(label=_("tariff"), max_length=80, required=False)
    uncertainty_pct = forms.FloatField(label=_("uncertainty, % (95 %)"), min_value=0, max_value=100)
    from_day = forms.DateField(
        label=_("from"),
        required=False,
        help_text=_("Empty: it was wrong all along."),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    reason = forms.CharField(label=_("reason"), max_length=300)

    @staticmethod
    def initial_of(row: MeterRow) -> dict[str, Any]:
        """The form as the row stands."""
        return {
            "multiplier": f"{row.multiplier:.10g}",
            "place": place_text(row.place),
            "parent": row.parent.number if row.parent else "",
            "product": row.product,
            "use": row.use,
            "tariff": row.tariff,
            "uncertainty_pct": row.uncertainty_pct,
        }

    def changes(self, row: MeterRow) -> dict[str, Any]:
        """The fields of the row that differ."""
        data = self.cleaned_data
        names = ("multiplier", "place", "parent", "product", "use", "tariff", "uncertainty_pct")
        wanted = {name: data[name] for name in names}
        return {name: value for name, value in wanted.items() if getattr(row, name) != value}

    def clean_parent(self) -> Meter | None:
        """The number of a known meter → the meter."""
        number = self.cleaned_data["parent"].strip()
        if not number:
            return None
        found = queries.meter_by_number(self.area, number, self.carrier)
        if found is None:
            raise forms.ValidationError(_("No meter here has this number."))
        return found


class CorrectForm(Styled):
    """Another value for one stored reading, before the multiplier."""

    channel = forms.CharField(widget=forms.HiddenInput)
    start = forms.IntegerField(widget=forms.HiddenInput)
    seconds = forms.IntegerField(widget=forms.HiddenInput, min_value=0)
    value = forms.FloatField(label=_("correct value"), widget=forms.NumberInput(attrs={"step": "any"}))
    reason = forms.CharField(label=_("reason"), max_length=200)


class ExchangeForm(Styled):
    """Another counter at the same point."""

    at = forms.CharField(
        label=_("time of the exchange"),
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}),
        help_text=_("Local time of the place."),
    )
    final = forms.FloatField(label=_("last reading of the old device"), min_value=0)
    first = forms.FloatField(label=_("first reading of the new device"), min_value=0)
    digits = forms.IntegerField(label=_("digits before the point"), min_value=3, max_value=12, required=False)
    serial = forms.CharField(label=_("serial number"), max_length=80, required=False)

    def at_es(self, tz: str) -> int:
        """Epoch seconds of the exchange. Call on a valid form."""
        moment: datetime = self.cleaned_data["at"]
        return int(moment.replace(tzinfo=zone(tz)).timestamp())

    def clean_at(self) -> datetime:
        """A local moment, not in the future."""
        try:
            moment = datetime.fromisoformat(self.cleaned_data["at"])  # local by definition
        except ValueError as error:
            raise forms.ValidationError(_("Write it like 2025-06-01T09:30.")) from error
        if moment > datetime.now() + timedelta(days=1):  # noqa: DTZ005
            raise forms.ValidationError(_("The exchange lies in the future."))
        return moment


def rule_choices() -> list[tuple[str, str]]:
    """The parameters of the checks in the language of the page."""
    lang = get_language()
    return [(f"{kind}.{name}", about[0].pick(lang)) for (kind, name), about in PARAMETERS.items()]


class RuleForm(Styled):
    """A dated rule of the checks for the meters below a place, or for one of them."""

    parameter = forms.ChoiceField(label=_("rule"), choices=rule_choices)
    value = forms.FloatField(label=_("value"), widget=forms.NumberInput(attrs={"step": "any"}))
    carrier = forms.ChoiceField(
        label=_("carrier"), required=False, choices=[("", _("all")), *Carrier.choices]
    )
    number = forms.CharField(
        label=_("meter number"),
        required=False,
        max_length=80,
        help_text=_("Empty: all meters below this place."),
    )
    valid_from = forms.DateField(
        label=_("valid from"),
        initial=timezone.localdate,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    valid_to = forms.DateField(
        label=_("valid to"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    reason = forms.CharField(label=_("reason"), max_length=300)

    def clean_number(self) -> Meter | None:
        """The number of a meter placed below the area → the meter."""
        number = self.cleaned_data["number"].strip()
        if not number:
            return None
        row = queries.meters(self.area).filter(meter__number=number).first()
        if row is None:
            raise forms.ValidationError(_("No meter here has this number."))
        return row.meter

    def values(self) -> dict[str, Any]:
        """The arguments of the service. Call on a valid form."""
        data = dict(self.cleaned_data)
        kind, name = data.pop("parameter").split(".")
        meter = data.pop("number")
        return {**data, "kind": kind, "parameter": name, "meter": meter}
