"""The check: a claim before a book of facts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from importlib.resources import as_file, files
from typing import Any

from tanlin.carbon.claims.answer import CONTRADICTS, Answer, Reading, judge
from tanlin.carbon.claims.ask import Ask
from tanlin.carbon.claims.kinds import KINDS
from tanlin.carbon.claims.statement import Claim, read_claim
from tanlin.carbon.factors import Fact, FactorBook, read_facts
from tanlin.kernel.errors import Text

#: Slips of units and words, told where they would explain a claim. Of a digit only where the range is narrow.
SLIPS: dict[float, Text] = {
    1e3: Text("千倍（如千克写成吨、克写成千克）", "a thousand times (such as kg written as t, or g as kg)"),
    1e4: Text("一万倍（如吨写成万吨、千瓦时写成万千瓦时）", "ten thousand times (such as t written as 万t)"),
    1e6: Text("一百万倍（如克写成吨）", "a million times (such as g written as t)"),
    1e8: Text("一亿倍（如千瓦时写成亿千瓦时）", "a hundred million times (such as kWh written as 亿kWh)"),
}
DIGIT = {10.0: Text("十倍（小数点错位）", "ten times (a misplaced decimal point)")}
NARROW = 0.05
#: What every claim states beside the fields of its kind.
STATED = ("kind", "claimed", "unit", "text", "source")


def parse(stated: Mapping[str, Any]) -> Claim:
    """A claim from JSON or a form. Raises BadInput naming the field and value."""
    return read_claim(stated, KINDS)


def to_parameters(claim: Claim) -> dict[str, Any]:
    """A claim as the parameters of its receipt: the values of its fields beside what every claim states."""
    stated = claim.as_dict()
    return {name: stated[name] for name in STATED} | dict(claim.values)


def from_parameters(parameters: Mapping[str, Any]) -> Claim:
    """The claim that ``to_parameters`` wrote."""
    fields = {name: value for name, value in parameters.items() if name not in STATED}
    return parse({name: parameters[name] for name in STATED} | {"fields": fields})


def check(claim: Claim, book: FactorBook | None = None) -> Answer:
    """The answer to a claim; ``book``: the facts known, by default those the product carries."""
    kind = KINDS[claim.kind]
    ask = Ask(claim, kind, book if book is not None else shipped())
    answer = judge(ask.claimed, kind.base_unit, kind.check(ask))
    return replace(answer, notes=(*answer.notes, *_times(answer), *_slips(answer)))


@lru_cache(maxsize=1)
def shipped() -> FactorBook:
    """The facts that the product carries, with the bounds of claims."""
    return FactorBook([*read_facts(), *bounds()])


def bounds() -> list[Fact]:
    """Limits of claims, and former values that claims may rest on (``data/claim_bounds.csv``)."""
    with as_file(files("tanlin.carbon").joinpath("data", "claim_bounds.csv")) as path:
        return read_facts(path)


def _times(answer: Answer) -> list[Text]:
    """How many times the computed range a claim is that does not fit."""
    known = answer.range
    if answer.verdict != CONTRADICTS or not answer.claimed or known is None or known.low <= 0:
        return []
    least, most = (f"{float(f'{answer.claimed / end:.2g}'):,.10g}" for end in (known.high, known.low))
    times = least if least == most else f"{least}–{most}"
    return [Text(f"所称数值为计算范围的 {times} 倍。", f"The claim is {times} times the computed range.")]


def _slips(answer: Answer) -> list[Text]:
    """Slips by which a claim that does not fit would fit one of its readings."""
    if answer.verdict != CONTRADICTS or not answer.claimed:
        return []
    found = []
    for factor, told in (SLIPS | DIGIT).items():
        for scale, zh, en in ((1 / factor, "大", "too large"), (factor, "小", "too small")):
            if any(_explains(reading, answer.claimed * scale, factor) for reading in answer.readings):
                found.append(
                    Text(
                        f"所称数值若偏{zh}{told.zh}，则与参数相符：请核对单位。",
                        f"The claim would fit if it is {en} by {told.en}: check its unit.",
                    )
                )
    return found


def _explains(reading: Reading, claimed: float, factor: float) -> bool:
    known = reading.range
    if known is None or not reading.stated or not reading.proves or not reading.holds(claimed):
        return False
    return factor not in DIGIT or known.half <= NARROW * abs(known.value)
