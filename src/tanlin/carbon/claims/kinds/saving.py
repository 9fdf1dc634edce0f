"""Energy saved by equipment: count × watts × hours, and never more than was used before."""

from __future__ import annotations

from tanlin.carbon.claims.answer import Findings, Reading
from tanlin.carbon.claims.ask import Ask
from tanlin.carbon.claims.ranges import Range
from tanlin.carbon.claims.statement import ENERGY, Field, Kind
from tanlin.kernel.errors import Text
from tanlin.kernel.words import digits

#: Error of stated watts and hours together: names on plates and switching times are nominal.
NOMINAL = 0.10
NEEDED = ("count", "watt_before", "watt_after", "hours")


def check(ask: Ask) -> Findings:
    """Reading: count × (watts before − after) × hours; limits: all that was used before, all hours of a year."""
    count, before, after, hours = (ask.number(name) for name in NEEDED)
    names = {field.name: field.label for field in FIELDS}
    missing = tuple(names[name] for name in NEEDED if ask.number(name) is None)
    readings: tuple[Reading, ...] = ()
    if count is not None and before is not None and after is not None and hours is not None:
        saved = count * (before - after) * hours / 1000
        label = Text("台数 × 功率差 × 小时", "count × difference of power × hours")
        condition = Text("按铭牌功率与运行小时计算", "counted by nominal watts and hours of operation")
        readings = (Reading("watts", "energy_balance", label, Range(saved, abs(saved) * NOMINAL), condition),)
    return Findings(readings, _limits(ask), missing, _each(ask))


def _limits(ask: Ask) -> tuple[Reading, ...]:
    used = ask.number("kwh_before")
    if used is None:
        return ()
    label = Text("改造前用电量", "all that was used before")
    return (Reading("used_before", "energy_balance", label, Range(used), label, test="at_most"),)


def _each(ask: Ask) -> tuple[Text, ...]:
    count = ask.number("count")
    if not count or not ask.claimed:
        return ()
    each = digits(ask.claimed / count)
    return (Text(f"折合每台每年 {each} 千瓦时。", f"That is {each} kWh a piece and year."),)


FIELDS = (
    Field("count", Text("台数（盏数）", "Number of lamps or machines")),
    Field("watt_before", Text("改造前单台功率", "Power of one before"), unit="W"),
    Field("watt_after", Text("改造后单台功率", "Power of one after"), unit="W"),
    Field("hours", Text("全年运行小时", "Hours of operation a year"), unit="h", top=8784),
    Field("kwh_before", Text("改造前年用电量", "Electricity a year before"), unit="kWh"),
)
ENERGY_SAVING = Kind(
    "energy_saving",
    Text("设备改造节电", "Electricity saved by equipment"),
    Text("每年的节电量", "Electricity saved a year"),
    ENERGY,
    FIELDS,
    check,
)
