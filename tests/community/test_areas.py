"""The tree of areas, its second tree, and the dated attributes."""

from datetime import date

import pytest
from django.db import IntegrityError, transaction

from tanlin.community import queries, services
from tanlin.community.models import Area
from tanlin.community.rights import SYSTEM
from tanlin.kernel.errors import BadInput, Conflict, Forbidden, NotFound
from tanlin.record.models import Event
from tests.support.world import World, build


@pytest.fixture
def world(db: None) -> World:
    return build(rooms=False)


def test_path_lists_the_ids_from_the_root(world: World) -> None:
    ids = [world.areas[slug].pk for slug in ("district", "street-a", "community-a", "building-a", "home-a")]
    home = Area.objects.get(slug="home-a")
    assert home.path == "/" + "/".join(map(str, ids)) + "/"
    assert [area.slug for area in queries.ancestors(home)] == [
        "district",
        "street-a",
        "community-a",
        "building-a",
    ]
    assert queries.subtree_ids(world.a) == sorted(ids[2:])


def test_zone_region_and_origin_come_from_above(world: World) -> None:
    root = services.create_area(
        SYSTEM,
        slug="far",
        name="远方",
        level="community",
        tz="Europe/London",
        region="GB",
        origin="demonstration",
    )
    below = services.create_area(SYSTEM, slug="far-1", name="一号", level="building", parent=root)
    assert (below.tz, below.region, below.origin, below.is_demo) == (
        "Europe/London",
        "GB",
        "demonstration",
        True,
    )


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"slug": "Has Space"}, "community.bad_slug"),
        ({"slug": "double--hyphen"}, "community.bad_slug"),
        ({"name": "  "}, "community.no_name"),
        ({"level": "planet"}, "community.unknown_level"),
        ({"level": "street"}, "community.level_order"),
        ({"level": "community"}, "community.level_order"),
        ({"tz": "Mars/Olympus"}, "community.unknown_zone"),
        ({"level": "grid", "parent": None}, "community.grid_parent"),
    ],
)
def test_what_an_area_may_not_be(world: World, change: dict[str, object], code: str) -> None:
    values: dict[str, object] = {"slug": "new", "name": "新", "level": "estate", "parent": world.a}
    with pytest.raises(BadInput) as caught:
        services.create_area(SYSTEM, **(values | change))  # type: ignore[arg-type]
    assert caught.value.code == code and not Area.objects.filter(name="新").exists()


def test_free_levels_attach_anywhere(world: World) -> None:
    park = services.create_area(SYSTEM, slug="park", name="园", level="park", parent=world.a)
    services.create_area(SYSTEM, slug="in-park", name="楼", level="building", parent=park)


def test_a_slug_is_taken_once(world: World) -> None:
    with pytest.raises(Conflict):
        services.create_area(SYSTEM, slug="community-b", name="重名", level="estate", parent=world.a)


def test_a_root_needs_an_operator_and_becomes_his(world: World) -> None:
    with pytest.raises(Forbidden):
        services.create_area(world.users["street"], slug="mine", name="我的", level="district")
    root = services.create_area(world.users["operator"], slug="mine", name="我的", level="district")
    assert queries.may(world.users["operator"], root, "users")


def test_creating_needs_the_right_at_the_parent(world: World) -> None:
    with pytest.raises(Forbidden):
        services.create_area(world.users["worker"], slug="x", name="楼", level="building", parent=world.a)
    with pytest.raises(NotFound):
        services.create_area(world.users["street"], slug="x", name="楼", level="building", parent=world.b)


