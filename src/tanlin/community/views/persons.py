"""Persons of a place: list and search, one person, its acts, and the one page that shows values in clear."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tanlin.community import queries, services
from tanlin.community.forms import PERSON_VERBS, PersonForm, PersonVerb, RevealForm, Verb
from tanlin.community.models import Area, Person
from tanlin.community.purposes import purposes
from tanlin.kernel.errors import BadInput, Conflict

PAGE = 50
ENTRY_DAYS = 7


@require_http_methods(["GET", "POST"])
def persons(request: HttpRequest, slug: str) -> HttpResponse:
    """Masked list of a place: right ``people``. A search is sent as POST, so that no name stands in an address."""
    place = queries.area(request.user, slug, "people")
    asked = request.POST.get("q", "").strip()
    rows = queries.find_persons(request.user, slug, asked) if asked else queries.persons(request.user, slug)
    page = Paginator(rows, PAGE).get_page(request.GET.get("page"))
    return render(request, "community/persons.html", {"place": place, "page": page, "searched": bool(asked)})


@require_http_methods(["GET", "POST"])
def person_new(request: HttpRequest, slug: str) -> HttpResponse:
    """Register a person with the purposes agreed to: right ``people``."""
    place = queries.area(request.user, slug, "people")
    form = PersonForm(request.POST or None, label_suffix="")
    if request.method == "POST" and form.is_valid():
        try:
            person = form.register(request.user, place)
        except (BadInput, Conflict) as error:
            form.add_error(None, error.message(get_language()))
        else:
            messages.success(request, str(form.done))
            return redirect("community:person", slug=slug, pk=person.pk)
    notice = queries.notice(timezone.localdate())
    context = {"place": place, "form": form, "notice": notice}
    return render(request, "community/person_new.html", context, status=422 if form.is_bound else 200)


def page(
    request: HttpRequest, place: Area, person: Person, sent: dict[str, Verb], status: int = 200
) -> HttpResponse:
    """The page of a person; ``sent`` holds a form that came back with faults, by its verb."""
    living = queries.membership(person)
    members = queries.members(living.household) if living else []
    minor = queries.is_minor(person)
    open_purposes = {row.purpose: row for row in queries.consents(person)}
    return render(
        request,
        "community/person.html",
        {
            "place": place,
            "person": person,
            "minor": minor,
            "living": living,
            "members": [member for member in members if member.pk != person.pk],
            "guardians": [m for m in members if m.pk != person.pk and not queries.is_minor(m)]
            if minor
            else [],
            "numbers": queries.person_ids(person),
            "purposes": [(each, open_purposes.get(each.code)) for each in purposes().values()],
            "history": queries.consent_history(person),
            "titles": {code: each.title for code, each in purposes().items()},
            "forms": {
                verb: sent.get(verb) or form(place=place, auto_id=f"{verb}-%s", label_suffix="")
                for verb, form in PERSON_VERBS.items()
            },
            "faulty": next(iter(sent), None),
        },
        status=status,
    )


@require_GET
def person(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """One person, masked, by any of its numbers: right ``people``."""
    found = queries.person(request.user, slug, pk)
    return page(request, queries.area(request.user, slug), found, {})


@require_POST
def act(request: HttpRequest, slug: str, pk: int, verb: str) -> HttpResponse:
    """Run one verb on a person: right ``people``. Faults come back on the page with status 422."""
    found = queries.person(request.user, slug, pk)
    place = queries.area(request.user, slug)
    form: PersonVerb = PERSON_VERBS[verb](request.POST, place=place, auto_id=f"{verb}-%s", label_suffix="")
    if form.is_valid():
        try:
            form.run(request.user, found)
        except (BadInput, Conflict) as error:
            form.add_error(None, error.message(get_language()))
        else:
            messages.success(request, str(form.done))
            return redirect("community:person", slug=slug, pk=found.pk)
    return page(request, place, found, {verb: form}, status=422)


@require_http_methods(["GET", "POST"])
def reveal(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Values in clear, for a reason that is logged: right ``people``. Shown once, kept by no cache."""
    found = queries.person(request.user, slug, pk)
    place = queries.area(request.user, slug)
    form = RevealForm(request.POST or None, label_suffix="")
    values: dict[str, Any] = {}
    if request.method == "POST" and form.is_valid():
        try:
            values = services.reveal_person(request.user, found, form.cleaned_data["reason"])
        except (BadInput, Conflict) as error:
            form.add_error(None, error.message(get_language()))
    context = {"place": place, "person": found, "form": form, "values": values}
    status = 422 if form.is_bound and not values else 200
    answer = render(request, "community/reveal.html", context, status=status)
    answer["Cache-Control"] = "no-store"
    return answer


@require_POST
def export(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Everything kept about the person as a ZIP, to hand over: right ``people``; logged."""
    found = queries.person(request.user, slug, pk)
    return zip_answer(services.export_person(request.user, found), found)


def zip_answer(content: bytes, person: Person) -> HttpResponse:
    """A ZIP of a person's data as a download that no cache keeps."""
    answer = HttpResponse(content, content_type="application/zip")
    answer["Content-Disposition"] = f'attachment; filename="person-{person.pk}.zip"'
    answer["Cache-Control"] = "no-store"
    return answer


@require_POST
def link(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """A link to the person's own page, shown this once: right ``people``; logged."""
    found = queries.person(request.user, slug, pk)
    token = services.entry_token(request.user, found)
    url = request.build_absolute_uri(reverse("community:enter", kwargs={"token": token}))
    context = {"place": queries.area(request.user, slug), "person": found, "url": url, "days": ENTRY_DAYS}
    answer = render(request, "community/link.html", context)
    answer["Cache-Control"] = "no-store"
    return answer
