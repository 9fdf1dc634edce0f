"""Values with a 95 % half-range, combined as independent causes (IPCC 2006 vol. 1 ch. 3, equations 3.1 and 3.2)."""

from __future__ import annotations

from dataclasses import dataclass
from math import hypot, isclose

from tanlin.carbon.factors import Fact

#: A printed value may be rounded by this share of itself.
ROUNDED = 0.005
#: Relative noise of floating point that never decides a comparison.
NOISE = 1e-9


@dataclass(frozen=True)
class Range:
    """``value`` ± ``half``, both in one unit."""

    value: float
    half: float = 0.0

    @classmethod
    def of(cls, fact: Fact, least: float = 0.0) -> Range:
        """The value of a fact with its stated uncertainty, ``least`` a share of it where none is stated."""
        share = least if fact.uncertainty_pct is None else fact.uncertainty_pct / 100
        return cls(fact.value, abs(fact.value) * share)

    @property
    def low(self) -> float:
        return self.value - self.half

    @property
    def high(self) -> float:
        return self.value + self.half

    def __mul__(self, other: Range | float) -> Range:
        """Product: relative half-ranges in quadrature."""
        if not isinstance(other, Range):
            return Range(self.value * other, abs(self.half * other))
        return Range(self.value * other.value, hypot(self.half * other.value, other.half * self.value))

    def __add__(self, other: Range) -> Range:
        """Sum: half-ranges in quadrature."""
        return Range(self.value + other.value, hypot(self.half, other.half))

    def __sub__(self, other: Range) -> Range:
        return self + other * -1.0

    def holds(self, claimed: float) -> bool:
        """Whether the claimed value lies inside, ends counted."""
        return (
            self.low <= claimed <= self.high
            or isclose(claimed, self.low, rel_tol=NOISE)
            or isclose(claimed, self.high, rel_tol=NOISE)
        )
