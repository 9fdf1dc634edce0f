"""Electricity generated or saved: capacity × hours in kilowatt hours, and a factor of the grid in tonnes."""

from __future__ import annotations

from dataclasses import dataclass

from tanlin.carbon.claims.answer import Findings, Reading
from tanlin.carbon.claims.ask import Ask
from tanlin.carbon.claims.ranges import ROUNDED, Range
from tanlin.carbon.claims.statement import ENERGY, NOT_STATED, TONNES, Field, Kind
from tanlin.carbon.factors import Resolved
from tanlin.kernel.errors import Text
from tanlin.kernel.words import digits

HOURS_A_YEAR = 8760.0
AREAS = {
    "roof": Text("屋顶面积", "roof area"),
    "module": Text("组件面积", "module area"),
}
#: Counterfactual → kind of fact, or the id of one fact; and its name.
AVERAGE, FOSSIL, COAL, PROGRAMME = "grid_average", "fossil", "coal", "programme"
COUNTERFACTUALS = {
    AVERAGE: Text("电网平均", "grid average"),
    FOSSIL: Text("全国化石能源发电", "fossil power of the country"),
    COAL: Text("燃煤发电（碳足迹因子）", "coal power (footprint factor)"),
    PROGRAMME: Text("地方方案因子（仅限该方案内）", "factor of a local programme, inside it only"),
}
_KIND_OF = {AVERAGE: "grid_location", FOSSIL: "grid_fossil", PROGRAMME: "grid_local_program"}
COAL_FACT = "gridlca.cn.coal.2023"
REGION = Field("region", Text("地区", "Region"), "region")
YEAR = Field("year", Text("年份", "Year"), "year")
PLANT = (
    Field("capacity_kw", Text("装机容量", "Installed capacity"), unit="kWp"),
    Field("area_m2", Text("光伏面积", "PV area"), unit="m2"),
    Field("area_basis", Text("面积口径", "Area is"), "choice", choices={"": NOT_STATED} | AREAS),
)


@dataclass(frozen=True)
class Energy:
    """Kilowatt hours a year in one way to read what is stated, and the installed capacity it means (kWp)."""

    name: str
    label: Text
    kwh: Range
    facts: tuple[Resolved, ...] = ()
    kwp: Range | None = None


def generation(ask: Ask) -> list[Energy]:
    """What the stated plant makes in a year, by the hours of its region; none where neither size is stated."""
    hours, capacity, area = ask.bound("pv.hours"), ask.number("capacity_kw"), ask.number("area_m2")
    if hours is None:
        return []
    yearly = Range.of(hours.fact)
    if capacity is not None:
        label = Text("装机容量 × 等效小时", "capacity × full-load hours")
        return [Energy("capacity", label, yearly * capacity, (hours,), Range(capacity))]
    found = []
    for basis, name in AREAS.items() if area is not None else ():
        density = ask.bound(f"pv.density.{basis}")
        if density is not None and area is not None and ask.allows("area_basis", basis):
            size = Range.of(density.fact) * area
            label = Text(f"按{name.zh}", f"read as {name.en}")
            found.append(Energy(basis, label, yearly * size, (density, hours), size))
    return found


def check_solar(ask: Ask) -> Findings:
    """Readings: the plant's capacity, or each meaning of its area, times the hours; limit: every hour of the year."""
    plants = generation(ask)
    readings = tuple(
        Reading(each.name, "capacity_hours", each.label, each.kwh, _meant(each), facts=each.facts)
        for each in plants
    )
    limits: tuple[Reading, ...] = ()
    notes = [note for each in plants for note in _sizes(ask, each)]
    capacity = ask.number("capacity_kw")
    if capacity is not None:
        top = Range(capacity * HOURS_A_YEAR)
        label = Text("全年每小时满发", "full output every hour of the year")
        limits = (Reading("all_hours", "energy_balance", label, top, label, test="at_most"),)
        if ask.claimed:
            hours = digits(ask.claimed / capacity)
            notes.append(
                Text(
                    f"折合全年 {hours} 小时；整数小时多为经验数，非读数。",
                    f"That is {hours} hours a year; a round number of hours is mostly a rule of thumb, not a reading.",
                )
            )
    return Findings(readings, limits, _solar_missing(ask, bool(plants)), tuple(notes), tuple(_average(ask)))


def _solar_missing(ask: Ask, computed: bool) -> tuple[Text, ...]:
    missing = []
    if ask.claimed is None:
        missing.append(Text("所称的年发电量", "the electricity claimed for a year"))
    if ask.number("capacity_kw") is None and ask.number("area_m2") is None:
        missing.append(Text("装机容量或面积", "the installed capacity or the area"))
    elif ask.number("capacity_kw") is None and not ask.word("area_basis"):
        missing.append(
            Text(
                "面积是屋顶还是组件（或装机容量）",
                "whether the area is of roof or of modules (or the capacity)",
            )
        )
    if not computed and not ask.bound("pv.hours"):
        missing.append(Text("地区（当地等效小时）", "the region, for its full-load hours"))
    return tuple(missing)


def _meant(plant: Energy) -> Text:
    return Text(f"{plant.label.zh}，并说明装机容量", f"{plant.label.en}, with the capacity stated")


def _average(ask: Ask) -> list[Resolved]:
    return ask.vintages(_KIND_OF[AVERAGE])[-1:]


def _sizes(ask: Ask, plant: Energy) -> list[Text]:
    """Capacity, energy and tonnes of one reading in a sentence."""
    zh, en = plant.label
    energy = f"{digits(plant.kwh.low / 1000)}–{digits(plant.kwh.high / 1000)} MWh"
    size = plant.kwp
    power = "" if size is None or not size.half else f"{digits(size.low)}–{digits(size.high)} kWp, "
    tonnes = [plant.kwh * Range.of(fact.fact) * 1e-3 for fact in _average(ask)]
    carbon = "".join(f", {digits(each.low)}–{digits(each.high)} tCO₂" for each in tonnes)
    return [Text(f"{zh}：{power}{energy}{carbon}。", f"{en}: {power}{energy}{carbon}.")]


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
    notes = tuple(_implied(ask, amount) for amount in amounts if ask.claimed)
    coal = ask.fact(COAL_FACT)
    limits = tuple(_coal(amount, coal) for amount in amounts if coal)
    return Findings(tuple(readings), limits, () if ask.region else (WHERE,), notes)


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


SOLAR = Kind(
    "solar",
    Text("光伏发电量", "Electricity of a PV plant"),
    Text("每年的发电量", "Electricity a year"),
    ENERGY,
    (*PLANT, REGION, YEAR),
    check_solar,
)
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
        Field(
            "counterfactual",
            Text("替代的电力", "Power replaced"),
            "choice",
            choices={"": NOT_STATED} | COUNTERFACTUALS,
        ),
    ),
    check_power,
)
