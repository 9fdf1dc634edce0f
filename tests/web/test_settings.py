"""The settings as a fresh process reads them."""

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

SHOW = (
    "import json, tanlin.web.settings as s;"
    "print(json.dumps({'key': s.SECRET_KEY, 'hosts': s.ALLOWED_HOSTS, 'db': str(s.DATABASES['default']['NAME']),"
    " 'options': s.DATABASES['default'].get('OPTIONS'), 'secure': s.SESSION_COOKIE_SECURE, 'debug': s.DEBUG}))"
)


def load(home: Path, **env: str) -> subprocess.CompletedProcess[str]:
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("TANLIN_", "DATABASE_", "DJANGO_"))}
    return subprocess.run(
        [sys.executable, "-c", SHOW],
        env=clean | {"TANLIN_HOME": str(home)} | env,
        capture_output=True,
        text=True,
        check=False,
    )


def test_defaults(home: Path) -> None:
    first, second = (json.loads(load(home).stdout) for _ in range(2))
    assert first == second  # the key made at the first start stays
    assert first["key"] == (home / "secret").read_text().strip()
    assert stat.S_IMODE((home / "secret").stat().st_mode) == 0o600
    assert first["hosts"] == ["localhost", "127.0.0.1", "[::1]", "testserver"]
    assert first["db"] == str(home / "db.sqlite3")
    assert first["options"]["transaction_mode"] == "IMMEDIATE"
    assert "synchronous=FULL" in first["options"]["init_command"]
    assert not first["debug"] and not first["secure"]


def test_a_home_of_any_name(tmp_path: Path) -> None:
    odd = tmp_path / "碳 邻 + 50% #1?"
    odd.mkdir()
    assert json.loads(load(odd).stdout)["db"] == str(odd / "db.sqlite3")


def test_processes_starting_together_share_one_key(home: Path) -> None:
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("TANLIN_", "DATABASE_"))}
    started = [
        subprocess.Popen(
            [sys.executable, "-c", SHOW], env=clean | {"TANLIN_HOME": str(home)}, stdout=subprocess.PIPE
        )
        for _ in range(4)
    ]
    assert len({json.loads(process.communicate()[0])["key"] for process in started}) == 1
    assert sorted(path.name for path in home.glob(".secret*")) == []


def test_https_turns_on_secure_cookies_and_a_file_gives_a_value(home: Path, tmp_path: Path) -> None:
    secret = tmp_path / "given"
    secret.write_text("a-key-from-a-file-that-is-long-enough-for-use\n")
    found = json.loads(load(home, TANLIN_HTTPS="1", TANLIN_SECRET_KEY_FILE=str(secret)).stdout)
    assert found["secure"] and found["key"] == "a-key-from-a-file-that-is-long-enough-for-use"
    assert not (home / "secret").exists()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TANLIN_DEBUG", "perhaps"),
        ("TANLIN_PROXIES", "-1"),
        ("TANLIN_STATIC", "magic"),
        ("TANLIN_LOG_LEVEL", "loud"),
        ("DATABASE_URL", "mysql://root@localhost/x"),
        ("DATABASE_URL", "rubbish"),
        ("TANLIN_SECRET_KEY_FILE", "/nowhere/at/all"),
    ],
)
def test_an_unknown_value_stops_the_start(home: Path, name: str, value: str) -> None:
    result = load(home, **{name: value})
    assert result.returncode != 0
    assert "ImproperlyConfigured" in result.stderr and name.removesuffix("_FILE") in result.stderr
