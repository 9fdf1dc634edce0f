"""Dated rules of the checks: what holds for a meter on a day.

A rule for one meter beats a rule for a place, a deeper place a higher one, a carrier all carriers; among
equals the later validity, then the one learned last.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np

from tanlin.kernel.errors import BadInput, Text, Where
from tanlin.kernel.period import midnight, zone

#: (kind, parameter) → its words, and the least and greatest value it may have.
PARAMETERS: Final = {
    ("negative", "floor"): (Text("下限（每条读数）", "least value of a reading"), -1e9, 1e9),
    ("range", "rated"): (Text("每小时上限", "most per hour"), 0.0, 1e9),
    ("spike", "deviations"): (Text("突变：稳健标准差倍数", "spike: robust deviations"), 2.0, 1000.0),
    ("spike", "share"): (Text("突变：超出常态水平的倍数", "spike: times the usual level"), 0.0, 1000.0),
    ("spike", "tail"): (Text("突变：超出自身峰值的倍数", "spike: times the meter's own bursts"), 1.0, 1000.0),
    ("spike", "hours"): (Text("突变最长时数", "longest spike, h"), 0.25, 48.0),
    ("stuck", "hours"): (Text("读数不变时数", "stuck for, h"), 2.0, 8760.0),
    ("gap", "hours"): (Text("最短缺失时数", "shortest gap, h"), 0.25, 8760.0),
    ("gap", "late"): (Text("迟到容许时数", "silence allowed, h"), 1.0, 8760.0),
    ("duplicate", "share"): (Text("重复读数容差", "tolerance of duplicates"), 0.0, 1.0),
    ("clock", "gain"): (Text("时钟：相关系数增量", "clock: gain of correlation"), 0.01, 1.0),
    ("clock", "fit"): (Text("时钟：相关系数下限", "clock: least correlation"), 0.3, 1.0),
    ("sum", "share"): (Text("总分表容差（占总表）", "sum check: share of the main meter"), 0.001, 1.0),
    ("sum", "deviations"): (Text("总分表：稳健标准差倍数", "sum check: robust deviations"), 2.0, 1000.0),
    ("estimate", "linear_hours"): (Text("直线插补最长时数", "longest straight line, h"), 0.25, 24.0),
    ("estimate", "weeks"): (Text("典型曲线周数", "weeks of the profile"), 2.0, 12.0),
}


@dataclass(frozen=True)
class Rule:
    """One dated row. Empty carrier: all; ``meter_id`` None and empty ``path``: all meters; the path reaches down."""

    kind: str
    parameter: str
    value: float
    carrier: str = ""
    meter_id: int | None = None
    path: str = ""
    valid_from: date = date.min
    valid_to: date | None = None
    learned: float = 0.0
    who: str = ""
    reason: str = ""

    @property
    def rank(self) -> tuple[bool, int, bool, date, float]:
        """The greater of two rules that both hold is the one that counts."""
        return self.meter_id is not None, len(self.path), bool(self.carrier), self.valid_from, self.learned


@dataclass(frozen=True)
class Subjects:
    """The meters a rule is asked for: three sequences of one length (n)."""

    meter_id: np.ndarray
    carrier: np.ndarray
    path: np.ndarray


class RuleBook:
    """Rules to be asked for many meters at once."""

    def __init__(self, rules: Iterable[Rule] = ()) -> None:
        """Add rules to the shipped ones."""
        self.rules = sorted([*shipped(), *rules], key=lambda rule: rule.rank)

    def values(self, kind: str, parameter: str, subjects: Subjects, day: date) -> np.ndarray:
        """What holds on a day for each subject, float64 (n)."""
        out = np.full(len(subjects.meter_id), np.nan)
        for rule in self.rules:
            if (rule.kind, rule.parameter) != (kind, parameter) or rule.valid_from > day:
                continue
            if rule.valid_to is not None and rule.valid_to <= day:
                continue
            out[_reached(rule, subjects)] = rule.value
        return out

    def value(self, kind: str, parameter: str, carrier: str, meter_id: int, path: str, day: date) -> float:
        """The same of one meter."""
        one = Subjects(np.array([meter_id]), np.array([carrier]), np.array([path]))
        return float(self.values(kind, parameter, one, day)[0])

    def stretches(self, first: int, end: int, tz: str) -> list[tuple[int, int, date]]:
        """[first, end) in epoch seconds cut where a rule begins or ends, each with a day inside it."""
        days = {
            day for rule in self.rules for day in (rule.valid_from, rule.valid_to) if day and day != date.min
        }
        edges = sorted({edge for day in days if first < (edge := midnight(day, tz)) < end})
        known = {midnight(day, tz): day for day in days}
        bounds = [first, *edges, end]
        inside = [datetime.fromtimestamp(first, zone(tz)).date(), *(known[edge] for edge in edges)]
        return list(zip(bounds[:-1], bounds[1:], inside, strict=True))


def _reached(rule: Rule, subjects: Subjects) -> np.ndarray:
    mask = np.ones(len(subjects.meter_id), bool)
    if rule.carrier:
        mask &= subjects.carrier == rule.carrier
    if rule.meter_id is not None:
        mask &= subjects.meter_id == rule.meter_id
    if rule.path:
        mask &= np.array([path.startswith(rule.path) for path in subjects.path.tolist()], bool)
    return mask


@cache
def shipped() -> Sequence[Rule]:
    """The rules that come with the product, each with its reason."""
    with (Path(__file__).parent / "vee_rules.csv").open(encoding="utf-8", newline="") as file:
        return tuple(
            Rule(
                row["kind"],
                row["parameter"],
                float(row["value"]),
                carrier=row["carrier"],
                reason=row["reason"],
            )
            for row in csv.DictReader(file)
        )


def checked(kind: str, parameter: str, value: float) -> tuple[str, str, float]:
    """The same. Raises BadInput for an unknown parameter or a value outside its limits."""
    if (kind, parameter) not in PARAMETERS:
        raise BadInput(
            "meter.unknown_rule",
            Text("没有这条校验规则。", "There is no such rule."),
            where=Where(value=f"{kind}.{parameter}"),
        )
    _words, low, high = PARAMETERS[kind, parameter]
    if not low <= value <= high:
        raise BadInput(
            "meter.rule_out_of_range",
            Text(f"数值须在 {low:g} 至 {high:g} 之间。", f"The value must be from {low:g} to {high:g}."),
            where=Where(value=str(value)),
        )
    return kind, parameter, value
