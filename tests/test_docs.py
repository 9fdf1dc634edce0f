"""What the documents promise exists: commands, targets, files, links, and a line for every decision."""

import contextlib
import importlib.util
import io
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tanlin.web.command import tanlin
from tests.support import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(\w*)\n(.*?)```", README, re.DOTALL)
PLACES = ("*.md", "docs/**/*.md", "bench/*.md", "src/tanlin/*/README.md")
DOCUMENTS = [document for place in PLACES for document in ROOT.glob(place)]


def commands() -> list[list[str]]:
    """Words after ``tanlin`` of every command of the README."""
    lines = [line for kind, text in BLOCKS if not kind for line in text.splitlines()]
    found = [line.split("tanlin ", 1)[1] for line in lines if re.search(r"(^|-m |bin/)tanlin ", line)]
    found += re.findall(r"`(?:\.venv/bin/)?tanlin ([^`]+)`", README)
    return [shlex.split(text) for text in found]


@pytest.mark.parametrize("words", commands(), ids=" ".join)
def test_a_command_of_the_readme_exists_with_its_options(words: list[str]) -> None:
    command: click.Command = tanlin
    context = click.Context(command)
    while isinstance(command, click.Group) and words and not words[0].startswith("-"):
        found = command.get_command(context, words[0])
        assert found is not None, words
        command, words = found, words[1:]
    options = {name for option in command.params for name in option.opts}
    assert {word for word in words if word.startswith("--")} <= options


def test_targets_and_files_of_the_readme_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"\bmake (\w+)", " ".join(text for _, text in BLOCKS)):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
    for name in re.findall(r"\b(?:examples|docs|bench)/[\w./-]*\w", README):
        assert (ROOT / name).exists(), name


def test_the_analysts_tour_runs(tmp_path: Path) -> None:
    readings, receipts = "examples/readings.parquet", str(tmp_path / "receipts")
    count = [sys.executable, "-m", "tanlin", "carbon", "inventory", readings, "--map", "examples/map.csv"]
    done = subprocess.run(
        [*count, "--period", "2025-06", "--receipts", receipts],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    digest = re.search(r"carbon\.co2e\s+(sha256:\w+)", done.stdout).group(1)
    replay = [sys.executable, "-m", "tanlin", "receipt", "replay", digest, "--receipts", receipts]
    done = subprocess.run(replay, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0 and "equal" in done.stdout, done.stdout + done.stderr


def test_links_between_documents_lead_somewhere() -> None:
    broken = [
        f"{document.relative_to(ROOT)}: {target}"
        for document in DOCUMENTS
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", document.read_text(encoding="utf-8"))
        if not (document.parent / target).exists()
    ]
    assert broken == []


def test_every_page_is_in_the_list() -> None:
    index = (ROOT / "docs" / "README.md").read_text(encoding="utf-8")
    unlisted = [page.name for page in (ROOT / "docs").glob("*.md") if f"({page.name})" not in index]
    assert unlisted == ["README.md"]


def test_every_option_of_the_site_is_explained() -> None:
    web = ROOT / "src" / "tanlin" / "web"
    read = set(re.findall(r'"(TANLIN_[A-Z_]+)"', (web / "settings.py").read_text(encoding="utf-8")))
    told = set(re.findall(r"`(TANLIN_[A-Z_]+)`", (web / "README.md").read_text(encoding="utf-8")))
    assert read - told == set()


def test_every_decision_is_in_the_list_and_has_its_parts() -> None:
    folder = ROOT / "docs" / "decisions"
    index = (folder / "README.md").read_text(encoding="utf-8")
    pages = sorted(page for page in folder.glob("*.md") if page.name != "README.md")
    assert re.findall(r"\]\((\d{4}-[^)]+)\)", index)[-len(pages) :] == [page.name for page in pages]
    for page in pages:
        text = page.read_text(encoding="utf-8")
        assert all(part in text for part in ("Status:", "## Decision", "## Consequences")), page.name


def test_every_room_has_its_page() -> None:
    from tanlin.web.rooms import ROOMS

    missing = [room for room in ("kernel", *ROOMS) if not (ROOT / "src/tanlin" / room / "README.md").exists()]
    assert missing == []


def snippets(document: Path) -> list[tuple[str, str, str | None]]:
    """Blocks of Python of a document: where it stands, the code, and what it prints if the document says so."""
    text = document.read_text(encoding="utf-8")
    found = re.finditer(r"```python\n(.*?)```\n(?:\s*```text\n(.*?)```)?", text, re.DOTALL)
    return [(f"{document.name}:{text[: m.start()].count(chr(10)) + 1}", m[1], m[2]) for m in found]


def walk(document: Path, names: dict[str, Any] | None = None) -> None:
    """Run the blocks of a document one after the other; each must print what stands under it."""
    names = {} if names is None else names
    for where, code, printed in snippets(document):
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            exec(compile(code, where, "exec"), names)
        assert printed is None or (where, out.getvalue()) == (where, printed)


def walk_alone(document: Path, folder: Path) -> None:
    """As ``walk``, in a process of its own and an empty folder, without Django and its settings."""
    blocks, mark = snippets(document), "--- block"
    program = "".join(f"{code}print({mark!r})\n" for _, code, _ in blocks)
    program += "import sys\nassert 'django' not in sys.modules\n"
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=folder, capture_output=True, text=True, check=False, env={"PATH": ""},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    for (where, _, printed), out in zip(blocks, done.stdout.split(f"{mark}\n"), strict=False):
        assert printed is None or (where, out) == (where, printed)


@pytest.mark.parametrize(
    "document",
    [
        "README.md",
        "docs/for-analysts.md",
        *(f"src/tanlin/{room}/README.md" for room in ("kernel", "readings", "carbon", "meter", "demo")),
    ],
)
def test_what_needs_no_django_runs_alone(document: str, tmp_path: Path) -> None:
    shape = {"meter_id": [1], "channel": ["import"], "start": [0], "seconds": [3600], "value": [1.0]}
    pq.write_table(pa.table({**shape, "quality": ["measured"]}), tmp_path / "readings.parquet")
    walk_alone(ROOT / document, tmp_path)


@pytest.mark.parametrize("room", ["community", "record", "web"])
def test_a_room_runs_as_its_page_says(room: str, transactional_db: None) -> None:
    document = ROOT / "src/tanlin" / room / "README.md"
    assert snippets(document)
    walk(document)


@pytest.fixture
def haiwan(transactional_db: None) -> None:
    """The demonstration community 海湾社区 with its readings, the figures of 2025 and the logins."""
    from tanlin.carbon import services as carbon
    from tanlin.community.queries import SYSTEM, area
    from tanlin.demo import generate, load
    from tanlin.kernel import Period
    from tanlin.meter import services as meter

    carbon.load_facts(SYSTEM)
    made = generate("haiwan")
    load.add_readings(load.create_place(made), made.readings, "demo:haiwan")
    load.create_logins()
    meter.refresh()
    carbon.derive(area(SYSTEM, "haiwan"), Period("2025"))


def test_the_pages_that_walk_through_the_demonstration(
    haiwan: None, live_server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One after the other in one world, since building it takes longest: the second page changes a reading."""
    from tanlin.demo import people

    monkeypatch.chdir(ROOT)
    asker = {"ADDRESS": live_server.url, "PASSWORD": people.read()["demo-operator"]}
    walk(ROOT / "docs" / "http-examples.md", asker)
    walk(ROOT / "docs" / "how-a-number-comes-about.md")


def test_the_chinese_page_walks_the_same_way() -> None:
    pages = (ROOT / "docs" / name for name in ("how-a-number-comes-about.md", "数字从哪里来.md"))
    english, chinese = ([block[1:] for block in snippets(page)] for page in pages)
    assert english == chinese


def reference() -> Any:
    """The tool that writes docs/api."""
    path = ROOT / "tools" / "api_reference.py"
    spec = importlib.util.spec_from_file_location("api_reference", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_reference_is_what_the_code_says() -> None:
    tool = [sys.executable, str(ROOT / "tools" / "api_reference.py"), "--check"]
    told = subprocess.run(tool, capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stdout + told.stderr


def test_every_public_name_says_what_it_does() -> None:
    assert reference().silent() == []
