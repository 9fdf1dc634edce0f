"""Every nasty file of the corpus gets the result that was written down beforehand."""

from __future__ import annotations

import csv
from pathlib import Path

import pyarrow.compute as pc
import pytest

from tanlin.kernel.errors import BadInput
from tanlin.meter import mapping, parse, sheets

HERE = Path(__file__).parent / "corpus"
with (HERE / "expected.csv").open(encoding="utf-8") as _file:
    CASES = list(csv.DictReader(_file))


def outcome(path: Path) -> dict[str, str]:
    """What becomes of a file, in the columns of expected.csv."""
    result = {"file": path.name, "rows_good": "0", "rows_bad": "0", "sum": "0"}
    try:
        sheet = sheets.read(path)[0]
        guessed = mapping.guess(sheet)
        if guessed.questions:
            fields = "|".join(q.field for q in guessed.questions)
            return result | {
                "outcome": "ask",
                "code": fields,
                "carrier": guessed.carrier or "",
                "kind": guessed.kind,
            }
        parsed = parse.parse(sheet, guessed)
    except BadInput as error:
        where = error.where
        assert where and where.file == path.name
        assert error.remedy and error.remedy.zh and error.remedy.en
        return result | {
            "outcome": "refused",
            "code": error.code,
            "row": str(where.row or ""),
            "column": where.column or "",
        }
    first = parsed.errors.slice(0, 1).to_pylist()
    return result | {
        "outcome": "partial" if first else "ok",
        "carrier": "|".join(sorted(set(parsed.readings["carrier"].to_pylist()))),
        "kind": guessed.kind,
        "rows_good": str(parsed.readings.num_rows),
        "rows_bad": str(len(set(parsed.errors["row"].to_pylist()))),
        "sum": f"{pc.sum(parsed.readings['value']).as_py():.12g}",
        "code": first[0]["code"] if first else "",
        "row": str(first[0]["row"]) if first else "",
        "column": first[0]["column"] if first else "",
    }


@pytest.mark.parametrize("case", CASES, ids=lambda c: c["file"])
def test_corpus(case: dict[str, str]) -> None:
    found = outcome(HERE / case["file"])
    assert {k: found.get(k, "") for k in case} == case


def test_every_file_is_expected() -> None:
    files = {p.name for p in HERE.iterdir() if p.suffix not in (".py", "") and p.name != "expected.csv"}
    assert files == {c["file"] for c in CASES}
    assert len(CASES) >= 16
