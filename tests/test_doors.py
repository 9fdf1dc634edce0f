"""A room is entered by its doors, and what is not named as Django's stays free of Django."""

import ast
import importlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import ROOT

SOURCE = ROOT / "src" / "tanlin"
ROOMS = sorted(p.name for p in SOURCE.iterdir() if (p / "__init__.py").exists())
DOORS = {"services", "queries"}
OPEN = {"kernel"}  # every module of the kernel is open to all
ASSEMBLERS = {"web", "demo"}
# The kinds of module of design §3 that may use Django; every other module of a room is pure.
DJANGO_KINDS = {
    "admin",
    "api",
    "apps",
    "cli",
    "forms",
    "jobs",
    "models",
    "queries",
    "services",
    "urls",
    "views",
} | {"migrations", "templatetags", "adapters", "management", "guards", "rights"}


def imported(path: Path) -> Iterator[tuple[int, str]]:
    """Line and dotted name of everything a file imports, also inside functions."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


@pytest.mark.parametrize("room", ROOMS)
def test_rooms_enter_each_other_by_their_doors(room: str):
    wrong = []
    for path in (SOURCE / room).rglob("*.py"):
        for line, name in imported(path):
            top, other, *inner = [*name.split("."), "", ""][:3]
            if top != "tanlin" or other in {room, "", "__version__"} | OPEN:
                continue
            is_module = any((SOURCE / other / inner[0]).with_suffix(end).exists() for end in (".py", ""))
            if inner[0] and is_module and inner[0] not in DOORS:
                wrong.append(f"{path.relative_to(ROOT)}:{line} imports {name}")
    assert not wrong


def test_pure_modules_import_without_django():
    pure = []
    for path in sorted(SOURCE.rglob("*.py")):
        room, *inner = path.relative_to(SOURCE).with_suffix("").parts
        if inner and room not in ASSEMBLERS and inner[0] not in DJANGO_KINDS:
            pure.append(".".join(["tanlin", room, *inner]).removesuffix(".__init__"))
    program = (
        "import importlib, sys\n"
        f"for name in {pure}:\n"
        "    importlib.import_module(name)\n"
        "    assert 'django' not in sys.modules, name\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("room", ROOMS)
def test_a_name_of_the_door_is_no_module_of_the_room(room: str):
    """An imported module becomes an attribute of its package and would hide the name."""
    door = vars(importlib.import_module(f"tanlin.{room}")).get("__dir__", list)
    modules = {path.stem for path in (SOURCE / room).iterdir() if path.suffix == ".py" or path.is_dir()}
    assert not modules & set(door())
