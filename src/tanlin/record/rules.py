"""The shipped steps of each kind of document, read once from ``data/approvals.json``."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any


@cache
def shipped() -> dict[str, dict[str, Any]]:
    """Kind → title {zh, en}, source, distinct, steps. A kind without steps of an area's own follows these."""
    text = (Path(__file__).parent / "data" / "approvals.json").read_text("utf-8")
    found: dict[str, dict[str, Any]] = json.loads(text)
    return found
