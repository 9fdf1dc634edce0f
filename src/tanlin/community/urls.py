"""Pages of the room. Login, home and the place itself are named in ``tanlin.web.urls``."""

from django.urls import path

from tanlin.community import views
from tanlin.community.forms import VERBS

app_name = "community"
urlpatterns = [
    path("place/<slug:slug>/community/", views.people, name="people"),
    *(path(f"place/<slug:slug>/community/{verb}/", views.act, {"verb": verb}, name=verb) for verb in VERBS),
]
