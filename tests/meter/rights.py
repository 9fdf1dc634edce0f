"""Expectations of the rights matrix: a meter with readings at community A and imports in three states."""

import io
from datetime import date
from typing import Any

from tanlin.community.queries import SYSTEM
from tanlin.meter import services
from tanlin.meter.models import Import, MeterRow
from tests.meter.support import hourly_csv
from tests.support.world import Row, World


def build(world: World) -> None:
    first = date(2025, 6, 1)
    spec = services.Spec(
        owner=world.a,
        place=world.areas["home-a"],
        carrier="electricity",
        number="M-1",
        unit="kWh",
        valid_from=first,
    )
    world.objects["meter"] = services.register([spec], actor=SYSTEM, area=world.a)[
        "electricity", "M-1", "import"
    ]
    world.objects["row"] = MeterRow.objects.get(meter=world.objects["meter"]).pk
    for name in ("fresh", "checked", "done"):
        imp = services.start_import(world.a, io.BytesIO(hourly_csv(["M-2"], 2)), f"{name}.csv", SYSTEM)
        world.objects[name] = imp.pk
        if name != "fresh":
            services.check(imp)
    Import.objects.filter(pk=world.objects["done"]).update(state=Import.State.DONE)
    world.objects["gateway"] = services.create_gateway(
        world.a, kind="http", name="push", config={}, actor=SYSTEM
    ).pk


def meter(world: World) -> dict[str, Any]:
    return {"slug": world.a.slug, "pk": world.objects["meter"]}


def row(world: World) -> dict[str, Any]:
    return {**meter(world), "row": world.objects["row"]}


def imp(state: str) -> Any:
    return lambda world: {"slug": world.a.slug, "pk": world.objects[state]}


def gateway(world: World) -> dict[str, Any]:
    return {"slug": world.a.slug, "pk": world.objects["gateway"]}


def only(world: World) -> dict[str, Any]:
    return {"pk": world.objects["meter"]}


# A write of readings needs a transaction of its own, so it is sent in a state that refuses it.
ROWS = [
    Row("meter:meters"),
    Row("meter:export_csv"),
    Row("meter:export_xlsx"),
    Row("meter:register_print"),
    Row("meter:register_xlsx"),
    Row("meter:new", right="meters"),
    Row("meter:new", "POST", right="meters", ok=(422,)),
    Row("meter:meter", kwargs=meter),
    Row("meter:change", right="meters", kwargs=row),
    Row("meter:change", "POST", right="meters", kwargs=row, ok=(422,)),
    Row("meter:exchange", right="meters", kwargs=row),
    Row("meter:exchange", "POST", right="meters", kwargs=row, ok=(422,)),
    # No reading is named: whoever may correct is told that there is none.
    Row("meter:correct", right="import", kwargs=meter, ok=(404,)),
    Row("meter:correct", "POST", right="import", kwargs=meter, ok=(404,)),
    Row("meter:imports"),
    Row("meter:import_new", right="import"),
    Row("meter:import_new", "POST", right="import", ok=(422,)),
    Row("meter:import", kwargs=imp("done")),
    Row("meter:import_mapping", "POST", right="import", kwargs=imp("fresh")),
    Row("meter:import_confirm", "POST", right="import", kwargs=imp("checked")),
    Row("meter:import_undo", "POST", right="undo", kwargs=imp("checked"), ok=(409,)),
    Row("meter:import_repeat", "POST", right="import", kwargs=imp("done")),
    Row("meter:import_discard", "POST", right="import", kwargs=imp("fresh")),
    Row("meter:import_errors", kwargs=imp("checked")),
    Row("meter:gateways"),
    Row("meter:gateway_new", right="meters", kwargs=lambda world: {"slug": world.a.slug, "kind": "http"}),
    Row(
        "meter:gateway_new",
        "POST",
        right="meters",
        kwargs=lambda world: {"slug": world.a.slug, "kind": "http"},
        ok=(422,),
    ),
    Row("meter:gateway", kwargs=gateway),
    Row("meter:gateway_change", right="meters", kwargs=gateway),
    Row("meter:gateway_change", "POST", right="meters", kwargs=gateway, ok=(422,)),
    Row("meter:gateway_map", right="meters", kwargs=gateway),
    Row("meter:gateway_map", "POST", right="meters", kwargs=gateway, ok=(422,)),
    Row(
        "meter:gateway_act", "POST", right="meters", kwargs=lambda world: {**gateway(world), "verb": "token"}
    ),
    Row("meter:quality"),
    Row("meter:quality_act", "POST", right="import"),
    Row("meter:quality_rules"),
    Row("meter:quality_rules", "POST", right="meters", ok=(422,)),
    Row("api:meters"),
    Row("api:meter", kwargs=only),
    Row("api:meter_readings", kwargs=only),
    Row("api:imports"),
    Row("api:exceptions"),
    # A gateway shows its own token, never a session.
    Row("api:push", "POST", right="public", ok=(401,)),
]
