"""Scope 2 by both methods as a page prints it: the two totals, what each rests on, and what differs. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tanlin.carbon.account.market import PARTS, RESIDUAL
from tanlin.carbon.account.programme import PROGRAMMES
from tanlin.carbon.reasons import reason_text
from tanlin.carbon.shown import region_name
from tanlin.kernel.errors import Text
from tanlin.kernel.figure import Figure
from tanlin.kernel.words import SPACE, digits, percent

Row = Mapping[str, Any]
_HEAT = Text("外购热力和冷量（因子不变）", "Heat and cooling (same factor)")
_GRID = Text("电网平均", "grid average")
_RESIDUAL = Text("剩余组合", "residual mix")


@dataclass(frozen=True)
class Part:
    """What a share of the market-based total rests on; ``kwh`` None for heat and cooling."""

    name: Text
    kwh: float | None
    tonnes: float | None
    provisional: bool
    verified: bool


@dataclass(frozen=True)
class Paper:
    """A certificate, contract or supplier's factor in the year; ``note`` tells what of it covers nothing."""

    id: int
    kind: Text
    registry: str
    number: str
    days: str
    offered_kwh: float
    used_kwh: float
    note: Text | None


@dataclass(frozen=True)
class Trend:
    """Published factors of one kind and region, year → kgCO2/kWh, oldest first; ``unverified`` years."""

    kind: str
    name: Text
    values: Mapping[int, float]
    unverified: tuple[int, ...]


@dataclass(frozen=True)
class Scope2:
    """Both totals side by side. ``notes``: what must be said with them; ``trend``: where the factors went."""

    location: Figure | None
    market: Figure | None
    sentence: Text
    notes: list[Text]
    parts: list[Part]
    papers: list[Paper]
    trends: list[Trend]
    programmes: list[Text]


def scope2_shown(figures: Mapping[str, Figure]) -> Scope2 | None:
    """From the figures ``carbon.location``, ``carbon.market``, ``carbon.market_parts`` and, where there is one,
    ``carbon.programme`` (with their tables); None where they were not computed.
    """
    table = figures.get("carbon.market_parts")
    if table is None or table.table is None:
        return None
    rows = table.table
    trends = _trends([row for row in rows if row["row"] == "factor"])
    return Scope2(
        figures.get("carbon.location"),
        figures.get("carbon.market"),
        _sentence(rows),
        _notes(rows, trends),
        [_part(row) for row in rows if row["row"] == "part"],
        [_paper(row) for row in rows if row["row"] == "instrument"],
        trends,
        _programmes(figures.get("carbon.programme")),
    )


def _sentence(rows: Sequence[Row]) -> Text:
    told = {row["method"]: row["tco2e"] for row in rows if row["row"] == "method"}
    location, market = told.get("location"), told.get("market")
    if location is None or market is None:
        return Text("范围二还没有数。", "There is no total of Scope 2 yet.")
    unit = f"{SPACE}tCO₂e"
    gap = market - location
    if abs(gap) <= 1e-9 * max(abs(location), 1.0):
        return Text(
            f"两种方法结果相同：{digits(location)}{unit}。",
            f"Both methods give {digits(location)}{unit}.",
        )
    zh, en = ("高", "more") if gap > 0 else ("低", "less")
    part = f"（{percent(abs(gap) / location, 1)}）" if location else ""
    return Text(
        f"基于市场为 {digits(market)}{unit}，比基于位置{zh} {digits(abs(gap))}{unit}{part}。",
        f"Market-based {digits(market)}{unit}, {digits(abs(gap))}{unit} {en} than location-based.",
    )


def _notes(rows: Sequence[Row], trends: Sequence[Trend]) -> list[Text]:
    named = {row["part"] for row in rows if row["row"] == "part"}
    notes = []
    if "location" in named:
        notes.append(
            Text(
                "该地区没有公布剩余组合因子，未由证书或合同覆盖的电量仍按电网平均计算。",
                "No residual mix is published for this region, so what no certificate or contract covers keeps "
                "the grid average.",
            )
        )
    if not any(row["row"] == "instrument" for row in rows):
        notes.append(
            Text("本年没有登记绿证、绿电合同。", "No certificate or contract is entered for this year.")
        )
    parting = _parting(trends)
    if parting:
        notes.append(parting)
    if any(row["row"] == "part" and row["part"] == "residual" for row in rows):
        notes.append(
            Text(
                "剩余组合采用全国“不包括市场化交易的非化石能源电量”因子。",
                "The residual mix is the national factor that leaves out market-traded non-fossil power.",
            )
        )
    return notes


