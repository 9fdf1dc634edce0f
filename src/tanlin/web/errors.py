"""Errors as people and programs read them: one page template, one JSON shape."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

from tanlin.kernel.errors import BadInput, Forbidden, NotFound, TanlinError, Text

API_PREFIX = "/api/"


def error_page(request: HttpRequest, error: TanlinError) -> HttpResponse:
    """The error in the caller's form: JSON under ``/api/``, else the page ``web/error.html``."""
    if request.path.startswith(API_PREFIX):
        return JsonResponse(error.as_dict(), status=error.http_status)
    return render(request, "web/error.html", {"error": error}, status=error.http_status)


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """400 outside any room."""
    text = Text("请求无法理解。", "The request cannot be understood.")
    remedy = Text("请返回上一页重试。", "Go back and try again.")
    return error_page(request, BadInput("web.bad_request", text, remedy=remedy))


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """403 outside any room."""
    return error_page(request, Forbidden())


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403 of a form whose protection mark is missing or old."""
    text = Text("页面已过期，未作任何更改。", "The page is out of date; nothing was changed.")
    remedy = Text("请刷新页面后再提交。", "Reload the page and send it again.")
    return error_page(request, Forbidden("web.csrf", text, remedy=remedy))


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """404 outside any room."""
    return error_page(request, NotFound())


def server_error(request: HttpRequest) -> HttpResponse:
    """500: plain text without a template, so that it works whatever broke."""
    text: dict[str, Any] = Text(
        "系统出错，已记入日志。", "Something broke on our side; it is in the log."
    )._asdict()
    if request.path.startswith(API_PREFIX):
        return JsonResponse(
            {"code": "web.broken", "message": text, "remedy": None, "where": None}, status=500
        )
    return HttpResponse(f"{text['zh']}\n{text['en']}\n", status=500, content_type="text/plain; charset=utf-8")
