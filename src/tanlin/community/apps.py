"""Manifest of the room."""

from django.apps import AppConfig

from tanlin.kernel.errors import Text
from tanlin.kernel.manifest import Nav, Room


class CommunityConfig(AppConfig):
    name = "tanlin.community"
    label = "tanlin_community"
    room = Room(
        name="community",
        title=Text("社区与人员", "Community and people"),
        urls="tanlin.community.urls",
        api="tanlin.community.api:router",
        commands={"community": "tanlin.community.cli:cli"},
        jobs={"community.retain": "tanlin.community.jobs:retain"},
        periodic=("community.retain@86400",),
        shredder="tanlin.community.services.erasure:shred",
        exporter="tanlin.community.services.erasure:tables",
        nav=(
            Nav(
                "community:persons", Text("居民与家庭", "Residents"), icon="people", order=68, right="people"
            ),
            Nav("community:people", Text("组织与人员", "People"), icon="people", order=70),
        ),
    )
