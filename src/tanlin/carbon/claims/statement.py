"""A claim as stated, the fields a kind of claim asks for, and how what people type becomes one."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from tanlin.kernel.errors import BadInput, Text, Where

if TYPE_CHECKING:
    from tanlin.carbon.claims.answer import Findings
    from tanlin.carbon.claims.ask import Ask

#: Name of a unit → how many base units it holds; the first is the base.
Units = Mapping[str, float]
TONNES: Units = {"tCO2e": 1.0, "kgCO2e": 1e-3, "万tCO2e": 1e4}
ENERGY: Units = {"kWh": 1.0, "MWh": 1e3, "万kWh": 1e4, "GWh": 1e6, "亿kWh": 1e8}
PERCENT: Units = {"%": 1.0}
YEARS: Units = {"a": 1.0}
PLAIN: Units = {"": 1.0}
Value = float | str
NO_HINT = Text("", "")
NOT_STATED = Text("未说明", "not stated")


@dataclass(frozen=True)
class Field:
    """One thing a claim may state. A number in ``unit``, one of ``choices`` (code → name), or words."""

    name: str
    label: Text
    type: Literal["number", "choice", "text", "year", "region"] = "number"
    unit: str = ""
    choices: Mapping[str, Text] = field(default_factory=dict)
    top: float = 1e15
    hint: Text = NO_HINT


@dataclass(frozen=True)
class Kind:
    """A kind of claim: what is claimed in which units, what may be stated with it, and the function that checks it."""

    key: str
    title: Text
    claimed: Text
    units: Units
    fields: tuple[Field, ...]
    check: Callable[[Ask], Findings]

    @property
    def base_unit(self) -> str:
        return next(iter(self.units))


@dataclass(frozen=True)
class Claim:
    """A claim as stated: ``claimed`` in ``unit``, further values by the names of the kind's fields, words and source.

    What is not stated is absent, never zero.
    """

    kind: str
    claimed: float | None
    unit: str
    values: Mapping[str, Value] = field(default_factory=dict)
    text: str = ""
    source: str = ""

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready; ``read_claim`` reads it back."""
        return {
            "kind": self.kind,
            "claimed": self.claimed,
            "unit": self.unit,
            "fields": dict(self.values),
            "text": self.text,
            "source": self.source,
        }


def read_claim(stated: Mapping[str, Any], kinds: Mapping[str, Kind]) -> Claim:
    """A claim from JSON or a form. Raises BadInput naming the field and value."""
    name = str(stated.get("kind") or "")
    kind = kinds.get(name)
    if kind is None:
        raise _bad(
            "kind",
            name,
            Text("没有这类说法。", "There is no such kind of claim."),
            Text("、".join(kinds), ", ".join(kinds)),
        )
    given = stated.get("fields") or {}
    if not isinstance(given, Mapping):
        raise _bad("fields", str(given), Text("应为名称与数值的对照。", "Fields must be names with values."))
    known = {each.name: each for each in kind.fields}
    for other in given:
        if other not in known:
            raise _bad(
                other, str(given[other]), Text("没有这一项。", "There is no such field."), _list(known)
            )
    unit = str(stated.get("unit") or "") or kind.base_unit
    if unit not in kind.units:
        raise _bad("unit", unit, Text("单位不适用。", "This unit does not apply."), _list(kind.units))
    claimed = _amount("claimed", stated.get("claimed"), -1e15, 1e15)
    values = {each: _value(known[each], given[each]) for each in given}
    return Claim(
        name,
        claimed,
        unit,
        {each: value for each, value in values.items() if value is not None},
        str(stated.get("text") or "").strip()[:2000],
        str(stated.get("source") or "").strip()[:500],
    )


def _list(names: Mapping[str, Any]) -> Text:
    return Text("可用：" + "、".join(names), "Use one of: " + ", ".join(names))


def _value(field: Field, given: Any) -> Value | None:
    if given is None or str(given).strip() == "":
        return None
    if field.type == "number":
        return _amount(field.name, given, 0.0, field.top)
    if field.type == "year":
        return _year(field.name, given)
    text = str(given).strip()[:200]
    if field.type == "region" and not re.fullmatch(r"[A-Z][A-Z0-9\-]*", text):
        raise _bad(
            field.name,
            text,
            Text("应为地区代码。", "This must be a region code."),
            Text("例如 CN-GD-SZ", "Such as CN-GD-SZ"),
        )
    if field.type == "choice" and text not in field.choices:
        raise _bad(field.name, text, Text("没有这个选项。", "There is no such choice."), _list(field.choices))
    return text


def _amount(name: str, given: Any, low: float, top: float) -> float | None:
    if given is None or str(given).strip() == "":
        return None
    try:
        number = float(str(given).replace(",", "").replace("，", "").strip())
    except ValueError as error:
        raise _bad(name, str(given), Text("不是数字。", "This is not a number.")) from error
    if not math.isfinite(number) or not low <= number <= top:
        limits = Text(f"应在 {low:g} 与 {top:g} 之间。", f"It must lie between {low:g} and {top:g}.")
        raise _bad(name, str(given), limits)
    return number


def _year(name: str, given: Any) -> float:
    number = _amount(name, given, 1900, 2200)
    if number is None or number != int(number):
        raise _bad(name, str(given), Text("应为年份。", "This must be a year."))
    return number


def _bad(column: str, value: str, text: Text, remedy: Text | None = None) -> BadInput:
    return BadInput("carbon.bad_claim", text, remedy=remedy, where=Where(column=column, value=value[:100]))
