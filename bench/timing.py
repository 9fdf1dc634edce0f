"""What every bench tells of itself: on what machine."""

from __future__ import annotations

import os
import platform
from importlib.metadata import version
from typing import Any


def machine(*packages: str) -> dict[str, Any]:
    """Processor architecture, usable cores, Python and the versions that matter."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    found = {"system": platform.system(), "arch": platform.machine(), "cores": cores}
    return found | {"python": platform.python_version()} | {name: version(name) for name in packages}
