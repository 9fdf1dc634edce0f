"""Why the account and the metered inventory of the same year differ, in one line from published figures. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tanlin.carbon.account.metered import reference_of
from tanlin.carbon.account.streams import streams
from tanlin.carbon.rows import CARRIERS
from tanlin.kernel.errors import Text
from tanlin.kernel.figure import Figure
from tanlin.kernel.words import SPACE, digits

_UNIT = f"{SPACE}tCO₂e"
#: Less than this does not show in what is printed.
_LEAST_T = 0.05


def against_inventory(figures: Mapping[str, Figure]) -> Text | None:
    """The inventory, less what BASIC does not hold, plus what was entered, is BASIC; None where nothing differs or it does not add up.

    Args:
        figures: ``carbon.basic``, ``carbon.co2e`` and, with its table, ``carbon.inventory`` of one place and year.
    """
    basic, metered = figures.get("carbon.basic"), figures.get("carbon.co2e")
    if basic is None or metered is None or basic.value is None or metered.value is None:
        return None
    held = figures.get("carbon.inventory")
    outside = _outside(held.table or [] if held else [])
    less = sum(outside.values())
    entered = basic.value - (metered.value - less)
    if entered <= -_LEAST_T:  # one of the two waits to be derived again
        return None
    steps = []
    if less >= _LEAST_T:
        names = [_name(carrier) for carrier, tonnes in outside.items() if tonnes]
        zh, en = "、".join(name.zh for name in names), ", ".join(name.en.lower() for name in names)
        steps.append(
            Text(f"减去不属 BASIC 的{zh} {digits(less)}", f"less {digits(less)} of {en}, not in BASIC")
        )
    if entered >= _LEAST_T:
        said = digits(entered)
        steps.append(Text(f"加上填报的活动数据 {said}", f"plus {said} from entered activity data"))
    if not steps:
        return None
    start, end = f"{digits(metered.value)}{_UNIT}", f"{digits(basic.value)}{_UNIT}"
    return Text(
        f"总览只算表计读数：{start}；{'，'.join(step.zh for step in steps)}，即本页的 {end}。",
        f"The overview holds what meters read, {start}; {', '.join(step.en for step in steps)}, it is the {end} here.",
    )


def _name(carrier: str) -> Text:
    return streams()["tap_water"].name if carrier == "water" else CARRIERS[carrier]


def _outside(rows: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """Tonnes of an inventory that BASIC does not hold, by carrier."""
    found: dict[str, float] = {}
    for row in rows:
        if row["tco2e"] is not None and reference_of(row)[1] != "basic":
            found[row["carrier"]] = found.get(row["carrier"], 0.0) + row["tco2e"]
    return found
