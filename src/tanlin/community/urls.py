"""Pages of the room. Login, home and the place itself are named in ``tanlin.web.urls``."""

from django.urls import path

from tanlin.community.forms import PERSON_VERBS, VERBS
from tanlin.community.views import me, persons, places, privacy

PERSON = "place/<slug:slug>/people/<int:pk>/"

app_name = "community"
urlpatterns = [
    path("place/<slug:slug>/community/", places.people, name="people"),
    *(path(f"place/<slug:slug>/community/{verb}/", places.act, {"verb": verb}, name=verb) for verb in VERBS),
    path("place/<slug:slug>/people/", persons.persons, name="persons"),
    path("place/<slug:slug>/people/new/", persons.person_new, name="person_new"),
    path(PERSON, persons.person, name="person"),
    *(path(f"{PERSON}{verb}/", persons.act, {"verb": verb}, name=f"person_{verb}") for verb in PERSON_VERBS),
    path(f"{PERSON}reveal/", persons.reveal, name="reveal"),
    path(f"{PERSON}export/", persons.export, name="person_export"),
    path(f"{PERSON}link/", persons.link, name="person_link"),
    path("place/<slug:slug>/processing/", privacy.processing, name="processing"),
    path("place/<slug:slug>/processing.csv", privacy.processing_csv, name="processing_csv"),
    path("privacy/", privacy.privacy, name="privacy"),
    path("privacy/new/", privacy.publish, name="publish_notice"),
    path("me/", me.me, name="me"),
    path("me/export/", me.my_export, name="my_export"),
    path("me/erase/", me.my_erasure, name="my_erasure"),
    path("me/consent/<slug:code>/", me.my_consent, name="my_consent"),
    path("me/enter/<str:token>/", me.enter, name="enter"),
]
