"""Write ``docs/api/``: what each room offers, the JSON API and the command line, read from the code itself.

``python tools/api_reference.py`` writes the pages; ``--check`` writes nothing and fails where one is out of date.
"""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import os
import re
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import click
import pyarrow as pa

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "api"
HEAD = "<!-- Written by tools/api_reference.py from the code: change the docstrings, not this page. -->\n"
ADDRESS = re.compile(r" at 0x[0-9a-f]+")


class Said(str):
    """An annotation as it is written in the code."""

    __repr__ = str.__str__


def setup() -> None:
    """Django with a state folder of its own, so that the reference never depends on an installation."""
    os.environ.setdefault("TANLIN_HOME", tempfile.mkdtemp(prefix="tanlin-reference-"))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tanlin.web.settings")
    import django

    django.setup()


def rooms() -> list[str]:
    """All rooms, from left to right."""
    from tanlin.web.rooms import ROOMS

    return ["kernel", *(room for room in ROOMS if room != "kernel")]


def pages() -> dict[str, str]:
    """File name → text of every page. Call ``setup`` first."""
    found = {f"{room}.md": room_page(room) for room in rooms()}
    found |= {"http.md": http_page(), "command-line.md": command_page()}
    return {"README.md": index_page(), **found}


def index_page() -> str:
    """The list of rooms and where the other pages are."""
    lines = [f"| [{room}]({room}.md) | {first_line(module(room))} |" for room in rooms()]
    return (
        f"{HEAD}# API reference\n\nA room is used through three doors: `tanlin.x` (pure, no Django), `tanlin.x.services` "
        "(verbs that write) and `tanlin.x.queries` (reads that prove the right of the asker).\n\n"
        "| room | |\n|---|---|\n" + "\n".join(lines) + "\n\n"
        "- [The JSON API](http.md), with [examples that are run](../http-examples.md)\n"
        "- [The command line](command-line.md)\n- [One room alone, on files](../for-analysts.md)\n"
    )


def module(room: str) -> ModuleType:
    """The package of a room."""
    return importlib.import_module(f"tanlin.{room}")


def first_line(thing: Any) -> str:
    """The first paragraph of a docstring, empty where there is none."""
    return paragraphs(thing)[0] if paragraphs(thing) else ""


def paragraphs(thing: Any) -> list[str]:
    """The paragraphs of a docstring, each on one line; reStructuredText marks as Markdown."""
    text = inspect.getdoc(thing) or ""
    text = re.sub(r":\w+:`~?([^`]+)`", r"`\1`", text).replace("``", "`")
    return [" ".join(part.split()) for part in text.split("\n\n") if part.strip()]


def room_page(room: str) -> str:
    """One room: its pure door, its verbs, its reads."""
    parts = [f"{HEAD}# {room}\n\n{' '.join(paragraphs(module(room)))}\n"]
    for title, door in ((f"tanlin.{room}", None), ("services", "services"), ("queries", "queries")):
        entries = [entry(name, thing) for name, thing in public(room, door)]
        if entries:
            parts.append(
                f"## `{title if door is None else f'tanlin.{room}.{door}'}`\n\n" + "\n".join(entries)
            )
    return "\n".join(parts)


def public(room: str, door: str | None) -> Iterator[tuple[str, Any]]:
    """Names that a door gives: its ``__all__`` or ``__dir__``, else what its module defines without underscore."""
    name = f"tanlin.{room}.{door}" if door else f"tanlin.{room}"
    if importlib.util.find_spec(name) is None:
        return
    where = importlib.import_module(name)
    for word in names_of(where, door):
        thing = getattr(where, word)
        if not isinstance(thing, ModuleType):
            yield word, thing
        elif not isinstance(getattr(thing, word, thing), ModuleType):
            yield word, getattr(thing, word)  # a module of that name hides what the door gives once imported
        else:
            yield from ((f"{word}.{inner}", getattr(thing, inner)) for inner in names_of(thing, door))


def names_of(where: ModuleType, door: str | None) -> list[str]:
    """The public names of a door, sorted."""
    if door is None:
        return sorted(where.__dir__()) if "__dir__" in vars(where) else []
    if hasattr(where, "__all__"):
        return sorted(where.__all__)
    own = (n for n, t in vars(where).items() if getattr(t, "__module__", "") == where.__name__)
    return sorted(name for name in own if not name.startswith("_"))


