"""Refuses the files it is given and prints how many and its peak memory: ``python -m tests.meter.refusals FILE…``."""

import json
import sys
from pathlib import Path

from tests.meter.corpus.table import outcome
from tests.meter.memory import peak_mib

if __name__ == "__main__":
    found = [outcome(Path(name))["outcome"] for name in sys.argv[1:]]
    print(json.dumps({"refused": found.count("refused"), "mib": peak_mib()}))
