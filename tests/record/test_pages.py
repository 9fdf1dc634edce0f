"""Pages, API and command show the same figure and the same receipt."""

import io
import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from django.test import Client
from django.utils import translation

from tanlin.kernel.receipt import canonical, sha256
from tanlin.record import cli, queries, services
from tanlin.record.models import Job
from tests.record.samples import CHANGE, METHOD, NOW, make, publish, replay
from tests.support.world import World


@pytest.fixture
def client_of(world: World):
    def login(name: str, language: str = "en") -> Client:
        client = Client(headers={"accept-language": language})
        client.force_login(world.users[name])
        client.cookies["language"] = language
        return client

    return login


@pytest.fixture(autouse=True)
def chinese():
    with translation.override("zh-hans"):
        yield


@pytest.fixture
def method(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("queries", "views"):
        monkeypatch.setattr(f"tanlin.record.{module}.methods", lambda: {("test.product", 1): METHOD})
    monkeypatch.setitem(NOW, "value", None)
    monkeypatch.setitem(NOW, "changes", [CHANGE])


def rich(world: World, factor) -> str:
    """A receipt with every kind of input."""
    services.add_fact(factor(verified=True, source_ref="ref 7"))
    meters = services.store_blob(canonical([11, 12]), "meters")
    registry = services.store_blob(
        canonical([{"meter": 11, "multiplier": 40.0}, {"meter": 12, "multiplier": 1.0}]), "registry"
    )
    inputs = [
        {"fact": "grid.cn-gd.avg.2023", "vintage": "2025-12-31", "verified": True, "provisional": True},
        {"fact": "gone", "vintage": "2020-01-01"},
        {"readings": "sha256:" + "a" * 64, "meters": meters, "rows": 17520},
        {"registry": registry, "rows": 2},
        {"registry": "sha256:" + "b" * 64, "rows": 2},
        {"receipt": "sha256:" + "c" * 64},
        {"file": "六月.csv", "sha256": "sha256:" + "d" * 64},
        {"seed": 7},
    ]
    figure, receipt = make(world.a.slug, inputs=inputs, table=[{"month": "2023-06", "tco2e": None}])
    services.publish_figure(figure, receipt)
    return receipt.hash


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_the_receipt_page_opens_every_input(world: World, factor, client_of, method, language):
    page = client_of("auditor", language).get(f"/receipt/{rich(world, factor)}").content.decode()
    for text in (
        "grid.cn-gd.avg.2023",
        "a notice",
        "ref 7",
        "0.4403",
        "multiplier",
        "40",
        "17,520",
        "六月.csv",
        "GPC 1.1 ch. 6",
    ):
        assert text in page, text
    assert ("Dated fact" in page) is (language == "en")
    assert ("依据数据" in page) is (language == "zh-hans")


def test_the_download_is_exactly_what_is_hashed(world: World, digest: str, client_of):
    response = client_of("auditor").get(f"/receipt/{digest}.json")
    assert sha256(response.content) == digest and "attachment" in response.headers["Content-Disposition"]


def test_the_replay_button_shows_the_answer(world: World, digest: str, client_of, method):
    client = client_of("auditor")
    page = client.post(f"/receipt/{digest}/replay").content.decode()
    assert "<html" in page and 'data-answer="equal"' in page and "input changed: grid.cn-gd.avg.2023" in page
    part = client.post(f"/receipt/{digest}/replay", headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in part and 'data-answer="equal"' in part


def test_another_community_sees_nothing(world: World, digest: str, client_of):
    row = services.store_evidence(io.BytesIO(b"x"), name="x.csv", media_type="text/csv", area=world.a)
    other = client_of("other")
    for url in (
        f"/receipt/{digest}", f"/receipt/{digest}.json", f"/evidence/{row.sha256}", f"/api/v1/receipts/{digest}",
        f"/place/{world.a.slug}/record/jobs/", f"/place/{world.a.slug}/record/events/",
        f"/api/v1/places/{world.a.slug}/figures", f"/api/v1/places/{world.a.slug}/figures/carbon.co2/2023-06",
    ):  # fmt: skip
        assert other.get(url).status_code == 404, url
    assert other.post(f"/receipt/{digest}/replay").status_code == 404


def test_a_file_is_always_a_download(world: World, client_of):
    row = services.store_evidence(
        io.BytesIO(b"<script>"), name="表.html", media_type="text/html", area=world.a
    )
    response = client_of("auditor").get(f"/evidence/{row.sha256}")
    assert response.headers["Content-Disposition"].startswith("attachment")
    assert b"".join(response.streaming_content) == b"<script>"


def test_a_running_job_asks_again_and_a_finished_one_does_not(world: World, client_of):
    from django.utils import timezone

    job = Job.objects.create(
        kind="meter.import", area=world.a, state="running", progress=3, total=4, created=timezone.now()
    )
    client = client_of("engineer")
    part = client.get(f"/job/{job.pk}/", headers={"HX-Request": "true"}).content.decode()
    assert 'hx-trigger="every 1s"' in part and 'value="3"' in part and "75 %" in part and "<html" not in part
    stopping = client.post(f"/job/{job.pk}/cancel", headers={"HX-Request": "true"}).content.decode()
    assert "stopping" in stopping and "Cancel job" not in stopping
    Job.objects.filter(pk=job.pk).update(state="done", result={"url": "/place/x/"})
    over = client.get(f"/job/{job.pk}/").content.decode()
    assert "every 1s" not in over and 'href="/place/x/"' in over
    assert "meter: import" in client.get(f"/place/{world.a.slug}/record/jobs/").content.decode()
    assert client.post(f"/job/{job.pk}/cancel").status_code == 409


def test_the_log_page_names_who_and_what_in_the_language_of_the_page(world: World, client_of):
    services.report_event(
        "record.evidence_stored", actor=world.users["worker"], area=world.a, subject="x.csv", data={"a": 1}
    )
    url = f"/place/{world.a.slug}/record/events/"
    assert "保存佐证材料" in client_of("auditor", "zh-hans").get(url).content.decode()
    page = client_of("auditor").get(url).content.decode()
    assert "worker" in page and "record: evidence stored" in page and "x.csv" in page


@pytest.mark.parametrize("before", ["²", "9" * 30, "-1", "x"])
def test_a_page_of_the_log_that_does_not_exist_is_the_first(world: World, client_of, before):
    assert (
        client_of("auditor").get(f"/place/{world.a.slug}/record/events/", {"before": before}).status_code
        == 200
    )


def test_api_page_and_query_show_the_same_figure(world: World, factor, client_of, method):
    digest = rich(world, factor)
    client = client_of("auditor")
    one = client.get(f"/api/v1/places/{world.a.slug}/figures/carbon.co2/2023-06").json()
    figure = queries.figure(world.a, "carbon.co2", "2023-06")
    assert (one["value"], one["receipt"], one["table"]) == (figure.value, digest, figure.table)
    listed = client.get(f"/api/v1/places/{world.a.slug}/figures?period=2023-06").json()
    assert listed == [{k: v for k, v in one.items() if k != "table"}]
    assert client.get(f"/api/v1/places/{world.a.slug}/figures?period=June").status_code == 400
    stored = client.get(f"/api/v1/receipts/{digest}").json()
    assert sha256(canonical(stored["receipt"])) == digest and stored["batch"] is None
    assert client.post(f"/api/v1/receipts/{digest}/replay").json()["answer"] == "equal"


def test_looking_twice_mints_nothing(world: World, digest: str, client_of):
    from tanlin.record.models import FigureRow, ReceiptRow

    def state():
        return list(ReceiptRow.objects.values()), list(FigureRow.objects.values())

    before = state()
    for _ in range(2):
        client_of("auditor").get(f"/receipt/{digest}")
        client_of("auditor").get(f"/api/v1/places/{world.a.slug}/figures")
    assert state() == before


# --- command -------------------------------------------------------------------------------------------------------
def run(command, *arguments: str):
    result = CliRunner().invoke(command, arguments)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.stdout


def test_command_receipt_show_and_replay(world: World, digest: str, method, monkeypatch):
    code, out = run(cli.receipt, "show", digest, "--json")
    assert code == 0 and json.loads(out)["hash"] == digest
    code, out = run(cli.receipt, "replay", digest)
    assert code == 0 and "复算结果一致 / equal" in out and "input changed: grid.cn-gd.avg.2023" in out
    monkeypatch.setitem(NOW, "value", 1.0)
    code, out = run(cli.receipt, "replay", digest, "--json")
    assert code == 1 and json.loads(out)["answer"] == "differs"


def test_command_reads_receipts_from_a_folder(world: World, tmp_path: Path, method, monkeypatch):
    _, receipt = make("file-place")
    name = receipt.hash.removeprefix("sha256:")
    (tmp_path / f"{name}.json").write_text(receipt.text, "utf-8")
    assert run(cli.receipt, "show", receipt.hash, "--receipts", str(tmp_path))[0] == 0
    seen = {}

    def on_files(body, batch, folder=None):
        seen["folder"] = folder
        return replay(body, batch)

    monkeypatch.setattr(queries, "load", lambda path: on_files)
    assert run(cli.receipt, "replay", name, "--receipts", str(tmp_path))[0] == 0
    assert seen["folder"] == tmp_path
    (tmp_path / f"{name}.json").write_text(receipt.text.replace("182.4", "1.0"), "utf-8")
    result = CliRunner().invoke(cli.receipt, ["show", name, "--receipts", str(tmp_path)])
    assert result.exception.code == "record.receipt_altered"


def test_command_record_verify_and_events(world: World, digest: str):
    services.report_event("a.b", area=world.a, subject="表")
    code, out = run(cli.record, "verify", "--json")
    assert code == 0 and json.loads(out)["whole"]
    code, out = run(cli.record, "events", "--place", world.a.slug, "--limit", "1", "--json")
    assert code == 0 and [row["subject"] for row in json.loads(out)] == ["表"]


@pytest.mark.django_db(transaction=True)
def test_command_work_once(monkeypatch):
    from tanlin.record import jobs

    monkeypatch.setattr(jobs, "registry", lambda: {"test.count": "tests.record.test_jobs:count"})
    monkeypatch.setattr(jobs, "rooms", list)
    jobs.enqueue("test.count")
    code, out = run(cli.work, "--once", "--json")
    assert code == 0 and [row["state"] for row in json.loads(out)] == ["done"]
    assert run(cli.work, "--once")[1].startswith("没有排队的任务")


def test_the_figures_of_a_place_are_one_query(world: World, django_assert_max_num_queries):
    publish(world.a.slug)
    with django_assert_max_num_queries(1):
        queries.figures(world.a)
