"""Write the demonstration through the services of the other rooms. Every verb here can be run again.

A place is built in two parts: its areas, meters and devices in one transaction, then its readings
as one batch. A dated attribute of the root says that both are done; until then a new run goes on
where the last one stopped (areas that exist are kept, readings that are stored are dropped).
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from django.contrib.auth import get_user_model
from django.db import transaction

from tanlin.carbon import FactorBook, Unknown, gas_kwh_per_m3
from tanlin.carbon import services as carbon
from tanlin.carbon.services import activities as entering
from tanlin.community import queries as areas
from tanlin.community import services as community
from tanlin.community.queries import SYSTEM
from tanlin.kernel.errors import NotFound, Refused, Text
from tanlin.kernel.period import midnight
from tanlin.meter import queries as meters
from tanlin.meter import services as meter
from tanlin.record import FactRow
from tanlin.record import services as record

from . import people, real, residents
from .activities import Entry, entries
from .generator import Generated, digest, generate
from .green import REGISTRY, certificates
from .places import PLACES, Device, Place, place
from .published import ENTERED_ON, published_facts
from .weather import FIRST_DAY

DONE = "demo.readings"  # attribute of a root: digest of the readings that are in
GREEN = "demo.certificates"  # attribute of a root: number of certificates that are in
ENTERED = "demo.activities"  # attribute of a root: number of activities that are in
DERIVED = ("city", "district", "street", "community", "quarter")  # levels whose figures are built at once
Say = Callable[[str], None]


def find(slug: str) -> Any | None:
    """The area of that slug, or None."""
    try:
        return areas.area(SYSTEM, slug)
    except NotFound:
        return None


def is_done(root: Any) -> bool:
    """Whether the readings of a place are all in."""
    return areas.attribute(root, DONE, FIRST_DAY) is not None


def is_entered(root: Any) -> bool:
    """Whether the activity data of a place are in."""
    return areas.attribute(root, ENTERED, FIRST_DAY) is not None


def is_built() -> bool:
    """Whether all five places and their logins are there."""
    roots = [find(place(slug).root) for slug in PLACES]
    names = {login.username for login in people.logins()}
    whole = all(root is not None and is_done(root) and is_entered(root) for root in roots)
    return whole and names <= set(people.read())


def build(say: Say = lambda _: None) -> None:
    """Build what is missing: published facts, five places, logins. Nothing that exists is changed."""
    add_published()
    carbon.load_facts(SYSTEM)
    for slug in PLACES:
        p = place(slug)
        root = find(p.root)
        if root is not None and root.origin != p.origin:
            raise _not_ours(p.root)
        if root is None or not is_done(root):
            say(f"{p.name}  {slug}")
            made = generate(slug)
            root = root or create_place(made)
            add_readings(root, made.readings, f"demo:{slug}")
            community.set_attribute(SYSTEM, root, DONE, digest(made.readings), FIRST_DAY, source=p.origin)
        if not is_entered(root):
            add_activities(root, p)
        add_certificates(root, p)
    residents.create_residents()
    create_logins()
    meter.refresh()
    derive(say)


def derive(say: Say) -> None:
    """Figures of the communities and of all that holds them; the worker derives estates and buildings."""
    for slug in PLACES:
        root = find(place(slug).root)
        say(f"{place(slug).name}  碳排放核算 / deriving figures")
        carbon.derive_missing(root, DERIVED)


def add_published() -> int:
    """Enter the published figures of the real cases as dated facts; returns how many are new."""
    return record.add_facts(
        [
            FactRow(
                fact_id=fact.fact_id,
                kind="published_figure",
                published=ENTERED_ON,
                value={
                    "place": fact.place, "place_en": fact.place_en, "item": fact.item,
                    "item_en": fact.item_en, "value": fact.value, "year": fact.year,
                    "modelled_as": fact.modelled_as, "source_en": fact.source_en,
                },
                unit=fact.unit,
                source=fact.source,
                source_ref=fact.url or "",
            )
            for fact in published_facts()
        ],
        actor=SYSTEM,
    )  # fmt: skip


@transaction.atomic
def create_place(made: Generated) -> Any:
    """Areas, attributes, meters and devices of one place; returns its root."""
    p = made.place
    made_areas: dict[str, Any] = {}
    for area in p.areas:
        top = {"tz": p.tz, "region": p.region, "origin": p.origin} if area.parent is None else {}
        made_areas[area.slug] = community.create_area(
            SYSTEM, slug=area.slug, name=area.name, name_en=area.name_en, level=area.level,
            parent=made_areas[area.parent] if area.parent else None, **top,
        )  # fmt: skip
    for row in p.attributes:
        community.set_attribute(
            SYSTEM, made_areas[row.area], row.name, row.value, row.valid_from, source=row.source
        )
    root = made_areas[p.root]
    meter.register(specs(p, made_areas), actor=SYSTEM, area=root)
    add_devices(root, made.devices)
    return root


def specs(p: Place, made_areas: dict[str, Any]) -> list[meter.Spec]:
    """One spec a meter and channel, for `meter.services.register`."""
    return [
        meter.Spec(
            owner=made_areas[m.owner], place=made_areas[m.place], carrier=m.carrier, number=m.number,
            name=m.name, unit=m.unit, valid_from=FIRST_DAY, channel=channel, kind=m.kind,
            multiplier=m.multiplier, product=m.product or "", tariff=m.tariff or "", parent=m.parent,
            use=m.use,
        )
        for m in p.meters
        for channel in m.channels
    ]  # fmt: skip


def add_devices(root: Any, devices: Iterable[Device]) -> None:
    """Tell the registry of each register device: the first of a meter, then those it was exchanged for."""
    rows = {(r.meter.carrier, r.meter.number): r for r in meters.meters(root) if r.kind == "register"}
    by_meter: dict[tuple[str, str], list[Device]] = {}
    for device in devices:
        by_meter.setdefault((device.carrier, device.number), []).append(device)
    for key, chain in by_meter.items():
        meter.install_device(
            rows[key], serial=chain[0].serial, digits=chain[0].digits, initial=chain[0].initial,
            from_es=midnight(chain[0].valid_from, root.tz), actor=SYSTEM,
        )  # fmt: skip
        for old, new in itertools.pairwise(chain):
            assert old.final is not None
            meter.exchange_device(
                rows[key], at_es=midnight(new.valid_from, root.tz), final=old.final, initial=new.initial,
                digits=new.digits, serial=new.serial, actor=SYSTEM,
            )  # fmt: skip


def add_readings(root: Any, table: pa.Table, source: str) -> None:
    """Store readings by meter number as one batch; those that are stored already are dropped."""
    known = meters.known(root)
    ids = dict(zip(known["number"].to_pylist(), known["meter_id"].to_pylist(), strict=True))
    number = table["number"].combine_chunks()
    lookup = np.array([ids[n] for n in number.dictionary.to_pylist()], dtype=np.int64)
    columns = {
        "meter_id": pa.array(lookup[number.indices.to_numpy()]),
        "channel": _text(table, "channel", "import"),
        "start": table["start"],
        "seconds": table["seconds"],
        "value": table["value"],
        "quality": _text(table, "quality", "measured"),
    }
    meter.add_readings(pa.table(columns), source=source, actor=SYSTEM, area=root)


def _text(table: pa.Table, name: str, default: str) -> pa.Array:
    if name in table.column_names:
        return table[name].cast(pa.string())
    return pa.repeat(pa.scalar(default), table.num_rows)


@transaction.atomic
def add_activities(root: Any, p: Place) -> None:
    """Enter the activity data of a place, sheet by sheet."""
    rows, area = entries(p.slug), areas.area(SYSTEM, p.slug)
    for sheet, group in itertools.groupby(rows, key=lambda row: row.sheet):
        entering.enter_many(area, sheet, [_new(row, area) for row in group], actor=SYSTEM)
    community.set_attribute(SYSTEM, root, ENTERED, len(rows), FIRST_DAY, source=p.origin)


@transaction.atomic
def add_certificates(root: Any, p: Place) -> None:
    """Enter the green certificates of a place, once."""
    rows = certificates(p.slug)
    if not rows or areas.attribute(root, GREEN, FIRST_DAY) is not None:
        return
    area = areas.area(SYSTEM, p.slug)
    for row in rows:
        new = carbon.NewInstrument(
            area, "certificate", REGISTRY, row.number, row.first_day, row.last_day, row.energy_kwh
        )
        carbon.enter_instrument(new, actor=SYSTEM)
    community.set_attribute(SYSTEM, root, GREEN, len(rows), FIRST_DAY, source=p.origin)


def _new(row: Entry, area: Any) -> entering.New:
    same = ("stream", "first_day", "last_day", "amount", "unit", "source", "uncertainty_pct", "note")
    return entering.New(area, **{name: getattr(row, name) for name in same})


@transaction.atomic
def create_logins() -> None:
    """Make the logins that are missing or closed, grant their roles and keep the passwords."""
    passwords = people.read()
    for login in people.logins():
        held = [area for area in (find(slug) for slug in login.areas) if area is not None]
        if held:
            _open_login(login, held, passwords)
    people.write(passwords)


@transaction.atomic
def create_operator(root: Any) -> None:
    """The operator's login, with the role at one more place."""
    passwords = people.read()
    operator = next(login for login in people.logins() if login.username == people.OPERATOR)
    _open_login(operator, [root], passwords)
    people.write(passwords)


