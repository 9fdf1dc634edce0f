"""Published figures have a source; generated data never carry a real unit's name."""

from __future__ import annotations

import pytest
from django.test import Client

from tanlin.demo import PLACES, place, published_facts
from tanlin.demo.published import REAL_NAMES, REAL_UNITS, UNIT_WORDS
from tests.support.world import build


def test_every_fact_has_a_source_and_a_unit() -> None:
    facts = published_facts()
    assert len({f.key for f in facts}) == len(facts) >= 30
    for fact in facts:
        assert fact.source and fact.source_en and fact.unit and fact.item and fact.item_en, fact.key
        assert fact.modelled_as in PLACES
        assert fact.year is None or 2010 <= fact.year <= 2035
        assert fact.url is None or fact.url.startswith("http")


def test_no_score_or_verdict_on_a_real_unit() -> None:
    words = ("排名", "得分", "达标", "rank", "score", "verdict")
    for fact in published_facts():
        assert not any(w in (fact.item + fact.item_en).lower() for w in words), fact.key


@pytest.mark.parametrize("slug", PLACES)
def test_no_demonstration_place_uses_a_real_name(slug: str) -> None:
    p = place(slug)
    for area in p.areas:
        assert area.slug not in REAL_UNITS and area.name_en and area.name
        assert not any(name in area.name for name in REAL_NAMES), area.name
    for meter in p.meters:
        assert not any(name in meter.name for name in REAL_NAMES), meter.name
    assert p.origin == "demonstration"
    assert all(a.source == "demonstration" for a in p.attributes)


def test_every_unit_that_is_a_word_is_said_in_both_languages() -> None:
    signs = {"m2", "km²", "km", "kW", "%", "tCO2"}
    assert {f.unit for f in published_facts()} == signs | set(UNIT_WORDS)


@pytest.mark.django_db
def test_the_page_shows_each_figure_with_its_source_and_no_mark_of_the_demonstration() -> None:
    from tanlin.demo import load

    world, client = build(rooms=False), Client()
    type(world.a).objects.update(origin="demonstration")
    client.force_login(world.users["worker"])
    assert "尚未录入" in client.get("/published/").text
    load.add_published()
    assert "demo-ribbon" in client.get(f"/place/{world.a.slug}/", follow=True).text
    page = client.get("/published/").text
    assert page.count('<th scope="row"') == len(published_facts())
    assert "451,000" in page and "22.42" in page and "未经核实" in page
    assert "http://news.jsnol.com/local/20230523/204904.html" in page
    assert "demo-ribbon" not in page
    some = published_facts()[0]
    part = client.get("/published/", {"place": some.place}).text
    assert part.count('<th scope="row"') == sum(f.place == some.place for f in published_facts())
    client.cookies["language"] = "en"
    english = client.get("/published/").text
    assert "Published data, not verified" in english and "participations" in english
