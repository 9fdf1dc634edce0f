"""What every bench shares: the best of several rounds, and on what machine."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable, Mapping
from importlib.metadata import version
from typing import Any


def best(
    rounds: int, contestants: Mapping[str, Callable[[], Any]]
) -> tuple[dict[str, float], dict[str, Any]]:
    """Best seconds and last answer of each contestant; they take turns, so that a busy moment hits all."""
    seconds = dict.fromkeys(contestants, float("inf"))
    answers: dict[str, Any] = {}
    for _ in range(rounds):
        for name, run in contestants.items():
            begin = time.perf_counter()
            answers[name] = run()
            seconds[name] = min(seconds[name], time.perf_counter() - begin)
    return seconds, answers


def machine(*packages: str) -> dict[str, Any]:
    """Processor architecture, usable cores, Python and the versions that matter."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    found = {"system": platform.system(), "arch": platform.machine(), "cores": cores}
    return found | {"python": platform.python_version()} | {name: version(name) for name in packages}
