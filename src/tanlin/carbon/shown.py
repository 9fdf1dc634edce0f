"""Factors and tariffs as people read them: kinds and regions by name, prices in words. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from tanlin.carbon.factors import data_rows, region_chain
from tanlin.carbon.rows import month_run
from tanlin.carbon.rules import GWP_SET, GWP_SETS
from tanlin.carbon.stored import TARIFF, UNDATED
from tanlin.kernel.errors import Text
from tanlin.kernel.words import SPACE, sign
from tanlin.record import FactRow

#: Kinds that inventories ask for, in the order of the page.
USED: dict[str, Text] = {
    "grid_location": Text("电网电力（基于位置）", "Grid electricity, location-based"),
    "fuel": Text("燃料", "Fuels"),
    "heat": Text("外购热力", "Purchased heat"),
    "cooling": Text("外购冷量", "Purchased cooling"),
    "water": Text("自来水", "Tap water"),
    "waste": Text("垃圾处理", "Waste treatment"),
    "tce": Text("折标准煤", "Standard coal"),
    TARIFF: Text("价格", "Tariffs"),
}
KINDS: dict[str, Text] = USED | {
    "bound": Text("数据口径核对的界限", "Limits of claim checks"),
    "fuel_energy": Text("燃料（按热量计的因子）", "Fuels, factors by heat"),
    "fuel_param": Text("燃料参数", "Parameters of fuels"),
    "fuel_sector": Text("燃料（分行业）", "Fuels by sector"),
    "gwp": Text("全球增温潜势", "Global warming potential"),
    "gwp_former": Text("全球增温潜势（旧值）", "Global warming potential, former"),
    "grid_ets": Text("电网电力（碳市场报告）", "Grid electricity, reporting of the emissions trading scheme"),
    GWP_SET: Text("规则：采用的增温潜势", "Rule: set of warming potentials"),
    "grid_fossil": Text("电网电力（化石能源）", "Grid electricity, fossil"),
    "grid_loss": Text("电网线损", "Losses of the grid"),
    "grid_lca": Text("电网电力（全生命周期）", "Grid electricity, life cycle"),
    "grid_local_program": Text("电网电力（地方方案）", "Grid electricity, local programmes"),
    "grid_project_baseline": Text("电网基准线（项目）", "Grid baselines of projects"),
    "grid_shape": Text("电网日变化曲线（模型，非官方）", "Daily shape of a grid (modelled, not official)"),
    "grid_residual": Text("电网电力（剩余组合）", "Grid electricity, residual mix"),
    "heat_local_program": Text("热力（地方方案）", "Heat, local programmes"),
    "pv_param": Text("光伏参数", "Parameters of solar power"),
    "refrigerant_param": Text("制冷剂参数", "Parameters of refrigerants"),
    "sink": Text("碳汇", "Carbon sinks"),
    "tce_equivalent": Text("折标准煤（等价值）", "Standard coal, equivalent basis"),
    "tce_param": Text("折标准煤参数", "Parameters of standard coal"),
    "transport": Text("出行", "Transport"),
    "transport_param": Text("出行参数", "Parameters of transport"),
    "transport_reduction": Text("出行减排", "Reductions in transport"),
    "waste_lca": Text("垃圾处理（全生命周期）", "Waste treatment, life cycle"),
    "waste_param": Text("垃圾处理参数", "Parameters of waste treatment"),
    "wastewater": Text("污水处理", "Wastewater"),
    "wastewater_param": Text("污水处理参数", "Parameters of wastewater"),
    "water_param": Text("自来水参数", "Parameters of water"),
}
BANDS: dict[str, Text] = {
    "critical": Text("尖峰", "critical peak"),
    "peak": Text("高峰", "peak"),
    "flat": Text("平段", "flat"),
    "valley": Text("低谷", "valley"),
    "deep_valley": Text("深谷", "deep valley"),
}


@lru_cache(maxsize=1)
def _regions() -> dict[str, Text]:
    return {row["region"]: Text(row["name_zh"], row["name_en"]) for row in data_rows("regions.csv")}


def region_name(code: str) -> Text:
    """The name of a region code, or the code itself."""
    return _regions().get(code, Text(code, code))


def kind_name(kind: str) -> Text:
    """The name of a kind of fact, or the kind itself."""
    return KINDS.get(kind, Text(kind, kind))


def chosen(rows: Iterable[FactRow], kind: str, region: str, home: str) -> list[FactRow]:
    """Rows of a kind (``used``: those of inventories, ``all``) that hold in a region.

    ``region`` here: the chain of ``home``; ``all``: everywhere; else one code. In the order of the kinds, the
    nearest region first, newest first.
    """
    near = region_chain(home)
    kinds = list(KINDS)

    def wanted(row: FactRow) -> bool:
        of_kind = kind == "all" or (row.kind in USED if kind == "used" else row.kind == kind)
        of_region = region == "all" or (
            (row.region or "GLOBAL") in near if region == "here" else row.region == region
        )
        return of_kind and of_region

    def order(row: FactRow) -> tuple[Any, ...]:
        place = row.region or "GLOBAL"
        return (
            kinds.index(row.kind) if row.kind in kinds else len(kinds),
            near.index(place) if place in near else len(near),
            -(row.valid_from.toordinal() if row.valid_from else 0),
            row.fact_id,
        )

    return sorted((row for row in rows if wanted(row)), key=order)


def shown(row: FactRow) -> dict[str, Any]:
    """A fact row as the table prints it; a tariff carries its prices in words instead of one value."""
    named = row.value if isinstance(row.value, dict) else {}
    tariff = row.kind == TARIFF
    same = (
        "fact_id",
        "unit",
        "uncertainty_pct",
        "valid_from",
        "valid_to",
        "source",
        "source_ref",
        "verified",
    )
    return {name: getattr(row, name) for name in same} | {
        "name": Text(
            named.get("name_zh") or row.fact_id, named.get("name_en") or named.get("name_zh") or row.fact_id
        ),
        "kind": kind_name(row.kind),
        "region": region_name(row.region),
        "code": row.region,
        "value": None if tariff else GWP_SETS.get(str(named.get("value")), named.get("value")),
        "prices": prices(named) if tariff else None,
        "published": None if row.published == UNDATED else row.published,
    }


# ---- tariffs --------------------------------------------------------------------------------------------------------
def prices(tariff: Mapping[str, Any]) -> list[tuple[Text, Text]]:
    """(when, price) of a tariff, a line each; ratios to the flat price where only they are known."""
    unit = unit_of(tariff)
    known = tariff.get("prices")
    lines = [
        (_when(tariff, season, band), _price(amount, unit) if known else _ratio(amount))
        for season, bands in (known or tariff.get("ratios") or {}).items()
        for band, amount in bands.items()
    ]
    limits = (tariff.get("tiers") or {}).get("limits") or {}
    span = (
        Text("每年", "a year")
        if (tariff.get("tiers") or {}).get("span") == "year"
        else Text("每月", "a month")
    )
    for season, ends in limits.items():
        when, ends = _season(tariff, season), " / ".join(f"{end:g}" for end in ends)
        lines.append(
            (
                Text(f"{when.zh}分档".strip(), f"{when.en} tiers".strip()),
                Text(
                    f"{span.zh} {ends}{SPACE}{tariff.get('unit', '')}",
                    f"{ends}{SPACE}{tariff.get('unit', '')} {span.en}",
                ),
            )
        )
    return lines


def brief(tariff: Mapping[str, Any]) -> Text:
    """The prices of a tariff in one line: the first season, the first tier."""
    known = tariff.get("prices")
    bands: Mapping[str, Any] = next(iter((known or tariff.get("ratios") or {}).values()), {})
    first = {band: amount[0] if isinstance(amount, list) else amount for band, amount in bands.items()}
    mark = "" if known else "×"
    parts = [(BANDS.get(band, Text("", "")), f"{mark}{amount:.4g}") for band, amount in first.items()]
    said = (
        " ".join(f"{name.pick(lang)} {amount}".strip() for name, amount in parts) for lang in ("zh", "en")
    )
    text = Text(*said)
    return text if parts else Text("价格未知", "price unknown")


def unit_of(tariff: Mapping[str, Any]) -> str:
    """The unit of its prices, empty where only ratios are known."""
    return f"{tariff.get('currency', '')}/{tariff.get('unit', '')}" if tariff.get("prices") else ""


def _season(tariff: Mapping[str, Any], season: str) -> Text:
    months = (tariff.get("seasons") or {}).get(season)
    if season == "all":
        return Text("", "")
    return month_run(months) if months else Text(season, season)


def _when(tariff: Mapping[str, Any], season: str, band: str) -> Text:
    part, name = (
        _season(tariff, season),
        BANDS.get(band, Text("全天", "all day") if band == "all" else Text(band, band)),
    )
    return Text(f"{part.zh} {name.zh}".strip(), f"{part.en} {name.en}".strip())


def _price(amount: Any, unit: str) -> Text:
    tiers = " / ".join(f"{each:.4g}" for each in (amount if isinstance(amount, list) else [amount]))
    return Text(*(f"{tiers}{SPACE}{sign(unit, lang)}" for lang in ("zh", "en")))


def _ratio(amount: float) -> Text:
    return Text(f"平段的 {amount:g} 倍", f"{amount:g} × flat")
