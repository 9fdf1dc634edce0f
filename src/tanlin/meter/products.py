"""What a meter of gas, waste or fuel counts, where the carrier alone does not say which factor applies."""

from __future__ import annotations

import re

from tanlin.kernel.errors import Text

#: Carrier → product → its words; carriers that are missing have one product only.
PRODUCTS: dict[str, dict[str, Text]] = {
    "gas": {
        "natural_gas": Text("天然气", "natural gas"),
        "coke_oven_gas": Text("焦炉煤气", "coke oven gas"),
        "lpg": Text("液化石油气", "LPG"),
    },
    "waste": {
        "incineration": Text("焚烧", "incineration"),
        "landfill": Text("填埋", "landfill"),
        "compost": Text("堆肥", "composting"),
        "anaerobic": Text("厌氧消化", "anaerobic digestion"),
    },
    "fuel": {
        "gasoline": Text("汽油", "gasoline"),
        "diesel": Text("柴油", "diesel"),
        "lpg": Text("液化石油气", "LPG"),
    },
}
_WORDS = (
    ("gas", "lpg", r"液化"),
    ("gas", "coke_oven_gas", r"焦炉|煤气"),
    ("gas", "natural_gas", r"天然气|燃气"),
    ("fuel", "diesel", r"柴油|diesel"),
    ("fuel", "gasoline", r"汽油|gasoline|petrol"),
    ("fuel", "lpg", r"液化|lpg"),
)


def guess(carrier: str, text: str) -> str:
    """The product a number or name speaks of; "" where it does not. A waste stream does not tell its treatment."""
    for of, product, pattern in _WORDS:
        if of == carrier and re.search(pattern, text, re.IGNORECASE):
            return product
    return "natural_gas" if carrier == "gas" else ""
