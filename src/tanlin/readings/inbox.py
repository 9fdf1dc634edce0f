"""Where readings from the field wait, safe on disk, until the next batch takes them into the log.

A SQLite file of its own (WAL, synchronous FULL), or tables of the installation's PostgreSQL. Many threads put at once and
share one commit, so one fsync: ``put`` returns after it. A row waits (``reason`` empty) or is held with the reason why it
cannot become a reading; held rows stay until a person settles them. Nothing leaves except by ``settle`` and ``discard``.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa

from tanlin.readings.inbox_database import (
    InboxDatabase,
    InboxFull,
    busy,
    close,
    refusal,
    too_many,
    too_many_held,
)

#: Rows that may wait in memory for the next commit, and how often the rows on disk are counted.
MOST_PENDING, COUNT_SECONDS = 200_000, 10
#: The writer thread ends after so long without work.
IDLE_SECONDS = 30
#: Minutes for which the rate of a source is kept.
MINUTES_KEPT = 24 * 60

_INSERT = (
    "INSERT INTO inbox (source, point, start, seconds, value, unit, channel, arrival, raw, reason)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_PULSE = (
    "INSERT INTO inbox_pulse (source, minute, rows, last) VALUES (?, ?, ?, ?) ON CONFLICT (source, minute)"
    " DO UPDATE SET rows = inbox_pulse.rows + excluded.rows, last = excluded.last"
)
_NEWEST = (
    "INSERT INTO inbox_newest (source, point, start, seconds, value, arrival) VALUES (?, ?, ?, ?, ?, ?)"
    " ON CONFLICT (source, point) DO UPDATE SET start = excluded.start, seconds = excluded.seconds,"
    " value = excluded.value, arrival = excluded.arrival WHERE excluded.start >= inbox_newest.start"
)
_STANDING = (
    "INSERT INTO inbox_standing (source, state, error, at) VALUES (?, ?, ?, ?) ON CONFLICT (source)"
    " DO UPDATE SET state = excluded.state, error = excluded.error, at = excluded.at"
)
#: What ``waiting`` gives.
WAITING = pa.schema(
    [
        ("id", pa.int64()),
        ("source", pa.int64()),
        ("point", pa.string()),
        ("start", pa.int64()),
        ("seconds", pa.int64()),
        ("value", pa.float64()),
        ("unit", pa.string()),
        ("channel", pa.string()),
        ("arrival", pa.int64()),
    ]
)


class Held(NamedTuple):
    """A row that cannot become a reading yet; ``start``, ``seconds`` and ``value`` may be unknown."""

    point: str
    start: int | None
    seconds: int | None
    value: float | None
    unit: str | None
    channel: str
    raw: str
    reason: str


class Heap(NamedTuple):
    """Held rows of one point with one reason, and the newest of them."""

    point: str
    reason: str
    rows: int
    first: int | None
    last: int | None
    value: float | None
    unit: str | None
    raw: str


@dataclass(frozen=True)
class Standing:
    """How a source stands. ``seen``: epoch second of its newest rows; ``rate``: rows of the last full minute."""

    state: str = "never"
    error: dict[str, Any] | None = None
    at: int | None = None
    seen: int | None = None
    rate: int = 0
    day: int = 0
    waiting: int = 0
    unmapped: int = 0
    held: int = 0


@dataclass
class _Put:
    source: int
    rows: list[tuple[Any, ...]]
    done: Future[None] = field(default_factory=Future)


class Inbox(InboxDatabase):
    """The inbox of one installation; safe to use from many threads and processes.

    Args:
        address: path of the SQLite file, or keyword arguments of ``psycopg.connect``.
        most_rows: rows on disk from which puts are refused; held rows of one source may take half of them.
    """

    def __init__(self, address: Path | dict[str, Any], most_rows: int = 2_000_000) -> None:
        super().__init__(address)
        self.most_rows = most_rows
        self._pending: list[_Put] = []
        self._wake = threading.Condition()
        self._thread: threading.Thread | None = None
        self._counts: dict[tuple[int, bool], int] = {}
        self._counted = 0.0
        self._closing = False

    # --- in ---------------------------------------------------------------------------------------------------

    def submit(
        self, source: int, samples: Iterable[Sequence[Any]], held: Iterable[Held] = ()
    ) -> Future[None]:
        """Queue rows for the next shared commit; the future is done when they are on disk, all of them.

        ``samples``: (point, start, seconds, value, unit, channel, arrival), checked by the caller. The future
        raises InboxFull when nothing was kept.
        """
        rows = [(source, *sample[:6], int(sample[6]), "", "") for sample in samples]
        rows += [(source, *one[:6], 0, one.raw, one.reason) for one in held]
        put = _Put(source, rows)
        with self._wake:
            before = sum(len(other.rows) for other in self._pending)
            if (
                before and before + len(rows) > MOST_PENDING
            ):  # alone, any put is taken: it could never come in
                raise busy()
            self._pending.append(put)
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._work, name="inbox", daemon=True)
                self._thread.start()
            self._wake.notify()
        return put.done

    def put(self, source: int, samples: Iterable[Sequence[Any]], held: Iterable[Held] = ()) -> None:
        """As ``submit``; returns after the commit. Raises InboxFull."""
        self.submit(source, samples, held).result()

    def close(self) -> None:
        """End the writer thread once nothing waits for it; a later put starts another."""
        with self._wake:
            thread, self._closing = self._thread, True
            self._wake.notify()
        if thread is not None:
            thread.join()
        self._closing = False

    def _work(self) -> None:
        """The writer thread: everything that has gathered goes into one commit."""
        connection: Any = None
        while True:
            with self._wake:
                self._wake.wait_for(lambda: self._pending or self._closing, timeout=IDLE_SECONDS)
                if not self._pending:
                    self._thread = None
                    break
                puts, self._pending = self._pending, []
            try:
                connection = connection or self.connect()
                self._commit(connection, puts)
            except Exception as error:  # noqa: BLE001  (every waiting caller gets it)
                close(connection)
                connection = None
                for put in puts:
                    if not put.done.done():
                        put.done.set_exception(refusal(error))
        close(connection)

    def _commit(self, connection: Any, puts: list[_Put]) -> None:
        self._count(connection)
        taken = []
        for put in puts:
            no = self._over(put)
            if no is None:
                taken.append(put)
            else:
                put.done.set_exception(no)
        now = int(time.time())
        arrived: dict[int, int] = {}
        for put in taken:
            arrived[put.source] = arrived.get(put.source, 0) + len(put.rows)
        with self.whole(connection) as cursor:
            self.many(cursor, _INSERT, [row for put in taken for row in put.rows])
            self.many(cursor, _PULSE, [(s, now // 60, n, now) for s, n in sorted(arrived.items()) if n])
        for put in taken:
            for row in put.rows:
                key = (put.source, bool(row[-1]))
                self._counts[key] = self._counts.get(key, 0) + 1
            put.done.set_result(None)

    def _count(self, connection: Any) -> None:
        """Rows on disk by source and whether held, counted now and then; other processes put and settle too."""
        if self._counted and time.monotonic() - self._counted < COUNT_SECONDS:
            return
        sql = "SELECT source, reason <> '', COUNT(*) FROM inbox GROUP BY source, reason <> ''"
        self._counts = {(source, bool(held)): n for source, held, n in connection.execute(sql)}
        if self.postgres:
            connection.commit()
        self._counted = time.monotonic()

    def _over(self, put: _Put) -> InboxFull | None:
        if sum(self._counts.values()) + len(put.rows) > self.most_rows:
            return too_many()
        held = self._counts.get((put.source, True), 0)
        return too_many_held() if held + len(put.rows) > self.most_rows // 2 else None

    # --- out --------------------------------------------------------------------------------------------------

    def waiting(self, limit: int) -> pa.Table:
        """The oldest waiting rows, schema WAITING."""
        sql = f"SELECT {', '.join(WAITING.names)} FROM inbox WHERE reason = '' ORDER BY id LIMIT {int(limit)}"
        columns = list(zip(*self.read(sql), strict=True)) or [()] * len(WAITING.names)
        return pa.table([pa.array(c, f.type) for c, f in zip(columns, WAITING, strict=True)], schema=WAITING)

    def depth(self, most: int) -> int:
        """How many rows wait, counted up to ``most``."""
        sql = f"SELECT COUNT(*) FROM (SELECT 1 FROM inbox WHERE reason = '' LIMIT {int(most)}) AS w"
        return int(self.read(sql)[0][0])

    def settle(
        self, done: Sequence[int], held: dict[str, Sequence[int]], newest: Iterable[Sequence[Any]] = ()
    ) -> None:
        """After a flush, in one transaction: rows ``done`` (ids) leave, others are held by reason.

        ``newest``: (source, point, start, seconds, value, arrival) of the points flushed.
        """
        with self.session() as connection, self.whole(connection) as cursor:
            self.by_ids(cursor, "DELETE FROM inbox", done)
            for reason, ids in held.items():
                self.by_ids(cursor, "UPDATE inbox SET reason = ?", ids, reason)
            self.many(cursor, _NEWEST, list(newest))
            oldest = int(time.time()) // 60 - MINUTES_KEPT
            cursor.execute(self.sql("DELETE FROM inbox_pulse WHERE minute < ?"), (oldest,))

    def release(self, source: int, point: str | None = None) -> int:
        """Let held rows that carry a value wait again, of one point or of all; how many."""
        sql = "UPDATE inbox SET reason = '' WHERE source = ? AND reason <> '' AND value IS NOT NULL AND start IS NOT NULL"
        return self.write(sql + (" AND point = ?" if point is not None else ""), (source, *_given(point)))

    def discard(self, source: int, reason: str, point: str | None = None) -> int:
        """Drop held rows because a person says so; how many."""
        sql = "DELETE FROM inbox WHERE source = ? AND reason = ? AND reason <> ''"
        return self.write(
            sql + (" AND point = ?" if point is not None else ""), (source, reason, *_given(point))
        )

    def drop_source(self, source: int) -> None:
        """Forget everything of a source."""
        with self.session() as connection, self.whole(connection) as cursor:
            for table in ("inbox", "inbox_pulse", "inbox_standing", "inbox_newest"):
                cursor.execute(self.sql(f"DELETE FROM {table} WHERE source = ?"), (source,))

    # --- how it stands ----------------------------------------------------------------------------------------

    def stand(self, source: int, state: str, error: dict[str, Any] | None = None) -> None:
        """Write down how a source stands; ``error`` is the JSON shape of a TanlinError."""
        text = json.dumps(error, ensure_ascii=False) if error else None
        self.write(_STANDING, (source, state, text, int(time.time())))

    def standings(self) -> dict[int, Standing]:
        """How every source stands that was ever heard of."""
        minute = int(time.time()) // 60
        found: dict[int, dict[str, Any]] = {}
        with self.session() as connection:
            for source, state, error, at in connection.execute(
                "SELECT source, state, error, at FROM inbox_standing"
            ):
                found[source] = {"state": state, "error": json.loads(error) if error else None, "at": at}
            pulse = (
                "SELECT source, MAX(last), SUM(rows), SUM(CASE WHEN minute = ? THEN rows ELSE 0 END)"
                " FROM inbox_pulse GROUP BY source"
            )
            for source, seen, day, rate in connection.execute(self.sql(pulse), (minute - 1,)):
                found.setdefault(source, {}).update(seen=seen, day=int(day), rate=int(rate))
            rows = (
                "SELECT source, SUM(CASE WHEN reason = '' THEN 1 ELSE 0 END),"
                " SUM(CASE WHEN reason = 'unmapped' THEN 1 ELSE 0 END),"
                " SUM(CASE WHEN reason NOT IN ('', 'unmapped') THEN 1 ELSE 0 END) FROM inbox GROUP BY source"
            )
            for source, waiting, unmapped, held in connection.execute(rows):
                found.setdefault(source, {}).update(
                    waiting=int(waiting), unmapped=int(unmapped), held=int(held)
                )
        return {source: Standing(**values) for source, values in found.items()}

    def heaps(self, source: int, limit: int = 500) -> list[Heap]:
        """The held rows of a source by point and reason, each with its newest row."""
        sql = (
            "SELECT h.point, h.reason, h.n, h.first, h.last, i.value, i.unit, i.raw FROM (SELECT point, reason,"
            " COUNT(*) AS n, MIN(start) AS first, MAX(start) AS last, MAX(id) AS id FROM inbox WHERE source = ?"
            " AND reason <> '' GROUP BY point, reason) AS h JOIN inbox i ON i.id = h.id"
            f" ORDER BY h.reason, h.point LIMIT {int(limit)}"
        )
        return [Heap(*row) for row in self.read(sql, (source,))]

    def newest(self, source: int) -> dict[str, tuple[int, int, float, bool]]:
        """Point → (start, seconds, value, timed by arrival) of the newest reading taken into the log."""
        sql = "SELECT point, start, seconds, value, arrival FROM inbox_newest WHERE source = ?"
        return {row[0]: (row[1], row[2], row[3], bool(row[4])) for row in self.read(sql, (source,))}


def _given(point: str | None) -> tuple[str, ...]:
    return () if point is None else (point,)