def entry(name: str, thing: Any) -> str:
    """Signature, what it does, what it raises; the public methods of a class below it."""
    if not callable(thing):
        return f"**`{name}`** {value(thing)}\n"
    text = f"**`{name}`**\n\n```\n{'class ' if inspect.isclass(thing) else ''}{name}{signature(thing)}\n```\n{told(thing)}\n"
    if inspect.isclass(thing):
        text += "".join(f"- `.{word}{shape}` – {told(one)}\n" for word, shape, one in methods(thing))
    return text


def value(thing: Any) -> str:
    """A constant in a line: the fields of a schema, the items of a mapping."""
    if isinstance(thing, pa.Schema):
        return "schema: " + ", ".join(f"`{field.name}` {field.type}" for field in thing)
    if isinstance(thing, dict):
        return (
            ", ".join(f"`{key}` {item}" for key, item in thing.items() if isinstance(item, str)) or "mapping"
        )
    return f"`{ADDRESS.sub('', repr(thing))}`"


def signature(thing: Any, whole: bool = False) -> str:
    """The signature as written, a line a parameter where it is long; ``whole``: on one line, without self."""
    if getattr(thing, "_is_protocol", False):
        return ""
    try:
        found = inspect.signature(thing)
    except ValueError:
        return ""
    given = [p.replace(annotation=said(p.annotation)) for p in found.parameters.values() if p.name != "self"]
    back = inspect.Signature.empty if inspect.isclass(thing) else said(found.return_annotation)
    text = clean(str(found.replace(parameters=given, return_annotation=back)))
    if whole or len(text) < 100:
        return text
    lines = [clean(str(p)) for p in given]
    starred = next((i for i, p in enumerate(given) if p.kind is p.KEYWORD_ONLY), None)
    if starred is not None:
        lines.insert(starred, "*")
    end = text[text.rfind(") ->") :] if ") ->" in text else ")"
    return "(\n" + "".join(f"    {line},\n" for line in lines) + end


def clean(text: str) -> str:
    """Without addresses in memory and the marks of annotations that are not resolved."""
    return re.sub(r"ForwardRef\('([^']*)'\)", r"\1", ADDRESS.sub("", text))


def said(annotation: Any) -> Any:
    """An annotation that prints without quotes."""
    return Said(annotation) if isinstance(annotation, str) else annotation


def told(thing: Any) -> str:
    """The first paragraph, and every sentence on what is raised; a class without words of its own says nothing."""
    texts = paragraphs(thing)
    if not texts or texts[0].startswith(f"{getattr(thing, '__name__', '')}("):  # made by dataclass or a tuple
        return ""
    raises = [s for part in texts[1:] for s in re.findall(r"Raises:? [^.]*(?:\.|$)", part)]
    return " ".join([texts[0], *raises])


def methods(thing: type) -> list[tuple[str, str, Any]]:
    """Public methods and properties of a class that say what they do."""
    found = []
    for name, raw in vars(thing).items():
        one = getattr(raw, "__func__", raw)
        if name.startswith("_") or not (inspect.isfunction(one) or isinstance(raw, property)):
            continue
        if inspect.getdoc(one):
            shape = "" if isinstance(raw, property) else signature(getattr(thing, name), whole=True)
            found.append((name, shape, one))
    return found


def silent() -> list[str]:
    """Public functions and classes without a docstring."""
    doors = ((room, door) for room in rooms() for door in (None, "services", "queries"))
    things = ((room, name, thing) for room, door in doors for name, thing in public(room, door))
    return [
        f"{room}.{name}"
        for room, name, thing in things
        if (inspect.isfunction(thing) or inspect.isclass(thing)) and not told(thing)
    ]