def _open_login(login: people.Login, held: list[Any], passwords: dict[str, str]) -> None:
    user = get_user_model().objects.filter(username=login.username).first()
    if user is None:
        passwords[login.username] = people.new_password()
        user = community.create_user(
            SYSTEM, username=login.username, password=passwords[login.username], area=held[0],
            display_name=login.name,
        )  # fmt: skip
    elif not user.is_active or login.username not in passwords:
        passwords[login.username] = people.new_password()
        community.restore_user(SYSTEM, user, passwords[login.username])
    for area in held:
        community.grant(SYSTEM, user=user, role=login.role, area=area)


def load_real(folder: Path, say: Say = lambda _: None) -> dict[str, int]:
    """Build the place of the real meters; returns the rows left out as missing, by meter.

    The archive's gas is in kWh and the canonical unit is m3, so that a value is divided by the shipped
    gross calorific value; a factor per kWh multiplies by the same fact, and it cancels. Tariffs are
    unknown, so cost stays unknown. The demonstration's operator may see the place; the login is made
    where there is none.
    """
    archive = real.read_archive(folder)
    root = find(real.SLUG)
    if root is not None and root.origin != "measured":
        raise _not_ours(real.SLUG)
    if root is None:
        say(real.NAME)
        root = _create_real(archive)
    if not is_done(root):
        add_readings(root, _gas_to_m3(archive), real.SOURCE)
        community.set_attribute(SYSTEM, root, DONE, len(archive.readings), FIRST_DAY, source=real.SOURCE)
    create_operator(root)
    meter.refresh()
    carbon.load_facts(SYSTEM)
    carbon.derive_missing(root, DERIVED)
    return archive.dropped


