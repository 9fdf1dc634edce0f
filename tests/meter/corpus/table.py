"""What becomes of every file of the corpus, and the page of the manual that says it.

``python -m tests.meter.corpus.table`` writes ``docs/import-corpus.md`` from a real run.
"""

from __future__ import annotations

import csv
import datetime as dt
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow.compute as pc

from tanlin.kernel.errors import BadInput
from tanlin.kernel.period import DEFAULT_TZ
from tanlin.meter import archive, bad, mapping, parsing, sheets, textfile
from tests.meter.corpus import hostile

HERE = Path(__file__).parent
PAGE = HERE.parents[2] / "docs" / "import-corpus.md"


@cache
def outcome(path: Path, tz: str = DEFAULT_TZ) -> dict[str, Any]:
    """What becomes of a file, in the columns of expected.csv; ``zh`` and ``en`` hold messages and remedies."""
    result: dict[str, Any] = {"file": path.name, "rows_good": "0", "rows_bad": "0", "sum": "0", "said": []}
    try:
        sheet = sheets.read(path)[0]
        guessed = mapping.guess(sheet, tz=tz)
        if guessed.questions:
            return result | {
                "outcome": "ask",
                "code": "|".join(q.field for q in guessed.questions),
                "carrier": guessed.carrier or "",
                "kind": guessed.kind,
                "said": [(q.text.zh, "", q.text.en, "") for q in guessed.questions],
            }
        parsed = parsing.parse(sheet, guessed)
    except BadInput as error:
        where, remedy = error.where, error.remedy
        assert where and where.file == path.name
        assert remedy and remedy.zh and remedy.en
        return result | {
            "outcome": "refused",
            "code": error.code,
            "row": str(where.row or ""),
            "column": where.column or "",
            "value": where.value or "",
            "said": [(error.text.zh, remedy.zh, error.text.en, remedy.en)],
        }
    said = [
        (e["message_zh"], e["remedy_zh"], e["message_en"], e["remedy_en"]) for e in parsed.errors.to_pylist()
    ]
    said += [(r.text.zh, r.remedy.zh, r.text.en, r.remedy.en) for r in parsed.remarks]
    first = (parsed.errors.slice(0, 1).to_pylist() or [{}])[0]
    begin = dt.datetime.fromtimestamp(pc.min(parsed.readings["start"]).as_py(), dt.UTC)
    return result | {
        "outcome": "partial" if first else "ok",
        "carrier": "|".join(sorted(set(parsed.readings["carrier"].to_pylist()))),
        "kind": guessed.kind,
        "rows_good": str(parsed.readings.num_rows),
        "rows_bad": str(len(set(parsed.errors["row"].to_pylist()))),
        "sum": f"{pc.sum(parsed.readings['value']).as_py():.12g}",
        "code": first.get("code", ""),
        "row": str(first.get("row", "")),
        "column": first.get("column", ""),
        "value": first.get("value", ""),
        "doubts": "|".join(r.code for r in parsed.remarks),
        "first": f"{begin:%Y-%m-%d %H:%M}",
        "said": list(dict.fromkeys(said)),
    }


RESULT = {
    "ok": "导入 {rows_good} 行 / {rows_good} rows imported",
    "partial": "导入 {rows_good} 行，{rows_bad} 行有误 / {rows_good} rows imported, {rows_bad} bad",
    "ask": "先问用户 / asks the user first",
    "refused": "**拒绝 / refused**",
}


def manual(folder: Path) -> str:
    """The page as it should be; files too large to keep are made in ``folder``."""
    with (HERE / "what.csv").open(encoding="utf-8") as file:
        what = {row["file"]: row for row in csv.DictReader(file)}
    lines = []
    with (HERE / "expected.csv").open(encoding="utf-8") as file:
        for case in csv.DictReader(file):
            found = outcome(hostile.file(case["file"], folder), case["tz"] or DEFAULT_TZ)
            lines.append(line(found, what[case["file"]]))
    limits = [
        ("解压后合计 / unpacked in all", f"{archive.MAX_UNPACKED >> 20} MB"),
        ("一部分的压缩比 / ratio of one part", f"{archive.MAX_RATIO} : 1"),
        ("工作表跨越的单元格 / cells a sheet spans", f"{archive.MAX_CELLS:,}"),
        ("重复使用的文字展开后 / shared text where it is used", f"{archive.MAX_TEXT >> 20} MB"),
        ("一个文件的行 / rows of a file", f"{sheets.MAX_ROWS:,}"),
        ("一行的列 / columns of a row", f"{textfile.MAX_COLUMNS:,}"),
        ("文本中一条记录的字符 / characters of a record in a text file", f"{textfile.MAX_LINE:,}"),
        ("工作簿单元格的字符 / characters of a cell in a workbook", f"{sheets.MAX_CELL:,}"),
        ("逐条列出的错误 / bad cells listed one by one", f"{bad.KEPT:,}"),
    ]
    return HEAD.format(
        files=len(lines), lines="\n".join(lines), limits="\n".join(f"| {k} | {v} |" for k, v in limits)
    )


def line(found: dict[str, Any], what: dict[str, str]) -> str:
    """One row of the table."""
    zh = "<br>".join(f"{text} {remedy}".strip() for text, remedy, _, _ in found["said"])
    en = "<br>".join(f"{text} {remedy}".strip() for _, _, text, remedy in found["said"])
    place = ", ".join(
        f"{name} {found[key]}"
        for key, name in (("row", "行 / row"), ("column", "列 / column"), ("value", "值 / value"))
        if found.get(key)
    )
    result = RESULT[found["outcome"]].format(**found)
    cells = [f"`{found['file']}`", f"{what['zh']} / {what['en']}", result, place, zh, en]
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


HEAD = """# 导入的怪文件 / Nasty files and what becomes of them

由真实导入写成，勿手改：`python -m tests.meter.corpus.table`。文件在 `tests/meter/corpus`，过大的由 `hostile.py` 现做；预期结果事先手写于 `expected.csv`。
Written from a real run, not by hand. The files are in `tests/meter/corpus`, those too large to keep are made by `hostile.py`; what each was to give was written into `expected.csv` beforehand. `make soak` imports 10 million rows, as CSV and as Parquet.

被拒绝的文件什么也不写入；有误的行经您同意后才跳过。“值”是出错的内容或压缩包内的部件名。
Of a refused file nothing is stored; bad rows are left out only after agreement. A value is the cell or the part of the archive that is wrong.

## 限度 / Limits

| 什么 / what | 至多 / at most |
| --- | --- |
{limits}

## {files} 个文件 / {files} files

| 文件 / file | 内容 / what it is | 结果 / result | 位置 / place | 说明与办法 | Message and remedy |
| --- | --- | --- | --- | --- | --- |
{lines}
"""

if __name__ == "__main__":
    with TemporaryDirectory() as here:
        PAGE.write_text(manual(Path(here)), encoding="utf-8")
