"""Verbs of carbon: load facts, derive figures with their receipts, and replay them."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from tanlin.carbon import inputs
from tanlin.carbon.factors import carriers
from tanlin.carbon.figures import LABELS, Result, electricity_by_day, nothing, results
from tanlin.carbon.inputs import Registry
from tanlin.carbon.inventory import Inventory, inventory
from tanlin.carbon.methods import INVENTORY
from tanlin.carbon.stored import TARIFF, Books, books, shipped_rows
from tanlin.community import queries as community
from tanlin.kernel.errors import BadInput, NotFound, Refused, Text, Where
from tanlin.kernel.figure import Figure, Origin
from tanlin.kernel.period import Period
from tanlin.kernel.receipt import Change, Recomputed, build, canonical, sha256
from tanlin.meter import queries as meter_queries
from tanlin.meter import services as meter
from tanlin.readings import Snapshot, set_digest
from tanlin.readings import queries as readings
from tanlin.record import FactRow, FactUse, table_bytes
from tanlin.record import queries as record
from tanlin.record import services as recording

GWP = "ar5"
Progress = Callable[[int, int], object]


def load_facts(actor: Any = None) -> int:
    """Enter the facts the product ships that are not known yet; returns how many were new."""
    return recording.add_facts(shipped_rows(), actor=actor)


def add_factor(row: FactRow, *, actor: Any) -> bool:
    """Append a factor; figures that rest on it become stale. Raises BadInput for what is no factor."""
    try:
        books([row])
    except (KeyError, TypeError, ValueError) as error:
        raise BadInput(
            "carbon.bad_factor",
            Text("因子的数值或日期无法使用。", "The factor's value or dates cannot be used."),
            where=Where(value=row.fact_id),
        ) from error
    return recording.add_fact(row, actor=actor)


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


def derive(area: Any, period: Period, kit: Kit | None = None) -> Derived:
    """Compute and publish all carbon figures of a place and period.

    A figure that an input overtook meanwhile stays stale. One that was published before and has nothing to
    rest on any more becomes unknown. Raises Refused where there is no reading in the period and no figure.
    """
    marks = {key: record.marks(area, key, period.label) for key in _published(area, period)}
    kit = kit if kit is not None and kit.current else Kit.now()  # marks first: see publish_figure
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
    made, used = compute(kit.snapshot, registry, period, kit.books, as_of)
    made += [nothing(key) for key in sorted(marks.keys() - {result.key for result in made})]
    read = inputs.with_lead(kit.snapshot, registry.meters, period, area.tz, found)
    pins, blobs = _pins(kit, registry, read, used)
    uses = _uses(registry, used, kit.books)
    origin = _origin(area)
    published = [_figure(result, area, period, as_of, origin, pins) for result in made]
    with transaction.atomic():  # short: nothing is computed while others wait to write
        for kind, data in blobs.items():
            recording.store_blob(data, kind)
        minted = sum(
            recording.publish_figure(
                figure,
                receipt,
                uses,
                batch=kit.snapshot.batch,
                marks=marks.get(figure.key) if kit.settled else _OVERTAKEN,
            )
            for figure, receipt in published
        )
        first = any(figure.key not in marks for figure, _ in published)
        if first and not (kit.settled and kit.current):  # no verb could mark what was not there yet
            recording.mark_stale([area.pk], period.first_day, inputs.last_day(period))
    return Derived(area.slug, period.label, [figure for figure, _ in published], minted)


#: No figure was ever marked so often: it stays stale.
_OVERTAKEN = -1


def _published(area: Any, period: Period) -> list[str]:
    """Keys of the figures of this room that exist."""
    found = record.figures(area, period.label, tables=False)
    return [key for key, _ in found if key in LABELS]


def _origin(area: Any) -> Origin:
    """Anything of the demonstration below a place makes its figures demonstration."""
    mixed = community.subtree(area).filter(origin="demonstration").exists()
    return "demonstration" if mixed else area.origin


def compute(
    snapshot: Snapshot, registry: Registry, period: Period, known: Books, as_of: int
) -> tuple[list[Result], Inventory]:
    """The method: inventory and figures out of pinned inputs. A derivation and its replay both call it."""
    made = inventory(snapshot, registry.meters, period, known.factors, known.tariffs, as_of=as_of, gwp=GWP)
    days = electricity_by_day(snapshot, registry.daily, period, as_of)
    return results(made, days), made


def _pins(
    kit: Kit, registry: Registry, found: tuple[int, int], used: Inventory
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
    return [pinned, rows_pinned, *facts_cited(used.facts_used, kit.books)], blobs


def facts_cited(used: list[dict[str, Any]], known: Books) -> list[dict[str, Any]]:
    """The facts of an inventory with the vintage under which the record keeps them."""
    return [fact | {"vintage": known.rows[fact["fact"]].vintage} for fact in used]


def _uses(registry: Registry, used: Inventory, known: Books) -> set[FactUse]:
    """The dirty index: facts used, and for each carrier and region the kind that was asked for."""
    regions = set(registry.meters["region"].to_pylist())
    cited = [known.rows[fact["fact"]] for fact in used.facts_used]
    uses = {FactUse(row.fact_id, row.kind, region) for row in cited for region in regions}
    kinds = {carriers()[carrier]["kind"] for carrier in set(registry.meters["carrier"].to_pylist())}
    return uses | {FactUse("", kind, region) for kind in kinds | _ALWAYS for region in regions}


#: Kinds asked for whatever the carriers are.
_ALWAYS = {"tce", "tce_param", "fuel_param", "gwp", TARIFF}


def _figure(
    result: Result, area: Any, period: Period, as_of: int, origin: Origin, pins: list[dict[str, Any]]
) -> tuple[Figure, Any]:
    body = result.body()
    if result.table is not None:
        body["table"] = sha256(table_bytes(result.table))
    receipt = build(
        figure=result.key,
        place=area.slug,
        period=period.label,
        method=INVENTORY,
        parameters={"as_of": as_of, "gwp": GWP, "tz": area.tz, "origin": origin},
        inputs=pins,
        result=body,
    )
    same = ("value", "unit", "low", "high", "coverage", "estimated", "provisional", "reason", "table")
    figure = Figure(
        key=result.key,
        place=area.slug,
        period=period.label,
        receipt=receipt.hash,
        origin=origin,
        **{name: getattr(result, name) for name in same},
    )
    return figure, receipt


# --- replay ----------------------------------------------------------------------------------------------------------
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


# --- what is due ------------------------------------------------------------------------------------------------------
def derive_all(
    pairs: list[tuple[Any, Period]], kit: Kit, progress: Progress = lambda done, total: None
) -> dict[str, int]:
    """Derive areas and periods one by one; counts of derived, minted receipts and refused.

    Inputs that change meanwhile are taken up from the next one on.
    """
    counts = {"derived": 0, "minted": 0, "refused": 0}
    for number, (area, period) in enumerate(pairs):
        progress(number, len(pairs))
        kit = kit if kit.current else Kit.fresh()
        try:
            made = derive(area, period, kit)
        except Refused:
            counts["refused"] += 1
            continue
        counts["derived"] += 1
        counts["minted"] += made.minted
    progress(len(pairs), len(pairs))
    return counts


def derive_missing(
    root: Any, levels: Collection[str], progress: Progress = lambda done, total: None
) -> dict[str, int]:
    """Derive the years without an inventory of places below a root, of these levels only."""
    from tanlin.carbon import due

    kit = Kit.fresh()
    pairs = due.ordered(due.missing(kit, root))
    return derive_all([pair for pair in pairs if pair[0].level in levels], kit, progress)


def inventory_for_place(slug: str, period: Period, *, actor: Any = None) -> dict[str, Figure]:
    """The published figures of a place and period by key; derived first where missing or stale.

    Raises NotFound for an unknown place and Refused where there is nothing to state.
    """
    area = community.area(actor or community.SYSTEM, slug)
    found = record.figures(area, period.label)
    if not any(key == "carbon.inventory" and not figure.stale for (key, _), figure in found.items()):
        derive(area, period, Kit.fresh())
        found = record.figures(area, period.label)
    return {key: figure for (key, _), figure in found.items() if key.startswith("carbon.")}
