"""The report of bad rows, collected column-wise."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tanlin.kernel.errors import BadInput, Text, Where
from tanlin.meter.problems import ROW
from tanlin.meter.sheets import Sheet

SCHEMA = pa.schema(
    [("file", pa.string()), ("sheet", pa.string()), ("row", pa.int64())]
    + [
        (name, pa.string())
        for name in (
            "column",
            "value",
            "code",
            "message_zh",
            "message_en",
            "remedy_zh",
            "remedy_en",
        )
    ]
)


#: Bad cells described; more are only counted, as nobody mends a hundred thousand by hand.
KEPT = 100_000
#: Characters shown of a bad cell.
SHOWN = 200


class Errors:
    """Bad cells of one sheet, the first ``KEPT`` described. A row may have several; ``rows`` counts rows."""

    def __init__(self, sheet: Sheet) -> None:
        self._sheet = sheet
        self._parts: list[pa.Table] = []
        self._rows: list[np.ndarray] = []
        self._left = KEPT

    def add(
        self,
        code: str,
        rows: np.ndarray,
        column: str,
        values: Sequence[str] | pa.Array,
        others: np.ndarray | None = None,
    ) -> None:
        """Report rows (int64) with the cell text of each; ``others`` are the rows they clash with."""
        self._rows.append(rows)
        size = min(len(rows), self._left)
        if not size:
            return
        self._left -= size
        rows, values = rows[:size], values[:size]
        problem = ROW[code]
        if others is None:
            zh, en = [problem.text.zh] * size, [problem.text.en] * size
        else:
            made = [problem.text.format(other=int(o)) for o in others[:size]]
            zh, en = [t.zh for t in made], [t.en for t in made]
        columns = [
            [self._sheet.file] * size,
            [self._sheet.name] * size,
            rows,
            [column] * size,
            pc.utf8_slice_codeunits(pa.array(values, pa.string()), 0, SHOWN),
            [code] * size,
            zh,
            en,
            [problem.remedy.zh] * size,
            [problem.remedy.en] * size,
        ]
        arrays = [
            c if isinstance(c, pa.Array) else pa.array(c, f.type)
            for c, f in zip(columns, SCHEMA, strict=True)
        ]
        self._parts.append(pa.Table.from_arrays(arrays, schema=SCHEMA))

    def add_left_out(self, problems: Sequence[BadInput]) -> None:
        """What a file of a protocol holds beside its table."""
        for problem in problems:
            where, remedy = problem.where or Where(), problem.remedy or Text("", "")
            row = where.row or 0
            self._rows.append(np.array([row]))
            cells = [
                *(
                    self._sheet.file,
                    self._sheet.name,
                    row,
                    where.column or "",
                    where.value or "",
                    problem.code,
                ),
                *(*problem.text, *remedy),
            ]
            named = {f.name: pa.array([c], f.type) for f, c in zip(SCHEMA, cells, strict=True)}
            self._parts.append(pa.table(named, schema=SCHEMA))

    @property
    def rows(self) -> int:
        """How many distinct rows are bad."""
        return len(np.unique(np.concatenate(self._rows))) if self._rows else 0

    def table(self) -> pa.Table:
        """The errors in row order."""
        table = pa.concat_tables([SCHEMA.empty_table(), *self._parts]).combine_chunks()
        return table.sort_by([("row", "ascending"), ("column", "ascending")])
