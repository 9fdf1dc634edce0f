"""Factors, tariffs and rules go into the record."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tanlin.carbon.rules import GWP_SET, GWP_SETS
from tanlin.carbon.stored import TARIFF, books, is_rule, shipped_rows
from tanlin.carbon.tariff_check import check_tariff
from tanlin.kernel.errors import BadInput, Refused, Text, Where
from tanlin.record import FactRow
from tanlin.record import queries as record
from tanlin.record import services as recording


def load_facts(actor: Any = None) -> int:
    """Enter the facts the product ships that are not known yet; returns how many were new."""
    return recording.add_facts(shipped_rows(), actor=actor)


def add_factor(row: FactRow, *, actor: Any) -> bool:
    """Append a fact; figures that rest on it become stale. Raises BadInput for what is none."""
    return add_facts([row], actor=actor) == 1


def add_facts(rows: Iterable[FactRow], *, actor: Any) -> int:
    """Append facts, all or none; returns how many said something new. Raises BadInput for what is no fact."""
    rows = _sound(rows)
    return recording.add_facts(rows, actor=actor)


def checked(rows: Iterable[FactRow]) -> list[FactRow]:
    """The rows that say something new, with their vintage.

    Raises BadInput for what is no fact, Refused where nothing is new.
    """
    found = recording.news(_sound(rows))
    if not found:
        raise Refused(
            "carbon.nothing_new",
            Text("内容与已有记录相同，没有变化。", "This says nothing that is not stored already."),
            remedy=Text(
                "请核对编号、公布日期和数值。", "Check the id, the day of publication and the value."
            ),
        )
    return found


def with_news(known: Iterable[FactRow], rows: Iterable[FactRow]) -> list[FactRow]:
    """The newest row of each fact once ``rows`` were added after ``known``."""
    newest = {row.fact_id: row for row in known}
    for row in rows:
        if row.fact_id not in newest or newest[row.fact_id].published <= row.published:
            newest[row.fact_id] = row
    return [newest[name] for name in sorted(newest)]


def _sound(rows: Iterable[FactRow]) -> list[FactRow]:
    rows = list(rows)
    for row in rows:
        _check(row)
    if any(row.kind == TARIFF for row in rows):
        known = {row.value["tariff_id"]: row.value for row in record.facts(TARIFF)}
        for row in rows:
            if row.kind == TARIFF:
                _check_same(row.value, known.setdefault(row.value["tariff_id"], row.value))
    return rows


def _check_same(tariff: dict[str, Any], known: dict[str, Any]) -> None:
    """Dated rows of one tariff are priced as one: what they share decides about every year, so it never changes."""
    if _shared(tariff) != _shared(known):
        raise BadInput(
            "carbon.other_tariff",
            Text(
                "同一编号的价格方案须保持能源品种、货币和是否分时不变。",
                "A tariff keeps its carrier, its currency and whether it depends on the hour.",
            ),
            remedy=Text("请换用新的编号。", "Give it another id."),
            where=Where(column="tariff_id", value=tariff["tariff_id"]),
        )


def _shared(tariff: dict[str, Any]) -> tuple[Any, ...]:
    return tariff.get("carrier", "electricity"), tariff.get("currency", "CNY"), bool(tariff.get("hours"))


def _check(row: FactRow) -> None:
    if row.kind == TARIFF:
        check_tariff(row.value)
        return
    try:
        if not is_rule(row):
            books([row])
            return
        sound = row.kind == GWP_SET and row.value["value"] in GWP_SETS
    except (KeyError, TypeError, ValueError) as error:
        raise _bad(row) from error
    if not sound:
        raise _bad(row)


def _bad(row: FactRow) -> BadInput:
    return BadInput(
        "carbon.bad_factor",
        Text("因子的数值或日期无法使用。", "The factor's value or dates cannot be used."),
        where=Where(value=row.fact_id),
    )
