"""Template tags shared by every page: truth marks, figure cards, charts and number formats."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from django import template
from django.templatetags.static import static
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from tanlin.kernel.manifest import figure_label
from tanlin.web.templatetags import present

register = template.Library()

# What would end a <script> element or be read as markup inside it.
_JSON_ESCAPES = {
    ord(">"): "\\u003E",
    ord("<"): "\\u003C",
    ord("&"): "\\u0026",
    0x2028: "\\u2028",
    0x2029: "\\u2029",
}


def language() -> str:
    """The language tag of the page."""
    return get_language() or "zh-hans"


@register.filter
def in_language(text: Any) -> str:
    """A two-language ``Text`` (or a plain string) in the language of the page."""
    return present.pick(text, language())


@register.filter
def place_name(place: Any) -> str:
    """The name of an area (object or dict) in the language of the page; the Chinese one where no other is known."""
    get = place.get if isinstance(place, Mapping) else lambda name: getattr(place, name, None)
    english = get("name_en") if language().startswith("en") else None
    return str(english or get("name") or get("slug") or place)


@register.filter
def spaced(text: Any) -> str:
    """A thin space between Chinese and Latin letters or digits."""
    return present.spaced(present.pick(text, language()))


@register.filter
def number(value: float | str | None, unit: str = "") -> str:
    """``1234567|number:"kWh"`` → 1,235 MWh. An unknown value is 暂无数据, never 0; a word stays a word."""
    if value is None:
        return _("no data")
    if isinstance(value, str):
        return value
    shown, sign = present.quantity(float(value), unit, language())
    return f"{shown}{present.SPACE}{sign}" if sign else shown


@register.filter
def unit(name: str) -> str:
    """The unit as printed: tCO2e → tCO₂e."""
    return present.sign(name, language())


@register.filter
def percent(share: float | None) -> str:
    """0.873 → 87 %."""
    return _("no data") if share is None else present.percent(float(share))


@register.simple_tag
def icon(name: str) -> SafeString:
    """One drawing of the sprite, hidden from assistive technology: a word always stands beside it."""
    return format_html(
        '<svg class="icon" width="20" height="20" aria-hidden="true" focusable="false"><use href="{}#{}"></use></svg>',
        static("tanlin/icons.svg"),
        name,
    )


@register.simple_tag
def first_url(*names: str) -> str:
    """The address of the first named URL that this installation has, else an empty string."""
    for name in names:
        try:
            return reverse(name)
        except NoReverseMatch:
            continue
    return ""


@register.inclusion_tag("web/figure.html", takes_context=True)
def figure(
    context: template.Context,
    fig: Any,
    title: Any = "",
    note: Any = "",
    compute_url: str = "",
    key: str = "",
    period: Any = "",
) -> dict[str, Any]:
    """The card of one kernel ``Figure``; None shows 尚未计算 and, with ``compute_url``, a button that posts it.

    The form sends ``figure`` = key and ``period``.

    ``title`` defaults to the label of the figure's key; ``note`` is one sentence under it (Text or string).
    """
    lang = language()
    card: dict[str, Any] = {
        "title": present.spaced(present.pick(title or figure_label(fig.key if fig else key), lang)),
        "note": present.spaced(present.pick(note, lang)),
        "fig": fig,
        "key": fig.key if fig else key,
        "compute_url": compute_url,
        "period": period,
        "csrf_token": context.get("csrf_token"),
    }
    if fig is None:
        return card
    if fig.value is not None:
        card["number"], card["unit"] = present.quantity(fig.value, fig.unit, lang)
    card["reason"] = present.spaced(present.pick(fig.reason, lang))
    card["spread"] = present.spread(fig, lang)
    card["coverage"] = present.coverage(fig.coverage, fig.estimated)
    if fig.stale_since is not None:
        card["age"] = present.age(fig.stale_since, timezone.now(), lang)
    return card


@register.inclusion_tag("web/receipt_link.html")
def receipt(hash: str | None) -> dict[str, Any]:
    """The small 溯源 link: a side panel with script, the receipt's own page without."""
    return {"hash": hash}


