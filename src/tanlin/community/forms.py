"""One form a verb; ``run`` calls the service."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.contrib.auth.forms import AuthenticationForm
from django.db import transaction
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from tanlin.community import queries, services
from tanlin.community.models import ROLE_TITLES, Area, Organisation, User
from tanlin.kernel.errors import BadInput, Text

FIGURES = [
    ("population", _("Population (persons)")),
    ("households", _("Homes")),
    ("floor_area_m2", _("Floor area (m²)")),
    ("public.persons", _("People using energy in public institutions")),
    ("public.floor_area_m2", _("Floor area of public institutions (m²)")),
]


def date_input() -> forms.DateInput:
    """The browser's own calendar."""
    return forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


def styled(form: forms.BaseForm) -> None:
    """Give the widgets the classes of the theme."""
    for field in form.fields.values():
        select = isinstance(field.widget, forms.Select)
        field.widget.attrs["class"] = "form-select" if select else "form-control"


class LoginForm(AuthenticationForm):
    """Django's, in the look of the site."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"label_suffix": ""} | kwargs)
        styled(self)


class Verb(forms.Form):
    """``title`` heads the form, ``button`` sends it, ``done`` tells the result."""

    title: ClassVar[str | Promise]
    button: ClassVar[str | Promise]
    done: ClassVar[str | Promise]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        styled(self)

    def run(self, actor: Any, place: Area) -> str | None:
        """Call the service in the name of the actor; raises what it raises. A text is shown once, on the next page."""
        raise NotImplementedError


class UserForm(Verb):
    title, button, done = _("New colleague"), _("Add"), _("The colleague can log in now.")
    username = forms.CharField(
        label=_("User name"), max_length=150, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
    display_name = forms.CharField(label=_("Name"), max_length=80, required=False)
    password = forms.CharField(
        label=_("First password"),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        strip=False,
    )
    role = forms.ChoiceField(label=_("Role"), choices=lambda: list(ROLE_TITLES.items()))

    @transaction.atomic
    def run(self, actor: Any, place: Area) -> None:
        data = self.cleaned_data
        user = services.create_user(
            actor,
            username=data["username"],
            password=data["password"],
            display_name=data["display_name"],
            area=place,
        )
        services.grant(actor, user=user, role=data["role"], area=place)


class GrantForm(Verb):
    title, button, done = _("Give a role"), _("Grant"), _("The role is granted.")
    username = forms.CharField(
        label=_("User name"), max_length=150, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
    role = forms.ChoiceField(label=_("Role"), choices=lambda: list(ROLE_TITLES.items()))
    valid_to = forms.DateField(label=_("Until (not included)"), required=False, widget=date_input())

    def run(self, actor: Any, place: Area) -> None:
        data = self.cleaned_data
        user = User.objects.filter(username__iexact=data["username"].strip()).first()
        if user is None:
            raise BadInput("community.unknown_user", Text("没有这个用户名。", "There is no such user name."))
        services.grant(actor, user=user, role=data["role"], area=place, valid_to=data["valid_to"])


class RevokeForm(Verb):
    title, button, done = _("Take a role back"), _("Revoke"), _("The role is taken back.")
    grant = forms.IntegerField(widget=forms.HiddenInput)

    def run(self, actor: Any, place: Area) -> None:
        services.revoke(actor, self.cleaned_data["grant"])


class PasswordForm(Verb):
    title, button = _("New password"), _("New password")
    done = _("The new password, shown this once. Hand it over in person:")
    grant = forms.IntegerField(widget=forms.HiddenInput)

    def run(self, actor: Any, place: Area) -> str:
        row = queries.grant_at(actor, self.cleaned_data["grant"])
        password = services.new_password()
        services.set_password(actor, row.user, password)
        return f"{row.user.username}  {password}"


class OrganisationForm(Verb):
    title, button, done = _("New organisation"), _("Add"), _("The organisation is registered.")
    name = forms.CharField(label=_("Name"), max_length=120)
    name_en = forms.CharField(label=_("English name"), max_length=120, required=False)
    kind = forms.ChoiceField(label=_("Kind"), choices=Organisation.Kind.choices)

    def run(self, actor: Any, place: Area) -> None:
        services.create_organisation(actor, area=place, **self.cleaned_data)


class AreaForm(Verb):
    title, button, done = _("New place below"), _("Add"), _("The place is added.")
    name = forms.CharField(label=_("Name"), max_length=120)
    name_en = forms.CharField(label=_("English name"), max_length=120, required=False)
    level = forms.ChoiceField(label=_("Level"), choices=Area.Level.choices)
    slug = forms.CharField(
        label=_("Address word"),
        max_length=80,
        help_text=_("Lower-case Latin letters, digits, hyphens; it never changes."),
    )

    def run(self, actor: Any, place: Area) -> None:
        services.create_area(actor, parent=place, **self.cleaned_data)


class AttributeForm(Verb):
    title, button, done = _("New basic figure"), _("Add"), _("The figure is stored.")
    key = forms.ChoiceField(label=_("Basic figure"), choices=FIGURES)
    value = forms.FloatField(label=_("Value"), min_value=0)
    valid_from = forms.DateField(label=_("From"), widget=date_input(), initial=timezone.localdate)
    source = forms.CharField(label=_("Source"), max_length=300)

    def run(self, actor: Any, place: Area) -> None:
        services.set_attribute(actor, place, **self.cleaned_data)


VERBS: dict[str, type[Verb]] = {
    "user": UserForm,
    "grant": GrantForm,
    "revoke": RevokeForm,
    "password": PasswordForm,
    "organisation": OrganisationForm,
    "area": AreaForm,
    "attribute": AttributeForm,
}
