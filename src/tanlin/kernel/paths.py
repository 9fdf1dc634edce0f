"""Where this installation keeps its state."""

from __future__ import annotations

import os
from pathlib import Path


def home() -> Path:
    """``TANLIN_HOME`` (default ``~/.tanlin``), created when absent. Holds database, readings and evidence."""
    path = Path(os.environ.get("TANLIN_HOME") or Path.home() / ".tanlin").expanduser().resolve()
    path.mkdir(parents=True, exist_ok=True)
    return path
