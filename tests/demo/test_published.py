"""Published figures have a source; generated data never carry a real unit's name."""

from __future__ import annotations

import pytest

from tanlin.demo import PLACES, place, published_facts
from tanlin.demo.published import REAL_NAMES, REAL_UNITS


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
