"""Figures with their receipts, derived from one snapshot of readings, facts and registry."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import transaction

from tanlin.carbon.factors import carriers
from tanlin.carbon.figures import LABELS, Result, electricity_by_day, nothing, results
from tanlin.carbon.hours import electricity_by_hour
from tanlin.carbon.inventory import Inventory, inventory
from tanlin.carbon.methods import INVENTORY
from tanlin.carbon.rules import GWP_SET, gwp_of, rule_input
from tanlin.carbon.services import inputs, stating
from tanlin.carbon.services.inputs import Registry
from tanlin.carbon.stored import TARIFF, Books, books
from tanlin.community import queries as community
from tanlin.kernel.errors import Refused, Text, Where
from tanlin.kernel.figure import Figure, Origin
from tanlin.kernel.period import Period
from tanlin.kernel.receipt import canonical, sha256
from tanlin.meter import queries as meter_queries
from tanlin.meter import services as meter
from tanlin.readings import Snapshot, set_digest
from tanlin.readings import queries as readings
from tanlin.record import FactRow, FactUse
from tanlin.record import queries as record
from tanlin.record import services as recording


@dataclass(frozen=True)
class Kit:
    """What the derivations of one run share: one snapshot of readings and one set of facts.

    ``clock``: read before them, see ``inputs.clock``. ``settled``: the snapshot held every committed batch.
    """

    snapshot: Snapshot
    books: Books
    clock: int
    settled: bool

    @classmethod
    def now(cls) -> Kit:
        """What readers see at this moment."""
        clock, committed = inputs.clock(), readings.watermark()
        snapshot = readings.snapshot()
        return cls(snapshot, books(record.facts()), clock, snapshot.batch >= committed)

    @classmethod
    def fresh(cls) -> Kit:
        """As ``now``, after the readings that wait were brought into what readers see."""
        if meter_queries.waiting_batches():
            meter.refresh()
        return cls.now()

    @property
    def current(self) -> bool:
        """Whether no verb has changed anything since."""
        return self.clock == inputs.clock()


@dataclass(frozen=True)
class Derived:
    """Figures of one place and period as published; ``minted`` counts new receipts."""

    place: str
    period: str
    figures: list[Figure]
    minted: int


def derive_inventory(area: Any, period: Period, kit: Kit | None = None) -> Derived:
    """Compute and publish the inventory of a place and period and the figures that are sums of it.

    A figure that an input overtook meanwhile stays stale. One that was published before and has nothing to
    rest on any more becomes unknown. Raises Refused where there is no reading in the period and no figure.
    """
    marks = record.marks_of(area, period.label, LABELS)  # first: see publish_figures
    kit = kit if kit is not None and kit.current else Kit.now()
    registry = inputs.registry_of(area, period)
    found = inputs.span(kit.snapshot, registry.meters, period, area.tz)
    if found is None and not marks:
        raise Refused(
            "carbon.no_readings",
            Text("该区域在此时段没有读数，无法核算。", "The place has no readings in this period."),
            remedy=Text("请先导入读数。", "Import readings first."),
            where=Where(value=f"{area.slug} {period.label}"),
        )
    found = found or period.bounds(area.tz)
    as_of = min(found[1], period.bounds(area.tz)[1])
    rule = kit.books.gwp_rule(area.region, period.first_day)
    made, used = compute(kit.snapshot, registry, period, kit.books, as_of, gwp_of(rule))
    made += [nothing(key) for key in sorted(marks.keys() - {result.key for result in made})]
    read = inputs.with_lead(kit.snapshot, registry.meters, period, area.tz, found)
    pins, blobs = _pins(kit, registry, read, facts_cited(used.facts_used, kit.books, rule))
    uses = _uses(registry, used, kit.books, area.region)
    origin = origin_of(area)
    stated = {"as_of": as_of, "gwp": gwp_of(rule), "tz": area.tz, "origin": origin}
    published = [stating.stated(one, area.slug, period.label, INVENTORY, stated, pins) for one in made]
    with transaction.atomic():  # short: nothing is computed while others wait to write
        for kind, data in blobs.items():
            recording.store_blob(data, kind)
        known = marks if kit.settled else {figure.key: _OVERTAKEN for figure, _ in published}
        minted = recording.publish_figures(published, uses, batch=kit.snapshot.batch, marks=known)
        first = any(figure.key not in marks for figure, _ in published)
        if first and not (kit.settled and kit.current):  # no verb could mark what was not there yet
            recording.mark_stale([area.pk], period.first_day, inputs.last_day(period))
    return Derived(area.slug, period.label, [figure for figure, _ in published], minted)


#: No figure was ever marked so often: it stays stale.
_OVERTAKEN = -1


def origin_of(area: Any) -> Origin:
    """Anything of the demonstration below a place makes its figures demonstration."""
    mixed = community.subtree(area).filter(origin="demonstration").exists()
    return "demonstration" if mixed else area.origin


def compute(
    snapshot: Snapshot, registry: Registry, period: Period, known: Books, as_of: int, gwp: str
) -> tuple[list[Result], Inventory]:
    """The method: inventory and figures out of pinned inputs. A derivation and its replay both call it."""
    made = inventory(snapshot, registry.meters, period, known.factors, known.tariffs, as_of=as_of, gwp=gwp)
    days = electricity_by_day(snapshot, registry.daily, period, as_of)
    hours = electricity_by_hour(snapshot, registry.meters, period) if period.kind == "year" else None
    return results(made, days, hours), made


def _pins(
    kit: Kit, registry: Registry, found: tuple[int, int], cited: list[dict[str, Any]]
) -> tuple[list[dict[str, Any]], dict[str, bytes]]:
    """Receipt inputs (readings by digest, meters and registry by hash, facts by id and vintage), and blobs to keep."""
    low, high = inputs.month_of(found[0]), inputs.month_of(found[1] - 1)
    read = inputs.meter_months(kit.snapshot, registry, low, high)
    blobs = {"meters": canonical(registry.meter_ids), "registry": registry.pinned()}
    pinned = {
        "readings": set_digest(read),
        "meters": sha256(blobs["meters"]),
        "rows": sum(read["rows"].to_pylist()),
        "first_month": low,
        "last_month": high,
    }
    rows_pinned = {
        "registry": sha256(blobs["registry"]),
        "rows": registry.meters.num_rows + registry.devices.num_rows,
    }
    return [pinned, rows_pinned, *cited], blobs


def facts_cited(used: list[dict[str, Any]], known: Books, rule: FactRow | None) -> list[dict[str, Any]]:
    """The facts of an inventory with the vintage under which the record keeps them, and its rule if there is one."""
    cited = [fact | {"vintage": known.rows[fact["fact"]].vintage} for fact in used]
    return cited + ([rule_input(rule)] if rule else [])


def _uses(registry: Registry, used: Inventory, known: Books, region: str) -> set[FactUse]:
    """The dirty index: facts used, and for each carrier and region the kind that was asked for."""
    regions = set(registry.meters["region"].to_pylist())
    cited = [known.rows[fact["fact"]] for fact in used.facts_used]
    uses = {FactUse(row.fact_id, row.kind, region) for row in cited for region in regions}
    kinds = {carriers()[carrier]["kind"] for carrier in set(registry.meters["carrier"].to_pylist())}
    asked = {FactUse("", kind, where) for kind in kinds | _ALWAYS for where in regions}
    asked |= {
        FactUse("", TARIFF, row.region) for row in cited if row.kind == TARIFF
    }  # of another region, maybe
    return uses | asked | {FactUse("", GWP_SET, region)}


#: Kinds asked for whatever the carriers are.
_ALWAYS = {"tce", "tce_param", "fuel_param", "gwp", TARIFF}
