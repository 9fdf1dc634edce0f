"""Trips by public transport instead of other means."""

from __future__ import annotations

from tanlin.carbon.claims.answer import Findings, Reading
from tanlin.carbon.claims.ask import Ask
from tanlin.carbon.claims.ranges import Range
from tanlin.carbon.claims.statement import NOT_STATED, TONNES, Field, Kind
from tanlin.carbon.factors import Resolved, region_chain
from tanlin.kernel.errors import Text

MODES = {"bus": Text("公交", "bus"), "metro": Text("地铁", "metro")}
#: (region of a published method, mode) → the reduction per passenger-kilometre that it gives.
METHODS = {
    ("CN-GD-SZ", "bus"): "transport.sz.bus.reduction",
    ("CN-GD-SZ", "metro"): "transport.sz.metro.reduction",
}
CAR = "transport.cn.petrol_car.km"


def check(ask: Ask) -> Findings:
    """Readings: passenger-km times the reduction of the region's method; limit: every trip by a petrol car alone."""
    distance = ask.number("pkm")
    if distance is None:
        return Findings((), missing=(Text("人公里数", "the passenger-kilometres"),))
    readings = tuple(_method(mode, fact, distance) for mode, fact in _of_region(ask))
    car = ask.fact(CAR)
    limits: tuple[Reading, ...] = ()
    if car is not None:
        label = Text("全部由单人驾驶汽油车改乘", "every trip by one person in a petrol car before")
        most = Range.of(car.fact) * (distance / 1000)
        limits = (Reading("car_alone", "energy_balance", label, most, label, facts=(car,), test="at_most"),)
    missing = (
        () if readings else (Text("地区及所用减排方法学", "the region and the method of reduction used"),)
    )
    return Findings(readings, limits, missing)


def _of_region(ask: Ask) -> list[tuple[str, Resolved]]:
    chain = region_chain(ask.region) if ask.region else ()
    found = [
        (mode, ask.fact(fact_id))
        for (region, mode), fact_id in METHODS.items()
        if region in chain and ask.allows("mode", mode)
    ]
    return [(mode, fact) for mode, fact in found if fact is not None]


def _method(mode: str, fact: Resolved, distance: float) -> Reading:
    name = MODES[mode]
    return Reading(
        mode,
        "factor",
        Text(f"{name.zh}，{fact.value:g} 千克/人公里", f"{name.en}, {fact.value:g} kg per passenger-km"),
        Range.of(fact.fact) * (distance / 1000),
        Text(f"说明为{name.zh}出行，按当地方法学", f"stated as trips by {name.en}, by the local method"),
        facts=(fact,),
    )


TRANSPORT = Kind(
    "transport",
    Text("低碳出行减排", "Reduction by public transport"),
    Text("减排量", "Reduction"),
    TONNES,
    (
        Field("pkm", Text("人公里数", "Passenger-kilometres"), unit="pkm"),
        Field("mode", Text("出行方式", "Means"), "choice", choices={"": NOT_STATED} | MODES),
        Field("region", Text("地区", "Region"), "region"),
    ),
    check,
)
