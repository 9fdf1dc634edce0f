"""Expectations of the rights matrix: figures of community A, the shared factors, the request to derive."""

from typing import Any

from tests.record.samples import publish
from tests.support.world import Row, World


def build(world: World) -> None:
    publish(world.a.slug, key="carbon.co2e", period="2023")


def place(world: World) -> dict[str, Any]:
    return {"slug": world.a.slug}


def year(_: World) -> dict[str, Any]:
    return {"period": "2023"}


ROWS = [
    Row("carbon:overview"),
    Row("carbon:account"),
    Row("carbon:derive", "POST", right="derive", data=year),
    Row("carbon:factors"),
    # Factors are shared by all places, so that the right counts at the root only: see test_rights.py.
    Row("carbon:factor_new", right="factors", ok=(200, 403)),
    Row("carbon:factor_new", "POST", right="factors", ok=(422, 403)),
    Row("api:inventory", kwargs=place, query="?period=2023"),
    Row("api:derive", "POST", right="derive", kwargs=place, data=year, json=True, ok=(202,)),
    Row("api:facts", right="any", scope="site"),
]
