"""One pass over a sheet by blocks: every cell that holds a value becomes an entry of compact arrays."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tanlin.kernel.errors import BadInput
from tanlin.kernel.units import CHANNELS, factor_to_canonical
from tanlin.meter import cells, times, words
from tanlin.meter.bad import Errors
from tanlin.meter.headers import names_at
from tanlin.meter.mapping import NUMBER_ROLES, Mapping
from tanlin.meter.measures import Measure, is_lost, meter_number, numbers_of
from tanlin.meter.problems import refusal
from tanlin.meter.registry_view import Known
from tanlin.meter.rows import data_rows, filled
from tanlin.meter.sheets import MAX_ROWS, Block, Sheet

LARGEST = 1e10
_NO_END = np.iinfo(np.int64).min


class Entries(NamedTuple):
    """Parallel arrays, one entry a value. ``start`` and ``end`` are local seconds (UTC where ``absolute``)."""

    number: np.ndarray
    series: np.ndarray
    start: np.ndarray
    end: np.ndarray
    precision: np.ndarray
    absolute: np.ndarray
    value: np.ndarray
    row: np.ndarray
    column: np.ndarray


@dataclass
class Gathered:
    """Entries with the numbers, series (carrier, channel) and columns their codes stand for."""

    entries: Entries
    numbers: list[str]
    series: list[tuple[str, str]]
    columns: list[str]
    hints: dict[str, tuple[str, float | None]]
    stats: dict[str, int]
    step: int | str | None = None


@dataclass
class _State:
    sheet: Sheet
    mapping: Mapping
    names: list[str]
    measures: list[Measure]
    known: Known
    errors: Errors
    number_codes: dict[str, int] = field(default_factory=dict)
    series: dict[tuple[str, str], int] = field(default_factory=dict)
    hints: dict[str, tuple[str, float | None]] = field(default_factory=dict)
    stats: dict[str, int] = field(default_factory=dict)
    parts: list[Entries] = field(default_factory=list)

    def index(self, role: str) -> int | None:
        name = self.mapping.columns.get(role)
        return None if name is None else self.names.index(name)

    def count(self, what: str, more: int) -> None:
        self.stats[what] = self.stats.get(what, 0) + more


def gather(
    sheet: Sheet,
    mapping: Mapping,
    known: pa.Table | None,
    errors: Errors,
    progress: Callable[[int], None] | None = None,
) -> Gathered:
    """Read every row below the header. Raises BadInput for missing columns and unconvertible units."""
    names = names_at(sheet, mapping.header_row, mapping.header_rows)
    needed = [*mapping.columns.values()]
    if mapping.layout == "long":
        needed += mapping.values
    missing = [n for n in needed if n not in names]
    if missing:
        where = sheet.where(mapping.header_row)
        raise refusal("meter.missing_columns", where, names="、".join(missing))
    measures, step = numbers_of(mapping, names)
    if not measures:
        raise refusal("meter.no_data", sheet.where(mapping.header_row))
    state = _State(sheet, mapping, names, measures, Known(known), errors)
    for key in ("read", "blank", "total", "header", "note"):
        state.stats[key] = 0
    for block in sheet.blocks(mapping.header_row):
        _block(state, block)
        state.count("read", len(block.rows))
        if state.stats["read"] > MAX_ROWS:
            raise refusal("meter.too_many_rows", sheet.where(int(block.rows[-1])), limit=MAX_ROWS)
        if progress:
            progress(state.stats["read"])
    if not state.parts:
        raise refusal("meter.no_data", sheet.where(mapping.header_row))
    columns = [list(c) for c in zip(*state.parts, strict=True)]
    state.parts.clear()
    joined = Entries(
        *(np.concatenate(columns.pop(0)) for _ in Entries._fields)
    )  # each part goes as it is copied
    return Gathered(
        joined,
        list(state.number_codes),
        list(state.series),
        [m.name for m in measures],
        state.hints,
        state.stats,
        mapping.step if mapping.step is not None else step,
    )


def _block(state: _State, block: Block) -> None:
    sheet, mapping = state.sheet, state.mapping
    width = len(state.names)
    size = len(block.rows)
    columns = block.columns[:width]
    columns += [pa.array([""] * size, pa.string())] * (width - len(columns))
    roles = {state.names.index(n) for n in mapping.columns.values()}
    values = {m.index for m in state.measures}
    for i in roles - values:
        columns[i] = filled(sheet, i, block.rows, columns[i])
    keep, left_out = data_rows(mapping, state.names, columns, roles - values, values)
    for what, count in left_out.items():
        state.count(what, count)
    if not keep.all():
        take = pa.array(np.flatnonzero(keep))
        columns = [c.take(take) for c in columns]
        block = Block(block.rows[keep], columns)
    if not len(block.rows):
        return
    number, fine = _numbers(state, block.rows, columns)
    start, end, timely = _moments(state, block.rows, columns)
    for position, measure in enumerate(state.measures):
        _measure(state, block.rows, columns, position, measure, number, fine & timely, start, end)


def _numbers(state: _State, rows: np.ndarray, columns: list[pa.Array]) -> tuple[np.ndarray, np.ndarray]:
    """The code of each row's number (-1 where a column header says it) and whether it is usable."""
    size = len(rows)
    used = [i for i in map(state.index, (*NUMBER_ROLES, "stream")) if i is not None]
    if not used:
        fixed = state.mapping.number
        code = state.number_codes.setdefault(fixed, len(state.number_codes)) if fixed else -1
        return np.full(size, code, np.int32), np.ones(size, bool)
    text = cells.texts(columns[used[0]])
    for i in used[1:]:
        text = pc.binary_join_element_wise(text, cells.texts(columns[i]), " ")
    made, index = cells.distinct(text, meter_number)
    lost = np.array([is_lost(t) for t in made], bool)[index]
    none = np.array([not t for t in made], bool)[index]
    name = state.names[used[0]]
    for problem, mask in (("meter.number_lost", lost), ("meter.no_number", none)):
        at = np.flatnonzero(mask)
        state.errors.add(problem, rows[at], name, text.take(pa.array(at)))
    codes = np.array([state.number_codes.setdefault(t, len(state.number_codes)) for t in made], np.int32)[
        index
    ]
    _hints(state, columns, codes, made)
    return codes, ~(lost | none)


