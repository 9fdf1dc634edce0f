"""The ``tanlin`` command: each room's manifest names its commands; a room is imported when its command is called."""

from __future__ import annotations

import sys
from functools import cache
from importlib import import_module

import click

from tanlin import __version__
from tanlin.kernel import cli as shared
from tanlin.kernel.manifest import Room
from tanlin.web.rooms import ROOMS


def manifest(room: str) -> Room:
    """The manifest of a room, read from its ``apps`` module without setting Django up."""
    module = import_module(f"tanlin.{room}.apps")
    found = [
        config.room for config in vars(module).values() if isinstance(getattr(config, "room", None), Room)
    ]
    if len(found) != 1:
        raise RuntimeError(f"tanlin.{room}.apps must hold one AppConfig with a room, found {len(found)}")
    return found[0]


@cache
def commands() -> dict[str, str]:
    """Command name -> "module:attribute", over all rooms. Raises RuntimeError where two rooms take one name."""
    table: dict[str, str] = {}
    for room in ROOMS:
        for name, path in manifest(room).commands.items():
            if name in table:
                raise RuntimeError(f"command {name} is given twice: {table[name]} and {path}")
            table[name] = path
    return table


@click.group(
    cls=shared.LazyGroup,
    lazy=commands,
    context_settings={"help_option_names": ["-h", "--help"]},
    no_args_is_help=False,
)
@click.version_option(__version__, message="%(version)s")
def tanlin() -> None:
    """碳邻：从表计文件到可溯源的碳数据。 / From a meter file to a receipted carbon figure."""


def main() -> None:
    """Entry point of ``tanlin`` and ``python -m tanlin``."""
    sys.exit(shared.run(tanlin))
