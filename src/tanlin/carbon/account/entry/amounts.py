"""Amounts as people enter them → the unit of their stream. A stock (an area, trees, a charge) counts by its days."""

from __future__ import annotations

import math
from datetime import date, timedelta

from tanlin.carbon.account.streams import Stream
from tanlin.kernel.errors import BadInput, Text, Where
from tanlin.kernel.units import factor_to_canonical

#: Larger amounts are slips of the keyboard: a district of a million people stays below in every unit.
LARGEST = 1e12
#: Days of one row: two years and what bills run over.
LONGEST = 732
_DAY = timedelta(days=1)
#: Carrier whose unit is that of a stream, for the units the kernel converts.
_CARRIERS = {"kg": "fuel", "m3": "water", "GJ": "heat"}
_MU = 10_000 / 15  # 亩, m2
_OTHERS: dict[str, dict[str, float]] = {
    "km": {"km": 1.0, "公里": 1.0, "千米": 1.0, "车公里": 1.0, "万公里": 1e4, "万车公里": 1e4},
    "pkm": {"pkm": 1.0, "人公里": 1.0, "人·公里": 1.0, "万人公里": 1e4, "万人·公里": 1e4},
    "m2": {
        "m2": 1.0,
        "㎡": 1.0,
        "m²": 1.0,
        "平方米": 1.0,
        "万平方米": 1e4,
        "亩": _MU,
        "ha": 1e4,
        "公顷": 1e4,
    },
    "ha": {"ha": 1.0, "公顷": 1.0, "亩": _MU / 1e4, "m2": 1e-4, "m²": 1e-4, "平方米": 1e-4},
    "tree": {"tree": 1.0, "trees": 1.0, "棵": 1.0, "株": 1.0},
}
#: What a person reads and writes for each unit of a stream.
_WRITTEN = {
    "kg": Text("kg、吨", "kg, t"),
    "m3": Text("立方米、m3、吨", "m3, t"),
    "GJ": Text("GJ、MJ", "GJ, MJ"),
    "km": Text("公里、km、万公里", "km"),
    "pkm": Text("人公里、pkm、万人公里", "pkm"),
    "m2": Text("平方米、亩、公顷", "m2, ha"),
    "ha": Text("公顷、亩", "ha, m2"),
    "tree": Text("棵、株", "tree"),
}


#: Canonical units as printed; the others as they are.
_PRINTED = {
    "pkm": Text("人公里", "pkm"),
    "km": Text("公里", "km"),
    "m3": Text("m³", "m³"),
    "m2.yr": Text("m²·年", "m²·yr"),
    "ha.yr": Text("公顷·年", "ha·yr"),
    "tree.yr": Text("株·年", "tree·yr"),
    "kg.yr": Text("kg·年", "kg·yr"),
}


def unit_word(unit: str) -> Text:
    """A canonical unit as printed."""
    return _PRINTED.get(unit, Text(unit, unit))


def units_of(stream: Stream) -> Text:
    """The units that may be written for a stream."""
    return _WRITTEN[stream.stock or stream.unit]


def canonical(amount: float, unit: str, stream: Stream, first: date, last: date) -> float:
    """The amount in the stream's unit; a stock is multiplied by its years, [first, last] counted by days.

    Raises BadInput for a unit of another dimension, an amount that is negative, no number or implausible, and days
    that cross or last longer than :data:`LONGEST`.
    """
    _check_days(first, last)
    if math.isnan(amount) or amount < 0:
        raise _bad(
            "carbon.amount_negative", Text("数量须为不小于 0 的数。", "The amount must be 0 or more."), amount
        )
    base = stream.stock or stream.unit
    value = amount * (1.0 if unit.strip() == stream.unit else _scale(unit, base, stream))
    if value > LARGEST:
        raise _bad(
            "carbon.amount_large",
            Text("数值大得不合理。", "The amount is implausibly large."),
            amount,
            Text("请核对单位和小数点。", "Check the unit and the decimal point."),
        )
    return value * years_between(first, last) if stream.stock and unit.strip() != stream.unit else value


def years_between(first: date, last: date) -> float:
    """Years of the days [first, last]: a day is 1/365 of its year, 1/366 in a leap year."""
    total = 0.0
    for year in range(first.year, last.year + 1):
        begin, end = date(year, 1, 1), date(year + 1, 1, 1)
        days = (min(last + _DAY, end) - max(first, begin)).days
        total += days / (end - begin).days
    return total


def _check_days(first: date, last: date) -> None:
    if last < first:
        raise BadInput(
            "carbon.days_cross",
            Text("结束日期早于开始日期。", "The last day is before the first day."),
            remedy=Text("请核对起止日期。", "Check both days."),
            where=Where(value=f"{first} – {last}"),
        )
    if (last - first).days >= LONGEST:
        raise BadInput(
            "carbon.days_long",
            Text(f"起止相隔超过 {LONGEST} 天。", f"The days span more than {LONGEST} days."),
            remedy=Text("请按年拆成几行。", "Split the row by year."),
            where=Where(value=f"{first} – {last}"),
        )


def _scale(unit: str, base: str, stream: Stream) -> float:
    word = unit.strip()
    try:
        return (
            factor_to_canonical(word, _CARRIERS[base]) if base in _CARRIERS else _OTHERS[base][word.lower()]
        )
    except (BadInput, KeyError) as error:
        raise BadInput(
            "carbon.activity_unit",
            Text(f"“{stream.name.zh}”不能用这个单位。", f"“{stream.name.en}” cannot be stated in this unit."),
            remedy=Text(f"可用单位：{units_of(stream).zh}。", f"Units that fit: {units_of(stream).en}."),
            where=Where(value=word[:40] or None),
        ) from error


def _bad(code: str, text: Text, amount: float, remedy: Text | None = None) -> BadInput:
    remedy = remedy or Text("请核对数量。", "Check the amount.")
    return BadInput(code, text, remedy=remedy, where=Where(value=f"{amount:g}"))