def _hints(state: _State, columns: list[pa.Array], codes: np.ndarray, made: list[str]) -> None:
    """Remember name and multiplier beside the first row of each number, for the registry to propose."""
    name, multiplier = state.index("name"), state.index("multiplier")
    if name is None and multiplier is None:
        return
    fresh = [t for t in made if t and t not in state.hints]
    first = {int(c): i for i, c in reversed(list(enumerate(codes.tolist())))} if fresh else {}
    for text in fresh:
        row = first.get(state.number_codes[text])
        if row is None:
            continue
        label = "" if name is None else str(columns[name][row].as_py() or "")
        times_ = None if multiplier is None else cells.number(str(columns[multiplier][row].as_py() or ""))
        state.hints[text] = (label.strip(), times_ if isinstance(times_, float) else None)


def _moments(
    state: _State, rows: np.ndarray, columns: list[pa.Array]
) -> tuple[cells.Moments, cells.Moments | None, np.ndarray]:
    """Starts, ends (where the sheet has them) and whether both can be read; unreadable ones are reported."""
    mapping, size = state.mapping, len(rows)
    order = mapping.date_format
    role = next((r for r in ("period", "from", "month", "time") if r in mapping.columns), None)
    if role == "from" and "to" not in mapping.columns:
        role = "time" if "time" in mapping.columns else "from"
    if role is None:
        label = mapping.period or "1970"  # without one, the headers hold whole dates
        text = label if len(label) > 4 else f"{label}-01"
        return cells.moments(pa.array([text] * size)), None, np.ones(size, bool)
    column = columns[state.index(role) or 0]
    end_text: pa.Array | None = None
    if role == "period":
        column, end_text = times.split(column)
    elif role == "from" and "to" in mapping.columns:
        end_text = columns[state.index("to") or 0]
    elif role == "time" and "hour" in mapping.columns:
        column = times.join(column, columns[state.index("hour") or 0])
    start = cells.moments(column, order)
    fine = start.state == cells.OK
    _untimely(state, rows, columns[state.index(role) or 0], role, ~fine)
    if end_text is None:
        return start, None, fine
    end = cells.moments(end_text, order)
    last = end.state == cells.OK
    of = role if role == "period" else "to"
    _untimely(state, rows, columns[state.index(of) or 0], of, fine & ~last)
    return start, end, fine & last


