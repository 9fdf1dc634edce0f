"""Manifest of the demonstration."""

from django.apps import AppConfig

from tanlin.kernel.errors import Text
from tanlin.kernel.manifest import Nav, Room


class DemoConfig(AppConfig):
    name = "tanlin.demo"
    label = "tanlin_demo"
    room = Room(
        name="demo",
        title=Text("演示", "Demonstration"),
        urls="tanlin.demo.urls",
        nav=(Nav("demo:published", Text("公开案例数据", "Published cases"), "table", 90, scope="site"),),
        commands={"demo": "tanlin.demo.cli:cli"},
    )
