"""Promises about the files of this repository."""

import hashlib
import re
import subprocess
import sys
import tomllib

import pytest

from tests.support import ROOT

VENDOR = ROOT / "src" / "tanlin" / "web" / "static" / "vendor"
LOCKS = ["requirements.lock", "requirements-dev.lock"]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def plain(requirement: str) -> str:
    return re.match(r"[A-Za-z0-9._-]+", requirement).group().lower().replace("_", "-")


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_pins_by_hash_and_names_no_host(lock: str):
    text = (ROOT / lock).read_text(encoding="utf-8")
    assert "://" not in text
    assert not re.search(r"^\s*(-i|-f|--index-url|--extra-index-url|--find-links)\b", text, re.MULTILINE)
    entries = re.split(r"^(?=\S)", text, flags=re.MULTILINE)[1:]
    assert entries
    assert all("==" in entry and "--hash=sha256:" in entry for entry in entries)


@pytest.mark.parametrize(("lock", "extras"), [(LOCKS[0], ["test"]), (LOCKS[1], ["test", "dev", "spark"])])
def test_a_lock_holds_every_declared_requirement(lock: str, extras: list[str]):
    pinned = {line.split("==")[0] for line in (ROOT / lock).read_text(encoding="utf-8").splitlines()}
    declared = PROJECT["dependencies"] + [
        requirement for extra in extras for requirement in PROJECT["optional-dependencies"][extra]
    ]
    assert {plain(requirement) for requirement in declared} <= pinned


def test_the_version_is_told_once():
    import tanlin

    assert tanlin.__version__ == PROJECT["version"]


def test_vendored_files_are_those_the_table_names():
    rows = re.findall(
        r"^\| `([^`]+)` .*`([0-9a-f]{64})`", (VENDOR / "README.md").read_text(encoding="utf-8"), re.M
    )
    files = {p.relative_to(VENDOR).as_posix(): p for p in VENDOR.rglob("*") if p.suffix in {".js", ".css"}}
    assert dict(rows) == {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in files.items()}
    for name, path in files.items():
        assert (path.parent / "LICENSE").exists(), name
        assert b"sourceMappingURL" not in path.read_bytes(), name


def test_catalogues_are_complete_and_compiled():
    done = subprocess.run(
        [sys.executable, "tools/messages.py", "--check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