def _untimely(state: _State, rows: np.ndarray, column: pa.Array, role: str, mask: np.ndarray) -> None:
    at = np.flatnonzero(mask)
    if at.size:
        text = cells.texts(column.take(pa.array(at)))
        if state.mapping.date_format is None and cells.orders(text.unique().to_pylist()):
            where = state.sheet.where(int(rows[at[0]]), state.mapping.columns[role])
            raise refusal("meter.ambiguous_dates", where)
        state.errors.add("meter.bad_time", rows[at], state.mapping.columns[role], text)


def _measure(
    state: _State,
    rows: np.ndarray,
    columns: list[pa.Array],
    position: int,
    measure: Measure,
    number: np.ndarray,
    usable: np.ndarray,
    start: cells.Moments,
    end: cells.Moments | None,
) -> None:
    """Entries of one value column."""
    mapping, column = state.mapping, columns[measure.index]
    unit_word = {measure.unit or mapping.unit or ""}
    values, verdict = cells.numbers(column, unit_word - {""}, state.sheet.delimiter != ";")
    bad = "meter.formula_uncached" if state.sheet.kind == "excel" else "meter.formula_text"
    _report(state, rows, measure, column, "meter.not_a_number", verdict == cells.BAD)
    _report(state, rows, measure, column, bad, verdict == cells.FORMULA)
    good = verdict == cells.OK
    state.count("blank", int((verdict == cells.BLANK).sum()))
    _report(state, rows, measure, column, "meter.negative", good & (values < 0))
    good &= usable & ~(values < 0)
    if measure.number is not None:
        number = _joined_numbers(state, number, measure.number)
    series, factor = _series(state, rows, columns, measure, number, good)
    good &= series >= 0
    values = values * factor
    huge = good & (values > LARGEST)
    _report(state, rows, measure, column, "meter.too_large", huge)
    good &= ~huge
    at = np.flatnonzero(good)
    began, ended = _placed(measure, start, end)
    state.parts.append(
        Entries(
            number[at], series[at], began[at], ended[at], start.precision[at],
            start.absolute[at], values[at], rows[at], np.full(at.size, position, np.int32),
        )
    )  # fmt: skip


def _report(
    state: _State, rows: np.ndarray, measure: Measure, column: pa.Array, code: str, mask: np.ndarray
) -> None:
    at = np.flatnonzero(mask)
    if at.size:
        text = cells.texts(column.take(pa.array(at)))
        state.errors.add(code, rows[at], measure.name, text)


def _placed(
    measure: Measure, start: cells.Moments, end: cells.Moments | None
) -> tuple[np.ndarray, np.ndarray]:
    """Where a value of this column starts and ends, in local seconds."""
    if measure.span is not None:
        began = measure.span.at(start.seconds)
        return began, np.full(len(began), _NO_END)
    if end is None:
        return start.seconds, np.full(len(start.seconds), _NO_END)
    if measure.before:  # the previous register reading stands at the start
        return start.seconds, np.full(len(start.seconds), _NO_END)
    return start.seconds, end.seconds


