"""The form by which a factor or a new version of one is entered."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from tanlin.carbon.account.entry.cells import SOURCES
from tanlin.carbon.account.gpc import references
from tanlin.carbon.account.streams import streams
from tanlin.carbon.account.words import KEYS as NOTATION_WORDS
from tanlin.carbon.account.words import SECTORS
from tanlin.carbon.factors import region_chain
from tanlin.carbon.models.instruments import InstrumentKind
from tanlin.carbon.rules import GWP_SET, GWP_SETS
from tanlin.carbon.shown import USED, region_name
from tanlin.carbon.stored import TARIFF
from tanlin.kernel.errors import TanlinError
from tanlin.record import FactRow


def kinds() -> list[tuple[str, str]]:
    """Kinds of factors that can be entered, in the language of the page."""
    lang = get_language() or "zh-hans"
    return [(kind, text.pick(lang[:2])) for kind, text in USED.items() if kind != TARIFF]


class FactorForm(forms.Form):
    """Fields of one dated fact. Stored rows never change: the same id with a later day of publication replaces."""

    fact_id = forms.RegexField(
        r"[a-z0-9_.\-]+",
        max_length=160,
        label=_("Id"),
        help_text=_("The id of an existing factor gives it a new version."),
    )
    name_zh = forms.CharField(max_length=120, label=_("Name"))
    name_en = forms.CharField(max_length=120, label=_("English name"), required=False)
    kind = forms.ChoiceField(
        choices=kinds, label=_("Kind"), widget=forms.Select(attrs={"class": "form-select"})
    )
    product = forms.CharField(max_length=40, label=_("Product"), required=False)
    region = forms.RegexField(r"[A-Z][A-Z0-9\-]*", max_length=20, label=_("Region"))
    value = forms.FloatField(label=_("Value"))
    unit = forms.CharField(max_length=40, label=_("Unit"))
    gas = forms.CharField(max_length=20, label=_("Gas"), required=False)
    uncertainty_pct = forms.FloatField(label=_("± % (95 %)"), min_value=0, required=False)
    valid_from = forms.DateField(label=_("Valid from"), widget=forms.DateInput(attrs={"type": "date"}))
    valid_to = forms.DateField(
        label=_("Valid to"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )
    published = forms.DateField(label=_("Published"), widget=forms.DateInput(attrs={"type": "date"}))
    source = forms.CharField(max_length=300, label=_("Source"))
    source_ref = forms.CharField(max_length=300, label=_("Address of the source"), required=False)

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        first, last = data.get("valid_from"), data.get("valid_to")
        if first and last and last < first:
            self.add_error("valid_to", _("The validity ends before it begins."))
        if data.get("published") and data["published"] > timezone.localdate():
            self.add_error("published", _("The day of publication lies in the future."))
        return data

    def row(self) -> FactRow:
        """The fact as entered: not verified until someone has read the source."""
        data = self.cleaned_data
        inner = {name: data[name] for name in ("value", "product", "name_zh", "name_en")}
        same = (
            "fact_id",
            "kind",
            "region",
            "unit",
            "gas",
            "valid_from",
            "valid_to",
            "published",
            "source",
            "source_ref",
        )
        return FactRow(
            value=inner, uncertainty_pct=data["uncertainty_pct"], **{name: data[name] for name in same}
        )


class InstrumentForm(forms.Form):
    """A certificate, a contract or a supplier's factor of the place."""

    kind = forms.ChoiceField(
        choices=InstrumentKind.choices, label=_("Kind"), widget=forms.Select(attrs={"class": "form-select"})
    )
    registry = forms.CharField(
        max_length=120, label=_("Registry or supplier"), help_text=_("Who keeps the number and cancels it.")
    )
    number = forms.CharField(
        max_length=120, label=_("Number"), help_text=_("Of the certificate or contract; it counts once.")
    )
    first_day = forms.DateField(label=_("First day"), widget=forms.DateInput(attrs={"type": "date"}))
    last_day = forms.DateField(label=_("Last day"), widget=forms.DateInput(attrs={"type": "date"}))
    energy_kwh = forms.FloatField(label=_("Electricity (kWh)"), min_value=0)
    factor_kg_per_kwh = forms.FloatField(
        label=_("Factor (kgCO2/kWh)"),
        min_value=0,
        initial=0,
        help_text=_("0 for power without emissions; else as the supplier states it."),
    )
    note = forms.CharField(max_length=300, label=_("Note"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **({"label_suffix": ""} | kwargs))
        for field in self.fields.values():
            field.widget.attrs.setdefault("class", "form-control")


class GwpForm(forms.Form):
    """From a day on, by which set of warming potentials inventories of a region weigh their gases."""

    gwp = forms.ChoiceField(label=_("Set"), widget=forms.Select(attrs={"class": "form-select"}))
    region = forms.ChoiceField(label=_("Region"), widget=forms.Select(attrs={"class": "form-select"}))
    valid_from = forms.DateField(
        label=_("For years from"),
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text=_("One year of a place is counted with one set: that of its first day."),
    )
    published = forms.DateField(label=_("Decided on"), widget=forms.DateInput(attrs={"type": "date"}))
    source = forms.CharField(max_length=300, label=_("Source"), help_text=_("Who decided it, and where."))

    def __init__(self, *args: Any, region: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        lang = (get_language() or "zh-hans")[:2]
        near = [(code, region_name(code).pick(lang)) for code in region_chain(region or "GLOBAL")]
        self.fields["region"].choices = near  # type: ignore[attr-defined]
        self.fields["gwp"].choices = list(GWP_SETS.items())  # type: ignore[attr-defined]

    def row(self) -> FactRow:
        """The rule as a dated fact."""
        data = self.cleaned_data
        report = GWP_SETS[data["gwp"]]
        told = {
            "value": data["gwp"],
            "name_zh": f"全球增温潜势按 {report}",
            "name_en": f"Warming potentials of {report}",
        }
        return FactRow(
            fact_id=f"{GWP_SET}.{data['region'].lower()}.{data['valid_from']}",
            kind=GWP_SET,
            region=data["region"],
            valid_from=data["valid_from"],
            published=data["published"],
            value=told,
            source=data["source"],
        )


class FactFileForm(forms.Form):
    """A notice as a file."""

    file = forms.FileField(
        label=_("File"), help_text=_("Factors as CSV in UTF-8, tariffs as JSON. At most 2 MB.")
    )

    def clean_file(self) -> Any:
        found = self.cleaned_data["file"]
        if found.size > 2_000_000:
            raise forms.ValidationError(_("The file is larger than 2 MB."))
        return found


class ActivityForm(forms.Form):
    """One activity of a place or of one below it; the service judges the values."""

    stream = forms.ChoiceField(label=_("Stream"), widget=forms.Select(attrs={"class": "form-select"}))
    amount = forms.FloatField(label=_("Amount"), min_value=0)
    unit = forms.CharField(
        max_length=20,
        label=_("Unit"),
        help_text=_("As on the paper: t, m3, km, m2 …"),
        widget=forms.TextInput(attrs={"list": "unit-options", "autocomplete": "off"}),
    )
    first_day = forms.DateField(label=_("First day"), widget=forms.DateInput(attrs={"type": "date"}))
    last_day = forms.DateField(label=_("Last day"), widget=forms.DateInput(attrs={"type": "date"}))
    place = forms.CharField(
        max_length=120,
        label=_("Place"),
        required=False,
        help_text=_("Left blank: this place."),
        widget=forms.TextInput(attrs={"list": "place-options", "autocomplete": "off"}),
    )
    source = forms.ChoiceField(label=_("Source"), widget=forms.Select(attrs={"class": "form-select"}))
    uncertainty_pct = forms.FloatField(
        label=_("± % (95 %)"),
        min_value=0,
        max_value=500,
        required=False,
        help_text=_("Left blank: the default of the stream and source."),
    )
    note = forms.CharField(max_length=300, label=_("Note"), required=False)
    overlap = forms.BooleanField(
        label=_("Both amounts are true: count both"), required=False, widget=forms.HiddenInput
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **({"label_suffix": ""} | kwargs))
        lang = get_language() or "zh-hans"
        self.fields["stream"].choices = stream_choices(lang)  # type: ignore[attr-defined]
        self.fields["source"].choices = [  # type: ignore[attr-defined]
            ("", "—"), *((key, word.pick(lang)) for key, word in SOURCES.items())
        ]  # fmt: skip
        for field in self.fields.values():
            field.widget.attrs.setdefault("class", "form-control")

    def refuse(self, error: TanlinError) -> None:
        """Show a refusal at its field; an overlap may be agreed to."""
        if error.code == "carbon.activity_overlap":
            self.fields["overlap"].widget = forms.CheckboxInput()
        where = _FIELDS.get(error.code)
        self.add_error(where, error.message(get_language()))


_FIELDS = {
    "carbon.activity_unit": "unit",
    "carbon.amount_negative": "amount",
    "carbon.amount_large": "amount",
    "carbon.days_cross": "last_day",
    "carbon.days_long": "last_day",
    "carbon.day_future": "last_day",
    "meter.unknown_place": "place",
    "meter.ambiguous_place": "place",
}


def stream_choices(lang: str) -> list[Any]:
    """Every stream in groups by GPC sector."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for key, stream in streams().items():
        sector = stream.ref.partition(".")[0]
        title = SECTORS[sector][0].pick(lang) if sector else str(_("Shown only"))
        groups.setdefault(title, []).append((key, stream.name.pick(lang)))
    return [("", "—"), *groups.items()]


class SheetForm(forms.Form):
    """A sheet of activity data."""

    file = forms.FileField(
        label=_("File"),
        help_text=_("CSV or XLSX with the columns of the template. At most 10 MB."),
        widget=forms.FileInput(attrs={"class": "form-control", "accept": ".csv,.xlsx,.xls"}),
    )


class BoundaryForm(forms.Form):
    """What an account of the place is the account of, from a day on; what is left empty stays as it is."""

    population = forms.FloatField(label=_("Number of people"), min_value=0.1, required=False)
    definition = forms.CharField(
        max_length=200,
        label=_("Definition of the population"),
        help_text=_("Residents at the end of the year, registered, with or without workers …"),
        required=False,
    )
    floor = forms.FloatField(label=_("Floor area (m²)"), min_value=0.1, required=False)
    land = forms.FloatField(label=_("Land area (m²)"), min_value=0.1, required=False)
    rules = forms.CharField(
        max_length=2000,
        label=_("What is in and out"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    valid_from = forms.DateField(label=_("From"), widget=forms.DateInput(attrs={"type": "date"}))
    source = forms.CharField(max_length=300, label=_("Source"))

    #: Field → attribute of the area.
    KEYS = {
        "population": "population",
        "definition": "population.definition",
        "floor": "floor_area_m2",
        "land": "area_m2",
        "rules": "boundary.rules",
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **({"label_suffix": "", "auto_id": "boundary-%s"} | kwargs))
        for field in self.fields.values():
            field.widget.attrs.setdefault("class", "form-control")

    def values(self) -> dict[str, Any]:
        """What was filled in, by attribute."""
        stated = ((key, self.cleaned_data[name]) for name, key in self.KEYS.items())
        return {key: value for key, value in stated if value not in (None, "")}


class NotationForm(forms.Form):
    """Why a reference of the GPC has no value, from a day on."""

    ref = forms.ChoiceField(label=_("GPC reference"), widget=forms.Select(attrs={"class": "form-select"}))
    key = forms.ChoiceField(label=_("Notation key"), widget=forms.Select(attrs={"class": "form-select"}))
    reason = forms.CharField(max_length=300, label=_("Reason"))
    valid_from = forms.DateField(label=_("From"), widget=forms.DateInput(attrs={"type": "date"}))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **({"label_suffix": "", "auto_id": "notation-%s"} | kwargs))
        lang = (get_language() or "zh-hans")[:2]
        refs, keys = self.fields["ref"], self.fields["key"]
        assert isinstance(refs, forms.ChoiceField) and isinstance(keys, forms.ChoiceField)
        refs.choices = [(one.ref, f"{one.ref} {one.name.pick(lang)}") for one in references().values()]
        keys.choices = [(key, names[1].pick(lang)) for key, names in NOTATION_WORDS.items()]
        for field in self.fields.values():
            field.widget.attrs.setdefault("class", "form-control")
