"""Units are converted once, at the edge, into the canonical unit of a carrier (pint does the arithmetic)."""

from __future__ import annotations

import math
import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from tanlin.kernel.errors import BadInput, Text, Where

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

#: Canonical unit of each carrier. Gas is in cubic metres at the meter's reference state (Nm3).
CANONICAL: dict[str, str] = {
    "electricity": "kWh",
    "gas": "m3",
    "heat": "GJ",
    "water": "m3",
    "cooling": "GJ",
    "waste": "kg",
    "fuel": "kg",
}
CHANNELS = ("import", "export", "generation")

_ALIASES = {
    "度": "kWh",
    "千瓦时": "kWh",
    "千瓦小时": "kWh",
    "kw.h": "kWh",
    "kw·h": "kWh",
    "万千瓦时": "10_000 kWh",
    "万度": "10_000 kWh",
    "兆瓦时": "MWh",
    "立方米": "m3",
    "立方": "m3",
    "方": "m3",
    "m³": "m3",
    "nm3": "m3",
    "nm³": "m3",
    "标准立方米": "m3",
    "万立方米": "10_000 m3",
    "升": "liter",
    "吉焦": "GJ",
    "兆焦": "MJ",
    "百万千焦": "GJ",
    "公斤": "kg",
    "千克": "kg",
    "斤": "0.5 kg",
    "克": "g",
    "吨": "metric_ton",
    "t": "metric_ton",
    "kwh": "kWh",
    "mwh": "MWh",
    "wh": "Wh",
    "gj": "GJ",
    "mj": "MJ",
    "kg": "kg",
    "g": "g",
    "m3": "m3",
    "l": "liter",
}


@lru_cache(maxsize=1)
def _registry() -> Any:
    import pint

    return pint.UnitRegistry(cache_folder=None)


def _pint(unit: str) -> str:
    """The unit as pint writes it."""
    return unit.replace("m3", "m**3")


@lru_cache(maxsize=256)
def factor_to_canonical(unit: str, carrier: str) -> float:
    """The number a value in ``unit`` is multiplied by. Raises BadInput for an unknown or unfit unit."""
    if carrier not in CANONICAL:
        raise BadInput(
            "kernel.unknown_carrier",
            Text(f"不认识的能源品种 {carrier}。", f"Unknown carrier {carrier}."),
            remedy=Text(f"可用：{'、'.join(CANONICAL)}。", f"Use one of {', '.join(CANONICAL)}."),
        )
    text = unicodedata.normalize("NFKC", unit).replace(" ", "")  # ㎥ and full-width letters
    name = _ALIASES.get(text.lower(), _ALIASES.get(text, text))
    if carrier == "water" and name == "metric_ton":
        return 1.0
    try:
        factor = float(_registry().Quantity(_pint(name)).to(_pint(CANONICAL[carrier])).magnitude)
        if not 0 < factor < math.inf:
            raise ValueError(f"no unit: {unit}")
        return factor
    except Exception as error:  # pint raises its own, tokenizer and attribute errors for free text
        raise BadInput(
            "kernel.unknown_unit",
            Text(
                f"单位「{unit}」不能换算为 {CANONICAL[carrier]}。",
                f"Unit “{unit}” does not convert to {CANONICAL[carrier]}.",
            ),
            remedy=Text(
                "请核对单位，或在导入时选择单位。",
                "Check the unit, or choose it during import.",
            ),
            where=Where(value=unit),
        ) from error


def to_canonical(values: ArrayLike, unit: str, carrier: str) -> np.ndarray:
    """Values of any shape in ``unit`` → float64 in the carrier's canonical unit. Raises BadInput."""
    return np.asarray(values, np.float64) * factor_to_canonical(unit, carrier)
