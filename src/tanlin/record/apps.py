"""Manifest of the record."""

from django.apps import AppConfig

from tanlin.kernel import ports
from tanlin.kernel.errors import Text
from tanlin.kernel.manifest import Nav, Room


class RecordConfig(AppConfig):
    name = "tanlin.record"
    label = "tanlin_record"
    default_auto_field = "django.db.models.BigAutoField"
    room = Room(
        name="record",
        title=Text("记录", "Record"),
        urls="tanlin.record.urls",
        api="tanlin.record.api:router",
        commands={
            "receipt": "tanlin.record.cli:receipt",
            "work": "tanlin.record.cli:work",
            "record": "tanlin.record.cli:record",
        },
        nav=(
            Nav(
                "record:todo",
                Text("待办", "To do"),
                "check",
                16,
                right="any",
                scope="site",
                count="tanlin.record.queries.approvals:todo_count",
            ),
            Nav("record:notices", Text("通知公告", "Notices"), "table", 75),
            Nav("record:jobs", Text("任务进度", "Jobs"), "clock", 80),
            Nav("record:evidence_list", Text("佐证材料", "Evidence"), "receipt", 85),
            Nav("record:events", Text("操作日志", "Operation log"), "history", 95, right="replay"),
        ),
    )

    def ready(self) -> None:
        from tanlin.record import jobs, services

        ports.register("report_event", services.report_event)
        ports.register("mark_stale", services.mark_stale)
        ports.register("enqueue", jobs.enqueue)
