"""The tables on disk: four Delta tables written so that no crash, reader or second writer sees half a change.

Traps of delta-rs this module stays clear of: merge with ``max_spill_size`` can hang, so nothing is merged
or spilled there; file lists ignore deletion vectors and column mapping, so a table with them is refused.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import unquote

import pyarrow as pa
from deltalake import (
    CommitProperties,
    DeltaTable,
    PostCommitHookProperties,
    Transaction,
    WriterProperties,
    write_deltalake,
)

from tanlin.kernel.errors import Refused, Text
from tanlin.readings.engine import Engine, Source, default_engine
from tanlin.readings.schema import PARTITION, SCHEMAS

#: Application id of the transactions in the log; their version is the batch number.
APPLICATION = "tanlin"
_FILES = WriterProperties(compression="ZSTD", max_row_group_size=122_880)
_HOOKS = PostCommitHookProperties(create_checkpoint=True, cleanup_expired_logs=False)
_UNREADABLE = {"deletionVectors", "columnMapping"}


class Store:
    """The tables ``log``, ``current``, ``days`` and ``digests`` under one folder."""

    def __init__(self, root: Path, engine: Engine | None = None) -> None:
        self.root = root
        self.engine = engine or default_engine()

    def create(self) -> None:
        """Make the tables that do not exist yet, empty."""
        for name, schema in SCHEMAS.items():
            if not DeltaTable.is_deltatable(self._path(name)):
                self.root.mkdir(parents=True, exist_ok=True)
                DeltaTable.create(self._path(name), schema, mode="ignore", partition_by=[PARTITION[name]])
                self._sync(name)

    def version(self, name: str) -> int:
        """The newest version of a table."""
        return int(self._open(name).version())

    def source(
        self, name: str, version: int | None = None, months: Iterable[str] | None = None, where: str = ""
    ) -> Source:
        """A table as pinned files; ``months`` keeps only these partitions. Raises Refused, see above."""
        table = self._open(name, version)
        wanted = None if months is None else sorted(months)
        if wanted == []:
            return Source(SCHEMAS[name], where=where)
        pruning = [(PARTITION[name], "in", wanted)] if wanted else None
        files = table.file_uris(file_pruning_predicate=pruning) if pruning else table.file_uris()
        return Source(SCHEMAS[name], tuple(sorted(files)), where)

    def months(self, name: str, version: int | None = None) -> list[str]:
        """The partitions of a table that hold rows, ascending."""
        return sorted({part[PARTITION[name]] for part in self._open(name, version).partitions()})

    def last_batch(self) -> int:
        """The number of the newest batch in the log, 0 before the first."""
        return self._open("log").transaction_version(APPLICATION) or 0

    def append(self, rows: pa.RecordBatchReader, batch: int) -> bool:
        """Add a batch to the log, durably, unless it is there already; whether it was added."""
        table = self._open("log")
        if (table.transaction_version(APPLICATION) or 0) >= batch:
            return False
        write_deltalake(
            table,
            rows,
            mode="append",
            writer_properties=_FILES,
            commit_properties=CommitProperties(app_transactions=[Transaction(APPLICATION, batch)]),
            post_commithook_properties=_HOOKS,
        )
        self._sync("log")
        return True

    def replace(self, name: str, months: Iterable[str], rows: pa.RecordBatchReader) -> int:
        """Put ``rows`` in place of these partitions, durably, in one commit; the new version."""
        wanted = ", ".join(f"'{month}'" for month in sorted(months))
        write_deltalake(
            self._open(name),
            rows,
            mode="overwrite",
            predicate=f"{PARTITION[name]} IN ({wanted})",
            writer_properties=_FILES,
            post_commithook_properties=_HOOKS,
        )
        self._sync(name)
        return self.version(name)

    def clear(self, name: str) -> int:
        """A new version of a table without rows."""
        self._open(name).delete()
        return self.version(name)

    def rewind(self, name: str, version: int) -> None:
        """Undo what a crashed writer left after ``version``; readers of ``version`` notice nothing."""
        table = self._open(name)
        if table.version() != version:
            table.restore(version)

    @contextmanager
    def staging(self) -> Iterator[Path]:
        """A folder on the store's disk for the time of one verb."""
        self.root.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix=".staging-", dir=self.root) as folder:
            yield Path(folder)

    def _path(self, name: str) -> str:
        return str(self.root / name)

    def _open(self, name: str, version: int | None = None) -> DeltaTable:
        table = DeltaTable(self._path(name), version=version)
        protocol = table.protocol()
        found = _UNREADABLE & set(protocol.reader_features or ())
        if found or protocol.min_reader_version == 2:  # version 2 is column mapping
            raise Refused(
                "readings.foreign_table",
                Text(
                    f"读数表 {name} 使用了不支持的特性：{'、'.join(sorted(found)) or 'columnMapping'}。",
                    f"Table {name} uses unsupported features: {', '.join(sorted(found)) or 'columnMapping'}.",
                ),
                remedy=Text(
                    "请勿用其他程序改写读数表；请从备份恢复。",
                    "Do not let other programs rewrite the tables; restore a backup.",
                ),
            )
        return table

    def _sync(self, name: str) -> None:
        """Force the newest commit to disk: its data files, the commit, then the directories."""
        root = Path(self._path(name))
        commit = root / "_delta_log" / f"{self.version(name):020}.json"
        actions = [json.loads(line) for line in commit.read_text("utf-8").splitlines()]
        added = [root / unquote(action["add"]["path"]) for action in actions if "add" in action]
        folders = {path.parent for path in added}
        for path in (*added, commit, *sorted(folders), commit.parent, root, root.parent):
            _fsync(path)


def _fsync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