def test_many_areas_in_one_verb(world: World) -> None:
    before = Event.objects.count()
    rows = [{"slug": f"home-{n}", "name": f"{n} 室", "level": "home"} for n in range(300)]
    homes = services.create_areas(SYSTEM, world.areas["building-a"], rows)
    assert Event.objects.count() == before + 1
    stored = {area.slug: area.path for area in Area.objects.filter(slug__startswith="home-")}
    assert all(
        stored[home.slug] == home.path == f"{world.areas['building-a'].path}{home.pk}/" for home in homes
    )
    with pytest.raises(Conflict):
        services.create_areas(
            SYSTEM, world.areas["building-a"], [{"slug": "h", "name": "1", "level": "home"}] * 2
        )
    with pytest.raises(Conflict):
        services.create_areas(SYSTEM, world.areas["building-a"], rows[:1])


def test_moving_takes_all_below_along(world: World) -> None:
    services.move_area(SYSTEM, world.a, world.areas["street-b"])
    assert queries.area(world.users["worker"], "home-a").path.startswith(world.areas["street-b"].path)
    with pytest.raises(NotFound):
        queries.area(world.users["street"], "home-a")
    with pytest.raises(BadInput):
        services.move_area(SYSTEM, world.areas["street-b"], Area.objects.get(slug="building-a"))


def test_a_grid_cuts_across_estates(world: World) -> None:
    grid = services.create_area(SYSTEM, slug="grid-1", name="第一网格", level="grid", parent=world.a)
    estate = services.create_area(SYSTEM, slug="estate", name="小区", level="estate", parent=world.a)
    tower = services.create_area(SYSTEM, slug="tower", name="二号楼", level="building", parent=estate)
    services.join_grid(SYSTEM, tower, grid)
    services.join_grid(SYSTEM, world.areas["building-a"], grid)
    assert {a.slug for a in queries.subtree(grid)} == {"grid-1", "tower", "building-a", "home-a"}
    assert grid.tree == "grid" and grid in queries.subtree(world.a)
    with pytest.raises(BadInput):
        services.join_grid(SYSTEM, grid, grid)
    with pytest.raises(BadInput):
        services.create_area(SYSTEM, slug="wrong", name="楼", level="building", parent=grid)


@pytest.mark.parametrize(
    "broken",
    [
        {"level": "planet"},
        {"origin": "invented"},
        {"path": "1/2"},
        {"tree": "grid"},
        {"level": "grid"},
        {"name": ""},
        {"slug": "community-b"},
    ],
)
def test_the_database_itself_refuses(world: World, broken: dict[str, str]) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Area.objects.filter(pk=world.a.pk).update(**broken)


def test_dated_attributes(world: World) -> None:
    for value, day in ((5000, date(2020, 1, 1)), (5400, date(2024, 1, 1)), (5200, date(2022, 1, 1))):
        services.set_attribute(SYSTEM, world.a, "population", value, day, source="统计年鉴")
    spans = [
        (row.value, row.valid_from.year, row.valid_to and row.valid_to.year)
        for row in world.a.attributes.all()
    ]
    assert spans == [(5000, 2020, 2022), (5200, 2022, 2024), (5400, 2024, None)]
    found = queries.attribute(world.a, "population", date(2023, 12, 31))
    assert found is not None and found.value == 5200
    assert queries.attribute(world.a, "population", date(2019, 12, 31)) is None
    with pytest.raises(Conflict):
        services.set_attribute(SYSTEM, world.a, "population", 1, date(2022, 1, 1))


def test_a_city_names_its_levels(world: World) -> None:
    assert queries.level_label(world.a) == "社区"
    services.set_attribute(SYSTEM, world.areas["district"], "label.community", "居民区", date(2020, 1, 1))
    assert queries.level_label(world.a) == "居民区"
    services.set_attribute(SYSTEM, world.a, "label.community", "村", date(2020, 1, 1))
    assert queries.level_label(world.a) == "村"


def test_the_forest_hangs_under_what_is_shown(world: World) -> None:
    tree = queries.area_tree(world.users["street"], levels=("street", "home"))
    assert [(node.area.slug, [child.area.slug for child in node.children]) for node in tree] == [
        ("street-a", ["home-a"])
    ]
    assert [node.area.slug for node in queries.area_tree(world.users["worker"])] == ["community-a"]
