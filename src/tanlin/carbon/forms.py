"""The form by which a factor or a new version of one is entered."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from tanlin.carbon.factors import region_chain
from tanlin.carbon.models.instruments import InstrumentKind
from tanlin.carbon.rules import GWP_SET, GWP_SETS
from tanlin.carbon.shown import USED, region_name
from tanlin.carbon.stored import TARIFF
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
