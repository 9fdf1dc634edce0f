"""Documents for the tests of the office: a subject of community A, and colleagues who hold its steps."""

from typing import Any

from tanlin.community import services as community
from tanlin.community.models import User
from tanlin.community.rights import SYSTEM
from tanlin.record import approval as machine


def subject(
    world: Any, id: str = "1", digest: str = "sha256:a", title: str = "垃圾分类倡议"
) -> machine.Subject:
    return machine.Subject("test", "paper", id, title, f"/place/{world.a.slug}/", world.a, digest)


def colleague(world: Any, name: str, role: str, slug: str = "community-a") -> User:
    user = User.objects.create(username=name, password="!")
    community.grant(SYSTEM, user=user, role=role, area=world.areas[slug])
    return user
