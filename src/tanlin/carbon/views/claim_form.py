"""The form of one kind of claim, made of the fields that the kind names."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from tanlin.carbon.claims import Claim, Field, Kind, parse
from tanlin.carbon.factors import data_rows
from tanlin.kernel.errors import BadInput, Text
from tanlin.kernel.words import SPACE, sign

_STATED = ("claimed", "unit", "text", "source")


class ClaimForm(forms.Form):
    """What is claimed, in which unit, what else is stated, the words and their source. ``claim`` once valid."""

    def __init__(self, kind: Kind, data: Any = None, initial: dict[str, Any] | None = None) -> None:
        super().__init__(data, initial=initial, label_suffix="")
        self.kind = kind
        self.claim: Claim | None = None
        self.fields["claimed"] = _number(_pick(kind.claimed))
        if any(kind.units):
            units = [(unit, sign(unit, _lang())) for unit in kind.units]
            self.fields["unit"] = _choice(_("Unit"), units)
        for field in kind.fields:
            self.fields[field.name] = _field(field)
        self.fields["text"] = forms.CharField(
            label=_("Words of the claim"),
            required=False,
            widget=forms.Textarea({"class": "form-control", "rows": 3}),
        )
        self.fields["source"] = _words(_("Where it was said"))

    def clean(self) -> dict[str, Any]:
        """Read the values as a claim; a value that cannot be used is told at its field."""
        data: dict[str, Any] = super().clean() or {}
        names = {field.name for field in self.kind.fields}
        stated = {name: data.get(name) for name in _STATED}
        stated |= {"kind": self.kind.key, "fields": {name: data.get(name) for name in names}}
        try:
            self.claim = parse(stated)
        except BadInput as error:
            column = error.where.column if error.where else None
            parts = [error.text, error.remedy or Text("", "")]
            told = (
                "".join(_pick(part) for part in parts)
                if _lang() == "zh"
                else " ".join(map(_pick, parts)).strip()
            )
            self.add_error(column if column in self.fields else None, told)
        return data


def _lang() -> str:
    return "en" if (get_language() or "").startswith("en") else "zh"


def _pick(text: Text) -> str:
    return text.pick(_lang())


def _field(field: Field) -> forms.Field:
    label = _pick(field.label)
    if field.type == "choice":
        return _choice(
            label,
            [("", _("not stated")), *((code, _pick(name)) for code, name in field.choices.items() if code)],
        )
    if field.type == "region":
        rows = [
            (row["region"], row["name_zh"] if _lang() == "zh" else row["name_en"])
            for row in data_rows("regions.csv")
        ]
        return _choice(label, [("", _("not stated")), *rows])
    unit = f"{SPACE}({sign(field.unit, _lang())})" if field.unit else ""
    if field.type in ("number", "year"):
        return _number(f"{label}{unit}")
    return _words(label, _pick(field.hint))


def _number(label: Any) -> forms.CharField:
    attributes = {"class": "form-control", "inputmode": "decimal", "autocomplete": "off"}
    return forms.CharField(label=label, required=False, widget=forms.TextInput(attributes))


def _words(label: Any, hint: str = "") -> forms.CharField:
    widget = forms.TextInput({"class": "form-control"})
    return forms.CharField(label=label, required=False, max_length=500, help_text=hint, widget=widget)


def _choice(label: Any, choices: list[Any]) -> forms.ChoiceField:
    return forms.ChoiceField(
        label=label, choices=choices, required=False, widget=forms.Select({"class": "form-select"})
    )
