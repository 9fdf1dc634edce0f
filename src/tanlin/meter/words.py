"""The words of meter sheets: what a header calls its column, its unit, its carrier and its direction."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tanlin.meter.cells import plain

_UNIT = (
    r"万千瓦时|万kwh|万度|兆瓦时|千瓦时|千瓦小时|度|kw[.·*]?h|mwh|wh|"
    r"万立方米|标准立方米|立方米|立方|nm3|m3|方|"
    r"百万千焦|吉焦|兆焦|gj|mj|吨|公斤|千克|kg|斤|升|t|l"
)
_IN_HEADER = re.compile(rf"^(.*?)\s*[(\[/_: ]\s*({_UNIT})\s*[)\]]?$", re.IGNORECASE)
_ALONE = re.compile(rf"^({_UNIT})$", re.IGNORECASE)
_TITLE_UNIT = re.compile(rf"单位\s*[::]?\s*({_UNIT})\b", re.IGNORECASE)
_POWER = re.compile(r"[(\[/_ ]\s*(kw|w|mw|千瓦|瓦)\s*[)\]]?$|功率|负荷|demand", re.IGNORECASE)

#: Role → words, best first; matched against the whole header without its unit, then inside it.
ROLES: dict[str, tuple[str, ...]] = {
    "number": (
        "表号", "电表编号", "水表编号", "气表编号", "热表编号", "电能表编号", "表计编号", "表具编号",
        "计量点编号", "计量点号", "资产编号", "meter", "meter id", "meter number", "户号", "用户编号", "客户编号",
        "用户号", "台区编号", "台区号", "台区名称", "台区", "设备编号", "计量点", "电表", "水表", "气表", "编号",
    ),
    "period": (
        "起止日期", "计费周期", "抄表周期", "用电周期", "用水周期", "用气周期", "计费期间", "账单周期", "起止时间",
    ),
    "from": (
        "起始日期", "开始日期", "起日期", "上次抄表日期", "上期抄表日期", "上次抄表时间", "开始时间", "起始时间",
        "start", "from", "start date",
    ),
    "to": (
        "截止日期", "终止日期", "结束日期", "止日期", "本次抄表日期", "本期抄表日期", "本次抄表时间", "结束时间",
        "截止时间", "end", "to", "end date",
    ),
    "month": (
        "计费月份", "账单月份", "电费年月", "统计月份", "用电月份", "用水月份", "用气月份", "年月", "账期", "月份", "month",
    ),
    "time": (
        "抄表时间", "数据时间", "采集时间", "读数时间", "日期时间", "timestamp", "datetime", "date time", "抄表日期",
        "数据日期", "称重时间", "称重日期", "收运日期", "时间", "time", "日期", "date", "day",
    ),
    "hour": ("时段", "小时", "时刻", "hour"),
    "previous": ("上期示数", "上次示数", "上月示数", "上期读数", "上次读数", "上月读数", "起码", "起度", "起示数"),
    "current": (
        "本期示数", "本次示数", "本月示数", "本期读数", "本次读数", "本月读数", "止码", "止度", "止示数",
    ),
    "register": (
        "示数", "表底", "表码", "读数", "抄见数", "止数", "累计电量", "累计水量", "累计气量", "累计用量", "正向有功总",
        "反向有功总",
        "正向有功",
        "反向有功",
        "reading", "register", "index",
    ),
    "multiplier": ("倍率", "综合倍率", "multiplier"),
    "unit": ("单位", "计量单位", "unit"),
    "carrier": ("能源类型", "能源种类", "能源品种", "表计类型", "表类型", "介质", "carrier"),
    "channel": ("方向", "通道", "电量方向", "channel", "direction"),
    "stream": ("垃圾类别", "垃圾种类", "垃圾类型", "品类"),
    "name": ("名称", "地址", "住址", "用电地址", "门牌", "位置", "name", "address"),
    "place": ("小区", "社区", "楼栋", "房号", "单元", "点位", "投放点", "place"),
    "order": ("序号", "行号", "no.", "no", "#"),
}  # fmt: skip
VALUE = (
    "用电量", "用水量", "用气量", "用热量", "用冷量", "用油量", "发电量", "上网电量", "抄见电量", "计费电量", "总电量",
    "电量", "水量", "气量", "热量", "冷量", "耗热量", "耗电量", "用量", "油量", "加油量", "重量", "净重", "消耗量",
    "consumption", "usage", "energy", "value", "weight", "quantity", "electricity", "gas", "water", "heat",
)  # fmt: skip
_MONEY = re.compile(r"金额|费|价|元|price|cost|amount|补贴|余额", re.IGNORECASE)
_OTHER = re.compile(
    r"户名|姓名|用户名称|备注|签字|签名|电话|手机|气温|温度|湿度|电压|电流|功率因数|状态|remark|note",
    re.IGNORECASE,
)
_PART = re.compile(
    r"^(尖峰|尖|高峰|峰|平|低谷|深谷|谷)(段|时)?|\((尖|峰|平|谷)\)$|[^\w](尖|峰|平|谷)$|(有功|示数)(尖|峰|平|谷)$"
)
_TOTAL = re.compile(
    r"^(本[月页日]|全[年月])?(合\s*计|总\s*计|小\s*计|共\s*计|total|sum|平均值?|average)\s*[::]?$",
    re.IGNORECASE,
)
_WASTE = re.compile(
    r"厨余|餐厨|湿垃圾|干垃圾|其他垃圾|其它垃圾|可回收|有害|大件|绿化垃圾|园林|垃圾|waste|recycl",
    re.IGNORECASE,
)
_CARRIERS = (
    ("electricity", re.compile(r"电|光伏|kw.?h|千瓦时|elec", re.IGNORECASE)),
    ("gas", re.compile(r"燃气|天然气|煤气|液化气|(?<![天蒸电])气(?![温候])|\bgas\b|_gas|nm3", re.IGNORECASE)),
    ("heat", re.compile(r"热力|热量|供热|供暖|采暖|耗热|热表|\bheat", re.IGNORECASE)),
    ("cooling", re.compile(r"供冷|冷量|冷表|cooling|chill", re.IGNORECASE)),
    ("water", re.compile(r"水|water", re.IGNORECASE)),
    ("fuel", re.compile(r"汽油|柴油|油|fuel|diesel|gasoline|petrol", re.IGNORECASE)),
)  # fmt: skip
_CHANNELS = (
    ("export", re.compile(r"反向|上网|返送|export", re.IGNORECASE)),
    ("generation", re.compile(r"发电|光伏|generation", re.IGNORECASE)),
    ("import", re.compile(r"正向|下网|import", re.IGNORECASE)),
)
CARRIERS = ("electricity", "gas", "water", "heat", "cooling", "waste", "fuel")
_HELD = ("previous", "current", "period", "from", "to", "month", "number")
_DEFAULT_UNITS = {
    "electricity": ("kWh", "MWh"),
    "gas": ("m3",),
    "water": ("m3",),
    "heat": ("GJ", "MJ"),
    "cooling": ("GJ", "MJ"),
    "waste": ("kg", "t"),
    "fuel": ("kg", "t"),
}


@dataclass(frozen=True)
class Header:
    """A header taken apart: its words, unit (as written), role, and what it says of carrier and channel."""

    text: str
    base: str
    unit: str | None
    role: str | None
    rank: int
    carrier: str | None
    channel: str | None

    @property
    def is_value(self) -> bool:
        return self.role == "value"


def header(text: str) -> Header:
    """Read one header cell; ``role`` is a key of ``ROLES``, ``value``, ``part``, ``total``, ``other`` or None."""
    whole = re.sub(r"\s+", " ", plain(text)).strip(" *:")
    unit, base = unit_of(whole)
    role, rank = _role(base, whole, unit)
    waste = bool(_WASTE.search(base))
    # a meter's own name (水泵房, 光伏车棚) says nothing of what it measures
    spoken = whole if role else unit or ""
    found = "waste" if waste else carrier_of(spoken)
    return Header(text, base, unit, role, rank, found, channel_of(base) if role else None)


def _role(base: str, whole: str, unit: str | None) -> tuple[str | None, int]:
    """(role, rank within its words) of a header; exact words first, then words inside it."""
    low = base.lower().replace("_", " ")
    if _TOTAL.match(base):
        return "total", 0
    exact = next(((role, w.index(low)) for role, w in ROLES.items() if low in w), None)
    if exact:
        return exact
    if _OTHER.search(low) or _POWER.search(whole) or _MONEY.search(low):
        return "other", 0
    if _PART.search(base) and not base.startswith("总"):
        return "part", 0
    if low in VALUE:
        return "value", VALUE.index(low)
    inside = _inside(low)
    return inside or (("value", 90) if unit and not base else (None, 0))


def _inside(low: str) -> tuple[str, int] | None:
    """A longer header that holds a role's word, or a short one that ends in it."""
    held = [(r, w) for r in _HELD for w in enumerate(ROLES[r], 50) if len(w[1]) > 2 and w[1] in low]
    closing = [("register", ROLES["register"]), ("time", ROLES["time"]), ("value", VALUE)]
    short = [(r, w) for r, ws in closing for w in enumerate(ws, 50) if len(low) <= 12 and low.endswith(w[1])]
    return next(((role, rank) for role, (rank, word) in held + short if not word.isascii()), None)


