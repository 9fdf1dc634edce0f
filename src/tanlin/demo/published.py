"""What the press and case reports printed about the real cases: entered facts, each with source.

Rankings and indices of sanitation are left out on purpose: no score or verdict on a named unit
is carried here. The figures are what was published, not what is proven.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from importlib.resources import files

from tanlin.kernel.errors import Text

# Most reports carry no date of their own, so the facts are dated by the day they were typed in.
ENTERED_ON = date(2026, 11, 20)

# Slugs that belong to the real units; no demonstration area may use one.
REAL_UNITS = frozenset(
    [
        "dameisha",
        "meisha",
        "yantian",
        "pingdi",
        "longgang",
        "xinqiao",
        "xinqiao-shiju",
        "huangpu",
        "yaojiang",
        "mengxi",
        "huilong",
        "huangpu-xinyuan",
        "shanbei",
        "ningbo",
        "quxi",
        "nanxi",
        "jingkou",
        "jingkou-road",
        "hengtai",
        "dongping",
        "chongming",
        "shenzhen",
        "shanghai",
        "zhenjiang",
    ]
)
REAL_NAMES = (
    "大梅沙", "梅沙街道", "盐田", "坪地", "龙岗", "新桥世居", "黄浦", "耀江", "蒙西", "汇龙",
    "黄浦新苑", "山北", "宁波", "瞿溪", "南溪", "京口", "恒泰", "东平", "崇明", "红梅驿站",
)  # fmt: skip

# Units that are words, as the page prints them; every other unit is a sign in both languages.
UNIT_WORDS = {
    "t/d": Text("t/天", "t/day"),
    "t/yr": Text("t/年", "t/year"),
    "kWh/yr": Text("kWh/年", "kWh/year"),
    "CNY/yr": Text("元/年", "CNY/year"),
    "trees": Text("棵", "trees"),
    "events": Text("场", "events"),
    "communities": Text("个社区", "communities"),
    "persons": Text("人", "persons"),
    "人次": Text("人次", "participations"),
    "enterprises": Text("家", "enterprises"),
    "agreements": Text("份", "agreements"),
    "techniques": Text("项", "techniques"),
    "rivers": Text("条", "rivers"),
    "works": Text("项", "works"),
    "units": Text("家", "sites and firms"),
    "chargers": Text("个", "chargers"),
    "bays": Text("个", "bays"),
    "h": Text("小时", "h"),
    "stations": Text("个", "stations"),
    "posts": Text("个", "posts"),
}


@dataclass(frozen=True)
class Published:
    """One published figure; `year` None when the report names none, `url` None when not kept."""

    key: str
    place: str
    place_en: str
    modelled_as: str
    item: str
    item_en: str
    value: float
    unit: str
    year: int | None
    source: str
    source_en: str
    url: str | None

    @property
    def fact_id(self) -> str:
        """Id of the dated fact, such as published.jingkou.pv_power."""
        return f"published.{self.key}"


@lru_cache(maxsize=1)
def published_facts() -> tuple[Published, ...]:
    """Every published figure, in the order of the data file."""
    text = files("tanlin.demo").joinpath("data/published.csv").read_text(encoding="utf-8")
    return tuple(
        Published(
            **{k: row[k] for k in ("key", "place", "place_en", "modelled_as", "item", "item_en",
                                   "unit", "source", "source_en")},
            value=float(row["value"]),
            year=int(row["year"]) if row["year"] else None,
            url=row["url"] or None,
        )
        for row in csv.DictReader(text.splitlines())
    )  # fmt: skip
