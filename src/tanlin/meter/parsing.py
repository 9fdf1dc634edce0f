"""A sheet and its mapping become readings: good rows, bad rows with place and remedy, unknown numbers.

Values are in the carrier's canonical unit, before the meter's multiplier; times are UTC starts with lengths.
The pass over the file is by blocks (``gather``); what needs the whole file (steps of intervals, clock changes,
duplicates) follows on compact arrays (``finish``).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa

from tanlin.kernel.errors import TanlinError, Text
from tanlin.meter.bad import Errors
from tanlin.meter.finish import Unknown, finish
from tanlin.meter.gather import Gathered, gather
from tanlin.meter.headers import names_at
from tanlin.meter.mapping import Mapping
from tanlin.meter.problems import refusal
from tanlin.meter.remarks import Remark
from tanlin.meter.sheets import Sheet, read

Progress = Callable[[int], None]


@dataclass(frozen=True)
class Parsed:
    """The outcome of one sheet.

    readings: number, carrier, channel str; start int64; seconds int32 (0 = register reading); value float64;
    quality, sheet str; row int64. errors: file, sheet str; row int64; column, value, code, message_zh,
    message_en, remedy_zh, remedy_en str. numbers: meter numbers that ``known`` lacks (all without ``known``).
    stats: rows read, good, bad, blank, total, header, note, same (equal duplicates kept once), merged
    (weighings summed into days). remarks: doubts about rows that stand.
    """

    readings: pa.Table
    errors: pa.Table
    numbers: list[Unknown]
    stats: dict[str, int] = field(default_factory=dict)
    remarks: list[Remark] = field(default_factory=list)


class Preview(NamedTuple):
    """The first rows as written (row number, cells) below ``names``, and as read; ``problem`` if they cannot be."""

    names: list[str]
    cells: list[tuple[int, tuple[str, ...]]]
    parsed: Parsed | None
    problem: TanlinError | None


def parse(
    path: str | Path | Sheet,
    mapping: Mapping,
    *,
    known: pa.Table | None = None,
    sheet: str | None = None,
    progress: Progress | None = None,
) -> Parsed:
    """Read a whole sheet (the first that holds anything, unless named).

    ``known`` has one row a meter and channel: number, carrier, channel, meter_id, kind, unit, tz; the last
    three may be null. ``progress`` is called with the number of rows read so far.

    Raises BadInput for a file that cannot be read, missing or repeated columns, an unconvertible unit, and a
    mapping with open questions.
    """
    one = path if isinstance(path, Sheet) else read(path, sheet=sheet)[0]
    return _parse(one, mapping, known, progress)


def preview(sheet: Sheet, mapping: Mapping, rows: int = 20, known: pa.Table | None = None) -> Preview:
    """What the user sees before agreeing; never raises a TanlinError but carries it."""
    body = sheet.head[mapping.header_row :]
    numbered = list(enumerate(body, mapping.header_row + 1))
    shown = [(n, c) for n, c in numbered if any(c)][:rows]
    names: list[str] = []
    try:
        names = names_at(sheet, mapping.header_row, mapping.header_rows)
        short = replace(sheet, rows=[list(r) for r in sheet.head])
        if sheet.kind == "parquet":
            short = replace(short, kind="excel")
        parsed = _parse(short, mapping, known, None)
        last = shown[-1][0] if shown else 0
        import pyarrow.compute as pc

        return Preview(
            names,
            shown,
            replace(
                parsed,
                readings=parsed.readings.filter(pc.less_equal(parsed.readings["row"], last)),
            ),
            None,
        )
    except TanlinError as error:
        return Preview(names, shown, None, error)


def _parse(
    sheet: Sheet,
    mapping: Mapping,
    known: pa.Table | None,
    progress: Progress | None,
) -> Parsed:
    if mapping.questions:
        asked = [q.text for q in mapping.questions]
        names = Text("、".join(t.zh.rstrip("？") for t in asked), "; ".join(t.en.rstrip("?") for t in asked))
        raise refusal("meter.open_questions", sheet.where(), names=names)
    errors = Errors(sheet)
    errors.add_left_out(sheet.problems)
    gathered: Gathered = gather(sheet, mapping, known, errors, progress)
    readings, unknown, remarks = finish(sheet, mapping, gathered, known, errors)
    table = errors.table()
    stats = gathered.stats | {"good": readings.num_rows, "bad": errors.rows}
    return Parsed(readings, table, unknown, stats, remarks)
