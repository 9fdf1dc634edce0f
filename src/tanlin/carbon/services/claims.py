"""Claims put to the check: kept with a receipt, replayed from the facts it pins, withdrawn by who entered them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.db import transaction

from tanlin.carbon.claims import Answer, Claim, check, from_parameters, to_parameters
from tanlin.carbon.factors import FactorBook
from tanlin.carbon.methods import CLAIM
from tanlin.carbon.models import Claim as ClaimRow
from tanlin.carbon.services.inputs import fact_changes, facts_pinned
from tanlin.carbon.stored import Books, books
from tanlin.kernel.errors import Forbidden, Text
from tanlin.kernel.receipt import Receipt, Recomputed, build
from tanlin.record import queries as record
from tanlin.record import services as recording


def known_facts() -> Books:
    """Today's facts, as a claim is checked by."""
    return books(record.facts())


@transaction.atomic
def keep_claim(area: Any, claim: Claim, *, actor: Any) -> ClaimRow:
    """Check a claim of a place by today's facts and keep it with its receipt; the same claim is kept once."""
    known = known_facts()
    answer = check(claim, known.factors)
    receipt = _receipt(area.slug, claim, answer, known)
    held = ClaimRow.objects.filter(area=area, receipt=receipt.hash).first()
    if held is not None:
        return held
    recording.store_receipt(receipt)
    row = ClaimRow.objects.create(
        area=area,
        statement=claim.as_dict(),
        verdict=answer.verdict,
        receipt=receipt.hash,
        entered_by=actor if getattr(actor, "pk", None) else None,
    )
    told = {"verdict": answer.verdict, "receipt": receipt.hash}
    recording.report_event("carbon.claim_checked", actor=actor, area=area, subject=claim.kind, data=told)
    return row


@transaction.atomic
def withdraw_claim(row: ClaimRow, *, actor: Any) -> None:
    """Take a claim off the list; its receipt stays. Raises Forbidden for all but who entered it."""
    if not may_withdraw(row, actor):
        raise Forbidden(
            "carbon.not_your_claim",
            Text("只有录入人可以撤回。", "Only who entered it may withdraw it."),
        )
    told = {"verdict": row.verdict, "receipt": row.receipt}
    kind = row.statement["kind"]
    recording.report_event("carbon.claim_withdrawn", actor=actor, area=row.area, subject=kind, data=told)
    row.delete()


@transaction.atomic
def erase_claims(area_ids: Iterable[int], *, actor: Any) -> dict[str, int]:
    """Remove the claims of places that are about to be removed; returns how many went."""
    gone, _ = ClaimRow.objects.filter(area__in=list(area_ids)).delete()
    recording.report_event("carbon.claims_erased", actor=actor, data={"claims": gone})
    return {"claims": gone}


def may_withdraw(row: ClaimRow, actor: Any) -> bool:
    """Whether the actor entered this claim."""
    return row.entered_by_id is not None and row.entered_by_id == getattr(actor, "pk", None)


def answer_of(receipt: Mapping[str, Any]) -> tuple[Claim, Answer]:
    """The claim and answer of a receipt's body, from the facts it pins."""
    claim = from_parameters(receipt["parameters"])
    return claim, check(claim, _pinned(receipt))


def replay_claim(body: dict[str, Any], batch: int | None) -> Recomputed:
    """Recompute an answer from its pinned facts, and list those that are different today."""
    claim, then = answer_of(body)
    known = known_facts()
    now = check(claim, known.factors)
    cited = [item for item in body["inputs"] if "fact" in item]
    return Recomputed(then.result(), fact_changes(cited, _cited(now, known)))


def _pinned(receipt: Mapping[str, Any]) -> FactorBook:
    return books(facts_pinned(receipt["inputs"])).factors


def _cited(answer: Answer, known: Books) -> list[dict[str, Any]]:
    """The facts of an answer with the vintage under which the record keeps them."""
    return [fact.as_input() | {"vintage": known.rows[fact.fact_id].vintage} for fact in answer.facts]


def _receipt(place: str, claim: Claim, answer: Answer, known: Books) -> Receipt:
    year = claim.values.get("year")
    return build(
        figure=CLAIM.id,
        place=place,
        period=f"{year:.0f}" if isinstance(year, float) else "",
        method=CLAIM,
        parameters=to_parameters(claim),
        inputs=_cited(answer, known),
        result=answer.result(),
    )
