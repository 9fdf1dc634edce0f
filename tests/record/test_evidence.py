"""Evidence files: content-addressed, private, handed out only to who may see one of their places."""

import hashlib
import io
import stat
from pathlib import Path

import pytest

from tanlin.kernel.errors import NotFound
from tanlin.record import queries, services, store
from tanlin.record.models import Event, Evidence
from tests.support.world import World

CONTENT = b"sign-in sheet" * 1000


def keep(world: World, area, name: str = "sheet.csv"):
    return services.store_evidence(
        io.BytesIO(CONTENT), name=name, media_type="text/csv", area=area, actor=world.users["worker"]
    )


def files(home: Path) -> list[Path]:
    return [path for path in (home / "evidence").rglob("*") if path.is_file()]


def test_a_file_lies_under_the_hash_of_its_content_once(world: World, home: Path):
    hexes = hashlib.sha256(CONTENT).hexdigest()
    first, again, other = keep(world, world.a), keep(world, world.a, "copy.csv"), keep(world, world.b)
    assert first == again and other != first and Evidence.objects.count() == 2
    assert files(home) == [home / "evidence" / hexes[:2] / hexes[2:4] / hexes]
    assert files(home)[0].read_bytes() == CONTENT and first.size == len(CONTENT)
    assert Event.objects.filter(verb="record.evidence_stored").count() == 2


def test_the_file_is_private(world: World, home: Path):
    keep(world, world.a)
    assert stat.S_IMODE(files(home)[0].stat().st_mode) == 0o600
    assert stat.S_IMODE((home / "evidence").stat().st_mode) == 0o700


def test_a_broken_upload_leaves_nothing(world: World, home: Path):
    class Broken(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            if self.tell():
                raise OSError("connection lost")
            return super().read(10)

    with pytest.raises(OSError, match="lost"):
        services.store_evidence(Broken(CONTENT), name="x", media_type="", area=world.a)
    assert files(home) == [] and not Evidence.objects.exists()


def test_a_name_carries_no_path(world: World):
    assert keep(world, world.a, "..\\..\\etc/passwd").name == "passwd"


def test_only_who_may_see_a_place_gets_the_file(world: World):
    row = keep(world, world.a)
    found, path = queries.evidence(world.users["auditor"], row.sha256)
    assert found == row and path.read_bytes() == CONTENT
    assert queries.evidence_of(world.users["auditor"], world.a) == [row]
    for user in (world.users["other"], world.users["nobody"]):
        with pytest.raises(NotFound):
            queries.evidence(user, row.sha256)
    keep(world, world.b)
    assert queries.evidence(world.users["other"], row.sha256)[0].area == world.b


@pytest.mark.django_db(transaction=True)
def test_erasing_a_place_removes_a_file_no_other_place_holds(home: Path):
    from tests.support.world import build

    world = build(rooms=False)
    keep(world, world.a)
    shared = keep(world, world.b)
    services.erase_places([world.a.pk])
    assert store.path_of(shared.sha256).exists()
    services.erase_places([world.b.pk])
    assert files(home) == []


@pytest.mark.parametrize("wrong", ["", "sha256:../../etc", "sha256:" + "A" * 64, "0" * 64])
def test_what_is_no_hash_names_no_file(wrong: str):
    with pytest.raises(ValueError, match="not a hash"):
        store.path_of(wrong)
