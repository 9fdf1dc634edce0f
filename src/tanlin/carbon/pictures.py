"""The pictures of the Overview as data: what charts.js draws, one summary sentence and a table view each. Pure."""

from __future__ import annotations

import calendar
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from tanlin.carbon.rows import CARRIERS, SCOPES, Rows, label_of, month_run, numbers_of
from tanlin.kernel.errors import Text
from tanlin.kernel.words import SPACE, digits
from tanlin.kernel.words import percent as share

if TYPE_CHECKING:
    import pyarrow as pa

MOST_PLACES = 6


@dataclass(frozen=True)
class Picture:
    """A chart (``spec`` as charts.js reads it, None when there is nothing to draw) and its table view."""

    id: str
    title: Text
    summary: Text
    spec: dict[str, Any] | None
    table: dict[str, Any] | None


def months_picture(
    now: Rows, before: Rows, year: int, today: date, column: str, per: float, unit: str, id: str, title: Text
) -> Picture:
    """A column of the table by month and carrier (÷ ``per``), last year's total as a line; past months without data are ``gaps``."""
    things = [t for t in CARRIERS if now.size and now.sum(column, now.mask(thing=t))]
    labels = [label_of(year, m) for m in range(1, 13)]
    if not things:
        return Picture(id, title, Text("暂无数据。", "No data."), None, None)
    series = [_series(now, thing, year, column, per) for thing in things]
    past = [m for m in range(1, 13) if (year, m) <= (today.year, today.month)]
    gaps = [labels[m - 1] for m in past if all(s["values"][m - 1] is None for s in series)]
    old = [
        before.sum(column, before.mask(month=(year - 1) * 100 + m)) if before.size else None
        for m in range(1, 13)
    ]
    last = [None if value is None else value / per for value in old]
    flags = [bool(now["provisional"][now.mask(month=year * 100 + m)].any()) for m in range(1, 13)]
    spec = {
        "kind": "months",
        "unit": unit,
        "axis": unit,
        "months": labels,
        "series": series,
        "gaps": gaps,
        "provisional": flags if column == "tco2e" else [False] * 12,
        "last": {"name": Text(f"{year - 1} 年合计", f"{year - 1} total"), "values": last}
        if any(v is not None for v in last)
        else None,
        "marks": [
            k
            for k, there in (
                ("estimated", any(any(s["estimated"]) for s in series)),
                ("unknown", gaps),
                ("provisional", column == "tco2e" and any(flags)),
            )
            if there
        ],
    }
    sums = [[s["values"][m] for s in series if s["values"][m] is not None] for m in range(12)]
    totals = [sum(values) if values else None for values in sums]
    known = [(value, m + 1) for m, value in enumerate(totals) if value is not None]
    top = max(known)
    summary = Text(
        f"{year} 年合计 {digits(sum(v for v, _ in known))}{SPACE}{unit}，最高的是 {top[1]} 月（{digits(top[0])}{SPACE}{unit}）。",
        f"{year}: {digits(sum(v for v, _ in known))}{SPACE}{unit} in all, most in {calendar.month_name[top[1]]} ({digits(top[0])}{SPACE}{unit}).",
    )
    columns = [
        Text("月份", "Month"),
        *[Text(f"{s['name'].zh}（{unit}）", f"{s['name'].en} ({unit})") for s in series],
        Text("合计", "Total"),
        Text("去年", "Last year"),
    ]
    rows = [
        [labels[m], *[s["values"][m] for s in series], totals[m], last[m]] for m in range(12) if m + 1 in past
    ]
    return Picture(id, title, summary, spec, {"columns": columns, "rows": rows})


def _series(rows: Rows, thing: str, year: int, column: str, per: float) -> dict[str, Any]:
    values, estimated, covered, factors = [], [], [], []
    for month in numbers_of(year, range(1, 13)):
        mask = rows.mask(month=month, thing=thing)
        value = rows.sum(column, mask)
        values.append(None if value is None else value / per)
        estimated.append(round(rows.estimated(mask), 4))
        covered.append(rows.coverage(mask))
        factors.append(
            "; ".join(sorted({f for f in rows["factor_id"][mask] if isinstance(f, str)})[:3]) or None
        )
    return {
        "name": CARRIERS[thing],
        "thing": thing,
        "values": values,
        "estimated": estimated,
        "coverage": covered,
        "factor": factors,
    }


