"""Published claims, as stated in public: examples for the command and the page, and the matter of tests."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

from tanlin.carbon.claims.checking import parse
from tanlin.carbon.claims.statement import Claim
from tanlin.kernel.errors import BadInput, Text, Where


@dataclass(frozen=True)
class Example:
    """One published claim under a short name."""

    name: str
    title: Text
    claim: Claim


@lru_cache(maxsize=1)
def examples() -> dict[str, Example]:
    """Published claims by name, in the order of ``data/claims.json``."""
    rows = json.loads(files("tanlin.carbon").joinpath("data", "claims.json").read_text("utf-8"))
    return {
        row["name"]: Example(row["name"], Text(row["zh"], row["en"]), parse(row["claim"])) for row in rows
    }


def example(name: str) -> Example:
    """The published claim of that name. Raises BadInput with the names there are."""
    known = examples()
    if name not in known:
        raise BadInput(
            "carbon.no_example",
            Text("没有这个示例。", "There is no such example."),
            remedy=Text("可用：" + "、".join(known), "Use one of: " + ", ".join(known)),
            where=Where(value=name),
        )
    return known[name]
