"""Cuts in per cent and amounts per person: arithmetic, and the boundary they rest on."""

from __future__ import annotations

from tanlin.carbon.claims.answer import Findings, Reading
from tanlin.carbon.claims.ask import Ask
from tanlin.carbon.claims.ranges import Range
from tanlin.carbon.claims.statement import NOT_STATED, PERCENT, Field, Kind
from tanlin.kernel.errors import Text
from tanlin.kernel.words import digits

#: Half a step of a printed whole per cent, with as much again for rounded amounts.
ROUNDING = 1.0
#: Error of a quotient of two printed amounts.
PRINTED = 0.02
BOUNDARY = Field("boundary", Text("边界（包含哪些排放、哪些人）", "Boundary: what and whom it holds"), "text")
BASE_YEAR = Field("base_year", Text("基准年", "Base year"), "year")


def check_cut(ask: Ask) -> Findings:
    """Readings: the cut by the stated amounts; else software alone, or with further measures (open)."""
    amounts = _cut(ask)
    readings = amounts or tuple(reading for reading in (_software(ask), _further(ask)) if reading)
    missing = [
        text
        for stated, text in (
            (ask.number("base_year"), Text("基准年", "the base year")),
            (
                ask.word("boundary"),
                Text("边界：包含哪些建筑与用能", "the boundary: which buildings and uses"),
            ),
            (ask.number("before"), Text("基准年用量", "the amount of the base year")),
            (ask.number("after"), Text("实施后的用量（读数）", "the amount afterwards, from readings")),
            (
                ask.word("normalised") == "yes",
                Text("是否按天气与入住情况修正", "whether it is corrected for weather and occupancy"),
            ),
        )
        if not stated
    ]
    if ask.word("status") == "planned":
        missing.append(Text("这是目标：实施后的数据", "this is a target: data from afterwards"))
    return Findings(readings, missing=tuple(missing))


def _cut(ask: Ask) -> tuple[Reading, ...]:
    before, after = ask.number("before"), ask.number("after")
    if not before or after is None:
        return ()
    cut = (1 - after / before) * 100
    label = Text("由前后两个数计算的降幅", "cut by the two amounts")
    condition = Text("基准年与边界前后一致", "base year and boundary are the same for both")
    return (Reading("amounts", "arithmetic", label, Range(cut, ROUNDING), condition),)


def _software(ask: Ask) -> Reading | None:
    fact = ask.bound("software.saving")
    if fact is None:
        return None
    label = Text("仅靠能源管理软件", "energy management software alone")
    condition = Text("说明仅靠能源管理软件", "stated as software alone")
    stated = ask.allows("measures", "software")
    return Reading(
        "software", "experience", label, Range.of(fact.fact), condition, stated=stated, facts=(fact,)
    )


def _further(ask: Ask) -> Reading:
    label = Text("连同光伏与改造", "with PV and retrofits counted")
    condition = Text(
        "计入光伏与设备改造，并逐项说明数量", "PV and retrofits are counted, each with its amount"
    )
    return Reading("further", "experience", label, None, condition, stated=ask.allows("measures", "further"))


def check_person(ask: Ask) -> Findings:
    """Readings: the cut between two amounts per person; the amount per person as total over population."""
    readings = list(_cut(ask))
    total, people, after = ask.number("total"), ask.number("population"), ask.number("after")
    limits: tuple[Reading, ...] = ()
    notes = []
    if total is not None and people:
        each = total / people
        notes.append(
            Text(
                f"总量除以人口为每人 {digits(each)} 吨。",
                f"Total over population is {digits(each)} t a person.",
            )
        )
        if after is not None and abs(each - after) > PRINTED * max(each, after):
            notes.append(
                Text(
                    "与所称的人均值不同，请说明人口口径。",
                    "This is not the stated amount per person: state how people are counted.",
                )
            )
    missing = [
        text
        for stated, text in (
            (
                ask.number("before") and after is not None,
                Text("前后两个人均值", "the two amounts per person"),
            ),
            (ask.word("boundary"), Text("边界：包含哪些排放", "the boundary: which emissions it holds")),
            (
                people,
                Text(
                    "人口及其口径（户籍、常住、游客）",
                    "the population and how it is defined (registered, resident, visitors)",
                ),
            ),
            (total, Text("排放总量", "the total emissions")),
        )
        if not stated
    ]
    return Findings(tuple(readings), limits, tuple(missing), tuple(notes))


PERCENT_CUT = Kind(
    "percent_cut",
    Text("节能或减排百分比", "A cut in per cent"),
    Text("降幅", "Cut"),
    PERCENT,
    (
        Field("before", Text("基准年用量", "Amount of the base year")),
        Field("after", Text("实施后用量", "Amount afterwards")),
        BASE_YEAR,
        BOUNDARY,
        Field(
            "status",
            Text("状态", "State"),
            "choice",
            choices={
                "": NOT_STATED,
                "planned": Text("目标", "target"),
                "achieved": Text("已实现", "achieved"),
            },
        ),
        Field(
            "measures",
            Text("靠什么实现", "By what"),
            "choice",
            choices={
                "": NOT_STATED,
                "software": Text("仅能源管理软件", "energy management software alone"),
                "further": Text("连同光伏与改造", "with PV and retrofits"),
            },
        ),
        Field(
            "normalised",
            Text("已按天气与入住修正", "Corrected for weather and occupancy"),
            "choice",
            choices={"": NOT_STATED, "yes": Text("是", "yes"), "no": Text("否", "no")},
        ),
    ),
    check_cut,
)
PER_PERSON = Kind(
    "per_person",
    Text("人均排放及其下降", "Emissions per person and their cut"),
    Text("降幅", "Cut"),
    PERCENT,
    (
        Field("before", Text("原人均排放", "Per person before"), unit="tCO2e"),
        Field("after", Text("现人均或目标", "Per person now or as target"), unit="tCO2e"),
        Field("total", Text("排放总量", "Total emissions"), unit="tCO2e"),
        Field("population", Text("人口", "Population")),
        BASE_YEAR,
        BOUNDARY,
    ),
    check_person,
)
