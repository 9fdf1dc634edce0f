"""An inventory table as arrays, and how the Overview names months and carriers. Pure."""

from __future__ import annotations

import calendar
from collections.abc import Iterable
from itertools import groupby
from typing import TYPE_CHECKING, Any

import numpy as np

from tanlin.kernel.errors import Text

if TYPE_CHECKING:
    import pyarrow as pa

#: carrier → its name; the key is also the colour token. Generation at the place is shown as ``pv``.
CARRIERS: dict[str, Text] = {
    "electricity": Text("电", "Electricity"),
    "pv": Text("光伏发电", "Solar power"),
    "gas": Text("燃气", "Gas"),
    "heat": Text("热", "Heat"),
    "cooling": Text("冷", "Cooling"),
    "fuel": Text("燃料", "Fuel"),
    "water": Text("水", "Water"),
    "waste": Text("垃圾", "Waste"),
}
SCOPES = {1: Text("范围一", "Scope 1"), 2: Text("范围二", "Scope 2"), 3: Text("范围三", "Scope 3")}


class Rows:
    """The columns of an inventory table as arrays; NaN is unknown. ``thing`` is the carrier, or ``pv``."""

    def __init__(self, table: pa.Table | None) -> None:
        self.size = table.num_rows if table is not None else 0
        self.columns = (
            {n: table.column(n).to_numpy(zero_copy_only=False) for n in table.column_names}
            if table is not None
            else {}
        )
        if self.size:
            channel = self["channel"]
            self.columns["thing"] = np.where(
                (self["carrier"] == "electricity") & (channel == "generation"), "pv", self["carrier"]
            )
            sign = np.where(channel == "export", -1.0, 1.0)
            for name in ("value", "energy_kwh", "estimated"):
                self.columns[name] = self[name].astype(float) * sign

    def __getitem__(self, name: str) -> np.ndarray:
        return self.columns[name]

    def mask(self, **equal: Any) -> np.ndarray:
        """Rows whose columns equal the values (or are in them, for a collection)."""
        mask = np.ones(self.size, bool)
        for name, wanted in equal.items():
            many = isinstance(wanted, (set, frozenset, list, tuple))
            mask &= np.isin(self[name], list(wanted)) if many else self[name] == wanted
        return mask

    def sum(self, name: str, mask: np.ndarray) -> float | None:
        """The sum of the known values, None where none is known."""
        values = self[name][mask].astype(float)
        values = values[~np.isnan(values)]
        return float(values.sum()) if values.size else None

    def coverage(self, mask: np.ndarray) -> float | None:
        expected = float(self["seconds_expected"][mask].sum())
        return min(1.0, float(self["seconds_present"][mask].sum()) / expected) if expected else None

    def estimated(self, mask: np.ndarray) -> float:
        """Share of the value that is estimated, 0..1."""
        total = float(np.nansum(np.abs(self["value"][mask])))
        return min(1.0, float(np.nansum(np.abs(self["estimated"][mask]))) / total) if total else 0.0


def month_run(months: Iterable[int]) -> Text:
    """[1, 2, 3, 5] → 1–3、5 月 / January to March, May."""
    runs = [list(g) for _, g in groupby(enumerate(sorted(months)), lambda pair: pair[1] - pair[0])]
    ends = [(run[0][1], run[-1][1]) for run in runs]
    zh = "、".join(f"{a}" if a == b else f"{a}–{b}" for a, b in ends)
    name = calendar.month_name
    return Text(f"{zh}月", ", ".join(name[a] if a == b else f"{name[a]} to {name[b]}" for a, b in ends))


def label_of(year: int, month: int) -> str:
    """2025-06."""
    return f"{year}-{month:02d}"


def numbers_of(year: int, months: Iterable[int]) -> list[int]:
    """Months of a year as yyyymm."""
    return [year * 100 + month for month in months]
