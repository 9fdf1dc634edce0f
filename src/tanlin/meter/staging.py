"""A file between upload and agreement: what its sheets mean, and what a check of the whole file leaves behind.

Good rows wait as Parquet, bad rows as a table next to it; nothing here reaches the store.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tanlin.kernel.errors import TanlinError
from tanlin.kernel.paths import home
from tanlin.kernel.receipt import canonical, sha256
from tanlin.kernel.units import CANONICAL
from tanlin.meter import products, sheets
from tanlin.meter.finish import Unknown
from tanlin.meter.headers import names_at, time_header
from tanlin.meter.mapping import Mapping, guess
from tanlin.meter.parsing import parse
from tanlin.meter.problems import refusal
from tanlin.meter.sheets import Sheet

KEY = ["number", "carrier", "channel"]
#: Fields of a mapping that a source keeps from file to file; what belongs to one file is guessed anew.
KEPT = (
    *("layout", "columns", "ignore", "carrier", "unit", "kind", "channel", "subject"),
    *("date_format", "tz", "stamp", "step", "end"),
)
Recall = Callable[[str], "dict[str, Any] | None"]


@dataclass(frozen=True)
class Plan:
    """What is to be done with one sheet. ``mapping`` is None where no header was found (``problem`` says so)."""

    sheet: str
    use: bool
    mapping: Mapping | None
    fingerprint: str = ""
    remembered: bool = False
    problem: dict[str, Any] | None = None

    def to_json(self) -> dict[str, Any]:
        """Plain data, as an import stores it."""
        body = json.loads(self.mapping.to_json()) if self.mapping else None
        return {**vars(self), "mapping": body}

    @classmethod
    def from_json(cls, body: dict[str, Any]) -> Plan:
        """The reverse of ``to_json``."""
        mapping = Mapping.from_json(json.dumps(body["mapping"])) if body["mapping"] else None
        return cls(**{**body, "mapping": mapping})


def folder() -> Path:
    """Where files wait, readable by the owner only."""
    path = home() / "staging"
    path.mkdir(mode=0o700, exist_ok=True)
    return path


def rows_file(pk: int) -> Path:
    """The good rows of an import."""
    return folder() / f"{pk}.parquet"


def errors_file(pk: int) -> Path:
    """The bad rows of an import."""
    return folder() / f"{pk}.errors.parquet"


def drop(pk: int) -> None:
    """Forget what a check left."""
    for path in (rows_file(pk), errors_file(pk)):
        path.unlink(missing_ok=True)


@contextmanager
def named(source: Path, filename: str) -> Iterator[Path]:
    """The stored file under the name its user knows, for messages."""
    with TemporaryDirectory(dir=folder()) as here:
        link = Path(here) / safe_name(filename)
        link.symlink_to(source)
        yield link


def safe_name(filename: str) -> str:
    """The last part of a name, short enough for a file system."""
    last = filename.replace("\\", "/").rsplit("/", 1)[-1].replace("\0", "").strip(". ")
    while len(last.encode()) > 200:
        last = last[1:]
    return last or "file"


def plan(found: list[Sheet], recall: Recall, tz: str, carrier: str | None = None) -> list[Plan]:
    """A plan for each sheet: the remembered mapping of its source, else a guess.

    Raises the first refusal where no sheet can be read at all.
    """
    plans, first = [], None
    for sheet in found:
        try:
            plans.append(_plan(sheet, guess(sheet, tz=tz, carrier=carrier), recall))
        except TanlinError as error:
            first = first or error
            plans.append(Plan(sheet.name, False, None, problem=error.as_dict()))
    if first is not None and not any(p.mapping for p in plans):
        raise first
    return plans


def _plan(sheet: Sheet, guessed: Mapping, recall: Recall) -> Plan:
    mark = fingerprint(sheet, guessed)
    known = recall(mark)
    if known is None:
        return Plan(sheet.name, True, guessed, mark)
    return Plan(sheet.name, True, remembered(guessed, Mapping.from_json(json.dumps(known))), mark, True)


def fingerprint(sheet: Sheet, mapping: Mapping) -> str:
    """The shape of a header: its names without those that are times."""
    names = names_at(sheet, mapping.header_row, mapping.header_rows)
    return sha256(canonical([n for n in names if n and time_header(n) is None]))


def remembered(guessed: Mapping, known: Mapping) -> Mapping:
    """The guess for this file with what its source keeps; only questions about this file stay open."""
    kept: dict[str, Any] = {name: getattr(known, name) for name in KEPT}
    if known.layout == "long":
        kept["values"] = known.values
    else:
        kept.pop("ignore")
    left = tuple(q for q in guessed.questions if q.field not in KEPT)
    return replace(guessed, **kept, questions=left)


def open_questions(plans: list[Plan]) -> int:
    """How many answers are still needed before the file can be checked."""
    return sum(len(p.mapping.questions) for p in plans if p.use and p.mapping)


def check(
    path: Path, plans: list[Plan], known: pa.Table, pk: int, progress: Callable[[int], None] | None = None
) -> dict[str, Any]:
    """Read all sheets in use and leave good and bad rows in the staging folder; returns the report.

    The report: ``counts`` (read, good, bad, blank, same, merged), ``unknown`` (meters ``known`` lacks, each with number,
    carrier, channel, kind, unit, rows, first, last), ``remarks`` (doubts as plain data), ``first`` and ``last``
    epoch seconds.
    Raises BadInput, and then leaves nothing.
    """
    used = [(p.sheet, p.mapping) for p in plans if p.use and p.mapping is not None]
    if not used:
        raise refusal("meter.no_data")
    readings, errors, remarks = [], [], []
    counts: dict[str, int] = {}
    units: dict[Any, tuple[Unknown | None, Mapping]] = {}
    done = 0
    by_name = {sheet.name: sheet for sheet in sheets.read(path)}
    for name, mapping in used:
        start = done
        parsed = parse(
            by_name[name],
            mapping,
            known=known,
            progress=(lambda rows, start=start: progress(start + rows)) if progress else None,  # type: ignore[misc]
        )
        readings.append(parsed.readings)
        errors.append(parsed.errors)
        remarks += [r.as_dict() for r in parsed.remarks]
        done += parsed.stats.get("read", parsed.readings.num_rows)
        for what, count in parsed.stats.items():
            counts[what] = counts.get(what, 0) + count
        for meter in parsed.numbers:
            units[meter.number, meter.carrier, meter.channel] = (meter, mapping)
    table = pa.concat_tables(readings)
    _write(table, rows_file(pk))
    _write(pa.concat_tables(errors), errors_file(pk))
    remarks = [r for i, r in enumerate(remarks) if r not in remarks[:i]]  # sheets share hidden neighbours
    found = unknown(table, known, units, used[0][1])
    return {"counts": counts, "unknown": found, "remarks": remarks, **_span(table)}


def _write(table: pa.Table, path: Path) -> None:
    draft = path.with_suffix(".draft")
    pq.write_table(table, draft, compression="zstd")
    draft.replace(path)


def _span(table: pa.Table) -> dict[str, int | None]:
    """First and last second that the readings cover: a bill of April ends in April."""
    if not table.num_rows:
        return {"first": None, "last": None}
    lengths = table["seconds"].cast(pa.int64())
    ends = pc.add(table["start"], pc.max_element_wise(pc.subtract(lengths, 1), 0))
    return {"first": pc.min(table["start"]).as_py(), "last": pc.max(ends).as_py()}


def unknown(
    table: pa.Table, known: pa.Table, details: dict[Any, tuple[Unknown | None, Mapping]], fallback: Mapping
) -> list[dict[str, Any]]:
    """The meters and channels of the rows that the registry lacks, in the order of their numbers."""
    ends = pc.add(table["start"], table["seconds"].cast(pa.int64()))
    wide = table.select([*KEY, "start"]).append_column("end", ends)
    groups = wide.group_by(KEY).aggregate([("start", "count"), ("start", "min"), ("end", "max")])
    registered = set(zip(*(known[name].to_pylist() for name in KEY), strict=True))
    found = []
    for row in groups.to_pylist():
        key = (row["number"], row["carrier"], row["channel"])
        if key not in registered:
            meter, mapping = details.get(key, (None, fallback))  # a known number on a new channel
            name = meter.name if meter else ""
            found.append(
                {
                    **{name: row[name] for name in KEY},
                    "rows": row["start_count"],
                    "first": row["start_min"],
                    "last": row["end_max"],
                    "kind": mapping.kind,
                    "unit": mapping.unit or CANONICAL[row["carrier"]],
                    "name": name,
                    "multiplier": meter.multiplier if meter else None,
                    "product": products.guess(row["carrier"], f"{row['number']} {name}"),
                }
            )
    return sorted(found, key=lambda m: (m["carrier"], m["number"], m["channel"]))


def with_ids(pk: int, known: pa.Table) -> tuple[pa.Table, int]:
    """The staged rows of registered meters as (meter_id, channel, start, seconds, value, quality), and how many others wait."""
    rest = ["start", "seconds", "value", "quality"]
    table = pq.read_table(rows_file(pk), columns=[*KEY, *rest], read_dictionary=[*KEY, "quality"])
    coded = [_whole(table[name]) for name in KEY]
    words = [{text: i for i, text in enumerate(column.dictionary.to_pylist())} for column in coded]
    shape = [max(1, len(w)) for w in words]
    meter = np.full(shape, -1, np.int64)
    for *key, meter_id in zip(*(known[name].to_pylist() for name in (*KEY, "meter_id")), strict=True):
        if all(text in w for text, w in zip(key, words, strict=True)):
            meter[tuple(w[text] for text, w in zip(key, words, strict=True))] = meter_id
    mine = meter[tuple(column.indices.to_numpy() for column in coded)]
    keep = mine >= 0
    at = pa.array(np.flatnonzero(keep))
    found = table.select(["channel", *rest]).take(at).add_column(0, "meter_id", pa.array(mine[keep]))
    for name in ("channel", "quality"):
        found = found.set_column(found.schema.get_field_index(name), name, found[name].cast(pa.string()))
    return found, table.num_rows - found.num_rows


def _whole(column: pa.ChunkedArray) -> pa.DictionaryArray:
    joined = column.unify_dictionaries().combine_chunks()
    return joined if isinstance(joined, pa.DictionaryArray) else joined.chunk(0)
