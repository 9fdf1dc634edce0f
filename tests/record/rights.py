"""Expectations of the rights matrix: addresses of the record, with a receipt, a job and a file of community A."""

import io
from datetime import date
from typing import Any

from django.utils import timezone

from tanlin.community.rights import ROLE_RIGHTS, SYSTEM
from tanlin.record import FactRow, services
from tanlin.record.models import Job, ReceiptRow
from tests.record.office import colleague, subject
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
    office(world)
    services.add_fact(FactRow("test.fact", "grid_location", date(2025, 12, 31), {"value": 0.44}))
    world.objects["fact"] = "test.fact"


def office(world: World) -> None:
    """A document whose one step belongs to the roles that may import, and the sheet of delegations."""
    roles = [role for role in ROLE_RIGHTS if "import" in ROLE_RIGHTS[role]]
    step = {"key": "one", "zh": "审批", "en": "Approval", "roles": roles}
    author = colleague(world, "author", "worker")
    services.set_rule(SYSTEM, world.a, "event_link", [step], valid_from=timezone.localdate())
    world.objects["approval"] = services.submit(subject(world), "event_link", author).pk
    draft, shown = (announcement(world, title) for title in ("草稿", "公告"))
    services.set_rule(SYSTEM, world.a, "release", [step | {"own": True}], valid_from=timezone.localdate())
    services.decide(services.submit_notice(author, shown).pk, author, "pass")
    services.publish_notice(author, shown)
    world.objects |= {"draft": draft.pk, "notice": shown.pk, "token": shown.token}
    today = timezone.localdate()
    given = services.delegate(author, world.a, "worker", world.users["street"], today, today)
    world.objects["delegation"] = given.pk


def announcement(world: World, title: str) -> Any:
    text = services.NoticeText("announcement", title, "正文", roles=["auditor"])
    return services.write_notice(world.users["worker"], world.a, text)


def draft(world: World) -> dict[str, Any]:
    return {"pk": world.objects["draft"]}


def notice(world: World) -> dict[str, Any]:
    return {"pk": world.objects["notice"]}


def paper(world: World) -> dict[str, Any]:
    return {"pk": world.objects["approval"]}


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
    Row("record:todo", right="any", scope="site"),
    Row("record:approval", kwargs=paper),
    Row(
        "record:approval_decide",
        "POST",
        right="import",
        kwargs=paper,
        data=lambda w: {"verdict": "pass", "version": 0},
    ),
    Row("record:approval_withdraw", "POST", ok=(403,), kwargs=paper),
    Row(
        "record:delegation_end",
        "POST",
        right="any",
        scope="site",
        ok=(404,),
        kwargs=lambda world: {"pk": world.objects["delegation"]},
    ),
    Row("record:notices"),
    Row("record:register", kwargs=lambda world: place(world) | {"table": "notices", "form": "print"}),
    *(
        Row("record:notice_new", method, "derive", ok=ok)
        for method, ok in (("GET", (200,)), ("POST", (422,)))
    ),
    Row("record:notice_edit", right="derive", kwargs=draft),
    Row("record:notice_edit", "POST", right="derive", kwargs=draft, ok=(422,)),
    Row("record:notice", kwargs=notice),
    Row(
        "record:notice_act",
        "POST",
        right="derive",
        kwargs=notice,
        data=lambda w: {"act": "withdraw", "reason": "x"},
    ),
    Row("record:notice_read", "POST", kwargs=notice),
    Row("record:notice_board", kwargs=notice),
    Row(
        "record:notice_public",
        right="public",
        kwargs=lambda world: {"token": world.objects["token"]},
        ok=(200,),
    ),
    Row("record:delegations"),
    Row("record:delegations", "POST", ok=(422,)),
    Row("record:evidence", kwargs=lambda world: {"digest": world.objects["evidence"]}),
    Row("api:record_receipt", kwargs=digest),
    Row("api:record_replay", "POST", right="replay", kwargs=digest),
    Row("api:record_figures", kwargs=place),
    Row("api:record_figure", kwargs=figure),
    Row("api:record_job", kwargs=job),
    Row("api:record_cancel", "POST", right="derive", kwargs=job),
]
