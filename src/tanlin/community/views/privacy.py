"""The privacy notice, open to all, and the register of processing."""

from __future__ import annotations

import csv

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from tanlin.community import queries
from tanlin.community.forms import NoticeForm
from tanlin.community.models import ROLE_TITLES
from tanlin.community.purposes import purposes
from tanlin.kernel.errors import BadInput, Forbidden


def shown(request: HttpRequest, form: NoticeForm | None, status: int = 200) -> HttpResponse:
    """The notice in force with its versions; with the form for those who may publish one."""
    now = queries.notice(timezone.localdate())
    context = {
        "notice": now,
        "others": [each for each in queries.notices() if each.version != now.version],
        "purposes": purposes().values(),
        "form": form,
        "faulty": "notice" if status != 200 else None,
    }
    return render(request, "community/privacy.html", context, status=status)


def _may(request: HttpRequest) -> bool:
    return "privacy" in queries.rights_anywhere(request.user)


@login_not_required
@require_GET
def privacy(request: HttpRequest) -> HttpResponse:
    """How personal information is handled: open to everyone."""
    return shown(request, NoticeForm(label_suffix="") if _may(request) else None)


@require_POST
def publish(request: HttpRequest) -> HttpResponse:
    """A new version of the notice: right ``privacy``."""
    if not _may(request):
        raise Forbidden()
    form = NoticeForm(request.POST, label_suffix="")
    if form.is_valid():
        try:
            form.publish(request.user)
        except BadInput as error:
            form.add_error(None, error.message(get_language()))
        else:
            messages.success(request, str(form.done))
            return redirect("community:privacy")
    return shown(request, form, status=422)


@require_GET
def processing(request: HttpRequest, slug: str) -> HttpResponse:
    """The register of processing, made from the models and the purposes: right ``view``."""
    place = queries.area(request.user, slug)
    return render(request, "community/processing.html", {"place": place, "rows": _rows()})


@require_GET
def processing_csv(request: HttpRequest, slug: str) -> HttpResponse:
    """The same register as CSV: right ``view``."""
    queries.area(request.user, slug)
    answer = HttpResponse("\ufeff", content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = 'attachment; filename="processing.csv"'
    writer = csv.writer(answer)
    writer.writerow(
        [_("Field"), _("Purpose"), _("Legal basis"), _("Kept for (days)"), _("Seen by"), _("Stored as")]
    )
    for row in _rows():
        writer.writerow(
            [row["field"], row["purpose"], row["basis"], row["days"], row["seen_by"], _("encrypted")]
        )
    return answer


def _rows() -> list[dict[str, object]]:
    """Rows of the register in the language of the page."""
    language = get_language()
    return [
        {
            "field": f"{use.model} · {use.field}",
            "purpose": use.purpose.title.pick(language),
            "basis": use.purpose.basis.pick(language),
            "days": use.purpose.retention_days,
            "seen_by": ", ".join(str(ROLE_TITLES[role]) for role in use.roles),
            "sensitive": use.purpose.sensitive,
        }
        for use in queries.processing()
    ]
