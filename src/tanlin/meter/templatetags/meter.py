"""Times and words of the meter pages."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import template
from django.utils.translation import get_language

from tanlin.kernel.errors import Text, Where
from tanlin.kernel.period import DAY, HOUR, zone
from tanlin.meter.adapters import adapter
from tanlin.meter.health import WORDS
from tanlin.meter.models import Carrier, Channel, Kind
from tanlin.meter.products import PRODUCTS
from tanlin.meter.uses import USES

register = template.Library()
QUALITIES = {
    "measured": Text("实测", "measured"),
    "estimated": Text("估算", "estimated"),
    "edited": Text("人工修正", "edited"),
    "rejected": Text("剔除", "rejected"),
}
#: Truth mark of a health.
MARKS = {"live": "measured", "late": "claimed", "dead": "act", "never": "unknown"}


@register.filter
def local_time(second: int | None, tz: str) -> str:
    """Epoch seconds as local ``2025-06-01 08:00``."""
    return "–" if second is None else datetime.fromtimestamp(second, zone(tz)).strftime("%Y-%m-%d %H:%M")


@register.filter
def local_day(second: int | None, tz: str) -> str:
    """Epoch seconds as the local day."""
    return "–" if second is None else datetime.fromtimestamp(second, zone(tz)).strftime("%Y-%m-%d")


@register.filter
def lasting(seconds: int) -> str:
    """Seconds as 15 min, 1 h, 30 d in the language of the page; 0 is a register reading."""
    if seconds == 0:
        return "–"
    size, word = next(length for length in _LENGTHS if seconds % length[0] == 0)
    return f"{seconds // size} {word.pick(get_language())}"


_LENGTHS = (
    (DAY, Text("天", "d")),
    (HOUR, Text("小时", "h")),
    (60, Text("分钟", "min")),
    (1, Text("秒", "s")),
)


@register.filter
def plain_number(value: float | str | None) -> str:
    """A reading with its digits (those that single precision invents are left out); a dash where the page knows none."""
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.8g}" if abs(value) < 1e8 else f"{value:,.1f}"
    return "–"


@register.filter
def health_word(state: str) -> str:
    """The word for a health in the language of the page."""
    return WORDS[state].pick(get_language())


@register.filter
def health_mark(state: str) -> str:
    """The truth mark for a health."""
    return MARKS[state]


@register.filter
def product_word(product: str) -> str:
    """The word for a product."""
    found = next((group[product] for group in PRODUCTS.values() if product in group), None)
    return found.pick(get_language()) if found else product


@register.filter
def use_word(use: str) -> str:
    """The word for a use; empty where it is mixed or not known."""
    return USES[use].pick(get_language()) if use else ""


@register.filter
def get(mapping: dict[Any, Any], key: Any) -> Any:
    """``mapping|get:key``."""
    return mapping.get(key, "")


@register.filter
def carrier_word(carrier: str) -> str:
    """The word for a carrier."""
    return str(Carrier(carrier).label)


@register.filter
def channel_word(channel: str) -> str:
    """The word for a channel."""
    return str(Channel(channel).label)


@register.filter
def kind_word(kind: str) -> str:
    """The word for a kind of readings."""
    return str(Kind(kind).label)


@register.filter
def quality_word(quality: str) -> str:
    """The word for a quality; an estimate names its method."""
    name, _, method = quality.partition(":")
    word = QUALITIES[name].pick(get_language())
    return f"{word} · {method}" if method else word


@register.filter
def said(text: dict[str, str] | None) -> str:
    """A stored message {zh, en} in the language of the page."""
    return Text(**text).pick(get_language()) if text else ""


@register.filter
def said_where(where: dict[str, Any]) -> str:
    """A stored place in the input in the language of the page."""
    return Where(**where).text().pick(get_language())


@register.filter
def gateway_kind(kind: str) -> str:
    """The word for a kind of gateway."""
    return adapter(kind).title.pick(get_language())
