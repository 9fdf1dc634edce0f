"""Forms of the office pages; the verbs check again what they check."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth import get_user_model
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tanlin.community import queries as community
from tanlin.community.queries.places import ROLE_RIGHTS, RoleGrant
from tanlin.record.models import Notice
from tanlin.record.services.notices import NoticeText


def styled(form: forms.BaseForm) -> None:
    """Give the widgets the classes of the theme."""
    for field in form.fields.values():
        select = isinstance(field.widget, forms.Select)
        field.widget.attrs["class"] = "form-select" if select else "form-control"


def day_field(label: Any, **options: Any) -> forms.DateField:
    """A day, by the browser's own calendar."""
    return forms.DateField(
        label=label, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"), **options
    )


class OpinionForm(forms.Form):
    """The opinion of a reviewer; ``version`` is that of the document looked at."""

    verdict = forms.ChoiceField(choices=[("pass", "pass"), ("return", "return")])
    text = forms.CharField(
        label=_("Opinion"), max_length=2000, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )
    version = forms.IntegerField(min_value=0, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        styled(self)


class DelegationForm(forms.Form):
    """Whose steps, to whom, for which days."""

    role = forms.ChoiceField(label=_("Steps of my role"))
    to: forms.ModelChoiceField = forms.ModelChoiceField(
        label=_("Handed to"), queryset=get_user_model().objects.none()
    )
    first_day = day_field(_("First day"))
    last_day = day_field(_("Last day"), help_text=_("Inclusive; 92 days at most."))

    def __init__(self, user: Any, place: Any, data: Any = None) -> None:
        today = timezone.localdate()
        super().__init__(data, initial={"first_day": today, "last_day": today})
        held = community.active_grants(user).filter(area_id__in=place.ancestor_ids)
        titles = {grant.role: grant.get_role_title() for grant in held}
        self.fields["role"].choices = list(titles.items())  # type: ignore[attr-defined]
        colleagues = {row.user_id for row in community.grants(user, place.slug)} - {user.pk}
        people = get_user_model().objects.filter(pk__in=colleagues, is_active=True).order_by("username")
        self.fields["to"].queryset = people  # type: ignore[attr-defined]
        self.fields["to"].label_from_instance = lambda person: person.get_full_name()  # type: ignore[attr-defined]
        styled(self)


class NoticeForm(forms.Form):
    """What a notice says and whom it addresses."""

    kind = forms.ChoiceField(label=_("Kind of notice"), choices=Notice.Kind.choices)
    title = forms.CharField(label=_("Title"), max_length=200)
    body = forms.CharField(label=_("Text"), max_length=20_000, widget=forms.Textarea(attrs={"rows": 10}))
    roles = forms.MultipleChoiceField(
        label=_("Addressed to"),
        required=False,
        help_text=_("None chosen: all colleagues of the place, above and below it."),
        widget=forms.SelectMultiple(attrs={"size": 6}),
    )
    first_day = day_field(_("First day"), required=False, help_text=_("Of a public notice with objections."))
    last_day = day_field(_("Last day"), required=False)
    contact = forms.CharField(
        label=_("Contact"), max_length=200, required=False, help_text=_("Where objections are received.")
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["roles"].choices = [  # type: ignore[attr-defined]
            (role, RoleGrant(role=role).get_role_title()) for role in ROLE_RIGHTS
        ]
        styled(self)

    def text(self) -> NoticeText:
        """The notice as the verb takes it."""
        return NoticeText(**self.cleaned_data)
