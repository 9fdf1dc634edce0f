"""Real Spark clusters on this machine, and the death of one of their executors."""

from __future__ import annotations

import importlib.util
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

#: Two executors in processes of their own, one core and 1 GB each.
LOCAL_CLUSTER = "local-cluster[2,1,1024]"
_SECONDS = 180


def need_spark() -> None:
    """Skip the test where Spark cannot run."""
    if importlib.util.find_spec("pyspark") is None:
        pytest.skip("pyspark is not installed (pip install 'tanlin[spark]')")
    if shutil.which("java") is None and not os.environ.get("JAVA_HOME"):
        pytest.skip("Java is not installed")


@contextmanager
def standalone(folder: Path, workers: int = 2) -> Iterator[str]:
    """A master and its workers on loopback; yields the address ``spark://…``."""
    port, page = _free_port(), _free_port()
    web = ["--host", "127.0.0.1", "--webui-port"]
    url = f"spark://127.0.0.1:{port}"
    with _started(
        folder / "master", "org.apache.spark.deploy.master.Master", *web, str(page), "--port", str(port)
    ):
        _wait_for(port)
        command = ("org.apache.spark.deploy.worker.Worker", *web, "0", "--cores", "1", "--memory", "1g")
        first, second = (
            _started(folder / f"worker-{n}", *command, "--work-dir", str(folder / f"work-{n}"), url)
            for n in range(workers)
        )
        with first, second:
            _wait_until(
                lambda: (folder / "master" / "log").read_text().count("Registering worker") >= workers
            )
            yield url


@contextmanager
def connect(folder: Path) -> Iterator[str]:
    """A Spark Connect server over a local cluster; yields the address ``sc://…``."""
    port = _free_port()
    arguments = [
        "org.apache.spark.deploy.SparkSubmit",
        "--class",
        "org.apache.spark.sql.connect.service.SparkConnectServer",
    ]
    arguments += ["--master", "local[2]", "--conf", f"spark.connect.grpc.binding.port={port}"]
    arguments += [
        "--conf",
        "spark.connect.grpc.binding.address=127.0.0.1",
        "--conf",
        "spark.ui.enabled=false",
    ]
    with _started(folder / "connect", *arguments, "spark-internal"):
        _wait_for(port)
        yield f"sc://127.0.0.1:{port}"


def executors() -> list[psutil.Process]:
    """The executor processes below this one."""
    found = []
    for process in psutil.Process().children(recursive=True):
        try:
            if "java" in process.name() and "CoarseGrainedExecutorBackend" in " ".join(process.cmdline()):
                found.append(process)
        except psutil.Error:  # it ended meanwhile
            continue
    return found


def executor_of(pid: int) -> psutil.Process:
    """The executor that a Python worker works for."""
    return next(p for p in psutil.Process(pid).parents() if "java" in p.name())


@contextmanager
def _started(folder: Path, *arguments: str) -> Iterator[None]:
    """A Java program of Spark, ended with all that it started."""
    import pyspark

    home = Path(pyspark.__file__).parent
    folder.mkdir(parents=True)
    environment = os.environ | {
        "SPARK_HOME": str(home), "PYSPARK_PYTHON": sys.executable, "SPARK_LOCAL_IP": "127.0.0.1",
        "SPARK_LOCAL_HOSTNAME": "localhost", "SPARK_DAEMON_MEMORY": "512m", "SPARK_LOG_DIR": str(folder),
    }  # fmt: skip
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [str(home / "bin" / "spark-class"), *arguments],
            cwd=folder,
            env=environment,
            stdout=log,
            stderr=log,
        )
    try:
        yield
    finally:
        family = [*psutil.Process(process.pid).children(recursive=True), psutil.Process(process.pid)]
        for member in family:
            member.terminate()
        _, left = psutil.wait_procs(family, timeout=20)
        for member in left:
            member.kill()
        process.wait(20)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(port: int) -> None:
    def answers() -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    _wait_until(answers)


def _wait_until(condition: Any) -> None:
    deadline = time.monotonic() + _SECONDS
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError("Spark did not start")
        time.sleep(0.2)
