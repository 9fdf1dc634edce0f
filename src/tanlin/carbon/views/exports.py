"""Downloads of an account: the workbook, its lines, and the form of public institutions. Published figures only."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from tanlin.carbon.account.export.linefile import as_csv, as_json
from tanlin.carbon.account.export.public_form import sheet
from tanlin.carbon.account.export.workbook import Source, build
from tanlin.carbon.account.export.xlsx import CONTENT_TYPE
from tanlin.carbon.queries.exports import public_form, workbook_source
from tanlin.community import queries as community


def _xlsx(source: Source, lang: str) -> tuple[bytes, str]:
    return build(source, lang), CONTENT_TYPE


def _csv(source: Source, lang: str) -> tuple[bytes, str]:
    lines = source.figures["carbon.account"]
    return as_csv(lines.table or [], lines.origin, lang), "text/csv; charset=utf-8"


def _json(source: Source, lang: str) -> tuple[bytes, str]:
    return as_json(source.figures["carbon.account"], source.gwp, source.region), "application/json"


#: End of the address → what makes the file.
FORMS = {"xlsx": _xlsx, "csv": _csv, "json": _json}


@login_required
@require_safe
def account_export(request: HttpRequest, slug: str, year: int, form: str) -> HttpResponse:
    """The account of a year as a workbook (xlsx) or its lines (csv, json): right ``view``; 404 before it is derived."""
    area = community.area(request.user, slug)
    body, kind = FORMS[form](workbook_source(area, year), _language())
    return _file(body, kind, f"account-{area.slug}-{year}.{form}")


@login_required
@require_safe
def public_export(request: HttpRequest, slug: str, year: int) -> HttpResponse:
    """Consumption of public institutions in a year (xlsx): right ``view``; 404 before the inventory is derived."""
    area = community.area(request.user, slug)
    body = sheet(public_form(area, year), _language())
    return _file(body, CONTENT_TYPE, f"public-institutions-{area.slug}-{year}.xlsx")


def _language() -> str:
    return get_language() or "zh"


def _file(body: bytes, kind: str, name: str) -> HttpResponse:
    return HttpResponse(
        body, content_type=kind, headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )
