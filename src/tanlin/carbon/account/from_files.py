"""An account from files alone: readings, a map of meters and a sheet of activities. No database, no Django."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from tanlin.carbon.account.account import Account, account
from tanlin.carbon.account.asked import AskedBook
from tanlin.carbon.account.boundary import boundary_of
from tanlin.carbon.account.entered import Entered, Metered
from tanlin.carbon.account.entry.sheet import SheetRow, read_sheet
from tanlin.carbon.edge import Job, read_map
from tanlin.carbon.factors import carriers, read_facts, region_chain
from tanlin.carbon.files import compute
from tanlin.kernel.errors import BadInput, Text


def account_of_files(job: Job, sheet: Path | None, attributes: Mapping[str, Any], today: date) -> Account:
    """The account of a job whose period is a year.

    Args:
        sheet: activities in the layout of the template (see ``account.entry.sheet``); places by the names of the map.
        attributes: what is stated of the boundary, by the keys of ``boundary.ATTRIBUTES``.
        today: rows that end later are bad.

    Raises BadInput naming file, row, column, value and remedy.
    """
    rows, book = read_map(job.meters), AskedBook(read_facts(job.factors))
    regions = {row["place"]: row["region"] for row in rows}
    place = next(iter(regions)) if len(regions) == 1 else job.meters.stem
    region, year = _common(regions.values()), job.period.year
    first = date(year, 1, 1).isoformat()
    stated = [{"key": key, "value": value, "valid_from": first} for key, value in attributes.items()]
    found = read_sheet(sheet, today) if sheet else None
    if found and found.problems:
        raise found.problems[0]
    entered = [
        _entered(number, row, regions, place, region)
        for number, row in enumerate(found.rows if found else (), 1)
    ]
    return account(
        compute(job, book)[0].table,
        entered,
        [_metered(row) for row in rows],
        book,
        place=place,
        region=region,
        year=year,
        gwp=job.gwp,
        boundary=boundary_of(place, year, stated),
        areas=[{"slug": name, "region": code, "path": f"{place}/{name}"} for name, code in regions.items()],
    )


def _common(regions: Iterable[str]) -> str:
    """The narrowest region that holds all of them."""
    chains = [region_chain(region) for region in regions]
    return (
        next((one for one in chains[0] if all(one in chain for chain in chains)), "GLOBAL")
        if chains
        else "GLOBAL"
    )


def _entered(number: int, row: SheetRow, regions: Mapping[str, str], place: str, region: str) -> Entered:
    if row.place and row.place not in regions:
        raise BadInput(
            "carbon.sheet_place",
            Text("对照表中没有这个区域。", "The map has no such place."),
            remedy=Text(
                "请使用对照表中的区域名，或留空表示整体。", "Use a place of the map, or none for the whole."
            ),
            where=row.where,
        )
    return Entered(
        id=number,
        sheet=1,
        path=f"/{row.place}/" if row.place else "/",
        place=row.place or place,
        region=regions.get(row.place, region),
        stream=row.stream,
        first_day=row.first_day,
        last_day=row.last_day,
        amount=row.amount,
        source=row.source,
        uncertainty_pct=row.uncertainty_pct,
    )


def _metered(row: Mapping[str, str]) -> Metered:
    """A meter of the map stands at its place all the time."""
    product = row.get("product") or carriers().get(row["carrier"], {}).get("product", "")
    return Metered(f"/{row['place']}/", row["carrier"], product, date.min, None)
