"""What the check of one kind may ask: the claim's values and the facts that hold for its region and year."""

from __future__ import annotations

from dataclasses import dataclass

from tanlin.carbon.claims.statement import Claim, Kind
from tanlin.carbon.factors import FactorBook, Resolved, Unknown, region_chain

#: Where and when a limit is sought for a claim that names no region or year.
ANYWHERE, NEWEST = "GLOBAL", 2200


@dataclass(frozen=True)
class Ask:
    """One claim of one kind before a book of facts."""

    claim: Claim
    kind: Kind
    book: FactorBook

    @property
    def claimed(self) -> float | None:
        """The claimed value in the base unit of the kind."""
        amount = self.claim.claimed
        return None if amount is None else amount * self.kind.units[self.claim.unit]

    def number(self, name: str) -> float | None:
        """A stated number, None when it is not stated."""
        value = self.claim.values.get(name)
        return value if isinstance(value, float) else None

    def word(self, name: str) -> str:
        """A stated choice or words, empty when not stated."""
        value = self.claim.values.get(name)
        return value if isinstance(value, str) else ""

    def allows(self, name: str, choice: str) -> bool:
        """Whether the claim states this choice, or leaves it open."""
        return self.word(name) in ("", choice)

    @property
    def region(self) -> str:
        return self.word("region")

    @property
    def year(self) -> int | None:
        year = self.number("year")
        return None if year is None else int(year)

    def fact(self, fact_id: str) -> Resolved | None:
        """A fact by its id, None where the book does not hold it."""
        return next((Resolved(fact) for fact in self.book.facts if fact.fact_id == fact_id), None)

    def bound(self, product: str) -> Resolved | None:
        """The limit of a kind of thing for the region of the claim (rows of kind ``bound``)."""
        found = self.book.resolve("bound", self.region or ANYWHERE, self.year or NEWEST, product)
        return None if isinstance(found, Unknown) else found

    def vintages(self, kind: str) -> list[Resolved]:
        """Facts of one kind for the nearest region that has any: that of the stated year, else every year's."""
        if not self.region:
            return []
        if self.year is not None:
            found = self.book.resolve(kind, self.region, self.year)
            return [] if isinstance(found, Unknown) else [found]
        for area in region_chain(self.region):
            known = [fact for fact in self.book.facts if (fact.kind, fact.region) == (kind, area)]
            if known:
                return [
                    Resolved(fact) for fact in sorted(known, key=lambda f: (str(f.valid_from), f.fact_id))
                ]
        return []
