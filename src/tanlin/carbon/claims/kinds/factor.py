"""A factor that a table, an app or an article states: is it the value of what it is called?"""

from __future__ import annotations

from math import isclose

from tanlin.carbon.claims.answer import Findings, Reading
from tanlin.carbon.claims.ask import Ask
from tanlin.carbon.claims.ranges import ROUNDED, Range
from tanlin.carbon.claims.statement import PLAIN, Field, Kind
from tanlin.carbon.factors import Resolved
from tanlin.kernel.errors import Text

#: Another fact is recognised by its value to four digits.
SAME = 1e-4
MOST = 3


def check(ask: Ask) -> Findings:
    """Readings: the published value of the named quantity, and its stated uncertainty; notes: whose value it is."""
    name = ask.word("fact")
    named = ask.fact(name) if name else None
    if named is None:
        missing = Text("所指的因子（编号）", "the factor that is meant, by its id")
        return Findings((), missing=(missing,))
    others = _same_value(ask, named)
    notes = tuple(
        Text(
            f"该数值与“{each.fact.name.zh}”（{each.fact_id}）相同，属另一个量。",
            f"This is the value of “{each.fact.name.en}” ({each.fact_id}), a different quantity.",
        )
        for each in others
    )
    return Findings(tuple(_readings(named)), notes=notes, facts=tuple(others))


def _readings(named: Resolved) -> list[Reading]:
    value, title = named.value, named.fact.name
    told = Text(f"{title.zh}：{value:g} {named.unit}", f"{title.en}: {value:g} {named.unit}")
    published = Range(value, abs(value) * ROUNDED)
    found = [Reading("published", "factor", told, published, told, facts=(named,))]
    if named.uncertainty_pct:
        label = Text(
            f"{title.zh}，± {named.uncertainty_pct:g} %", f"{title.en}, ± {named.uncertainty_pct:g} %"
        )
        condition = Text("说明数值的来源与年份", "the source and year of the value are stated")
        found.append(Reading("uncertain", "factor", label, Range.of(named.fact), condition, facts=(named,)))
    return found


def _same_value(ask: Ask, named: Resolved) -> list[Resolved]:
    """Facts of the same unit and gas that have the claimed value, when the named one has not."""
    claimed = ask.claimed
    if claimed is None or isclose(claimed, named.value, rel_tol=ROUNDED):
        return []
    same = [
        Resolved(fact)
        for fact in ask.book.facts
        if (fact.unit, fact.gas) == (named.unit, named.gas) and isclose(fact.value, claimed, rel_tol=SAME)
    ]
    return sorted(same, key=lambda found: found.fact_id)[:MOST]


FACTOR = Kind(
    "factor",
    Text("引用的排放因子或系数", "A quoted factor"),
    Text("所称数值（单位与该因子相同）", "Value, in the unit of the factor"),
    PLAIN,
    (
        Field(
            "fact",
            Text("所指因子的编号", "Id of the factor meant"),
            "text",
            hint=Text(
                "见“因子与价格”，例如 grid.cn.avg.2022", "See “Factors and tariffs”, such as grid.cn.avg.2022"
            ),
        ),
    ),
    check,
)
