"""A receipt as an official reads it: the result first, then how, then from what. Numbers stay as stated."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

from django import template
from django.utils.translation import gettext as _

from tanlin.carbon import brief, claim_lines, kind_name, reason_text, region_name, unit_of, verdict_text
from tanlin.community import queries
from tanlin.kernel.errors import Text
from tanlin.kernel.words import SPACE, digits, percent, sign, spaced
from tanlin.web.templatetags import present
from tanlin.web.templatetags.tanlin import language, place_name

register = template.Library()

#: Columns whose digits are a name or a date, not an amount; and what an amount looks like, unknown ones included.
NAMED = ("meter", "meter_id", "number", "month", "day", "scope")
_NUMBER = re.compile(r"-?\d+(\.\d+)?(e[+-]?\d+)?|–|None")
UNBOUNDED = 4_000_000_000  # an end of validity from this epoch second on means: still valid
#: What the columns of stored tables are called, in the order in which a table shows them.
COLUMNS: dict[str, Text] = {
    "number": Text("表号", "Meter no."),
    "meter": Text("表计", "Meter"),
    "month": Text("月份", "Month"),
    "day": Text("日期", "Day"),
    "place": Text("区域", "Place"),
    "main": Text("总表", "Main meter"),
    "scope": Text("范围", "Scope"),
    "carrier": Text("品种", "Carrier"),
    "channel": Text("方向", "Channel"),
    "product": Text("细类", "Product"),
    "region": Text("适用地区", "Region"),
    "kind": Text("读数方式", "Kind"),
    "multiplier": Text("倍率", "Multiplier"),
    "tariff": Text("价格", "Tariff"),
    "uncertainty_pct": Text("± %（95 %）", "± % (95 %)"),
    "selected": Text("计入合计", "Counted"),
    "from_es": Text("起", "From"),
    "to_es": Text("止", "To"),
    "value": Text("用量", "Value"),
    "unit": Text("单位", "Unit"),
    "energy_kwh": Text("能量 kWh", "Energy kWh"),
    "tce": Text("吨标准煤", "tce"),
    "tco2e": Text("tCO₂e", "tCO₂e"),
    "cost": Text("费用", "Cost"),
    "currency": Text("币种", "Currency"),
    "seconds_present": Text("有数据秒数", "Seconds present"),
    "seconds_expected": Text("应有秒数", "Seconds expected"),
    "estimated": Text("其中估算", "Of it estimated"),
    "u_meter": Text("± tCO₂e（表计）", "± tCO₂e (meters)"),
    "u_energy": Text("± 用量（表计）", "± value (meters)"),
    "factor_id": Text("因子", "Factor"),
    "factor_pct": Text("因子 ± %", "Factor ± %"),
    "provisional": Text("暂用因子", "Provisional"),
    "verified": Text("来源已核对", "Verified"),
    "reason": Text("未知原因", "Reason"),
    "coverage": Text("数据完整率", "Coverage"),
    "main_value": Text("总表读数", "Main meter"),
    "sub_value": Text("分表合计", "Sub-meters"),
    "sub_meters": Text("分表数", "Sub-meters (number)"),
    "sub_read": Text("有读数的分表", "Sub-meters read"),
    "unmetered": Text("差额", "Difference"),
    "serial": Text("出厂编号", "Serial"),
    "digits": Text("位数", "Digits"),
    "initial": Text("起码", "First reading"),
    "final": Text("止码", "Last reading"),
    "reading": Text("口径", "Reading"),
    "bound": Text("界限", "Bound"),
    "stated": Text("所称口径", "As stated"),
    "holds": Text("相符", "Fits"),
    "meter_id": Text("计量点", "Metering point"),
    "parent": Text("总表计量点", "Main meter point"),
    "tz": Text("时区", "Time zone"),
}
WORDS: dict[str, Text] = {
    "electricity": Text("电", "electricity"),
    "gas": Text("燃气", "gas"),
    "heat": Text("热", "heat"),
    "cooling": Text("冷", "cooling"),
    "water": Text("水", "water"),
    "waste": Text("垃圾", "waste"),
    "fuel": Text("燃料", "fuel"),
    "import": Text("用入", "import"),
    "export": Text("上网", "export"),
    "generation": Text("发电", "generation"),
    "interval": Text("区间用量", "interval"),
    "register": Text("累计示数", "register"),
    "bill": Text("账单", "bill"),
    "true": Text("是", "yes"),
    "false": Text("否", "no"),
}
TABLES: dict[str, Text] = {
    "meters": Text("表计", "Meters"),
    "daily": Text("每日或更密读数的表计", "Meters read daily or more often"),
    "devices": Text("表具", "Devices"),
    "activities": Text("活动数据", "Activity data"),
    "metered": Text("已计量的同类用量", "Meters that count the same"),
    "attributes": Text("核算边界与标注", "Boundary and notation keys"),
    "instruments": Text("绿电绿证", "Green power"),
    "areas": Text("区域", "Places"),
}
PARAMETERS: dict[str, Text] = {
    "as_of": Text("读数截至", "Readings up to"),
    "gwp": Text("全球增温潜势", "Global warming potential"),
    "origin": Text("数据来源", "Origin of the data"),
    "tz": Text("时区", "Time zone"),
    "region": Text("因子适用地区", "Region of the factors"),
    "draws": Text("抽样次数", "Draws"),
    "seed": Text("随机种子", "Seed"),
    "population": Text("人口", "Population"),
    "population.definition": Text("人口口径", "Definition of the population"),
    "floor_area_m2": Text("建筑面积（平方米）", "Floor area (m²)"),
    "area_m2": Text("占地面积（平方米）", "Land area (m²)"),
    "boundary.rules": Text("纳入与排除规则", "What is in and out"),
}
ORIGINS: dict[str, Text] = {
    "measured": Text("实测", "measured"),
    "entered": Text("填报", "entered"),
    "demonstration": Text("演示数据", "demonstration data"),
}
#: The figure of a receipt that answers a claim, and what its result is called.
CLAIM = "carbon.claim"
RESULTS: dict[str, Text] = {
    "verdict": Text("结果", "Answer"),
    "claimed": Text("所称数值", "Claimed"),
    "decides": Text("决定结果的口径", "Deciding reading"),
    "missing": Text("还需说明的项数", "Inputs still to be stated"),
}
STATED = (
    "value",
    "unit",
    "low",
    "high",
    "coverage",
    "estimated",
    "provisional",
    "unknown",
    "table",
    "origin",
)


def _say(text: Text) -> str:
    return spaced(text.pick(language()))


def _named(name: str) -> str:
    return _say(RESULTS.get(name, Text(name, name)))


@register.filter
def stated(receipt: Any) -> dict[str, Any]:
    """The result that a receipt states, as its page prints it; ``others`` are keys that only its method knows."""
    result = receipt.body["result"]
    value, unit, lang = result.get("value"), result.get("unit", ""), language()
    others = {name: given for name, given in result.items() if name not in STATED}
    if "verdict" in others:
        others["verdict"] = _say(verdict_text(others["verdict"]))
    shown: dict[str, Any] = {"others": {_named(name): given for name, given in others.items()}}
    if isinstance(value, (int, float)):
        shown["number"], shown["unit"] = present.quantity(value, unit, lang)
        figure = SimpleNamespace(value=value, unit=unit, low=result.get("low"), high=result.get("high"))
        shown["spread"] = present.spread(figure, lang)
        if figure.low is not None and figure.high is not None:
            by_unit, divisor = present.chosen_unit(value, unit)
            ends = " – ".join(digits(end / divisor) for end in (figure.low, figure.high))
            shown["interval"] = f"{ends}{SPACE}{sign(by_unit, lang)}"
        shown["exact"] = f"{value:.9g}{SPACE}{sign(unit, lang)}"
    if result.get("coverage") is not None:
        shown["coverage"] = percent(result["coverage"], 1)
        shown["estimated"] = percent(result.get("estimated") or 0.0, 1)
    shown["provisional"] = bool(result.get("provisional"))
    shown["left_out"] = [
        {"text": _say(reason_text(code)), "rows": rows}
        for code, rows in (result.get("unknown") or {}).items()
    ]
    return shown


@register.filter
def spoken_parameters(receipt: Any) -> list[tuple[str, str]]:
    """(name, value) of the parameters in words; epoch seconds become local time."""
    given = receipt.body["parameters"]
    zone = given.get("tz", "Asia/Shanghai")
    if receipt.body["figure"] == CLAIM:
        return [(_say(label), _say(value)) for label, value in claim_lines(given)]
    lines = []
    for name, value in (given | given.get("boundary", {})).items():
        if name == "boundary":
            continue
        label = _say(PARAMETERS.get(name, Text(name, name)))
        if name == "as_of":
            value = datetime.fromtimestamp(int(value), ZoneInfo(zone)).strftime("%Y-%m-%d %H:%M")
        elif name == "gwp":
            value = str(value).upper()
        elif name == "origin" and value in ORIGINS:
            value = _say(ORIGINS[value])
        lines.append((label, str(value)))
    return lines


@register.filter
def branches(inputs: list[Any], receipt: Any) -> dict[str, list[Any]]:
    """The inputs of a receipt by kind: facts, readings, registry, others; each with what its body adds."""
    out: dict[str, list[Any]] = {"facts": [], "readings": [], "registry": [], "others": []}
    zone = receipt.body["parameters"].get("tz", "Asia/Shanghai")
    numbers: dict[str, str] = {}
    for item, body in zip(inputs, receipt.body["inputs"], strict=True):
        if item.kind == "fact":
            out["facts"].append(_fact(item))
        elif item.kind == "registry":
            rows = [dict(zip(item.columns, row, strict=True)) for row in item.rows]
            numbers |= {
                row["meter_id"]: row["number"] for row in rows if "meter_id" in row and "number" in row
            }
            out["registry"].append({"input": item, "tables": _tables(rows, zone)})
        elif item.kind == "readings":
            out["readings"].append({"input": item, "body": body})
        else:
            out["others"].append(item)
    for each in out["readings"]:
        held = [row[0] for row in each["input"].rows if row]
        each["numbers"] = [numbers.get(one, one) for one in held]
    return out


def _fact(item: Any) -> dict[str, Any]:
    """A dated fact as one line of the table: what it is called and what it says."""
    shown = {"input": item, "fact": item.fact, "name": item.name}
    return shown | spoken_fact(item.fact) if item.fact is not None else shown


@register.filter
def spoken_fact(fact: Any) -> dict[str, Any]:
    """Name, value, kind and region of a dated fact in the language of the page."""
    lang = language()
    shown: dict[str, Any] = {}
    inner = fact.value if isinstance(fact.value, dict) else {"value": fact.value}
    value = inner.get("value")
    shown["name"] = spaced(
        inner.get("name_zh" if lang != "en" else "name_en") or inner.get("name_zh") or fact.fact_id
    )
    shown["value"] = (
        f"{value}{SPACE}{sign(fact.unit, lang)}"
        if value is not None
        else f"{_say(brief(inner))}{SPACE}{sign(unit_of(inner), lang)}".strip(SPACE)
        if fact.kind == "tariff"
        else ""
    )
    shown["kind"], shown["region"] = _say(kind_name(fact.kind)), _say(region_name(fact.region))
    return shown


def _tables(rows: list[dict[str, Any]], zone: str) -> list[dict[str, Any]]:
    """Rows by the table they name, the meter number first, epoch seconds as local dates, empty columns left out."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        groups.setdefault(str(row.get("table", "")), []).append(row)
    return [
        {"title": _say(TABLES[name]) if name in TABLES else name} | _grid([*held[0]], held, zone)
        for name, held in groups.items()
    ]