def flow_picture(rows: Rows, places: Mapping[str, Text]) -> Picture:
    """Carrier → place of use → scope; every width is tCO2e, so each column sums to the same total."""
    title = Text("从能源到碳排放", "From energy to carbon")
    flows: dict[tuple[str, str, int], float] = {}
    if rows.size:
        known = np.nan_to_num(rows["tco2e"].astype(float)) > 0
        for thing, place, scope, value in zip(
            rows["thing"][known],
            rows["place"][known],
            rows["scope"][known],
            rows["tco2e"][known],
            strict=True,
        ):
            flows[thing, place, int(scope)] = flows.get((thing, place, int(scope)), 0.0) + float(value)
    if not flows:
        return Picture("flow", title, Text("暂无碳排放数据。", "No emissions known."), None, None)
    by_place: dict[str, float] = {}
    for (_, place, _), value in flows.items():
        by_place[place] = by_place.get(place, 0.0) + value
    large = sorted(by_place, key=lambda p: -by_place[p])
    large = large if len(large) <= MOST_PLACES else large[: MOST_PLACES - 1]
    total = sum(flows.values())
    nodes: dict[str, dict[str, Any]] = {}
    links: dict[tuple[str, str], float] = {}

    def node(id: str, name: Text, thing: str, depth: int, value: float, note: str = "") -> str:
        held = nodes.setdefault(
            id, {"id": id, "name": name, "thing": thing, "depth": depth, "value": 0.0, "note": note}
        )
        held["value"] += value
        return id

    for (thing, place, scope), value in flows.items():
        energy = rows.sum("energy_kwh", rows.mask(thing=thing, channel="import"))
        chain = [
            node(
                f"c:{thing}",
                CARRIERS[thing],
                thing,
                0,
                value,
                f"{digits(energy / 1e3)}{SPACE}MWh" if energy else "",
            )
        ]
        if len(by_place) > 1:
            slug = place if place in large else ""
            name = places.get(place, Text(place, place)) if slug else Text("其他", "Others")
            chain.append(node(f"p:{slug}", name, "grid", 1, value))
        chain.append(node(f"s:{scope}", SCOPES[scope], "carbon", len(chain), value))
        for a, b in pairwise(chain):
            links[a, b] = links.get((a, b), 0.0) + value
    spec = {
        "kind": "sankey",
        "unit": "tCO₂e",
        "total": total,
        "nodes": list(nodes.values()),
        "links": [{"source": a, "target": b, "value": v} for (a, b), v in links.items()],
    }
    top = max((n for n in nodes.values() if n["depth"] == 0), key=lambda n: n["value"])
    balance, credit = _balance(rows), _undrawn(rows)
    summary = Text(
        f"合计 {digits(total)}{SPACE}tCO₂e，其中{top['name'].zh}占 {share(top['value'] / total)}。{balance.zh}{credit.zh}",
        f"{digits(total)}{SPACE}tCO₂e in all, {share(top['value'] / total)} of it from {top['name'].en.lower()}."
        f"{balance.en}{credit.en}",
    )
    named = {n["id"]: n["name"] for n in nodes.values()}
    table = {
        "columns": [Text("从", "From"), Text("到", "To"), Text("tCO₂e", "tCO₂e")],
        "rows": [[named[a], named[b], v] for (a, b), v in links.items()],
    }
    return Picture("flow", title, summary, spec, table)


def _balance(rows: Rows) -> Text:
    """How the electricity bought, which the picture shows, comes to the electricity used; empty without generation or export."""
    bought, made, fed = (
        (rows.sum("energy_kwh", rows.mask(carrier="electricity", channel=channel)) or 0.0) / 1e3
        for channel in ("import", "generation", "export")
    )
    if not made and not fed:
        return Text("", "")
    used, unit = digits(bought + made + fed), f"{SPACE}MWh"
    parts = digits(bought), digits(made), digits(-fed)  # an export counts negative
    return Text(
        f"图中的电为外购电：外购 {parts[0]} + 自发 {parts[1]} − 上网 {parts[2]} = 使用 {used}{unit}。",
        f" Electricity is what was bought: bought {parts[0]} + generated {parts[1]} − exported {parts[2]} = used {used}{unit}.",
    )


def _undrawn(rows: Rows) -> Text:
    """What a picture of widths cannot show: emissions below zero."""
    below = -np.minimum(np.nan_to_num(rows["tco2e"].astype(float)), 0.0).sum()
    if not below:
        return Text("", "")
    amount = f"{digits(below)}{SPACE}tCO₂e"
    return Text(f"另有负值 −{amount} 未画出。", f" Not drawn: −{amount} below zero.")


