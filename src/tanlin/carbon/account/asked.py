"""A book of factors that remembers what it was asked: what an account cites, and what makes it stale."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from tanlin.carbon.factors import Fact, FactorBook, Resolved, Unknown


class AskedBook(FactorBook):
    """A factor book that keeps every answer it gave (``cited``) and every question (``asked``)."""

    def __init__(self, facts: Iterable[Fact | Mapping[str, Any]] | None = None) -> None:
        super().__init__(facts)
        self._by_id = {fact.fact_id: fact for fact in self.facts}
        self._used: dict[str, Resolved] = {}
        #: (fact id or "", kind, region): see ``record.FactUse``.
        self.asked: set[tuple[str, str, str]] = set()

    @property
    def cited(self) -> list[dict[str, Any]]:
        """Every fact an answer rested on, once, as receipt inputs in the order of their ids."""
        return [self._used[name].as_input() for name in sorted(self._used)]

    def resolve(self, kind: str, region: str, on: date | int, product: str = "") -> Resolved | Unknown:
        found = super().resolve(kind, region, on, product)
        self.asked.add(("", kind, region))
        for one in found.facts if isinstance(found, Unknown) else (found,):
            self._keep(one)
        return found

    def of_gases(self, kind: str, region: str, day: date, product: str) -> list[Resolved] | Unknown:
        found = super().of_gases(kind, region, day, product)
        for one in [] if isinstance(found, Unknown) else found:
            self._keep(one)
        return found

    def fact(self, fact_id: str, provisional: bool = False) -> Fact:
        """The fact of an id that an inventory already chose. Raises KeyError for one that is not in the book."""
        fact = self._by_id[fact_id]
        self._keep(Resolved(fact, provisional))
        return fact

    def _keep(self, one: Resolved) -> None:
        known = self._used.get(one.fact_id)
        if known is None or (one.provisional and not known.provisional):
            self._used[one.fact_id] = one
        self.asked.add((one.fact_id, one.fact.kind, one.fact.region))
