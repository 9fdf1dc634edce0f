"""Peak memory of this process."""

import resource
import sys
from pathlib import Path


def peak_mib() -> int:
    """On Linux since its program was loaded; ``getrusage`` would count the process that started it."""
    status = Path("/proc/self/status")
    if status.exists():
        lines = dict(line.split(":", 1) for line in status.read_text().splitlines())
        return int(lines["VmHWM"].split()[0]) >> 10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> (20 if sys.platform == "darwin" else 10)