def days_picture(days: pa.Table | None) -> Picture:
    """Daily electricity as a calendar; a day that is absent or null is unknown."""
    title = Text("逐日用电", "Electricity day by day")
    if days is None or not days.num_rows:
        return Picture(
            "days",
            title,
            Text("没有逐日数据：账单只有月值。", "No daily data: bills carry months only."),
            None,
            None,
        )
    read = dict(
        zip(map(_date, days.column("day").to_pylist()), days.column("value").to_pylist(), strict=True)
    )
    span = [min(read) + timedelta(n) for n in range((max(read) - min(read)).days + 1)]
    iso, value = [day.isoformat() for day in span], [read.get(day) for day in span]
    known = [(v, d) for v, d in zip(value, iso, strict=True) if v is not None]
    if not known:
        return Picture("days", title, Text("暂无数据。", "No data."), None, None)
    top = max(known)
    per, unit = (1e3, "MWh") if top[0] >= 1e4 else (1.0, "kWh")
    points: list[list[Any]] = [
        [d, None if v is None else round(v / per, 3)] for v, d in zip(value, iso, strict=True)
    ]
    spec: dict[str, Any] = {
        "kind": "calendar",
        "unit": unit,
        "days": points,
        "marks": ["unknown"] * (len(known) < len(span)),
    }
    if "coverage" in days.column_names:
        spec["coverage"] = {
            _date(d).isoformat(): c
            for d, c in zip(days.column("day").to_pylist(), days.column("coverage").to_pylist(), strict=True)
            if c is not None and c < 0.9995
        }
    grid: dict[str, list[Any]] = {}
    for day, amount in points:
        grid.setdefault(day[:7], [None] * 31)[int(day[8:]) - 1] = amount
    table = {
        "columns": [Text(f"月份（{unit}）", f"Month ({unit})"), *[str(d) for d in range(1, 32)]],
        "rows": [[m, *_real_days(m, row)] for m, row in sorted(grid.items())],
    }
    dotted = (
        Text("；虚线格为暂无数据", "; a dotted cell has no data") if len(known) < len(span) else Text("", "")
    )
    summary = Text(
        f"只含每日或更密读数的表计。有数据的 {len(known)} 天中，最高的是 {top[1]}（{digits(top[0] / per)}{SPACE}{unit}）{dotted.zh}。",
        f"Only meters read daily or more often. Of {len(known)} days with data the highest is {top[1]} ({digits(top[0] / per)}{SPACE}{unit}){dotted.en}.",
    )
    return Picture("days", title, summary, spec, table)


def _date(day: int) -> date:
    return date(day // 10000, day // 100 % 100, day % 100)


def _real_days(month: str, row: list[Any]) -> list[Any]:
    """Cells past the end of a month are empty, not unknown."""
    length = calendar.monthrange(int(month[:4]), int(month[5:]))[1]
    return [value if i < length else "" for i, value in enumerate(row)]


def quality_picture(rows: Rows, year: int, done: list[int]) -> Picture:
    """Coverage and estimated share by carrier over the complete months."""
    title = Text("数据质量", "Data quality")
    things = [t for t in CARRIERS if rows.size and rows.mask(thing=t).any()]
    if not things or not done:
        return Picture("quality", title, Text("暂无数据。", "No data."), None, None)
    strips: list[dict[str, Any]] = []
    for thing in things:
        masks = [rows.mask(thing=thing, month=number) for number in numbers_of(year, done)]
        strips.append(
            {
                "name": CARRIERS[thing],
                "thing": thing,
                "coverage": [rows.coverage(m) for m in masks],
                "estimated": [round(rows.estimated(m), 4) for m in masks],
            }
        )
    labels = [label_of(year, m) for m in done]
    everything = rows.mask(month=numbers_of(year, done))
    whole = rows.coverage(everything)
    summary = Text(
        f"{month_run(done).zh}数据完整率 {share(whole or 0.0)}。" if whole is not None else "暂无数据。",
        f"Coverage of {month_run(done).en}: {share(whole or 0.0)}." if whole is not None else "No data.",
    )
    columns = [Text("月份", "Month")] + [
        c
        for s in strips
        for c in (
            Text(f"{s['name'].zh}完整率", f"{s['name'].en}: coverage"),
            Text(f"{s['name'].zh}估算", f"{s['name'].en}: estimated"),
        )
    ]
    table_rows: list[list[Any]] = [
        [
            labels[i],
            *(
                None if v is None else share(v, 1)
                for s in strips
                for v in (s["coverage"][i], s["estimated"][i])
            ),
        ]
        for i in range(len(done))
    ]
    return Picture(
        "quality",
        title,
        summary,
        {"kind": "quality", "months": labels, "rows": strips},
        {"columns": columns, "rows": table_rows},
    )
