"""Words and shades of the quality page."""

from __future__ import annotations

from typing import Any

from django import template
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from tanlin.meter.models import Exceptional
from tanlin.meter.services.quality import NOT_FILLED
from tanlin.meter.vee import KINDS, METHODS

register = template.Library()
#: Truth mark of a state.
MARKS = {
    "open": "act",
    "reopened": "act",
    "accepted": "verified",
    "estimated": "estimated",
    "edited": "claimed",
    "cleared": "stale",
}
#: Least coverage of each shade of the grid, from the darkest.
SHADES = ((0.999, 4), (0.95, 3), (0.8, 2), (0.000001, 1))


@register.filter
def kind_of(kind: str) -> str:
    """The word for a kind of exception."""
    return KINDS[kind].pick(get_language())


@register.filter
def fillable(kind: str) -> bool:
    """Whether other values could mend an exception of this kind."""
    return kind not in NOT_FILLED


@register.filter
def method_word(method: str) -> str:
    """The word for a method of estimation."""
    return METHODS[method].pick(get_language()) if method in METHODS else method


@register.filter
def state_mark(state: str) -> str:
    """The truth mark for a state."""
    return MARKS[state]


@register.filter
def shade(coverage: float | None) -> str:
    """The class of a cell of the grid: ``none`` where nothing was due, 0 (nothing) to 4 (whole)."""
    if coverage is None:
        return "none"
    return str(next((number for least, number in SHADES if coverage >= least), 0))


@register.filter
def told(one: Exceptional) -> str:
    """What the check saw, in one phrase."""
    detail: dict[str, Any] = one.detail
    if "lag" in detail:
        hours = abs(detail["lag"]) / 3600
        words = _("%(hours)g h late") if detail["lag"] > 0 else _("%(hours)g h early")
        return words % {"hours": hours}
    if "usual" in detail:
        about = {"share": 100 * detail["share"], "usual": 100 * detail["usual"]}
        words = _("difference %(share).1f %% of the main meter, usually %(usual).1f %%")
        return words % about + ("" if detail["named"] else " · " + _("no meter explains it"))
    if "values" in detail:
        return " / ".join(f"{value:,.6g}" for value in detail["values"])
    if "count" in detail:
        return _("%(count)d times %(value)g") % detail
    if detail.get("open"):
        return _("silent since then")
    if "value" in detail:
        return f"{detail['value']:,.6g}"
    return ""
