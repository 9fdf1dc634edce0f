"""One form a verb; ``run`` calls the service."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.contrib.auth.forms import AuthenticationForm
from django.db import transaction
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from tanlin.community import queries, services
from tanlin.community.models import ROLE_TITLES, Area, Consent, Organisation, Person, User
from tanlin.community.purposes import purposes
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

    def run(self, actor: Any, subject: Any) -> str | None:
        """Call the service in the name of the actor; raises what it raises. A text is shown once, on the next page.

        ``subject``: the place of the page, or the person of a ``PersonVerb``.
        """
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
    def run(self, actor: Any, subject: Area) -> None:
        data = self.cleaned_data
        user = services.create_user(
            actor,
            username=data["username"],
            password=data["password"],
            display_name=data["display_name"],
            area=subject,
        )
        services.grant(actor, user=user, role=data["role"], area=subject)


class GrantForm(Verb):
    title, button, done = _("Give a role"), _("Grant"), _("The role is granted.")
    username = forms.CharField(
        label=_("User name"), max_length=150, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
    role = forms.ChoiceField(label=_("Role"), choices=lambda: list(ROLE_TITLES.items()))
    valid_to = forms.DateField(label=_("Until (not included)"), required=False, widget=date_input())

    def run(self, actor: Any, subject: Area) -> None:
        data = self.cleaned_data
        user = User.objects.filter(username__iexact=data["username"].strip()).first()
        if user is None:
            raise BadInput("community.unknown_user", Text("没有这个用户名。", "There is no such user name."))
        services.grant(actor, user=user, role=data["role"], area=subject, valid_to=data["valid_to"])


class RevokeForm(Verb):
    title, button, done = _("Take a role back"), _("Revoke"), _("The role is taken back.")
    grant = forms.IntegerField(widget=forms.HiddenInput)

    def run(self, actor: Any, subject: Area) -> None:
        services.revoke(actor, self.cleaned_data["grant"])


class PasswordForm(Verb):
    title, button = _("New password"), _("New password")
    done = _("The new password, shown this once. Hand it over in person:")
    grant = forms.IntegerField(widget=forms.HiddenInput)

    def run(self, actor: Any, subject: Area) -> str:
        row = queries.grant_at(actor, self.cleaned_data["grant"])
        password = services.new_password()
        services.set_password(actor, row.user, password)
        return f"{row.user.username}  {password}"


class OrganisationForm(Verb):
    title, button, done = _("New organisation"), _("Add"), _("The organisation is registered.")
    name = forms.CharField(label=_("Name"), max_length=120)
    name_en = forms.CharField(label=_("English name"), max_length=120, required=False)
    kind = forms.ChoiceField(label=_("Kind"), choices=Organisation.Kind.choices)

    def run(self, actor: Any, subject: Area) -> None:
        services.create_organisation(actor, area=subject, **self.cleaned_data)


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

    def run(self, actor: Any, subject: Area) -> None:
        services.create_area(actor, parent=subject, **self.cleaned_data)


class AttributeForm(Verb):
    title, button, done = _("New basic figure"), _("Add"), _("The figure is stored.")
    key = forms.ChoiceField(label=_("Basic figure"), choices=FIGURES)
    value = forms.FloatField(label=_("Value"), min_value=0)
    valid_from = forms.DateField(label=_("From"), widget=date_input(), initial=timezone.localdate)
    source = forms.CharField(label=_("Source"), max_length=300)

    def run(self, actor: Any, subject: Area) -> None:
        services.set_attribute(actor, subject, **self.cleaned_data)


VERBS: dict[str, type[Verb]] = {
    "user": UserForm,
    "grant": GrantForm,
    "revoke": RevokeForm,
    "password": PasswordForm,
    "organisation": OrganisationForm,
    "area": AreaForm,
    "attribute": AttributeForm,
}


# --- persons -------------------------------------------------------------------------------------------------------
def purpose_choices() -> list[tuple[str, str]]:
    """Purposes in the language of the page."""
    language = get_language()
    return [(code, each.title.pick(language)) for code, each in purposes().items()]


def quiet(**more: str) -> dict[str, str]:
    """Attributes of an input whose content the browser must not keep."""
    return {"autocomplete": "off"} | more


class PersonForm(forms.Form):
    done = _("The person is registered.")
    name = forms.CharField(label=_("Full name"), max_length=80, widget=forms.TextInput(attrs=quiet()))
    phone = forms.CharField(
        label=_("Phone"),
        max_length=24,
        required=False,
        help_text=_("May stay empty."),
        widget=forms.TextInput(attrs=quiet(inputmode="tel")),
    )
    birth_year = forms.IntegerField(
        label=_("Year of birth"),
        required=False,
        help_text=_("Only to know who is under age; may stay empty."),
        widget=forms.TextInput(attrs=quiet(inputmode="numeric")),
    )
    purposes = forms.MultipleChoiceField(
        label=_("Agrees to"), choices=purpose_choices, widget=forms.CheckboxSelectMultiple
    )
    channel = forms.ChoiceField(
        label=_("How the consent was given"),
        choices=[each for each in Consent.Channel.choices if each[0] != Consent.Channel.SELF],
    )
    guardian = forms.IntegerField(
        label=_("Number of the guardian"),
        required=False,
        help_text=_(
            "For someone under age: an adult of the household, who agrees. The child joins that household."
        ),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        styled(self)
        del self.fields["purposes"].widget.attrs["class"]  # it would land on the list as well

    def register(self, actor: Any, place: Area) -> Person:
        """Call the service; raises what it raises."""
        data = dict(self.cleaned_data)
        number = data.pop("guardian")
        guardian = queries.person_by_id(actor, number) if number else None
        return services.add_person(actor, area=place, guardian=guardian, **data)


class PersonVerb(Verb):
    """A verb on one person; ``place`` is the place of the page."""

    def __init__(self, *args: Any, place: Area, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.place = place


class EditForm(PersonVerb):
    title, button, done = _("Correct"), _("Save"), _("The change is saved.")
    name = forms.CharField(
        label=_("Full name"),
        max_length=80,
        required=False,
        help_text=_("Empty: as it is."),
        widget=forms.TextInput(attrs=quiet()),
    )
    phone = forms.CharField(
        label=_("Phone"),
        max_length=24,
        required=False,
        help_text=_("Empty: as it is. To remove it, write a hyphen."),
        widget=forms.TextInput(attrs=quiet(inputmode="tel")),
    )
    birth_year = forms.CharField(
        label=_("Year of birth"),
        max_length=4,
        required=False,
        help_text=_("Empty: as it is. To remove it, write a hyphen."),
        widget=forms.TextInput(attrs=quiet(inputmode="numeric")),
    )

    def run(self, actor: Any, subject: Person) -> None:
        given = {field: "" if value == "-" else value for field, value in self.cleaned_data.items() if value}
        services.edit_person(actor, subject, **given)


class JoinForm(PersonVerb):
    title, button, done = _("Move in"), _("Save"), _("The home is saved.")
    where = forms.ModelChoiceField(label=_("Building or wider"), queryset=Area.objects.none())
    address = forms.CharField(label=_("Door number"), max_length=80, widget=forms.TextInput(attrs=quiet()))
    day = forms.DateField(label=_("From"), widget=date_input(), initial=timezone.localdate)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        below = queries.subtree(self.place).exclude(level=Area.Level.HOME)
        self.fields["where"].queryset = below.filter(tree=Area.Tree.MAIN)  # type: ignore[attr-defined]

    def run(self, actor: Any, subject: Person) -> None:
        data = self.cleaned_data
        home = data["where"].children.filter(level=Area.Level.HOME, name=data["address"].strip()).first()
        place, address = (home, "") if home else (data["where"], data["address"])
        services.join_household(actor, subject, place=place, address=address, day=data["day"])


class LeaveForm(PersonVerb):
    title, button, done = _("Leave the household"), _("Leave"), _("The membership ends.")
    day = forms.DateField(label=_("Until (not included)"), widget=date_input(), initial=timezone.localdate)

    def run(self, actor: Any, subject: Person) -> None:
        services.leave_household(actor, subject, self.cleaned_data["day"])


class ConsentForm(PersonVerb):
    title, button, done = _("Agrees to"), _("Agree"), _("The consent is recorded.")
    purpose = forms.ChoiceField(choices=purpose_choices)
    channel = forms.ChoiceField(choices=Consent.Channel.choices)
    guardian = forms.IntegerField(required=False)

    def run(self, actor: Any, subject: Person) -> None:
        data = self.cleaned_data
        guardian = queries.person_by_id(actor, data["guardian"]) if data["guardian"] else None
        services.give_consent(actor, subject, data["purpose"], channel=data["channel"], guardian=guardian)


class WithdrawForm(PersonVerb):
    title, button, done = _("Withdraw"), _("Withdraw"), _("The consent is withdrawn.")
    purpose = forms.ChoiceField(choices=purpose_choices)

    def run(self, actor: Any, subject: Person) -> None:
        services.withdraw_consent(actor, subject, self.cleaned_data["purpose"])


class MergeForm(PersonVerb):
    title, button, done = _("Merge a duplicate"), _("Merge"), _("The two are one person now.")
    number = forms.IntegerField(
        label=_("Number of the duplicate"),
        min_value=1,
        help_text=_("It becomes another number of this person; what was recorded under it stays."),
    )

    def run(self, actor: Any, subject: Person) -> None:
        services.merge_persons(actor, subject, queries.person_by_id(actor, self.cleaned_data["number"]))


class EraseForm(PersonVerb):
    title, button = _("Erase"), _("Erase for good")
    done = _("The person is erased; the counts stay.")
    sure = forms.BooleanField(label=_("The person asked for it, or no purpose is left. It cannot be undone."))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["sure"].widget.attrs["class"] = "form-check-input"

    def run(self, actor: Any, subject: Person) -> None:
        services.erase_person(actor, subject)


class RevealForm(forms.Form):
    reason = forms.CharField(
        label=_("Why you need to see it"),
        max_length=120,
        help_text=_("Kept in the operation log with your name; write no name or phone here."),
        widget=forms.TextInput(attrs=quiet(**{"class": "form-control"})),
    )


class NoticeForm(forms.Form):
    title, button, done = _("New version of the notice"), _("Publish"), _("The notice is published.")
    text_zh = forms.CharField(label=_("Text in Chinese"), widget=forms.Textarea(attrs={"rows": 8}))
    text_en = forms.CharField(label=_("Text in English"), widget=forms.Textarea(attrs={"rows": 8}))
    valid_from = forms.DateField(label=_("From"), widget=date_input(), initial=timezone.localdate)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        styled(self)

    def publish(self, actor: Any) -> None:
        """Call the service; raises what it raises."""
        services.publish_notice(actor, **self.cleaned_data)


PERSON_VERBS: dict[str, type[PersonVerb]] = {
    "edit": EditForm,
    "join": JoinForm,
    "leave": LeaveForm,
    "consent": ConsentForm,
    "withdraw": WithdrawForm,
    "merge": MergeForm,
    "erase": EraseForm,
}
