"""Small words of the pages of this room."""

from collections.abc import Mapping
from typing import Any

from django import template

register = template.Library()


@register.filter
def entry(words: Mapping[str, Any], key: str) -> Any:
    """``words[key]``, or the key itself where it is not known any more."""
    return words.get(key, key)
