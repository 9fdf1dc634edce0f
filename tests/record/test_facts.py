"""Dated facts: vintages, corrections, cut-offs, and which figures a new fact touches."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from tanlin.kernel.errors import BadInput, NotFound, Text
from tanlin.record import queries
from tanlin.record.facts import FactUse, region_reach, regions_above
from tanlin.record.models import Fact
from tanlin.record.services import add_fact, add_facts
from tests.record.samples import publish
from tests.support.world import World


def test_loading_the_same_facts_again_adds_none(world: World, factor):
    rows = [factor(), factor(fact_id="grid.cn-sh.avg.2023", region="CN-SH")]
    assert (add_facts(rows), add_facts(rows)) == (2, 0)
    assert Fact.objects.count() == 2


def test_a_later_notice_is_a_new_vintage_and_the_old_one_stays(world: World, factor):
    add_fact(factor())
    add_fact(factor(published=date(2026, 6, 30), value=0.4391))
    assert [row.value for row in queries.facts("grid_location")] == [0.4391]
    assert queries.fact_by("grid.cn-gd.avg.2023", "2025-12-31").value == 0.4403
    assert queries.facts(published_by=date(2026, 1, 1))[0].vintage == "2025-12-31"


def test_a_correction_of_the_same_notice_has_a_vintage_of_its_own(world: World, factor):
    before = datetime.now(UTC)
    add_fact(factor())
    between = datetime.now(UTC)
    assert add_fact(factor(value=0.5)) and not add_fact(factor(value=0.5))
    old, new = queries.fact_history("grid.cn-gd.avg.2023")
    assert old.vintage == "2025-12-31" and new.vintage.startswith("2025-12-31+")
    assert [queries.fact_by(old.fact_id, row.vintage).value for row in (old, new)] == [0.4403, 0.5]
    assert queries.facts(learned_by=between)[0].value == 0.4403 and queries.facts(learned_by=before) == []


def test_facts_that_hold_on_a_day(world: World, factor):
    add_facts([factor(), factor(fact_id="open", valid_from=None, valid_to=None)])
    assert [row.fact_id for row in queries.facts(at=date(2023, 12, 31))] == ["grid.cn-gd.avg.2023", "open"]
    assert [row.fact_id for row in queries.facts(at=date(2024, 1, 1))] == ["open"]
    with pytest.raises(NotFound):
        queries.fact_by("nothing")


def test_a_fact_that_cannot_be_is_refused_and_nothing_stored(world: World, factor):
    for wrong in (factor(fact_id=""), factor(kind=""), factor(valid_to=date(2022, 1, 1))):
        with pytest.raises(BadInput):
            add_facts([factor(), wrong])
    assert not Fact.objects.exists()


def stale(world: World) -> bool:
    return queries.figure(world.a, "carbon.co2", "2023-06").stale


@pytest.mark.parametrize(
    ("change", "touched"),
    [
        ({"published": date(2026, 6, 30), "value": 0.4391}, True),  # the row it used
        ({"published": date(2026, 6, 30), "valid_from": None, "valid_to": date(1999, 1, 1)}, True),
        ({"fact_id": "new", "region": "CN"}, True),  # same kind, of a region that holds the one asked for
        ({"fact_id": "new", "region": "CN-GD-SZ"}, True),
        ({"fact_id": "new", "region": "GLOBAL"}, True),
        ({"fact_id": "new", "region": "CN-GRID-SC"}, True),
        ({"fact_id": "new", "region": "CN-G"}, False),  # no region, only the same letters
        ({"fact_id": "new", "region": "CN-SH"}, False),
        ({"fact_id": "new", "region": "CN-GD-SZ-YT"}, False),  # narrower than what was asked
        ({"fact_id": "new", "kind": "tariff"}, False),
        ({"fact_id": "new", "valid_from": date(2024, 1, 1), "valid_to": None}, False),
        ({"fact_id": "new", "valid_from": None, "valid_to": date(2023, 5, 31)}, False),
    ],
)
def test_a_new_fact_marks_the_figures_it_touches(world: World, factor, change, touched):
    add_fact(factor())
    publish(world.a.slug)
    assert not stale(world)
    add_fact(factor(**change))
    assert stale(world) is touched


def test_a_newer_year_marks_a_provisional_figure_that_stands_on_an_older_one(world: World, factor):
    add_fact(factor())
    for period, provisional in (("2025-06", True), ("2026-06", False)):
        publish(world.a.slug, period=period, provisional=provisional)
    add_fact(factor(fact_id="y2024", valid_from=date(2024, 1, 1), valid_to=date(2024, 12, 31)))
    assert [row[2] for row in queries.stale()] == ["2025-06"]


@pytest.mark.parametrize("what", [{"value": None}, {"reason": Text("缺一部分", "leaves out a part")}])
def test_a_fact_of_an_earlier_year_marks_what_was_unknown(world: World, factor, what):
    """The newest notice serves later periods provisionally, so an ended one may fill what no fact filled."""
    publish(world.a.slug, uses=[FactUse("", "grid_location", "CN-GD-SZ")], **what)
    add_fact(factor(fact_id="y2021", valid_from=date(2021, 1, 1), valid_to=date(2021, 12, 31)))
    assert stale(world)


def test_a_figure_without_a_fact_yet_is_marked_by_its_question(world: World, factor):
    publish(world.a.slug, uses=[FactUse("", "grid_location", "CN-GD-SZ")])
    add_fact(factor())
    assert stale(world)


def test_regions():
    assert regions_above("CN-GD-SZ") == ["CN-GD-SZ", "CN-GD", "CN", "GLOBAL", ""]
    assert [region_reach(r) for r in ("GLOBAL", "CN", "CN-GD", "CN-GRID-EC")] == [None, "CN", "CN-GD", "CN"]


def test_a_given_time_of_learning_is_not_believed(world: World, factor):
    add_fact(replace(factor(), learned=datetime(2000, 1, 1, tzinfo=UTC), vintage="mine"))
    row = queries.fact_by("grid.cn-gd.avg.2023")
    assert row.vintage == "2025-12-31" and row.learned.year > 2000
