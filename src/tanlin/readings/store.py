"""The tables on disk: four Delta tables written so that no crash, reader or second writer sees half a change.

Traps of delta-rs this module stays clear of: merge with ``max_spill_size`` can hang, so nothing is merged
or spilled there; file lists ignore deletion vectors and column mapping, so a table with them is refused.
"""

from __future__ import annotations

import json
import logging
import os
import shutil
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.parquet as pq
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

logger = logging.getLogger(__name__)

#: Application id of the transactions in the log; their version is the batch number.
APPLICATION = "tanlin"
_FILES = WriterProperties(compression="ZSTD", max_row_group_size=122_880)
_HOOKS = PostCommitHookProperties(create_checkpoint=True, cleanup_expired_logs=False)
_STAGING = ".staging-"
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
        self.discard_torn(name, version)
        table = self._open(name)
        if table.version() != version:
            table.restore(version)
            self._sync(name)

    def discard_torn(self, name: str, after: int = 0) -> None:
        """Remove the newest commit, if later than ``after``, where a power cut left it or its files incomplete.

        Call it only when that commit was never acknowledged: an acknowledged one was forced to disk whole.
        """
        commit = max((Path(self._path(name)) / "_delta_log").glob("[0-9]*.json"))
        if int(commit.stem) > after and not _whole(commit):
            logger.warning("commit %s of %s is torn and was never acknowledged: removed", commit.stem, name)
            for path in (*_checkpoint(commit), commit):  # a checkpoint is a copy: it can be made again
                path.unlink()
            _fsync(commit.parent)

    def settle(self, name: str, after: int = 0) -> None:
        """Bring the newest commit, if later than ``after``, to an end: removed if torn, else forced to disk."""
        self.discard_torn(name, after)
        if self.version(name) > after:
            self._sync(name)

    def files_by_month(self, name: str) -> Counter[str]:
        """How many files each partition of the newest version has."""
        return Counter(_partition(file) for file in self._open(name).file_uris())

    def sweep(self, name: str, version: int, hours: int) -> int:
        """Delete files that the newest version, ``version`` and those of the last ``hours`` do not name.

        Files are deleted without a commit: the versions that readers are told of do not move. Call it under
        the lock of the table's writers. Returns how many files went.
        """
        table = self._open(name)
        unused = table.vacuum(
            hours, dry_run=True, enforce_retention_duration=False, full=True, keep_versions=[version]
        )
        for path in unused:
            (self.root / name / unquote(path)).unlink(missing_ok=True)
        table.cleanup_metadata()
        return len(unused)

    def sweep_staging(self, hours: int) -> None:
        """Delete what killed processes staged and left."""
        for folder in self.root.glob(f"{_STAGING}*"):
            if time.time() - folder.stat().st_mtime > hours * 3600:
                shutil.rmtree(folder, ignore_errors=True)

    @contextmanager
    def staging(self) -> Iterator[Path]:
        """A folder on the store's disk for the time of one verb."""
        self.root.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix=_STAGING, dir=self.root) as folder:
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
        added = [file for file, _ in _added(commit)]
        folders = {path.parent for path in added}
        log = [commit, *_checkpoint(commit)]
        for path in (*added, *log, *sorted(folders), commit.parent, root, root.parent):
            _fsync(path)


def _partition(file: str) -> str:
    """The value in the folder name ``column=value`` of a data file."""
    return file.rsplit("/", 2)[-2].partition("=")[2]


def _checkpoint(commit: Path) -> list[Path]:
    """The checkpoint made with a commit, and the file that points to it, where there is one."""
    files = list(commit.parent.glob(f"{commit.stem}.checkpoint*"))
    return [*files, *commit.parent.glob("_last_checkpoint")] if files else []


def _added(commit: Path) -> list[tuple[Path, int]]:
    """Files that a commit adds, and their sizes."""
    actions = [json.loads(line) for line in commit.read_text("utf-8").splitlines()]
    adds = [action["add"] for action in actions if "add" in action]
    return [(commit.parents[1] / unquote(add["path"]), add["size"]) for add in adds]


def _whole(commit: Path) -> bool:
    try:
        added = _added(commit)
        for file, size in added:
            if file.stat().st_size != size:
                return False
            pq.read_metadata(file)
    except (ValueError, OSError, pa.ArrowInvalid):
        return False
    return commit.stat().st_size > 0


def _fsync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
