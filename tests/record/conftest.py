"""Places, figures and receipts the tests of the record share."""

from datetime import date
from typing import Any

import pytest

# Django is set up after this file is read: whatever needs it is imported in the fixtures.


@pytest.fixture
def world(db: None) -> Any:
    from tests.support.world import build

    return build(rooms=False)


@pytest.fixture
def digest(world: Any) -> str:
    """Hash of the receipt of a figure of community A."""
    from tanlin.record.models import ReceiptRow
    from tests.record.samples import publish

    publish(world.a.slug)
    return ReceiptRow.objects.get(place=world.a).hash


@pytest.fixture
def factor() -> Any:
    """A grid factor of 2023; keyword arguments change it."""

    from tanlin.record.facts import FactRow

    def make(**changes: Any) -> FactRow:
        fields: dict[str, Any] = {
            "fact_id": "grid.cn-gd.avg.2023",
            "kind": "grid_location",
            "published": date(2025, 12, 31),
            "value": 0.4403,
            "region": "CN-GD",
            "valid_from": date(2023, 1, 1),
            "valid_to": date(2023, 12, 31),
            "unit": "kgCO2/kWh",
            "source": "a notice",
        }
        return FactRow(**{**fields, **changes})

    return make
