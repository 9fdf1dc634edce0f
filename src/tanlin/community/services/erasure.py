"""Take a person's data along, erase a person, and let go what its purpose no longer covers (PIPL art. 19, 44–47).

Every room says by its manifest what it keeps of a person (``exporter``) and how it forgets it (``shredder``). Rows
that are counted stay, without anything that leads to the person.
"""

from __future__ import annotations

import csv
import io
import json
import zipfile
from datetime import timedelta
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from tanlin.community import queries
from tanlin.community.models import Consent, DataKey, Household, Membership, Person
from tanlin.community.purposes import needed, purposes
from tanlin.community.rights import SYSTEM
from tanlin.community.services.acting import prove, tell
from tanlin.kernel.manifest import load, rooms

Tables = dict[str, list[dict[str, Any]]]
#: what each column of a person is called among the fields of a purpose
COLUMNS = {f"community.person.{name}": name for name in ("name", "phone", "birth_year")}


@transaction.atomic
def export_person(actor: Any, person: Person) -> bytes:
    """Everything kept about a person, from every room: a ZIP of ``data.json`` and one CSV a table; logged.

    Right: ``people``, or oneself. Raises NotFound, Forbidden, Conflict (erased).
    """
    prove(actor, person)
    ids = queries.person_ids(person)
    found: Tables = {}
    for room in rooms():
        if room.exporter:
            found |= {f"{room.name}.{table}": rows for table, rows in load(room.exporter)(ids).items()}
    tell("community.person_exported", actor, person, tables={name: len(rows) for name, rows in found.items()})
    return _packed(found)


def _packed(found: Tables) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("data.json", json.dumps(found, ensure_ascii=False, indent=2, default=str))
        for name, rows in found.items():
            if rows:
                archive.writestr(f"{name}.csv", _csv(rows))
    return buffer.getvalue()


