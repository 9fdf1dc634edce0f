"""Activity data of the demonstration: the same every time, entered by services, removed with the rest."""

from __future__ import annotations

from collections import Counter
from datetime import date

import pytest

from tanlin.carbon.account.entry.amounts import canonical
from tanlin.carbon.account.streams import streams
from tanlin.demo import generate
from tanlin.demo.activities import YEARS, entries
from tanlin.demo.places import PLACES

YEAR = (date(2025, 1, 1), date(2025, 12, 31))


@pytest.mark.parametrize("slug", PLACES)
def test_both_years_hold_the_same_streams_in_units_that_fit(slug):
    rows = entries(slug)
    assert rows == entries(slug)
    for row in rows:
        assert canonical(row.amount, row.unit, streams()[row.stream], row.first_day, row.last_day) > 0
    held = [Counter(row.stream for row in rows if row.first_day.year == year) for year in YEARS]
    assert held[0] == held[1] and len(held[0]) >= 14


@pytest.mark.parametrize("slug", PLACES)
def test_travel_refrigerants_sewage_and_planting_are_there(slug):
    kinds = {streams()[row.stream].kind for row in entries(slug)}
    assert kinds >= {"transport", "refrigerant", "wastewater", "sink", "fuel"}


@pytest.mark.django_db(transaction=True)
def test_entered_once_shown_as_demonstration_and_removed():
    from tanlin.carbon.models import Activity, ActivitySheet
    from tanlin.carbon.services.rows import rows_of
    from tanlin.demo import load
    from tanlin.demo.remove import remove

    made = generate("yunhe")
    root = load.create_place(made)
    load.add_activities(root, made.place)
    assert load.is_entered(root)
    assert Activity.objects.count() == len(entries("yunhe"))
    assert {row.area.origin for row in Activity.objects.select_related("area")} == {"demonstration"}
    weighed = [row for row in rows_of(root, 2025).metered if row["carrier"] == "waste"]
    assert {row["product"] for row in weighed} == {"anaerobic", "incineration"}
    found = remove()
    assert found["activities"] == len(entries("yunhe"))
    assert not Activity.objects.exists() and not ActivitySheet.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_what_is_weighed_is_not_counted_twice():
    """The contractor's waste stands beside the weighing sheets of the same waste."""
    from tanlin.carbon.account.entered import pieces
    from tanlin.carbon.services.rows import rows_of
    from tanlin.demo import load

    made = generate("yunhe")
    root = load.create_place(made)
    load.add_activities(root, made.place)
    rows = rows_of(root, 2025)
    metered = {part.entered.stream for part in pieces(rows.entered(), rows.meters(), *YEAR) if part.metered}
    assert metered == {"waste_incineration"}
