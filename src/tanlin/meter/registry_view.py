"""What the registry already knows of the numbers in a file, as plain look-ups."""

from __future__ import annotations

import pyarrow as pa


class Known:
    """Look-ups over a frame number, carrier, channel, meter_id, kind, unit, tz; falsy without one."""

    def __init__(self, frame: pa.Table | None) -> None:
        self._rows: dict[str, list[dict[str, str]]] = {}
        for row in frame.to_pylist() if frame is not None else ():
            self._rows.setdefault(row["number"], []).append(row)

    def __bool__(self) -> bool:
        return bool(self._rows)

    def _only(self, number: str, field: str, **match: str) -> str | None:
        """The one value of a field among the number's rows; None where it has none or several."""
        rows = self._rows.get(number, ())
        found = {r.get(field) for r in rows if all(r[k] == v for k, v in match.items())}
        return found.pop() if len(found) == 1 else None

    def carrier(self, number: str) -> str | None:
        return self._only(number, "carrier")

    def channel(self, number: str, carrier: str) -> str | None:
        return self._only(number, "channel", carrier=carrier)

    def kind(self, number: str, carrier: str, channel: str) -> str | None:
        return self._only(number, "kind", carrier=carrier, channel=channel)

    def unit(self, number: str, carrier: str, channel: str) -> str | None:
        return self._only(number, "unit", carrier=carrier, channel=channel)

    def tz(self, number: str) -> str | None:
        return self._only(number, "tz")

    def has(self, number: str, carrier: str, channel: str) -> bool:
        rows = self._rows.get(number, ())
        return any(r["carrier"] == carrier and r["channel"] == channel for r in rows)
