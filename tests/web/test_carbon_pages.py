"""Overview, factors and receipts as pages over real figures."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client

from tanlin.carbon import services as carbon
from tanlin.record import jobs
from tests.carbon import place as garden
from tests.carbon.place import tell

pytestmark = pytest.mark.django_db(transaction=True)
OVERVIEW = "/place/garden/carbon/"


@pytest.fixture
def made() -> garden.Place:
    return garden.build()


@pytest.fixture
def client(made: garden.Place) -> Client:
    client = Client()
    client.force_login(made.users["keeper"])
    return client


def text(client: Client, path: str, language: str = "en") -> str:
    """The page without tags, its spaces plain."""
    client.cookies["language"] = language
    html = client.get(path).content.decode()
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def test_without_figures_compute_asks_for_every_year_with_readings(client: Client) -> None:
    page = client.get(OVERVIEW).content.decode()
    assert 'name="period" value=""' in page and 'aria-label="年份"' not in page
    assert client.post(OVERVIEW + "derive", {"period": ""}).status_code == 302
    assert jobs.work_once()
    assert tell("carbon.electricity").value
    assert "2023" in text(client, OVERVIEW)


def test_a_year_that_is_no_year_is_refused(client: Client) -> None:
    assert client.post(OVERVIEW + "derive", {"period": "last"}).status_code == 400


def test_a_card_says_what_its_figure_leaves_out(client: Client, made: garden.Place) -> None:
    carbon.derive(made.area, garden.YEAR)
    cost = tell("carbon.cost")
    assert cost.value and cost.reason
    assert cost.reason.en in text(client, OVERVIEW + "?year=2023")
    assert cost.reason.zh in re.sub(r"[\u2009 ]", "", text(client, OVERVIEW + "?year=2023", "zh-hans"))


def test_factors_open_with_those_that_hold_for_the_place(client: Client) -> None:
    page = text(client, OVERVIEW + "factors/")
    assert "grid.cn-gd.avg.2023" in page and "grid.cn-sh.avg" not in page  # Shenzhen, not Shanghai
    assert "gwp.ar5" not in page
    assert "valley" in page and "CNY/kWh" in page  # a tariff in words
    assert "grid.cn-sh.avg.2023" in text(client, OVERVIEW + "factors/?kind=grid_location&region=CN-SH")
    assert "gwp.ar5.ch4" in text(client, OVERVIEW + "factors/?kind=all&q=gwp.ar5.ch4")


@pytest.mark.parametrize(("language", "words"), [("en", "Dated facts"), ("zh-hans", "依据数据")])
def test_a_receipt_reads_from_the_value_to_its_inputs(
    client: Client, made: garden.Place, language: str, words: Any
) -> None:
    carbon.derive(made.area, garden.YEAR)
    page = text(client, f"/receipt/{tell('carbon.co2e').receipt}", language)
    assert words in page and "MAIN" in page and "2023-03-01" in page  # number and local day, no epoch seconds
    assert str(garden.START) not in page
    assert "IPCC" in page
