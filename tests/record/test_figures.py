"""Figures: what mints a receipt, what marks a figure stale, and one shape for all readers."""

from datetime import date

import pytest

from tanlin.kernel.errors import Forbidden, NotFound, Text
from tanlin.kernel.receipt import InputErased
from tanlin.record import figure_json, queries, services
from tanlin.record.models import Blob, FigureRow, ReceiptRow
from tanlin.record.replay import change_text, differences, replay_json
from tests.record.samples import CHANGE, METHOD, NOW, make, publish
from tests.support.world import World


def receipts() -> list[str]:
    return sorted(ReceiptRow.objects.values_list("hash", flat=True))


def test_equal_inputs_and_noise_keep_the_receipt_and_the_row(world: World):
    assert publish(world.a.slug, 182.4)
    before, row = receipts(), FigureRow.objects.get()
    for value in (182.4, 182.4 * (1 + 4e-10), 182.4 * (1 - 4e-10)):
        assert not publish(world.a.slug, value)
    assert receipts() == before
    assert FigureRow.objects.get().computed_at == row.computed_at
    assert queries.figure(world.a, "carbon.co2", "2023-06").value == 182.4


def test_noise_that_flips_the_ninth_digit_keeps_the_receipt(world: World):
    assert publish(world.a.slug, 1.234567894999999)
    assert not publish(world.a.slug, 1.234567895000001)


def test_other_inputs_mint_even_when_the_value_is_the_same(world: World):
    publish(world.a.slug)
    assert publish(world.a.slug, inputs=[{"fact": "grid.cn-gd.avg.2023", "vintage": "2026-06-30"}])
    assert len(receipts()) == 2 and FigureRow.objects.count() == 1


def test_another_value_mints(world: World):
    publish(world.a.slug)
    assert publish(world.a.slug, 182.5)


def test_a_table_is_stored_once_and_noise_in_it_keeps_the_receipt(world: World):
    rows = [{"month": 1, "tco2e": 1.234567894999999}, {"month": 2, "tco2e": None}]
    noisy = [{"month": 1, "tco2e": 1.234567895000001}, rows[1]]
    assert publish(world.a.slug, table=rows)
    assert not publish(world.a.slug, table=noisy)
    assert publish(world.a.slug, table=[{"month": 1, "tco2e": 2.0}, rows[1]])
    assert queries.figure(world.a, "carbon.co2", "2023-06").table == [{"month": 1, "tco2e": 2.0}, rows[1]]
    assert queries.figures(world.a, tables=False)["carbon.co2", "2023-06"].table is None


def test_figure_and_receipt_must_belong_together(world: World):
    figure, _ = make(world.a.slug)
    _, other = make(world.a.slug, period="2023-07")
    with pytest.raises(ValueError, match="receipt is of"):
        services.publish_figure(figure, other)
    figure, _ = make(world.a.slug, table=[{"a": 1}])
    with pytest.raises(ValueError, match="table"):
        services.publish_figure(figure, make(world.a.slug)[1])


def test_an_unknown_figure_keeps_its_reason(world: World):
    reason = Text("没有电价", "no tariff")
    figure, receipt = make(world.a.slug, reason=reason)
    services.publish_figure(figure, receipt)
    assert queries.figure(world.a, "carbon.co2", "2023-06").reason == reason
    assert figure_json(queries.figure(world.a, "carbon.co2", "2023-06"))["reason"] == reason._asdict()
    assert queries.figure(world.b, "carbon.co2", "2023-06") is None


def test_a_changed_day_marks_the_place_and_all_that_hold_it(world: World):
    for slug in ("building-a", "community-a", "street-a", "district", "community-b"):
        publish(slug)
    publish("community-a", period="2023")
    for period in ("2023-05", "2023-07", "2024-01"):
        publish("community-a", period=period)
    touched = services.mark_stale([world.areas["building-a"].pk], date(2023, 6, 30), date(2023, 6, 30))
    assert touched == 6
    names = {area.pk: slug for slug, area in world.areas.items()}
    assert {(names[pk], period) for pk, _, period in queries.stale()} == {
        *((slug, "2023-06") for slug in ("building-a", "community-a", "street-a", "district")),
        ("community-a", "2023"),
        ("community-a", "2023-07"),  # what follows within the year counts what came before
    }


def test_a_grid_is_marked_with_the_places_counted_to_it(world: World):
    from tanlin.community.rights import SYSTEM
    from tanlin.community.services import create_area

    grid = create_area(SYSTEM, slug="grid-1", name="一网格", level="grid", parent=world.a)
    type(grid).objects.filter(slug="building-a").update(grid=grid)
    publish("grid-1")
    services.mark_stale([world.areas["home-a"].pk], date(2023, 6, 1), date(2023, 6, 1))
    assert queries.figure(grid, "carbon.co2", "2023-06").stale


