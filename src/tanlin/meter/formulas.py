"""Formulas of an XLSX sheet that carry no stored result, which readers of values show as blank cells."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

_CELL = re.compile(rb"<(?:\w+:)?c\b([^>]*[^/])>(.*?)</(?:\w+:)?c>", re.DOTALL)
_VALUE = re.compile(rb"<(?:\w+:)?v\b[^>]*>[^<]")
_FORMULA = re.compile(rb"<(?:\w+:)?f\b[^>]*?(?:/>|>([^<]*)<)")
_PLACE = re.compile(rb'\br="([A-Z]+)(\d+)"')
_STRING = re.compile(rb'\bt="str"')
_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"


def uncached(path: Path, sheet: str) -> Iterator[tuple[int, int, str]]:
    """(row, column, "=formula") of every formula without a stored result; nothing for other formats."""
    if not zipfile.is_zipfile(path):
        return
    with zipfile.ZipFile(path) as archive:
        member = _member(archive, sheet)
        data = archive.read(member) if member else b""
    if not re.search(rb"<(?:\w+:)?f\b", data):
        return
    for cell in _CELL.finditer(data):
        formula = _FORMULA.search(cell[2])
        place = _PLACE.search(cell[1])
        # a formula whose text result is empty is stored as t="str" with an empty value
        if not formula or not place or _VALUE.search(cell[2]) or _STRING.search(cell[1]):
            continue
        column = 0
        for letter in place[1]:
            column = column * 26 + letter - 64
        yield int(place[2]), column, "=" + (formula[1] or b"").decode()


def _member(archive: zipfile.ZipFile, sheet: str) -> str | None:
    names = set(archive.namelist())
    if not {"xl/workbook.xml", "xl/_rels/workbook.xml.rels"} <= names:
        return None
    relations = ElementTree.fromstring(archive.read("xl/_rels/workbook.xml.rels"))
    targets = {r.get("Id"): r.get("Target", "") for r in relations}
    for item in ElementTree.fromstring(archive.read("xl/workbook.xml")).iter():
        if item.tag.endswith("}sheet") and item.get("name") == sheet:
            target = targets.get(item.get(_RELATION), "")
            member = target.lstrip("/") if target.startswith("/") else "xl/" + target
            return member if member in names else None
    return None
