"""Manifest of the demonstration."""

from django.apps import AppConfig

from tanlin.kernel.errors import Text
from tanlin.kernel.manifest import Room


class DemoConfig(AppConfig):
    name = "tanlin.demo"
    label = "tanlin_demo"
    room = Room(
        name="demo",
        title=Text("演示", "Demonstration"),
        commands={"demo": "tanlin.demo.cli:cli"},
    )
