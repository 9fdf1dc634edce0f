"""Kitchen waste: what it can hold in carbon, and what keeping it out of another treatment avoids."""

from __future__ import annotations

from math import isclose

from tanlin.carbon.claims.answer import Findings, Reading
from tanlin.carbon.claims.ask import Ask
from tanlin.carbon.claims.ranges import Range
from tanlin.carbon.claims.statement import NOT_STATED, TONNES, Field, Kind
from tanlin.carbon.factors import Resolved
from tanlin.kernel.errors import Text
from tanlin.kernel.words import digits

CO2_PER_C = 44 / 12
FULL_YEAR = 365.0
#: Facts of the IPCC first-order model without its delay: all methane of one year's waste.
POTENTIAL, OXIDATION, GWP = "waste.landfill.food.ch4_potential", "waste.ipcc.ox", "gwp.ar5.ch4"
FORMER_GWP = ("gwp.ar4.ch4", "gwp.sar.ch4")
INCINERATED = "waste.lca.qingdao.mixed_incineration"
TREATED = {
    "anaerobic": ("waste.lca.qingdao.sorted_ad_incineration", Text("厌氧消化", "anaerobic digestion")),
    "insects": ("waste.bsf_ad.net_reduction", Text("黑水虻加厌氧", "insects and anaerobic digestion")),
}


def check(ask: Ask) -> Findings:
    """Readings: fixation (carbon content), and avoided emission against landfill, incineration and composting."""
    daily, days = ask.number("mass_per_day"), ask.number("days")
    if daily is None:
        return Findings((), missing=(Text("每天处理的吨数", "the tonnes treated a day"),))
    mass = daily * (FULL_YEAR if days is None else days)
    readings = (_fixation(ask, mass), *_landfill(ask, mass), *_incineration(ask, mass), _compost(ask, mass))
    stated = Text(
        f"按每天 {daily:g} 吨、{mass / daily:g} 天满负荷计，全年 {digits(mass)} 吨。",
        f"{daily:g} t a day over {mass / daily:g} days at full load are {digits(mass)} t a year.",
    )
    missing = () if days is not None else (Text("全年实际运行天数", "the days of operation in the year"),)
    known = tuple(each for each in readings if each is not None)
    warming = tuple(fact for fact in map(ask.fact, (GWP, *FORMER_GWP)) if fact is not None)
    notes = (stated, *_implied(ask, mass, warming))
    return Findings(known, missing=missing, notes=notes, facts=warming)


def _fixation(ask: Ask, mass: float) -> Reading | None:
    organic, carbon = ask.fact("waste.food.organic_matter"), ask.fact("waste.food.carbon_dry")
    if organic is None or carbon is None:
        return None
    held = Range.of(organic.fact) * Range.of(carbon.fact) * (mass * CO2_PER_C)
    return Reading(
        "fixation",
        "carbon_content",
        Text("固碳（全部碳留存）", "fixation, all carbon kept"),
        held,
        Text(
            f"说明是固碳：这些垃圾全部的碳合 {digits(held.low)}–{digits(held.high)} 吨二氧化碳，固碳不会多于此数",
            f"stated as fixation: all carbon in this waste is {digits(held.low)} to {digits(held.high)} t of CO2,"
            " and no more can be fixed",
        ),
        stated=ask.allows("basis", "fixation"),
        facts=(organic, carbon),
        test="at_most",
    )


def _landfill(ask: Ask, mass: float) -> list[Reading]:
    potential, warming = ask.fact(POTENTIAL), ask.fact(GWP)
    if potential is None or warming is None:
        return []
    methane = Range.of(potential.fact) * Range.of(warming.fact) * mass
    return [
        Reading(
            "landfill",
            "mass_balance",
            Text("避免填埋甲烷（无收集）", "landfill methane avoided, no capture"),
            methane,
            Text(
                "说明是避免的填埋甲烷：基准情景为无填埋气收集的填埋，全年满负荷",
                "stated as landfill methane avoided: the counterfactual is a landfill without gas capture, at full"
                " load all year",
            ),
            stated=_avoids(ask, "landfill"),
            facts=(potential, warming),
        ),
        _captured(ask, methane, potential, warming),
    ]


def _captured(ask: Ask, methane: Range, potential: Resolved, warming: Resolved) -> Reading:
    """With gas capture: what escapes and is not oxidised; without a stated share, anything below the potential."""
    share, oxidation = ask.number("capture"), ask.fact(OXIDATION)
    known = share is not None and oxidation is not None
    left = methane
    if share is not None and oxidation is not None:
        left = methane * Range(1 - oxidation.value, Range.of(oxidation.fact).half) * (1 - share / 100)
    return Reading(
        "landfill_capture",
        "mass_balance",
        Text("避免填埋甲烷（有收集）", "landfill methane avoided, with capture"),
        left,
        Text(
            "说明是避免的填埋甲烷：基准情景为有填埋气收集的填埋，并说明收集率",
            "stated as landfill methane avoided: the counterfactual is a landfill with gas capture, its rate stated",
        ),
        stated=_avoids(ask, "landfill_capture"),
        facts=(potential, warming, oxidation) if known and oxidation else (potential, warming),
        test="within" if known else "at_most",
    )


