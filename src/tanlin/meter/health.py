"""How alive a meter is: told by the age of its newest reading, by the rhythm of its kind."""

from __future__ import annotations

from typing import Literal

from tanlin.kernel.errors import Text
from tanlin.kernel.period import DAY

Health = Literal["live", "late", "dead", "never"]
#: Days of silence after which a meter is late, and dead.
LIMITS = {"interval": (2, 7), "register": (40, 100), "bill": (62, 130)}
WORDS: dict[str, Text] = {
    "live": Text("正常", "live"),
    "late": Text("迟到", "late"),
    "dead": Text("中断", "silent"),
    "never": Text("尚无读数", "no reading yet"),
}


def health(kind: str, latest_end: int | None, now: int) -> Health:
    """``latest_end``: epoch seconds at which the newest reading ends, None where there is none."""
    if latest_end is None:
        return "never"
    late, dead = LIMITS[kind]
    silent = now - latest_end
    return "dead" if silent > dead * DAY else "late" if silent > late * DAY else "live"
