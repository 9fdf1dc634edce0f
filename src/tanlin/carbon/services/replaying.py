"""A receipt recomputed from what it pins, and what of that is different today."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tanlin.carbon.figures import LABELS, nothing, without_use
from tanlin.carbon.inventory import inventory
from tanlin.carbon.rules import gwp_of
from tanlin.carbon.services import inputs
from tanlin.carbon.services.deriving import compute, facts_cited
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
    pinned, now = Pinned.of(body), readings.snapshot()
    today, months = pinned.seen(now)
    then = pinned.readings_then(batch, months)
    known = books(inputs.facts_pinned(pinned.cited))
    made, _ = compute(then.snapshot, pinned.registry, pinned.period, known, pinned.as_of, pinned.gwp)
    found = next((result for result in made if result.key == body["figure"]), None)
    if found is None and body["figure"] not in LABELS:
        raise NotFound("carbon.figure_unknown")
    found = found or nothing(body["figure"])
    result = (found if pinned.registry.uses else without_use(found)).body()
    if set_digest(inputs.of_months(then.digests, *pinned.months)) != pinned.digest:
        result = result | {"readings": "digest"}  # the log no longer gives the pinned rows: never "equal"
    end = min(today[1], pinned.period.bounds(pinned.tz)[1]) if today else pinned.as_of
    changes = _registry_and_facts(body["place"], pinned, max(end, pinned.as_of))
    return Recomputed(result, changes + inputs.reading_changes(then, now, months, pinned.registry))


@dataclass(frozen=True)
class Pinned:
    """What a receipt of an inventory pins: registry rows, the digest of its readings in ``months``, its facts."""

    registry: Registry
    period: Period
    as_of: int
    gwp: str
    tz: str
    months: tuple[str, str]
    digest: str
    cited: list[dict[str, Any]]

    @classmethod
    def of(cls, body: dict[str, Any]) -> Pinned:
        """From a receipt's body. Raises InputErased or NotFound where the registry rows are gone."""
        pins = {kind: item for item in body["inputs"] for kind in ("readings", "registry") if kind in item}
        stated, read = body["parameters"], pins["readings"]
        return cls(
            registry=Registry.read(record.blob(pins["registry"]["registry"])),
            period=Period.parse(body["period"]),
            as_of=int(stated["as_of"]),
            gwp=stated["gwp"],
            tz=stated["tz"],
            months=(read["first_month"], read["last_month"]),
            digest=read["readings"],
            cited=[item for item in body["inputs"] if "fact" in item],
        )

    def seen(self, now: Snapshot) -> tuple[tuple[int, int] | None, tuple[str, str]]:
        """Span of the readings that a snapshot holds of the period, and the months pinned, stretched over it."""
        today = inputs.span(now, self.registry.meters, self.period, self.tz)
        read = inputs.with_lead(now, self.registry.meters, self.period, self.tz, today) if today else None
        return today, inputs.wider(self.months, read)

    def readings_then(self, batch: int | None, months: tuple[str, str]) -> readings.AsOf:
        """The readings of these months as of the receipt's batch, from the log."""
        first, last = Period(months[0]).bounds("UTC")[0], Period(months[1]).bounds("UTC")[1]
        registry = self.registry
        return readings.as_of(
            batch or 0, registry.meter_ids, registry.devices, first, last, zones=registry.zones
        )

    def readings(self, batch: int | None, now: Snapshot) -> Snapshot:
        """The pinned readings: those of ``now`` where nothing has changed since, else as of the batch."""
        months = self.seen(now)[1]
        kept = months == self.months
        if kept and set_digest(inputs.meter_months(now, self.registry, *months)) == self.digest:
            return now
        return self.readings_then(batch, months).snapshot


def _registry_and_facts(place: str, pinned: Pinned, as_of: int) -> list[Change]:
    """What a derivation up to ``as_of`` would take from facts and registry today, against what it took then."""
    area = community.area(community.SYSTEM, place)
    now = inputs.registry_of(area, pinned.period)
    known = books(record.facts())
    rule = known.gwp_rule(area.region, pinned.period.first_day)
    # Which facts are used depends on the meters and the time readings are expected, not on the readings.
    today = inventory(
        Snapshot(),
        now.meters,
        pinned.period,
        known.factors,
        known.tariffs,
        as_of=as_of,
        gwp=gwp_of(rule),
        breakdown=False,
    )
    changes = inputs.fact_changes(pinned.cited, facts_cited(today.facts_used, known, rule))
    return changes + inputs.registry_changes(pinned.registry, now)
