"""Every question the product asks of its engine: recorded while its verbs run, and found in its source.

A recorder stands where DuckDB stands, keeps each question with its answer, and lets another engine be asked the
same. What is shipped is read from the source, so that an SQL text nobody asks here is noticed.
"""

from __future__ import annotations

import ast
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from tanlin.readings.adapters import duckdb
from tanlin.readings.adapters.duckdb import DuckDBEngine
from tanlin.readings.engine import Chunked, Engine, Source, default_engine
from tanlin.readings.schema import CURRENT, DAYS, LOG
from tanlin.readings.snapshot import Snapshot
from tests.support import ROOT

SOURCE = ROOT / "src" / "tanlin"
#: These speak to the database of Django, and adapters speak a dialect.
OTHERS = {"record/guards.py", "readings/locks.py", "readings/inbox.py", "readings/inbox_database.py"}
#: Times a text is kept with an answer that has rows, and with one that has none.
KEPT = 1
TOLERANCE = 1e-9


@dataclass(frozen=True)
class Question:
    """A question and DuckDB's answer. ``fn`` is set where a function was applied to whole meters."""

    text: str
    tables: dict[str, Source]
    frames: dict[str, pa.Table]
    answer: pa.Table
    fn: Callable[[pa.Table], pa.Table] | None = None
    rows: Chunked | None = None

    def ask(self, engine: Engine) -> pa.Table:
        """The answer of another engine."""
        if self.fn is None or self.rows is None:
            return engine.query(self.text, self.tables, self.frames)
        return pa.concat_tables(engine.map(self.fn, self.rows, self.tables, self.frames))


