"""Where this installation keeps its state."""

from __future__ import annotations

import os
import secrets
from pathlib import Path


def home() -> Path:
    """``TANLIN_HOME`` (default ``~/.tanlin``), created when absent. Holds database, readings and evidence."""
    path = Path(os.environ.get("TANLIN_HOME") or Path.home() / ".tanlin").expanduser().resolve()
    path.mkdir(parents=True, exist_ok=True)
    return path


def stored_secret(path: Path) -> str:
    """The key in ``path``, made at the first use (mode 600); processes starting together read the same one.

    Raises ValueError for a key of less than 32 characters.
    """
    if not path.exists():
        draft = path.with_name(f".{path.name}-{os.getpid()}")
        with os.fdopen(os.open(draft, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(48))
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)  # fails if another process was first; then its key stands
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    key = path.read_text("utf-8").strip()
    if len(key) < 32:
        raise ValueError(f"the key in {path} is too short; delete the file to make a new one")
    return key
