"""Claims kept with a receipt: pages in both languages, who sees and withdraws them, replay, and the command."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from django.test import Client

from tanlin.carbon import services
from tanlin.carbon.claims import check, example, parse
from tanlin.carbon.cli import cli
from tanlin.carbon.models import Claim
from tanlin.carbon.services.claims import answer_of
from tanlin.carbon.stored import shipped_rows
from tanlin.community.queries import SYSTEM
from tanlin.kernel.cli import run
from tanlin.record import queries as record
from tanlin.record import services as recording
from tests.support.world import World, build

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    world = build(rooms=False)
    services.load_facts()
    return world


def enter(world: World, user: str, language: str = "zh-hans") -> Client:
    client = Client()
    client.cookies["language"] = language
    client.force_login(world.users[user])
    return client


def keep(world: World, name: str = "meisha-970t", user: str = "worker") -> Claim:
    return services.keep_claim(world.a, example(name).claim, actor=world.users[user])


def typed(name: str) -> dict[str, object]:
    claim = example(name).claim
    told = {
        "kind": claim.kind,
        "claimed": claim.claimed,
        "unit": claim.unit,
        **claim.values,
        "text": claim.text,
    }
    return {key: value for key, value in told.items() if value is not None}


def new_url(world: World) -> str:
    return f"/place/{world.a.slug}/carbon/claims/new"


# --- receipts ---------------------------------------------------------------------------------------------------------
def test_a_kept_claim_has_a_receipt_that_replays_equal(world: World):
    row = keep(world)
    answer = record.replay(world.users["worker"], row.receipt)
    assert answer.answer == "equal"
    assert not answer.changes


def test_the_receipt_pins_every_fact_the_answer_used(world: World):
    body = record.receipt(SYSTEM, keep(world).receipt).body
    used = {fact.fact_id for fact in check(example("meisha-970t").claim).facts}
    assert {item["fact"] for item in body["inputs"]} == used
    assert body["result"]["verdict"] == "needs_basis"


def test_a_receipt_of_every_published_claim_gives_the_claim_and_answer_back(world: World):
    for name in ("meisha-9700m2", "yangzhou-618t", "grid-0-5703", "wujin-lamps", "meisha-20pct"):
        claim, answer = answer_of(record.receipt(SYSTEM, keep(world, name).receipt).body)
        assert claim == example(name).claim
        assert answer.result() == check(claim).result()


def test_a_newer_factor_is_named_as_a_change_and_the_old_answer_still_replays(world: World):
    row = keep(world, "jingkou-14-6t")
    old = next(one for one in shipped_rows() if one.fact_id == "grid.cn-js.avg.2023")
    newer = {
        **vars(old),
        "published": old.published.replace(year=old.published.year + 1),
        "value": {**old.value, "value": 0.6},
    }
    recording.add_fact(type(old)(**newer))
    answer = record.replay(world.users["worker"], row.receipt)
    assert answer.answer == "equal"
    assert [change.name for change in answer.changes] == ["grid.cn-js.avg.2023"]


def test_the_same_claim_is_kept_once(world: World):
    assert keep(world).pk == keep(world).pk


def test_the_receipt_page_of_a_claim_is_not_called_replaced(world: World):
    page = enter(world, "worker").get(f"/receipt/{keep(world).receipt}")
    assert page.status_code == 200
    assert "已被新的溯源单取代" not in page.content.decode()
    assert "replaced by a newer" not in page.content.decode()


# --- who sees and withdraws -------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("user", "status"),
    [("worker", 200), ("street", 200), ("district", 200), ("auditor", 200), ("other", 404), ("nobody", 404)],
)
def test_a_claim_and_its_receipt_are_seen_by_the_unit_and_those_above_it(
    world: World, user: str, status: int
):
    row = keep(world)
    client = enter(world, user)
    assert client.get(f"/place/{world.a.slug}/carbon/claims/{row.pk}/").status_code == status
    assert client.get(f"/receipt/{row.receipt}").status_code == status


def test_the_street_sees_the_claims_of_its_communities_and_a_neighbour_none(world: World):
    keep(world)
    services.keep_claim(world.b, example("jingkou-25kw").claim, actor=world.users["other"])
    mine = enter(world, "street").get("/place/street-a/carbon/claims/").content.decode()
    other = enter(world, "other").get(f"/place/{world.b.slug}/carbon/claims/").content.decode()
    assert "甲社区" in mine and "厨余垃圾处理" in mine
    assert "厨余垃圾处理" not in other.split("<details", 1)[0]


def test_a_claim_is_not_found_under_another_place(world: World):
    row = keep(world)
    assert enter(world, "other").get(f"/place/{world.b.slug}/carbon/claims/{row.pk}/").status_code == 404


def test_who_entered_a_claim_withdraws_it_and_nobody_else(world: World):
    row = keep(world)
    address = f"/place/{world.a.slug}/carbon/claims/{row.pk}/withdraw"
    assert enter(world, "street").post(address).status_code == 403
    assert Claim.objects.filter(pk=row.pk).exists()
    assert enter(world, "worker").post(address).status_code == 302
    assert not Claim.objects.filter(pk=row.pk).exists()
    assert record.receipt(SYSTEM, row.receipt).hash == row.receipt


def test_the_claims_of_a_removed_place_go_with_it_and_others_stay(world: World):
    gone = keep(world)
    stays = services.keep_claim(world.b, example("jingkou-25kw").claim, actor=world.users["other"])
    services.erase_claims([world.a.pk], actor=SYSTEM)
    assert list(Claim.objects.values_list("pk", flat=True)) == [stays.pk] != [gone.pk]


def test_a_visitor_without_login_sees_no_claim(world: World):
    row = keep(world)
    assert Client().get(f"/place/{world.a.slug}/carbon/claims/{row.pk}/").status_code == 302
    assert Client().get(f"/receipt/{row.receipt}").status_code in (302, 404)


# --- the steps --------------------------------------------------------------------------------------------------------
def test_checking_shows_the_answer_and_keeps_nothing(world: World):
    page = enter(world, "worker").post(new_url(world), {**typed("meisha-970t"), "check": "1"})
    text = page.content.decode()
    assert page.status_code == 200
    assert "需补充口径" in text and "填埋甲烷" in text
    assert not Claim.objects.exists()


def test_keeping_stores_the_claim_and_shows_its_answer(world: World):
    page = enter(world, "worker").post(new_url(world), {**typed("jingkou-25kw"), "keep": "1"}, follow=True)
    row = Claim.objects.get()
    assert page.redirect_chain[-1][0] == f"/place/{world.a.slug}/carbon/claims/{row.pk}/"
    assert row.verdict == "supported" and row.entered_by == world.users["worker"]
    assert "数据支持" in page.content.decode() and row.receipt in page.content.decode()


def test_an_example_fills_the_form(world: World):
    text = enter(world, "worker").get(f"{new_url(world)}?example=kunshan-6100t").content.decode()
    assert 'value="61000000"' in text and 'value="6100"' in text


def test_every_kind_has_a_form(world: World):
    client = enter(world, "worker")
    first = client.get(new_url(world)).content.decode()
    for kind in ("food_waste", "solar", "factor", "payback", "percent_cut"):
        assert f"?kind={kind}" in first
        assert client.get(f"{new_url(world)}?kind={kind}").status_code == 200


@pytest.mark.parametrize(("language", "said"), [("zh-hans", "不是数字。"), ("en", "This is not a number.")])
def test_a_bad_value_is_told_at_its_field_in_the_language_of_the_page(world: World, language: str, said: str):
    client = enter(world, "worker", language)
    bad = {"kind": "solar", "claimed": "25000", "capacity_kw": "many", "keep": "1"}
    page = client.post(new_url(world), bad)
    assert page.status_code == 422
    assert said in page.content.decode()
    assert not Claim.objects.exists()


def test_an_unknown_example_is_not_found(world: World):
    assert enter(world, "worker").get(f"{new_url(world)}?example=moon").status_code == 404


def test_pages_are_in_english_for_an_english_reader(world: World):
    row = keep(world)
    page = enter(world, "worker", "en").get(f"/place/{world.a.slug}/carbon/claims/{row.pk}/")
    text = page.content.decode()
    assert "needs its basis stated" in text and "landfill methane avoided" in text


# --- the command ------------------------------------------------------------------------------------------------------
def test_the_command_answers_an_example_in_both_languages():
    done = CliRunner().invoke(cli, ["claim", "--example", "meisha-970t"])
    assert done.exit_code == 0
    assert "需补充口径" in done.output and "needs its basis stated" in done.output
    assert "未核实" in done.output


@pytest.mark.parametrize("name", ["jingkou-25kw", "meisha-970t", "kunshan-6100t"])
def test_the_command_ends_well_whatever_the_verdict(name: str):
    done = CliRunner().invoke(cli, ["claim", "--example", name, "--json"])
    assert done.exit_code == 0
    assert json.loads(done.output)["verdict"] == check(example(name).claim).verdict


def test_the_command_reads_a_file_and_options_alike(tmp_path: Path):
    stated = {"kind": "solar", "claimed": 25, "unit": "MWh", "fields": {"capacity_kw": 25, "region": "CN-JS"}}
    (tmp_path / "claim.json").write_text(json.dumps(stated), "utf-8")
    options = [
        "--kind",
        "solar",
        "--claimed",
        "25",
        "--unit",
        "MWh",
        "--set",
        "capacity_kw=25",
        "--set",
        "region=CN-JS",
    ]
    answers = [
        json.loads(CliRunner().invoke(cli, ["claim", *given, "--json"]).output)
        for given in (["--file", str(tmp_path / "claim.json")], options)
    ]
    assert answers[0] == answers[1]
    assert answers[0]["verdict"] == check(parse(stated)).verdict == "supported"


@pytest.mark.parametrize(
    "given",
    [
        ["--kind", "moon"],
        ["--kind", "solar", "--set", "capacity_kw"],
        ["--example", "moon"],
        ["--file", "/nowhere.json"],
        [],
    ],
)
def test_the_command_refuses_bad_input_with_code_two_and_both_languages(
    given: list[str], capsys: pytest.CaptureFixture
):
    assert run(cli, ["claim", *given]) == 2
    said = capsys.readouterr().err
    assert any("\u4e00" <= letter <= "\u9fff" for letter in said) and "." in said


def test_the_command_lists_kinds_and_examples():
    found = json.loads(CliRunner().invoke(cli, ["claim", "--list", "--json"]).output)
    assert {"food_waste", "solar", "payback"} <= {each["kind"] for each in found["kinds"]}
    assert "meisha-970t" in {each["name"] for each in found["examples"]}
