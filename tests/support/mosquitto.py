"""A private Mosquitto broker on a free loopback port, with persistence; stop and start keep its sessions."""

import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

import pytest

CONFIG = """listener {port} 127.0.0.1
allow_anonymous {anonymous}
{passwords}
set_tcp_nodelay true
persistence true
persistence_location {folder}/
max_inflight_messages 1000
max_queued_messages 0
log_type error
log_dest file {folder}/log
user root
"""


def program(name: str = "mosquitto") -> str:
    """The broker's program; skips the test where it is not installed."""
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")
    if found is None:
        pytest.skip(f"{name} is not installed (on Debian and Ubuntu: apt install mosquitto)")
    return found


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Broker:
    """One broker. `user`: (name, password) that every client must give."""

    def __init__(self, folder: Path, user: tuple[str, str] | None = None) -> None:
        self.folder, self.port = folder, free_port()
        folder.mkdir(exist_ok=True)
        passwords = ""
        if user is not None:
            file = folder / "passwords"
            subprocess.run([program("mosquitto_passwd"), "-c", "-b", str(file), *user], check=True)
            passwords = f"password_file {file}"
        text = CONFIG.format(
            port=self.port, folder=folder, passwords=passwords, anonymous="false" if user else "true"
        )
        (folder / "conf").write_text(text)
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> "Broker":
        self.process = subprocess.Popen(
            [program(), "-c", str(self.folder / "conf")], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            with socket.socket() as probe:
                probe.settimeout(0.2)
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return self
            time.sleep(0.05)
        raise RuntimeError(f"mosquitto does not answer: {(self.folder / 'log').read_text()}")

    def stop(self) -> None:
        """An orderly stop: the broker writes its sessions to disk."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(10)
