"""Reads for the professional view of an account beside its own figures: the decline in two views, and the hours."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tanlin.carbon.account.hourly import KEY as HOURLY
from tanlin.carbon.account.shown.compare import decline_picture
from tanlin.carbon.account.shown.hours import hours_picture
from tanlin.carbon.queries.comparing import changes, compared
from tanlin.record import queries as record


def views_of(area: Any, years: Sequence[int], year: int) -> dict[str, Any]:
    """``decline`` and ``hours`` (Picture or None) of published figures, and the receipts they stand on."""
    held, figure = changes(area, years), record.figure(area, HOURLY, str(year))
    newest = held[max(held)] if held else None
    return {
        "decline": decline_picture(compared(held)) if held else None,
        "decline_receipt": newest.receipt if newest else None,
        "hours": hours_picture(figure),
        "hours_receipt": figure.receipt if figure else None,
    }
