"""Which batches count: the watermark, and what was undone or never finished."""

from __future__ import annotations

from django.db.models import Max, Min, Q

from tanlin.kernel.paths import home
from tanlin.readings.models import Batch, State
from tanlin.readings.refresh import Versions
from tanlin.readings.store import Store


def store() -> Store:
    """The tables of this installation."""
    return Store(home() / "readings")


def watermark() -> int:
    """The highest N with every batch up to N committed or void; 0 before the first."""
    found = Batch.objects.aggregate(
        first_open=Min("number", filter=Q(state=Batch.Status.OPEN)), last=Max("number")
    )
    return (found["first_open"] or (found["last"] or 0) + 1) - 1


def dead(number: int) -> set[int]:
    """The batches up to ``number`` whose rows do not count at that watermark.

    A batch is dead when it is void or when a batch that is itself not dead undoes it, so an undoing can be
    undone.
    """
    upto = Batch.objects.filter(number__lte=number)
    found = set(upto.filter(state=Batch.Status.VOID).values_list("number", flat=True))
    undoings = upto.filter(state=Batch.Status.COMMITTED, voids__isnull=False).order_by("-number")
    for undoing, target in undoings.values_list("number", "voids_id"):
        if undoing not in found:
            found.add(target)
    return found


def live(number: int) -> str:
    """SQL predicate of the log rows that count at watermark ``number``."""
    gone = ", ".join(str(batch) for batch in sorted(dead(number)))
    return f"batch <= {number}" + (f" AND batch NOT IN ({gone})" if gone else "")


def root(batch: Batch) -> Batch:
    """The batch with the rows that ``batch`` brought, undid or brought back."""
    while batch.voids is not None:
        batch = batch.voids
    return batch


def versions(state: State) -> Versions:
    """The table versions that readers see."""
    return Versions(state.log, state.current, state.days, state.digests)
