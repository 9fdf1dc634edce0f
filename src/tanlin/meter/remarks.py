"""What is taken but should be looked at before it is agreed to: the reading stands, the doubt is shown."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from tanlin.kernel.errors import BadInput, Text, Where
from tanlin.kernel.period import DAY
from tanlin.meter.problems import DOUBT
from tanlin.meter.sheets import Sheet


class Remark(NamedTuple):
    """One doubt about a file, with its place and what to do."""

    code: str
    text: Text
    remedy: Text
    where: Where

    def as_dict(self) -> dict[str, Any]:
        """Plain data in the shape of an error's."""
        return BadInput(self.code, self.text, remedy=self.remedy, where=self.where).as_dict()


def remark(code: str, where: Where, **values: object) -> Remark:
    """The doubt of the catalogue with its values filled in."""
    problem = DOUBT[code]
    return Remark(code, problem.text.format(**values), problem.remedy, where)


def hidden(sheet: Sheet) -> list[Remark]:
    """Sheets of the workbook that were not read because they are hidden."""
    if not sheet.hidden:
        return []
    return [remark("meter.hidden_sheets", Where(sheet.file), names="、".join(sheet.hidden))]


def off_grid(sheet: Sheet, column: str, readings: pa.Table) -> list[Remark]:
    """Intervals within a day that begin at other minutes than most of the same length, as after a clock shift.

    ``readings``: start, seconds and row of what stands. ``column`` names the times.
    """
    start, seconds, row = (readings[name].to_numpy() for name in ("start", "seconds", "row"))
    found = []
    for length in readings["seconds"].unique().to_pylist():
        if not 0 < length < DAY:
            continue
        at = np.flatnonzero(seconds == length)
        phases = (start[at] % length).astype(np.int32)
        if (phases == phases[0]).all():
            continue
        phase, code, count = np.unique(phases, return_inverse=True, return_counts=True)
        usual = int(np.argmax(count))
        off = at[code != usual]
        other = int(np.argmax(np.where(np.arange(len(phase)) == usual, 0, count)))
        shift = int(phase[other] - phase[usual]) % length
        first = int(row[off].min())
        minutes = f"{min(shift, length - shift) / 60:g}"
        where = sheet.where(first, column)
        found.append(remark("meter.off_grid", where, count=len(off), minutes=minutes, row=first))
    return found
