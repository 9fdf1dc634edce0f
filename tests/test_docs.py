"""What the documents promise exists: commands, targets, files, links, and a line for every decision."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import click
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
    for kind, text in BLOCKS:
        if kind == "python":
            done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=False)
            assert done.returncode == 0 and "tCO2e/kWh" in done.stdout, done.stderr


def test_links_between_documents_lead_somewhere() -> None:
    broken = [
        f"{document.relative_to(ROOT)}: {target}"
        for document in DOCUMENTS
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", document.read_text(encoding="utf-8"))
        if not (document.parent / target).exists()
    ]
    assert broken == []


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
