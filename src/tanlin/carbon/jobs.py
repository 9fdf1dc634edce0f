"""Long work of carbon: derive what is due, or one place on request."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.urls import reverse

from tanlin.carbon import services
from tanlin.carbon.models import FactPreview
from tanlin.carbon.services import Kit
from tanlin.community import queries as community
from tanlin.kernel.errors import Refused, Text, Where
from tanlin.kernel.paths import home
from tanlin.kernel.period import Period
from tanlin.record import Run

#: Clock of changes at the last whole pass of this process, by installation.
_passed: dict[Path, int] = {}


def derive_due(run: Run) -> dict[str, int]:
    """Every stale figure and every place with readings or activities that has none; at once back where no verb ran since."""
    if home() not in _passed:  # the code may be newer than the figures
        services.mark_older()
    if _passed.get(home()) == services.clock() and not services.waiting():
        return {"derived": 0, "minted": 0, "refused": 0}
    kit = Kit.fresh()
    due = services.waiting(kit)
    counts = services.derive_all(
        services.ordered(due.pairs),
        kit,
        lambda done, total: run.progress(done, total, _note(done, total)),
        due.only,
    )
    _passed[home()] = kit.clock
    return counts


def derive_place(run: Run, slug: str, period: str) -> dict[str, Any]:
    """The figures of one place, on a person's request; an empty period means every year with readings.

    Raises Refused where there is nothing to state.
    """
    area, kit = community.area(community.SYSTEM, slug), Kit.fresh()
    labels = [period] if period else [str(year) for year in services.years_of(kit, area)]
    if not labels:
        text = Text("该区域没有读数，无法核算。", "The place has no readings.")
        remedy = Text("请先导入读数。", "Import readings first.")
        raise Refused("carbon.no_readings", text, remedy=remedy, where=Where(value=slug))
    minted = 0
    for done, label in enumerate(reversed(labels)):  # newest first: the Overview opens with it
        run.progress(done, len(labels), _note(done, len(labels)))
        minted += services.derive(area, Period.parse(label), kit).minted
    run.progress(len(labels), len(labels), _note(len(labels), len(labels)))
    return {"derived": len(labels), "minted": minted, "url": reverse("carbon:overview", args=[slug])}


def preview_facts(run: Run, preview: int) -> dict[str, Any]:
    """What the facts of a preview would move; nothing is published."""
    asked = FactPreview.objects.select_related("area").get(pk=preview)
    services.run_preview(asked, lambda done, total: run.progress(done, total, _tried(done, total)))
    return {"url": reverse("carbon:preview", args=[asked.area.slug, preview])}


def _tried(done: int, total: int) -> Text:
    return Text(f"已试算 {done} / {total} 个区域与时段", f"{done} of {total} places and periods tried")


def _note(done: int, total: int) -> Text:
    return Text(f"已核算 {done} / {total} 个区域与年份", f"{done} of {total} places and years derived")