@register.simple_tag
def grid(columns: list[str], rows: list[list[str]], receipt: Any) -> dict[str, Any]:
    """A table of a receipt with its columns named: {columns: [{key, label, numeric}], rows: [[{text, numeric}]]}."""
    zone = receipt.body["parameters"].get("tz", "Asia/Shanghai")
    return _grid(columns, [dict(zip(columns, row, strict=True)) for row in rows], zone)


def _grid(columns: list[str], rows: list[dict[str, Any]], zone: str) -> dict[str, Any]:
    filled = [c for c in columns if c != "table" and any(row.get(c) not in ("–", "", None) for row in rows)]
    order = sorted(
        filled, key=lambda c: (list(COLUMNS).index(c) if c in COLUMNS else len(COLUMNS), columns.index(c))
    )
    slugs = {row["place"] for row in rows if row.get("place")} if "place" in filled else set()
    found = queries.areas(queries.SYSTEM).filter(slug__in=slugs) if slugs else ()
    names = {place.slug: place_name(place) for place in found}
    right = {
        c
        for c in order
        if c not in NAMED
        and not c.endswith("_es")
        and all(_NUMBER.fullmatch(str(row.get(c))) for row in rows)
    }

    def cell(column: str, value: Any) -> dict[str, Any]:
        shown = names.get(str(value), value) if column == "place" else value
        return {"text": _cell(column, shown, zone), "numeric": column in right}

    return {
        "columns": [
            {"key": c, "label": _say(COLUMNS.get(c, Text(c, c))), "numeric": c in right} for c in order
        ],
        "rows": [[cell(c, row.get(c)) for c in order] for row in rows],
    }


