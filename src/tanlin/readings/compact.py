"""Keep the tables small: merge the many small files of a month of the log, sweep away what nobody can read.

Merging changes no row: a month's files become few, sorted by meter, in one commit beside the old files.
A file goes only when no table has named it for the retention, so that a job that opened its snapshot
before goes on reading. Nothing a receipt needs is touched: its readings come from the rows of the log.
"""

from __future__ import annotations

import os

from tanlin.kernel.errors import BadInput, Text, Where
from tanlin.readings.schema import LOG
from tanlin.readings.store import Store

#: A month of the log with more files than this is merged.
MOST_FILES = 8
#: Hours a file stays on disk after its table dropped it: longer than any job reads one snapshot.
RETENTION_HOURS = 24
_ORDER = "meter_id, channel, start, seconds, batch"


def retention() -> int:
    """Hours from ``TANLIN_RETENTION_HOURS``, default 24. Raises BadInput unless it is 1 or more."""
    text = os.environ.get("TANLIN_RETENTION_HOURS", str(RETENTION_HOURS))
    if text.isdecimal() and int(text) >= 1:
        return int(text)
    raise BadInput(
        "readings.bad_retention",
        Text("旧文件的保留小时数应为不小于 1 的整数。", "The hours that old files stay must be 1 or more."),
        remedy=Text("请修改 TANLIN_RETENTION_HOURS。", "Change TANLIN_RETENTION_HOURS."),
        where=Where(value=text),
    )


def crowded(store: Store) -> list[str]:
    """The months of the log with more than ``MOST_FILES`` files, ascending."""
    return sorted(month for month, files in store.files_by_month("log").items() if files > MOST_FILES)


def merge(store: Store, month: str) -> None:
    """Rewrite a month of the log, the same rows in key order, durably in one commit, in bounded memory."""
    columns = ", ".join(LOG.names)
    rows = store.engine.stream(
        f"SELECT {columns} FROM log ORDER BY {_ORDER}", {"log": store.source("log", months=[month])}
    )
    store.replace("log", [month], rows.cast(LOG))
