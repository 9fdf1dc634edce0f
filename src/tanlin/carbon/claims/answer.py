"""Ways to read a claim, and the one rule by which they give the answer."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import isclose
from typing import Any, Literal

from tanlin.carbon.claims.ranges import NOISE, Range
from tanlin.carbon.factors import Resolved
from tanlin.kernel.errors import Text

Verdict = Literal["supported", "needs_basis", "contradicts"]
SUPPORTED: Verdict = "supported"
NEEDS_BASIS: Verdict = "needs_basis"
CONTRADICTS: Verdict = "contradicts"
VERDICTS: dict[str, Text] = {
    SUPPORTED: Text("数据支持", "supported by the data"),
    NEEDS_BASIS: Text("需补充口径", "needs its basis stated"),
    CONTRADICTS: Text("与参数不符，请复核", "does not fit the parameters, please check"),
}


@dataclass(frozen=True)
class Reading:
    """One way to read a claim: under what condition, what we compute for it, and by which facts.

    ``range`` in the base unit of the claim, None where an input is missing. ``stated``: the claim's own words allow
    it; others are only offered as what would make the claim true. ``names_base`` False: the condition itself leaves
    something to name, so that it can make a claim possible and never proven. ``test``: the claimed value lies inside
    the range, or at most at its upper end (a balance: no mass yields more).
    """

    name: str
    bound: str
    label: Text
    range: Range | None
    condition: Text
    stated: bool = True
    facts: tuple[Resolved, ...] = ()
    names_base: bool = True
    test: Literal["within", "at_most"] = "within"

    def holds(self, claimed: float) -> bool | None:
        """Whether the claimed value fits; None where nothing could be computed."""
        if self.range is None:
            return None
        if self.test == "at_most":
            top = self.range.high
            return claimed <= top or isclose(claimed, top, rel_tol=NOISE)
        return self.range.holds(claimed)

    @property
    def proves(self) -> bool:
        """Whether a claim that fits is supported by this, not merely possible."""
        return self.names_base and self.test == "within"

    def away(self, claimed: float) -> float:
        """How far the claimed value lies from the range, as a share of the larger of both; 0 inside."""
        if self.range is None or self.holds(claimed):
            return 0.0
        end = self.range.low if claimed < self.range.low else self.range.high
        return abs(claimed - end) / max(abs(claimed), abs(end))


@dataclass(frozen=True)
class Findings:
    """What a kind of claim computes: its readings, inputs that are missing, and remarks beside the answer.

    ``limits`` bind every reading: a claim above one contradicts it, one below is not yet proven.
    """

    readings: tuple[Reading, ...]
    limits: tuple[Reading, ...] = ()
    missing: tuple[Text, ...] = ()
    notes: tuple[Text, ...] = ()
    facts: tuple[Resolved, ...] = ()


@dataclass(frozen=True)
class Answer:
    """The verdict, what decides it, and what would make the claim true. Numbers in ``unit``.

    ``value``, ``low``, ``high``: of the deciding reading, None where nothing can be computed.
    """

    verdict: Verdict
    claimed: float | None
    unit: str
    readings: tuple[Reading, ...]
    decides: Reading | None
    conditions: tuple[Text, ...] = ()
    missing: tuple[Text, ...] = ()
    notes: tuple[Text, ...] = ()
    facts: tuple[Resolved, ...] = field(default=(), repr=False)

    @property
    def range(self) -> Range | None:
        return self.decides.range if self.decides else None

    @property
    def value(self) -> float | None:
        return self.range.value if self.range else None

    @property
    def low(self) -> float | None:
        return self.range.low if self.range else None

    @property
    def high(self) -> float | None:
        return self.range.high if self.range else None

    @property
    def verified(self) -> bool:
        """Whether every fact used was read in a copy of its source."""
        return all(fact.verified for fact in self.facts)

    def result(self) -> dict[str, Any]:
        """What a receipt states: codes and numbers, no sentence, so that a better wording changes no receipt."""
        return {
            "verdict": self.verdict,
            "claimed": self.claimed,
            "value": self.value,
            "unit": self.unit,
            "low": self.low,
            "high": self.high,
            "decides": self.decides.name if self.decides else None,
            "missing": len(self.missing),
            "table": [self._row(reading) for reading in self.readings],
        }

    def _row(self, reading: Reading) -> dict[str, Any]:
        known = reading.range
        return {
            "reading": reading.name,
            "bound": reading.bound,
            "stated": reading.stated,
            "value": known.value if known else None,
            "low": known.low if known else None,
            "high": known.high if known else None,
            "holds": None if self.claimed is None else reading.holds(self.claimed),
        }


def judge(claimed: float | None, unit: str, found: Findings) -> Answer:
    """The answer to a claim.

    Supported: it fits every reading that its words allow. Contradicts: it breaks a limit, or fits none of these
    readings while none is left open for want of an input. Needs its basis: all else, naming what it does fit.
    """
    stated = [reading for reading in found.readings if reading.stated]
    fits = [reading for reading in found.readings if claimed is not None and reading.holds(claimed)]
    broken = [limit for limit in found.limits if claimed is not None and limit.holds(claimed) is False]
    verdict = _verdict(claimed, stated, broken, bool(found.missing))
    every = (*found.readings, *found.limits)
    facts = (*(fact for reading in every for fact in reading.facts), *found.facts)
    return Answer(
        verdict,
        claimed,
        unit,
        every,
        _deciding(claimed, stated, fits, broken),
        _conditions(verdict, stated, fits),
        found.missing,
        found.notes,
        tuple({fact.fact_id: fact for fact in facts}.values()),
    )


def _verdict(claimed: float | None, stated: list[Reading], broken: list[Reading], missing: bool) -> Verdict:
    if claimed is None:
        return NEEDS_BASIS
    holds = [reading.holds(claimed) for reading in stated]
    if broken or (stated and all(each is False for each in holds)):
        return CONTRADICTS
    proven = stated and all(holds) and all(reading.proves for reading in stated)
    return SUPPORTED if proven and not missing else NEEDS_BASIS


def _conditions(verdict: Verdict, stated: list[Reading], fits: list[Reading]) -> tuple[Text, ...]:
    """What would make the claim true: readings it fits, and those that wait for an input."""
    if verdict == SUPPORTED:
        return ()
    waiting = [] if verdict == CONTRADICTS else [reading for reading in stated if reading.range is None]
    return tuple(dict.fromkeys(reading.condition for reading in fits + waiting))


def _deciding(
    claimed: float | None, stated: list[Reading], fits: list[Reading], broken: list[Reading]
) -> Reading | None:
    """The reading that the claim fits, a limit that rules it out, else the stated reading it comes nearest to."""
    known = [reading for reading in stated if reading.range is not None]
    if claimed is None or not known:
        return next(iter(known or broken), None)
    if broken and any(reading.holds(claimed) is not False for reading in stated):
        return broken[0]
    inside = [reading for reading in known if reading in fits]
    proven = [reading for reading in inside if reading.proves] or inside
    return proven[0] if proven else min(known, key=lambda reading: reading.away(claimed))
