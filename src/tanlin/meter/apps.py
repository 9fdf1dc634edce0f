"""Manifest of the room."""

from django.apps import AppConfig

from tanlin.kernel.errors import Text
from tanlin.kernel.manifest import Nav, Room


class MeterConfig(AppConfig):
    name = "tanlin.meter"
    label = "tanlin_meter"
    room = Room(
        name="meter",
        title=Text("计量", "Metering"),
        urls="tanlin.meter.urls",
        api="tanlin.meter.api:router",
        commands={"meter": "tanlin.meter.cli:cli"},
        jobs={
            "meter.check": "tanlin.meter.jobs:check",
            "meter.import": "tanlin.meter.jobs:import_file",
            "meter.refresh": "tanlin.meter.jobs:refresh_if_needed",
            "meter.validate": "tanlin.meter.jobs:validate",
        },
        periodic=("meter.refresh@60", "meter.validate@300"),
        nav=(
            Nav("meter:meters", Text("表计", "Meters"), "meter", order=20),
            Nav("meter:quality", Text("质量", "Quality"), "check", order=25),
            Nav("meter:imports", Text("导入", "Import"), "import", order=30, right="import"),
            Nav("meter:gateways", Text("网关", "Gateways"), "settings", order=35),
        ),
    )

    def ready(self) -> None:
        from tanlin.meter import queries, services
        from tanlin.readings import services as readings

        readings.connect(registry=queries.registry_frames, recovered=services.recovered)
        readings.connect(recovered=services.quality.recovered)