def http_page() -> str:
    """The JSON API as a table of addresses and a table of shapes, from its OpenAPI description."""
    from tanlin.web.api import api

    schema = api.get_openapi_schema()
    rows, shapes = [], []
    for path, verbs in schema["paths"].items():
        for verb, found in verbs.items():
            asked = [parameter(p) for p in found.get("parameters", [])] + body(found)
            answers = ", ".join(str(code) + shape(answer) for code, answer in found["responses"].items())
            text = " ".join(found.get("description", found.get("summary", "")).split()).replace("``", "`")
            rows.append(f"| {verb.upper()} | `{path}` | {', '.join(asked)} | {answers} | {text} |")
    for name, found in sorted(schema.get("components", {}).get("schemas", {}).items()):
        fields = ", ".join(f"`{key}` {kind(one)}" for key, one in found.get("properties", {}).items())
        shapes.append(
            f"| `{name}` | {' '.join(found.get('description', '').split()).replace('``', '`')} | {fields} |"
        )
    return (
        f"{HEAD}# The JSON API\n\n{schema['info']['description']} Ask with the session of a login; a POST needs the CSRF mark "
        "in `X-CSRFToken`. The OpenAPI description is at `/api/v1/openapi.json`. An error is "
        "`{code, message {zh, en}, remedy, where}`: 400 the input is wrong, 401 not logged in, 403 the right is "
        "missing, 404 unknown or not readable, 409 moved on meanwhile, 422 refused. "
        "[Examples](../http-examples.md).\n\n"
        "| | address | asked | answers | |\n|---|---|---|---|---|\n" + "\n".join(rows) + "\n\n"
        "## Shapes\n\n| name | | fields |\n|---|---|---|\n" + "\n".join(shapes) + "\n"
    )


def parameter(found: dict[str, Any]) -> str:
    """A parameter of an address; a question mark where it may be left out."""
    mark = "" if found.get("required") else "?"
    return f"`{found['name']}`{mark} {kind(found['schema'])}"


def body(found: dict[str, Any]) -> list[str]:
    """The shape of the body that is asked for."""
    content = found.get("requestBody", {}).get("content", {})
    return [f"body {kind(one['schema'])}" for one in content.values()]


def shape(answer: dict[str, Any]) -> str:
    """The shape of an answer, empty where it is not stated."""
    found = [kind(one.get("schema", {})) for one in answer.get("content", {}).values()]
    return f" {found[0]}" if found and found[0] else ""


def kind(schema: dict[str, Any]) -> str:
    """A type in words: integer, list of MeterOut, text or null."""
    if "$ref" in schema:
        return f"[{schema['$ref'].rsplit('/', 1)[-1]}](#shapes)"
    if "anyOf" in schema:
        return " or ".join(kind(one) for one in schema["anyOf"])
    if schema.get("type") == "array":
        return f"list of {kind(schema.get('items', {})) or 'any'}"
    return str(schema.get("format") or schema.get("type", ""))


def command_page() -> str:
    """The help of every command, as ``--help`` prints it."""
    from tanlin.web.command import tanlin

    texts = [f"## `{name}`\n\n```\n{text}\n```\n" for name, text in commands(tanlin, "tanlin")]
    return (
        f"{HEAD}# The command line\n\nExit codes: 0 done, 1 the answer is no (a replay that differs, a broken chain), "
        "2 wrong input, told in both languages on standard error. `--json` prints JSON on standard output.\n\n"
        + "\n".join(texts)
    )


def commands(command: click.Command, name: str) -> Iterator[tuple[str, str]]:
    """Full name and help of a command and of all below it."""
    context = click.Context(command, info_name=name, terminal_width=110, help_option_names=["-h", "--help"])
    yield name, "\n".join(line.rstrip() for line in command.get_help(context).splitlines())
    if isinstance(command, click.Group):
        for word in command.list_commands(context):
            below = command.get_command(context, word)
            if below is not None and not below.hidden:
                yield from commands(below, f"{name} {word}")


def stale() -> list[str]:
    """Pages that are missing, out of date or of a room that is gone."""
    wanted = pages()
    kept = {page.name: page.read_text("utf-8") for page in FOLDER.glob("*.md")}
    return sorted(name for name in wanted.keys() | kept.keys() if wanted.get(name) != kept.get(name))


def main(arguments: list[str]) -> int:
    """Write or check the pages; the exit code."""
    setup()
    changed = stale()
    if "--check" in arguments:
        for name in changed:
            print(f"docs/api/{name} is out of date: run python tools/api_reference.py")
        return int(bool(changed))
    wanted = pages()
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name in changed:
        page = FOLDER / name
        if name in wanted:
            page.write_text(wanted[name], "utf-8")
        else:
            page.unlink()
    print(f"{len(wanted)} pages, {len(changed)} written")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
