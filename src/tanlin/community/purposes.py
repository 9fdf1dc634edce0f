"""What personal values are used for: purposes, legal bases and retention, as data (``data/purposes.json``).

PIPL art. 6 (a clear purpose, the least data), 13 (legal basis), 17 (what the notice tells), 19 (shortest retention).
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

from tanlin.kernel.errors import BadInput, Text, Where

DATA = Path(__file__).parent / "data"


@dataclass(frozen=True)
class Purpose:
    """One purpose. ``fields`` are ``room.model.field``; retention counts from the last day the purpose was served."""

    code: str
    title: Text
    basis: Text
    retention_days: int
    sensitive: bool
    fields: frozenset[str]


@dataclass(frozen=True)
class NoticeText:
    """One version of the privacy notice."""

    version: int
    valid_from: date
    text: Text


@cache
def purposes() -> dict[str, Purpose]:
    """All purposes by code, in the order of the file."""
    rows = json.loads((DATA / "purposes.json").read_text("utf-8"))
    return {
        row["code"]: Purpose(
            row["code"],
            Text(row["zh"], row["en"]),
            Text(row["basis_zh"], row["basis_en"]),
            int(row["retention_days"]),
            bool(row["sensitive"]),
            frozenset(row["fields"]),
        )
        for row in rows
    }


def purpose(code: str) -> Purpose:
    """One purpose. Raises BadInput for an unknown code."""
    if code not in purposes():
        raise BadInput(
            "community.unknown_purpose",
            Text(f"没有“{code}”这一目的。", f"There is no purpose “{code}”."),
            where=Where(value=code),
        )
    return purposes()[code]


def needed(codes: Iterable[str]) -> frozenset[str]:
    """The fields that these purposes need together."""
    return frozenset().union(*(purposes()[code].fields for code in codes if code in purposes()))


@cache
def first_notice() -> NoticeText:
    """The notice as shipped: version 1."""
    row = json.loads((DATA / "notice.json").read_text("utf-8"))
    return NoticeText(row["version"], date.fromisoformat(row["valid_from"]), Text(row["zh"], row["en"]))
