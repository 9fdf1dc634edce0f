"""Pages of the record: receipts and their replay, jobs, the operation log, evidence files."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

from django.core.paginator import Paginator
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext, gettext_noop
from django.views.decorators.http import require_GET, require_POST

from tanlin.community import queries as community
from tanlin.kernel.errors import Forbidden, NotFound, Text
from tanlin.kernel.manifest import figure_label, methods
from tanlin.kernel.receipt import InputErased
from tanlin.record import jobs as work
from tanlin.record import queries
from tanlin.record.models import Event, Job
from tanlin.record.replay import answer_text, change_text, expand
from tanlin.record.services import load_table

ROWS_SHOWN = 200
PAGE = 100
# Verbs of this room for its catalogue; every room names its own so.
VERBS = (
    gettext_noop("record.facts_added"),
    gettext_noop("record.evidence_stored"),
    gettext_noop("record.places_erased"),
    gettext_noop("record.job_cancelled"),
)


@dataclass
class Input:
    """One input of a receipt as the page opens it. ``erased``: removed by law, only the hash is left."""

    kind: str
    name: str
    digest: str = ""
    count: int | None = None
    fact: Any = None
    provisional: bool = False
    columns: list[str] = field(default_factory=list)
    rows: list[list[Any]] = field(default_factory=list)
    total: int = 0
    erased: bool = False


@require_GET
def receipt(request: HttpRequest, digest: str) -> HttpResponse:
    """The receipt as a tree; each input opens its own."""
    return render(request, "record/receipt.html", _receipt_context(request, digest))


@require_GET
def receipt_json(request: HttpRequest, digest: str) -> HttpResponse:
    """The canonical JSON: exactly the bytes the hash is taken over."""
    found = queries.receipt(request.user, digest)
    name = f"receipt-{found.hash.removeprefix('sha256:')[:16]}.json"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(found.text, content_type="application/json; charset=utf-8", headers=headers)


@require_POST
def replay(request: HttpRequest, digest: str) -> HttpResponse:
    """Recompute the receipt and show one of the four answers above its tree."""
    answer = queries.replay(request.user, digest)
    context = _receipt_context(request, digest)
    context |= {
        "replay": answer,
        "answer": answer_text(answer, context["receipt"].code),
        "changes": [change_text(change) for change in answer.changes],
    }
    template = "record/replay.html" if request.headers.get("HX-Request") else "record/receipt.html"
    return render(request, template, context)


def _receipt_context(request: HttpRequest, digest: str) -> dict[str, Any]:
    found = queries.receipt(request.user, digest)
    body, figure = found.body, queries.current_figure(found)
    method = methods().get((body["method"]["id"], body["method"]["version"]))
    result = dict(body["result"])
    columns, rows, total = _table(_result_rows(result))
    return {
        "receipt": found,
        "short": found.hash.removeprefix("sha256:")[:12],
        "place": found.area,
        "title": figure_label(body["figure"]),
        "figure": figure,
        "replaced": figure is None and queries.figure(found.area, body["figure"], body["period"]) is not None,
        "demo": found.area.is_demo
        or "demonstration" in (figure and figure.origin, body["parameters"].get("origin")),
        "method_label": method.label if method else None,
        "result": {name: _plain(value) for name, value in result.items() if name != "table"},
        "columns": columns,
        "rows": rows,
        "rows_total": total,
        "parameters": {name: _plain(value) for name, value in body["parameters"].items()},
        "inputs": [_input(item) for item in body["inputs"]],
        "may_replay": community.may(request.user, found.area, "replay"),
    }


def _result_rows(result: dict[str, Any]) -> Any:
    try:
        return expand(result, load_table).get("table", [])
    except NotFound:  # erased: the page shows the hash that is left
        return []


def _input(item: dict[str, Any]) -> Input:
    if "fact" in item:
        try:
            fact = queries.fact_by(item["fact"], item["vintage"])
        except NotFound:
            fact = None
        return Input(
            "fact", item["fact"], item["vintage"], fact=fact, provisional=bool(item.get("provisional"))
        )
    if "readings" in item:
        return _with_rows(Input("readings", "", item["readings"], count=item.get("rows")), item["meters"])
    if "registry" in item:
        return _with_rows(Input("registry", "", item["registry"], count=item.get("rows")), item["registry"])
    if "receipt" in item:
        return Input("receipt", item.get("figure", ""), item["receipt"])
    if "file" in item:
        return Input("file", str(item["file"]), str(item.get("sha256", "")))
    return Input("other", _plain(item))


def _with_rows(shown: Input, digest: str) -> Input:
    try:
        shown.columns, shown.rows, shown.total = _table(json.loads(queries.blob(digest)))
    except (InputErased, NotFound):
        shown.erased = True
    return shown


def _table(data: Any) -> tuple[list[str], list[list[str]], int]:
    """Column names, the first rows and the number of rows of a list of objects, of lists, or of plain values.

    An object ``{"columns": […], "rows": [[…], …]}`` is read as such.
    """
    columns, rows = (data["columns"], data["rows"]) if isinstance(data, dict) else ([], data)
    first = rows[:ROWS_SHOWN]
    if first and isinstance(first[0], dict):
        columns = list(dict.fromkeys(name for row in first for name in row))
        first = [[row.get(name) for name in columns] for row in first]
    cells = [row if isinstance(row, list) else [row] for row in first]
    return columns, [[_plain(cell) for cell in row] for row in cells], len(rows)


def _plain(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, float):
        return f"{value:.9g}"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


# --- jobs ----------------------------------------------------------------------------------------------------------
@require_GET
def jobs(request: HttpRequest, slug: str) -> HttpResponse:
    """The newest jobs of a place and all below it."""
    place = community.area(request.user, slug)
    return render(
        request,
        "record/jobs.html",
        {"jobs": [_job(request, row) for row in queries.jobs(request.user, place)]},
    )


@require_GET
def job(request: HttpRequest, pk: int) -> HttpResponse:
    """One job: a page, or for htmx the fragment that asks again every second until the job is over."""
    found = queries.job(request.user, pk)
    template = "record/job_fragment.html" if request.headers.get("HX-Request") else "record/job.html"
    return render(request, template, {"job": _job(request, found), **_place(found)})


@require_POST
def cancel(request: HttpRequest, pk: int) -> HttpResponse:
    """Cancel a job; needs the right ``derive`` at its place, or to have queued it."""
    found = queries.job(request.user, pk)
    if not queries.may_cancel(request.user, found):
        raise Forbidden()
    found = work.cancel(found, actor=request.user)
    if request.headers.get("HX-Request"):
        return render(request, "record/job_fragment.html", {"job": _job(request, found)})
    return redirect("record:job", pk=pk)


def _place(found: Job) -> dict[str, Any]:
    return {"place": found.area, "demo": found.area.is_demo} if found.area else {}


def _job(request: HttpRequest, row: Job) -> dict[str, Any]:
    error = row.error or {}
    tens = None if row.percent is None else row.percent // 10 * 10
    return {
        "row": row,
        "title": spoken(row.kind),
        "note": Text(**row.note) if row.note else None,
        "error": Text(**error["message"]) if error else None,
        "remedy": Text(**error["remedy"]) if error.get("remedy") else None,
        "tens": tens,  # said aloud in steps of ten, not at every report
        "may_cancel": not row.over and not row.cancel_requested and queries.may_cancel(request.user, row),
        "url": (row.result or {}).get("url", ""),
    }


def spoken(name: str) -> str:
    """A dotted verb or kind in the language of the page: rooms translate it in their catalogue."""
    shown = gettext(name)
    return shown if shown != name else name.replace(".", ": ", 1).replace("_", " ")


# --- operation log, evidence ---------------------------------------------------------------------------------------
@require_GET
def events(request: HttpRequest, slug: str) -> HttpResponse:
    """操作日志 of a place and all below it, newest first."""
    place = community.area(request.user, slug, "replay")
    before = request.GET.get("before", "")
    rows = queries.events(
        request.user,
        place,
        before=int(before) if re.fullmatch("[0-9]{1,18}", before) else None,
        limit=PAGE + 1,
    )
    shown = [
        {
            "row": row,
            "verb": spoken(row.verb),
            "subject": _subject(row),
            "data": json.dumps(row.data, ensure_ascii=False, indent=1) if row.data else "",
        }
        for row in rows[:PAGE]
    ]
    return render(
        request,
        "record/events.html",
        {"events": shown, "older": rows[PAGE - 1].pk if len(rows) > PAGE else None},
    )


def _subject(row: Event) -> Any:
    """What an event is about: the place itself, a kind of job in words, else as it was written."""
    if row.area is not None and row.subject == row.area.slug:
        return row.area
    return spoken(row.subject) if row.verb == "record.job_cancelled" else row.subject


@require_GET
def evidence_list(request: HttpRequest, slug: str) -> HttpResponse:
    """Files of a place and all below it, newest first: right ``view``."""
    place = community.area(request.user, slug)
    page = Paginator(queries.evidence_of(request.user, place), PAGE).get_page(request.GET.get("page"))
    return render(request, "record/evidence.html", {"page": page})


@require_GET
def fact(request: HttpRequest, fact_id: str) -> HttpResponse:
    """All versions of a dated fact, newest first. Facts are public knowledge: every login may read them."""
    versions = queries.fact_history(fact_id)[::-1]
    if not versions:
        raise NotFound("record.fact_unknown", Text(f"没有事实 {fact_id}。", f"No fact {fact_id}."))
    return render(request, "record/fact.html", {"fact_id": fact_id, "versions": versions})


@require_GET
def evidence(request: HttpRequest, digest: str) -> FileResponse:
    """The file itself, always as a download."""
    found, path = queries.evidence(request.user, digest)
    return FileResponse(
        path.open("rb"), as_attachment=True, filename=found.name, content_type=found.media_type
    )