def _csv(rows: list[dict[str, Any]]) -> bytes:
    """With a byte order mark, so that a spreadsheet reads Chinese; a cell that looks like a formula is disarmed."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]))
    writer.writeheader()
    writer.writerows({key: _disarmed(value) for key, value in row.items()} for row in rows)
    return text.getvalue().encode("utf-8-sig")


def _disarmed(value: Any) -> str:
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def tables(person_ids: list[int]) -> Tables:
    """Exporter of this room: the person, homes and consents."""
    persons = list(Person.objects.filter(pk__in=person_ids).select_related("area", "key"))
    lived = Membership.objects.filter(person__in=person_ids).select_related(
        "household__area", "household__key"
    )
    return {
        "person": [
            {name: row.unseal(name) for name in COLUMNS.values()}
            | {"number": row.pk, "place": row.area.name, "registered": row.created.isoformat()}
            for row in persons
        ],
        "homes": [
            {"home": queries.address_of(row.household), "from": row.valid_from, "to": row.valid_to}
            for row in lived
        ],
        "consents": [
            {
                "purpose": row.purpose,
                "notice": row.notice,
                "channel": row.channel,
                "given": row.given.isoformat(),
                "ended": row.ended.isoformat() if row.ended else None,
                "end": row.end,
            }
            for row in Consent.objects.filter(person__in=person_ids)
        ],
    }


@transaction.atomic
def erase_person(actor: Any, person: Person) -> dict[str, dict[str, int]]:
    """Erase a person in every room, in one transaction; rows blanked by room and kind. Counts stay as they were.

    The data key is destroyed, so that what events and older copies of the rows hold stays unreadable, while the
    chain of events still verifies. Right: ``people``, or oneself. Raises NotFound, Forbidden, Conflict (erased).
    """
    prove(actor, person)
    blanked = _shred(queries.person_ids(person), None)
    person.refresh_from_db()
    tell("community.person_erased", actor, person, blanked=blanked)
    return blanked


def _shred(person_ids: list[int], ended: frozenset[str] | None) -> dict[str, dict[str, int]]:
    """Rooms from the right to the left, so that the key goes last."""
    _overwrite_deleted()
    return {room.name: load(room.shredder)(person_ids, ended) for room in reversed(rooms()) if room.shredder}


def _overwrite_deleted() -> None:
    """SQLite leaves deleted rows in free pages; from here on this connection overwrites them."""
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA secure_delete = ON")


def shred(person_ids: list[int], ended: frozenset[str] | None) -> dict[str, int]:
    """Shredder of this room: values that no standing purpose needs; of everything, the key as well."""
    rows = list(
        Person.objects.select_for_update(of=("self",)).filter(pk__in=person_ids, erased_at__isnull=True)
    )
    if ended is None:
        return _forget(rows)
    standing = Consent.objects.filter(person__in=person_ids, ended__isnull=True).values_list(
        "purpose", flat=True
    )
    gone = [name for field, name in COLUMNS.items() if field not in needed(standing)]
    for row in rows:
        _blank(row, gone)
        row.save()
    return {"values": len(gone) * len(rows)}


def _blank(row: Person, fields: list[str]) -> None:
    for name in fields:
        setattr(row, name, "")
        if name in ("name", "phone"):
            setattr(row, f"{name}_digest", "")


def _forget(rows: list[Person]) -> dict[str, int]:
    now = timezone.now()
    ids = [row.pk for row in rows]
    for row in rows:
        _blank(row, list(COLUMNS.values()))
        row.key, row.erased_at = None, now
        row.save()
    DataKey.objects.filter(owner__in=[row.uid for row in rows]).delete()
    consents = Consent.objects.filter(person__in=ids)
    consents.filter(ended__isnull=True).update(ended=now, end=Consent.End.ERASED)
    consents.update(shredded=True)
    return {"persons": len(rows), "homes": _forget_homes(ids)}


def _forget_homes(person_ids: list[int]) -> int:
    """Homes that nobody known lives or lived in any more; the households stay counted."""
    touched = Household.objects.filter(memberships__person__in=person_ids, key__isnull=False)
    known = Membership.objects.filter(person__erased_at__isnull=True).values("household")
    empty = list(touched.exclude(pk__in=known).distinct())
    Household.objects.filter(pk__in=[row.pk for row in empty]).update(home="", home_digest="", key=None)
    DataKey.objects.filter(owner__in=[row.uid for row in empty]).delete()
    return len(empty)


# --- retention -----------------------------------------------------------------------------------------------------
@transaction.atomic
def end_overdue() -> int:
    """End the consents whose purpose was last served longer ago than its retention; how many."""
    today, now = timezone.localdate(), timezone.now()
    open_rows = Consent.objects.filter(ended__isnull=True)
    return sum(
        open_rows.filter(purpose=each.code, used__lt=today - timedelta(days=each.retention_days)).update(
            ended=now, end=Consent.End.RETENTION
        )
        for each in purposes().values()
    )


def persons_to_shred() -> list[int]:
    """Numbers of persons of whom something is kept for an ended purpose."""
    rows = Consent.objects.filter(ended__isnull=False, shredded=False, person__erased_at__isnull=True)
    kept = {merged or pk for pk, merged in rows.values_list("person", "person__merged_into")}
    return sorted(kept)


@transaction.atomic
def shred_ended(person_id: int) -> bool:
    """Let go what one person's ended purposes alone needed; with no purpose left, erase the person. True if erased."""
    person = Person.objects.select_for_update(of=("self",)).select_related("area", "key").get(pk=person_id)
    ids = queries.person_ids(person)
    standing = set(queries.consents(person).values_list("purpose", flat=True))
    if not standing:
        erase_person(SYSTEM, person)
        return True
    rows = Consent.objects.filter(person__in=ids, ended__isnull=False, shredded=False)
    ended = frozenset(rows.values_list("purpose", flat=True)) - standing
    blanked = _shred(ids, ended)
    rows.update(shredded=True)
    tell("community.retention_applied", SYSTEM, person, purposes=sorted(ended), blanked=blanked)
    return False


@transaction.atomic
def remove_persons(actor: Any, area_ids: list[int]) -> int:
    """Remove all persons and households of these areas with their rows, as if never registered; how many persons.

    For a demonstration that is taken away; right: ``users`` at each area. Rows of other rooms go before.
    """
    for place in queries.areas(SYSTEM).filter(pk__in=area_ids):
        queries.require(actor, place, "users")
    _overwrite_deleted()
    persons = Person.objects.filter(area__in=area_ids)
    homes = Household.objects.filter(area__in=area_ids)
    owners = [*persons.values_list("uid", flat=True), *homes.values_list("uid", flat=True)]
    Consent.objects.filter(person__in=persons).delete()
    Membership.objects.filter(person__in=persons).delete()
    persons.filter(merged_into__isnull=False).delete()
    count = persons.count()
    persons.delete()
    homes.delete()
    DataKey.objects.filter(owner__in=owners).delete()
    return count
