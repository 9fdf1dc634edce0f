"""Green Button and T/CEC 102 files as the tables that an import reads, with Chinese headers as in meter files.

Values are in the canonical unit of their carrier. 行号 is the line of a Green Button reading, or the number of
the order's object in a T/CEC 102 file. Times are text: UTC (with a Z) in Green Button, local in T/CEC 102.
"""

from __future__ import annotations

from typing import BinaryIO, Literal, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from tanlin.kernel.errors import BadInput, Where
from tanlin.kernel.units import CANONICAL
from tanlin.meter.protocols import espi, tcec102
from tanlin.meter.protocols.faults import fault

Kind = Literal["espi", "tcec102"]
_ORDER_MARKS = (b'"StartChargeSeq"', b'"ConnectorStatusInfo', b'"OperatorID"')


class Table(NamedTuple):
    """One table: ``columns`` with a header each, ``quality`` a row, and what of the file is in no row."""

    name: str
    columns: pa.Table
    quality: pa.Array
    problems: tuple[BadInput, ...] = ()


def kind_of(start: bytes) -> Kind | None:
    """Which of the formats the first bytes of a file belong to."""
    first = start.removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
    if first == b"<" and b"http://naesb.org/espi" in start:
        return "espi"
    if first in (b"{", b"[") and any(mark in start for mark in _ORDER_MARKS):
        return "tcec102"
    return None


def read(kind: Kind, stream: BinaryIO, file: str) -> list[Table]:
    """The tables of a file that hold rows; the problems of the file are those of its first table.

    Raises BadInput where nothing can be read.
    """
    made, problems = _espi(stream, file) if kind == "espi" else _orders(stream, file)
    tables = [table for table in made if table.columns.num_rows]
    if not tables and problems:
        raise problems[0]
    return [t._replace(problems=tuple(problems) if i == 0 else ()) for i, t in enumerate(tables)]


def _espi(stream: BinaryIO, file: str) -> tuple[list[Table], list[BadInput]]:
    usage = espi.parse(stream, file)
    is_register = pc.equal(usage.readings["seconds"], 0)
    intervals, registers = usage.readings.filter(pc.invert(is_register)), usage.readings.filter(is_register)
    ends = pc.add(intervals["start"], intervals["seconds"].cast(pa.int64()))
    started = {"开始时间": _written(intervals["start"], "Z"), "结束时间": _written(ends, "Z")}
    made = [
        _table("用量", intervals, started, "用量"),
        _table("示数", registers, {"抄表时间": _written(registers["start"], "Z")}, "示数"),
    ]
    return made, usage.problems


def _orders(stream: BinaryIO, file: str) -> tuple[list[Table], list[BadInput]]:
    # local seconds are wanted, and in UTC they equal the seconds since 1970; the import knows the zone
    found = tcec102.parse(_decoded(stream.read(), file), file, tz="UTC")
    periods = found.periods.rename_columns({"connector": "point"})
    size = periods.num_rows
    for name, value in (("carrier", "electricity"), ("channel", "import"), ("quality", "measured")):
        periods = periods.append_column(name, pa.repeat(pa.scalar(value), size))
    ends = pc.add(periods["start"], periods["seconds"].cast(pa.int64()))
    times = {"开始时间": _written(periods["start"]), "结束时间": _written(ends)}
    return [_table("充电", periods, times, "用量")], found.problems


def _written(seconds: pa.ChunkedArray, zone: str = "") -> pa.ChunkedArray:
    """Times as text, so that midnight keeps its time of day."""
    return pc.strftime(seconds.cast(pa.timestamp("s")), f"%Y-%m-%dT%H:%M:%S{zone}")


def _decoded(data: bytes, file: str) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise fault("meter.file_json", Where(file))


def _table(name: str, rows: pa.Table, times: dict[str, pa.ChunkedArray], value: str) -> Table:
    places = pc.index_in(rows["carrier"], pa.array(list(CANONICAL)))
    units = pa.array(list(CANONICAL.values())).take(places)
    columns = {
        "表号": rows["point"],
        "能源品种": rows["carrier"],
        "方向": rows["channel"],
        **times,
        value: rows["value"],
        "单位": units,
        "行号": rows["row"],
    }
    return Table(name, pa.table(columns), rows["quality"].combine_chunks())
