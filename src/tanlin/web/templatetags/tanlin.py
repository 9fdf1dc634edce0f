"""Template tags shared by every page: truth marks, figure cards, charts and number formats."""

from __future__ import annotations

from typing import Any

from django import template
from django.templatetags.static import static
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from tanlin.web.templatetags import present

register = template.Library()


@register.filter
def in_language(text: Any) -> str:
    """A two-language ``Text`` (or a plain string) in the language of the page."""
    return present.pick(text, get_language() or "zh-hans")


@register.filter
def place_name(place: Any) -> str:
    """The name of an area in the language of the page; the Chinese name where no other is known."""
    english = (get_language() or "").startswith("en")
    return str((english and getattr(place, "name_en", "")) or getattr(place, "name", "") or getattr(place, "slug", ""))


@register.simple_tag
def icon(name: str) -> SafeString:
    """One drawing of the sprite, hidden from assistive technology: a word always stands beside it."""
    href = f"{static('tanlin/icons.svg')}#{name}"
    return format_html('<svg class="icon" width="20" height="20" aria-hidden="true" focusable="false"><use href="{}"></use></svg>', href)


@register.simple_tag
def first_url(*names: str) -> str:
    """The address of the first named URL that this installation has, else an empty string."""
    for name in names:
        try:
            return reverse(name)
        except NoReverseMatch:
            continue
    return ""
