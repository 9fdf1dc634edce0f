"""Long work of carbon: derive what is due, or one place on request."""

from __future__ import annotations

from tanlin.carbon import due
from tanlin.carbon.services import Kit, derive, derive_all
from tanlin.community import queries as community
from tanlin.kernel.errors import Text
from tanlin.kernel.period import Period
from tanlin.record import Run


def derive_due(run: Run) -> dict[str, int]:
    """Every stale figure and every place with readings that has none."""
    kit = Kit.now()
    pairs = due.ordered(due.stale() | due.missing(kit))
    return derive_all(pairs, kit, lambda done, total: run.progress(done, total, _note(done, total)))


def derive_place(run: Run, slug: str, period: str) -> dict[str, int]:
    """The figures of one place and period, on a person's request. Raises Refused where there is nothing to state."""
    area = community.area(community.SYSTEM, slug)
    made = derive(area, Period.parse(period))
    run.progress(1, 1, _note(1, 1))
    return {"derived": 1, "minted": made.minted}


def _note(done: int, total: int) -> Text:
    return Text(f"已核算 {done} / {total} 个区域与年份", f"{done} of {total} places and years derived")
