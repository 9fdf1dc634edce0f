"""Every nasty file of the corpus gets the result that was written down beforehand."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path

import pytest

from tanlin.kernel.period import DEFAULT_TZ
from tests.meter.corpus import hostile
from tests.meter.corpus.table import manual, outcome
from tests.support import ROOT

#: The libraries take about 80 and a few pieces of a file 20 more; the files hold up to 400 MB.
LIMIT_MIB = 250

HERE = Path(__file__).parent / "corpus"
with (HERE / "expected.csv").open(encoding="utf-8") as _file:
    CASES = list(csv.DictReader(_file))


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the files too large to keep are made."""
    return tmp_path_factory.mktemp("corpus")


@pytest.mark.parametrize("case", CASES, ids=lambda c: c["file"])
def test_corpus(case: dict[str, str], made: Path) -> None:
    found = outcome(hostile.file(case["file"], made), case["tz"] or DEFAULT_TZ)
    stated = {k: v for k, v in case.items() if k not in ("tz", "first", "value") or (v and k != "tz")}
    assert {k: found.get(k, "") for k in stated} == stated


def test_every_file_is_expected() -> None:
    files = {
        p.name
        for p in HERE.iterdir()
        if p.suffix not in (".py", ".pyc", "") and p.name not in ("expected.csv", "what.csv")
    }
    assert files | set(hostile.GENERATED) == {c["file"] for c in CASES}


def test_a_refusal_stays_small(made: Path) -> None:
    """One process refuses every hostile file; its memory stays far below what the files hold."""
    names = [c["file"] for c in CASES if c["outcome"] == "refused"]
    paths = [str(hostile.file(name, made)) for name in names]
    done = subprocess.run(
        [sys.executable, "-m", "tests.meter.refusals", *paths],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    peak = json.loads(done.stdout)
    assert peak["refused"] == len(names)
    assert peak["mib"] < LIMIT_MIB


def test_the_table_of_the_manual_is_current(made: Path) -> None:
    assert (ROOT / "docs" / "import-corpus.md").read_text(encoding="utf-8") == manual(made)