@register.inclusion_tag("web/chart.html")
def chart(
    id: str,
    title: Any,
    spec: Mapping[str, Any],
    table: Mapping[str, Any] | None = None,
    summary: Any = "",
    receipt: str | None = None,
    level: int = 3,
) -> dict[str, Any]:
    """A picture drawn by charts.js from JSON in the page, with its table view, CSV, full screen and print.

    ``spec``: see the head of charts.js; Text inside is resolved. An empty spec (None) shows the empty state.
    ``table``: ``{"columns": [label, …], "rows": [[cell, …], …]}``; numbers are formatted and put to the right,
    None is 暂无数据. ``summary``: the picture in one sentence, also its accessible description.
    ``level``: of its heading, one below the heading it stands under.
    """
    lang = language()
    data = json.dumps(present.localise(spec, lang), ensure_ascii=False, allow_nan=False) if spec else ""
    return {
        "id": id,
        "level": level,
        "title": present.spaced(present.pick(title, lang)),
        "summary": present.spaced(present.pick(summary, lang)),
        # Escaped above: the text cannot leave the script element.
        "data": mark_safe(data.translate(_JSON_ESCAPES)),
        "kind": spec.get("kind", "") if spec else "",
        "marks": spec.get("marks", ()) if spec else (),
        "words": _words(),
        "table": _table(table, lang),
        "receipt": receipt,
    }


def _words() -> str:
    """The words that charts.js prints, in the language of the page."""
    words = {
        "unknown": _("no data"),
        "measured": _("measured"),
        "estimated": _("estimated"),
        "missing": _("missing"),
        "coverage": _("coverage"),
        "provisional": _("provisional"),
        "total": _("total"),
        "factor": _("factor"),
        "unverified": _("not verified"),
        "from": _("valid from"),
        "to": _("valid to"),
        "value": _("value"),
        "open": _("still valid"),
    }
    return json.dumps(words, ensure_ascii=False)


def _table(table: Any, lang: str) -> dict[str, Any] | None:
    """Cells as {text, numeric, raw}; ``raw`` goes to the CSV file with full precision."""
    if not table or not table["rows"]:
        return None
    columns = [present.spaced(present.pick(column, lang)) for column in table["columns"]]
    numeric = [any(isinstance(row[i], (int, float)) for row in table["rows"]) for i in range(len(columns))]

    def cell(value: Any, column: int) -> dict[str, Any]:
        if value is None:
            return {"text": _("no data"), "numeric": numeric[column], "raw": "", "unknown": True}
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return {"text": present.digits(value), "numeric": True, "raw": repr(value)}
        text = present.pick(value, lang)
        return {"text": present.spaced(text), "numeric": False, "raw": text}

    heads = [{"text": text, "numeric": numeric[i]} for i, text in enumerate(columns)]
    return {"columns": heads, "rows": [[cell(v, i) for i, v in enumerate(row)] for row in table["rows"]]}


@register.inclusion_tag("web/empty.html")
def empty(title: str, text: str = "", example: str = "", url: str = "", action: str = "") -> dict[str, Any]:
    """An empty page: what this is, an example, and the next step as a button."""
    return {"title": title, "text": text, "example": example, "url": url, "action": action}


@register.inclusion_tag("web/pager.html", takes_context=True)
def pager(context: template.Context, page: Any) -> dict[str, Any]:
    """Links to the neighbours of a Django ``Page``, keeping the other parameters of the address."""
    request = context.get("request")

    def link(number: int) -> str:
        query = request.GET.copy() if request else {}
        query["page"] = str(number)
        return "?" + (query.urlencode() if hasattr(query, "urlencode") else f"page={number}")

    return {
        "page": page,
        "previous": link(page.previous_page_number()) if page.has_previous() else "",
        "next": link(page.next_page_number()) if page.has_next() else "",
    }


@register.inclusion_tag("web/badge.html")
def badge(state: str, text: Any = "") -> dict[str, Any]:
    """A truth mark: measured, estimated, provisional, verified, claimed, unknown, unverified, stale, demonstration, act.

    ``text`` replaces the word, never the sign.
    """
    words = {
        "measured": _("measured"),
        "estimated": _("estimated"),
        "provisional": _("provisional"),
        "verified": _("verified"),
        "claimed": _("data not sufficient yet"),
        "unknown": _("no data"),
        "unverified": _("source not verified"),
        "stale": _("being updated"),
        "demonstration": _("demonstration data"),
        "act": _("needs you"),
    }
    return {"state": state, "text": present.spaced(present.pick(text, language())) or words[state]}
