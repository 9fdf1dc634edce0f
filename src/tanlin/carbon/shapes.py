"""Shapes of a grid's day as dated facts: shipped ones, and the numbers of a stored one. Pure."""

from __future__ import annotations

import json
from datetime import date
from importlib.resources import files
from typing import Any

from tanlin.carbon.account.hourly import SHAPE
from tanlin.record import FactRow


def read_shapes() -> list[FactRow]:
    """The shipped shapes as rows of the record; none is verified.

    ``value`` 1 is the mean of a shape, so that it reads like any factor; ``hours`` are its numbers.
    """
    text = files("tanlin.carbon").joinpath("data", "shapes.json").read_text("utf-8")
    return [_row(record) for record in json.loads(text)]


def _row(record: dict[str, Any]) -> FactRow:
    told = {name: record[name] for name in ("name_zh", "name_en", "hours")}
    return FactRow(
        fact_id=record["fact_id"],
        kind=SHAPE,
        region=record["region"],
        valid_from=date.fromisoformat(record["valid_from"]),
        published=date.fromisoformat(record["published"]),
        value={"value": 1.0, "product": "", "label": "modelled"} | told,
        unit="1",
        source=record["source"],
        source_ref=record["source_ref"],
    )