def _incineration(ask: Ask, mass: float) -> list[Reading]:
    burnt, found = ask.fact(INCINERATED), []
    for code, (fact_id, name) in TREATED.items():
        own = ask.fact(fact_id)
        if burnt is None or own is None or not ask.allows("treatment", code):
            continue
        avoided = (Range.of(burnt.fact) - Range.of(own.fact)) * (mass / 1000)
        found.append(
            Reading(
                f"incineration_{code}",
                "mass_balance",
                Text(f"对比焚烧（{name.zh}）", f"against incineration, {name.en}"),
                avoided,
                Text(
                    f"基准情景为焚烧发电，处理方式为{name.zh}",
                    f"the counterfactual is incineration with power, treated by {name.en}",
                ),
                stated=_avoids(ask, "incineration"),
                facts=(burnt, own),
            )
        )
    return found


def _compost(ask: Ask, mass: float) -> Reading | None:
    names = ("waste.compost.ch4", GWP, "waste.compost.n2o", "gwp.ar5.n2o")
    facts = [fact for fact in map(ask.fact, names) if fact is not None]
    if len(facts) < len(names):
        return None
    methane, warm_ch4, nitrous, warm_n2o = (Range.of(fact.fact) for fact in facts)
    avoided = (methane * warm_ch4 + nitrous * warm_n2o) * (mass / 1000)
    return Reading(
        "compost",
        "mass_balance",
        Text("对比堆肥", "against composting"),
        avoided,
        Text("基准情景为堆肥", "the counterfactual is composting"),
        stated=_avoids(ask, "compost"),
        facts=tuple(facts),
    )


def _avoids(ask: Ask, counterfactual: str) -> bool:
    return ask.allows("basis", "avoided") and ask.allows("counterfactual", counterfactual)


def _implied(ask: Ask, mass: float, warming: tuple[Resolved, ...]) -> list[Text]:
    """The claim per tonne of waste, and the share of landfill methane it stands for under each GWP in use."""
    potential, claimed = ask.fact(POTENTIAL), ask.claimed
    if potential is None or not claimed or isclose(mass, 0):
        return []
    per_tonne = claimed / mass
    shares = [(fact.value, per_tonne / (potential.value * fact.value)) for fact in warming]
    zh = "、".join(f"GWP {gwp:g} 时 {share:.0%}" for gwp, share in shares if share <= 1)
    en = ", ".join(f"{share:.0%} at GWP {gwp:g}" for gwp, share in shares if share <= 1)
    note = [Text(f"折合每吨垃圾 {per_tonne:.3g} 吨。", f"That is {per_tonne:.3g} t per tonne of waste.")]
    if en:
        told = Text(
            f"相当于填埋产甲烷潜势中逸散的份额：{zh}。",
            f"It stands for this share of the landfill methane reaching the air: {en}.",
        )
        note.append(told)
    return note


FOOD_WASTE = Kind(
    "food_waste",
    Text("厨余垃圾处理", "Treatment of kitchen waste"),
    Text("每年的减排或固碳量", "Reduction or fixation a year"),
    TONNES,
    (
        Field("mass_per_day", Text("每天处理量", "Treated a day"), unit="t/d"),
        Field("days", Text("全年运行天数", "Days of operation a year"), unit="d", top=366),
        Field(
            "basis",
            Text("所称的是", "What is claimed"),
            "choice",
            choices={
                "": NOT_STATED,
                "avoided": Text("避免的排放", "emission avoided"),
                "fixation": Text("固碳", "fixation"),
            },
        ),
        Field(
            "counterfactual",
            Text("基准情景", "Counterfactual"),
            "choice",
            choices={
                "": NOT_STATED,
                "landfill": Text("填埋，无收集", "landfill without capture"),
                "landfill_capture": Text("填埋，有收集", "landfill with capture"),
                "incineration": Text("焚烧发电", "incineration with power"),
                "compost": Text("堆肥", "composting"),
            },
        ),
        Field("capture", Text("填埋气收集率", "Landfill gas captured"), unit="%", top=100),
        Field(
            "treatment",
            Text("本项目处理方式", "Treatment"),
            "choice",
            choices={"": NOT_STATED} | {code: name for code, (_, name) in TREATED.items()},
        ),
    ),
    check,
)
