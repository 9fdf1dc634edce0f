"""Keep the Chinese catalogues of the rooms in step with the source texts, which are English.

`python tools/messages.py` adds new texts to each room's .po, drops unused ones and compiles the .mo;
`--check` changes nothing and says what is missing. A room's catalogue is its own `locale/` folder.
"""

import ast
import re
import sys
from pathlib import Path

import polib
from django.conf import settings
from django.utils.translation.template import templatize

SOURCE = Path(__file__).resolve().parents[1] / "src" / "tanlin"
CATALOGUE = Path("locale", "zh_Hans", "LC_MESSAGES", "django.po")
# Position of context, singular and plural among the arguments of each function.
FUNCTIONS = {
    "_": (None, 0, None),
    "gettext": (None, 0, None),
    "gettext_noop": (None, 0, None),
    "ngettext": (None, 0, 1),
    "pgettext": (0, 1, None),
    "npgettext": (0, 1, 2),
}
HEADER = {
    "MIME-Version": "1.0",
    "Content-Type": "text/plain; charset=UTF-8",
    "Content-Transfer-Encoding": "8bit",
    "Language": "zh_Hans",
    "Plural-Forms": "nplurals=1; plural=0;",
}
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%[sd]|\{\w*\}")
Key = tuple[str | None, str, str | None]  # context, singular, plural
CALL = re.compile(r"\b(n?p?gettext|_)\((?=\s*u?['\"])")


def of_python(text: str) -> set[Key]:
    """Texts of the gettext calls in Python source; a call with a computed text is left out."""
    found: set[Key] = set()
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        places = FUNCTIONS.get(name.removesuffix("_lazy"))
        if places is None or len(node.args) <= max(p for p in places if p is not None):
            continue
        values = [None if p is None else getattr(node.args[p], "value", None) for p in places]
        if isinstance(values[1], str):
            found.add((values[0], values[1], values[2]))
    return found


def of_template(text: str) -> set[Key]:
    """Texts of a Django template, by way of the Python-like text that Django makes of it."""
    flat = templatize(text)
    found: set[Key] = set()
    for match in CALL.finditer(flat):
        end = match.end()
        while end < len(flat):  # the shortest stretch that parses is the call
            end = flat.find(")", end) + 1
            if end == 0:
                break
            try:
                found |= of_python(re.sub(r"\bu(?=['\"])", "", flat[match.start() : end]))
                break
            except SyntaxError:
                continue
    return found


def texts(room: Path) -> set[Key]:
    """Every text to translate in one room."""
    found: set[Key] = set()
    for path in room.rglob("*.py"):
        found |= of_python(path.read_text(encoding="utf-8"))
    for path in (room / "templates").rglob("*.*"):
        found |= of_template(path.read_text(encoding="utf-8"))
    return found


def key(entry: polib.POEntry) -> Key:
    """What identifies an entry of a catalogue."""
    return entry.msgctxt, entry.msgid, entry.msgid_plural or None


def unlike(entry: polib.POEntry) -> bool:
    """Whether a translation fills other placeholders than its source text."""
    wanted = set(PLACEHOLDER.findall(entry.msgid_plural or entry.msgid))
    return any(
        set(PLACEHOLDER.findall(t)) != wanted
        for t in [entry.msgstr or "", *entry.msgstr_plural.values()]
        if t
    )


def update(po_path: Path, wanted: set[Key]) -> None:
    """Write the catalogue with exactly the wanted texts, old translations kept, and its compiled form."""
    old = polib.pofile(str(po_path)) if po_path.exists() else []
    known = {key(entry): entry for entry in old if not entry.obsolete}
    catalogue = polib.POFile(wrapwidth=110)
    catalogue.metadata = HEADER
    for item in sorted(wanted, key=lambda k: (k[1], k[0] or "")):
        context, text, plural = item
        new = polib.POEntry(msgctxt=context, msgid=text, msgid_plural=plural or "")
        if plural:
            new.msgstr_plural = {0: ""}
        catalogue.append(known.get(item, new))
    po_path.parent.mkdir(parents=True, exist_ok=True)
    catalogue.save(str(po_path))
    catalogue.save_as_mofile(str(po_path.with_suffix(".mo")))


def faults(po_path: Path, wanted: set[Key]) -> list[str]:
    """What is wrong with a catalogue: texts missing, unused or untranslated, compiled form out of date."""
    if not po_path.exists():
        return [f"{po_path}: missing"] if wanted else []
    catalogue = polib.pofile(str(po_path))
    held = {key(entry) for entry in catalogue if not entry.obsolete}
    wrong = [f"{po_path}: not in the catalogue: {k[1]!r}" for k in sorted(wanted - held, key=str)]
    wrong += [f"{po_path}: no longer used: {k[1]!r}" for k in sorted(held - wanted, key=str)]
    wrong += [
        f"{po_path}: untranslated: {e.msgid!r}" for e in catalogue if not e.translated() and not e.obsolete
    ]
    wrong += [
        f"{po_path}: placeholders differ: {e.msgid!r}" for e in catalogue if e.translated() and unlike(e)
    ]
    mo_path = po_path.with_suffix(".mo")
    if not mo_path.exists() or mo_path.read_bytes() != catalogue.to_binary():
        wrong.append(f"{mo_path}: not compiled from the catalogue; run make messages")
    return wrong


def main(arguments: list[str]) -> int:
    """Update every room, or check every room with `--check`; 1 where a fault was found."""
    settings.configure(USE_I18N=True)
    wrong: list[str] = []
    for room in sorted(path.parent for path in SOURCE.glob("*/__init__.py")):
        wanted, po_path = texts(room), room / CATALOGUE
        if "--check" not in arguments and (wanted or po_path.exists()):
            update(po_path, wanted)
        wrong += faults(po_path, wanted)
    print("\n".join(wrong) or "catalogues complete")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
