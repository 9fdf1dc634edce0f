"""The account in words: sectors as people say them and as the GPC numbers them, notation keys, causes of error. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from tanlin.carbon.account.streams import streams
from tanlin.carbon.rows import CARRIERS
from tanlin.kernel.errors import Text
from tanlin.kernel.words import SPACE, digits

#: Roman number of the GPC sector → everyday name, name in the GPC, colour token.
SECTORS: dict[str, tuple[Text, Text, str]] = {
    "I": (Text("建筑用能", "Energy in buildings"), Text("固定能源活动", "Stationary energy"), "electricity"),
    "II": (Text("交通出行", "Travel and transport"), Text("交通", "Transportation"), "fuel"),
    "III": (Text("垃圾和污水", "Waste and sewage"), Text("废弃物", "Waste"), "waste"),
    "IV": (
        Text("制冷剂等产品", "Refrigerants and products"),
        Text("工业过程和产品使用", "Industrial processes and product use"),
        "cooling",
    ),
    "V": (
        Text("绿化和土地", "Greenery and land"),
        Text("农业、林业和其他土地利用", "Agriculture, forestry and other land use"),
        "ev",
    ),
    "VI": (Text("其他间接排放", "Other indirect emissions"), Text("其他范围三", "Other Scope 3"), "grid"),
}

#: Notation key → what a worker reads, what the GPC means by it.
KEYS: dict[str, tuple[Text, Text]] = {
    "NO": (Text("不存在", "does not occur here"), Text("NO：不发生", "NO: not occurring")),
    "NE": (Text("未估算", "not estimated"), Text("NE：未估算", "NE: not estimated")),
    "IE": (
        Text("已计入别处", "counted elsewhere"),
        Text("IE：已计入其他项", "IE: included elsewhere"),
    ),
    "C": (Text("保密", "kept confidential"), Text("C：保密", "C: confidential")),
}

#: Formulas as printed; other gases (R-32 …) keep their names.
GASES = {"CO2": "CO₂", "CH4": "CH₄", "N2O": "N₂O", "SF6": "SF₆", "NF3": "NF₃", "CO2e": "CO₂e"}
_FORMULA = re.compile("(?<![A-Za-z])(?:CO2|CH4|N2O|SF6|NF3)(?=e?(?![A-Za-z0-9]))")


#: What a metered stream is made of after its carrier.
_PRODUCTS: dict[str, Text] = {
    "import": Text("", ""),
    "import.loss": Text("输配损失", "losses of the grid"),
    "generation": Text("发电", "generation"),
    "export": Text("上网", "export"),
    "natural_gas": Text("天然气", "natural gas"),
    "town_gas": Text("人工煤气", "town gas"),
    "landfill": Text("填埋", "landfill"),
    "incineration": Text("焚烧", "incineration"),
    "compost": Text("堆肥", "composting"),
    "anaerobic": Text("厌氧处理", "anaerobic treatment"),
    "insects": Text("昆虫处理", "treatment by insects"),
}


_ENTERED = {"survey": Text("调查", "Survey"), "activity": Text("填报", "Entered")}
_ATTRIBUTE_UNITS = {
    "population": Text("人", "persons"),
    "floor_area_m2": Text("m²", "m²"),
    "area_m2": Text("m²", "m²"),
}


def formulas(text: str) -> str:
    """Formulas in a name as printed: CO2 → CO₂."""
    return _FORMULA.sub(lambda found: GASES[found[0]], text)


def stated_value(key: str, value: Any) -> Text:
    """The value of an attribute of a boundary as printed: ``8,200 人``."""
    unit = _ATTRIBUTE_UNITS.get(key)
    if unit is None:
        return Text(str(value), str(value))
    return Text(f"{counted(value)}{SPACE}{unit.zh}", f"{counted(value)}{SPACE}{unit.en}")


def counted(value: float) -> str:
    """A stated number of persons or square metres: whole ones without decimals, however small."""
    return f"{value:,.0f}" if float(value).is_integer() else digits(value)


def stream_name(key: str) -> Text:
    """An entered stream by its name, a metered one (``gas.natural_gas``) by its carrier and product."""
    if key in streams():
        return streams()[key].name
    carrier, _, product = key.partition(".")
    name, what = CARRIERS.get(carrier, Text(carrier, carrier)), _PRODUCTS.get(product, Text(product, product))
    if not what.zh:
        return name
    return Text(f"{name.zh}（{what.zh}）", f"{name.en} ({what.en})")


def cause_name(cause: str, names: Mapping[str, Text], places: Mapping[str, Text]) -> Text:
    """A cause of error as people name it: a factor by its name, metering by its place and carrier, entered data by
    their stream or survey.

    ``names``: of facts by id, and of ``survey:<id>`` and ``activity:<id>``.
    """
    kind, _, rest = cause.partition(":")
    if kind == "meter" and rest:
        place, carrier, channel = [*rest.split("/"), "", "", ""][:3]
        thing = CARRIERS.get(
            "pv" if carrier == "electricity" and channel == "generation" else carrier, Text(rest, rest)
        )
        where = places.get(place, Text(place, place))
        return Text(f"计量：{where.zh} · {thing.zh}", f"Metering: {where.en}, {thing.en.lower()}")
    what = _ENTERED.get(kind, Text("因子", "Factor"))
    name = names.get(cause)
    if name is None:
        rest = rest if kind in _ENTERED else cause
        return Text(f"{what.zh} {rest}", f"{what.en} {rest}")
    return Text(f"{what.zh}：{formulas(name.zh)}", f"{what.en}: {formulas(name.en)}")
