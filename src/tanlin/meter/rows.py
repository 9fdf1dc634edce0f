"""Which rows of a block are data, and cells merged downwards."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tanlin.meter import cells, words
from tanlin.meter.mapping import Mapping
from tanlin.meter.sheets import Sheet

_TOTALS = "计|均|sum|total|average"


def filled(sheet: Sheet, index: int, rows: np.ndarray, column: pa.Array) -> pa.Array:
    """The column with the text of cells merged downwards repeated."""
    spans = [
        (t, b)
        for t, left, b, right in sheet.merges
        if left <= index + 1 <= right and b >= rows[0] and t <= rows[-1] and b > t
    ]
    if not spans or sheet.rows is None:
        return column
    made = column.to_pylist()
    for top, bottom in spans:
        line = sheet.rows[top - 1]
        text = line[index] if index < len(line) else ""
        for row in range(max(top, int(rows[0])), min(bottom, int(rows[-1])) + 1):
            made[row - int(rows[0])] = text
    return pa.array(made, pa.string())


def _is_text(column: pa.Array) -> bool:
    kind = column.type
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_dictionary(kind))


def empty(column: pa.Array) -> np.ndarray:
    """Which cells are blank."""
    if _is_text(column):
        return np.asarray(pc.equal(cells.texts(column), ""), bool)
    return np.asarray(column.is_null(nan_is_null=True), bool)


def data_rows(
    mapping: Mapping, names: list[str], columns: list[pa.Array], roles: set[int], values: set[int]
) -> tuple[np.ndarray, dict[str, int]]:
    """The rows that are data, and how many of the others are totals, repeated headers and notes.

    ``roles`` and ``values`` are the indexes of the columns that say what a value is, and of the values.
    """
    size = len(columns[0])
    total, repeated = np.zeros(size, bool), np.zeros(size, bool)
    for i in sorted({*roles, 0} - values):
        if not _is_text(columns[i]):
            continue
        text = cells.texts(columns[i])
        name = names[i].split(" ")[-1]
        if name:
            repeated |= np.asarray(pc.equal(text, name), bool)
        at = np.flatnonzero(np.asarray(pc.match_substring_regex(text, _TOTALS, ignore_case=True), bool))
        found = [words.is_total(t) for t in text.take(pa.array(at)).to_pylist()]
        total[at] |= np.array(found, bool)
    no_value = np.logical_and.reduce([empty(columns[i]) for i in values])
    blank, note = np.zeros(size, bool), np.zeros(size, bool)
    bare = np.flatnonzero(no_value & ~total & ~repeated)
    if bare.size:
        take = pa.array(bare)
        count = np.add.reduce([~empty(c.take(take)) for c in columns])
        blank[bare] = count == 0
        time = next((r for r in ("time", "month", "period", "from") if r in mapping.columns), None)
        timeless = empty(columns[names.index(mapping.columns[time])].take(take)) if time else count < 0
        note[bare] = (count == 1) | ((count > 0) & timeless)
    counts = {"total": total.sum(), "header": (repeated & ~total).sum(), "note": note.sum()}
    return ~(total | repeated | blank | note), {k: int(v) for k, v in counts.items()}
