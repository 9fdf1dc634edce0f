"""A receipt recomputed from what it pins, and what of that is different today."""

from __future__ import annotations

from typing import Any

from tanlin.carbon.figures import LABELS, nothing
from tanlin.carbon.inventory import inventory
from tanlin.carbon.services import inputs
from tanlin.carbon.services.deriving import GWP, compute, facts_cited
from tanlin.carbon.services.inputs import Registry
from tanlin.carbon.stored import books
from tanlin.community import queries as community
from tanlin.kernel.errors import NotFound
from tanlin.kernel.period import Period
from tanlin.kernel.receipt import Change, Recomputed
from tanlin.readings import Snapshot, set_digest
from tanlin.readings import queries as readings
from tanlin.record import queries as record


def replay(body: dict[str, Any], batch: int | None, **where: Any) -> Recomputed:
    """Recompute a figure from its pinned inputs and list which of them are different today.

    Raises InputErased where a pinned input was erased, NotFound where it is not stored.
    """
    if "folder" in where:
        from tanlin.carbon.files import replay as replay_file

        return replay_file(body, where["folder"])
    pins = {kind: item for item in body["inputs"] for kind in ("readings", "registry") if kind in item}
    registry = Registry.read(record.blob(pins["registry"]["registry"]))
    period, as_of = Period.parse(body["period"]), int(body["parameters"]["as_of"])
    zone, low, high = (
        body["parameters"]["tz"],
        pins["readings"]["first_month"],
        pins["readings"]["last_month"],
    )
    now = readings.snapshot()
    today = inputs.span(now, registry.meters, period, zone)
    read = inputs.with_lead(now, registry.meters, period, zone, today) if today else None
    months = inputs.wider((low, high), read)
    first, last = Period(months[0]).bounds("UTC")[0], Period(months[1]).bounds("UTC")[1]
    then = readings.as_of(batch or 0, registry.meter_ids, registry.devices, first, last, zones=registry.zones)
    cited = [item for item in body["inputs"] if "fact" in item]
    made, _ = compute(then.snapshot, registry, period, books(inputs.facts_pinned(cited)), as_of)
    found = next((result for result in made if result.key == body["figure"]), None)
    if found is None and body["figure"] not in LABELS:
        raise NotFound("carbon.figure_unknown")
    result = (found or nothing(body["figure"])).body()
    if set_digest(inputs.of_months(then.digests, low, high)) != pins["readings"]["readings"]:
        result = result | {"readings": "digest"}  # the log no longer gives the pinned rows: never "equal"
    end = min(today[1], period.bounds(zone)[1]) if today else as_of
    changes = _registry_and_facts(body["place"], registry, cited, period, max(end, as_of))
    return Recomputed(result, changes + inputs.reading_changes(then, now, months, registry))


def _registry_and_facts(
    place: str, registry: Registry, cited: list[dict[str, Any]], period: Period, as_of: int
) -> list[Change]:
    """What a derivation up to ``as_of`` would take from facts and registry today, against what it took then."""
    now = inputs.registry_of(community.area(community.SYSTEM, place), period)
    known = books(record.facts())
    # Which facts are used depends on the meters and the time readings are expected, not on the readings.
    today = inventory(
        Snapshot(), now.meters, period, known.factors, known.tariffs, as_of=as_of, gwp=GWP, breakdown=False
    )
    changes = inputs.fact_changes(cited, facts_cited(today.facts_used, known))
    return changes + inputs.registry_changes(registry, now)
