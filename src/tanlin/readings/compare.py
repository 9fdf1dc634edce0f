"""Where two tables of one key order differ, found on whole numbers: a (meter, channel) and its time make one."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tanlin.readings.labels import encode

#: Bits of a time: epoch seconds up to 2200 fit, and leave room for 2**30 pairs of meter and channel.
_TIME = 33
_DAY = 86400


class Difference(NamedTuple):
    """What differs: ``new`` and ``old`` are masks of the rows without an equal one in the other table.

    ``keys`` counts the keys of such rows: an altered row counts once. ``pairs`` numbers the (meter, channel)
    of the new rows, then of the old ones.
    """

    new: np.ndarray
    old: np.ndarray
    keys: int
    pairs: np.ndarray

    def rows(self, new: pa.Table, old: pa.Table) -> pa.Table:
        """The rows that differ, of both tables: an altered row is there twice."""
        return pa.concat_tables(
            [new.filter(pa.array(self.new)), old.filter(pa.array(self.old)).cast(new.schema)]
        )


def difference(new: pa.Table, old: pa.Table, time: str) -> Difference:
    """Compare rows by (meter_id, channel, ``time``), which is unique in each table; a time is below 2**33."""
    pairs = _pairs(new, old)
    a = pairs[: new.num_rows] << _TIME | new[time].to_numpy()
    b = pairs[new.num_rows :] << _TIME | old[time].to_numpy()
    order = np.argsort(b, kind="stable")
    both = np.flatnonzero(_among(b[order], a))
    theirs = order[np.searchsorted(b, a[both], sorter=order)]
    equal = _equal(new.take(pa.array(both)), old.take(pa.array(theirs)))
    fresh, gone = np.ones(len(a), bool), np.ones(len(b), bool)
    fresh[both[equal]] = False
    gone[theirs[equal]] = False
    return Difference(fresh, gone, int(fresh.sum() + gone.sum() - (~equal).sum()), pairs)


def altered_days(found: Difference, new: pa.Table, old: pa.Table) -> tuple[pa.Table, np.ndarray]:
    """The (meter_id, channel, month, day) with a difference among effective rows, and which new rows lie there.

    ``day`` is the UTC midnight (epoch s) before the start of the row.
    """
    start = np.concatenate([new["start"].to_numpy(), old["start"].to_numpy()])
    key = found.pairs << _TIME | start - start % _DAY
    differs = np.flatnonzero(np.concatenate([found.new, found.old]))
    altered, first = np.unique(key[differs], return_index=True)
    names = ["meter_id", "channel", "month"]
    rows = pa.concat_tables([new.select(names), old.select(names)]).take(pa.array(differs[first]))
    return rows.append_column("day", pa.array(altered & (1 << _TIME) - 1)), _among(
        altered, key[: new.num_rows]
    )


def _among(some: np.ndarray, keys: np.ndarray) -> np.ndarray:
    """Which of the keys are in ``some`` (ascending)."""
    place = np.searchsorted(some, keys)
    return np.append(some, -1)[place] == keys


def _pairs(new: pa.Table, old: pa.Table) -> np.ndarray:
    """Number of the (meter, channel) of each new row, then of each old one."""
    both = pa.concat_tables([table.select(["meter_id", "channel"]) for table in (new, old)])
    channel, labels = encode(both["channel"])
    meter = np.unique(both["meter_id"].to_numpy(), return_inverse=True)[1]
    return meter * len(labels.texts) + channel


def _equal(a: pa.Table, b: pa.Table) -> np.ndarray:
    """Which of the rows, side by side, are equal in every column."""
    same = np.ones(a.num_rows, bool)
    for name in a.column_names:
        same &= pc.equal(a[name], b[name]).to_numpy()
    return same
