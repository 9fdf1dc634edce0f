"""How the inbox speaks with its database: a SQLite file of its own, or tables in the installation's PostgreSQL."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tanlin.kernel.errors import TanlinError, Text

_TABLES = """
CREATE TABLE IF NOT EXISTS inbox (id {serial}, source BIGINT NOT NULL, point TEXT NOT NULL, start BIGINT,
  seconds BIGINT, value DOUBLE PRECISION, unit TEXT, channel TEXT NOT NULL, arrival INTEGER NOT NULL,
  raw TEXT NOT NULL, reason TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS inbox_waiting ON inbox (id) WHERE reason = '';
CREATE INDEX IF NOT EXISTS inbox_held ON inbox (source, reason, point) WHERE reason <> '';
CREATE TABLE IF NOT EXISTS inbox_pulse (source BIGINT NOT NULL, minute BIGINT NOT NULL, rows BIGINT NOT NULL,
  last BIGINT NOT NULL, PRIMARY KEY (source, minute));
CREATE TABLE IF NOT EXISTS inbox_standing (source BIGINT PRIMARY KEY, state TEXT NOT NULL, error TEXT, at BIGINT NOT NULL);
CREATE TABLE IF NOT EXISTS inbox_newest (source BIGINT NOT NULL, point TEXT NOT NULL, start BIGINT NOT NULL,
  seconds BIGINT NOT NULL, value DOUBLE PRECISION NOT NULL, arrival INTEGER NOT NULL, PRIMARY KEY (source, point))
"""


class InboxFull(TanlinError):
    """Nothing of this put was kept; the source holds its data and tries again."""

    http_status = 507


class InboxDatabase:
    """Connections, transactions and the two dialects.

    Args:
        address: path of the SQLite file, or keyword arguments of ``psycopg.connect``.
    """

    def __init__(self, address: Path | dict[str, Any]) -> None:
        self.address, self.postgres = address, isinstance(address, dict)
        self._made = False

    def connect(self) -> Any:
        if isinstance(self.address, dict):
            import psycopg

            connection: Any = psycopg.connect(**self.address)
        else:
            self.address.parent.mkdir(parents=True, exist_ok=True)
            connection = sqlite3.connect(self.address, timeout=30, isolation_level=None)
            connection.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;")
        if not self._made:
            self._make(connection)
            self._made = True
        return connection

    def _make(self, connection: Any) -> None:
        serial = (
            "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY"
            if self.postgres
            else "INTEGER PRIMARY KEY AUTOINCREMENT"
        )
        with self.whole(connection) as cursor:
            if self.postgres:  # two processes may open it at the same moment
                cursor.execute("SELECT pg_advisory_xact_lock(7430003)")
            for statement in _TABLES.format(serial=serial).split(";"):
                cursor.execute(statement)

    @contextmanager
    def session(self) -> Iterator[Any]:
        """A connection for one call. Raises InboxFull where it cannot be opened or written."""
        connection = None
        try:
            connection = self.connect()
            yield connection
        except _database_errors() as error:
            raise refusal(error) from error
        finally:
            close(connection)

    @contextmanager
    def whole(self, connection: Any) -> Iterator[Any]:
        """A cursor in one transaction; an error takes everything back."""
        cursor = connection.cursor()
        if not self.postgres:
            cursor.execute("BEGIN IMMEDIATE")
        try:
            yield cursor
            if self.postgres:
                connection.commit()
            else:
                cursor.execute("COMMIT")
        except BaseException:
            connection.rollback()
            raise

    def sql(self, sql: str) -> str:
        return sql.replace("?", "%s") if self.postgres else sql

    def many(self, cursor: Any, sql: str, rows: Sequence[Sequence[Any]]) -> None:
        if rows:
            cursor.executemany(self.sql(sql), rows)

    def by_ids(self, cursor: Any, head: str, ids: Sequence[int], *values: Any) -> None:
        given: Any = list(map(int, ids))
        if self.postgres:
            cursor.execute(self.sql(f"{head} WHERE id = ANY(?)"), (*values, given))
        else:
            cursor.execute(
                f"{head} WHERE id IN (SELECT value FROM json_each(?))", (*values, json.dumps(given))
            )

    def read(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        with self.session() as connection:
            found: list[tuple[Any, ...]] = connection.execute(self.sql(sql), values).fetchall()
        return found

    def write(self, sql: str, values: Sequence[Any]) -> int:
        with self.session() as connection, self.whole(connection) as cursor:
            cursor.execute(self.sql(sql), values)
            return int(cursor.rowcount)


def close(connection: Any) -> None:
    """Close a connection, if there is one."""
    if connection is not None:
        connection.close()


def _database_errors() -> tuple[type[Exception], ...]:
    import psycopg

    return (sqlite3.Error, psycopg.Error, OSError)


_AGAIN = Text("来源会保留数据并稍后重试。", "The source keeps its data and tries again.")


def refusal(error: Exception) -> Exception:
    """The typed error of a database that does not take rows; a defect stays what it is."""
    if not isinstance(error, _database_errors()):
        return error
    full = "full" in str(error).lower() or getattr(error, "sqlstate", "") == "53100"
    zh, en = ("磁盘已满", "The disk is full") if full else ("收件箱无法写入", "The inbox cannot be written")
    found = InboxFull(
        "readings.disk_full" if full else "readings.inbox_failed",
        Text(f"{zh}，未收下这些读数：{error}", f"{en}; these readings were not taken: {error}"),
        remedy=Text(
            f"请腾出磁盘空间。{_AGAIN.zh}" if full else f"请检查数据库。{_AGAIN.zh}",
            f"Free some space. {_AGAIN.en}" if full else f"Look at the database. {_AGAIN.en}",
        ),
    )
    found.http_status = 507 if full else 503
    found.__cause__ = error
    return found


def busy() -> InboxFull:
    """Too much waits in memory."""
    return InboxFull(
        "readings.inbox_busy",
        Text("等待写入的读数过多。", "Too many readings wait to be written."),
        remedy=_AGAIN,
    )


def too_many() -> InboxFull:
    """The inbox has reached its size."""
    return InboxFull(
        "readings.inbox_full",
        Text("收件箱已满。", "The inbox is full."),
        remedy=Text(
            "请确认 tanlin meter listen 正在运行，并处理未对应的测点。",
            "See that tanlin meter listen runs, and map the points that wait.",
        ),
    )


def too_many_held() -> InboxFull:
    """One source fills the inbox with what nobody has mapped."""
    return InboxFull(
        "readings.too_many_held",
        Text("此来源搁置的数据过多。", "Too many rows of this source are kept aside."),
        remedy=Text("请在网关页对应或清理其测点。", "Map or clear its points on the page of gateways."),
    )
