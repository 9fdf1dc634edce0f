"""Trees and greenery: what a stem or an area takes up in a year."""

from __future__ import annotations

from tanlin.carbon.claims.answer import Findings, Reading
from tanlin.carbon.claims.ask import Ask
from tanlin.carbon.claims.ranges import Range
from tanlin.carbon.claims.statement import TONNES, Field, Kind
from tanlin.carbon.factors import Resolved
from tanlin.kernel.errors import Text
from tanlin.kernel.words import digits

FOREST = "sink.forest.subtropical_broadleaf"
STEMS = (
    ("tree.popular", Text("成熟树木，常用数", "mature trees, popular figure")),
    ("tree.measured", Text("华南树种，实测", "South China species, measured")),
)


def check(ask: Ask) -> Findings:
    """Readings: the stated number of trees times the uptake of a tree; the stated area times that of greenery."""
    trees, area = ask.number("trees"), ask.number("area_m2")
    readings = [*(_stems(ask, trees) if trees else []), *(_land(ask, area) if area else [])]
    missing = () if trees or area else (Text("树木株数或绿地面积", "the number of trees or the area"),)
    notes, facts = _implied(ask, trees)
    return Findings(tuple(readings), missing=missing, notes=notes, facts=facts)


def _stems(ask: Ask, trees: float) -> list[Reading]:
    found = []
    for product, name in STEMS:
        fact = ask.bound(product)
        if fact is not None:
            found.append(_reading(product, "uptake", name, fact, trees / 1000))
    return found


def _land(ask: Ask, area: float) -> list[Reading]:
    fact = ask.bound("land.uptake")
    name = Text("绿地，草坪至复层", "greenery, lawn to layered planting")
    return [_reading("land.uptake", "land", name, fact, area / 1000)] if fact else []


def _reading(name: str, bound: str, label: Text, fact: Resolved, scale: float) -> Reading:
    condition = Text(
        f"按{label.zh}计算，并说明树种与树龄", f"counted as {label.en}, with species and age stated"
    )
    return Reading(name, bound, label, Range.of(fact.fact) * scale, condition, facts=(fact,))


def _implied(ask: Ask, trees: float | None) -> tuple[tuple[Text, ...], tuple[Resolved, ...]]:
    """Kilograms a tree that the claim stands for; how many trees and how much forest it would take."""
    if not ask.claimed:
        return (), ()
    notes, facts = [], []
    if trees:
        each = ask.claimed * 1000 / trees
        notes.append(
            Text(f"折合每株每年 {digits(each)} 千克。", f"That is {digits(each)} kg per tree and year.")
        )
    popular, forest = ask.bound("tree.popular"), ask.fact(FOREST)
    if popular is not None:
        one = Range.of(popular.fact)
        few, many = (digits(round(ask.claimed * 1000 / end, -2)) for end in (one.high, one.low))
        notes.append(
            Text(
                f"达到该数约需 {few}–{many} 株成熟树木。",
                f"It would take about {few} to {many} mature trees.",
            )
        )
    if forest is not None:
        hectares = digits(ask.claimed / abs(forest.value))
        notes.append(
            Text(
                f"或约 {hectares} 公顷亚热带阔叶林。",
                f"Or about {hectares} ha of subtropical broadleaf forest.",
            )
        )
        facts.append(forest)
    return tuple(notes), tuple(facts)


TREES = Kind(
    "trees",
    Text("折合种树或绿地固碳", "Trees or greenery"),
    Text("每年的固碳量", "Uptake a year"),
    TONNES,
    (
        Field("trees", Text("树木株数", "Number of trees")),
        Field("area_m2", Text("绿地面积", "Area of greenery"), unit="m2"),
        Field("region", Text("地区", "Region"), "region"),
    ),
    check,
)
