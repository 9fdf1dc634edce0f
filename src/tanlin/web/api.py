"""The JSON API at ``/api/v1/``: session login with CSRF; rooms add their routers by manifest."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_GET
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError
from ninja.security import django_auth

from tanlin import __version__
from tanlin.kernel.errors import NotFound, TanlinError, Text
from tanlin.web.assembly import room_routers

api = NinjaAPI(
    title="Tanlin",
    version="1",
    description=f"Tanlin {__version__}. Every figure carries its receipt; an error carries code, message, remedy and place.",
    auth=django_auth,
    docs_url=None,  # its page would fetch scripts from elsewhere
    docs_decorator=lambda view: login_required(require_GET(view)),
    urls_namespace="api",
)
for router in room_routers():
    api.add_router("", router)


def answer(request: HttpRequest, status: int, code: str, text: Text, where: object = None) -> HttpResponse:
    """The one error shape of the API."""
    return api.create_response(
        request, {"code": code, "message": text._asdict(), "remedy": None, "where": where}, status=status
    )


@api.exception_handler(TanlinError)
def typed(request: HttpRequest, error: TanlinError) -> HttpResponse:
    """Domain errors, with their own status."""
    return api.create_response(request, error.as_dict(), status=error.http_status)


@api.exception_handler(AuthenticationError)
def anonymous(request: HttpRequest, error: AuthenticationError) -> HttpResponse:
    """401."""
    return answer(request, 401, "web.login_needed", Text("请先登录。", "Log in first."))


@api.exception_handler(ValidationError)
def invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    """422: the place of each fault is listed under ``where``."""
    faults = [{"field": ".".join(map(str, item["loc"])), "fault": item["msg"]} for item in error.errors]
    return answer(
        request, 422, "web.invalid", Text("请求参数有误。", "A parameter is wrong."), {"fields": faults}
    )


@api.exception_handler(Http404)
def missing(request: HttpRequest, error: Http404) -> HttpResponse:
    """404."""
    return typed(request, NotFound())


@api.exception_handler(HttpError)
def refused(request: HttpRequest, error: HttpError) -> HttpResponse:
    """Refusals of the framework, such as a missing CSRF mark."""
    return answer(
        request,
        error.status_code,
        "web.refused",
        Text(f"请求被拒绝：{error}", f"The request was refused: {error}"),
    )