def _cell(column: str, value: Any, zone: str) -> str:
    text = "–" if value is None else str(value)
    if column.endswith("_es") and text.lstrip("-").isdigit():
        if int(text) >= UNBOUNDED:
            return _("still valid")
        return datetime.fromtimestamp(int(text), UTC).astimezone(ZoneInfo(zone)).strftime("%Y-%m-%d")
    if column == "month" and text.isdigit() and len(text) == 6:
        return f"{text[:4]}-{text[4:]}"
    if column == "day" and text.isdigit() and len(text) == 8:
        return f"{text[:4]}-{text[4:6]}-{text[6:]}"
    if column == "unit":
        return sign(text, language())
    if column == "reason" and text != "–":
        return _say(reason_text(text))
    return _say(WORDS[text]) if text in WORDS else text


@register.filter
def changed(change: Any) -> dict[str, str]:
    """One changed input of a replay: name, then and now, each as a person reads it."""
    name, _dot, field = change.name.partition(" · ")
    label = f"{name} · {_say(COLUMNS[field])}" if field in COLUMNS else change.name
    return {"name": label, "was": _side(change.was), "now": _side(change.now)}


def _side(value: Any) -> str:
    if value is None:
        return _("none")
    if isinstance(value, dict):
        shown = [str(value["value"])] if "value" in value else []
        return (
            " · ".join([*shown, _("vintage %(day)s") % {"day": value["vintage"]}])
            if "vintage" in value
            else _("a row")
        )
    return f"{value:.9g}" if isinstance(value, float) else str(value)
