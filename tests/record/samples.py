"""A figure with its receipt, made by a method that multiplies the inputs by a factor."""

from typing import Any

from tanlin.kernel.errors import Text
from tanlin.kernel.figure import Figure
from tanlin.kernel.manifest import Method
from tanlin.kernel.receipt import Change, Receipt, Recomputed, build
from tanlin.record import services
from tanlin.record.facts import FactUse
from tanlin.record.replay import table_bytes

METHOD = Method(
    "test.product", 1, "GPC 1.1 ch. 6", "tests.record.samples:replay", label=Text("乘积", "Product")
)
USES = (FactUse("grid.cn-gd.avg.2023", "grid_location", "CN-GD-SZ"),)
NOW: dict[str, Any] = {"value": None, "changes": []}  # what a replay finds; a test may set it


def replay(body: dict[str, Any], batch: int | None) -> Recomputed:
    value = body["result"]["value"] if NOW["value"] is None else NOW["value"]
    return Recomputed({**body["result"], "value": value}, list(NOW["changes"]))


CHANGE = Change("fact", "grid.cn-gd.avg.2023", "2025-12-31: 0.4403", "2026-06-30: 0.4391")


def make(
    slug: str,
    value: float = 182.4,
    period: str = "2023-06",
    inputs: Any = None,
    table: Any = None,
    **more: Any,
) -> tuple[Figure, Receipt]:
    key, parameters = more.pop("key", "carbon.co2"), more.pop("parameters", {"scope": 2})
    result: dict[str, Any] = {"value": value, "unit": "tCO2"}
    if table is not None:
        result["table"] = services.store_blob(table_bytes(table), "table")
    receipt = build(
        figure=key,
        place=slug,
        period=period,
        method=METHOD,
        parameters=parameters,
        inputs=inputs or [{"fact": "grid.cn-gd.avg.2023", "vintage": "2025-12-31", "verified": True}],
        result=result,
    )
    return Figure(key, slug, period, value, "tCO2", low=164.1, high=200.7, table=table, **more), receipt


def publish(
    slug: str, value: float = 182.4, *, marks: int | None = None, uses: Any = USES, **more: Any
) -> bool:
    figure, receipt = make(slug, value, **more)
    return services.publish_figure(figure, receipt, uses, batch=7, marks=marks)