def _joined_numbers(state: _State, number: np.ndarray, own: str) -> np.ndarray:
    """Codes of a column's own meter, within each row's number where rows have one."""
    codes = list(state.number_codes)
    made = {}
    for code in np.unique(number).tolist():
        text = own if code < 0 else f"{codes[code]} {own}"
        made[code] = state.number_codes.setdefault(text, len(state.number_codes))
    return np.array([made[c] for c in number.tolist()], np.int32)


def _series(
    state: _State,
    rows: np.ndarray,
    columns: list[pa.Array],
    measure: Measure,
    number: np.ndarray,
    good: np.ndarray,
) -> tuple[np.ndarray, np.ndarray | float]:
    """The series code of each row (-1 where the row is bad) and the factor to the canonical unit."""
    mapping, size = state.mapping, len(rows)
    by_row = {"carrier", "channel", "unit"} & set(mapping.columns)
    text = {r: cells.texts(columns[state.index(r) or 0]) for r in by_row}
    codes = [pa.array(number)] + [text[r] for r in sorted(by_row)]
    if not by_row and (carrier := mapping.carrier or measure.carrier) and not state.known:
        unit = measure.unit or mapping.unit
        if unit is None:
            raise refusal("meter.open_questions", state.sheet.where(), names="单位")
        pair = carrier, measure.channel or mapping.channel
        code = state.series.setdefault(pair, len(state.series))
        return np.full(size, code, np.int32), factor_to_canonical(unit, carrier)
    keys = pc.binary_join_element_wise(*(c.cast(pa.string()) for c in codes), "\x1f")
    names = list(state.number_codes)

    def settle(key: str) -> tuple[int, float, str]:
        first, *rest = key.split("\x1f")
        row = dict(zip(sorted(by_row), rest, strict=True))
        return _settled(state, measure, names[int(first)], row)

    made, index = cells.distinct(keys, settle)
    series = np.array([m[0] for m in made], np.int32)[index]
    factor = np.array([m[1] for m in made], float)[index]
    trouble = np.array([m[2] for m in made], object)[index]
    for role, problem in (
        ("carrier", "meter.bad_word"),
        ("channel", "meter.bad_word"),
        ("unit", "meter.bad_unit"),
    ):
        mask = good & (trouble == role)
        at = np.flatnonzero(mask)
        if at.size:
            shown = text[role].take(pa.array(at)) if role in text else pa.array([""] * at.size)
            column = mapping.columns.get(role, measure.name)
            state.errors.add(problem, rows[at], column, shown)
    at = np.flatnonzero(good & (trouble == "kind"))
    state.errors.add(
        "meter.kind_mismatch",
        rows[at],
        mapping.columns.get("number", measure.name),
        [names[n] for n in number[at]],
    )
    return series, factor


def _settled(state: _State, measure: Measure, number: str, row: dict[str, str]) -> tuple[int, float, str]:
    """(series, factor, "") or (-1, NaN, the role that is wrong) of one kind of row."""
    mapping, known = state.mapping, state.known
    bad = float("nan")
    carrier = mapping.carrier or measure.carrier or known.carrier(number)
    if row.get("carrier") and not mapping.carrier:
        carrier = words.carrier_word(row["carrier"])
    if not carrier:
        return -1, bad, "carrier"
    channel: str | None = measure.channel or mapping.channel
    if row.get("channel"):
        channel = words.channel_word(row["channel"])
    elif channel == "import" and measure.channel is None:
        channel = known.channel(number, carrier) or channel
    if channel not in CHANNELS:
        return -1, bad, "channel"
    kind = known.kind(number, carrier, channel)
    if kind and (kind == "register") != (mapping.kind == "register"):
        return -1, bad, "kind"
    unit = row.get("unit") or measure.unit or mapping.unit
    unit = unit or known.unit(number, carrier, channel)
    try:
        factor = factor_to_canonical(words.unit_word(unit or ""), carrier)
    except BadInput:
        if not row.get("unit"):
            raise
        return -1, bad, "unit"
    pair = carrier, channel
    return state.series.setdefault(pair, len(state.series)), factor, ""
