"""The claim beside what each reading gives, as a picture with its table view."""

from __future__ import annotations

from typing import Any

from tanlin.carbon.claims.answer import Answer, Reading
from tanlin.carbon.claims.wording import amount
from tanlin.carbon.pictures import Picture
from tanlin.kernel.errors import Text
from tanlin.kernel.words import sign

STATED = Text("所称数值", "as claimed")
FITS = {
    True: Text("相符", "fits"),
    False: Text("不符", "does not fit"),
    None: Text("缺少数据", "data missing"),
}
UNCLAIMED = Text("未说明所称数值", "no number claimed")
NOT_CLAIMED = Text("与所称口径不同", "not what was stated")
COLUMNS = [
    Text("口径", "Reading"),
    Text("计算值", "Computed"),
    Text("下限", "Low"),
    Text("上限", "High"),
    Text("与所称", "Claim"),
]


def picture(answer: Answer) -> Picture:
    """Bars with bands; the claim itself first. ``spec`` None where nothing could be computed."""
    title = Text("所称数值与各口径的计算范围", "The claim against the range of each reading")
    known = [reading for reading in answer.readings if reading.range is not None]
    table = {"columns": COLUMNS, "rows": [_row(answer, reading) for reading in answer.readings]}
    if not known:
        return Picture(
            "claim", title, Text("尚无可计算的口径。", "No reading can be computed yet."), None, table
        )
    first = [] if answer.claimed is None else [{"name": STATED, "thing": "carbon", "value": answer.claimed}]
    spec = {
        "kind": "bars",
        "unit": sign(answer.unit),
        "rows": first + [_bar(answer, reading) for reading in known],
    }
    claimed = Text("—", "—") if answer.claimed is None else amount(answer.claimed, answer.unit)
    count = sum(
        bool(answer.claimed is not None and reading.holds(answer.claimed)) for reading in answer.readings
    )
    summary = Text(
        f"所称 {claimed.zh}；{len(answer.readings)} 种口径中有 {count} 种相符。横线为 95 % 范围。",
        f"Claimed {claimed.en}; {count} of {len(answer.readings)} readings fit. The line is the 95 % range.",
    )
    return Picture("claim", title, summary, spec, table)


def _bar(answer: Answer, reading: Reading) -> dict[str, Any]:
    known = reading.range
    return {
        "name": reading.label,
        "thing": "grid",
        "value": known.value if known else None,
        "low": known.low if known else None,
        "high": known.high if known else None,
        "note": fit(answer, reading),
    }


def _row(answer: Answer, reading: Reading) -> list[Any]:
    known = reading.range
    numbers = [known.value, known.low, known.high] if known else [None, None, None]
    return [reading.label, *numbers, fit(answer, reading)]


def fit(answer: Answer, reading: Reading) -> Text:
    """How the claim stands to one reading, in words."""
    said = UNCLAIMED if answer.claimed is None else FITS[reading.holds(answer.claimed)]
    if reading.stated:
        return said
    return Text(f"{said.zh}（{NOT_CLAIMED.zh}）", f"{said.en} ({NOT_CLAIMED.en})")
