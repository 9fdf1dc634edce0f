"""Hours of a year as a picture: the modelled factor of each hour of the day beside the official one. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tanlin.carbon.account.hourly import GRID
from tanlin.carbon.pictures import Picture
from tanlin.kernel.errors import Text
from tanlin.kernel.figure import Figure
from tanlin.kernel.words import SPACE, digits

TITLE = Text(
    "一天中的电网排放强度（模型曲线，非官方）", "Carbon intensity through the day (modelled, not official)"
)
UNIT = "kgCO₂/kWh"


def hours_picture(figure: Figure | None) -> Picture | None:
    """The figure ``carbon.hourly`` by hour of the day; None where there is none, or no shape for the region."""
    if figure is None or not figure.table:
        return None
    head, *rows = figure.table
    sums = {hour: [0.0, 0.0] for hour in range(24)}
    for row in rows:
        sums[row["hour"]][0] += row["kwh"]
        sums[row["hour"]][1] += row["tco2e"]
    factor = {hour: tonnes / kwh * 1000 if kwh > 0 else None for hour, (kwh, tonnes) in sums.items()}
    known = {hour: value for hour, value in factor.items() if value is not None}
    if not known:
        return None
    official = head["official_tco2e"] / head["kwh"] * 1000
    hours = [f"{hour:02}:00" for hour in range(24)]
    spec = {
        "kind": "years",
        "unit": Text(UNIT, UNIT),
        "scale": True,
        "years": hours,
        "series": [
            _series(Text("模型曲线", "Modelled"), "electricity", [factor[hour] for hour in range(24)]),
            _series(Text("官方年均", "Official, annual"), "baseline", [official] * 24, dashed=True),
        ],
        "marks": [],
    }
    columns = [Text("时刻", "Hour"), Text("千瓦时", "kWh"), Text("tCO₂", "tCO₂"), Text(UNIT, UNIT)]
    table = [[hours[hour], *sums[hour], factor[hour]] for hour in range(24)]
    return Picture("hours", TITLE, _summary(head, known), spec, {"columns": columns, "rows": table})


def _series(name: Text, thing: str, values: list[float | None], dashed: bool = False) -> dict[str, Any]:
    return {"name": name, "thing": thing, "values": values, "dashed": dashed}


def _summary(head: Mapping[str, Any], known: Mapping[int, float]) -> Text:
    low = min(known, key=lambda hour: known[hour])
    total = f"{digits(head['tco2e'])}{SPACE}tCO₂"
    whose = (
        Text("电网负荷", "the grid's load")
        if head["weights"] == GRID
        else Text("本地外购电量", "the place's own import")
    )
    return Text(
        f"{head['name_zh']}，按{whose.zh}归一到官方因子；最低在 {low} 时，全年合计 {total}。",
        f"{head['name_en']}, normalised by {whose.en} to the official factor; lowest at {low}:00, "
        f"{total} in all.",
    )
