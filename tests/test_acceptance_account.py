"""Market- and location-based totals, frozen and moving factors, on one page: a demonstration year and the real place.

The real place needs the reference data.
"""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client

from tanlin.carbon import services
from tanlin.community import queries as areas
from tanlin.community import services as community
from tanlin.community.models import User
from tanlin.community.queries import SYSTEM
from tanlin.demo import load
from tanlin.kernel.period import Period
from tanlin.meter import services as meter
from tanlin.record import queries as record
from tests.support import shared

pytestmark = pytest.mark.django_db(transaction=True)
#: Published values keep nine significant digits.
ROUNDED = 1e-8
BOTH = ("carbon.location", "carbon.market")


def page_of(area: Any, year: int) -> str:
    """The account in the professional view, in English, as its keeper sees it."""
    keeper = User.objects.create(username=f"keeper-{area.slug}", password="!")
    community.grant(SYSTEM, user=keeper, role="operator", area=area)
    client = Client(headers={"accept-language": "en"})
    client.force_login(keeper)
    client.cookies["language"] = "en"
    response = client.get(f"/place/{area.slug}/carbon/account/?year={year}&view=expert")
    assert response.status_code == 200
    return str(response.content.decode())


def numbers(html: str) -> dict[str, float]:
    """Figure key → value, as the page states it."""
    card = r'data-figure="([^"]+)"(?:(?!</article>).)*?<data class="number" value="([^"]+)"'
    return {key: float(value) for key, value in re.findall(card, html, re.S)}


def figure(area: Any, key: str, year: int) -> Any:
    found = record.figure(area, key, str(year))
    assert found is not None
    return found


def test_the_demonstration_year() -> None:
    services.load_facts(SYSTEM)
    p = load.place("haiwan")
    made = load.generate("haiwan")
    root = load.create_place(made)
    load.add_readings(root, made.readings, "demo:haiwan")
    load.add_activities(root, p)
    load.add_certificates(root, p)
    meter.refresh()
    area = areas.area(SYSTEM, "haiwan")
    for year in (2024, 2025):
        services.derive(area, Period(str(year)))
    html = page_of(area, 2025)
    location, market = (figure(area, key, 2025) for key in BOTH)
    assert {key: numbers(html)[key] for key in BOTH} == {f.key: f.value for f in (location, market)}
    assert market.value > location.value > 0  # the residual mix outweighs the certificates
    assert market.provisional and location.provisional
    assert "opposite directions" in html  # the average fell and the residual mix rose in 2023
    assert 'id="decline"' in html or "decline" in html
    (total, *_) = figure(area, "carbon.change", 2025).table
    assert sum(total["effects"].values()) == pytest.approx(
        total["after"] - total["before"], abs=ROUNDED * total["after"]
    )
    assert total["frozen"] == pytest.approx(total["after"])  # both years rest on the notice of 2023
    (head, *_) = figure(area, "carbon.hourly", 2025).table
    assert head["tco2e"] == pytest.approx(head["official_tco2e"], rel=ROUNDED)
    for key in (*BOTH, "carbon.market_parts", "carbon.change", "carbon.hourly"):
        assert record.replay(SYSTEM, figure(area, key, 2025).receipt).answer == "equal", key


@pytest.mark.soak
@pytest.mark.shared
def test_the_real_place_says_that_there_is_no_market_data() -> None:
    load.load_real(shared("data", "meters", "ucam_hourly"))
    root = areas.area(SYSTEM, "cambridge-estates")
    for year in (2020, 2021):
        services.derive(root, Period(str(year)))
    html = page_of(root, 2021)
    assert {key: numbers(html)[key] for key in BOTH} == {key: figure(root, key, 2021).value for key in BOTH}
    assert figure(root, "carbon.market", 2021).value == figure(root, "carbon.location", 2021).value
    assert "No residual mix is published" in html and "No certificate or contract" in html
    (total, *_) = figure(root, "carbon.change", 2021).table
    assert total["frozen"] > total["after"]  # the grid fell from 0.23314 to 0.21233 kg/kWh
    assert sum(total["effects"].values()) == pytest.approx(
        total["after"] - total["before"], abs=ROUNDED * total["after"]
    )
    hourly = record.figure(root, "carbon.hourly", "2021")
    assert hourly is not None and hourly.table is None and hourly.reason is not None
    for key in (*BOTH, "carbon.change"):
        assert record.replay(SYSTEM, figure(root, key, 2021).receipt).answer == "equal", key
