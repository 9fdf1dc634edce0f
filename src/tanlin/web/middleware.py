"""Language, login, idle time-out and typed errors as pages."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import resolve_url
from django.utils import translation
from django_htmx.middleware import HtmxDetails

from tanlin.kernel.errors import TanlinError
from tanlin.web.errors import API_PREFIX, error_page

TOUCH_SECONDS = 60


def client_ip(request: HttpRequest) -> str:
    """Address of the browser: the entry that the outermost believed proxy wrote, else the peer itself."""
    forwarded = [
        part.strip() for part in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",") if part.strip()
    ]
    if settings.PROXIES and len(forwarded) >= settings.PROXIES:
        return forwarded[-settings.PROXIES]
    return str(request.META.get("REMOTE_ADDR", ""))


class LoginRequired(LoginRequiredMiddleware):
    """Every page asks for a login unless it says otherwise; the API answers 401 by itself."""

    def process_view(self, request: HttpRequest, view_func: Any, view_args: Any, view_kwargs: Any) -> Any:
        if request.path.startswith(API_PREFIX):
            return None
        answer = super().process_view(request, view_func, view_args, view_kwargs)
        if answer is None or "HX-Request" not in request.headers:
            return answer
        # Part of a page: the whole page goes to the login, and comes back to where it was.
        back = HtmxDetails(request).current_url_abs_path or "/"
        target = redirect_to_login(back, resolve_url(self.get_login_url(view_func)))
        return HttpResponse(status=401, headers={"HX-Redirect": target["Location"]})


class IdleSession:
    """Renews the session of a user who is at work, at most once a minute, so that a read seldom writes.

    A page that asks by itself (header ``X-Poll``) is nobody at work.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        now = int(time.time())
        polled = "X-Poll" in request.headers
        if (
            request.user.is_authenticated
            and not polled
            and now - request.session.get("touched", 0) >= TOUCH_SECONDS
        ):
            request.session["touched"] = now
        return self.get_response(request)


class TypedErrors:
    """A ``TanlinError`` that leaves a page becomes an error page of the right status."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        return error_page(request, error) if isinstance(error, TanlinError) else None


class CookieLanguage:
    """The language of the site, unless the reader has chosen another: what the browser prefers does not count."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        chosen = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, "")
        request.LANGUAGE_CODE = chosen if chosen in dict(settings.LANGUAGES) else settings.LANGUAGE_CODE
        with translation.override(request.LANGUAGE_CODE):
            response = self.get_response(request)
        response.headers.setdefault("Content-Language", request.LANGUAGE_CODE)
        return response
