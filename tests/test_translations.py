"""Every text of every room is translated, and no catalogue or message uses a word that the house avoids."""

import ast
from pathlib import Path

import polib
import pytest

from tools import messages

ROOMS = sorted(path.parent for path in messages.SOURCE.glob("*/__init__.py"))
# From the glossary: words that promise, accuse or imitate what we do not mean.
AVOIDED = (
    "打卡",
    "碳币",
    "碳交易",
    "核证",
    "欠费",
    "欠款",
    "造假",
    "贫困户",
    "老年人专用",
    "排名通报",
    "收据",
    "票据",
    "凭证",
)
# Allowed where the phrase itself is the official name of the thing.
EXCEPT = ("核证自愿减排量",)


def chinese_texts(path: Path) -> list[str]:
    """The first member of every `Text(zh, en)` literal of a module."""
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Text" and len(node.args) == 2:
            parts = [part.value for part in ast.walk(node.args[0]) if isinstance(part, ast.Constant)]
            found.append("".join(part for part in parts if isinstance(part, str)))
    return found


def avoided_in(text: str) -> list[str]:
    for phrase in EXCEPT:
        text = text.replace(phrase, "")
    return [word for word in AVOIDED if word in text]


@pytest.mark.parametrize("room", ROOMS, ids=lambda room: room.name)
def test_catalogue_is_complete(room: Path) -> None:
    assert messages.faults(room / messages.CATALOGUE, messages.texts(room)) == []


@pytest.mark.parametrize("room", ROOMS, ids=lambda room: room.name)
def test_no_avoided_word(room: Path) -> None:
    texts = [text for path in room.rglob("*.py") for text in chinese_texts(path)]
    catalogue = room / messages.CATALOGUE
    if catalogue.exists():
        texts += [entry.msgstr for entry in polib.pofile(str(catalogue))]
    assert [(text, avoided_in(text)) for text in texts if avoided_in(text)] == []


@pytest.mark.parametrize("room", ROOMS, ids=lambda room: room.name)
def test_both_languages_of_a_text_are_filled(room: Path) -> None:
    for path in room.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Text":
                values = [arg.value for arg in node.args if isinstance(arg, ast.Constant)]
                assert all(values) or not any(values), f"{path}:{node.lineno}"


def test_the_check_sees_an_avoided_word() -> None:
    assert avoided_in("居民打卡得碳币") == ["打卡", "碳币"]
    assert avoided_in("核证自愿减排量") == []


def test_one_text_has_one_translation() -> None:
    """Catalogues are merged at run time, so a text that two rooms render differently needs a context in both."""
    seen: dict[messages.Key, dict[str, str]] = {}
    for room in ROOMS:
        if (room / messages.CATALOGUE).exists():
            for entry in polib.pofile(str(room / messages.CATALOGUE)):
                seen.setdefault(messages.key(entry), {})[room.name] = entry.msgstr
    assert {item: by for item, by in seen.items() if len(set(by.values())) > 1} == {}
