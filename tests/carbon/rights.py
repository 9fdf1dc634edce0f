"""Expectations of the rights matrix: figures of community A, the shared factors, the request to derive."""

from datetime import date
from io import BytesIO
from typing import Any

from tanlin.carbon.claims import example
from tests.record.samples import publish
from tests.support.world import Row, World


def build(world: World) -> None:
    from tanlin.carbon.services import keep_claim

    for key in ("carbon.co2e", "carbon.basic"):
        publish(world.a.slug, key=key, period="2023")
    stated = {"region": world.a.region, "gwp": "ar5"}
    for key in ("carbon.inventory", "carbon.account", "carbon.gpc", "carbon.boundary"):
        told = {"table": [], "parameters": stated, "inputs": [{"registry": "sha256:0"}]}
        publish(world.a.slug, key=key, period="2023", **told)
    from tanlin.carbon.services import activities

    days = {"first_day": date(2023, 1, 1), "last_day": date(2023, 12, 31)}
    new = activities.New(world.a, "sewage", amount=1.0, unit="m3", source="bill", **days)
    world.objects["sheet"] = activities.enter(new, actor=world.users["worker"]).sheet
    file = BytesIO("项目,起,止,数量,单位,来源\n自来水,2023,2023,1,吨,账单\n".encode())
    world.objects["kept"] = activities.keep_sheet(world.a, file, "a.csv", actor=world.users["worker"])
    world.objects["claim"] = keep_claim(world.a, example("jingkou-25kw").claim, actor=world.users["worker"])


def place(world: World) -> dict[str, Any]:
    return {"slug": world.a.slug}


def year(_: World) -> dict[str, Any]:
    return {"period": "2023"}


def claim(world: World) -> dict[str, Any]:
    return place(world) | {"pk": world.objects["claim"].pk}


def sheet(world: World) -> dict[str, Any]:
    return place(world) | {"pk": world.objects["sheet"].pk}


def kept(world: World) -> dict[str, Any]:
    return place(world) | {"digest": world.objects["kept"].removeprefix("sha256:")}


def paper(world: World) -> dict[str, Any]:
    from tanlin.carbon.models import Instrument

    day, number = date(2023, 1, 1), str(Instrument.objects.count())
    told = {"registry": "rights", "number": number, "first_day": day, "last_day": day, "energy_kwh": 1.0}
    return place(world) | {"pk": Instrument.objects.create(area=world.a, kind="certificate", **told).pk}


def asked(world: World) -> dict[str, Any]:
    from tanlin.carbon.models import FactPreview

    empty = {"moved": [], "renewed": [], "kept": 0, "waiting": 0, "untried": 0}
    made = FactPreview.objects.create(area=world.a, facts=[], newest_fact=0, result=empty)
    return place(world) | {"pk": made.pk}


def of_year(world: World) -> dict[str, Any]:
    return {"slug": world.a.slug, "year": 2023}


ROWS = [
    Row("carbon:overview"),
    Row("carbon:account"),
    *(Row(f"carbon:account_{form}", kwargs=of_year) for form in ("xlsx", "csv", "json")),
    Row("carbon:public_export", kwargs=of_year),
    Row("carbon:compare"),
    Row("carbon:derive", "POST", right="derive", data=year),
    Row("carbon:activities"),
    Row("carbon:activity_new", right="import"),
    Row("carbon:activity_new", "POST", right="import", ok=(422,)),
    Row("carbon:activity_template", right="import"),
    Row("carbon:activity_import", right="import"),
    Row("carbon:activity_import", "POST", right="import", ok=(422,)),
    Row("carbon:activity_check", right="import", kwargs=kept),
    Row("carbon:activity_check", "POST", right="import", kwargs=kept),
    Row("carbon:activity_sheet", kwargs=sheet),
    Row("carbon:activity_undo", "POST", right="undo", kwargs=sheet, ok=(422,)),
    Row("carbon:boundary"),
    Row("carbon:boundary", "POST", right="import", ok=(422,)),
    Row("carbon:notation", "POST", right="import", ok=(422,)),
    Row("carbon:instruments"),
    Row("carbon:instrument_new", right="import"),
    Row("carbon:instrument_new", "POST", right="import", ok=(422,)),
    Row("carbon:instrument_undo", "POST", right="undo", kwargs=paper),
    Row("carbon:claims"),
    Row("carbon:claim", kwargs=claim),
    Row("carbon:claim_new", right="derive"),
    Row("carbon:claim_new", "POST", right="derive", ok=(422,)),
    # Only who entered a claim withdraws it: see test_claim_pages.py.
    Row("carbon:claim_withdraw", "POST", right="derive", kwargs=claim, ok=(302, 403)),
    Row("carbon:factors"),
    # Factors are shared by all places, so that the right counts at the root only: see test_rights.py.
    Row("carbon:factor_new", right="factors", ok=(200, 403)),
    Row("carbon:factor_new", "POST", right="factors", ok=(422, 403)),
    Row("carbon:factor_file", right="factors", ok=(200, 403)),
    Row("carbon:factor_file", "POST", right="factors", ok=(422, 403)),
    Row("carbon:gwp_new", right="factors", ok=(200, 403)),
    Row("carbon:gwp_new", "POST", right="factors", ok=(422, 403)),
    Row("carbon:preview", right="factors", kwargs=asked, ok=(200, 403)),
    Row("carbon:preview_confirm", "POST", right="factors", kwargs=asked, ok=(302, 403)),
    Row("carbon:preview_again", "POST", right="factors", kwargs=asked, ok=(302, 403)),
    Row("api:inventory", kwargs=place, query="?period=2023"),
    Row("api:account", kwargs=place, query="?year=2023"),
    Row("api:derive", "POST", right="derive", kwargs=place, data=year, json=True, ok=(202,)),
    Row("api:facts", right="any", scope="site"),
]
