"""The resident's own page: what is kept, consents, export and erasure; works on a phone and without script."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from tanlin.community import queries, services
from tanlin.community.models import Person
from tanlin.community.purposes import purpose, purposes
from tanlin.community.views.persons import zip_answer


def asking(request: HttpRequest) -> Person:
    """The resident of this session. Raises NotFound."""
    return services.resident(request.session.get("person"))


@login_not_required
@require_GET
def enter(request: HttpRequest, token: str) -> HttpResponse:
    """The signed link: remembers the resident and goes to the own page, so that the link leaves the address line."""
    person = services.person_of_token(token)
    request.session.cycle_key()
    request.session["person"] = person.pk
    return redirect("community:me")


@login_not_required
@require_GET
def me(request: HttpRequest) -> HttpResponse:
    """What is kept about me, masked, and what I agree to."""
    person = asking(request)
    standing = {row.purpose: row for row in queries.consents(person)}
    answer = render(
        request,
        "community/me.html",
        {
            "person": person,
            "minor": queries.is_minor(person),
            "has_home": queries.membership(person) is not None,
            "purposes": [(each, standing.get(each.code)) for each in purposes().values()],
            "notice": queries.notice(timezone.localdate()),
        },
    )
    answer["Cache-Control"] = "no-store"
    return answer


@login_not_required
@require_POST
def my_consent(request: HttpRequest, code: str) -> HttpResponse:
    """Agree to a purpose or withdraw from it, by one button each."""
    person = asking(request)
    purpose(code)
    if queries.agreed(person, code):
        services.withdraw_consent(person, person, code)
        messages.success(request, _("Withdrawn."))
    else:
        services.give_consent(person, person, code, channel="self")
        messages.success(request, _("Agreed."))
    return redirect("community:me")


@login_not_required
@require_POST
def my_export(request: HttpRequest) -> HttpResponse:
    """Everything kept about me, as a ZIP."""
    person = asking(request)
    return zip_answer(services.export_person(person, person), person)


@login_not_required
@require_POST
def my_erasure(request: HttpRequest) -> HttpResponse:
    """Erase me, once the box is ticked."""
    person = asking(request)
    if not request.POST.get("sure"):
        messages.error(request, _("Tick the box to confirm."))
        return redirect("community:me")
    services.erase_person(person, person)
    request.session.flush()
    return render(request, "community/erased.html")
