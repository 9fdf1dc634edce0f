"""Addresses of the site: language, login, places, API, then each room's own."""

from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import LogoutView
from django.urls import path
from django.views.decorators.http import require_http_methods
from django.views.i18n import set_language

from tanlin.kernel.manifest import load
from tanlin.web import views
from tanlin.web.api import api
from tanlin.web.assembly import room_urls

urlpatterns = [
    path("", load("tanlin.community.views:home"), name="home"),
    path(
        "login/",
        require_http_methods(["GET", "HEAD", "POST"])(load("tanlin.community.views:Login").as_view()),
        name="login",
    ),
    path("logout/", login_not_required(LogoutView.as_view()), name="logout"),
    path("language/", login_not_required(set_language), name="set_language"),
    path("place/<slug:slug>/", views.place, name="place"),
    path("api/v1/", api.urls),
    *room_urls(),
]

handler400 = "tanlin.web.errors.bad_request"
handler403 = "tanlin.web.errors.forbidden"
handler404 = "tanlin.web.errors.not_found"
handler500 = "tanlin.web.errors.server_error"
