"""The lines of an account as CSV for people and as JSON for programs."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from typing import Any

from tanlin.carbon.account.entry.cells import SOURCES
from tanlin.carbon.account.export.linesheet import LEVELS, half_range
from tanlin.carbon.reasons import reason_text
from tanlin.kernel.errors import Text
from tanlin.kernel.figure import Figure
from tanlin.meter import safe_cell

_TITLES: dict[str, Text] = {
    "ref": Text("参考编号", "GPC ref. no."),
    "level": Text("报告层级", "level"),
    "scope": Text("范围", "scope"),
    "place": Text("区域", "place"),
    "month": Text("月份", "month"),
    "stream": Text("项目", "stream"),
    "source": Text("数据来源", "source"),
    "activity": Text("活动数据", "activity"),
    "unit": Text("单位", "unit"),
    "gas": Text("气体", "gas"),
    "mass_t": Text("气体质量（吨）", "mass of the gas (t)"),
    "tco2e": Text("排放量（tCO2e）", "tCO2e"),
    "pct": Text("不确定度（95 %，%）", "uncertainty (95 %, %)"),
    "factor_id": Text("因子编号", "factor id"),
    "coverage": Text("数据完整率", "coverage"),
    "estimated": Text("估算占比", "estimated share"),
    "provisional": Text("暂用因子", "provisional"),
    "verified": Text("来源已核对", "source verified"),
    "key": Text("注释代码", "notation key"),
    "reason": Text("说明", "explanation"),
    "origin": Text("数据性质", "origin"),
}
_ORIGINS = {
    "measured": Text("实测", "measured"),
    "entered": Text("填报", "entered"),
    "demonstration": Text("演示数据·非真实监测数据", "demonstration"),
}


def as_csv(rows: Sequence[Mapping[str, Any]], origin: str, lang: str) -> bytes:
    """UTF-8 with a mark, a heading in one language; what is not known is empty, and no text runs as a formula."""
    text = io.StringIO()
    out = csv.writer(text)
    out.writerow([title.pick(lang) for title in _TITLES.values()])
    said = _ORIGINS.get(origin, Text(origin, origin))
    for row in rows:
        words = _words(row) | {"origin": said, "pct": half_range(row)}
        out.writerow([_cell(words.get(name, row.get(name)), lang) for name in _TITLES])
    return text.getvalue().encode("utf-8-sig")


def _words(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "level": LEVELS.get(row["level"], row["level"]),
        "source": SOURCES.get(row["source"], row["source"]),
        "reason": reason_text(row["reason"]) if row["reason"] else None,
    }


def _cell(value: Any, lang: str) -> Any:
    if isinstance(value, Text):
        value = value.pick(lang)
    if isinstance(value, bool):
        value = Text("是" if value else "否", "yes" if value else "no").pick(lang)
    return safe_cell(value)


def as_json(figure: Figure, gwp: str, region: str) -> bytes:
    """The lines as stored (schema LINES) with place, year, set of potentials, origin and receipt."""
    stated = {
        "place": figure.place,
        "year": int(figure.period),
        "region": region,
        "gwp": gwp,
        "origin": figure.origin,
        "receipt": figure.receipt,
        "stale": figure.stale,
        "lines": figure.table or [],
    }
    return json.dumps(stated, ensure_ascii=False, allow_nan=False).encode()
