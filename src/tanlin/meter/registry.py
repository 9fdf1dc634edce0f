"""Which meters count at a place: pure selection over dated rows.

A meter counts at a place for a carrier and channel when it lies in the place's subtree and its parent
meter does not (main meter where declared, else the children). While the parent has no valid row there,
the child counts by itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tanlin.kernel.period import midnight

if TYPE_CHECKING:
    from datetime import date

    import pyarrow as pa

#: Exclusive end of a row that is still valid (year 9999).
OPEN_END = 253_402_300_800


@dataclass(frozen=True)
class Row:
    """One dated row of one channel of a meter, as the registry holds it. Days are local to ``tz``."""

    meter_id: int
    number: str
    carrier: str
    channel: str
    kind: str
    unit: str
    multiplier: float
    product: str
    tariff: str
    uncertainty_pct: float
    path: str
    region: str
    tz: str
    origin: str
    parent: int | None
    valid_from: date
    valid_to: date | None
    use: str = ""

    @property
    def window(self) -> tuple[int, int]:
        """Epoch seconds [from, to)."""
        end = midnight(self.valid_to, self.tz) if self.valid_to else OPEN_END
        return midnight(self.valid_from, self.tz), end


def meters_frame(rows: list[Row], place_path: str, slugs: dict[int, str]) -> pa.Table:
    """Rows below a place → the frame that inventories read, one row a stretch of time.

    Args:
        rows: dated rows of all meters placed in the subtree. place_path: ids from the root, ``/1/5/``.
        slugs: area id → slug, for the place itself and its direct children.

    Returns columns ``meter_id, number, channel, carrier, product, place, region, tz, multiplier,
    uncertainty_pct, tariff, kind, from_es, to_es, selected, parent, use``; ``place`` is the direct child of the
    place that holds the meter, or the place itself; ``selected`` is False where a main meter counts instead.
    """
    import pyarrow as pa

    spans: dict[tuple[int, str], list[tuple[int, int]]] = {}
    for row in rows:
        spans.setdefault((row.meter_id, row.channel), []).append(row.window)
    out: list[dict[str, Any]] = []
    for row in rows:
        covered = spans.get((row.parent, row.channel), []) if row.parent is not None else []
        place = _display_place(row.path, place_path, slugs)
        for from_es, to_es, selected in split(row.window, covered):
            out.append(
                {
                    "meter_id": row.meter_id,
                    "number": row.number,
                    "channel": row.channel,
                    "carrier": row.carrier,
                    "product": row.product,
                    "place": place,
                    "region": row.region,
                    "tz": row.tz,
                    "multiplier": row.multiplier,
                    "uncertainty_pct": row.uncertainty_pct,
                    "tariff": row.tariff or None,
                    "kind": row.kind,
                    "from_es": from_es,
                    "to_es": to_es,
                    "selected": selected,
                    "parent": row.parent,
                    "use": row.use,
                }
            )
    return pa.Table.from_pylist(out, schema=frame_schema())


def split(window: tuple[int, int], covered: list[tuple[int, int]]) -> list[tuple[int, int, bool]]:
    """A window cut at the stretches a main meter covers: (from, to, counts by itself), in order."""
    parts, start = [], window[0]
    for low, high in sorted(covered):
        low, high = max(low, start), min(high, window[1])
        if low >= high:
            continue
        if low > start:
            parts.append((start, low, True))
        parts.append((low, high, False))
        start = high
    if start < window[1]:
        parts.append((start, window[1], True))
    return parts


def _display_place(path: str, place_path: str, slugs: dict[int, str]) -> str:
    inside = path[len(place_path) :].strip("/")
    child = int(inside.split("/")[0]) if inside else int(place_path.strip("/").split("/")[-1])
    return slugs[child]


def frame_schema() -> pa.Schema:
    """Arrow schema of the meters frame."""
    import pyarrow as pa

    text, number, second = pa.string(), pa.float64(), pa.int64()
    return pa.schema(
        [
            ("meter_id", second),
            ("number", text),
            ("channel", text),
            ("carrier", text),
            ("product", text),
            ("place", text),
            ("region", text),
            ("tz", text),
            ("multiplier", number),
            ("uncertainty_pct", number),
            ("tariff", text),
            ("kind", text),
            ("from_es", second),
            ("to_es", second),
            ("selected", pa.bool_()),
            ("parent", second),
            ("use", text),
        ]
    )


def devices_schema() -> pa.Schema:
    """Arrow schema of the devices frame."""
    import pyarrow as pa

    names = ("meter_id", "channel", "from_es", "to_es", "digits", "initial", "final")
    kinds = (pa.int64(), pa.string(), pa.int64(), pa.int64(), pa.int16(), pa.float64(), pa.float64())
    return pa.schema(list(zip(names, kinds, strict=True)))
