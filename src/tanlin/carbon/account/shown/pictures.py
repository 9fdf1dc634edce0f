"""Pictures of the account and of comparisons as data for charts.js, with a sentence and a table view each. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tanlin.carbon.account.words import SECTORS, cause_name
from tanlin.carbon.pictures import Picture
from tanlin.kernel.errors import Text
from tanlin.kernel.words import SPACE, digits
from tanlin.kernel.words import percent as share

UNIT = "tCO₂e"
TONNES = Text(UNIT, UNIT)
FROM = Text("碳排放从哪里来", "Where the emissions come from")
PERSON = Text("tCO₂e/人", "tCO₂e per person")
MOST_CAUSES = 10


@dataclass(frozen=True)
class Part:
    """A sector of the account; ``value`` None: unknown, and ``word`` says in what way."""

    sector: str
    value: float | None
    low: float | None = None
    high: float | None = None
    estimated: float = 0.0
    word: Text | None = None
    note: Text | None = None


@dataclass(frozen=True)
class YearValue:
    """A value of a year with its interval."""

    year: int
    value: float | None
    low: float | None = None
    high: float | None = None
    provisional: bool = False


def sectors_picture(parts: Sequence[Part], total: float | None, title: Text = FROM) -> Picture:
    """A bar a sector; shares are of ``total``, which holds the known ones."""
    known = [part for part in parts if part.value is not None]
    if not known:
        return Picture("sectors", title, Text("暂无数据。", "No data."), None, None)
    rows: list[dict[str, Any]] = [
        {
            "name": SECTORS[part.sector][0],
            "thing": SECTORS[part.sector][2],
            "value": part.value,
            "low": part.low,
            "high": part.high,
            "share": part.value / total if part.value is not None and total else None,
            "estimated": round(part.estimated, 4),
            "word": part.word,
            "note": part.note,
        }
        for part in parts
    ]
    estimated, unknown = any(part.estimated for part in known), len(known) < len(parts)
    marks = [mark for mark, there in (("estimated", estimated), ("unknown", unknown)) if there]
    top = max(known, key=lambda part: part.value or 0.0)
    name, part_of = SECTORS[top.sector][0], share((top.value or 0.0) / total) if total else ""
    of = Text("已知部分的", "what is known") if unknown else Text("总量的", "the total")
    summary = Text(
        f"最大的一项是{name.zh}" + (f"，占{of.zh} {part_of}。" if part_of else "。"),
        f"The largest part is {name.en.lower()}" + (f", {part_of} of {of.en}." if part_of else "."),
    )
    table = {
        "columns": [
            Text("来源", "From"),
            TONNES,
            Text("下限", "Low"),
            Text("上限", "High"),
            Text("占比", "Share"),
            Text("估算占比", "Estimated"),
        ],
        "rows": [
            [
                row["name"],
                row["value"] if row["value"] is not None else row["word"],
                *((row["low"], row["high"]) if row["value"] is not None else ("", "")),
                "" if row["share"] is None else share(row["share"], 1),
                "" if row["value"] is None else share(row["estimated"], 1),
            ]
            for row in rows
        ],
    }
    spec = {"kind": "bars", "unit": UNIT, "rows": rows, "marks": marks}
    return Picture("sectors", title, summary, spec, table)


def tornado_picture(
    causes: Sequence[Mapping[str, Any]], names: Mapping[str, Text], places: Mapping[str, Text]
) -> Picture:
    """Causes of error by how far each moves the total.

    Args:
        causes: rows of ``spread.CONTRIBUTORS``, largest first. names: of facts, surveys and activities by the id of a cause.
    """
    title = Text("不确定性来自哪里", "Where the uncertainty comes from")
    rows = [
        {
            "name": cause_name(row["cause"], names, places),
            "thing": "grid" if row["cause"].startswith("meter:") else "carbon",
            "half": row["half_t"],
            "share": row["share"],
            "note": row["cause"],
        }
        for row in causes
        if row["half_t"]
    ]
    if not rows:
        return Picture("tornado", title, Text("暂无数据。", "No data."), None, None)
    part = "" if rows[0]["share"] is None else share(rows[0]["share"])
    summary = Text(
        f"影响最大的是{rows[0]['name'].zh}" + (f"，占总方差的 {part}。" if part else "。"),
        f"{rows[0]['name'].en} weighs most" + (f", {part} of the variance." if part else "."),
    )
    spec = {
        "kind": "tornado",
        "unit": UNIT,
        "share": Text("方差占比", "Share of variance"),
        "rows": rows[:MOST_CAUSES],
    }
    columns = [
        Text("原因", "Cause"),
        Text(f"± {UNIT}", f"± {UNIT}"),
        Text("方差占比", "Share of variance"),
        Text("编号", "Id"),
    ]
    table = [
        [row["name"], row["half"], None if row["share"] is None else share(row["share"], 1), row["note"]]
        for row in rows
    ]
    return Picture("tornado", title, summary, spec, {"columns": columns, "rows": table})


def steps_picture(
    before: YearValue, after: YearValue, parts: Sequence[tuple[Text, float]], unit: Text = TONNES
) -> Picture:
    """From one year to another: the two levels, and between them the parts of the change, which add up to it."""
    title = Text(f"{before.year} 年到 {after.year} 年的变化", f"From {before.year} to {after.year}")
    if before.value is None or after.value is None:
        return Picture("steps", title, Text("暂无数据。", "No data."), None, None)
    names = (Text(f"{before.year} 年", f"{before.year}"), Text(f"{after.year} 年", f"{after.year}"))
    steps: list[dict[str, Any]] = [
        {"name": names[0], "value": before.value, "thing": "carbon", "level": True},
        *(
            {"name": name, "value": value, "thing": "grid" if value > 0 else "baseline", "level": False}
            for name, value in parts
        ),
        {"name": names[1], "value": after.value, "thing": "carbon", "level": True},
    ]
    change = after.value - before.value
    part = f"{'+' if change > 0 else ''}{share(change / before.value, 1)}" if before.value else ""
    levels = f"{digits(before.value)} → {digits(after.value)}{SPACE}"
    summary = Text(
        f"{levels}{unit.zh}" + (f"（{part}）。" if part else "。"),
        f"{levels}{unit.en}" + (f" ({part})." if part else "."),
    )
    table = {
        "columns": [Text("项目", "Item"), unit],
        "rows": [[step["name"], step["value"]] for step in steps],
    }
    return Picture("steps", title, summary, {"kind": "steps", "unit": unit, "steps": steps}, table)


def lines_picture(
    id: str, title: Text, summary: Text, unit: Text, series: Sequence[tuple[Text, str, Sequence[YearValue]]]
) -> Picture:
    """Values by year of several views: (name, colour token, values). The first is solid, the others are dashed."""
    years = sorted({one.year for _, _, values in series for one in values})
    held = [(name, thing, {one.year: one for one in values}) for name, thing, values in series]
    known = [one for _, _, values in series for one in values if one.value is not None]
    if not known:
        return Picture(id, title, Text("暂无数据。", "No data."), None, None)

    def column(values: Mapping[int, YearValue], name: str) -> list[float | None]:
        return [getattr(values[year], name) if year in values else None for year in years]

    drawn: list[dict[str, Any]] = [
        {
            "name": name,
            "thing": thing,
            "dashed": i > 0,
            **{n: column(values, k) for n, k in (("values", "value"), ("low", "low"), ("high", "high"))},
        }
        for i, (name, thing, values) in enumerate(held)
    ]
    for one in drawn:
        if all(v is None for v in one["low"]):
            del one["low"], one["high"]
    provisional = [any(y in v and v[y].provisional for _, _, v in held) for y in years]
    spec = {
        "kind": "years",
        "unit": unit,
        "years": years,
        "provisional": provisional,
        "series": drawn,
        "marks": ["provisional"] if any(provisional) else [],
    }
    columns = [
        Text("年份", "Year"),
        *(Text(f"{n.zh}（{unit.zh}）", f"{n.en} ({unit.en})") for n, _, _ in held),
    ]
    rows = [[str(year), *(one["values"][i] for one in drawn)] for i, year in enumerate(years)]
    return Picture(id, title, summary, spec, {"columns": columns, "rows": rows})


def path_picture(
    path: Mapping[int, float], values: Sequence[YearValue], summary: Text, unit: Text = PERSON
) -> Picture:
    """The measured years against the straight or stated way to a target (``path``: year → value)."""
    made = lines_picture(
        "path",
        Text("目标路径", "Path to the target"),
        summary,
        unit,
        [
            (Text("实际", "Actual"), "carbon", values),
            (Text("目标路径", "Target path"), "baseline", [YearValue(y, v) for y, v in sorted(path.items())]),
        ],
    )
    if made.spec:
        made.spec["series"][1]["path"] = True
    return made
