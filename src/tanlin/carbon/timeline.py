"""The validity of factors and tariffs as a picture. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from tanlin.carbon.pictures import Picture
from tanlin.kernel.errors import Text
from tanlin.kernel.words import SPACE

if TYPE_CHECKING:
    from tanlin.carbon.factors import Fact

MOST_SERIES = 16
_YEAR = re.compile(r"(?:19|20)\d\d\s*年?\s*")


@dataclass(frozen=True)
class Span:
    """One version of a tariff on the timeline: ``series`` joins versions, ``label`` is what the bar says."""

    series: str
    name: Text
    label: Text
    thing: str
    unit: str
    valid_from: date | None
    valid_to: date | None
    verified: bool
    source: str


def timeline_picture(facts: Iterable[Fact], today: date, tariffs: Iterable[Span] = ()) -> Picture:
    """When each factor or tariff is valid, one row a series (ids that differ only in the year), in the order given.

    Those whose source states no validity are counted, not drawn.
    """
    title = Text("有效期", "Validity")
    rows: dict[tuple[str, ...], dict[str, Any]] = {}
    facts, tariffs = list(facts), list(tariffs)
    dated = [each for each in facts if each.valid_from or each.valid_to]
    priced = [each for each in tariffs if each.valid_from or each.valid_to]
    undated = len(facts) + len(tariffs) - len(dated) - len(priced)
    for fact in dated:
        named = Text(*(_YEAR.sub("", part).strip() for part in fact.name))
        name = named if any(named) else Text(fact.fact_id, fact.fact_id)
        row = rows.setdefault(
            (fact.kind, _YEAR.sub("", fact.fact_id)),
            {"name": name, "thing": _thing(fact.kind, fact.product), "spans": []},
        )
        begin = fact.valid_from or date(today.year - 10, 1, 1)
        row["spans"].append(
            {
                "label": f"{fact.value:.4g}",  # the bar has little room; tooltip and table say it exactly
                "exact": f"{fact.value:g}",
                "unit": fact.unit,
                "from": begin.isoformat(),
                "to": fact.valid_to.isoformat() if fact.valid_to else None,
                "verified": fact.verified,
                "provisional": False,
                "note": fact.source,
            }
        )
    for each in priced:
        row = rows.setdefault(("tariff", each.series), {"name": each.name, "thing": each.thing, "spans": []})
        row["spans"].append(
            {
                "label": each.label,
                "unit": each.unit,
                "from": (each.valid_from or date(today.year - 10, 1, 1)).isoformat(),
                "to": each.valid_to.isoformat() if each.valid_to else None,
                "verified": each.verified,
                "provisional": False,
                "note": each.source,
            }
        )
    if not rows:
        return Picture(
            "timeline", title, Text("来源均未注明有效期。", "No source states a validity."), None, None
        )
    for row in rows.values():
        row["spans"].sort(key=lambda span: span["from"])
    spec = {"kind": "timeline", "today": today.isoformat(), "rows": list(rows.values())[:MOST_SERIES]}
    count = sum(len(row["spans"]) for row in rows.values())
    hidden = len(rows) > MOST_SERIES
    more = (
        Text(
            f"，图中为前 {MOST_SERIES} 个，全部见下方数据表",
            f", the first {MOST_SERIES} drawn, all of them in the table view below",
        )
        if hidden
        else Text("", "")
    )
    rest = Text("", "")
    if undated:
        rest = Text(f"另有 {undated} 个未注明有效期。", f" {undated} more state no validity.")
    summary = Text(
        f"{len(rows)} 个系列，{count} 个版本{more.zh}；实心为来源已核对，空心为未核对，竖线为今天。{rest.zh}",
        f"{len(rows)} series, {count} versions{more.en}; solid is verified, hollow is not, the upright line is today.{rest.en}",
    )
    columns = [
        Text("名称", "Name"),
        Text("数值", "Value"),
        Text("生效", "From"),
        Text("失效", "To"),
        Text("来源", "Source"),
    ]
    table = [
        [r["name"], _with_unit(s.get("exact") or s["label"], s["unit"]), s["from"], s["to"] or "–", s["note"]]
        for r in rows.values()
        for s in r["spans"]
    ]
    return Picture("timeline", title, summary, spec, {"columns": columns, "rows": table})


def _with_unit(label: str | Text, unit: str) -> str | Text:
    if isinstance(label, str):
        return f"{label}{SPACE}{unit}".strip(SPACE)
    return Text(*(f"{part}{SPACE}{unit}".strip(SPACE) for part in label))


def _thing(kind: str, product: str) -> str:
    """The colour of a kind of fact: the carrier it belongs to, else neutral."""
    words = {
        "grid": "electricity",
        "gas": "gas",
        "heat": "heat",
        "water": "water",
        "waste": "waste",
        "fuel": "fuel",
    }
    text = f"{product} {kind}"
    return next((thing for word, thing in words.items() if word in text), "grid")
