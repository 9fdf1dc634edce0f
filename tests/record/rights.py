"""Expectations of the rights matrix: addresses of the record, with a receipt, a job and a file of community A."""

import io
from datetime import date
from typing import Any

from django.utils import timezone

from tanlin.record import FactRow, services
from tanlin.record.models import Job, ReceiptRow
from tests.record.samples import publish
from tests.support.world import Row, World


def build(world: World) -> None:
    publish(world.a.slug)
    world.objects["receipt"] = ReceiptRow.objects.get(place=world.a).hash
    world.objects["job"] = Job.objects.create(kind="test.count", area=world.a, created=timezone.now()).pk
    file = services.store_evidence(
        io.BytesIO(b"sheet"), name="sheet.csv", media_type="text/csv", area=world.a
    )
    world.objects["evidence"] = file.sha256
    services.add_fact(FactRow("test.fact", "grid_location", date(2025, 12, 31), {"value": 0.44}))
    world.objects["fact"] = "test.fact"


def digest(world: World) -> dict[str, Any]:
    return {"digest": world.objects["receipt"]}


def job(world: World) -> dict[str, Any]:
    return {"pk": world.objects["job"]}


def figure(world: World) -> dict[str, Any]:
    return {"slug": world.a.slug, "key": "carbon.co2", "period": "2023-06"}


def place(world: World) -> dict[str, Any]:
    return {"slug": world.a.slug}


ROWS = [
    Row("record:receipt", kwargs=digest),
    Row("record:receipt_json", kwargs=digest),
    Row("record:replay", "POST", right="replay", kwargs=digest),
    Row("record:jobs"),
    Row("record:events", right="replay"),
    Row("record:evidence_list"),
    Row("record:fact", right="any", scope="site", kwargs=lambda world: {"fact_id": world.objects["fact"]}),
    Row("record:job", kwargs=job),
    Row("record:cancel", "POST", right="derive", kwargs=job),
    Row("record:evidence", kwargs=lambda world: {"digest": world.objects["evidence"]}),
    Row("api:record_receipt", kwargs=digest),
    Row("api:record_replay", "POST", right="replay", kwargs=digest),
    Row("api:record_figures", kwargs=place),
    Row("api:record_figure", kwargs=figure),
    Row("api:record_job", kwargs=job),
    Row("api:record_cancel", "POST", right="derive", kwargs=job),
]
