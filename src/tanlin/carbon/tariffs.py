"""Tariffs as dated facts: flat prices, time of use (seasons × hours, critical hours), monthly and annual tiers.

A record holds its hours and either prices or ratios. A price derived from ratios exists only where the base is
known: price = base × ratio + add-on. Records are in ``data/tariffs.json``; hours are [start, end) local time.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tanlin.carbon.factors import Unknown
from tanlin.kernel.errors import BadInput, Text, Where

if TYPE_CHECKING:
    import pyarrow as pa

_FAR = 99991231


@dataclass(frozen=True)
class Prices:
    """Price per slot and tier, float64 of shape (slots, tiers), NaN where unknown; ``code`` says why.

    Without tiers there is one column. ``records`` are the tariff rows used.
    """

    values: np.ndarray
    currency: str
    code: str | None
    records: tuple[Mapping[str, Any], ...]


def read_tariffs(path: Path | None = None) -> list[dict[str, Any]]:
    """Tariff records of a JSON file (``{"tariffs": [...]}``); the shipped ones by default. Raises BadInput."""
    try:
        if path is None:
            text = files("tanlin.carbon").joinpath("data", "tariffs.json").read_text("utf-8")
        else:
            text = path.read_text("utf-8-sig")
        return list(json.loads(text)["tariffs"])
    except (OSError, UnicodeDecodeError, KeyError, TypeError, ValueError) as error:
        raise BadInput(
            "carbon.tariffs_unreadable",
            Text("价目文件无法读取。", "The tariff file cannot be read."),
            remedy=Text("请提供 JSON 文件，含 tariffs 列表。", "Give a JSON file with a list “tariffs”."),
            where=Where(file=str(path)),
        ) from error


def implied_bases(
    peak: float, flat: float, valley: float, ratio_peak: float, ratio_valley: float
) -> tuple[float, float]:
    """Base price implied by peak and by valley; a sound row gives the same number twice.

    (peak - flat) / (ratio_peak - 1) and (flat - valley) / (1 - ratio_valley): add-ons cancel.
    """
    return (peak - flat) / (ratio_peak - 1), (flat - valley) / (1 - ratio_valley)


def tier_cost(amounts: np.ndarray, limits: np.ndarray, prices: np.ndarray, before: np.ndarray) -> np.ndarray:
    """Cost of ``amounts`` (n) bought after ``before`` (n) in the same span.

    ``limits`` (n, tiers-1) are upper ends of the tiers, ``prices`` (n, tiers) the money that all of the amount
    would cost at each tier's price; each tier takes its share. Negative amounts give NaN.
    """
    edges = np.concatenate([np.zeros((len(amounts), 1)), limits, np.full((len(amounts), 1), np.inf)], axis=1)
    start, end = before[:, None], (before + amounts)[:, None]
    inside = np.clip(np.minimum(end, edges[:, 1:]) - np.maximum(start, edges[:, :-1]), 0.0, None)
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.where(amounts[:, None] > 0, inside / amounts[:, None], 0.0)
    return np.where(amounts < 0, np.nan, (share * prices).sum(axis=1))


class TariffBook:
    """All known tariffs; several records of one id are its dated rows."""

    def __init__(self, records: Iterable[Mapping[str, Any]] | None = None) -> None:
        """Records as in ``data/tariffs.json``, or stored facts whose ``value`` (JSON) is such a record."""
        self._by_id: dict[str, list[Mapping[str, Any]]] = {}
        for row in read_tariffs() if records is None else records:
            value = row.get("value", row)
            record = json.loads(value) if isinstance(value, str) else value
            self._by_id.setdefault(record["tariff_id"], []).append(record)

    def records(self, tariff_id: str | None = None) -> list[Mapping[str, Any]]:
        """All records, or the dated rows of one tariff."""
        if tariff_id is not None:
            return list(self._by_id.get(tariff_id, []))
        return [record for rows in self._by_id.values() for record in rows]

    def check(self, tariff_id: str | None, carrier: str) -> Unknown | None:
        """Why a tariff cannot price this carrier at all, or None."""
        if not tariff_id:
            return Unknown("tariff.none")
        rows = self._by_id.get(tariff_id)
        if not rows:
            return Unknown("tariff.unknown")
        if any(row.get("carrier", "electricity") != carrier for row in rows):
            return Unknown("tariff.carrier")
        if any(row.get("dated") is False for row in rows):
            return Unknown("tariff.undated")
        return None

    def needs_hours(self, tariff_id: str) -> bool:
        """True where the price depends on the hour, so that a bill cannot be priced."""
        return any(bool(row.get("hours")) for row in self._by_id[tariff_id])

    def tiers(self, tariff_id: str, month: int) -> tuple[str, list[float]] | Unknown | None:
        """Span (``month`` or ``year``) and upper limits of the tiers in a local month yyyymm; None without tiers."""
        rows = self._by_id[tariff_id]
        row = _row_of(rows, month * 100 + 1) or next((r for r in rows if _touches(r, month)), None)
        tiers = row.get("tiers") if row else None
        if not row or not tiers:
            return None
        if not tiers.get("limits"):
            return Unknown("tariff.no_tier_limits")
        return tiers["span"], list(_of_season(row, tiers["limits"], month % 100))

    def prices(self, tariff_id: str, calendar: pa.Table) -> Prices:
        """Price of each slot of a calendar frame (columns month, day, hour, es), one column a tier."""
        rows = self._by_id[tariff_id]
        month, day = calendar["month"].to_numpy(), calendar["day"].to_numpy()
        minute = _minutes(calendar)
        width = max(_width(row) for row in rows)
        values = np.full((len(day), width), np.nan)
        used, code = [], None
        for row in rows:
            begin, end = _number(row.get("valid_from"), 0), _number(row.get("valid_to"), _FAR)
            inside = (day >= begin) & (day <= end)
            if inside.any():
                values[inside] = _row_prices(row, month[inside] % 100, minute[inside], width)
                used.append(row)
                if np.isnan(values[inside]).any():
                    code = "tariff.no_price"
        if code is None and np.isnan(values).any():
            code = "tariff.not_valid"
        return Prices(values, str(rows[0].get("currency", "CNY")), code, tuple(used))


def _number(day: Any, default: int) -> int:
    return int(str(day)[:10].replace("-", "")) if day else default


def _row_of(rows: list[Mapping[str, Any]], day: int) -> Mapping[str, Any] | None:
    fits = [r for r in rows if _number(r.get("valid_from"), 0) <= day <= _number(r.get("valid_to"), _FAR)]
    return fits[-1] if fits else None


def _touches(row: Mapping[str, Any], month: int) -> bool:
    first, last = _number(row.get("valid_from"), 0), _number(row.get("valid_to"), _FAR)
    return first // 100 <= month <= last // 100


def _minutes(calendar: pa.Table) -> np.ndarray:
    es, hour = calendar["es"].to_numpy(), calendar["hour"].to_numpy().astype(np.int64)
    return hour * 60 + (es % 3600) // 60 if len(es) > 1 and es[1] - es[0] < 3600 else hour * 60


def _season(row: Mapping[str, Any], month: int) -> str:
    return next((name for name, months in row.get("seasons", {}).items() if month in months), "all")


def _of_season(row: Mapping[str, Any], table: Mapping[str, Any], month: int) -> Any:
    return table.get(_season(row, month), table.get("all"))


def _width(row: Mapping[str, Any]) -> int:
    bands = [band for season in (row.get("prices") or {}).values() for band in season.values()]
    return max((len(band) for band in bands if isinstance(band, list)), default=1)


def _band_price(row: Mapping[str, Any], month: int, band: str, width: int) -> np.ndarray:
    """Prices of a band by tier; NaN where neither price nor base is known."""
    known = (_of_season(row, row.get("prices") or {}, month) or {}).get(band)
    if known is None and row.get("base") is not None:
        ratio = (_of_season(row, row.get("ratios") or {}, month) or {}).get(band)
        known = None if ratio is None else row["base"] * ratio + (row.get("addon") or 0.0)
    if known is None:
        return np.full(width, np.nan)
    tiers = known if isinstance(known, list) else [known]
    return np.array([*tiers, *[tiers[-1]] * (width - len(tiers))], float)


def _row_prices(row: Mapping[str, Any], month: np.ndarray, minute: np.ndarray, width: int) -> np.ndarray:
    out = np.full((len(month), width), np.nan)
    for one in np.unique(month):
        at = month == one
        table = np.empty((1440, width))
        table[:] = _band_price(row, int(one), row.get("default_band", "all"), width)
        bands = _of_season(row, row.get("hours") or {}, int(one)) or {}
        for band, spans in bands.items():
            _paint(table, spans, _band_price(row, int(one), band, width))
        for extra in row.get("critical", []):
            if int(one) in extra["months"]:
                _paint(table, extra["hours"], _band_price(row, int(one), "critical", width))
        out[at] = table[minute[at]]
    return out


def _paint(table: np.ndarray, spans: Iterable[str], price: np.ndarray) -> None:
    """Set the minutes of spans such as ``22:00-06:00`` (over midnight)."""
    for span in spans:
        start, end = (int(p[:2]) * 60 + int(p[3:5]) for p in span.split("-"))
        minutes = np.arange(start, end if end > start else end + 1440) % 1440
        table[minutes] = price
