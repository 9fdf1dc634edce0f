"""The one shape in which every page, API answer, report and screen shows a number."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from tanlin.kernel.errors import Text

Origin = Literal["measured", "entered", "demonstration"]


@dataclass(frozen=True)
class Figure:
    """A value with all that is needed to trust or doubt it.

    ``value`` is a float in ``unit``, or None with a ``reason`` (unknown is never 0). ``low`` and ``high``
    bound the 95 % interval. ``coverage`` = seconds present ÷ seconds expected, ``estimated`` = share of
    the value, both 0..1. A chart is a figure whose ``table`` holds rows; it has one receipt like any other.
    """

    key: str
    place: str
    period: str
    value: float | None
    unit: str
    receipt: str | None = None
    low: float | None = None
    high: float | None = None
    coverage: float | None = None
    estimated: float | None = None
    origin: Origin = "measured"
    provisional: bool = False
    reason: Text | None = None
    table: list[dict[str, Any]] | None = field(default=None, repr=False)
    computed_at: datetime | None = None
    stale_since: datetime | None = None

    @property
    def known(self) -> bool:
        return self.value is not None or self.table is not None

    @property
    def stale(self) -> bool:
        return self.stale_since is not None

    @property
    def half_range_pct(self) -> float | None:
        """Half of the 95 % interval as a percentage of the value, or None."""
        if self.value in (None, 0) or self.low is None or self.high is None:
            return None
        return abs((self.high - self.low) / 2 / self.value) * 100
