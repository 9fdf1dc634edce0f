"""The reference numbers of GPC 1.1 (table 3.1 and annex): one row each with scope, level, notation key and quality.

BASIC holds scope 1 and 2 of stationary energy and transport and scope 1 and 3 of the community's own waste. BASIC+
adds losses of grids, journeys across the boundary, IPPU and AFOLU. What is territorial (power made for the grid,
waste of others) is shown and never added to what the community causes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import pyarrow as pa

from tanlin.carbon.account.draws import SAMPLING, Sampling, intervals
from tanlin.carbon.factors import data_rows
from tanlin.carbon.reasons import reason_text
from tanlin.kernel.errors import Text

NOTATION = ("NO", "NE", "IE", "C")
#: Source of an activity → its grade of data quality (GPC 1.1 table 5.2: high, medium, low).
GRADES = {"meter": "H", "bill": "H", "document": "M", "survey": "L", "estimate": "L"}
_ORDER = "HML"

#: Why a reference number has no value, where nobody stated it.
REASONS: dict[str, Text] = {
    "NE": Text("没有活动数据。", "There are no activity data."),
    "NO": Text("社区内通常没有这类活动。", "Communities do not usually have this activity."),
    "IE": Text(
        "已计入未注明用途：表计未注明用途。", "Included in non-specified sources: meters state no use."
    ),
}


@dataclass(frozen=True)
class Reference:
    """A row of the GPC table. ``key``: notation key where nothing is known and nothing was stated."""

    ref: str
    sector: str
    subsector: str
    scope: int
    level: str
    key: str
    name: Text


@lru_cache(maxsize=1)
def references() -> dict[str, Reference]:
    """All reference numbers in the order of the GPC (``data/gpc.csv``)."""
    return {
        row["ref"]: Reference(
            row["ref"],
            row["sector"],
            row["subsector"],
            int(row["scope"]),
            row["level"],
            row["key"],
            Text(row["name_zh"], row["name_en"]),
        )
        for row in data_rows("gpc.csv")
    }


def gpc_table(
    lines: pa.Table, stated: Mapping[str, tuple[str, str]], sampling: Sampling = SAMPLING
) -> list[dict[str, Any]]:
    """One row a reference number: ref, sector, subsector, names, level, scope1..scope3, total, low, high (tCO2e),
    key, reason (zh, en), activity_quality and quality (H, M, L), provisional, verified, unknown (lines left out).

    Lines without a reference of the GPC make a row of their own, so that the rows of a level sum to its total.
    ``stated``: reference → (notation key, reason), used where no line has a value.
    """
    lines = _apart(lines)
    sums = {row["ref"]: row for row in intervals(lines, ["ref"], sampling)} if lines.num_rows else {}
    groups: dict[str, list[dict[str, Any]]] = {}
    for line in lines.to_pylist():
        groups.setdefault(line["ref"], []).append(line)
    unstated_use = {f"I.6.{n}" for n in (1, 2, 3) if sums.get(f"I.6.{n}", {}).get("value") is not None}
    known = references()
    extra = [ref for ref in groups if ref not in known]
    return [
        _row(ref, known.get(ref), sums.get(ref), groups.get(ref, []), stated.get(ref), unstated_use)
        for ref in [*known, *extra]
    ]


def _apart(lines: pa.Table) -> pa.Table:
    """Lines that are only shown without the reference under which they would be added to what counts."""
    known = references()
    pairs = zip(lines["ref"].to_pylist(), lines["level"].to_pylist(), strict=True)
    refs = [
        "" if level == "memo" and ref in known and known[ref].level != "memo" else ref for ref, level in pairs
    ]
    at = lines.schema.get_field_index("ref")
    return lines.set_column(at, lines.schema.field(at), pa.array(refs, pa.string()))


def _row(
    ref: str,
    about: Reference | None,
    total: dict[str, Any] | None,
    lines: list[dict[str, Any]],
    stated: tuple[str, str] | None,
    unstated_use: set[str],
) -> dict[str, Any]:
    value = total["value"] if total else None
    live = [line for line in lines if line["tco2e"] is not None]
    scope = about.scope if about else next((line["scope"] for line in lines), None)
    level = about.level if about else next((line["level"] for line in lines), "")
    key, reason = (None, None) if value is not None else _key(ref, about, lines, stated, unstated_use)
    quality = _worst(_grade(line) for line in live)
    return {
        "ref": ref,
        "sector": about.sector if about else ref.partition(".")[0],
        "subsector": about.subsector if about else ref,
        "name_zh": about.name.zh if about else ref,
        "name_en": about.name.en if about else ref,
        "level": level,
        "scope1": value if scope == 1 else None,
        "scope2": value if scope == 2 else None,
        "scope3": value if scope == 3 else None,
        "total": value,
        "low": total["low"] if total else None,
        "high": total["high"] if total else None,
        "key": key,
        "reason_zh": reason.zh if reason else None,
        "reason_en": reason.en if reason else None,
        "activity_quality": _worst(_activity(line) for line in live),
        "quality": quality,
        "provisional": any(line["provisional"] for line in live),
        "verified": all(line["verified"] for line in live),
        "unknown": total["unknown"] if total else {},
    }


def _key(
    ref: str,
    about: Reference | None,
    lines: list[dict[str, Any]],
    stated: tuple[str, str] | None,
    unstated_use: set[str],
) -> tuple[str, Text]:
    """Notation key and why: what a worker stated, else the reason of lines without value, else the default."""
    if stated and stated[0] in NOTATION:
        return stated[0], Text(stated[1], stated[1])
    if lines:
        codes = sorted({line["reason"] or "factor.none" for line in lines})
        keys = {line["key"] or "NE" for line in lines}  # counted elsewhere only where every line is
        return keys.pop() if len(keys) == 1 else "NE", reason_text(";".join(codes))
    if _counted_elsewhere(ref, unstated_use):
        return "IE", REASONS["IE"]
    key = about.key if about else "NE"
    return key, REASONS[key]


def _counted_elsewhere(ref: str, unstated_use: set[str]) -> bool:
    """Energy of meters that state no use stands in I.6: that of homes, shops, works and charging may be in it."""
    head, _, scope = ref.rpartition(".")
    return (head in ("I.1", "I.2", "I.3") and f"I.6.{scope}" in unstated_use) or (
        ref == "II.1.2" and "I.6.2" in unstated_use
    )


def _activity(line: dict[str, Any]) -> str:
    """Grade of the activity: a metered amount that is mostly estimated is not high."""
    grade = GRADES.get(line["source"], "L")
    return "M" if grade == "H" and (line["estimated"] or 0.0) > 0.5 else grade


def _grade(line: dict[str, Any]) -> str:
    """Grade of activity and factor together: a factor whose source nobody read is low."""
    return _activity(line) if line["verified"] else "L"


def _worst(grades: Any) -> str | None:
    return max(grades, key=_ORDER.index, default=None)
