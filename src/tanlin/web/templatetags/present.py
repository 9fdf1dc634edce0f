"""Numbers and figures as people read them: pure functions, no Django."""

from __future__ import annotations

from typing import Any


def pick(text: Any, language: str) -> str:
    """One language of a ``Text``; a plain string passes through."""
    if text is None:
        return ""
    return str(text.pick(language)) if hasattr(text, "pick") else str(text)