class Recorder(DuckDBEngine):
    """DuckDB that keeps what it is asked, with copies of files that will not stay."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder
        self.asked: list[str] = []
        self.questions: list[Question] = []
        self._count: dict[str, int] = {}

    def query(self, sql, tables, frames=None) -> pa.Table:
        answer = super().query(sql, tables, frames)
        self._keep(Question(sql, dict(tables), dict(frames or {}), answer))
        return answer

    def stream(self, sql, tables, frames=None, rows=131_072) -> pa.RecordBatchReader:
        self._keep(Question(sql, dict(tables), dict(frames or {}), super().query(sql, tables, frames)))
        return super().stream(sql, tables, frames, rows)

    def map(self, fn, rows, tables, frames=None) -> list[pa.Table]:
        answers = DuckDBEngine().map(fn, rows, tables, frames)
        self.asked.append(rows.sql)
        self._keep(
            Question(fn.__name__, dict(tables), dict(frames or {}), pa.concat_tables(answers), fn, rows)
        )
        return answers

    def _keep(self, question: Question) -> None:
        self.asked.append(question.text)
        # An empty answer agrees too easily: one with rows is kept whenever it comes.
        slot = f"{kind(question.text)} {bool(question.answer.num_rows)}"
        if self._count.setdefault(slot, 0) < KEPT:
            self._count[slot] += 1
            tables = {name: self._lasting(source) for name, source in question.tables.items()}
            self.questions.append(replace(question, tables=tables))

    def _lasting(self, source: Source) -> Source:
        if not any("/.staging-" in file for file in source.files):
            return source
        folder = self.folder / str(len(list(self.folder.iterdir())))
        folder.mkdir()
        return replace(source, files=tuple(shutil.copy(file, folder) for file in source.files))


def record(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Recorder:
    """A recorder in the place of the default engine, until the test ends."""
    folder.mkdir()
    recorder = Recorder(folder)
    monkeypatch.setattr(duckdb, "DuckDBEngine", lambda: recorder)
    default_engine.cache_clear()
    return recorder


def differ(ours: pa.Table, other: pa.Table) -> str:
    """Why two answers are not the same: types and keys exactly, values within 1e-9; empty where they are."""
    if not ours.schema.equals(other.schema):
        return f"schema {ours.schema} / {other.schema}"
    if ours.num_rows != other.num_rows:
        return f"{ours.num_rows} / {other.num_rows} rows"
    values = [field.name for field in ours.schema if pa.types.is_floating(field.type)]
    keys = [name for name in ours.column_names if name not in values]
    order = [(name, "ascending") for name in [*keys, *values]]
    ours, other = ours.sort_by(order), other.sort_by(order)
    for name in keys:
        if not ours[name].equals(other[name]):
            return f"key {name}"
    for name in values:
        a, b = ours[name].to_numpy(), other[name].to_numpy()
        if not np.allclose(a, b, rtol=TOLERANCE, atol=1e-12, equal_nan=True):
            return f"value {name}"
    return ""


def shipped() -> Iterator[tuple[str, re.Pattern[str]]]:
    """Place and pattern of every SQL text in the source that an engine is asked; blanks may hold anything."""
    for path in sorted(SOURCE.rglob("*.py")):
        name = path.relative_to(SOURCE).as_posix()
        if name in OTHERS or "/adapters/" in name or "/migrations/" in name:
            continue
        for line, text in _texts(ast.parse(path.read_text("utf-8"))):
            if re.match(r"\s*\(*(SELECT|WITH)\s", text) and " FROM " in re.sub(r"\s+", " ", text):
                yield f"{name}:{line}", _pattern(text)


def calls_of_map() -> int:
    """How often the source has a function applied to whole meters."""
    texts = (path.read_text("utf-8") for path in SOURCE.rglob("*.py") if "readings" not in path.parts)
    return sum(text.count(".map_batches(") for text in texts)


def kind(text: str) -> str:
    """What texts that differ in their numbers only have in common."""
    return re.sub(r"\d+", "#", text)


def normal(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()


_BLANK = "\0"


def _texts(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Line and text of each string, with a blank where an f-string has a value; docstrings are left out."""
    inside = {part for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            inside.add(node.value)
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            parts = [p.value if isinstance(p, ast.Constant) else _BLANK for p in node.values]
            yield node.lineno, "".join(str(part) for part in parts)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in inside:
            yield node.lineno, node.value


def _pattern(text: str) -> re.Pattern[str]:
    blanked = re.sub(r"\{\w*\}", _BLANK, normal(text))
    return re.compile(".*".join(re.escape(part) for part in blanked.split(_BLANK)))


def use_everything() -> None:
    """Every verb and query that asks the engine, on a small community: bills, registers through a rollover,
    overlaps, corrections, undoing, clocks that change, replay, removal."""
    from tanlin.carbon import services as carbon
    from tanlin.community.queries import SYSTEM
    from tanlin.kernel.errors import BadInput, Conflict
    from tanlin.meter import queries as meters
    from tanlin.meter import services as meter
    from tanlin.meter.queries import values
    from tanlin.readings import queries, services
    from tanlin.record import queries as records
    from tests.carbon import place as p

    world = p.build()
    carbon.derive(world.area, p.YEAR)
    replayed = {key: figure.receipt for key, figure in records.figures(world.area, "2023").items()}
    world.correct("MAIN", 3, 1.5)
    _add(world, ("SUB-1", p.START, 24 * 3600, 400.0), ("SUB-2", p.START + 1800, 3600, 9.0))
    batch = _add(world, ("MAIN", p.START + 7200, 3600, 2.25))
    meter.refresh()
    meter.undo_batch(batch.number, [world.ids["MAIN"]], actor=SYSTEM, area=world.area, source="undo")
    meter.refresh()
    meter.refresh([world.ids["GAS"], world.ids["LONE"]])
    for key in ("carbon.co2e", "carbon.basic"):
        records.replay(SYSTEM, replayed[key, "2023"])
    carbon.derive_missing(world.areas["street"], ("street", "building"))
    row = world.row("MAIN")
    meters.stored(row.meter)
    meters.stored_one(row.meter, "import", p.START, 3600)
    meters.reading_at(row.meter, "2023-03-01", "Asia/Shanghai")
    meters.effective(row.meter, p.START, p.START + 86400, 10, 0)
    meters.periods(world.row("BILL").meter, [world.row("BILL")])
    meters.daily(row.meter, [row])
    values.last_register(world.ids["GAS"], "import", p.START, p.START + 90 * 86400)
    values.steps_back(world.row("GAS").meter)
    queries.status()
    for bad in ({"value": float("nan")}, {"quality": "guess"}, {"value": 8.0}):
        with pytest.raises(BadInput):
            _add(world, ("LONE", p.START, 3600, 3.0), ("LONE", p.START, 3600, 3.0), last=bad)
    for hour in range(9):
        world.commit("LONE", p.START + 3600 * hour, 1.0 + hour)
    meter.refresh()
    services.compact()
    services.rebuild(*services.registry())
    _check_quality(world)
    apply_batch_functions(queries.snapshot())
    with pytest.raises(Conflict):
        meter.erase_places([world.area.pk], actor=SYSTEM)
    _in_a_zone_with_summer_time()


def _check_quality(world: Any) -> None:
    """A gap is found, shown and filled with an estimate."""
    from tanlin.community.queries import SYSTEM
    from tanlin.meter import queries as meters
    from tanlin.meter import services as meter
    from tests.carbon import place as p

    _add(world, ("MAIN", p.START + 700 * 3600, 3600, 1.0), last={"quality": "rejected"})
    meter.refresh()
    meter.validate()
    found = list(meters.quality.exceptions(world.area, state="all"))
    meters.quality.around(found)
    rows = meters.quality.meters_of(world.area)
    meters.quality.grid(world.area, rows, meters.quality.months_until(rows))
    gaps = [one.pk for one in found if one.kind == "gap"]
    meter.quality.estimate(gaps, area=world.area, actor=SYSTEM, reason="gap")
    meter.refresh()


def apply_batch_functions(snapshot: Snapshot) -> None:
    """The functions of the product that take rows of whole meters, a few meters at a time.

    They are wrapped here, inside a function, because executors get the product and not its tests.
    """
    from tanlin.meter import queries as meters
    from tanlin.readings import daily, derive, digests
    from tanlin.readings.days import touched_days

    devices, zones = meters.devices_frame(), meters.zones_frame()

    def effective(log: pa.Table) -> pa.Table:
        return derive(log, devices).rows

    def problems(log: pa.Table) -> pa.Table:
        return derive(log, devices).problems

    def days(current: pa.Table) -> pa.Table:
        return daily(current, zones)

    def touched(current: pa.Table) -> pa.Table:
        return touched_days(current, zones)

    for fn in (effective, problems):
        snapshot.map_batches(fn, LOG.names, meters=3, view="log")
    for fn in (days, digests, touched):
        snapshot.map_batches(fn, CURRENT.names, meters=3)
    some = pa.table({"meter_id": snapshot.query("SELECT DISTINCT meter_id FROM days")["meter_id"][:2]})
    one = "meter_id IN (SELECT meter_id FROM picked)"
    snapshot.map_batches(lambda rows: rows, DAYS.names, meters=1, where=one, view="days", picked=some)
    snapshot.map_batches(digests, CURRENT.names, where="meter_id < 0")


def _add(world: Any, *rows: tuple[str, int, int, float], last: dict[str, Any] | None = None) -> Any:
    """Readings (number, start, seconds, value) as one batch; ``last`` alters the last of them."""
    from tanlin.community.queries import SYSTEM
    from tanlin.meter import services as meter

    names = ("meter_id", "start", "seconds", "value")
    full = [
        dict(zip(names, (world.ids[number], *rest), strict=True))
        | {"channel": "import", "quality": "measured"}
        for number, *rest in rows
    ]
    full[-1] |= last or {}
    return meter.add_readings(pa.Table.from_pylist(full), source="test", actor=SYSTEM, area=world.area)


def _in_a_zone_with_summer_time() -> None:
    """A place of its own, with the days of both changes of the clock, derived and then removed."""
    from tanlin.carbon import services as carbon
    from tanlin.community import services as community
    from tanlin.community.queries import SYSTEM
    from tanlin.kernel.period import Period
    from tanlin.meter import services as meter

    area = community.create_area(
        SYSTEM, slug="dst", name="dst", level="community", region="GB", tz="Europe/London", origin="measured"
    )
    spec = meter.Spec(owner=area, place=area, carrier="electricity", number="DST", unit="kWh",
                      valid_from=date(2023, 1, 1))  # fmt: skip
    (pk,) = meter.register([spec], actor=SYSTEM, area=area).values()
    start = np.concatenate([np.arange(d, d + 4 * 86400, 3600) for d in (1_679_600_000, 1_698_300_000)])
    start -= start % 3600
    n = len(start)
    table = pa.table(
        {
            "meter_id": [pk] * n, "channel": ["import"] * n, "start": start, "seconds": pa.array([3600] * n, pa.int32()),
            "value": np.round(np.random.default_rng(5).uniform(0, 3, n), 3), "quality": ["measured"] * n,
        }
    )  # fmt: skip
    meter.add_readings(table, source="dst", actor=SYSTEM, area=area)
    meter.refresh()
    carbon.derive(area, Period("2023"))
    meter.erase_places([area.pk], actor=SYSTEM)
