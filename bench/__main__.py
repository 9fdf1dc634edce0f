"""`python -m bench [NAME] [options]`: one bench, or all of them; the last line of each is JSON."""

from __future__ import annotations

import argparse
import importlib
import sys

BENCHES = ("inventory", "carbon", "ingest", "gateways", "pages")


def main(arguments: list[str]) -> int:
    """Run the named bench with its options, or all with their defaults."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("name", nargs="?", choices=BENCHES)
    chosen, rest = parser.parse_known_args(arguments)
    if chosen.name is None and rest:
        parser.error("name a bench to give it options")
    names = (chosen.name,) if chosen.name else BENCHES
    return max(importlib.import_module(f"bench.{name}").main(rest) for name in names)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
