"""Manifest of the room."""

from django.apps import AppConfig

from tanlin.kernel.errors import Text
from tanlin.kernel.manifest import Room


class WebConfig(AppConfig):
    name = "tanlin.web"
    label = "tanlin_web"
    room = Room(
        name="web",
        title=Text("平台", "Platform"),
        commands={"serve": "tanlin.web.serve:serve", "migrate": "tanlin.web.serve:migrate"},
    )
