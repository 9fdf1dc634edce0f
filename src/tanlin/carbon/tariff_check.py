"""Is a record a sound tariff? Every fault is named with the path of the field. Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from tanlin.kernel.errors import BadInput, Text, Where
from tanlin.kernel.units import CANONICAL

_ID = re.compile(r"[A-Za-z0-9_.\-]{1,120}")
_REGION = re.compile(r"[A-Z][A-Z0-9\-]{0,19}")
_SPAN = re.compile(r"([01]\d|2[0-4]):([0-5]\d)-([01]\d|2[0-4]):([0-5]\d)")
_DAY = 1440
NEEDED = Text("缺少此项。", "This field is missing.")


def check_tariff(record: Any) -> None:
    """Raise BadInput at the first fault of a tariff record (shape as in ``data/tariffs.json``)."""
    if not isinstance(record, Mapping):
        raise _fault("", record, Text("价格方案须为一个 JSON 对象。", "A tariff is one JSON object."))
    for where, value, text in _faults(record):
        raise _fault(where, value, text)


def _fault(where: str, value: Any, text: Text) -> BadInput:
    told = None if value is None else str(value)[:80]
    return BadInput(
        "carbon.bad_tariff",
        text,
        remedy=Text("请按示例改正后重新提交。", "Mend it after the example and send it again."),
        where=Where(column=where or None, value=told),
    )


def _faults(record: Mapping[str, Any]) -> Iterator[tuple[str, Any, Text]]:
    yield from _heads(record)
    yield from _days(record)
    yield from _seasons(record)
    yield from _hours(record)
    yield from _amounts(record)
    yield from _tiers(record)


def _heads(record: Mapping[str, Any]) -> Iterator[tuple[str, Any, Text]]:
    for name in ("tariff_id", "region", "unit", "currency", "name_zh", "source"):
        if not isinstance(record.get(name), str) or not record[name].strip():
            yield name, record.get(name), NEEDED
    if not _ID.fullmatch(record["tariff_id"]):
        text = Text("编号只能含字母、数字、点、横线。", "An id holds letters, digits, dots and dashes.")
        yield "tariff_id", record["tariff_id"], text
    if not _REGION.fullmatch(record["region"]):
        yield "region", record["region"], Text("地区代码形如 CN-GD-SZ。", "A region is written as CN-GD-SZ.")
    carrier = record.get("carrier", "electricity")
    if carrier not in CANONICAL:
        yield (
            "carrier",
            carrier,
            Text(f"须为 {'、'.join(CANONICAL)} 之一。", f"One of {', '.join(CANONICAL)}."),
        )
    elif record["unit"] != CANONICAL[carrier]:
        unit = CANONICAL[carrier]
        yield "unit", record["unit"], Text(f"该品种的单位是 {unit}。", f"The unit of this carrier is {unit}.")


def _days(record: Mapping[str, Any]) -> Iterator[tuple[str, Any, Text]]:
    found = {}
    for name in ("valid_from", "valid_to", "published"):
        value = record.get(name)
        if value is None:
            continue
        try:
            found[name] = date.fromisoformat(value)
        except (TypeError, ValueError):
            yield name, value, Text("日期须写成 2025-01-31。", "A day is written as 2025-01-31.")
    if found.get("valid_to", date.max) < found.get("valid_from", date.min):
        yield (
            "valid_to",
            record["valid_to"],
            Text("有效期的结束早于开始。", "The validity ends before it begins."),
        )


def _seasons(record: Mapping[str, Any]) -> Iterator[tuple[str, Any, Text]]:
    seen: set[int] = set()
    for name, months in (record.get("seasons") or {}).items():
        if not isinstance(months, list) or any(m not in range(1, 13) for m in months):
            yield f"seasons.{name}", months, Text("须为 1–12 的月份列表。", "A list of months from 1 to 12.")
        if seen & set(months):
            yield f"seasons.{name}", months, Text("一个月份属于两个季节。", "A month is in two seasons.")
        seen |= set(months)


def _hours(record: Mapping[str, Any]) -> Iterator[tuple[str, Any, Text]]:
    for season, bands in (record.get("hours") or {}).items():
        yield from _known(record, season, f"hours.{season}")
        taken: dict[int, str] = {}
        for band, spans in bands.items():
            for number, span in enumerate(spans):
                where = f"hours.{season}.{band}[{number}]"
                minutes = _minutes(span)
                if minutes is None:
                    yield where, span, Text("时段须写成 22:00-06:00。", "Hours are written as 22:00-06:00.")
                    return
                if any(minute in taken for minute in minutes):
                    yield where, span, Text("时段与另一时段重叠。", "These hours overlap others.")
                taken |= dict.fromkeys(minutes, band)
        if len(taken) < _DAY and not record.get("default_band"):
            free = next(minute for minute in range(_DAY) if minute not in taken)
            told = f"{free // 60:02}:{free % 60:02}"
            yield (
                f"hours.{season}",
                told,
                Text("一天中有时段未规定价格。", "Some hours of the day have no band."),
            )
    for number, extra in enumerate(record.get("critical") or []):
        for span in extra["hours"]:
            if _minutes(span) is None:
                text = Text("时段须写成 22:00-06:00。", "Hours are written as 22:00-06:00.")
                yield f"critical[{number}].hours", span, text


def _minutes(span: Any) -> list[int] | None:
    if not isinstance(span, str) or not _SPAN.fullmatch(span):
        return None
    start, end = (int(part[:2]) * 60 + int(part[3:]) for part in span.split("-"))
    if start >= _DAY or end > _DAY:
        return None
    return [minute % _DAY for minute in range(start, end if end > start else end + _DAY)]


def _known(record: Mapping[str, Any], season: str, where: str) -> Iterator[tuple[str, Any, Text]]:
    if season != "all" and season not in (record.get("seasons") or {}):
        yield where, season, Text("seasons 中没有这个季节。", "“seasons” does not name this season.")


def _amounts(record: Mapping[str, Any]) -> Iterator[tuple[str, Any, Text]]:
    if not (record.get("prices") or record.get("ratios")):
        yield "prices", None, Text("须给出 prices 或 ratios。", "Give “prices” or “ratios”.")
    for part in ("prices", "ratios"):
        for season, bands in (record.get(part) or {}).items():
            yield from _known(record, season, f"{part}.{season}")
            for band, amount in bands.items():
                if not all(_number(each) for each in (amount if isinstance(amount, list) else [amount])):
                    text = Text("须为不小于 0 的数。", "A number of 0 or more is needed.")
                    yield f"{part}.{season}.{band}", amount, text
    for name in ("base", "addon"):
        if record.get(name) is not None and not _number(record[name]):
            yield name, record[name], Text("须为不小于 0 的数。", "A number of 0 or more is needed.")
    yield from _priced(record)


def _priced(record: Mapping[str, Any]) -> Iterator[tuple[str, Any, Text]]:
    """Every band that hours name has a price or a ratio in its season."""
    known = record.get("prices") or record.get("ratios") or {}
    named = {band for bands in known.values() for band in bands}
    for season, bands in (record.get("hours") or {}).items():
        for band in bands:
            if band not in (known.get(season) or known.get("all") or named):
                yield f"hours.{season}.{band}", band, Text("此时段没有价格。", "This band has no price.")


def _number(value: Any) -> bool:
    return (
        isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) and value >= 0
    )


def _tiers(record: Mapping[str, Any]) -> Iterator[tuple[str, Any, Text]]:
    tiers = record.get("tiers")
    if not tiers:
        return
    if tiers.get("span") not in ("month", "year"):
        yield "tiers.span", tiers.get("span"), Text("须为 month 或 year。", "“month” or “year”.")
    for season, limits in (tiers.get("limits") or {}).items():
        if not all(map(_number, limits)) or sorted(limits) != list(limits):
            text = Text("分档上限须由小到大。", "Upper ends of tiers grow.")
            yield f"tiers.limits.{season}", limits, text
        for band, amount in ((record.get("prices") or {}).get(season) or {}).items():
            if isinstance(amount, list) and len(amount) != len(limits) + 1:
                text = Text("价格个数须比分档上限多一个。", "One price more than there are upper ends.")
                yield f"prices.{season}.{band}", amount, text
