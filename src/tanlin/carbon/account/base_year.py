"""Whether the inventory of a base year must be recalculated, and why.

GHG Protocol Corporate Standard ch. 5, GPC 1.1 ch. 11: changes of structure or boundary, of method or factor, and
found errors call for it once they together exceed a stated threshold; growth or decline of activity never does.
What has changed is read from the receipts of the base year: the one it was fixed with and today's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from tanlin.kernel.errors import Text

#: Attributes of an area: the year, the threshold in percent, and the receipt that fixed the total of the year.
YEAR, THRESHOLD, FIXED = "carbon.base_year", "carbon.base_year.threshold_pct", "carbon.base_year.receipt"
#: Where no threshold is stated: the 5 % most programmes use; a project default.
DEFAULT_PCT = 5.0
TRIGGERS: dict[str, Text] = {
    "structure": Text("边界、表计登记或填报数据有变", "boundary, registry or entered data changed"),
    "factor": Text("因子更新", "factors changed"),
    "method": Text("方法或全球增温潜势更换", "method or warming potentials changed"),
    "readings": Text("读数补录或更正", "readings were added or corrected"),
}
#: Kind of a receipt's input → the trigger it is.
_OF_INPUT = {"fact": "factor", "registry": "structure", "readings": "readings"}


@dataclass(frozen=True)
class Recalculation:
    """``due`` None: it cannot be told, ``why`` says why not. ``pct``: today's total against the fixed one."""

    due: bool | None
    pct: float | None
    threshold_pct: float
    triggers: tuple[str, ...]
    why: Text


def triggers_of(then: Iterable[Mapping[str, Any]], now: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """What differs between the receipts that a total stood on and those it stands on today.

    ``then``, ``now``: bodies of receipts, that of the account and of the inventory under it.
    """
    sides = [_pinned(bodies) for bodies in (then, now)]
    return tuple(name for name in TRIGGERS if sides[0].get(name) != sides[1].get(name))


def _pinned(bodies: Iterable[Mapping[str, Any]]) -> dict[str, set[str]]:
    out: dict[str, set[str]] = {}
    for body in bodies:
        method = body["method"]
        stated = f"{method['id']} {method['version']} {body['parameters'].get('gwp', '')}"
        out.setdefault("method", set()).add(stated)
        for item in body["inputs"]:
            kind = next((kind for kind in _OF_INPUT if kind in item), None)
            if kind:
                out.setdefault(_OF_INPUT[kind], set()).add(f"{item[kind]} {item.get('vintage', '')}")
    return out


def recalculation(
    fixed: float | None, today: float | None, triggers: Iterable[str], threshold_pct: float = DEFAULT_PCT
) -> Recalculation:
    """Whether the base year is to be recalculated.

    Args:
        fixed: its total as it was fixed; today: as it would be stated today, tCO2e.
        triggers: keys of :data:`TRIGGERS` that apply.
    """
    named = tuple(name for name in TRIGGERS if name in set(triggers))
    if fixed is None or today is None or not fixed:
        why = Text(
            "基准年总量未知，无法判断。", "The total of the base year is unknown, so it cannot be told."
        )
        return Recalculation(None, None, threshold_pct, named, why)
    pct = (today - fixed) / abs(fixed) * 100
    if not named:
        why = Text("基准年的依据没有变化。", "Nothing the base year stands on has changed.")
        return Recalculation(False, pct, threshold_pct, named, why)
    zh, en = ("；".join(TRIGGERS[n].zh for n in named), "; ".join(TRIGGERS[n].en for n in named))
    due = abs(pct) > threshold_pct
    size = f"{pct:+.1f} %"
    why = Text(
        f"{zh}，使基准年总量变化 {size}，{'超过' if due else '未超过'}阈值 {threshold_pct:g} %"
        f"{'，应重新核算并说明' if due else ''}。",
        f"{en[:1].upper()}{en[1:]}: the total of the base year moves by {size}, "
        f"{'above' if due else 'within'} the threshold of {threshold_pct:g} %"
        f"{', so it is to be recalculated and explained' if due else ''}.",
    )
    return Recalculation(due, pct, threshold_pct, named, why)
