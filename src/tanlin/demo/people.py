"""The demonstration's logins: one of each role, with passwords made for this installation.

They are kept in `logins.json` (readable by its owner only) in the installation's home.
"""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from tanlin.kernel.paths import home

from .places import PLACES, place


@dataclass(frozen=True)
class Login:
    """A demonstration user: role and the slugs of the areas it holds there."""

    username: str
    role: str
    name: str
    areas: tuple[str, ...]


def logins() -> tuple[Login, ...]:
    """One login of each role of the office; the operator and the auditor reach all five places."""
    roots = tuple(place(slug).root for slug in PLACES)
    return (
        Login(OPERATOR, "operator", "演示·运营员", roots),
        Login("demo-district", "district", "演示·江滨区", ("jiangbin",)),
        Login("demo-street", "street", "演示·湾澜街道", ("wanlan",)),
        Login("demo-worker", "worker", "演示·运河社区", ("yunhe",)),
        Login("demo-grid", "grid", "演示·沙岛镇网格员", ("shadao",)),
        Login("demo-engineer", "engineer", "演示·能源工程师", ("weiling", "shadao")),
        Login("demo-auditor", "auditor", "演示·核查员", roots),
    )


OPERATOR = "demo-operator"


def path() -> Path:
    """Where the passwords are kept."""
    return home() / "logins.json"


def read() -> dict[str, str]:
    """Password by user name; empty before the demonstration is built."""
    return dict(json.loads(path().read_text("utf-8"))) if path().exists() else {}


def new_password() -> str:
    """Sixteen URL-safe characters (96 random bits)."""
    return secrets.token_urlsafe(12)


def write(passwords: dict[str, str]) -> None:
    """Replace the file in one step; nobody but its owner may read it, not even for a moment."""
    draft = path().with_suffix(".new")
    draft.unlink(missing_ok=True)
    with os.fdopen(
        os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8"
    ) as file:
        json.dump(passwords, file, ensure_ascii=False, indent=2)
    draft.replace(path())


def show(address: str) -> str:
    """The address and the logins there are, for the terminal."""
    passwords = read()
    lines = [f"{address}", "演示账号 / demonstration logins（保存在 / kept in " + str(path()) + "）"]
    lines += [
        f"  {login.username:<14} {passwords[login.username]:<18} {login.role}"
        for login in logins()
        if login.username in passwords
    ]
    return "\n".join(lines)
