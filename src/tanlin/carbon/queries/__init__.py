"""Reads of carbon for pages, API and command. The caller holds an area whose right has been proved."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pyarrow as pa

from tanlin.carbon.account.shown.page import EXPERT_TABLES, PLAIN_TABLES, Page, page
from tanlin.carbon.figures import CARRIERS
from tanlin.carbon.overview import DeadMeter, Overview, overview
from tanlin.carbon.queries import activities
from tanlin.carbon.tables import INVENTORY
from tanlin.carbon.uncertainty import total
from tanlin.community import queries as community
from tanlin.kernel.errors import Text
from tanlin.kernel.figure import Figure
from tanlin.kernel.period import zone
from tanlin.meter import queries as meter
from tanlin.record import queries as record

CARD_KEYS = ("carbon.co2e", "carbon.electricity", "carbon.tce", "carbon.cost", "carbon.water", "carbon.gas")


def years(area: Any, key: str = "carbon.inventory") -> list[int]:
    """Years for which the place has a figure, newest first."""
    periods = {period for found, period in record.figures(area, tables=False) if found == key}
    return sorted((int(p) for p in periods if len(p) == 4), reverse=True)


def overview_of(area: Any, year: int, today: date) -> tuple[Overview | None, dict[str, Figure]]:
    """The Overview of a place and year from its published figures, and these; None when there is no inventory."""
    this = _by_key(area, year)
    if "carbon.inventory" not in this:
        return None, this
    last = _by_key(area, year - 1)
    both = [figures["carbon.days"].table or [] for figures in (last, this) if "carbon.days" in figures]
    view = overview(
        year=year,
        today=today,
        this=_table(this["carbon.inventory"]),
        last=_table(last["carbon.inventory"]) if "carbon.inventory" in last else None,
        days=_days(both),
        figures={key: this.get(key) for key in CARD_KEYS if key in this or key in CARD_KEYS[:4]},
        equivalent=this.get("carbon.tce_equivalent"),
        places=_names(area),
        dead=silent(area),
    )
    return view, this


def account_of(area: Any, year: int, expert: bool) -> tuple[Page | None, dict[str, Figure]]:
    """The page of an account from its published figures, and these; None when there is no account."""
    held = record.figures(area, str(year), tables=False)
    figures = {key: figure for (key, _), figure in held.items() if key.startswith("carbon.")}
    if "carbon.basic" not in figures:
        return None, figures
    wanted = (*PLAIN_TABLES, *(EXPERT_TABLES if expert else ()), "carbon.inventory")
    read = {key: record.figure(area, key, str(year)) for key in wanted if key in figures}
    figures |= {key: figure for key, figure in read.items() if figure is not None}
    used = total(_table(figures["carbon.inventory"]), "energy_kwh") if "carbon.inventory" in figures else {}
    view = page(
        Text(area.name, area.name_en or area.name),
        year,
        figures,
        energy_kwh=used.get("value"),
        expert=expert,
        stated=_stated(figures) if expert else {},
        names=_cause_names(figures) if expert else {},
        places=_names(area),
    )
    return view, figures


def _stated(figures: dict[str, Figure]) -> dict[str, Any]:
    """The parameters that the receipts of an account state."""
    digest = figures["carbon.basic"].receipt
    return dict(record.receipt(community.SYSTEM, digest).body["parameters"]) if digest else {}


def _cause_names(figures: dict[str, Figure]) -> dict[str, Text]:
    """Names of causes of error by id: factors, surveys and activities."""
    held = figures.get("carbon.contributors")
    entered = activities.cause_names(row["cause"] for row in (held.table or [] if held else []))
    rows = [(row.fact_id, row.value) for row in record.facts() if isinstance(row.value, dict)]
    return entered | {
        name: Text(value["name_zh"], value.get("name_en") or value["name_zh"])
        for name, value in rows
        if value.get("name_zh")
    }


def _by_key(area: Any, year: int) -> dict[str, Figure]:
    return {
        key: figure
        for (key, _), figure in record.figures(area, str(year)).items()
        if key.startswith("carbon.")
    }


def _table(figure: Figure) -> pa.Table:
    return pa.Table.from_pylist(figure.table or [], schema=INVENTORY)


def _days(tables: list[list[dict[str, Any]]]) -> pa.Table | None:
    rows = [row for table in tables for row in table]
    if not rows:
        return None
    names = ("day", "value", "coverage")
    kinds = (pa.int32(), pa.float64(), pa.float64())
    return pa.table({n: pa.array([r[n] for r in rows], k) for n, k in zip(names, kinds, strict=True)})


def _names(area: Any) -> dict[str, Text]:
    places = [area, *area.children.all()]
    return {place.slug: Text(place.name, place.name_en or place.name) for place in places}


def silent(area: Any) -> list[DeadMeter]:
    """Meters of the place that have fallen silent, longest first; those never read come last."""
    return [
        DeadMeter(
            one.row.meter.number,
            Text(one.row.place.name, one.row.place.name_en or one.row.place.name),
            datetime.fromtimestamp(one.latest - 1, zone(one.row.place.tz)).date() if one.latest else None,
        )
        for one in meter.silent(area, meter.meters(area))
    ]


def inventory_json(figures: dict[str, Figure]) -> dict[str, Any]:
    """All carbon figures of a place and period by key, scalars first, as API and command print them."""
    from tanlin.record import figure_json

    order = [
        f"carbon.{c}"
        for c in ("co2e", "tce", "tce_equivalent", "cost", *CARRIERS, "inventory", "unmetered", "days")
    ]
    return {key: figure_json(figures[key]) for key in order if key in figures}


def facts(kind: str = "", region: str = "", text: str = "") -> list[Any]:
    """Newest vintages of factors and tariffs that match, by kind and id."""
    rows = [row for row in record.facts(kind or None) if row.kind != "published_figure"]
    low = text.strip().lower()

    def matches(row: Any) -> bool:
        named = isinstance(row.value, dict)
        words = [
            row.fact_id,
            row.source,
            *(str(row.value.get(k, "")) for k in ("name_zh", "name_en") if named),
        ]
        return (not region or row.region == region) and (not low or any(low in w.lower() for w in words))

    return [row for row in rows if matches(row)]


def may_edit_factors(user: Any, area: Any) -> bool:
    """Factors are shared by all places, so the right must be held at the root of the place."""
    root = community.ancestors(area)[0] if area.depth else area
    return community.may(user, root, "factors")
