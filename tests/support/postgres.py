"""A private PostgreSQL for one test session: own folder, free loopback port, own password."""

import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import psycopg


def find_binaries() -> Path | None:
    """Folder that holds `initdb` and `postgres`, on PATH or where Debian keeps them; None if absent."""
    debian = sorted(
        Path("/usr/lib/postgresql").glob("*/bin"), key=lambda p: float(p.parent.name), reverse=True
    )
    for folder in [Path(p) for p in os.get_exec_path()] + debian:
        if all((folder / name).exists() for name in ("initdb", "postgres")):
            return folder
    return None


def start(binaries: Path) -> tuple[str, Callable[[], None]]:
    """Start a server; returns its URL and the function that stops it and removes its folder."""
    folder = Path(tempfile.mkdtemp(prefix="tanlin-postgres-", dir="/tmp"))
    options = _unprivileged(folder) | {"cwd": folder}
    password = secrets.token_hex(16)
    (folder / "password").write_text(password)
    (folder / "password").chmod(0o644)  # the folder itself is closed to others
    initdb = [str(binaries / "initdb"), "--pgdata=data", "--username=tanlin", "--pwfile=password"]
    initdb += ["--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-sync"]
    done = subprocess.run(initdb, check=False, capture_output=True, text=True, **options)
    if done.returncode:
        shutil.rmtree(folder)
        raise RuntimeError(f"initdb failed: {done.stderr}")
    port = _free_port()
    settings = ["listen_addresses=127.0.0.1", "unix_socket_directories=", "max_connections=60"]
    command = [str(binaries / "postgres"), "-D", "data", "-p", str(port)]
    command += [part for setting in settings for part in ("-c", setting)]
    with (folder / "log").open("wb") as log:
        # An own session, so that Ctrl-C reaches the tests first and the server is stopped in order.
        server = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True, **options)

    def stop() -> None:
        server.send_signal(signal.SIGINT)  # fast shutdown
        server.wait(30)
        shutil.rmtree(folder)

    url = f"postgresql://tanlin:{password}@127.0.0.1:{port}/postgres"
    try:
        _wait(url, server, folder / "log")
    except BaseException:
        stop()
        raise
    return url, stop


def _unprivileged(folder: Path) -> dict:
    """PostgreSQL refuses to run as root: options that run it as `postgres` or `nobody` instead."""
    folder.chmod(0o700)
    if os.getuid() != 0:
        return {}
    users = {entry.pw_name: entry for entry in pwd.getpwall()}
    user = users.get("postgres") or users["nobody"]
    os.chown(folder, user.pw_uid, user.pw_gid)
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _wait(url: str, server: subprocess.Popen, log: Path, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while True:
        try:
            psycopg.connect(url, connect_timeout=2).close()
            return
        except psycopg.OperationalError as error:
            if server.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"PostgreSQL did not start: {log.read_text()}") from error
        time.sleep(0.1)
