"""Tonnes of electricity generated or saved: kilowatt hours times a factor that has a name."""

from __future__ import annotations

from math import isclose

from tanlin.carbon.claims.answer import Findings, Reading
from tanlin.carbon.claims.ask import Ask
from tanlin.carbon.claims.kinds.solar import AVERAGE_KIND, PLANT, REGION, YEAR, Energy, generation
from tanlin.carbon.claims.ranges import ROUNDED, Range
from tanlin.carbon.claims.statement import NOT_STATED, TONNES, Field, Kind
from tanlin.carbon.factors import Resolved, region_chain
from tanlin.kernel.errors import Text

#: Counterfactual → its name, and the kind of fact it takes.
AVERAGE, FOSSIL, COAL, PROGRAMME = "grid_average", "fossil", "coal", "programme"
COUNTERFACTUALS = {
    AVERAGE: Text("电网平均", "grid average"),
    FOSSIL: Text("全国化石能源发电", "fossil power of the country"),
    COAL: Text("燃煤发电（碳足迹因子）", "coal power (footprint factor)"),
    PROGRAMME: Text("地方方案因子（仅限该方案内）", "factor of a local programme, inside it only"),
}
_KIND_OF = {AVERAGE: AVERAGE_KIND, FOSSIL: "grid_fossil", PROGRAMME: "grid_local_program"}
COAL_FACT = "gridlca.cn.coal.2023"
#: Units of the factors among which the claim's own is sought, and how many of them are named.
PER_KWH, MOST = ("kgCO2/kWh", "kgCO2e/kWh"), 3


#: What decides the grid's factor.
WHERE = Text("地区（决定电网因子）", "the region, which decides the grid's factor")


def check_power(ask: Ask) -> Findings:
    """Readings: the stated or computed electricity times each factor that the claim's words allow."""
    kwh = ask.number("kwh")
    if kwh is not None:
        amounts = [Energy("kwh", Text("所述电量", "stated electricity"), Range(kwh))]
    else:
        amounts = generation(ask)
    if not amounts:
        missing = (
            Text("电量（千瓦时），或装机容量与地区", "the electricity in kWh, or capacity and region"),
        )
        return Findings((), missing=missing)
    factors = [item for name in COUNTERFACTUALS for item in _factors(ask, name)]
    readings = [_tonnes(ask, amount, name, factor) for amount in amounts for name, factor in factors]
    if AVERAGE not in {name for name, _ in factors}:
        readings.append(_unknown_average(ask))
    if factors and not ask.word("counterfactual"):
        readings += [_unnamed(amount, factors) for amount in amounts]
    coal = ask.fact(COAL_FACT)
    limits = tuple(_coal(amount, coal) for amount in amounts if coal) + _arithmetic(ask)
    notes, named = _whose_factor(ask, amounts)
    return Findings(tuple(readings), limits, () if ask.region else (WHERE,), notes, named)


def _arithmetic(ask: Ask) -> tuple[Reading, ...]:
    """Limit: the stated electricity times the stated factor, but for rounding."""
    kwh, factor = ask.number("kwh"), ask.number("stated_factor")
    if kwh is None or factor is None:
        return ()
    product = kwh * factor / 1000
    label = Text(f"所述电量 × 所述因子 {factor:g}", f"stated electricity × stated factor {factor:g}")
    return (Reading("stated_factor", "arithmetic", label, Range(product, product * ROUNDED), label),)


def _whose_factor(ask: Ask, amounts: list[Energy]) -> tuple[tuple[Text, ...], tuple[Resolved, ...]]:
    """The factor that the claim stands for, and the known factors that have this value."""
    if not ask.claimed:
        return (), ()
    notes = tuple(_implied(ask, amount) for amount in amounts)
    kwh = ask.number("kwh")
    if not kwh:
        return notes, ()
    value = ask.number("stated_factor") or ask.claimed * 1000 / kwh
    named = _same_value(ask, value)
    told = [
        Text(
            f"{value:.4g} 与“{fact.fact.name.zh}”（{fact.value:g}）相同。",
            f"{value:.4g} is “{fact.fact.name.en}” ({fact.value:g}).",
        )
        for fact in named
    ]
    none = Text(f"已知因子中没有与 {value:.4g} 相同的。", f"No known factor has the value {value:.4g}.")
    return (*notes, *(told or [none])), tuple(named)


