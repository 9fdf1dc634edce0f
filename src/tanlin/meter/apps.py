"""Manifest of the room."""

from django.apps import AppConfig

from tanlin.kernel.errors import Text
from tanlin.kernel.manifest import Room


class MeterConfig(AppConfig):
    name = "tanlin.meter"
    label = "tanlin_meter"
    room = Room(name="meter", title=Text("计量", "Metering"))
