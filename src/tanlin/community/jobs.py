"""The daily job of retention."""

from __future__ import annotations

from typing import Any

from tanlin.community.services import erasure


def retain(run: Any) -> dict[str, int]:
    """End what is past its retention, then let go what no purpose needs; one transaction a person."""
    ended = erasure.end_overdue()
    waiting = erasure.persons_to_shred()
    erased = 0
    for done, pk in enumerate(waiting, 1):
        erased += erasure.shred_ended(pk)
        run.progress(done, len(waiting))
    return {"ended": ended, "touched": len(waiting), "erased": erased}