def unit_of(text: str) -> tuple[str | None, str]:
    """(unit as written or None, the header without it)."""
    if _ALONE.match(text):
        return text, ""
    found = _IN_HEADER.match(text)
    return (found[2], found[1].strip()) if found else (None, text)


def title_unit(text: str) -> str | None:
    """The unit a title states (单位：千瓦时), as written."""
    found = _TITLE_UNIT.search(plain(text))
    return found[1] if found else None


def carrier_of(text: str) -> str | None:
    """The one carrier a text speaks of; None where it names none or several."""
    if _WASTE.search(text):
        return "waste"
    found = {name for name, pattern in _CARRIERS if pattern.search(text)}
    return found.pop() if len(found) == 1 else None


def channel_of(text: str) -> str | None:
    """The direction a text speaks of, if any."""
    return next((name for name, pattern in _CHANNELS if pattern.search(text)), None)


def units_for(carrier: str | None) -> tuple[str, ...]:
    """Units to offer for a carrier, the canonical one first."""
    return _DEFAULT_UNITS.get(carrier or "", ("kWh", "m3", "GJ", "kg"))


def is_total(text: str) -> bool:
    """Is the cell the label of a total row or column (合计, 总计, Total)?"""
    return bool(_TOTAL.match(plain(text)))


def carrier_word(text: str) -> str | None:
    """The carrier a cell names, by key or by word."""
    low = plain(text).lower()
    return low if low in CARRIERS else carrier_of(plain(text))


def channel_word(text: str) -> str | None:
    """The channel a cell names, by key or by word."""
    return channel_of(plain(text))


def unit_word(text: str) -> str:
    """A unit as the kernel writes it."""
    low = plain(text).lower().replace("*", ".")
    return {"万kwh": "万千瓦时", "nm3": "m3"}.get(low, plain(text))
