"""The form by which a factor or a new version of one is entered."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from tanlin.carbon.shown import USED
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
