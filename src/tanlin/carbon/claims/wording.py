"""The answer in sentences, in both languages: what was found, and what would make the claim true. No blame."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tanlin.carbon.claims.answer import CONTRADICTS, SUPPORTED, VERDICTS, Answer, Reading
from tanlin.carbon.claims.checking import from_parameters
from tanlin.carbon.claims.kinds import KINDS
from tanlin.carbon.claims.statement import Claim, Field
from tanlin.kernel.errors import Text
from tanlin.kernel.words import SPACE, digits, sign


def amount(value: float, unit: str) -> Text:
    """A value with its unit as printed in each language; a bare factor to four digits."""
    if not unit:
        return Text(f"{value:.4g}", f"{value:.4g}")
    return Text(*(f"{digits(value)}{SPACE}{sign(unit, lang)}".rstrip(SPACE) for lang in ("zh", "en")))


def reading_span(reading: Reading, unit: str) -> Text:
    """What a reading gives: its range, its upper end where it is a limit, a dash where an input is missing."""
    known = reading.range
    if known is None:
        return Text("—", "—")
    low, high = amount(known.low, unit), amount(known.high, unit)
    start = amount(known.low, "") if not unit else Text(*2 * (digits(known.low),))
    if reading.test == "at_most":
        return Text(f"≤ {high.zh}", f"≤ {high.en}")
    return high if low == high else Text(f"{start.zh} – {high.zh}", f"{start.en} to {high.en}")


def _unclaimed(answer: Answer) -> Text:
    """The headline of a claim that states no number: what its readings give together."""
    said = VERDICTS[answer.verdict]
    known = [reading.range for reading in answer.readings if reading.stated and reading.range is not None]
    low, high = min(each.low for each in known), max(each.high for each in known)
    ends = Text(*(f"{digits(low)} – {part}" for part in amount(high, answer.unit)))
    return Text(
        f"{said.zh}：未说明所称数值；各口径合计范围为 {ends.zh}。",
        f"The claim {said.en}: it states no number; its readings together give {ends.en}.",
    )


def stated_lines(claim: Claim) -> list[tuple[Text, Text]]:
    """(label, value) of what a claim states beside the claimed number, in the order of its form."""
    lines = []
    for field in KINDS[claim.kind].fields:
        value = claim.values.get(field.name)
        if isinstance(value, str):
            lines.append((field.label, field.choices.get(value, Text(value, value))))
        elif value is not None:
            lines.append((field.label, Text(*(_exact(value, field, lang) for lang in ("zh", "en")))))
    return lines


def _exact(value: float, field: Field, language: str) -> str:
    """A number as it was stated, with its unit."""
    if field.type == "year":
        return f"{value:.0f}"
    return f"{value:,.12g}{SPACE}{sign(field.unit, language)}".rstrip(SPACE)


def span(answer: Answer) -> Text | None:
    """The range of the deciding reading, or None where nothing could be computed."""
    return reading_span(answer.decides, answer.unit) if answer.decides and answer.decides.range else None


def headline(answer: Answer) -> Text:
    """The verdict as one sentence with the claimed and the computed amount."""
    found, said = span(answer), VERDICTS[answer.verdict]
    if answer.claimed is None and found is not None:
        return _unclaimed(answer)
    if answer.claimed is None or found is None:
        return Text(
            f"{said.zh}：还缺少可供计算的数据。",
            f"The claim {said.en}: what is stated is not enough to compute.",
        )
    claimed = amount(answer.claimed, answer.unit)
    by = answer.decides.label if answer.decides else Text("", "")
    if answer.verdict == SUPPORTED:
        return Text(
            f"{said.zh}：所称 {claimed.zh}，在计算范围 {found.zh} 之内（{by.zh}）。",
            f"The claim is {said.en}: {claimed.en} lies in the computed range {found.en} ({by.en}).",
        )
    if answer.verdict == CONTRADICTS:
        return Text(
            f"{said.zh}：所称 {claimed.zh}，按参数计算为 {found.zh}（{by.zh}）。",
            f"The claim {said.en}: {claimed.en} is stated, the parameters give {found.en} ({by.en}).",
        )
    return Text(
        f"{said.zh}：所称 {claimed.zh}，是否成立取决于下列条件；“{by.zh}”时为 {found.zh}。",
        f"The claim {said.en}: whether {claimed.en} holds depends on the conditions below; “{by.en}” gives {found.en}.",
    )


def claim_lines(parameters: Mapping[str, Any]) -> list[tuple[Text, Text]]:
    """(label, value) of a claim as the parameters of its receipt state it."""
    claim = from_parameters(parameters)
    kind = KINDS[claim.kind]
    lines = [(Text("类别", "Kind"), kind.title), *stated_lines(claim)]
    if claim.text:
        lines.append((Text("原文", "Words of the claim"), Text(claim.text, claim.text)))
    if claim.source:
        lines.append((Text("出处", "Source"), Text(claim.source, claim.source)))
    return lines


def verdict_text(verdict: str) -> Text:
    """A verdict in words, or the code itself."""
    return VERDICTS.get(verdict, Text(verdict, verdict))


def answer_json(claim: Claim, answer: Answer) -> dict[str, Any]:
    """The whole answer as command and API print it: codes, numbers, sentences in both languages, facts."""
    labels = {reading.name: reading.label._asdict() for reading in answer.readings}
    stated = answer.result()
    readings = [row | {"label": labels[row["reading"]]} for row in stated.pop("table")]
    return {
        "claim": claim.as_dict(),
        **stated,
        "verdict_text": VERDICTS[answer.verdict]._asdict(),
        "headline": headline(answer)._asdict(),
        "conditions": [text._asdict() for text in answer.conditions],
        "missing": [text._asdict() for text in answer.missing],
        "notes": [text._asdict() for text in answer.notes],
        "readings": readings,
        "facts": [fact.as_input() for fact in answer.facts],
        "verified": answer.verified,
    }
