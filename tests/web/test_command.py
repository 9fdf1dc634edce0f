"""The ``tanlin`` command and the supervisor behind ``tanlin serve``."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tanlin.kernel import cli as shared
from tanlin.kernel.errors import BadInput
from tanlin.web import serve
from tanlin.web.command import commands, tanlin


def test_a_pure_command_loads_no_framework() -> None:
    probe = "import sys, tanlin.web.command as c; c.commands(); print([m for m in ('django.db', 'ninja') if m in sys.modules])"
    clean = {k: v for k, v in os.environ.items() if k != "DJANGO_SETTINGS_MODULE"}
    assert (
        subprocess.run(
            [sys.executable, "-c", probe], capture_output=True, text=True, env=clean, check=True
        ).stdout
        == "[]\n"
    )


def test_every_command_a_manifest_names_can_be_loaded(capsys: pytest.CaptureFixture[str]) -> None:
    assert {"serve", "migrate", "community"} <= set(commands())
    assert shared.run(tanlin, ["--help"]) == 0
    shown = capsys.readouterr().out
    assert all(name in shown for name in commands())


def test_bad_input_is_told_in_both_languages_with_exit_code_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert shared.run(tanlin, ["community", "tree", "--nonsense"]) == 2
    told = capsys.readouterr().err
    assert "--nonsense" in told and "参数有误" in told and "argument is wrong" in told
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        assert shared.run(tanlin, ["serve", "--port", str(taken.getsockname()[1])]) == 2
    told = capsys.readouterr().err
    assert "无法在" in told and "Cannot listen on" in told and "--port" in told


def test_an_installation_without_tables_says_what_to_do(home: Path) -> None:
    env = {k: v for k, v in os.environ.items() if k != "DATABASE_URL"} | {"TANLIN_HOME": str(home)}
    result = subprocess.run(
        [sys.executable, "-m", "tanlin", "community", "tree"],
        capture_output=True,
        text=True,
        env=env,
        check=False,
    )
    assert result.returncode == 2 and "tanlin migrate" in result.stderr


def test_a_port_in_use_is_refused_before_anything_starts() -> None:
    with pytest.raises(BadInput):
        serve.check_port("203.0.113.7", 80)  # an address of nobody


def test_the_supervisor_restarts_the_dead_and_stops_all(tmp_path: Path) -> None:
    starts, stopped = tmp_path / "starts", tmp_path / "stopped"
    child = tmp_path / "child.py"
    child.write_text(
        "import pathlib, signal, sys, time\n"
        f"log = pathlib.Path({str(starts)!r})\n"
        "log.write_text((log.read_text() if log.exists() else '') + 'x')\n"
        f"signal.signal(signal.SIGTERM, lambda *a: (pathlib.Path({str(stopped)!r}).write_text('yes'), sys.exit(0)))\n"
        "if len(log.read_text()) == 1: sys.exit(3)\n"
        "time.sleep(60)\n"
    )
    main = tmp_path / "main.py"
    main.write_text(
        "import sys\nfrom tanlin.web.serve import Child, supervise\n"
        f"supervise([Child('one', [sys.executable, {str(child)!r}])])\nprint('clean end')\n"
    )
    process = subprocess.Popen(
        [sys.executable, str(main)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and not (starts.exists() and starts.read_text() == "xx"):
        time.sleep(0.1)
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert starts.read_text() == "xx" and "one: exit code 3" in err
    assert stopped.read_text() == "yes" and out == "clean end\n" and process.returncode == 0


def test_a_child_that_never_starts_ends_the_supervisor() -> None:
    child = serve.Child("broken", ["false"])
    child.start()
    for _ in range(serve.QUICK_DEATHS - 1):
        assert child.process is not None
        child.process.wait()
        child.watch(child.started)  # it died at once, however long a busy machine took to say so
        child.watch(child.due)
    assert child.process is not None
    child.process.wait()
    with pytest.raises(RuntimeError, match="broken died 5 times"):
        child.watch(child.started)


def test_collected_scripts_import_one_another_by_their_kept_names(home: Path) -> None:
    env = {k: v for k, v in os.environ.items() if k != "DATABASE_URL"}
    env |= {"TANLIN_HOME": str(home), "TANLIN_STATIC": "manifest"}
    subprocess.run(
        [sys.executable, "-m", "django", "collectstatic", "--noinput", "--verbosity", "0"],
        env=env,
        check=True,
    )
    scripts = [path for path in (home / "static").rglob("*.js") if "vendor" not in path.parts]
    assert scripts
    for script in scripts:
        for name in re.findall(r"""(?:from|import)\s*\(?\s*["'](\./[^"']+)["']""", script.read_text("utf-8")):
            assert (script.parent / name).exists(), f"{script.name} imports {name}"
