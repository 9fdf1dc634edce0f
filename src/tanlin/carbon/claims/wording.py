"""The answer in sentences, in both languages: what was found, and what would make the claim true. No blame."""

from __future__ import annotations

from tanlin.carbon.claims.answer import CONTRADICTS, SUPPORTED, VERDICTS, Answer
from tanlin.kernel.errors import Text
from tanlin.kernel.words import SPACE, digits, sign


def amount(value: float, unit: str) -> Text:
    """A value with its unit as printed in each language; a bare factor to four digits."""
    if not unit:
        return Text(f"{value:.4g}", f"{value:.4g}")
    return Text(*(f"{digits(value)}{SPACE}{sign(unit, lang)}".rstrip(SPACE) for lang in ("zh", "en")))


def span(answer: Answer) -> Text | None:
    """The computed range, or None where nothing could be computed."""
    if answer.low is None or answer.high is None:
        return None
    low, high = amount(answer.low, answer.unit), amount(answer.high, answer.unit)
    return high if low == high else Text(f"{low.zh} – {high.zh}", f"{low.en} to {high.en}")


def headline(answer: Answer) -> Text:
    """The verdict as one sentence with the claimed and the computed amount."""
    found, said = span(answer), VERDICTS[answer.verdict]
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
