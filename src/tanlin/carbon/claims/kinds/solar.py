"""Electricity that a PV plant makes: capacity, or what an area can hold, times the hours of its region."""

from __future__ import annotations

from dataclasses import dataclass

from tanlin.carbon.claims.answer import Findings, Reading
from tanlin.carbon.claims.ask import Ask
from tanlin.carbon.claims.ranges import Range
from tanlin.carbon.claims.statement import ENERGY, NOT_STATED, Field, Kind
from tanlin.carbon.factors import Resolved
from tanlin.kernel.errors import Text
from tanlin.kernel.words import digits

HOURS_A_YEAR = 8760.0
AVERAGE_KIND = "grid_location"
AREAS = {
    "roof": Text("屋顶面积", "roof area"),
    "module": Text("组件面积", "module area"),
}
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
    return ask.vintages(AVERAGE_KIND)[-1:]


def _sizes(ask: Ask, plant: Energy) -> list[Text]:
    """Capacity, energy and tonnes of one reading in a sentence."""
    zh, en = plant.label
    energy = f"{digits(plant.kwh.low / 1000)}–{digits(plant.kwh.high / 1000)} MWh"
    size = plant.kwp
    power = "" if size is None or not size.half else f"{digits(size.low)}–{digits(size.high)} kWp, "
    tonnes = [plant.kwh * Range.of(fact.fact) * 1e-3 for fact in _average(ask)]
    carbon = "".join(f", {digits(each.low)}–{digits(each.high)} tCO₂" for each in tonnes)
    return [Text(f"{zh}：{power}{energy}{carbon}。", f"{en}: {power}{energy}{carbon}.")]


SOLAR = Kind(
    "solar",
    Text("光伏发电量", "Electricity of a PV plant"),
    Text("每年的发电量", "Electricity a year"),
    ENERGY,
    (*PLANT, REGION, YEAR),
    check_solar,
)
