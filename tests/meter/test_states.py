"""The health told of all meters at once is that of the list, row by row, and the silent ones stand in their order."""

from datetime import date

import pytest

from tanlin.community.queries import SYSTEM
from tanlin.meter import queries, services
from tests.meter.support import hourly_csv, imported, world

pytestmark = pytest.mark.django_db(transaction=True)


def test_states_are_those_of_the_list():
    areas = world()
    imported(areas["here"], hourly_csv(["OLD"], 24, first="2025-01-01"))
    imported(areas["here"], hourly_csv(["NEW"], 24, first="2025-06-01"))
    spec = services.Spec(
        owner=areas["here"],
        place=areas["home"],
        carrier="electricity",
        number="NEVER",
        unit="kWh",
        valid_from=date(2025, 1, 1),
    )
    services.register([spec], actor=SYSTEM, area=areas["here"])
    for area in (areas["street"], areas["here"], areas["there"]):
        rows = queries.meters(area)
        lines = queries.listed(area, rows)
        assert [(s.row, s.latest, s.health) for s in queries.states(area, rows)] == [
            (line.row.pk, line.latest, line.health) for line in lines
        ]
    silent = queries.silent(areas["here"], queries.meters(areas["here"]))
    assert [line.row.meter.number for line in silent] == ["OLD", "NEW", "NEVER"]