def _parting(trends: Sequence[Trend]) -> Text | None:
    """Where the residual mix went one way and the average of its country the other, in the last two years."""
    if len(trends) < 2 or trends[-1].kind != RESIDUAL:
        return None
    average, residual = (sorted(one.values.items())[-2:] for one in trends[-2:])
    if len(average) < 2 or [year for year, _ in average] != [year for year, _ in residual]:
        return None
    if (average[1][1] - average[0][1]) * (residual[1][1] - residual[0][1]) >= 0:
        return None
    zh = ("下降", "上升") if average[1][1] < average[0][1] else ("上升", "下降")
    en = ("fell", "rose") if average[1][1] < average[0][1] else ("rose", "fell")
    year = average[1][0]
    numbers = [f"{value:.4f}" for pair in (average, residual) for _, value in pair]
    return Text(
        f"{year} 年全国电网平均{zh[0]}（{numbers[0]} → {numbers[1]}），剩余组合{zh[1]}（{numbers[2]} → {numbers[3]}）："
        "两种方法的变化方向相反。",
        f"In {year} the national average {en[0]} ({numbers[0]} → {numbers[1]}) and the residual mix {en[1]} "
        f"({numbers[2]} → {numbers[3]}): the two methods move in opposite directions.",
    )


def _part(row: Row) -> Part:
    name = _HEAT if row["part"] == "heat" else PARTS[row["part"]]
    return Part(name, row["kwh"], row["tco2e"], row["provisional"], row["verified"])


def _paper(row: Row) -> Paper:
    excess = f"{digits(row['excess_kwh'])}{SPACE}kWh"
    why = reason_text(row["reason"]) if row["reason"] else None
    note = Text(f"{excess} 未计入：{why.zh}", f"{excess} not counted: {why.en}") if why else None
    return Paper(
        row["id"],
        PARTS[row["kind"]],
        row["registry"],
        row["number"],
        f"{row['first_day']} – {row['last_day']}",
        row["offered_kwh"],
        row["used_kwh"],
        note,
    )


def _trends(rows: Sequence[Row]) -> list[Trend]:
    """One a kind and region, in the order of the table: the place's own average, the country's, the residual mix."""
    groups: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        groups.setdefault((row["kind"], row["region"]), []).append(row)
    out = []
    for (kind, region), mine in groups.items():
        name, where = _RESIDUAL if kind == RESIDUAL else _GRID, region_name(region)
        out.append(
            Trend(
                kind,
                Text(f"{where.zh}{name.zh}", f"{where.en}, {name.en}"),
                {row["year"]: row["value"] for row in mine},
                tuple(row["year"] for row in mine if not row["verified"]),
            )
        )
    return out


def _programmes(figure: Figure | None) -> list[Text]:
    """A sentence a programme: its total apart, and by how much the inventory differs."""
    out = []
    for row in (figure.table or []) if figure else []:
        name = PROGRAMMES[row["programme"]].name
        if row["tco2e"] is None or row["ratio"] is None:
            continue
        value, unit = digits(row["tco2e"]), f"{SPACE}tCO₂e"
        gap, part = digits(abs(row["difference"])), percent(abs(row["ratio"] - 1), 0)
        zh, en = ("高", "more") if row["difference"] > 0 else ("低", "less")
        out.append(
            Text(
                f"仅在{name.zh}内：同样的电和热为 {value}{unit}；碳排放清单比它{zh} {gap}{unit}（{part}）。",
                f"Inside {name.en} only: the same electricity and heat are {value}{unit}; the inventory is "
                f"{gap}{unit} ({part}) {en}.",
            )
        )
    return out