@transaction.atomic
def _create_real(archive: real.Archive) -> Any:
    root = community.create_area(
        SYSTEM, slug=real.SLUG, name=real.NAME, name_en=real.NAME_EN, level="quarter",
        tz=real.TZ, region=real.REGION, origin="measured",
    )  # fmt: skip
    buildings = {}
    for building in sorted(set(archive.meters["building"].to_pylist()), key=lambda b: int(b[1:])):
        buildings[building] = community.create_area(
            SYSTEM, slug=f"{real.SLUG}-{building}", name=f"{building[1:]} 号楼",
            name_en=f"Building {building[1:]}", level="building", parent=root,
        )  # fmt: skip
    meter.register(
        [
            meter.Spec(
                owner=root, place=buildings[m["building"]], carrier=m["carrier"], number=m["number"],
                name=m["name"], unit="kWh" if m["carrier"] == "electricity" else "m3",
                valid_from=date(2018, 1, 1), product="natural_gas" if m["carrier"] == "gas" else "",
            )
            for m in archive.meters.to_pylist()
        ],
        actor=SYSTEM,
        area=root,
    )  # fmt: skip
    return root


def _gas_to_m3(archive: real.Archive) -> pa.Table:
    heat = gas_kwh_per_m3(FactorBook(), real.REGION, date(2018, 1, 1))
    if isinstance(heat, Unknown):
        raise Refused(
            "demo.no_calorific_value",
            Text("没有英国天然气的热值。", "No calorific value of British gas is known."),
        )
    number = archive.readings["number"].combine_chunks()
    gas = np.array([name.endswith("_gas") for name in number.dictionary.to_pylist()])
    value = archive.readings["value"].to_numpy() / np.where(gas[number.indices.to_numpy()], heat[0], 1.0)
    at = archive.readings.column_names.index("value")
    return archive.readings.set_column(at, "value", pa.array(value))


def demonstration_roots() -> list[Any]:
    """The demonstration's roots that exist. Raises Refused when one of them holds real data."""
    roots = [root for root in (find(place(slug).root) for slug in PLACES) if root is not None]
    for root in roots:
        if root.origin != "demonstration" or any(a.origin != root.origin for a in areas.subtree(root)):
            raise _not_ours(root.slug)
    return roots


def _not_ours(slug: str) -> Refused:
    return Refused(
        "demo.not_demonstration",
        Text(
            f"区域“{slug}”不是演示区域，不作改动。", f"“{slug}” is no demonstration area; it is left alone."
        ),
    )