def test_staleness_ends_with_a_new_derivation_but_not_when_overtaken(world: World):
    publish(world.a.slug)
    since = []
    for _ in range(2):
        services.mark_stale([world.a.pk], date(2023, 6, 1), date(2023, 6, 1))
        since.append(queries.figure(world.a, "carbon.co2", "2023-06").stale_since)
    assert since[0] == since[1], "the age counts from the first mark"
    seen = queries.marks(world.a, "carbon.co2", "2023-06")
    services.mark_stale([world.a.pk], date(2023, 6, 2), date(2023, 6, 2))  # while the figure is derived
    publish(world.a.slug, marks=seen)
    assert queries.figure(world.a, "carbon.co2", "2023-06").stale
    publish(world.a.slug, 190.0, marks=seen)
    assert queries.figure(world.a, "carbon.co2", "2023-06").stale
    publish(world.a.slug, 190.0, marks=queries.marks(world.a, "carbon.co2", "2023-06"))
    assert not queries.figure(world.a, "carbon.co2", "2023-06").stale


# --- receipts and replay -------------------------------------------------------------------------------------------
def test_a_receipt_is_read_only_by_who_may_see_its_place(world: World, digest: str):
    assert queries.receipt(world.users["auditor"], digest).body["place"] == world.a.slug
    assert queries.receipt(world.users["auditor"], digest.removeprefix("sha256:")).batch == 7
    for user in (world.users["other"], world.users["nobody"]):
        with pytest.raises(NotFound):
            queries.receipt(user, digest)
        with pytest.raises((NotFound, Forbidden)):
            queries.replay(user, digest)
    with pytest.raises(NotFound):
        queries.receipt(world.users["operator"], "sha256:" + "0" * 64)


@pytest.fixture
def method(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("queries", "views"):
        monkeypatch.setattr(
            f"tanlin.record.{module}.methods", lambda: {("test.product", 1): METHOD}, raising=False
        )
    for name in ("value", "changes"):
        monkeypatch.setitem(NOW, name, [] if name == "changes" else None)


def test_replay_equal_with_changed_inputs_named(world: World, digest: str, method, monkeypatch):
    monkeypatch.setitem(NOW, "value", 182.4 * (1 + 4e-10))
    monkeypatch.setitem(NOW, "changes", [CHANGE])
    found = queries.replay(world.users["auditor"], digest)
    assert (found.answer, found.differing, found.changes) == ("equal", [], [CHANGE])
    assert change_text(CHANGE).en.startswith("input changed: grid.cn-gd.avg.2023 (2025-12-31: 0.4403 → ")
    assert replay_json(found)["changes"][0]["name"] == "grid.cn-gd.avg.2023"


def test_replay_differs_with_the_largest_difference_and_its_keys(
    world: World, digest: str, method, monkeypatch
):
    monkeypatch.setitem(NOW, "value", 182.4 * (1 + 1e-6))
    found = queries.replay(world.users["auditor"], digest)
    assert (found.answer, found.differing) == ("differs", ["value"])
    assert found.largest_difference == pytest.approx(1e-6, rel=1e-3)


def test_replay_of_a_retired_method_says_which_code_is_needed(world: World, digest: str):
    found = queries.replay(world.users["auditor"], digest)
    code = queries.receipt(world.users["auditor"], digest).code
    assert found.answer == "retired"
    assert replay_json(found, code)["message"]["en"] == f"method retired: needs code {code}"


def test_replay_of_erased_inputs(world: World, digest: str, method, monkeypatch):
    sha = services.store_blob(b"[1]", "registry")
    Blob.objects.filter(pk=sha).update(data=None)

    def gone(body, batch):
        return queries.blob(sha)

    monkeypatch.setattr("tanlin.record.queries.load", lambda path: gone)
    assert queries.replay(world.users["auditor"], digest).answer == "erased"
    with pytest.raises(InputErased):
        queries.blob(sha)


def test_an_altered_receipt_is_not_shown(world: World, digest: str):
    row = ReceiptRow.objects.get(pk=digest)
    ReceiptRow.objects.filter(pk=digest).update(body=row.body.replace("182.4", "100.0"))
    with pytest.raises(RuntimeError, match="altered"):
        queries.receipt(world.users["operator"], digest)


@pytest.mark.parametrize(
    ("stated", "found", "differs"),
    [
        (1.23456789, 1.234567891, False),
        (1.23456789, 1.2345678975, True),
        (1.23456789, 1.234567895 + 1e-10, False),  # rounds away, but within 1e-9
        (0.0, 0.0, False),
        (0.0, 1e-12, True),
        ([1, {"a": "x"}], [1, {"a": "x"}], False),
        ([1, {"a": "x"}], [1, {"a": "y"}], True),
        ({"a": 1.0}, {"b": 1.0}, True),
        (None, 0.0, True),
    ],
)
def test_differences(stated, found, differs):
    assert bool(differences(stated, found, 1e-9)) is differs


def test_erasing_places_takes_their_figures_and_leaves_the_events(world: World, digest: str):
    publish("community-b")
    services.erase_places([world.a.pk])
    assert not ReceiptRow.objects.filter(place=world.a).exists()
    assert ReceiptRow.objects.filter(place=world.b).exists()
    assert queries.verify_chain().whole
