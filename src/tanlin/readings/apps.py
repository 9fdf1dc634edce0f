"""Manifest of the readings."""

from django.apps import AppConfig

from tanlin.kernel.errors import Text
from tanlin.kernel.manifest import Room


class ReadingsConfig(AppConfig):
    name = "tanlin.readings"
    label = "tanlin_readings"
    default_auto_field = "django.db.models.BigAutoField"
    room = Room(
        name="readings",
        title=Text("读数", "Readings"),
        commands={"readings": "tanlin.readings.cli:readings"},
        jobs={"readings.compact": "tanlin.readings.jobs:compact"},
        periodic=("readings.compact@3600",),
    )