def _same_value(ask: Ask, value: float) -> list[Resolved]:
    """Factors per kilowatt hour of the region and what holds it that have this value, but for rounding."""
    near = region_chain(ask.region or "CN")
    same = [
        Resolved(fact)
        for fact in ask.book.facts
        if fact.unit in PER_KWH and fact.region in near and isclose(fact.value, value, rel_tol=ROUNDED)
    ]
    return sorted(same, key=lambda found: (near.index(found.fact.region), found.fact_id))[:MOST]


def _unknown_average(ask: Ask) -> Reading:
    base = COUNTERFACTUALS[AVERAGE]
    condition = Text(
        "说明地区与年份，以取得电网平均因子",
        "region and year are stated, so that the grid's average is known",
    )
    return Reading(AVERAGE, "factor", base, None, condition, stated=ask.allows("counterfactual", AVERAGE))


def _coal(amount: Energy, coal: Resolved) -> Reading:
    """Limit: no power of the tables emits more than coal power."""
    most = amount.kwh * Range.of(coal.fact) * 1e-3
    label = Text("全部按燃煤发电（上限）", "all of it coal power, the most")
    return Reading(f"{amount.name}.most", "energy_balance", label, most, label, facts=(coal,), test="at_most")


def _factors(ask: Ask, name: str) -> list[tuple[str, Resolved]]:
    if name == COAL:
        found = ask.fact(COAL_FACT)
        return [(name, found)] if found else []
    return [(name, fact) for fact in ask.vintages(_KIND_OF[name])]


def _tonnes(ask: Ask, amount: Energy, name: str, factor: Resolved) -> Reading:
    base = COUNTERFACTUALS[name]
    told = f"{factor.value:g} {factor.unit}"
    title = factor.fact.name
    return Reading(
        f"{amount.name}.{factor.fact_id}",
        "factor",
        Text(
            f"{amount.label.zh} × {base.zh} {factor.value:g}",
            f"{amount.label.en} × {base.en} {factor.value:g}",
        ),
        amount.kwh * Range.of(factor.fact, ROUNDED) * 1e-3,
        Text(
            f"说明因子为{title.zh or base.zh}（{told}）",
            f"the factor is stated as {title.en or base.en} ({told})",
        ),
        stated=ask.allows("counterfactual", name),
        facts=(*amount.facts, factor),
    )


def _unnamed(amount: Energy, factors: list[tuple[str, Resolved]]) -> Reading:
    """Any factor between the lowest and the highest in use: possible, and to be named."""
    ends = [Range.of(factor.fact) for _, factor in factors]
    low, high = min(end.low for end in ends), max(end.high for end in ends)
    return Reading(
        f"{amount.name}.unnamed",
        "factor",
        Text("介于电网平均与燃煤之间的某个因子", "some factor between grid average and coal power"),
        amount.kwh * Range((low + high) / 2, (high - low) / 2) * 1e-3,
        Text("说明所用因子的名称、年份与来源", "the factor used is named, with its year and source"),
        facts=(*amount.facts, *(factor for _, factor in factors)),
        names_base=False,
    )


def _implied(ask: Ask, amount: Energy) -> Text:
    factor = f"{(ask.claimed or 0.0) * 1000 / amount.kwh.value:.4g} kg/kWh"
    return Text(f"{amount.label.zh}：折合 {factor}。", f"{amount.label.en}: the claim stands for {factor}.")


POWER_CO2 = Kind(
    "power_co2",
    Text("发电或节电折合的减排", "Tonnes of electricity generated or saved"),
    Text("每年的减排量", "Reduction a year"),
    TONNES,
    (
        Field("kwh", Text("电量", "Electricity"), unit="kWh"),
        *PLANT,
        REGION,
        YEAR,
        Field("stated_factor", Text("所述因子", "Factor stated"), unit="kg/kWh"),
        Field(
            "counterfactual",
            Text("替代的电力", "Power replaced"),
            "choice",
            choices={"": NOT_STATED} | COUNTERFACTUALS,
        ),
    ),
    check_power,
)
