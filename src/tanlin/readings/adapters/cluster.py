"""Starting a Spark application, telling clearly why it cannot start, and what its executors are sent."""

from __future__ import annotations

import atexit
import os
import re
import shutil
import socket
import sys
import tempfile
import warnings
import zipfile
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from tanlin.kernel.errors import Refused, Text, Where

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_CONNECT_PORT = 15002
_SECONDS = 5
#: This process is the cluster, or starts it: one machine, nothing but loopback.
_OWN = {
    "spark.ui.enabled": "false",
    "spark.sql.shuffle.partitions": "4",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.host": "127.0.0.1",
}


def start(master: str) -> SparkSession:
    """A running application. Raises Refused, naming what is missing."""
    try:
        from pyspark.errors import PySparkException
        from pyspark.sql import SparkSession
    except ImportError as error:
        raise _no_pyspark() from error
    from py4j.protocol import Py4JError

    remote = master.startswith("sc://")
    if not remote and not os.environ.get("JAVA_HOME") and shutil.which("java") is None:
        raise _no_java()
    _reach(master)
    if master.startswith("local"):
        _alone()
    # Spark asks for pandas in calls that only ever carry Arrow.
    warnings.filterwarnings("ignore", "PySpark does not yet fully support pandas", FutureWarning)
    builder = SparkSession.builder.appName("tanlin")
    for key, value in _OWN.items() if master.startswith("local") else ():
        builder = builder.config(key, value)
    try:
        if remote:
            return builder.remote(master).getOrCreate()
        builder = builder.config("spark.ui.showConsoleProgress", "false")
        session = builder.master(master).getOrCreate()
        session.sparkContext.setLogLevel("ERROR")
    except ImportError as error:  # the client of Spark Connect has requirements of its own
        raise _no_pyspark() from error
    except (PySparkException, Py4JError, OSError) as error:
        raise _unreachable(master) from error
    return session


@lru_cache(maxsize=1)
def archive() -> Path:
    """This package as it is installed, in one archive that Python imports from.

    Executors of any version of Tanlin, or of none, then run the very code of the process that asks them.
    """
    import tanlin

    package = Path(tanlin.__file__).parent
    folder = Path(tempfile.mkdtemp(prefix="tanlin-wheel-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    # A wheel in all but its ending, by which Spark knows what Python can import.
    path = folder / f"tanlin-{tanlin.__version__}-py3-none-any.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as wheel:
        for file in sorted(package.rglob("*")):
            if file.is_file() and "__pycache__" not in file.parts and "static" not in file.parts:
                wheel.write(file, file.relative_to(package.parent))
    return path


def _alone() -> None:
    """Executors on this machine: the same Python, and no address but loopback."""
    import pyspark

    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    os.environ.setdefault("SPARK_HOME", str(Path(pyspark.__file__).parent))
    os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    os.environ.setdefault("SPARK_LOCAL_HOSTNAME", "localhost")


def _reach(master: str) -> None:
    """Spark itself waits a minute for a master that is not there, and does not say so."""
    found = re.fullmatch(r"(spark|sc)://([^/;]+).*", master)
    if found is None:
        return
    for address in found[2].split(","):
        host, _, port = address.partition(":")
        try:
            socket.create_connection((host, int(port or _CONNECT_PORT)), _SECONDS).close()
            return
        except (OSError, ValueError):
            continue
    raise _unreachable(master)


def _no_pyspark() -> Refused:
    return Refused(
        "readings.no_spark",
        Text("未安装 Spark 所需的软件包。", "The packages for Spark are not installed."),
        remedy=Text("请运行：pip install 'tanlin[spark]'。", "Run: pip install 'tanlin[spark]'."),
    )


def _no_java() -> Refused:
    return Refused(
        "readings.no_java",
        Text("Spark 需要 Java，但没有找到。", "Spark needs Java, and none was found."),
        remedy=Text(
            "请安装 Java 17 或更新版本，或设置 JAVA_HOME。", "Install Java 17 or newer, or set JAVA_HOME."
        ),
    )


def _unreachable(master: str) -> Refused:
    return Refused(
        "readings.no_master",
        Text("无法连接或启动 Spark。", "Spark cannot be reached or started."),
        remedy=Text(
            "请检查 TANLIN_ENGINE 中的地址，并确认集群正在运行。",
            "Check the address in TANLIN_ENGINE and that the cluster is running.",
        ),
        where=Where(value=master),
    )
